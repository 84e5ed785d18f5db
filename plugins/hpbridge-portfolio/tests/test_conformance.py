from __future__ import annotations

from hpbridge.testing import BackendConformance
from hpbridge.testing.joined import joined
from hpbridge_portfolio import SPEC


class TestPortfolio(BackendConformance):
    spec = joined(
        SPEC,
        "optuna:tpe+skopt:gp",
        "elimination:hyperopt:tpe+optuna:tpe",
        "gumbel:random+skopt:et",
    )


class TestOneMember(BackendConformance):
    spec = joined(SPEC, "optuna:tpe")
