"""What Optuna's samplers note with trials and studies, brought to another storage."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Array, Stub, inert
from hpbridge_optuna import _upstream
from hpbridge_optuna._upstream import CMA_CLASSES, CMA_STATE, PARENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.study import Study as OptunaStudy

SYSTEM = "system_attrs"
"""In `native` of studies and trials: what Optuna's samplers noted with them."""
_OF_CMA = {f"cmaes.{module}.{name}": name for name, module in CMA_CLASSES.items()}


def restore_system_attributes(
    study: OptunaStudy, trials: Sequence[Any], native: Mapping[str, Any]
) -> None:
    """Give a study of these trials what Optuna's samplers had noted with it.

    Args:
        study: With the trials, and nothing else.
        trials: Each with its `native`.
        native: Of the study that the trials are from.
    """
    new = map(_upstream.TRIAL_ID.of, study.get_trials(deepcopy=False))
    old = (trial.native.get("id") for trial in trials)
    ids = dict(zip(old, new, strict=True))
    storage, key = _upstream.STORAGE.of(study), _upstream.STUDY_ID.of(study)
    for name, value in _remapped(native.get(SYSTEM, {}), ids).items():
        storage.set_study_system_attr(key, name, value)


def _remapped(system: Mapping[str, Any], ids: Mapping[Any, int]) -> dict[str, Any]:
    """Return a study's system attributes with the ids of trials as they are now.

    Parents that are not all there are left out: the sampler selects them anew.

    Args:
        system: As they were.
        ids: New id by old id.

    Source:
        Optuna 5.0.0, `BaseGASampler.get_parent_population`.
    """
    found: dict[str, Any] = {}
    for name, value in system.items():
        if PARENTS not in name:
            found[name] = value
        elif isinstance(value, list) and all(each in ids for each in value):
            found[name] = [ids[each] for each in value]
    return found


def without_pickles(system: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial's system attributes without the states of CMA-ES."""
    return {name: value for name, value in system.items() if CMA_STATE not in name}


def with_safe_pickles(system: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial's system attributes; a state of CMA-ES is made anew of its data.

    Optuna unpickles it, and a pickle from a foreign storage could run anything.

    Raises:
        inert.InertError: If a state is none of CMA-ES.

    Source:
        Optuna 5.0.0, `CmaEsSampler._restore_optimizer`.
    """
    parts = {name: value for name, value in system.items() if CMA_STATE in name}
    if not parts:
        return dict(system)
    prefix = next(iter(parts)).partition(CMA_STATE)[0] + CMA_STATE
    try:
        text = "".join(parts[f"{prefix}{k}"] for k in range(len(parts)))
        data = bytes.fromhex(text)
    except (KeyError, TypeError, ValueError) as error:
        msg = "a state of CMA-ES is no hexadecimal text"
        raise inert.InertError(msg) from error
    made = pickle.dumps(_cma_of(inert.loads(data))).hex()
    return without_pickles(system) | {f"{prefix}0": made}


def _cma_of(stub: Any) -> Any:
    """Return the optimizer that an inert one stands for."""
    import cmaes

    name = _OF_CMA.get(stub.path) if isinstance(stub, Stub) else None
    if name is None or not isinstance(stub.state, dict):
        msg = f"a state of CMA-ES is {stub!r:.60}"
        raise inert.InertError(msg)
    cls = getattr(cmaes, name)
    made = cls.__new__(cls)
    # As `pickle` does where a class has no method for it, as CMAwM.
    restore = getattr(made, "__setstate__", vars(made).update)
    try:
        restore({key: _real(value) for key, value in stub.state.items()})
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        msg = f"a state of CMA-ES is damaged: {error}"
        raise inert.InertError(msg) from error
    return made


def _real(value: Any) -> Any:
    if isinstance(value, Array):
        return value.array
    if isinstance(value, Stub):
        return _cma_of(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    msg = f"a state of CMA-ES holds {value!r:.60}"
    raise inert.InertError(msg)
