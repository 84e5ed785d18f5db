"""A loop of one's own over epochs: of PyTorch, say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from hpbridge.errors.arguments import is_whole
from hpbridge.errors.experiments import ArgumentError
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hpbridge.trial import Trial


class Stateful(Protocol):
    """What can be saved and gone on from: PyTorch's modules, optimizers, schedulers."""

    def state_dict(self) -> Any:
        """Return all that changes while it learns."""

    def load_state_dict(self, state: Any) -> Any:
        """Take what `state_dict` returned."""


def epochs(trial: Trial, n: int, *kept: Stateful) -> Iterator[int]:
    """Return the epochs of a trial, from 1; it ends where the pruner says so.

    Where anything is to be kept, each epoch ends with a checkpoint, and a trial that
    was paused, promoted, interrupted or retried goes on after its last one, as if it
    had never stopped: PyTorch's random numbers (of the CPU) go on, too. There may be no
    epoch left, so compute what the objective returns from the model.

    Args:
        trial: What the objective got; report to it in every epoch.
        n: How many epochs there are at most.
        *kept: Objects with `state_dict` and `load_state_dict`, in one order always.

    Raises:
        TrialPruned: After an epoch whose report was answered so.
        ArgumentError: If there is no epoch, or what is to be kept has no state.

    Example:
        >>> from hpbridge import Trial
        >>> trial = Trial({"lr": 0.1}, number=0, seed=7)
        >>> for epoch in epochs(trial, 3):
        ...     trial.report(1 / epoch, epoch)
        >>> [step for step, _ in trial.reports]
        [1, 2, 3]
    """
    problems = []
    if not is_whole(n, 1):
        problems.append(f"n must be a whole number >= 1, got {n!r:.200}")
    problems += [
        f"what is kept must have state_dict and load_state_dict, got {one!r:.200}"
        for one in kept
        if not (hasattr(one, "state_dict") and hasattr(one, "load_state_dict"))
    ]
    if problems:
        raise ArgumentError.given(epochs.__name__, problems)
    return _epochs(trial, n, kept)


def _epochs(trial: Trial, n: int, kept: tuple[Stateful, ...]) -> Iterator[int]:
    done = _restore(trial, kept) if kept else 0
    for epoch in range(done + 1, n + 1):
        yield epoch
        if kept:
            states = [one.state_dict() for one in kept]
            trial.save({"epoch": epoch, "states": states, "random": _random_state()})
        if trial.should_prune():
            raise TrialPruned


def _restore(trial: Trial, kept: tuple[Stateful, ...]) -> int:
    """Go on from the trial's checkpoint, and return after which epoch; 0 to begin."""
    saved = trial.load()
    if saved is None:
        return 0
    for one, state in zip(kept, saved["states"], strict=True):
        one.load_state_dict(state)
    if saved["random"] is not None:
        sys.modules["torch"].set_rng_state(saved["random"])
    return int(saved["epoch"])


def _random_state() -> Any:
    """Return the state of PyTorch's random numbers, where it is imported."""
    torch = sys.modules.get("torch")
    return None if torch is None else torch.get_rng_state()
