"""What a command runs: a user's words first, then the script's, then the defaults."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from hpbridge.cli.arguments import check_company, read_direction, read_pruner
from hpbridge.cli.streams import say
from hpbridge.contract.files import split_reference
from hpbridge.contract.references import Found, Wanted, find_experiment
from hpbridge.contract.script import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.experiment import Experiment

_T = TypeVar("_T")

_NONE = "none"
"""As a pruner: whatever a script says, nothing ends a trial early."""


class Asked:
    """An experiment that a command was asked for, and what its file says beside it.

    What of the file is taken or not is said in one line.

    Args:
        reference: ``file.py[:name]``.
        space: ``file.py:name``, if it was given.
        direction: The words of ``--direction``.
        made: An experiment that is in no file; then the others say nothing here.

    Attributes:
        assumption: Which way is taken to be better, where nobody said so.
    """

    def __init__(
        self,
        reference: str,
        space: str | None,
        direction: list[str] | None,
        made: Experiment | None = None,
    ) -> None:
        see_own_name(reference)
        ways = read_direction(direction)
        found = Found(made) if made else find_experiment(Wanted(reference, space, ways))
        self._experiment, self._notes = found.experiment, found.notes
        self._file = split_reference(reference)[0]
        self._script = found.script or Script()
        self._taken: list[str] = []
        self._left = list(self._script.not_taken)
        self._take_experiment(has_space=space is None, has_direction=not ways)
        self.assumption = _assumption(found.experiment)

    def _take_experiment(self, *, has_space: bool, has_direction: bool) -> None:
        said = self._script
        if said.directions and has_direction:
            metrics = self._experiment.metrics
            if len(metrics) == 1 and not said.directions[0][0]:
                text = str(next(iter(metrics.values())))
            else:
                text = ", ".join(f"{metric}={way}" for metric, way in metrics.items())
            self._taken.append(f"direction {text}")
        if said.native is not None and has_space:
            self._taken.append("its space")
        if said.points and self._experiment.baseline_points:
            n_points = len(said.points)
            self._taken.append(f"{n_points} first point{'s'[: n_points - 1]}")

    def _take(self, given: _T | None, said: _T | None, text: str) -> _T | None:
        if given is not None or said is None:
            return given
        self._taken.append(text)
        return said

    def trials(self, given: int | None) -> int | None:
        """Return how many trials are asked for: given, or by the script, if at all."""
        said = self._script.n_trials
        return self._take(given, said, f"{said} trials")

    def timeout(self, given: float | None) -> float | None:
        """Return how many seconds are."""
        said = self._script.timeout
        return self._take(given, said, f"timeout {said:g} s" if said else "")

    def target(self, given: float | None) -> float | None:
        """Return the value that is good enough."""
        said = self._script.target
        return self._take(given, said, f"target {said:g}" if said is not None else "")

    def seed(self, given: int | None) -> int | None:
        """Return the seed."""
        said = self._script.seed
        return self._take(given, said, f"seed {said}")

    def optimizer(
        self, backend: str | None, options: dict[str, object], usual: str
    ) -> tuple[str, dict[str, object]]:
        """Return the optimizer and its options.

        The script's options count for the script's optimizer alone.
        """
        said = self._script
        if not said.optimizer or (
            backend is not None and not _is_same(backend, said.optimizer)
        ):
            return backend or usual, options
        own = {k: v for k, v in said.options.items() if k not in options}
        words = [said.optimizer, *(f"{name}={value}" for name, value in own.items())]
        self._taken.append(" ".join(words))
        return said.optimizer, {**own, **options}

    def pruner(
        self, name: str | None, words: list[str] | None
    ) -> tuple[str, Mapping[str, object]] | None:
        """Return what ends trials early, with its options; None for nothing.

        Args:
            name: A user's own words, which count alone; ``none`` is for nothing.
            words: The options of that one.
        """
        if name == _NONE:
            check_company("--pruner NAME", None, pruner_option=words)
            return None
        given = read_pruner(name, words)
        said = self._script.pruner
        return self._take(given, said, "" if said is None else _pruner_words(*said))

    def leave_optimizer(self) -> None:
        """Note that the optimizer is the command's business."""
        if self._script.optimizer:
            self._left.insert(0, self._script.optimizer)

    def experiment(self, *, is_quiet: bool = False) -> Experiment:
        """Return the experiment; say what is assumed of it and taken from its file.

        Args:
            is_quiet: Only note it, for the study to keep.
        """
        lines = [self.assumption] if self.assumption else []
        lines += self._notes
        parts = [", ".join(self._taken)] if self._taken else []
        if self._left:
            parts.append("not taken: " + ", ".join(dict.fromkeys(self._left)))
        if parts:
            lines.append(f"From {self._file}: {'; '.join(parts)}")
        for line in [] if is_quiet else lines:
            say(line)
        return self._experiment.noting(*lines)


def see_own_name(reference: str) -> None:
    """Let a script that reads ``sys.argv`` see its own file's name and nothing of ours.

    Workers see what this process sees.
    """
    sys.argv[:] = [split_reference(reference.partition("?")[0])[0]]


def _assumption(experiment: Experiment) -> str:
    if not experiment.is_direction_assumed:
        return ""
    metric = experiment.main_metric
    return f"{metric}: smaller is better (assumed; --direction {metric}=maximize)"


def _pruner_words(name: str, options: Mapping[str, object]) -> str:
    """Return a pruner, with those options that are not as usual."""
    from dataclasses import fields

    from hpbridge.contract.registry import registry

    usual = {
        each.name: each.default for each in fields(registry().pruner(name).options)
    }
    other = [f" {k}={v}" for k, v in options.items() if usual.get(k) != v]
    return f"pruner {name}{''.join(other)}"


def _is_same(backend: str, optimizer: str) -> bool:
    """Say whether a user's words mean a script's optimizer: its library is enough."""
    return backend in {optimizer, optimizer.partition(":")[0]}
