from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import json
import math
import pickle
import random
import subprocess
import sys
import time
from dataclasses import replace

import cloudpickle
import numpy as np
import pytest
from fmin_studies import HINTS, SPACE, as_list, dumped, run
from hyperopt import (
    Trials,
    fmin,
    hp,
    rand,
)
from hyperopt.base import (
    JOB_STATE_CANCEL,
    JOB_STATE_NEW,
    trials_from_docs,
)

import hpbridge as hpb
from hpbridge import Categorical, Float, Int, Space
from hpbridge.contract.foreign import Hints
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.trial import State
from hpbridge_hyperopt import FORMAT, SPEC

pytestmark = pytest.mark.usefixtures("no_logged_failures")


def test_everything_in_a_trials_arrives(trials):
    study = FORMAT.read(trials, HINTS)
    assert study.metrics == {"loss": "minimize"}
    assert study.space == HINTS.space
    assert len(study.trials) == len(trials._dynamic_trials) == 40
    for trial, doc in zip(study.trials, trials._dynamic_trials, strict=True):
        vals = {k: v[0] for k, v in doc["misc"]["vals"].items() if v}
        model = ["svm", "tree"][vals.pop("model")]
        assert trial.params == vals | {"model": model}
        assert not HINTS.space.violations(trial.params)
        assert trial.native["tid"] == doc["tid"]
        start = doc["book_time"].replace(tzinfo=dt.UTC).timestamp()
        assert trial.started_at == start
        assert trial.run_seconds >= 0
    by_x = {trial.params["x"]: trial for trial in study.trials}
    best = trials.best_trial
    found = by_x[best["misc"]["vals"]["x"][0]]
    assert found.state is State.COMPLETE
    assert found.metrics == {
        "loss": best["result"]["loss"],
        "loss_variance": 0.01,
        "true_loss": 1.5,
        "epochs": 7.0,
    }
    assert found.attributes == {
        "note": "fine",
        "curve": [1.0, 2.0],
        "deep": {"a": [1, None, True, math.inf]},
        "log": "line",
    }
    assert study.notes == (
        "left out is what is no plain data in results and attachments: 'blob'",
    )


def test_bad_outcomes_arrive_with_what_was_said_of_them(trials):
    study = FORMAT.read(trials, HINTS)
    seen = {}
    for trial in study.trials:
        if trial.state is State.FAILED:
            x = trial.params["x"]
            kind = next(end for end in (-0.8, -0.6, -0.5, -0.4) if x < end)
            seen[kind] = trial
    assert len(seen) == 4
    assert seen[-0.8].error == f"ValueError: x is {seen[-0.8].params['x']:.2f}, too low"
    assert seen[-0.8].native["state"] == 3
    assert seen[-0.6].error == "it returned the status 'fail'"
    assert seen[-0.6].attributes == {"why": "low"}
    assert seen[-0.5].error == "returned nan for metric 'loss'"
    assert math.isnan(seen[-0.5].metrics["loss"])
    assert seen[-0.4].metrics == {}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_protocol_is_the_same_study(trials, tmp_path, protocol):
    path = dumped(trials, tmp_path / "t.pkl", protocol)
    assert FORMAT.recognizes(path)
    assert as_list(FORMAT.read(path, HINTS)) == as_list(FORMAT.read(trials, HINTS))


@pytest.mark.parametrize("protocol", [0, 2])
def test_a_pickle_from_the_time_of_numpy_1_is_the_same_study(
    trials, tmp_path, protocol
):
    path = tmp_path / "t.pkl"
    data = pickle.dumps(trials, protocol)
    assert b"numpy._core.multiarray\n" in data
    path.write_bytes(data.replace(b"numpy._core.multi", b"numpy.core.multi"))
    assert as_list(FORMAT.read(path, HINTS)) == as_list(FORMAT.read(trials, HINTS))


@pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning")  # Hyperopt's
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_trials_save_file_is_read(tmp_path):
    path = tmp_path / "trials.save"
    trials = run(5, trials_save_file=str(path))
    assert as_list(FORMAT.read(path, HINTS)) == as_list(FORMAT.read(trials, HINTS))


