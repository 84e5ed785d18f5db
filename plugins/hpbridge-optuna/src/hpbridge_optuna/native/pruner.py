"""Read pruners of Optuna's: which of ours each is, and with which options."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import OptionError
from hpbridge_optuna import _upstream

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = {
    "MedianPruner": "median",
    "PercentilePruner": "percentile",
    "ThresholdPruner": "threshold",
    "PatientPruner": "patient",
    "WilcoxonPruner": "wilcoxon",
    "SuccessiveHalvingPruner": "sha",
    "HyperbandPruner": "hyperband",
}
"""Our pruner of each class; its arguments are our options."""


def pruner_of(given: object) -> tuple[str, Mapping[str, object]] | None:
    """Return the name and the options of a pruner of Optuna's; None where it is none.

    Raises:
        OptionError: If it is of a class that is none of Optuna's own, or ends nothing.
    """
    optuna = sys.modules.get("optuna")
    if optuna is None or not isinstance(given, optuna.pruners.BasePruner):
        return None
    kind = type(given)
    name = _NAMES.get(kind.__name__, "")
    if kind is optuna.pruners.NopPruner:
        raise _refused(given, "it ends nothing: leave the pruner out")
    if kind is not getattr(optuna.pruners, kind.__name__, None) or not name:
        why = "only Optuna's own pruners are known here, and this class is none"
        raise _refused(given, why)
    options = {
        argument: _plain(private.of(given))
        for argument, private in _upstream.PRUNERS[kind.__name__].items()
    }
    found = pruner_of(options.pop("wrapped_pruner", None))
    if found is not None:
        options |= {"wrapped": found[0], "wrapped_options": dict(found[1])}
    return name, options


def _plain(value: Any) -> Any:
    """Return an argument as our options have it: None for what is open."""
    is_open = value == "auto" or (isinstance(value, float) and math.isinf(value))
    return None if is_open else value


def _refused(given: object, why: str) -> OptionError:
    headline = f"A {type(given).__name__} of Optuna's cannot be kept"
    return OptionError(headline, [why], "`hpbridge pruners` lists what ends trials")
