"""What other searches call the arguments of a `BridgeSearchCV`."""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING, Any

from hpbridge.contract.registry import registry
from hpbridge.errors import ArgumentError, HpbridgeError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPACES = ("param_distributions", "param_grid", "search_spaces")
"""Of RandomizedSearchCV and OptunaSearchCV, GridSearchCV, and BayesSearchCV."""

_BACKEND = 'is backend="library:algorithm" here, as in backend="skopt:gp"'
_N_ITER = "is n_iter here"
_STUDY = "is not taken by a search; a study that `hpbridge.run` runs has such things"

# Of skopt's BayesSearchCV, Optuna's OptunaSearchCV, tune-sklearn's TuneSearchCV, and
# the libraries' own calls.
_ELSEWHERE = {
    "optimizer_kwargs": "is two arguments here: backend= names the optimizer, and "
    "options={...} has its options, by its library's own names",
    "search_kwargs": "is options={...} here, by the optimizer's library's own names",
    **dict.fromkeys(
        ("optimizer", "search_optimization", "sampler", "algo", "base_estimator"),
        _BACKEND,
    ),
    **dict.fromkeys(("n_trials", "n_calls", "max_evals", "num_samples"), _N_ITER),
    **dict.fromkeys(("n_points", "n_suggestions"), "is batch_size here"),
    **dict.fromkeys(("seed", "rstate"), "is random_state here"),
    "sk_n_jobs": "is n_jobs here",
    "fit_params": "is given to fit: fit(X, y, **fit_params)",
    "callbacks": "is not taken: set_callbacks(...) of scikit-learn 1.9 is",
    "iid": "is no argument of scikit-learn's searches any more",
    "mode": "is not needed: scikit-learn's scores are maximized",
    **dict.fromkeys(
        ("timeout", "time_budget_s", "study", "early_stopping", "enable_pruning"),
        _STUDY,
    ),
}


def without_words(init: Any) -> Any:
    """Leave what other searches say out of the signature of an `__init__`.

    scikit-learn, and its checks of an estimator, take every name there for a parameter.
    """
    shown = inspect.signature(init)
    own = [
        each for each in shown.parameters.values() if each.kind is not each.VAR_KEYWORD
    ]
    init.__signature__ = shown.replace(parameters=own)
    return init


def space_of(
    space: Any, words: Mapping[str, Any], backend: str, known: Sequence[str]
) -> Any:
    """Return the space of a search, which other searches call otherwise.

    Args:
        space: As it was given under our name; None where it was not.
        words: What was given under names that are not ours.
        backend: The optimizer, whose options are told from other names.
        known: The names that are.

    Raises:
        ArgumentError: With where each of the other arguments goes.
    """
    spaces = {name: words[name] for name in _SPACES if name in words}
    problems = [
        f"{name!r} {_where(name, value, backend, known)}"
        for name, value in words.items()
        if name not in spaces
    ]
    if space is not None or len(spaces) > 1:
        given = [*(["space"] if space is not None else []), *spaces]
        if len(given) > 1:
            problems.append(f"{' and '.join(given)} are one argument; give it once")
    if problems:
        headline = "BridgeSearchCV got arguments that it does not have"
        hint = f"it has {', '.join(known)}"
        raise ArgumentError(headline, problems, hint)
    return next(iter(spaces.values()), space)


def _where(name: str, value: Any, backend: str, known: Sequence[str]) -> str:
    """Return where an argument goes, the end of a sentence."""
    try:
        spec, algorithm = registry().algorithm(backend)
    except (HpbridgeError, AttributeError):  # no such optimizer: `fit` says so
        options: set[str] = set()
    else:
        options = {field.name for field in dataclasses.fields(algorithm.options)}
        backend = f"{spec.name}:{algorithm.name}"
    if name in options:
        return f"is an option of {backend}: options={{{name!r}: {value!r:.60}}}"
    return _ELSEWHERE.get(name) or f"is no argument; {nearest(name, known)}"
