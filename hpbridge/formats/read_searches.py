"""Read what a search of scikit-learn found: fitted, or its ``cv_results_`` in any form.

Values come from ``params``: the columns ``param_*`` are arrays, in which an int beside
a float has become one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import ForeignStudy, ForeignTrial
from hpbridge.contract.library import class_names
from hpbridge.errors import SpaceError, nearest
from hpbridge.formats.cells import NONE_CHOICE, plain_cell
from hpbridge.formats.literals import read_literal_dict
from hpbridge.formats.recognizing import is_frame
from hpbridge.formats.search_results import HINT, Results, unreadable
from hpbridge.formats.searches import (
    attributes_of,
    metrics_of,
    scorers_of,
    seconds_of,
)
from hpbridge.formats.trials import foreign_trials
from hpbridge.space.categorical import label_of
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.contract.foreign import Hints
    from hpbridge.errors import FormatError
    from hpbridge.space.space import Space
    from hpbridge.study import Study

_ALGORITHMS = {
    "GridSearchCV": "grid",
    "RandomizedSearchCV": "random",
    "HalvingGridSearchCV": "halving-grid",
    "HalvingRandomSearchCV": "halving-random",
}
_SPACES = ("param_grid", "param_distributions", "search_spaces")


def read_search(source: Any, hints: Hints) -> ForeignStudy:
    """Return the study that a search was.

    Raises:
        FormatError: If it is no search, not fitted, pickled, or damaged.
    """
    study = _study_of_bridge(source, hints)
    if study is not None:
        return _as_read(study)
    return _Search(source, hints).study()


def _unreadable(source: object, problem: str, hint: str = HINT) -> FormatError:
    return unreadable(source, [problem], hint)


def _study_of_bridge(source: Any, hints: Hints) -> Study | None:
    """Return the study that a fitted `BridgeSearchCV` keeps itself, if it is one."""
    studies: list[Study] = list(getattr(source, "studies_", ()))
    named = [study for study in studies if study.name == hints.name] or studies
    is_ours = bool(class_names(source, "hpbridge"))
    return named[0] if is_ours and len(named) == 1 and not hints.direction else None


def _as_read(study: Study) -> ForeignStudy:
    return ForeignStudy(
        name=study.name,
        trials=foreign_trials(study.trials),
        metrics=study.metrics,
        space=study.space,
        algorithm=study.algorithm,
        backend=study.backend,
        notes=study.notes,
    )


class _Search:
    """A search's results, and what else is known of it."""

    def __init__(self, source: Any, hints: Hints) -> None:
        self._source, self._hints = source, hints
        self._notes: list[str] = []
        self._is_fitted = not isinstance(source, (Path, Mapping)) and not is_frame(
            source
        )
        self._results = Results(source)
        self._names = scorers_of(self._results)
        self._n_rows = self._checked()

    def _checked(self) -> int:
        """Return the number of candidates.

        Raises:
            FormatError: If the columns are not those of a search.
        """
        results = self._results
        if not self._names:
            raise _unreadable(self._source, "it has no column mean_test_*")
        if not any(n == "params" or str(n).startswith("param_") for n in results):
            raise _unreadable(
                self._source, "it has neither params nor a param_* column"
            )
        try:
            sizes = {name: len(column) for name, column in results.items()}
        except TypeError as error:
            raise _unreadable(self._source, f"a column is none: {error}") from error
        if len(set(sizes.values())) > 1:
            raise _unreadable(self._source, f"its columns differ in length: {sizes}")
        return next(iter(sizes.values()))

    def study(self) -> ForeignStudy:
        """Return it as a study."""
        space = self._space()
        params = self._params(space)
        metrics = self._directions()
        trials = tuple(
            self._trial(row, params[row], list(metrics)) for row in range(self._n_rows)
        )
        self._notes += self._results.notes
        self._notes.append("it holds no start times and no error texts")
        if "n_resources" in self._results:
            self._notes.append("scores of earlier iterations come of fewer resources")
        return ForeignStudy(
            name=self._hints.name or self._name(),
            trials=trials,
            metrics=metrics,
            space=space,
            algorithm=_ALGORITHMS.get(type(self._source).__name__, ""),
            notes=tuple(self._notes),
        )

    def _name(self) -> str:
        if isinstance(self._source, Path):
            return self._source.stem
        if self._is_fitted:
            inner = type(self._source.estimator).__name__
            return f"{inner}-{type(self._source).__name__}"
        return "search"

    def _trial(
        self, row: int, params: dict[str, Any], objectives: list[str]
    ) -> ForeignTrial:
        metrics = metrics_of(self._results, row, first=objectives[0])
        is_whole = not any(math.isnan(metrics[name]) for name in objectives)
        return ForeignTrial(
            state=State.COMPLETE if is_whole else State.FAILED,
            params=params,
            metrics=metrics,
            run_seconds=seconds_of(self._results, row),
            attributes=attributes_of(self._results, row),
        )

    def _directions(self) -> dict[str, str]:
        wanted, names = self._hints.direction, self._names
        if wanted:
            known = metrics_of(self._results, 0) if self._n_rows else {}
            wrong = [m for m in wanted if m not in known]
            if wrong:
                problem = f"it has no metric {wrong[0]!r}; {nearest(wrong[0], known)}"
                raise _unreadable(
                    self._source, problem, "`--direction METRIC=maximize`"
                )
            return dict(wanted)
        refit = getattr(self._source, "refit", None) if self._is_fitted else None
        if len(names) > 1 and refit in names:
            return {str(refit): "maximize"}
        if len(names) > 1:
            self._notes.append(
                f"its scores {', '.join(map(repr, names))} are all to be maximized; "
                "--direction says which one counts"
            )
        return dict.fromkeys(names, "maximize")

    def _space(self) -> Space | None:
        """Return the space of a fitted search, where our words hold it exactly."""
        if self._hints.space is not None:
            return self._hints.space
        if not self._is_fitted:
            return None
        given = next(
            (getattr(self._source, n) for n in _SPACES if hasattr(self._source, n)),
            None,
        )
        if isinstance(given, list) and len(given) == 1:
            given = given[0]
        given = given[0] if isinstance(given, tuple) else given
        if not isinstance(given, dict):
            self._notes.append("it searched several spaces, of which none is kept")
            return None
        from hpbridge.formats.search_spaces import read_space

        if not hasattr(self._source, "search_spaces"):
            # There a tuple is choices, and nothing else.
            given = {
                n: list(d) if isinstance(d, tuple) else d for n, d in given.items()
            }
        try:
            return read_space(given)
        except SpaceError as error:
            self._notes.append(f"its space is not kept: {error.reasons[0]}")
            return None

    def _params(self, space: Space | None) -> list[dict[str, Any]]:
        resource = getattr(self._source, "resource", None) if self._is_fitted else None
        labels: dict[int, object] = {}
        return [
            {
                name: value if space is not None else _labelled(value, labels)
                for name, value in params.items()
                if name != resource  # it is in n_resources
            }
            for params in self._raw_params()
        ]

    def _raw_params(self) -> list[Mapping[str, Any]]:
        given = self._results.get("params")
        if given is not None:
            read = [
                read_literal_dict(each) if isinstance(each, str) else each
                for each in given
            ]
            found = [each for each in read if isinstance(each, Mapping)]
            if len(found) == len(read):
                return [{str(n): plain_cell(v) for n, v in p.items()} for p in found]
        columns = self._results.parameters()
        if not columns:
            raise _unreadable(self._source, "its params cannot be read as dicts")
        why = "there are no params" if given is None else "params cannot be read"
        self._notes.append(
            f"{why}: values come from the columns param_*, in which "
            "a whole number may have become a fraction"
        )
        plain = {n: [plain_cell(cell) for cell in c] for n, c in columns.items()}
        return [
            {
                n: None if v is NONE_CHOICE else v
                for n, cells in plain.items()
                if (v := cells[row]) is not None
            }
            for row in range(self._n_rows)
        ]


def _labelled(value: Any, labels: dict[int, object]) -> Any:
    """Return what stands for a value in a record: scalars for themselves."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    try:
        return label_of(value)
    except ValueError:
        labels.setdefault(id(value), value)  # kept, so that no other gets its id
        return f"{type(value).__name__} {list(labels).index(id(value))}"
