"""What a trial left is the same on both sides."""

from __future__ import annotations

import json
import math

import pytest

import hpbridge as hpb
from hpbridge.checkpoints.place import Place
from hpbridge.contract.attempt import Checkpoint, Run
from hpbridge.contract.execution import Ended, Job, Lost, Paused, Refused
from hpbridge.contract.stage import Stage
from hpbridge.errors import ExperimentError
from hpbridge.remote.forms import (
    checkpoint_from_json,
    job_to_json,
    message_from_json,
    message_to_json,
    params_from_json,
    stage_from_json,
)
from hpbridge.trial import Result, State


def crossed(data):
    return json.loads(json.dumps(data, allow_nan=False))


EXPERIMENT = hpb.Experiment(objective=len, space={"x": hpb.Float(0, 1)}, name="e")
PLACE = Place("/there/1-2", 3, 2, True, ("/there/1-2/3/000001-aa",))
JOB = Job(
    7,
    EXPERIMENT,
    "study \ud800",
    3,
    {"x": 0.1 + 0.2, "n": 10**30, "c": None, "b": True, "f": math.inf, "i": 1},
    2**32 - 1,
    2,
    1.5,
    checkpoint=Checkpoint(((1, math.nan), (2, -0.0)), PLACE),
    stage=Stage(9.0, 1, 2, 5),
)
RESULT = Result(
    State.FAILED,
    {"loss": math.nan, "n": 3, "big": 2**60 + 1, "inf": -math.inf},
    ((1, math.inf), (2**70, 0.1)),
    "no \udcff text",
    "a\ntraceback",
    {"float": math.nan, "list": [1, {"float": math.inf}], "": "\0"},
    {"a": ("Thing", "Other")},
    {"x": (hpb.Float(0, 1, log=False), 0.5), "k": (hpb.Categorical(["a", None]), "a")},
    "write this",
    {"c": math.inf},
    {"kept": {"float": -math.inf}},
    ("a note",),
)


def test_a_job_crosses():
    data = crossed(job_to_json(JOB, "key", "/there/.seen"))
    assert repr(params_from_json(data["params"])) == repr(dict(JOB.params))
    assert stage_from_json(data["stage"]) == JOB.stage
    there = checkpoint_from_json(data["checkpoint"])
    assert there.place == PLACE
    assert repr(there.reports) == repr(JOB.checkpoint.reports)
    assert (data["id"], data["seed"]) == (7, 2**32 - 1)
    assert data["study"] == "study \ud800"


@pytest.mark.parametrize("kind", ["ended", "paused"])
def test_a_result_crosses(kind):
    run = Run(RESULT, 1.5, 0.25, "worker")
    message = Ended(JOB, run) if kind == "ended" else Paused(JOB, JOB.checkpoint, run)
    there = message_from_json(JOB, crossed(message_to_json(message, "host:1")))
    assert type(there) is type(message)
    assert repr(there.run) == repr(Run(RESULT, 1.5, 0.25, "host:1"))
    if kind == "paused":
        assert repr(there.checkpoint) == repr(JOB.checkpoint)


def test_what_is_lost_or_refused_crosses():
    lost = Lost(JOB, "it died", 1.0, 2.0, "123")
    there = message_from_json(JOB, crossed(message_to_json(lost, "host:1")))
    assert there == Lost(JOB, "it died", 1.0, 2.0, "host:1")
    error = ExperimentError.invalid("e", ["it cannot be loaded"])
    refused = message_to_json(Refused(JOB, error), "host:1")
    there = message_from_json(JOB, crossed(refused))
    assert isinstance(there.error, ExperimentError)
    assert str(there.error) == str(error)
