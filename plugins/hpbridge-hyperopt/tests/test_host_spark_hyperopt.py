from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
from functools import partial

import numpy as np
import pytest
from hyperopt import SparkTrials, Trials, fmin, hp

import hpbridge as hpb
from hpbridge.trial import State
from hpbridge_hyperopt import suggest

# A warning of pyspark's, as an error, would end the thread that `fmin` waits for.
pytestmark = pytest.mark.filterwarnings("ignore")

SPACE = {
    "c": hp.choice("c", [{"name": "a", "k": hp.randint("k", 2, 6)}, {"name": "b"}]),
    "x": hp.uniform("x", -1, 1),
}


@pytest.fixture(scope="module")
def spark_trials():
    """One local Spark; a worker is a Python of this environment."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java, and there is none")
    from pyspark.sql import SparkSession

    known = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    before = {name: os.environ.get(name) for name in known}
    os.environ.update(known)
    builder = SparkSession.builder.master("local[2]")
    for name in ("spark.ui.enabled", "spark.ui.showConsoleProgress"):
        builder = builder.config(name, "false")
    handler = signal.getsignal(signal.SIGINT)
    session = builder.getOrCreate()
    signal.signal(signal.SIGINT, handler)  # Spark leaves its own
    session.sparkContext.setLogLevel("OFF")
    logger = logging.getLogger("hyperopt-spark")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield partial(SparkTrials, spark_session=session)
    logger.setLevel(level)
    session.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def run(trials, **given):
    # A worker has not this module: the function must bring along all that it needs.
    def function(point):
        if point["x"] < -0.5:
            msg = "low"
            raise ValueError(msg)
        return {"loss": point["x"] ** 2 + point["c"].get("k", 1), "status": "ok"}

    fmin(
        function,
        SPACE,
        algo=suggest("optuna:tpe", seed=0),
        max_evals=4,
        trials=trials,
        rstate=np.random.default_rng(0),
        show_progressbar=False,
        verbose=False,
        return_argmin=False,
        **given,
    )
    return hpb.read_study(trials, space=SPACE)


def test_spark_runs_several_trials_of_a_guest_at_once(spark_trials):
    inside = run(spark_trials(parallelism=2))
    logging.getLogger("hyperopt.fmin").setLevel(logging.CRITICAL)
    alone = run(Trials(), catch_eval_exceptions=True)
    logging.getLogger("hyperopt.fmin").setLevel(logging.NOTSET)
    # So early, what TPE proposes does not depend on what it was told.
    assert [t.params for t in inside.trials] == [t.params for t in alone.trials]
    assert [t.metrics for t in inside.trials] == [t.metrics for t in alone.trials]
    assert [t.state for t in inside.trials] == [t.state for t in alone.trials]
    assert [t.error for t in inside.trials] == [t.error for t in alone.trials]
    assert {t.state for t in inside.trials} == {State.COMPLETE, State.FAILED}
    assert "ValueError: low" in [t.error for t in inside.trials]
