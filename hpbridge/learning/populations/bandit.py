"""What PB2 proposes: a bandit over what each interval of training has gained.

A Gaussian process whose kernel forgets with time predicts how much a score rises in an
interval, from the time, the score before it, and the parameters; the parameters are
those of its greatest upper confidence bound.

Source:
    Parker-Holder et al., Provably Efficient Online Hyperparameter Optimization with
    Population-Based Bandits, 2020, as Ray Tune 2.60.0 computes it in
    ``tune/schedulers/pb2.py`` and ``pb2_utils.py``: the same numbers, but for the
    generator that is handed in.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

N_FIXED = 2
"""Columns that no proposal changes: the time, and the score before the interval."""
MOST_ROWS = 1000
"""How many of the latest intervals are learned from."""

_LEAST_ROWS = 200
_ROWS_A_STEP = 10
_N_STARTS = 10
_WORST = -999.0


def select(
    rows: np.ndarray,
    gains: np.ndarray,
    running: np.ndarray | None,
    new: np.ndarray,
    bounds: np.ndarray,
    rng: np.random.RandomState,
) -> Any:
    """Return the parameters that a member is to train with.

    Args:
        rows: Of each interval: its time, the score before it, and its parameters.
        gains: By how much the score rose in each, for a step.
        running: Parameters of members that were proposed and are not known yet: what
            is near them is less uncertain. None for none.
        new: Time and score of the member that is copied.
        bounds: Of each parameter, a low and a high end.
        rng: Where the search for the greatest bound starts.
    """
    import numpy as np

    length = _length(rows, gains, bounds)
    rows, gains = rows[-length:], gains[-length:]
    fixed = rows[:, :N_FIXED]
    ends = bounds.T
    limits = np.concatenate((_limits(fixed), ends), axis=1)
    inputs = _normalized(rows, limits)
    known = _standardized(gains).reshape(gains.size, 1)
    here = _normalized(new, fixed)
    model, inputs = _fitted_anyhow(inputs, known)
    surer = model
    if running is not None:
        padding = np.array([here for _ in range(running.shape[0])])
        pending = np.hstack((padding, _normalized(running, ends)))
        surer = _fitted(
            np.vstack((inputs, pending)),
            np.vstack((known, np.zeros((pending.shape[0], 1)))),
        )
    found = _greatest(model, surer, here, rng)
    low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    return (found * (high - low) + low).astype(np.float32)


def _limits(fixed: np.ndarray) -> Any:
    import numpy as np

    ends = np.concatenate((np.max(fixed, axis=0), np.min(fixed, axis=0)))
    return ends.reshape(2, fixed.shape[1])


def _normalized(data: np.ndarray, limits: np.ndarray) -> Any:
    import numpy as np

    low, high = np.min(limits, axis=0), np.max(limits, axis=0)
    return (data - low) / (high - low + 1e-8)


def _standardized(data: np.ndarray) -> Any:
    import numpy as np

    scaled = (data - np.mean(data, axis=0)) / (np.std(data, axis=0) + 1e-8)
    return np.clip(scaled, -2, 2)


def _fitted_anyhow(inputs: np.ndarray, known: np.ndarray) -> tuple[Any, np.ndarray]:
    import numpy as np

    try:
        return _fitted(inputs, known), inputs
    except np.linalg.LinAlgError:
        inputs = inputs + np.eye(*inputs.shape) * 1e-3
        return _fitted(inputs, known), inputs


def _fitted(inputs: np.ndarray, known: np.ndarray) -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor

    model = GaussianProcessRegressor(
        kernel=_kernel()(), optimizer="fmin_l_bfgs_b", alpha=1e-10
    )
    return model.fit(inputs, known)


def _greatest(model: Any, surer: Any, here: Any, rng: Any) -> Any:
    """Return where, in the unit cube, the upper confidence bound is greatest."""
    import numpy as np
    from scipy.optimize import minimize

    n_params = model.X_train_.shape[1] - N_FIXED
    kappa = math.sqrt(0.2 + max(0.0, math.log(0.4 * model.X_train_.shape[0])))

    def bound(x: Any) -> float:
        at = np.concatenate((here, x))[np.newaxis]
        mean, _ = _predicted(model, at)
        _, std = _predicted(surer, at)
        return mean + kappa * std**2

    best, best_value = surer.X_train_[0, N_FIXED:], _WORST
    for _ in range(_N_STARTS):
        start = rng.uniform(0, 1, n_params)
        found = minimize(
            lambda x: -bound(x),
            start,
            bounds=[(0, 1)] * n_params,
            method="L-BFGS-B",
            options={"maxiter": 200, "maxfun": 200},
        )
        value = bound(found.x)
        if value > best_value:
            best_value, best = value, found.x
    return np.clip(best, 0, 1)


def _predicted(model: Any, at: Any) -> tuple[float, float]:
    """Return mean and deviation at one point.

    Source:
        scikit-learn 1.9.1, ``GaussianProcessRegressor.predict``, to the last bit, but
        for its checks of the input, which take ten times as long.
    """
    import numpy as np
    from scipy.linalg import solve_triangular

    cross = model.kernel_(at, model.X_train_)
    mean = cross @ model.alpha_
    spread = solve_triangular(model.L_, cross.T, lower=True, check_finite=False)
    variance = model.kernel_.diag(at).copy()
    variance -= np.einsum("ij,ji->i", spread.T, spread)
    return float(mean.ravel()[0]), math.sqrt(max(float(variance[0]), 0.0))


def _length(rows: np.ndarray, gains: np.ndarray, bounds: np.ndarray) -> int:
    """Return of how many of the latest intervals the likelihood is greatest."""
    import numpy as np

    if rows.shape[0] < _LEAST_ROWS:
        return len(rows)
    scores = []
    for length in range(_LEAST_ROWS, rows.shape[0] + 1, _ROWS_A_STEP):
        fixed = rows[-length:, :N_FIXED]
        limits = np.concatenate((_limits(fixed), bounds.T), axis=1)
        known = _standardized(gains[-length:]).reshape(length, 1)
        model = _fitted(_normalized(rows[-length:], limits), known)
        scores.append(model.log_marginal_likelihood_value_)
    return (int(np.argmax(scores)) + _LEAST_ROWS // _ROWS_A_STEP) * _ROWS_A_STEP


def _squared(x: Any, y: Any) -> Any:
    """Return squared distances, as scikit-learn's `euclidean_distances` has them."""
    import numpy as np

    found = -2 * (x @ y.T)
    found += np.einsum("ij,ij->i", x, x)[:, np.newaxis]
    found += np.einsum("ij,ij->i", y, y)[np.newaxis]
    np.maximum(found, 0, out=found)
    return np.square(np.sqrt(found))


