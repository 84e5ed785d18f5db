"""Pure random search: the tutorial plugin of hpbridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    SPACE_FEATURES,
    YES,
    Algorithm,
    BackendSpec,
    Capabilities,
    Capability,
    Feature,
    Support,
    hookimpl,
)

if TYPE_CHECKING:
    from hpbridge.plugin import Optimizer, Problem

_NOTHING = Capability(Support.NATIVE, "accepted; random search learns from no trial")


def _create(
    problem: Problem, algorithm: Algorithm, options: Any, seed: int
) -> Optimizer:
    from hpbridge.plugin import encode
    from hpbridge_random._optimizer import RandomOptimizer

    encode(problem, algorithm, options, f"random:{algorithm.name}")  # refuses
    return RandomOptimizer(problem.space, seed)


def _explain(problem: Problem, algorithm: Algorithm, options: Any, seed: int) -> str:
    from hpbridge.plugin import encode
    from hpbridge_random._optimizer import explain

    encoded = encode(problem, algorithm, options, f"random:{algorithm.name}")
    return "\n".join([*encoded.comments(), explain(problem.space, seed)])


SPEC = BackendSpec(
    name="random",
    summary="Independent random draws from the space, in pure Python.",
    requires=(),
    algorithms={
        "random": Algorithm(
            name="random",
            summary="Draws every trial by scale, prior and weights; learns nothing.",
            capabilities=Capabilities(
                {
                    **dict.fromkeys(SPACE_FEATURES, YES),
                    Feature.MULTI_OBJECTIVE: _NOTHING,
                    Feature.CONSTRAINTS: _NOTHING,
                    Feature.FAILED_TRIALS: _NOTHING,
                    Feature.FOREIGN_HISTORY: _NOTHING,
                    Feature.SEEDING: YES,
                    Feature.PENDING: YES,
                    Feature.OUT_OF_ORDER: YES,
                    Feature.REPLAY: YES,
                }
            ),
            native_call="Space.sample",
            cost_per_ask="O(1)",
            recommended_trials="any",
            source="Bergstra and Bengio, JMLR 13, 2012",
            learns=False,
        )
    },
    create=_create,
    explain=_explain,
)


@hookimpl
def hpbridge_backends() -> list[BackendSpec]:
    return [SPEC]
