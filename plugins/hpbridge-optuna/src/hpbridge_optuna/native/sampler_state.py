"""What Optuna's samplers note with trials and studies, brought to another storage."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Array, InertError, Stub, loads

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM = "system_attrs"
"""In `native` of studies and trials: what Optuna's samplers noted with them."""
PARENTS = ":parent:"
"""In the keys under which the genetic samplers keep the ids of parents."""
_STATE = "optimizer:"
"""In the keys under which CMA-ES keeps its state: a pickle as hexadecimal text."""

_OF_CMA = {
    "cmaes._cma.CMA": "CMA",
    "cmaes._sepcma.SepCMA": "SepCMA",
    "cmaes._cmawm.CMAwM": "CMAwM",
}


def remapped(system: Mapping[str, Any], ids: Mapping[Any, int]) -> dict[str, Any]:
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
    return {name: value for name, value in system.items() if _STATE not in name}


def with_safe_pickles(system: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial's system attributes; a state of CMA-ES is made anew of its data.

    Optuna unpickles it, and a pickle from a foreign storage could run anything.

    Raises:
        InertError: If a state is none of CMA-ES.

    Source:
        Optuna 5.0.0, `CmaEsSampler._restore_optimizer`.
    """
    parts = {name: value for name, value in system.items() if _STATE in name}
    if not parts:
        return dict(system)
    prefix = next(iter(parts)).partition(_STATE)[0] + _STATE
    try:
        text = "".join(parts[f"{prefix}{k}"] for k in range(len(parts)))
        data = bytes.fromhex(text)
    except (KeyError, TypeError, ValueError) as error:
        msg = "a state of CMA-ES is no hexadecimal text"
        raise InertError(msg) from error
    made = pickle.dumps(_cma_of(loads(data))).hex()
    return without_pickles(system) | {f"{prefix}0": made}


def _cma_of(stub: Any) -> Any:
    """Return the optimizer that an inert one stands for."""
    import cmaes

    name = _OF_CMA.get(stub.path) if isinstance(stub, Stub) else None
    if name is None or not isinstance(stub.state, dict):
        msg = f"a state of CMA-ES is {stub!r:.60}"
        raise InertError(msg)
    cls = getattr(cmaes, name)
    made = cls.__new__(cls)
    try:
        made.__setstate__({key: _real(value) for key, value in stub.state.items()})
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        msg = f"a state of CMA-ES is damaged: {error}"
        raise InertError(msg) from error
    return made


def _real(value: Any) -> Any:
    if isinstance(value, Array):
        return value.array
    if isinstance(value, Stub):
        return _cma_of(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    msg = f"a state of CMA-ES holds {value!r:.60}"
    raise InertError(msg)