@pytest.mark.parametrize(
    "pack",
    [
        lambda t: gzip.compress(pickle.dumps(t)),
        lambda t: bz2.compress(pickle.dumps(t)),
        cloudpickle.dumps,
        lambda t: pickle.dumps(t._dynamic_trials),
        lambda t: pickle.dumps({"trials": t, "best": t.argmin}),
    ],
)
def test_other_ways_to_keep_trials_are_read(trials, tmp_path, pack):
    path = tmp_path / "t"
    path.write_bytes(pack(trials))
    assert FORMAT.recognizes(path)
    read = FORMAT.read(path, HINTS)
    params = [t.params for t in FORMAT.read(trials, HINTS).trials]
    assert [t.params for t in read.trials] == params


def test_a_file_is_read_without_importing_hyperopt(trials, tmp_path):
    path = dumped(trials, tmp_path / "t.pkl")
    code = (
        "import sys, hpbridge as hpb\n"
        f"study = hpb.read_study({str(path)!r})\n"
        "assert len(study.trials) == 40\n"
        f"study.export({str(tmp_path / 'copy.json')!r})\n"
        "from hpbridge_hyperopt import FORMAT\n"
        f"FORMAT.write(study, {str(tmp_path / 'copy.pkl')!r})\n"
        "assert not [m for m in sys.modules if m.split('.')[0] == 'hyperopt']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_a_space_values_are_as_stored_and_said_so(trials, tmp_path):
    path = dumped(trials, tmp_path / "t.pkl")
    study = FORMAT.read(path, Hints())
    assert study.space is None
    assert "choices are their positions" in study.notes[0]
    assert {t.params["model"] for t in study.trials} == {0, 1}
    read = hpb.read_study(path)
    assert read.space["model"] == Int(0, 1)
    assert read.main_metric == "loss"
    assert len(read.trials) == 40
    named = hpb.read_study(path, space=SPACE)
    assert named.space == HINTS.space
    assert (
        named.best_trial.params
        == FORMAT.read(trials, HINTS).trials[named.best_trial.number].params
    )


def test_a_space_of_ours_reads_positions_too(trials):
    ours = Space(
        {
            "model": Categorical({"a": object(), "b": object()}),
            "C": Float(1e-3, 1e3, log=True, when={"model": "a"}),
            "depth": Int(1, 9, when={"model": "b"}),
            "k": Int(2, 7),
            "q": Float(0, 1, step=0.25),
            "x": Float(-1, 1),
        }
    )
    for trial in FORMAT.read(trials, Hints(space=ours)).trials:
        assert ours.violations(trial.params) == []


def test_a_randint_is_told_from_a_choice_by_its_values(trials):
    row = {"k": Categorical(range(2, 8))}
    ours = Space({**SPEC.from_native(SPACE).space, **row})
    known = [t.params["k"] for t in FORMAT.read(trials, HINTS).trials]
    study = FORMAT.read(trials, Hints(space=ours))
    assert [t.params["k"] for t in study.trials] == known
    assert study.native["offsets"] == {"k": 2}
    few = trials_from_docs([d for d in trials.trials if d["misc"]["vals"]["k"][0] < 6])
    study = FORMAT.read(few, Hints(space=ours))
    assert "'k' is read by the positions of its choices, as of hp.choice; if" in str(
        study.notes
    )
    assert "positions" not in str(FORMAT.read(few, HINTS).notes)


def test_a_value_that_rounding_put_beyond_its_range_is_kept_for_hyperopt():
    space = {"lr": hp.loguniform("lr", np.log(1e-5), np.log(0.1))}
    beyond = math.exp(math.log(0.1))
    assert beyond > 0.1
    trials = Trials()
    fmin(
        lambda p: p["lr"],
        space,
        algo=rand.suggest,
        max_evals=1,
        trials=trials,
        show_progressbar=False,
        verbose=False,
    )
    trials._dynamic_trials[0]["misc"]["vals"]["lr"] = [beyond]
    hints = Hints(space=SPEC.from_native(space).space, native_space=space)
    (trial,) = FORMAT.read(trials, hints).trials
    assert trial.params == {"lr": 0.1}
    assert trial.native == {"tid": 0, "vals": {"lr": beyond}}


def test_what_is_not_finished_or_of_another_key_is_left_out_and_said(trials):
    changed = pickle.loads(pickle.dumps(trials))
    changed._exp_key = "mine"
    for doc in changed._dynamic_trials[:30]:
        doc["exp_key"] = "mine"
    changed._dynamic_trials[0]["state"] = JOB_STATE_NEW
    changed._dynamic_trials[1]["state"] = JOB_STATE_CANCEL
    study = FORMAT.read(changed, HINTS)
    assert len(study.trials) == 29
    assert study.name == "mine"
    assert (study.trials[0].state, study.trials[0].error) == (
        State.FAILED,
        "cancelled",
    )
    assert "10 trials have another exp_key and are left out" in study.notes
    assert "1 trials are not finished and are left out" in study.notes


def test_trials_of_one_id_are_each_a_trial(trials):
    docs = [dict(doc) for doc in trials.trials]
    for doc in docs:
        doc["misc"] = {**doc["misc"], "tid": doc["tid"] % 20}
        doc["tid"] %= 20
        doc["misc"]["idxs"] = {
            k: [doc["tid"]] if v else [] for k, v in doc["misc"]["idxs"].items()
        }
    merged = trials_from_docs(docs)
    study = FORMAT.read(merged, HINTS)
    assert len(study.trials) == len(docs)
    assert (
        f"{len(docs) - len({d['tid'] for d in docs})} trials have the id"
        in (study.notes[-1])
    )


def test_a_point_to_evaluate_has_only_its_active_values():
    points = [{"model": 0, "C": 1.0, "depth": 3.0, "k": 2, "q": 0.5, "x": 0.1}]
    trials = fmin_points(points)
    trial = FORMAT.read(trials, HINTS).trials[0]
    assert trial.params == {"model": "svm", "C": 1.0, "k": 2, "q": 0.5, "x": 0.1}


def fmin_points(points):
    from hyperopt.fmin import generate_trials_to_calculate

    trials = generate_trials_to_calculate(points)
    return run(2, trials=trials)


def test_a_metric_that_is_not_there_is_told(trials):
    hints = replace(HINTS, direction={"accuracy": "maximize"})
    with pytest.raises(FormatError, match="no trial has the metric 'accuracy'; there"):
        FORMAT.read(trials, hints)
    hints = replace(HINTS, direction={"true_loss": "minimize", "loss": "minimize"})
    assert list(FORMAT.read(trials, hints).metrics) == ["true_loss", "loss"]


# Hostile and damaged files


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "ran"


class Shell:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        import os

        return os.system, (f"touch {self.marker}",)


class Nested:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        import builtins

        return builtins.getattr, (Shell(self.marker), "x")


def hostile(trials, marker):
    payloads = [Shell(marker), Nested(marker), np.array([Shell(marker)], dtype=object)]
    for payload in payloads:
        changed = pickle.loads(pickle.dumps(trials))
        changed._dynamic_trials[0]["result"]["model"] = payload
        yield pickle.dumps(changed)
        changed = pickle.loads(pickle.dumps(trials))
        changed._dynamic_trials = payload
        yield pickle.dumps(changed)
        changed = pickle.loads(pickle.dumps(trials))
        changed.attachments["hpbridge:study"] = payload
        yield pickle.dumps(changed)
        yield pickle.dumps([payload, trials])
        yield pickle.dumps(trials)[:-1] + pickle.dumps(payload)[2:]


def test_nothing_in_a_file_is_run(trials, tmp_path, marker):
    n_refused = n_read = 0
    for number, data in enumerate(hostile(trials, marker)):
        path = tmp_path / f"{number}.pkl"
        path.write_bytes(data)
        FORMAT.recognizes(path)
        study = readable_or_refused(path, HINTS)
        n_refused += study is None
        n_read += study is not None and len(study.trials) == 40
        assert not marker.exists()
    assert n_refused >= 6
    assert n_read >= 3  # an object among the results is left out, the rest is read


def huge_shape():
    buffer = io.BytesIO()
    pickle.dump(np.zeros(3), buffer, 2)
    return buffer.getvalue().replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85")


def test_a_bomb_ends_in_a_sentence(tmp_path):
    zeros = gzip.compress(b"\x80\x04" + b"hyperoptTrials" + b"0" * (260 * 2**20), 1)
    bomb = b"\x80\x04]q\x00" + b"h\x00h\x00\x86" * 100 + b"."
    for data in (zeros, bomb, huge_shape()):
        path = tmp_path / "bomb"
        path.write_bytes(data)
        start = time.process_time()
        FORMAT.recognizes(path)
        with pytest.raises(FormatError):
            FORMAT.read(path, Hints())
        assert time.process_time() - start < 20


def readable_or_refused(path, hints):
    """Read what may be damaged; what is read must be sound."""
    try:
        study = FORMAT.read(path, hints)
    except FormatError:
        return None
    for trial in study.trials:
        assert isinstance(trial.state, State)
        assert all(isinstance(v, float) for v in trial.metrics.values())
        json.dumps([trial.attributes, trial.native])
    return study


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_truncated_file_is_refused(trials, tmp_path, protocol):
    data = pickle.dumps(trials, protocol)
    path = tmp_path / "t.pkl"
    for part in range(20):
        path.write_bytes(data[: len(data) * part // 20])
        FORMAT.recognizes(path)
        assert readable_or_refused(path, HINTS) is None


def test_a_file_with_flipped_bits_is_refused_or_read(tmp_path, marker):
    trials = run(6)
    rng = random.Random(0)
    path = tmp_path / "t.pkl"
    FORMAT.write(hpb.read_study(trials, space=SPACE), str(tmp_path / "ours.pkl"))
    sources = [pickle.dumps(trials, 2), pickle.dumps(trials, 4)]
    sources.append((tmp_path / "ours.pkl").read_bytes())
    n_refused = 0
    for data in sources:
        for _ in range(100):
            changed = bytearray(data)
            for _ in range(rng.randint(1, 3)):
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            FORMAT.recognizes(path)
            n_refused += readable_or_refused(path, HINTS) is None
    assert 0 < n_refused < 300
    assert not marker.exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda d: d.pop("misc"), "trial 0 has no 'misc'"),
        (lambda d: d.update(state=7), "trial 0 has the state 7, not one of 0 to 4"),
        (lambda d: d.update(tid="a"), "trial 0 has the id 'a', which is none that"),
        (
            lambda d: d.update(result=3),
            "trial 0 has a result or a misc that is no dict",
        ),
        (lambda d: d["misc"].pop("vals"), "trial 0 has the values None, which are no"),
        (
            lambda d: d["misc"]["vals"].update(x=[1, 2]),
            "trial 0 has the values [1, 2] of 'x', not one or none",
        ),
        (
            lambda d: d["misc"]["vals"].update(x=[[1]]),
            "trial 0 has the value [1] of 'x', no plain value",
        ),
    ],
)
def test_a_document_that_is_none_is_told(trials, change, problem):
    changed = pickle.loads(pickle.dumps(trials))
    change(changed._dynamic_trials[0])
    with pytest.raises(FormatError) as caught:
        FORMAT.read(changed, HINTS)
    assert problem in str(caught.value)


