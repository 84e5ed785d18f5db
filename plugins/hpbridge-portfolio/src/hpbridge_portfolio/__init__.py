"""Several optimizers as one: they share the trials, and each learns from all of them.

And `auto`, which chooses one optimizer or several of them. Everything that is declared
is here. What a portfolio can follows from its members; see `hpbridge.contract.members`.
"""

from __future__ import annotations

from typing import Any

from hpbridge.plugin import (
    Algorithm,
    BackendSpec,
    Capabilities,
    Capability,
    Feature,
    Support,
    hookimpl,
    lazy,
)
from hpbridge_portfolio.options import EliminationOptions, EqualOptions, GumbelOptions

__all__ = ["AUTO", "SPEC"]

_OF_MEMBERS = Capability(Support.NATIVE, "where each of its members can")

_COMMON: dict[str, Any] = {
    "capabilities": Capabilities(dict.fromkeys(Feature, _OF_MEMBERS)),
    "native_call": "hpbridge.run",
    "recommended_trials": "as its members",
    "takes_members": True,
}

SPEC = BackendSpec(
    name="portfolio",
    summary="Several optimizers with one history, as in portfolio:optuna:tpe+skopt:gp.",
    requires=(),
    algorithms={
        "equal": Algorithm(
            name="equal",
            summary="Asks its members in turn; each learns from all trials.",
            options=EqualOptions,
            source="Liu, Tunguz, Titericz, arXiv:2012.04201, 2020",
            **_COMMON,
        ),
        "elimination": Algorithm(
            name="elimination",
            summary="Asks its members in turn, then the best one alone.",
            options=EliminationOptions,
            source="ConfPortfolio of Nevergrad 1.0.12",
            quick={"n_warmup_trials": 2},
            **_COMMON,
        ),
        "gumbel": Algorithm(
            name="gumbel",
            summary="Asks the member that a bandit draws, by how its trials rank.",
            options=GumbelOptions,
            source="Cesa-Bianchi et al., NeurIPS 2017 (arXiv:1705.10257)",
            **_COMMON,
        ),
    },
    create=lazy("hpbridge_portfolio.backend.making:create"),
    explain=lazy("hpbridge_portfolio.backend.making:explain"),
    is_library=False,
)


_AS_CHOSEN = Capability(Support.EMULATED, "as the optimizer that is chosen")

AUTO = BackendSpec(
    name="auto",
    summary="The optimizer that suits what is tuned, by rules that were measured.",
    requires=(),
    algorithms={
        "auto": Algorithm(
            name="auto",
            summary="Chooses an optimizer before the study begins, and says why.",
            capabilities=Capabilities(dict.fromkeys(Feature, _AS_CHOSEN)),
            native_call="hpbridge.run",
            recommended_trials="any",
            source="hpbridge_portfolio.auto.rules, and the evidence beside it",
        )
    },
    create=lazy("hpbridge_portfolio.auto.choosing:create"),
    resolve=lazy("hpbridge_portfolio.auto.choosing:resolve"),
    is_library=False,
)


@hookimpl
def hpbridge_backends() -> list[BackendSpec]:
    return [SPEC, AUTO]
