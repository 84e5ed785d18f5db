"""The search: scikit-learn's own loop over candidates that an optimizer proposes.

The only module of hpbridge that needs scikit-learn to be imported.
"""

from __future__ import annotations

import copy
import numbers
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state

from hpbridge.contract.registry import registry
from hpbridge.formats.search_sampling import read_sampled
from hpbridge.formats.search_spaces import read_spaces
from hpbridge.hosts.recipe import GuestRecipe
from hpbridge.hosts.sklearn.candidates import (
    SameSplits,
    SearchedSpace,
    begin,
    take,
)
from hpbridge.hosts.sklearn.pruned import Turns, quiet_of_pruned
from hpbridge.hosts.sklearn.sampled import SampledSpaces
from hpbridge.hosts.sklearn.scoring import fit_and_score_unmasked
from hpbridge.hosts.sklearn.studies import studies_of
from hpbridge.hosts.sklearn.tasks import Tasks
from hpbridge.hosts.sklearn.upstream import (
    base_search,
    fit_context,
    fit_with,
    insert_error_scores,
    interval,
    judge_failures,
)
from hpbridge.hosts.sklearn.words import space_of, without_words
from hpbridge.pruners.choosing import chosen_pruner
from hpbridge.trial import trial_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hpbridge.formats.search_sampling import Sampled
    from hpbridge.hosts.sklearn.candidates import Candidate, Fit
    from hpbridge.study import Study


BaseSearchCV: Any = base_search.get()
Interval = interval.get()

# Of the functions that scikit-learn's own `fit` calls, one knows what is masked, and
# two are others for batches that are not all candidates. It ends a search in which all
# fits of a batch failed, as is right where a batch is all candidates: that decision
# waits for the last one, in `BridgeSearchCV._complete`. And it splits anew for each
# batch.
_REPLACED = {
    "_fit_and_score": fit_and_score_unmasked,
    "_warn_or_raise_about_fit_failures": lambda *_: None,
    "check_cv": lambda *args, **kwargs: SameSplits(check_cv(*args, **kwargs)),
}
_fit = fit_with(_REPLACED)


_RANDOM = ("random", "random")
"""Backend and algorithm that draw what `RandomizedSearchCV` draws, in its words."""


