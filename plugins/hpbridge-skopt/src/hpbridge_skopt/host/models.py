"""The models of a result; where there are none, what that means for the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import HpbridgeError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FIT = (
    'skopt.utils.cook_estimator("ET", random_state=0)'
    ".fit(result.space.transform(result.x_iters), result.func_vals)"
)


class NoModelError(HpbridgeError, IndexError):
    """A result has no surrogate model, and somebody takes one; an IndexError too."""

    @classmethod
    def of(cls, optimizer: str, reason: str) -> NoModelError:
        """Return the error for the result of an optimizer."""
        headline = f"The result of {optimizer!r} has no surrogate model: {reason}"
        problem = (
            "plot_objective, plot_gaussian_process and expected_minimum need one; "
            "plot_convergence, plot_evaluations and plot_regret do without"
        )
        hint = f"fit one to what was found: result.models = [{_FIT}]"
        return cls(headline, [problem], hint)


class Models(list[Any]):
    """A list of models that says why it has none; a plain list where it is pickled.

    Args:
        models: Those that were fitted.
        optimizer: ``backend:algorithm``.
        reason: Why there are none, if there are none.
    """

    def __init__(self, models: Iterable[Any], optimizer: str, reason: str) -> None:
        super().__init__(models)
        self._why = (optimizer, reason)

    def __getitem__(self, index: Any) -> Any:
        """Return a model.

        Raises:
            NoModelError: If there is none.
        """
        if not self and not isinstance(index, slice):
            raise NoModelError.of(*self._why)
        return super().__getitem__(index)

    def __reduce__(self) -> tuple[Any, ...]:
        # So that a result can be read where there is no hpbridge.
        return list, (list(self),)
