"""Put the library's own saved state, all but its points, into an optimizer.

Source:
    bayesian-optimization 3.4.0, `BayesianOptimization._load_state_dict`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.gaussian_process.kernels import Matern

from hpbridge_bayesopt._upstream import RANDOM_STATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bayes_opt import BayesianOptimization

# What a state of another acquisition function, or a damaged one, comes to.
_MISFITS = (KeyError, TypeError, ValueError, AttributeError, IndexError)


def load_state(
    library: BayesianOptimization, reduction: Any, native: Mapping[str, Any]
) -> bool:
    """Load what is of this space and this acquisition function; say whether it was.

    Args:
        library: Told of nothing yet.
        reduction: Its domain reduction, if it has one.
        native: As of `save_state`, without the points.
    """
    if not native.get("acquisition_params") or not _is_of(library, reduction, native):
        return False
    try:
        _check(library, native["acquisition_params"])
        kernel = Matern(**native["gp_params"]["kernel"])
        random_state = native.get("random_state")
        if random_state is not None:
            RANDOM_STATE.of(library).set_state(
                (
                    random_state["bit_generator"],
                    np.array(random_state["state"], dtype=np.uint32),
                    random_state["pos"],
                    random_state["has_gauss"],
                    random_state["cached_gaussian"],
                )
            )
        library.acquisition_function.set_acquisition_params(
            native["acquisition_params"]
        )
        library.set_gp_params(**{**native["gp_params"], "kernel": kernel})
    except _MISFITS:
        return False
    if reduction is not None and native.get("transformed_bounds"):
        ranges = np.array(native["transformed_bounds"])
        named = zip(library.space.keys, ranges, strict=True)
        library.space.set_bounds(dict(named))
        reduction.initialize(library.space)
    return True


def _is_of(
    library: BayesianOptimization, reduction: Any, native: Mapping[str, Any]
) -> bool:
    space = library.space
    if native.get("transformed_bounds"):  # its pbounds are what reduction left
        return reduction is not None and list(native["pbounds"]) == space.keys
    # One row a key, as the library writes it, also where choices have several rows.
    rows = {key: space.bounds[k].tolist() for k, key in enumerate(space.keys)}
    return bool(rows == native.get("pbounds"))


def _check(library: BayesianOptimization, params: Mapping[str, Any]) -> None:
    """Raise one of `_MISFITS` where the parameters are not all of this function's."""
    own = library.acquisition_function.get_acquisition_params()
    if set(own) - set(params):
        raise KeyError(sorted(set(own) - set(params))[0])
    if len(own.get("gains", [])) != len(params["gains"] if "gains" in own else []):
        msg = "gains"
        raise ValueError(msg)
