"""What we use of bayesian-optimization though its documentation does not promise it."""

from __future__ import annotations

import copy
import warnings
from typing import Any

from hpbridge.plugin import Upstream

_LIBRARY = Upstream("bayesian-optimization", "bayesian-optimization==3.4.0")


def problems() -> list[str]:
    """Return one sentence for each name that is gone or is not what it was."""
    return _LIBRARY.problems()


def _example() -> Any:
    from bayes_opt import BayesianOptimization

    return BayesianOptimization(None, {"x": (0, 1)}, random_state=0, verbose=0)


RANDOM_STATE = _LIBRARY.private(
    "bayes_opt:BayesianOptimization._random_state",
    "no study can go on from a saved state, and nothing can be asked beside pending "
    "points",
    lambda state: state.get_state()[0] == "MT19937",
    example=_example,
)
GAUSSIAN_PROCESS = _LIBRARY.private(
    "bayes_opt:BayesianOptimization._gp",
    "nothing can be asked beside pending points",
    lambda process: callable(process.fit),
    example=_example,
)
DOMAIN_REDUCTION = _LIBRARY.private(
    "bayes_opt:BayesianOptimization._bounds_transformer",
    "no live optimizer can be read",
    lambda transformer: transformer is None,
    example=_example,
)
ALLOWS_DUPLICATES = _LIBRARY.private(
    "bayes_opt.target_space:TargetSpace._allow_duplicate_points",
    "`maximize` can ask no optimizer of another library",
    lambda allowed: allowed is False,
    example=lambda: _example().space,
)


def _leaves_copies_alone(_register: Any) -> bool:
    space = _example().space
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        space.register({"x": 0.25}, 1.0)
        lied = copy.copy(space)
        lied.register({"x": 0.5}, 2.0)
    return (len(space), len(lied)) == (1, 2) and space.target.tolist() == [1.0]


_LIBRARY.private(
    "bayes_opt.target_space:TargetSpace.register",
    "the model believes for good what it was told of pending points, since a copy is "
    "no longer apart",
    _leaves_copies_alone,
)
