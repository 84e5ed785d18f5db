"""The tables of a search: the models, the data behind each number, model classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.classes import classes_of
from hpbridge.analysis.evaluated import AT_THRESHOLD, BEST, DEFAULTS, DUMMY, INCUMBENT
from hpbridge.analysis.nested import NESTED
from hpbridge.errors import count
from hpbridge.report.rows import Rows, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.analysis.evaluated import Evaluated, Model

_MODELS = (
    "metric",
    "model",
    "trial",
    "validation",
    "low",
    "high",
    "train",
    "test",
    "test_low",
    "test_high",
)

_DATA = ("data", "rows", "smallest", "largest", "classes", "used_for", "seen_by")

_CLASSES = (
    "name",
    "n_trials",
    "n_failed",
    "share",
    "planned",
    "trial",
    "value",
    "low",
    "high",
    "defaults",
    "fit_seconds",
)


def table_of_models(evaluated: Evaluated) -> Rows:
    """Return a row for each metric and model: what it came to, and on which data.

    ``validation`` is the mean over folds, between ``low`` and ``high`` with 95 %
    (corrected for folds that share rows); ``train`` the mean on the rows that were
    fitted on; ``test`` what it came to on the sealed test, where that was opened.
    """
    models = {DUMMY: evaluated.dummy, DEFAULTS: evaluated.defaults}
    models |= {BEST: evaluated.best, AT_THRESHOLD: None, INCUMBENT: None}
    rows = [
        _model_row(evaluated, name, model, metric)
        for metric in evaluated.metric_names
        for name, model in models.items()
        if model is not None or name in evaluated.tested
    ]
    return Rows("Models", _MODELS, tuple(rows))


def _model_row(
    evaluated: Evaluated, name: str, model: Model | None, metric: str
) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(_MODELS)
    found |= {"metric": metric, "model": name}
    if model is not None:
        low, high = evaluated.interval_of(model, metric)
        found |= {
            "trial": model.trial,
            "validation": known(model.metrics.get(metric)),
            "low": known(low),
            "high": known(high),
            "train": known(model.metrics.get(f"mean_train_{metric}")),
        }
    tested = evaluated.tested.get(name)
    if tested is not None:
        low, high = evaluated.test_interval(name, metric)
        test = known(tested["metrics"].get(metric))
        found |= {"test": test, "test_low": known(low), "test_high": known(high)}
    return found


def table_of_data(evaluated: Evaluated) -> Rows:
    """Return which data each number was computed on, and who saw them."""
    about = evaluated.about
    sizes = about.get("sizes") or []
    n_trials = len(evaluated.study.trials)
    rows: list[dict[str, Any]] = []
    if sizes:
        fitted, scored = zip(*sizes, strict=True)
        n_folds = count(len(sizes), "fold")
        every = f"every trial ({n_trials}), dummy and defaults"
        rows = [
            _data_row("train", fitted, f"fitted on, in each of {n_folds}", every),
            _data_row(
                "validation",
                scored,
                f"scored on, in each of {n_folds}; the best was chosen by it",
                every,
            ),
        ]
    if about.get("n_seen"):
        rows.append(_data_row("all but the test", [about["n_seen"]], *_OF_SEEN))
        rows[-1]["classes"] = _counts(about.get("seen_counts"))
    rows += [_nested_row(each) for each in _nested(evaluated)]
    if about.get("n_test"):
        rows.append(_test_row(evaluated))
    return Rows("Data", _DATA, tuple(rows))


_OF_SEEN = (
    "the folds are parts of it; the models that are tested are fitted on it",
    "every trial, fold by fold",
)


def _data_row(
    name: str, sizes: Sequence[int], used_for: str, seen_by: str
) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(_DATA)
    least, most = min(sizes), max(sizes)
    found |= {"data": name, "used_for": used_for, "seen_by": seen_by}
    if least == most:
        return {**found, "rows": least}
    return {**found, "smallest": least, "largest": most}


def _nested(evaluated: Evaluated) -> list[Mapping[str, Any]]:
    """Return the last nested cross-validation that was made for the study."""
    noted = evaluated.study.attributes.get(NESTED)
    own = evaluated.about.get("fingerprint")
    found = noted if isinstance(noted, list) else []
    # The last inner study has it too, and is of other rows.
    own_ones = [n for n in found if isinstance(n, Mapping) and n.get("sizes")]
    return [each for each in own_ones if each.get("fingerprint") == own][-1:]


def _nested_row(noted: Mapping[str, Any]) -> dict[str, Any]:
    _, scored = zip(*noted["sizes"], strict=True)
    used_for = f"scored on, in each of {count(len(scored), 'outer fold')}"
    return _data_row("nested outer", scored, used_for, "no trial of its own search")


def _test_row(evaluated: Evaluated) -> dict[str, Any]:
    n_test, openings = evaluated.about["n_test"], evaluated.openings
    seen_by = "nobody: it is sealed"
    if openings:
        names = list(dict.fromkeys(n for each in openings for n in each["models"]))
        often = "once" if len(openings) == 1 else f"{len(openings)} times"
        seen_by = f"{', '.join(names)}, when it was opened {often}; no trial"
    found = _data_row("sealed test", [n_test], "scored on, at the end", seen_by)
    return {**found, "classes": _counts(evaluated.about.get("test_counts"))}


def _counts(pairs: Any) -> dict[Any, int] | None:
    return dict(pairs) if pairs else None


def table_of_classes(evaluated: Evaluated) -> Rows:
    """Return a row for each model class that the search chose between."""
    rows = [each.to_json() for each in classes_of(evaluated)]
    return Rows("Model classes", _CLASSES, tuple(rows))
