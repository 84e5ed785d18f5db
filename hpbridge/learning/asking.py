"""Ask an optimizer for a point that may run: in the space, and not forbidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.backend import ExhaustedError, Optimizer, Outcome, Suggestion
from hpbridge.errors import ContractError, HpbridgeError, OptimizerError, SpaceError
from hpbridge.trial import State

if TYPE_CHECKING:
    from hpbridge.space.space import Space

# An optimizer that proposes only forbidden points must not ask for ever.
MOST_REJECTIONS = 1000


def ask_allowed(
    optimizer: Optimizer, space: Space, name: str, number: int
) -> Suggestion:
    """Return the optimizer's next proposal that is not forbidden.

    A forbidden one is told as failed, without having been run: the "reject" encoding
    of `hpbridge.encoding.encoded`.

    Args:
        optimizer: Asked, and told of what it must not propose.
        space: What it searches.
        name: Of the optimizer, for errors.
        number: Of the trial that it proposes, for errors.

    Raises:
        ContractError: If a proposal lies outside the space.
        SpaceError: If nothing but forbidden points is proposed.
        OptimizerError: If the library fails.
        ExhaustedError: If there is nothing left to propose.
    """
    for _ in range(MOST_REJECTIONS):
        try:
            suggestion = optimizer.ask()
        except (HpbridgeError, ExhaustedError):
            raise
        except Exception as error:
            doing = f"to propose trial {number}"
            raise OptimizerError.failed(name, doing, error) from error
        violations = space.violations(suggestion.params)
        if violations:
            rule = "it left the space: " + "; ".join(violations)
            raise ContractError.broke(name, rule)
        if not space.is_restricted or not space.forbids(suggestion.params):
            return suggestion
        optimizer.tell(suggestion, Outcome(State.FAILED))
    raise SpaceError.all_forbidden(MOST_REJECTIONS)