class BridgeSearchCV(BaseSearchCV):  # type: ignore[misc]  # it has no types
    """Search an estimator's hyperparameters with any optimizer, by cross-validation.

    It is used as `sklearn.model_selection.RandomizedSearchCV` is, and has its methods,
    its attributes and its ``cv_results_``. Candidates are proposed one after the other
    by an optimizer that learns from the mean test scores of earlier ones.

    With ``backend="random"`` and a space in the words of `RandomizedSearchCV` alone
    (lists, and what has an `rvs`), it is that search: its candidates for the same
    `random_state`, without repeats where there are only lists.

    The search depends on `random_state` and `batch_size` alone, not on `n_jobs`: the
    fits of a batch run at the same time, and the optimizer is told of them in the
    order in which it proposed them. All candidates are evaluated on the same splits.

    A second `fit` is a new search. A candidate whose score is NaN is a failed trial;
    one to which `error_score` gives a number has that number. A score that is masked
    is NaN, where `RandomizedSearchCV` takes the number under the mask.

    Args:
        estimator: An estimator, or a pipeline (``{"step__parameter": ...}``).
        space: What is searched, by the estimator's parameter names: a dict of
            hpbridge's parameters, distributions of scipy.stats and other objects with
            an `rvs` (which only random search takes where they have no `ppf`), lists
            of any choices (one that is there twice is drawn twice as often), and
            domains of any installed backend (skopt's ``Real`` say); an
            `hpbridge.Space`, with conditions too; a library's own space; or a list of
            such, each alone or as ``(space, n_iter)``, searched one after the other.
            ``param_distributions=``, ``param_grid=`` and ``search_spaces=`` are other
            words for it.
        backend: The optimizer, ``backend`` or ``backend:algorithm``.
        n_iter: How many candidates are tried, in each space that names no number. Of
            several dicts in the words of `RandomizedSearchCV`, random search tries as
            many in all, as there.
        options: Of the optimizer's algorithm, by the library's own names.
        batch_size: How many candidates the optimizer proposes at a time; more keep
            more than ``cv`` processes busy, and let it learn later. None is 1, or all
            for random search, whose draws depend on nothing.
        pruner: What ends candidates before their last fold, as ``"race"``: a name of
            ``hpbridge pruners``, or (name, options). The folds of a batch are fitted
            one after the other, in an order drawn by `random_state`, so that
            `batch_size`, of which None is 1 then, is how many fits run at the same
            time. The mean score of a candidate that was ended is NaN.
        scoring: As of `RandomizedSearchCV`. Of several metrics the one of `refit` is
            optimized, else the first; all are in ``cv_results_``.
        n_jobs: How many fits run at the same time.
        refit: As of `RandomizedSearchCV`: a bool, a metric's name, or a callable.
        cv: As of `RandomizedSearchCV`.
        verbose: As of `RandomizedSearchCV`, per batch.
        pre_dispatch: As of `RandomizedSearchCV`.
        random_state: An int is the optimizer's seed as of `hpbridge.run`; otherwise
            the seed is drawn from it, as scikit-learn draws.
        error_score: As of `RandomizedSearchCV`.
        return_train_score: As of `RandomizedSearchCV`.

    Attributes:
        studies_: The study of each space that was tried, in order: `hpbridge.Study`.
        study_: The study, where there is one space.

    Raises:
        HpbridgeError: By `fit`, before the first fit: what is wrong with the space,
            the optimizer or its options.

    Source:
        scikit-learn 1.9.1, `sklearn.model_selection._search.BaseSearchCV.fit`.

    Example:
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> from hpbridge import Float
        >>> from hpbridge.sklearn import BridgeSearchCV
        >>> space = {"C": Float(1e-2, 1e2, log=True), "kernel": ["rbf", "linear"]}
        >>> search = BridgeSearchCV(SVC(), space, backend="random", n_iter=5,
        ...                         random_state=0)
        >>> bool(search.fit(*load_iris(return_X_y=True)).best_score_ > 0.9)
        True
    """

    _parameter_constraints: dict[str, Any] = {  # noqa: RUF012 - as scikit-learn's
        **BaseSearchCV._parameter_constraints,
        "space": "no_validation",
        "backend": [str],
        "n_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "options": [dict, None],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "pruner": "no_validation",
        "random_state": ["random_state"],
    }

    @without_words
    def __init__(  # noqa: PLR0913 - as the searches of scikit-learn
        self,
        estimator: Any,
        space: Any = None,
        *,
        backend: str = "optuna",
        n_iter: int = 10,
        options: Mapping[str, object] | None = None,
        batch_size: int | None = None,
        pruner: str | tuple[str, Mapping[str, object]] | None = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: float | str = np.nan,
        return_train_score: bool = False,
        **words: Any,
    ) -> None:
        if words:
            space = space_of(space, words, backend, self._get_param_names())
        self.space = space
        self.backend = backend
        self.n_iter = n_iter
        self.options = options
        self.batch_size = batch_size
        self.pruner = pruner
        self.random_state = random_state
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )

    # The estimator that it is given is not checked, so its own parameters are.
    @fit_context.get()(prefer_skip_nested_validation=False)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, **params: Any) -> BridgeSearchCV:  # noqa: N803
        """Search, then fit the best candidate to all the data.

        Args:
            X: Of shape (n_samples, n_features), or what the estimator takes.
            y: Of shape (n_samples,) or (n_samples, n_outputs).
            params: As of `RandomizedSearchCV.fit`: ``groups``, ``sample_weight`` and
                other metadata of the estimator, the scorer and the splitter.
        """
        fit, turns = _fit, None
        if self.pruner is not None:
            turns = Turns(chosen_pruner(self.pruner))
            fit = fit_with({**_REPLACED, "check_cv": turns.taking(check_cv)})
        self._turns = turns
        try:
            fit(self, X, y, **params)
            if turns is not None:
                self.n_splits_ = turns.splits.n_splits  # not one at a time
        finally:
            for name in ("_evaluated", "_turns"):
                self.__dict__.pop(name, None)
            checked = self.__dict__.get("_checked_cv_orig")
            if isinstance(checked, SameSplits):
                self._checked_cv_orig = checked.splitter  # without all the indices
        return self

    @property
    def study_(self) -> Study:
        """The study of a search of one space."""
        studies: list[Study] = list(getattr(self, "studies_", ()))
        if len(studies) != 1:
            msg = f"study_ is there after one space was searched, not {len(studies)}"
            raise AttributeError(msg)
        return studies[0]

    def _run_search(
        self, evaluate_candidates: Callable[..., Any], *, callback_ctx: Any = None
    ) -> None:
        searches, turns = self._searched(), self._turns
        if turns is not None:
            turns.begin(searches)
        # Before 1.9, which has no callbacks, it is not known yet.
        known = getattr(self, "n_splits_", 0)
        n_splits = known if turns is None else turns.splits.n_splits
        tasks = Tasks.begun(self, callback_ctx, searches, n_splits)
        results: dict[str, Any] = {}
        done: list[Candidate] = []

        def fit(running: list[Candidate]) -> list[list[Fit]]:
            nonlocal results
            context = tasks.next()
            results = evaluate_candidates([each.values for each in running], **context)
            _, n_at_once, out = self._evaluated
            tasks.n_begun = len(out)
            last = out[-len(running) * n_at_once :]
            return [last[k : k + n_at_once] for k in range(0, len(last), n_at_once)]

        for each in searches:
            for batch in each.batches():
                begin(batch, len(done))
                if turns is None:
                    take(batch, fit(batch))
                else:
                    turns.evaluate(each, batch, fit, self._metric)
                done += batch
                each.tell(batch, self._metric())
        tasks.end(self)
        self._complete(results, done)
        spaces = [space for each in searches for space in each.spaces]
        self.studies_ = studies_of(
            self.estimator,
            spaces,
            results,
            self._metric(),
            None if turns is None else turns.chosen,
        )

    def _searched(self) -> list[SearchedSpace | SampledSpaces]:
        """Return what proposes the candidates; what is wrong with it is said here."""
        names = registry().algorithm(self.backend)
        if [each.name for each in names] == list(_RANDOM):
            sampled = read_sampled(self.space, self.n_iter)
            if sampled is not None:
                return self._sampled(sampled)
        seed = self.random_state
        if not isinstance(seed, numbers.Integral):
            seed = check_random_state(seed).randint(2**32, dtype=np.uint32)
        spaces = read_spaces(self.space, self.n_iter, self.estimator)
        return [
            SearchedSpace(read, self._recipe(int(seed), k), self._n_at_once)
            for k, read in enumerate(spaces)
        ]

    def _sampled(self, sampled: list[Sampled]) -> list[SearchedSpace | SampledSpaces]:
        state = self.random_state
        if isinstance(state, numbers.Integral):
            seed = int(state)
        else:
            # The record's: of what it is in now, and with nothing drawn from it.
            now = copy.deepcopy(check_random_state(state))
            seed = int(now.randint(2**32, dtype=np.uint32))
        found: list[SearchedSpace | SampledSpaces] = []
        for k, each in enumerate(sampled):
            recipe = self._recipe(seed, k)
            begin = recipe.seed if k and state is not None else state
            found.append(
                SampledSpaces(each, recipe, begin, self._n_at_once, self.estimator)
            )
        return found

    @property
    def _n_at_once(self) -> int | None:
        """How many candidates are in a batch; a race needs others before it."""
        is_raced = self.pruner is not None and self.batch_size is None
        return 1 if is_raced else self.batch_size

    def _recipe(self, seed: int, k: int) -> GuestRecipe:
        """Return what makes the optimizer of a space, by the place of that."""
        # Spaces after the first must not repeat its draws.
        seed = trial_seed(seed, k) if k else seed
        return GuestRecipe(self.backend, seed=seed, options=self.options or {})

    def _format_results(
        self,
        candidate_params: list[Any],
        n_splits: int,
        out: list[Any],
        more_results: Any = None,  # noqa: ARG002 - there are none
    ) -> dict[str, Any]:
        # It is called after every batch with all there is so far; the table, whose
        # time grows with that, is made once, by `_complete`.
        self._evaluated = (candidate_params, n_splits, out)
        return {}

    def _complete(self, results: dict[str, Any], done: list[Candidate]) -> None:
        """Fill ``cv_results_``, and judge all fits as scikit-learn judges a batch."""
        out = [fit for candidate in done for fit in candidate.fits]
        if callable(self.scoring):
            insert_error_scores.get()(out, self.error_score)
        judge_failures.get()(out, self.error_score)
        values = [candidate.values for candidate in done]
        n_splits = len(out) // max(len(done), 1)
        with quiet_of_pruned(done):
            results.update(super()._format_results(values, n_splits, out))

    def _metric(self) -> str:
        """Return the name of the metric that is optimized."""
        fits = self._evaluated[2]
        fit = next((each for each in fits if each["fit_error"] is None), fits[0])
        scores = fit["test_scores"]
        if not isinstance(scores, dict):
            return "score"
        # What a callable `scoring` returns is known only now.
        self._check_refit_for_multimetric(scores)
        return (
            self.refit if isinstance(self.refit, str) else next(iter(scores), "score")
        )
