"""What ``--resume`` goes on with; and a word where there is no such study."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment
    from hpbridge.learning.choice import Choice
    from hpbridge.store.record import StudyRecord
    from hpbridge.study import Study


@dataclass(frozen=True)
class Wanted:
    """The study that a command with ``--resume`` means; None where any will do.

    Attributes:
        options: That were given; the others may be as they were.
        history: The study that it goes on from.
        pruner: What ends its trials early: a name with the options that were given; the
            others may be as they were.
    """

    experiment: Experiment
    optimizer: str
    options: Mapping[str, object]
    seed: int | None = None
    name: str | None = None
    history: Study | None = None
    pruner: tuple[str, Mapping[str, object]] | None = None

    def gone_on(self, given: Mapping[str, Any]) -> Study | None:
        """Go on with the last such study and return it; None where there is none.

        Args:
            given: As of `hpbridge.resume`.
        """
        found = self.find(given.get("store"))
        return None if found is None else resume_study(found, self.experiment, **given)

    def find(self, store: str | None) -> StudyRecord | None:
        """Return the last such study, one that has not finished before others.

        Says on standard error which one it is, or why there is none.
        """
        from hpbridge.store import open_store
        from hpbridge.store.record import Status

        database = open_store(store)
        known = database.studies(reference=self.experiment.reference)
        known = [each for each in known if _is_alone(each)]
        known = [each for each in known if not self._is_other(each)]
        chosen = self._choice()
        fit = [each for each in known if not self._differences(each, chosen)]
        if not fit:
            why = f"there is none of {self.experiment.name!r} in {database.url}"
            if known:
                differences = self._differences(known[-1], chosen)
                why = f"the last one, {known[-1].name!r}, has {', '.join(differences)}"
            say(f"No study to go on with: {why}; a new one begins.")
            return None
        unfinished = [each for each in fit if each.status is not Status.FINISHED]
        found = (unfinished or fit)[-1]
        n_ended = database.count_trials().get(found.id, 0)
        say(f"To go on with: study {found.name!r}, which has {n_ended} trials.")
        return found

    def _is_other(self, study: StudyRecord) -> bool:
        """Say whether a study without a file is of another experiment."""
        own = self.experiment
        if own.reference:
            return False
        is_same = own.space.is_recorded_as(study.space)
        is_same &= [*own.metrics.items()] == [*study.metrics.items()]
        return not is_same or bool(own.unlike(study.attributes))

    def _choice(self) -> Choice:
        from hpbridge.learning.choice import choose

        return choose(self.optimizer, self.experiment, self.options)

    def _differences(self, study: StudyRecord, chosen: Choice) -> list[str]:
        """Return in what a study is another one than is meant."""
        from hpbridge.contract.resolving import ASKED

        past = study.settings.history
        found = []
        if chosen.asked and chosen.asked == study.attributes.get(ASKED):
            pass  # it is what was chosen when it began, and goes on as that
        elif study.optimizer != chosen.name:
            found.append(f"the optimizer {study.optimizer}")
        else:
            # As the record holds them: a tuple is a list there.
            options = json.loads(json.dumps(asdict(chosen.options)))
            found += [
                f"{name}={study.options.get(name)!r}"
                for name in self.options
                if study.options.get(name) != options.get(name)
            ]
        if self.seed not in {None, study.seed}:
            found.append(f"the seed {study.seed}")
        if self.name not in {None, study.name}:
            found.append("another name")
        source = None if self.history is None else self.history.name
        if source not in {None, past.source if past else ""}:
            found.append("another history")
        return found + self._of_pruner(study.settings.budget.pruner)

    def _of_pruner(self, known: Mapping[str, Any] | None) -> list[str]:
        """Return in what the pruner of a study is another one."""
        if self.pruner is None:
            return []
        from hpbridge.pruners.choosing import NAME, OPTIONS, chosen_pruner

        wanted = chosen_pruner(self.pruner)
        if known is None or known[NAME] != wanted[NAME]:
            return ["no pruner" if known is None else f"the pruner {known[NAME]}"]
        return [
            f"the pruner's {name}={known[OPTIONS].get(name)!r}"
            for name in self.pruner[1]
            if known[OPTIONS].get(name) != wanted[OPTIONS][name]
        ]


def _is_alone(study: StudyRecord) -> bool:
    """Say whether a study was run for itself.

    It is of no comparison, runs no other one's trials again, and is in no outer fold.
    """
    from hpbridge.analysis.nested import INNER
    from hpbridge.engine.given import is_of_given_points

    is_part = is_of_given_points(study) or INNER in study.attributes
    return study.comparison_id is None and not is_part


def resume_study(
    record: StudyRecord, experiment: Experiment | None, **settings: Any
) -> Study:
    """Go on with a study; say so if nothing of it was left to run.

    Args:
        record: Of the study, as it is.
        experiment: As of `hpbridge.resume`, as are the settings.
        settings: Those that were given; the others are as they were.
    """
    import hpbridge
    from hpbridge.store import open_store
    from hpbridge.store.record import Status

    before = open_store(settings.get("store")).count_trials().get(record.id, 0)
    study = hpbridge.resume(record.id, experiment, **settings)
    if len(study.trials) == before and study.status is Status.FINISHED:
        ending = f" (ended by: {study.stop_reason})" if study.stop_reason else ""
        text = f"Nothing of {study.name!r} was left to run: it has {before} trials"
        say(f"{text}{ending}; --trials N with a larger N goes on.")
    return study


def given_of(**settings: Any) -> dict[str, Any]:
    """Return the settings that were given; the others are left to what they are for."""
    return {name: value for name, value in settings.items() if value is not None}


def say(text: str) -> None:
    """Say something beside the results."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