_LEAST_EPSILON, _MOST_EPSILON = 1e-5, 0.5


@functools.cache
def _kernel() -> Any:
    """Return the squared exponential whose correlation decays with time.

    Here and not above: its base is scikit-learn's.
    """
    import numpy as np
    from sklearn.gaussian_process.kernels import Kernel

    class Forgetting(Kernel):  # type: ignore[misc]
        def __init__(
            self, variance: float = 1.0, lengthscale: float = 1.0, epsilon: float = 0.1
        ) -> None:
            self.variance = variance
            self.lengthscale = lengthscale
            self.epsilon = epsilon

        def __call__(self, x: Any, y: Any = None, eval_gradient: bool = False) -> Any:
            x = np.atleast_2d(x)
            y = x if y is None else y
            epsilon = np.clip(self.epsilon, _LEAST_EPSILON, _MOST_EPSILON)
            apart = np.abs(x[:, :1] - y[:, 0])
            squared = _squared(x[:, 1:], y[:, 1:])
            spatial = self.variance * np.exp(-squared / self.lengthscale)
            value = spatial * (1 - epsilon) ** (0.5 * apart)
            if not eval_gradient:
                return value
            of_scale = value * squared / self.lengthscale
            of_epsilon = -value * (apart / 2) * epsilon / (1 - epsilon)
            return value, np.dstack([value, of_scale, of_epsilon])

        def diag(self, x: Any) -> Any:
            return np.full(x.shape[0], self.variance, dtype=np.float64)

        def is_stationary(self) -> bool:
            return False

        @property
        def theta(self) -> Any:
            return np.log([self.variance, self.lengthscale, self.epsilon])

        @theta.setter
        def theta(self, theta: Any) -> None:
            self.variance, self.lengthscale, self.epsilon = np.exp(theta)

        @property
        def bounds(self) -> Any:
            wide = [1e-5, 1e5]
            return np.log([wide, wide, [_LEAST_EPSILON, _MOST_EPSILON]])

    return Forgetting
