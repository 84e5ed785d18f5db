"""Optuna's TPE, proposing the same in less time.

`TPESampler` goes over its whole history in Python for each proposal. `LeanTPESampler`
keeps what it needs of a finished trial, and scores the candidates with fewer arrays;
every operation that rounds is Optuna's own or the same one in the same order.

It does not have to be believed: at the 1st, 2nd, 4th, 8th ... proposal Optuna's own
code proposes too, from the same state of the generator. If the two differ in one bit,
as after a change in Optuna they may, Optuna's own code proposes from there on.
"""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    SearchSpace = dict[str, BaseDistribution]
    Samples = dict[str, np.ndarray]


class LeanTPESampler(TPESampler):
    """See the module.

    Source:
        Optuna 5.0.0, `TPESampler._sample` and what it calls. Where an Optuna has no
        such method, or one that takes other arguments, nothing here is used.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._history = _History()
        self._n_proposed: Counter[tuple[str, ...]] = Counter()
        self._is_trusted = True

    def _sample(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if not self._is_trusted or len(args) != 3 or kwargs:  # noqa: PLR2004 - above
            return super()._sample(*args, **kwargs)
        names = tuple(args[2])
        self._n_proposed[names] += 1
        n = self._n_proposed[names]
        if n & (n - 1) == 0:
            return self._compared(*args)
        found = self._propose(*args)
        return super()._sample(*args) if found is None else found

    def _compared(self, *args: Any) -> dict[str, Any]:
        """Return Optuna's own proposal, after a look whether ours is the same."""
        rng = self._rng.rng
        before = rng.get_state()
        theirs = super()._sample(*args)
        after = rng.get_state()
        rng.set_state(before)
        try:
            ours = self._propose(*args)
            if ours is not None:
                state = map(np.array_equal, rng.get_state(), after)
                self._is_trusted = ours == theirs and all(state)
        except Exception:  # noqa: BLE001 - whatever it is that Optuna has changed
            self._is_trusted = False
        rng.set_state(after)
        return theirs

    def _propose(
        self, study: Study, trial: FrozenTrial, search_space: SearchSpace
    ) -> dict[str, Any] | None:
        """Propose as Optuna does; None where this is for Optuna to do."""
        gamma = self._gamma  # Optuna's `_sample` sets it the first time
        if gamma is None or study.directions != [StudyDirection.MINIMIZE]:
            return None
        trials = study._get_trials(deepcopy=False, use_cache=True)
        history = self._history
        if not (history.follow(trials, trial.number) and history.knows(search_space)):
            return None
        observed = history.split(search_space, gamma)
        make = _unchecking(self._parzen_estimator_cls)
        below, above = (
            make(each, search_space, self._parzen_estimator_parameters)
            for each in observed
        )
        samples = below.sample(self._rng.rng, self._n_ei_candidates)
        best = self._compare(samples, _scores(below, above, samples))
        return {n: d.to_external_repr(best[n]) for n, d in search_space.items()}


class _History:
    """Of a study's complete trials what TPE looks at, in the order of their numbers."""

    def __init__(self) -> None:
        self._n_seen = 0
        self._values: list[float] = []
        self._params: list[dict[str, float]] = []
        self._distributions: SearchSpace = {}

    def follow(self, trials: Sequence[FrozenTrial], asked: int) -> bool:
        """Take in the trials that are new; say whether all but the last are simple.

        Simple is what failed, and is forgotten, or is complete without constraints and
        of the same parameters as all the others.
        """
        for trial in trials[self._n_seen :]:
            if trial.number == asked:
                break
            if trial.state == TrialState.COMPLETE:
                if trial.constraints or not self.knows(trial.distributions):
                    return False
                self._values.append(trial.values[0])
                self._params.append(
                    {
                        name: self._distributions[name].to_internal_repr(value)
                        for name, value in trial.params.items()
                    }
                )
            elif trial.state != TrialState.FAIL:
                return False
            self._n_seen += 1
        return bool(self._values) and self._n_seen == len(trials) - 1

    def knows(self, space: SearchSpace) -> bool:
        """Say whether the parameters are what they were in every other trial."""
        known = self._distributions
        return all(known.setdefault(name, each) == each for name, each in space.items())

    def split(
        self, search_space: SearchSpace, gamma: Callable[[int], int]
    ) -> list[Samples]:
        """Return the parameters of the best trials, and of the others.

        Args:
            search_space: Trials that lack a parameter of it are left out.
            gamma: Of how many trials there are, how many are the best.
        """
        names = search_space.keys()
        order = np.argsort(self._values, kind="stable")
        n_best = gamma(len(order))
        found: list[Samples] = []
        for part in (order[:n_best], order[n_best:]):
            every = [self._params[k] for k in np.sort(part).tolist()]
            having = [params for params in every if names <= params.keys()]
            found.append({n: np.asarray([each[n] for each in having]) for n in names})
        return found


@functools.cache
def _unchecking(estimator: type) -> type:
    """Return an estimator that believes in its weights: here they are the default."""
    weights = staticmethod(lambda of, n_observations: of(n_observations))
    return type(estimator.__name__, (estimator,), {"_call_weights_func": weights})


def _scores(below: Any, above: Any, samples: Samples) -> np.ndarray:
    """Return the logarithm of the ratio of two estimators' densities at each sample."""
    kernels = below._mixture_distribution.distributions
    if all(hasattr(k, "mu") and k.step == 0.0 for k in kernels):
        points = [
            np.log(x) if k.is_log else x
            for k, x in zip(kernels, samples.values(), strict=True)
        ]
        # By a rounding a sample may lie outside, where there is no density.
        if all(
            k.adapted_low <= x.min() and x.max() <= k.adapted_high
            for k, x in zip(kernels, points, strict=True)
        ):
            ratio: np.ndarray = _log_pdf(below, points) - _log_pdf(above, points)
            return ratio
    return below.log_pdf(samples) - above.log_pdf(samples)  # type: ignore[no-any-return]


def _log_pdf(estimator: Any, points: list[np.ndarray]) -> np.ndarray:
    """Return the logarithm of an estimator's density at each point.

    Source:
        Optuna 5.0.0, `_MixtureOfProductDistribution.log_pdf` and `_truncnorm.logpdf`
        within it, for ranges without steps and points within them.
    """
    from optuna.samplers._tpe import _truncnorm

    weights, kernels = estimator._mixture_distribution
    mu = np.asarray([k.mu for k in kernels]).T
    sigma = np.asarray([k.sigma for k in kernels]).T
    low = (np.asarray([k.adapted_low for k in kernels]) - mu) / sigma
    high = (np.asarray([k.adapted_high for k in kernels]) - mu) / sigma
    log_mass = _truncnorm._log_gauss_mass(low, high)
    log_sigma = np.log(sigma)
    total = np.zeros((len(points[0]), len(weights)))
    for k, x in enumerate(points):
        part = np.subtract.outer(x, mu[:, k])
        part /= sigma[:, k]
        np.square(part, out=part)
        part *= -0.5
        part -= _truncnorm._norm_pdf_logC
        part -= log_mass[:, k]
        part -= log_sigma[:, k]
        total += part
    total += np.log(weights)
    highest = total.max(axis=1)
    highest[np.isneginf(highest)] = 0
    total -= highest[:, np.newaxis]
    np.exp(total, out=total)
    with np.errstate(divide="ignore"):
        return np.log(total.sum(axis=1)) + highest  # type: ignore[no-any-return]
