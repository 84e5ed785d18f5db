"""What a trial can do with its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hpbridge.checkpoints.keeper import Keeper


class Saves:
    """A part of `hpbridge.trial.Trial`."""

    __slots__ = ("_keeper",)

    _keeper: Keeper | None
    _reports: list[tuple[int, float]]
    seed: int

    @property
    def checkpoint(self) -> AbstractContextManager[Path]:
        """A new folder to save to, in a ``with`` statement.

        Where that ends without an error, the folder is the trial's checkpoint, whole
        or not at all, and stands for how far the trial has reported: report, save, then
        ask `should_prune`. The last one and the best are kept. One that cannot be
        written costs the trial nothing, and the study notes it.

        Example:
            >>> trial = Trial({}, number=0, seed=7)
            >>> with trial.checkpoint as folder:
            ...     (folder / "weights").touch()
        """
        return self._kept().commit(self._reports)

    @property
    def restored(self) -> Path | None:
        """The folder of the checkpoint that the trial goes on from; None to begin."""
        return self._kept().restored

    @property
    def saved(self) -> Path | None:
        """The folder of the checkpoint that the trial has saved last; None before."""
        return self._kept().saved

    def save(self, state: object) -> None:
        """Save an object as the trial's `checkpoint`; anything that can be pickled."""
        self._kept().save(state, self._reports)

    def load(self, default: Any = None) -> Any:
        """Return the object that the trial goes on from.

        Args:
            default: What is returned where it begins.
        """
        return self._kept().load(default)

    @property
    def keeper(self) -> Keeper | None:
        """What keeps the checkpoints; None of a trial that was made by hand."""
        return self._keeper

    def _kept(self) -> Keeper:
        if self._keeper is None:  # made by hand
            from hpbridge.checkpoints.keeper import Keeper

            self._keeper = Keeper(None, {}, self.seed)
        return self._keeper
