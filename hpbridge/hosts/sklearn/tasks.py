"""What callbacks of scikit-learn see of a search: one task, however many batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.hosts.sklearn.candidates import SearchedSpace
    from hpbridge.hosts.sklearn.sampled import SampledSpaces


class Tasks:
    """The task of a search, whose subtasks are the fits of all its batches.

    Args:
        context: scikit-learn's of the task; None before 1.9, which has no callbacks.

    Attributes:
        n_begun: How many fits there were.

    Source:
        scikit-learn 1.9.1, `RandomizedSearchCV._run_search`.
    """

    def __init__(self, context: Any) -> None:
        self._context, self.n_begun = context, 0

    @classmethod
    def begun(
        cls,
        search: Any,
        callback_ctx: Any,
        spaces: Sequence[SearchedSpace | SampledSpaces],
        n_splits: int,
    ) -> Tasks:
        """Return the task of a search, of which callbacks were told.

        Args:
            search: The search.
            callback_ctx: Of its fit; None where scikit-learn has none.
            spaces: What proposes its candidates.
            n_splits: How many fits a candidate has at most.
        """
        if callback_ctx is None:
            return cls(None)
        n_candidates = sum(each.n_candidates for each in spaces)
        context = callback_ctx.subcontext(
            task_name="search",
            max_subtasks=n_candidates * n_splits,
            sequential_subtasks=False,
        )
        return cls(context.call_on_fit_task_begin(estimator=search))

    def next(self) -> dict[str, Any]:
        """Return the arguments that evaluate the next fits in it."""
        if self._context is None:
            return {}
        return {"callback_ctx": _Shifted(self._context, self.n_begun)}

    def end(self, search: Any) -> None:
        """Tell callbacks that it is done."""
        if self._context is not None:
            self._context.call_on_fit_task_end(estimator=search)


class _Shifted:
    """A task that numbers its subtasks from where the last batch ended."""

    def __init__(self, context: Any, n_before: int) -> None:
        self._context, self._n_before = context, n_before

    def subcontext(self, *, task_id: int, **settings: Any) -> Any:
        return self._context.subcontext(task_id=self._n_before + task_id, **settings)