def test_many_wrong_documents_are_named_and_counted(trials):
    changed = pickle.loads(pickle.dumps(trials))
    changed._dynamic_trials[:] = [3] * 9
    with pytest.raises(FormatError) as caught:
        FORMAT.read(changed, HINTS)
    assert "trial 4 is 3, no dict" in str(caught.value)
    assert "so are 4 more" in str(caught.value)
    assert str(caught.value).count("Hint:") == 1


def test_what_rides_along_damaged_is_told(trials):
    changed = pickle.loads(pickle.dumps(trials))
    for text in ("{", "[]", '{"version": 99}', 5):
        changed.attachments["hpbridge:study"] = text
        with pytest.raises(FormatError, match="remove the attachment 'hpbridge:study'"):
            FORMAT.read(changed, HINTS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text",
        b"\x80\x04}.",
        pickle.dumps([1, 2]),
        b"PK\x03\x04",
        b"SQLite format",
    ],
)
def test_what_is_no_trials_is_left_to_others(tmp_path, data):
    path = tmp_path / "t"
    path.write_bytes(data)
    assert not FORMAT.recognizes(path)
    with pytest.raises(FormatError):
        FORMAT.read(path, Hints())


def test_other_sources_are_left_to_others(tmp_path):
    assert not any(map(FORMAT.recognizes, [None, 3, "sqlite:///x", tmp_path, [], {}]))
    assert not FORMAT.recognizes(tmp_path / "none")
    with pytest.raises(FormatError, match="No such file"):
        FORMAT.read(tmp_path / "none", Hints())
    assert registry().formats["hyperopt"] is FORMAT
