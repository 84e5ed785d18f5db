"""Optuna's TPE, proposing the same in less time.

`TPESampler` goes over its whole history in Python for each proposal. `QuickTPESampler`
keeps what it needs of a finished trial, and scores the candidates with fewer arrays;
every operation that rounds is Optuna's own or the same one in the same order. It does
not have to be believed: see `hpbridge.plugin.Trust`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna import create_study
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import TPESampler
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from hpbridge.plugin import HpbridgeError, Trust, quiet
from hpbridge_optuna import _upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    SearchSpace = dict[str, BaseDistribution]
    Samples = dict[str, np.ndarray]


class QuickTPESampler(TPESampler):
    """See the module.

    Attributes:
        trust: Whether it is believed to propose what Optuna does.

    Args:
        every: As of `Trust`.
        options: As of `TPESampler`.

    Source:
        Optuna 5.0.0, `TPESampler._sample` and what it calls. Where an Optuna has no
        such method, or one that takes other arguments, nothing here is used.
    """

    def __init__(self, *, every: int = 64, **options: Any) -> None:
        super().__init__(**options)
        self.trust = Trust("optuna:tpe", every)
        self._history = _History()
        self._generator: Any = None
        try:
            self._generator = _upstream.TPE_RANDOM.of(self).rng
        except (HpbridgeError, AttributeError) as gone:
            self.trust.lost_because = str(gone)

    def _sample(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        own = functools.partial(_upstream.TPE_SAMPLE.get(), self, *args, **kwargs)
        quick = functools.partial(self._propose, *args, **kwargs)
        names = tuple(args[2]) if len(args) > 2 else ()  # noqa: PLR2004 - of the source
        return self.trust.propose(quick, own, generator=self._generator, key=names)

    def _propose(
        self, study: Study, trial: FrozenTrial, search_space: SearchSpace
    ) -> dict[str, Any] | None:
        """Propose as Optuna does; None where this is for Optuna to do."""
        gamma = _upstream.TPE_GAMMA.of(self)  # `_sample` sets it the first time
        if gamma is None or study.directions != [StudyDirection.MINIMIZE]:
            return None
        trials = _upstream.GET_TRIALS.of(study)(deepcopy=False, use_cache=True)
        history = self._history
        if not (history.follow(trials, trial.number) and history.knows(search_space)):
            return None
        observed = history.split(search_space, gamma)
        make = _unchecking(_upstream.TPE_ESTIMATOR.of(self))
        settings = _upstream.TPE_SETTINGS.of(self)
        below, above = (make(each, search_space, settings) for each in observed)
        n_candidates = _upstream.TPE_N_CANDIDATES.of(self)
        samples = below.sample(self._generator, n_candidates)
        compare = _upstream.TPE_COMPARE.of(self)
        best = compare(samples, _scores(below, above, samples))
        return {n: d.to_external_repr(best[n]) for n, d in search_space.items()}


class _History:
    """Of a study's complete trials what TPE looks at, in the order of their numbers.

    Arrays that are longer than needed, so that a trial is added in no time.
    """

    def __init__(self) -> None:
        self._n_seen = self._n_complete = 0
        self._values = np.zeros(64)
        self._numbers: Samples = {}
        self._has: Samples = {}
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
                self._add(trial)
            elif trial.state != TrialState.FAIL:
                return False
            self._n_seen += 1
        return self._n_complete > 0 and self._n_seen == len(trials) - 1

    def _add(self, trial: FrozenTrial) -> None:
        place, length = self._n_complete, len(self._values)
        if place == length:
            length *= 2
            self._values = _longer(self._values)
            self._numbers = {n: _longer(each) for n, each in self._numbers.items()}
            self._has = {name: _longer(each) for name, each in self._has.items()}
        self._values[place] = trial.values[0]
        for name, value in trial.params.items():
            number = self._distributions[name].to_internal_repr(value)
            if name not in self._numbers:
                self._numbers[name] = np.zeros(length, type(number))
                self._has[name] = np.zeros(length, bool)
            self._numbers[name][place] = number
            self._has[name][place] = True
        self._n_complete += 1

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
        order = np.argsort(self._values[: self._n_complete], kind="stable")
        n_best = gamma(len(order))
        return [
            self._of(np.sort(part), search_space)
            for part in (order[:n_best], order[n_best:])
        ]

    def _of(self, places: np.ndarray, search_space: SearchSpace) -> Samples:
        """Return the parameters of these trials, but for those that lack one."""
        if search_space.keys() <= self._numbers.keys():
            having = [self._has[name][places] for name in search_space]
            places = places[np.logical_and.reduce(having)]
            if len(places):
                return {name: self._numbers[name][places] for name in search_space}
        return {name: np.asarray([]) for name in search_space}


def _longer(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, np.zeros_like(array)])


@functools.cache
def _unchecking(estimator: type) -> type:
    """Return an estimator that believes in its weights: here they are the default."""
    name = _upstream.WEIGHTS.get().__name__
    weights = staticmethod(lambda of, n_observations: of(n_observations))
    return type(estimator.__name__, (estimator,), {name: weights})


def _scores(below: Any, above: Any, samples: Samples) -> np.ndarray:
    """Return the logarithm of the ratio of two estimators' densities at each sample."""
    kernels = _upstream.MIXTURE.of(below).distributions
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
    weights, kernels = _upstream.MIXTURE.of(estimator)
    mu = np.asarray([k.mu for k in kernels]).T
    sigma = np.asarray([k.sigma for k in kernels]).T
    low = (np.asarray([k.adapted_low for k in kernels]) - mu) / sigma
    high = (np.asarray([k.adapted_high for k in kernels]) - mu) / sigma
    log_mass = _upstream.LOG_MASS.get()(low, high)
    log_sigma = np.log(sigma)
    log_norm = _upstream.LOG_NORM.get()
    total = np.zeros((len(points[0]), len(weights)))
    for k, x in enumerate(points):
        part = np.subtract.outer(x, mu[:, k])
        part /= sigma[:, k]
        np.square(part, out=part)
        part *= -0.5
        part -= log_norm
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


def problems_of_quick_way() -> list[str]:
    """Return what is wrong with it, by a look at every proposal of short runs."""
    found = dict.fromkeys(
        problem
        for multivariate in (True, False)
        for names in ("xy", "xyzc")
        if (problem := _problem_of_run({n: _RANGES[n] for n in names}, multivariate))
    )
    return list(found)


_RANGES: SearchSpace = {
    "x": FloatDistribution(-1, 2),
    "y": FloatDistribution(1e-3, 1, log=True),
    "z": IntDistribution(0, 20, step=2),
    "c": CategoricalDistribution(("a", "b", "c")),
}


def _problem_of_run(space: SearchSpace, multivariate: bool) -> str:
    sampler = QuickTPESampler(every=1, seed=0, multivariate=multivariate)
    with quiet(InMemoryStorage.__module__):
        study = create_study(sampler=sampler)
    for _ in range(30):
        trial = study.ask(space)
        study.tell(trial, abs(trial.params["x"]) + trial.params["y"])
    if sampler.trust.n_looks == 0:
        return "the quick way of optuna:tpe is never asked"
    return "".join(sampler.trust.notes)
