"""The report of a search, from its record alone: what tuning bought, and on what."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.checks.run import findings_of
from hpbridge.analysis.evaluated import Evaluated
from hpbridge.analysis.further import further_of
from hpbridge.analysis.verdict import verdicts_of
from hpbridge.contract.numbers import standard
from hpbridge.errors import ArgumentError, HpbridgeError, count
from hpbridge.report.rendering import check_target, write_page
from hpbridge.report.rows import printed
from hpbridge.report.search_page import search_figures, search_html
from hpbridge.report.search_tables import (
    table_of_classes,
    table_of_data,
    table_of_models,
)
from hpbridge.report.search_text import parts_of
from hpbridge.study import Study

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    import plotly.graph_objects as go

    from hpbridge.analysis.checks.finding import Finding
    from hpbridge.analysis.verdict import Verdict
    from hpbridge.report.rows import Rows


class Report:
    """What a search came to, and how sure that is. Printed, it is for the terminal.

    Args:
        study: Any study: of an evaluation, of a plain objective, of another tool.
        silence: Codes of checks that are not made.
        incumbent: What tells a model in use from others, where one is meant.

    Attributes:
        study: The study.
        evaluated: The study, read for how its models were evaluated.
        verdicts: Whether to use the tuned model: against the one in use, where one was
            brought, and against the defaults.
        findings: What every check found, those that spoke first.
        notes: What went otherwise than asked for while it was made.
    """

    def __init__(
        self, study: Study, silence: Iterable[str] = (), incumbent: str | None = None
    ) -> None:
        self.study = study
        self.evaluated = Evaluated(study, incumbent)
        self.verdicts: list[Verdict] = verdicts_of(self.evaluated)
        codes = [silence] if isinstance(silence, str) else silence
        self.findings: list[Finding] = findings_of(self.evaluated, codes)
        self.notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Should the tuned model be used? With the numbers."""
        return self.verdicts[0].sentence

    @property
    def missing(self) -> list[str]:
        """What the report lacks, and why, a sentence each."""
        return self.evaluated.missing

    @property
    def further(self) -> dict[str, str]:
        """What was found after the study had ended, by a title: a sentence each.

        Winners that ran again, nested cross-validation, a threshold.
        """
        return further_of(self.study)

    @property
    def front(self) -> str:
        """Which trials are the Pareto front, in a sentence; empty for one metric."""
        if len(self.study.metrics) == 1:
            return ""
        numbers = [trial.number for trial in self.study.best_trials]
        return (
            f"The Pareto front of {', '.join(self.study.metrics)} has "
            f"{count(len(numbers), 'trial')}: {', '.join(map(str, numbers))}; what is "
            f"called best is best by {self.study.main_metric}."
        )

    def table(self) -> Rows:
        """Return every metric of dummy, defaults, best and the model in use."""
        return table_of_models(self.evaluated)

    def data_table(self) -> Rows:
        """Return which data each number was computed on, and who saw them."""
        return table_of_data(self.evaluated)

    def models_table(self) -> Rows:
        """Return what each model class came to, where the search chose between some."""
        return table_of_classes(self.evaluated)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        improvements = self.evaluated.improvements
        found = {
            "study": self.study.name,
            "experiment": self.study.experiment,
            "optimizer": self.study.optimizer,
            "seed": self.study.seed,
            "n_trials": len(self.study.trials),
            "sentence": self.sentence,
            "verdicts": [each.to_json() for each in self.verdicts],
            "front": self.front,
            "improvements": {n: asdict(each) for n, each in improvements.items()},
            "table": self.table().to_json(),
            "data": self.data_table().to_json(),
            "models": self.models_table().to_json(),
            "findings": [each.to_json() for each in self.findings],
            "missing": self.missing,
            "further": self.further,
            "notes": list(self.notes),
            "openings": self.evaluated.openings,
        }
        made: dict[str, Any] = standard(found)
        return made

    def to_html(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the page, which needs nothing else to be read.

        Args:
            path: Of the file; a page of ours that is there is replaced.
            overwrite: Whether another file that is there is replaced, too.

        Raises:
            HpbridgeError: If jinja2 or plotly is not installed, or the file cannot be
                written.
        """
        target = Path(path)
        check_target(target, overwrite=overwrite)
        html = search_html(self.evaluated, self.findings, self.verdicts)
        write_page(html, target)

    @cached_property
    def figures(self) -> dict[str, go.Figure]:
        """A figure of plotly's of each kind that the study has data for.

        Raises:
            HpbridgeError: If plotly is not installed.
        """
        return search_figures(self.evaluated)

    def __str__(self) -> str:
        return printed(*parts_of(self))

    __repr__ = __str__


def report(study: Study, *, silence: Iterable[str] = ()) -> Report:
    """Return the report of a study, from its record alone: nothing is fitted.

    What the record does not hold is named in the report's ``missing``. To open the
    sealed test is the business of `hpbridge.Evaluation.report`.

    Args:
        study: Of any kind, also one that another tool ran.
        silence: Codes of checks that are not made.

    Raises:
        ArgumentError: If it is no study, or a code is none.

    Example:
        >>> import hpbridge as hpb
        >>> space = {"x": hpb.Float(-1, 1)}
        >>> study = hpb.minimize(lambda p: p["x"] ** 2, space, "random", n_trials=3,
        ...                      seed=0, store=":memory:")
        >>> hpb.report(study).missing[0]
        'no sealed test and no references: it is no study of an hpbridge.Evaluation'
    """
    return Report(as_stored(study, "hpbridge.report"), silence)


def as_stored(study: object, function: str) -> Study:
    """Return a study with what was noted of it since it was read.

    Args:
        study: Of a store that may be away, or of none: then it is as it was.
        function: Who was given it, for the error.

    Raises:
        ArgumentError: If it is no study.
    """
    if not isinstance(study, Study):
        problem = f"it must be a study, as of hpbridge.load_study, got {study!r:.100}"
        raise ArgumentError.given(function, [problem])
    if study.home is None:
        return study
    try:
        record = study.home.study(study.id)
    except HpbridgeError:
        return study
    if (record.name, record.created_at) != (study.name, study.created_at):
        return study
    return replace(study, attributes=record.attributes)
