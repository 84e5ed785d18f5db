"""hpbridge: one experiment, any optimizer, nothing lost in translation.

The words, and what the bridged libraries call them:

============= ============ =========== ========== ================= ============
hpbridge      Optuna       Hyperopt    skopt      bayes_opt         Ray Tune
============= ============ =========== ========== ================= ============
objective     objective    fn          func       f                 trainable
space         suggest_*    space       dimensions pbounds           param_space
trial         trial        trial       -          -                 trial
ask / tell    ask / tell   suggest     ask / tell suggest/register  suggest
n_trials      n_trials     max_evals   n_calls    init_points+n_iter num_samples
seed          seed         rstate      random_state random_state    per searcher
============= ============ =========== ========== ================= ============

Names are imported when they are first used, so that ``import hpbridge`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpbridge import callbacks
    from hpbridge.analysis.lineage import Schedule
    from hpbridge.bench.running import bench
    from hpbridge.commands.command import Command
    from hpbridge.engine.compare import Comparison, compare
    from hpbridge.engine.confirm import confirm
    from hpbridge.engine.open_study import open_study
    from hpbridge.engine.replay import replay
    from hpbridge.engine.requests import enqueue
    from hpbridge.engine.resume import resume
    from hpbridge.engine.run import maximize, minimize, run
    from hpbridge.errors import HpbridgeError
    from hpbridge.evaluation.curve import Curve
    from hpbridge.evaluation.evaluation import Evaluation
    from hpbridge.evaluation.procedure import HoldOut, KFold, LeaveOneOut, TimeOrder
    from hpbridge.experiment import Experiment
    from hpbridge.formats.studies import import_study, read_study, write_study
    from hpbridge.report.search import report
    from hpbridge.space.budget import Budget
    from hpbridge.space.categorical import Categorical
    from hpbridge.space.parameters import Constant, Float, Int
    from hpbridge.space.priors import LogNormal, Normal, ScipyPrior
    from hpbridge.space.quantized import Quantized
    from hpbridge.space.space import Space
    from hpbridge.study import Study, load_study
    from hpbridge.trial import State, Trial, TrialPruned

__version__ = "0.1.0"

_HOMES = {
    "Budget": "space.budget",
    "Schedule": "analysis.lineage",
    "replay": "engine.replay",
    "Categorical": "space.categorical",
    "Command": "commands.command",
    "Comparison": "engine.compare",
    "Constant": "space.parameters",
    "Curve": "evaluation.curve",
    "Evaluation": "evaluation.evaluation",
    "Experiment": "experiment",
    "Float": "space.parameters",
    "HpbridgeError": "errors",
    "HoldOut": "evaluation.procedure",
    "Int": "space.parameters",
    "KFold": "evaluation.procedure",
    "LeaveOneOut": "evaluation.procedure",
    "LogNormal": "space.priors",
    "Normal": "space.priors",
    "Quantized": "space.quantized",
    "ScipyPrior": "space.priors",
    "Space": "space.space",
    "State": "trial",
    "Study": "study",
    "TimeOrder": "evaluation.procedure",
    "Trial": "trial",
    "TrialPruned": "trial",
    "bench": "bench",
    "callbacks": "callbacks",
    "compare": "engine.compare",
    "confirm": "engine.confirm",
    "enqueue": "engine.requests",
    "import_study": "formats.studies",
    "load_study": "study",
    "maximize": "engine.run",
    "minimize": "engine.run",
    "open_study": "engine.open_study",
    "read_study": "formats.studies",
    "report": "report",
    "resume": "engine.resume",
    "run": "engine.run",
    "write_study": "formats.studies",
}

__all__ = [
    "Budget",
    "Categorical",
    "Command",
    "Comparison",
    "Constant",
    "Curve",
    "Evaluation",
    "Experiment",
    "Float",
    "HoldOut",
    "HpbridgeError",
    "Int",
    "KFold",
    "LeaveOneOut",
    "LogNormal",
    "Normal",
    "Quantized",
    "Schedule",
    "ScipyPrior",
    "Space",
    "State",
    "Study",
    "TimeOrder",
    "Trial",
    "TrialPruned",
    "bench",
    "callbacks",
    "compare",
    "confirm",
    "enqueue",
    "import_study",
    "load_study",
    "maximize",
    "minimize",
    "open_study",
    "read_study",
    "replay",
    "report",
    "resume",
    "run",
    "write_study",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module 'hpbridge' has no attribute {name!r}"
        raise AttributeError(msg)
    home = importlib.import_module(f"hpbridge.{_HOMES[name]}")
    # A room that is called as a function is its own home.
    value = home if _HOMES[name] == name else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
