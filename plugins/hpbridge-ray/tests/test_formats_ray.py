"""Ray Tune's experiment folders: what arrives, and that nothing in them is run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import pickle
import random
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hpbridge
from hpbridge.contract.foreign import ForeignStudy, Hints
from hpbridge.contract.registry import registry
from hpbridge.errors import FormatError
from hpbridge.trial import State
from hpbridge_ray import FORMATS

(FORMAT,) = FORMATS
OLDEST = Path(__file__).parent / "data" / "ray_2_44_1"
"""Four trials of Ray 2.44.1 under ASHA; hosts and paths taken out."""


def train(config):
    from ray import tune

    kind = config["model"]["kind"]
    for step in range(1, 4):
        loss = math.nan if kind == "nan" else config["model"]["x"] / step
        loss += {"bad": 100, "error": -100}.get(kind, 0)  # what ASHA goes by
        half = np.float32(math.nan if kind == "nan" else 0.5)
        tune.report({"loss": loss, "more": {"half": half}, "word": "hi", "ok": True})
        if kind == "error" and step == 2:
            msg = "boom\n  second line"
            raise RuntimeError(msg)


def param_space():
    from ray import tune

    return {
        "model": {
            "kind": tune.grid_search(["good", "bad", "error", "nan"]),
            "x": tune.uniform(0, 1),
            "layers": tune.choice([(1, 2), "none", len]),
        },
        "fixed": 3,
    }


@pytest.fixture(scope="module")
def grid(cluster, tmp_path_factory):
    """A real experiment: one actor, four trials."""
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    path = tmp_path_factory.mktemp("ray")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tuner = tune.Tuner(
            train,
            param_space=param_space(),
            tune_config=tune.TuneConfig(
                metric="loss",
                mode="min",
                scheduler=ASHAScheduler(grace_period=1, max_t=3, reduction_factor=2),
                max_concurrent_trials=1,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(name="study", storage_path=str(path), verbose=0),
        )
        return tuner.fit()


def read(source, **hints):
    return FORMAT.read(source, Hints(**hints))


def digest(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {p: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat()) for p in paths}


def test_everything_in_a_folder_arrives(grid):
    folder = Path(grid.experiment_path)
    assert FORMAT.recognizes(folder)
    before = digest(folder)
    study = read(folder, native_space=param_space(), direction={"loss": "minimize"})
    assert digest(folder).keys() == before.keys()
    assert {p: h for p, (h, _) in digest(folder).items()} == {
        p: h for p, (h, _) in before.items()
    }
    assert study.name == "study"
    assert study.metrics == {"loss": "minimize"}
    assert list(study.space.searched) == ["model/kind", "model/x", "model/layers"]
    good, bad, error, nan = study.trials
    states = [trial.state for trial in study.trials]
    assert states == [State.COMPLETE, State.PRUNED, State.FAILED, State.FAILED]
    for trial, result in zip(study.trials, grid, strict=True):
        model = result.config["model"]
        labels = {(1, 2): "(1, 2)", "none": "none", len: "len"}
        assert trial.params == {
            "model/kind": model["kind"],
            "model/x": model["x"],
            "model/layers": labels[model["layers"]],
        }
        assert study.space.violations(trial.params) == []
        assert trial.started_at == pytest.approx(time.time(), abs=300)
        assert trial.run_seconds == pytest.approx(result.metrics["time_total_s"])
        assert trial.attributes == {"word": "hi", "ok": True}
    x = good.params["model/x"]
    assert good.metrics == {"loss": x / 3, "more/half": 0.5}
    assert good.reports == ((1, x), (2, x / 2), (3, x / 3))
    assert [step for step, _ in bad.reports] == [1]
    assert error.error == "RuntimeError: boom second line"
    assert [step for step, _ in error.reports] == [1, 2]
    assert nan.error == "reported nan for metric 'loss'"
    assert all(math.isnan(value) for value in nan.metrics.values())
    assert "1 trials that a scheduler stopped early count as pruned" in study.notes


def test_a_live_result_grid_says_its_mode_too(grid):
    assert FORMAT.recognizes(grid)
    study = read(grid)
    assert study.metrics == {"loss": "minimize"}
    assert not any("which way" in note for note in study.notes)
    assert len(study.trials) == 4


def test_without_a_space_the_drawn_values_are_the_parameters(grid):
    study = read(Path(grid.experiment_path))
    assert study.space is None
    names = {"model/kind", "model/x", "model/layers"}
    assert all(set(trial.params) == names for trial in study.trials)
    assert any("which way 'loss' is better" in note for note in study.notes)
    assert any("--space" in note for note in study.notes)


def test_the_oldest_layout_is_read():
    study = read(OLDEST)
    assert [trial.state.value for trial in study.trials] == [
        "complete",
        "complete",
        "failed",
        "pruned",
    ]
    assert study.trials[2].error == "RuntimeError: boom second line"
    assert list(study.trials[0].params) == ["model/x", "model/c", "bad", "model/n"]
    assert len(study.trials[0].reports) == 4


def test_metrics_and_directions_may_be_said():
    study = read(OLDEST, direction={"acc": "maximize", "loss": "minimize"})
    assert list(study.metrics) == ["acc", "loss"]
    assert study.trials[0].reports[-1] == (4, 0.4)
    with pytest.raises(FormatError, match="no trial reported the metric 'los'; did"):
        read(OLDEST, direction={"los": "minimize"})


def test_ray_is_not_imported():
    code = (
        "import sys, pathlib\n"
        "from hpbridge.contract.foreign import Hints\n"
        "from hpbridge_ray import FORMATS\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "assert FORMATS[0].recognizes(path)\n"
        "assert len(FORMATS[0].read(path, Hints()).trials) == 4\n"
        "assert not {'ray', 'numpy', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(OLDEST)], check=True)


def test_folders_of_others_are_not_recognized(tmp_path):
    assert registry().formats["ray"] is FORMAT
    for source in (tmp_path, tmp_path / "none", "sqlite:///x.db", {}, 3):
        assert not FORMAT.recognizes(source)
    (tmp_path / "experiment_state-1.json").write_text('{"checkpoints": []}')
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "result.json").write_text('{"accuracy": 1}')
    assert not FORMAT.recognizes(tmp_path)


@pytest.fixture
def copy(tmp_path):
    """A copy of the oldest layout, to be damaged."""
    return Path(shutil.copytree(OLDEST, tmp_path / "study"))


def state_of(folder):
    (path,) = folder.glob("experiment_state-*.json")
    return path


def change_state(folder, change):
    path = state_of(folder)
    state = json.loads(path.read_text())
    trials = [[json.loads(part) for part in entry] for entry in state["trial_data"]]
    change(state, trials)
    state["trial_data"] = [[json.dumps(part) for part in entry] for entry in trials]
    path.write_text(json.dumps(state))


def test_a_trial_that_was_restored_keeps_its_last_reports(copy):
    path = copy / "train_45b62_00000" / "result.json"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:3], *lines[1:]]) + "\n")
    expected = read(OLDEST).trials[0]
    assert read(copy).trials[0] == expected
    path.write_text("\n".join([*lines, lines[0]]) + "\n")
    assert read(copy).trials[0].reports == expected.reports[:1]


def test_the_newest_state_holds_and_earlier_runs_are_named(copy):
    def keep_two(_, trials):
        del trials[2:]

    older = state_of(copy)
    shutil.copy(older, copy / "experiment_state-2024-01-01_00-00-00.json")
    older.rename(copy / "experiment_state-2026-01-01_00-00-00.json")
    newest = copy / "experiment_state-2026-01-01_00-00-00.json"
    state = json.loads(newest.read_text())
    state["trial_data"] = state["trial_data"][:2]
    newest.write_text(json.dumps(state))
    study = read(copy)
    assert len(study.trials) == 2
    assert any("2 trials of earlier runs" in note for note in study.notes)


@pytest.mark.parametrize("status", ["RUNNING", "PENDING", "PAUSED"])
def test_what_still_runs_is_left_out(copy, status):
    def set_status(_, trials):
        trials[0][0]["status"] = status

    change_state(copy, set_status)
    study = read(copy)
    assert len(study.trials) == 3
    assert any("1 trials had not ended" in note for note in study.notes)


def test_who_may_have_ended_early_by_a_criterion_is_complete(copy):
    def set_stop(state, trials):
        for trial, _ in trials:
            trial["stopping_criterion"] = {"loss": 0.1}

    change_state(copy, set_stop)
    assert read(copy).trials[3].state is State.COMPLETE


def test_results_alone_are_a_study(copy):
    state_of(copy).unlink()
    assert FORMAT.recognizes(copy)
    study = read(copy, direction={"loss": "minimize"})
    assert [trial.state.value for trial in study.trials].count("failed") == 1
    assert set(study.trials[0].params) == {"model/x", "model/c", "model/n", "bad"}
    assert any("no experiment_state" in note for note in study.notes)


def test_the_state_alone_is_a_study(copy):
    for path in copy.glob("*/result.json"):
        path.unlink()
    study = read(copy)
    expected = read(OLDEST)
    for trial, other in zip(study.trials, expected.trials, strict=True):
        assert trial.params.keys() == other.params.keys()
        assert trial.metrics["loss"] == other.metrics["loss"]


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_no_pickle_is_opened(copy, tmp_path):
    marker = tmp_path / "ran"
    bomb = pickle.dumps(Bomb(marker))
    payload = {"_type": "CLOUDPICKLE_FALLBACK", "value": bomb.hex()}
    for name in ("search_gen_state-2026.json", "searcher-state-2026.pkl", "tuner.pkl"):
        (copy / name).write_bytes(bomb)
    for folder in copy.glob("train*"):
        (folder / "params.pkl").write_bytes(bomb)
        (folder / "error.pkl").write_bytes(bomb)

    def hide(state, trials):
        state["runner_data"]["_stopper"] = payload
        for trial, became in trials:
            trial["config"]["model"]["c"] = payload
            trial["evaluated_params"]["model/c"] = payload
            trial["results"] = bomb.hex()
            became["last_result"]["loss"] = payload

    change_state(copy, hide)
    for path in copy.glob("*/result.json"):
        path.write_text(path.read_text().replace('"hi"', json.dumps(payload)))
    study = read(copy)
    assert len(study.trials) == 4
    assert not marker.exists()
    pickle.loads(bomb)  # the bomb is one
    assert marker.exists()


def outcome(folder):
    """Return the study; None where it is refused in a sentence."""
    started = time.process_time()
    study = None
    with contextlib.suppress(FormatError):
        study = read(folder)
    assert time.process_time() - started < 5
    assert study is None or isinstance(study, ForeignStudy)
    return study


@pytest.mark.parametrize("name", ["state", "result"])
def test_a_truncated_file_is_refused_or_read_without_its_last_line(copy, name):
    path = state_of(copy)
    if name == "result":
        path = copy / "train_45b62_00000" / "result.json"
    data = path.read_bytes()
    whole = read(copy)
    for k in range(20):
        path.write_bytes(data[: len(data) * k // 20])
        study = outcome(copy)
        if name == "state":
            assert study is None or k == 0
        else:
            n = len(study.trials[0].reports)
            assert study.trials[0].reports == whole.trials[0].reports[:n]
            assert study.trials[1:] == whole.trials[1:]


@pytest.mark.parametrize("name", ["state", "result"])
def test_flipped_bits_do_no_harm(copy, name):
    rng = random.Random(0)
    path = state_of(copy)
    if name == "result":
        path = copy / "train_45b62_00000" / "result.json"
    data = path.read_bytes()
    refused = 0
    for _ in range(100):
        damaged = bytearray(data)
        for _ in range(3):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        refused += outcome(copy) is None
    assert refused > 10


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"training_iteration": 1, "loss": ' + "1" * 100_000 + "}",
        '{"training_iteration": "x"}',
        '{"training_iteration": 1, "config": ' + '{"a":' * 200 + "1" + "}" * 201,
        "[1, 2]",
        "\x00" * 1000,
    ],
    ids=["lists", "objects", "digits", "iteration", "nested", "a list", "zeros"],
)
def test_hostile_reports_are_refused(copy, text):
    path = copy / "train_45b62_00000" / "result.json"
    path.write_text(text + "\n")
    assert outcome(copy) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.update(trial_data={}),
        lambda state: state.update(trial_data=[[1]]),
        lambda state: state.update(trial_data=[["{", "}"]]),
        lambda state: state.update(runner_data=[1]),
    ],
)
def test_a_state_of_another_shape_is_refused(copy, change):
    path = state_of(copy)
    state = json.loads(path.read_text())
    change(state)
    path.write_text(json.dumps(state))
    assert outcome(copy) is None


def test_a_trial_is_looked_for_in_its_experiment_only(copy, tmp_path):
    shutil.move(copy / "train_45b62_00000", tmp_path / "outside")

    def lead_out(_, trials):
        trials[0][0]["relative_logdir"] = "../outside"

    change_state(copy, lead_out)
    trial = read(copy).trials[0]
    assert trial.reports == ()
    assert trial.metrics  # from the state


def test_there_is_a_limit_to_what_is_read(copy):
    with state_of(copy).open("r+b") as file:
        file.truncate(2**40)  # of which nothing is on the disk
    with pytest.raises(FormatError, match="is larger than"):
        hpbridge.read_study(copy)


ROWS = {
    "training_iteration": [1, 1],
    "trial_id": ["a", "b"],
    "logdir": ["a", "b"],
    "time_total_s": [1.5, 2.5],
    "config/lr": [0.1, 0.01],
    "config/net/w": [1, 2],
    "config/fixed": [3, 3],
    "loss": [0.25, 0.5],
}


def test_a_frame_says_what_it_does_not_tell():
    found = read(pd.DataFrame(ROWS))
    assert [t.params for t in found.trials] == [
        {"lr": 0.1, "net/w": 1},
        {"lr": 0.01, "net/w": 2},
    ]
    assert [t.run_seconds for t in found.trials] == [1.5, 2.5]
    assert found.notes[0] == "the same in all trials, so no parameters: fixed"
    several = pd.DataFrame({**ROWS, "acc": [0.5, 0.75]})
    with pytest.raises(FormatError, match="nothing says which: 'loss', 'acc'"):
        read(several)
    found = read(several, direction={"acc": "maximize"})
    assert found.trials[1].metrics == {"acc": 0.75, "loss": 0.5}
    with pytest.raises(FormatError, match=r"no metric 'los'; did you mean 'loss'\?"):
        read(several, direction={"los": "minimize"})
    reports = pd.DataFrame({**ROWS, "trial_id": ["a", "a"]})
    with pytest.raises(FormatError, match="several rows of one trial"):
        read(reports)
