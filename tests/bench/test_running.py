from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_until

import hpbridge as hpb
from hpbridge.bench.steps import ENDED, FAILED
from hpbridge.cli.app import app
from hpbridge.contract.registry import registry
from hpbridge.contract.suites import SuiteSpec
from hpbridge.errors import (
    AlgorithmNotFoundError,
    ArgumentError,
    ExperimentError,
    LibraryNotInstalledError,
    StoreError,
    SuiteNotFoundError,
)

TWO = {"problems": ["branin", "noisy_bowl"], "n_trials": 3, "seeds": 2}
BOTH = ["random", "optuna"]
KEYS = list(itertools.product(["branin", "noisy_bowl"], ["optuna", "random"], [0, 1]))

OF_FILE = """
import os, signal, time
import hpbridge as hpb

def {name}(trial):
    {body}
    return trial["x"] ** 2

experiment = hpb.Experiment(objective={name}, space={{"x": hpb.Float(-1, 1)}})
"""


def trials_of(comparison: hpb.Comparison) -> dict[tuple[object, ...], list[object]]:
    return {
        (study.experiment, study.backend, study.seed): [
            (trial.params, trial.metrics) for trial in study.trials
        ]
        for study in comparison.studies
    }


def written(folder: Path, name: str, body: str) -> str:
    file = folder / f"{name}.py"
    file.write_text(OF_FILE.format(name=name, body=body))
    return str(file)


@pytest.fixture(scope="module")
def whole() -> dict[tuple[object, ...], list[object]]:
    return trials_of(hpb.bench("fast", BOTH, store=":memory:", **TWO))


def test_every_optimizer_runs_on_every_problem_with_paired_seeds() -> None:
    found = hpb.bench("fast", BOTH, store=":memory:", **TWO)
    trials = trials_of(found)
    assert sorted(trials) == KEYS
    assert {len(each) for each in trials.values()} == {3}
    facts = found.studies[0].attributes["problem"]
    assert (facts["suite"], facts["name"], facts["dimension"]) == ("fast", "branin", 2)
    assert found.failures == {}


def test_processes_find_what_one_process_finds_and_in_the_same_order(
    whole, tmp_path
) -> None:
    side = hpb.bench("fast", BOTH, store=tmp_path / "s.db", jobs=2, **TWO)
    assert trials_of(side) == whole
    assert [*trials_of(side)] == [*whole]


def test_an_interrupted_bench_goes_on(whole, tmp_path) -> None:
    store, ended = tmp_path / "s.db", []

    def interrupt(step) -> None:
        ended.append(step.run) if step.what == ENDED else None
        if len(ended) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hpb.bench("fast", BOTH, store=store, on_step=interrupt, **TWO)
    looks = []
    found = hpb.bench("fast", store=store, resume=True, on_start=looks.append)
    assert (looks[0].n_done, len(looks[0].n_trials)) == (3, 5)
    assert trials_of(found) == whole
    assert found.notes == ()


def test_more_of_everything_is_added_to_a_bench(tmp_path) -> None:
    store = tmp_path / "s.db"
    first = hpb.bench(
        "fast", ["random"], store=store, problems=["branin"], n_trials=2, seeds=1
    )
    more = hpb.bench("fast", BOTH, store=store, resume=True, **TWO)
    assert more.name == first.name
    assert sorted(trials_of(more)) == KEYS
    assert {len(each) for each in trials_of(more).values()} == {3}


def test_a_resume_says_why_it_begins_anew(tmp_path) -> None:
    few = {"problems": ["branin"], "n_trials": 2, "seeds": 1}
    store = tmp_path / "s.db"
    found = hpb.bench("fast", ["random"], store=store, resume=True, **few)
    assert "there is none of 'fast'" in found.notes[0]
    other = hpb.bench("fast", ["random"], store=store, resume=True, seed=5, **few)
    assert "has another seed" in other.notes[0]
    assert other.name == "fast-bench-2"


def test_a_process_that_dies_loses_its_study_alone_until_it_goes_on(tmp_path) -> None:
    mark = tmp_path / "mark"
    kill = f"os.kill(os.getpid(), 9) if not os.path.exists({str(mark)!r}) else None"
    dying = written(tmp_path, "dying", f"trial.number == 1 and {kill}")
    files = [dying, written(tmp_path, "living", "pass")]
    settings = {"n_trials": 3, "seeds": 2, "store": tmp_path / "s.db", "jobs": 2}
    steps = []
    found = hpb.bench(files, ["random"], on_step=steps.append, **settings)
    assert sorted(found.failures) == [
        "random:random on dying, seed 0",
        "random:random on dying, seed 1",
    ]
    assert "signal 9" in found.failures["random:random on dying, seed 0"]
    assert [step.what for step in steps].count(FAILED) == 2
    trials = trials_of(found)
    assert [len(trials["living", "random", seed]) for seed in (0, 1)] == [3, 3]
    mark.touch()
    again = hpb.bench(files, store=settings["store"], resume=True, jobs=2)
    assert again.failures == {}
    assert {len(each) for each in trials_of(again).values()} == {3}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_processes_end_with_the_bench(tmp_path, number) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    body = f"open(f'{pids}/{{os.getpid()}}', 'w').close(); time.sleep(600)"
    file = written(tmp_path, "waiting", body)
    words = ["bench", file, "-b", "random", "--seeds", "2", "-j", "2", "-n", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hpbridge", *words, "--store", str(tmp_path / "s.db")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: len([*pids.iterdir()]) == 2)
    process.send_signal(number)
    _, said = process.communicate()
    wait_until(
        lambda: not any(Path("/proc", each.name).exists() for each in pids.iterdir())
    )
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert "Every finished trial is in the store" in said


def test_an_optimizer_is_left_out_where_it_cannot_run() -> None:
    found = hpb.bench(
        "fast",
        ["optuna:grid", "random"],
        problems=["branin"],
        n_trials=2,
        seeds=1,
        store=":memory:",
    )
    assert list(found.skipped) == ["optuna:grid on branin"]
    assert [study.optimizer for study in found.studies] == ["random:random"]
    with pytest.raises(ExperimentError, match="optuna:grid on branin"):
        hpb.bench("fast", ["optuna:grid"], problems=["branin"], reference=False)


def test_random_search_is_added_unless_one_is_there() -> None:
    few = {"problems": ["branin"], "n_trials": 1, "seeds": 1, "store": ":memory:"}

    def optimizers(*names: str, **more: bool) -> list[str]:
        found = hpb.bench("fast", list(names), **few, **more)
        return [study.optimizer for study in found.studies]

    assert optimizers("hyperopt") == ["hyperopt:tpe", "optuna:random"]
    # With one seed, Optuna's own draws what its TPE begins with.
    assert optimizers("optuna") == ["optuna:tpe", "hyperopt:random"]
    assert optimizers("hyperopt", reference=False) == ["hyperopt:tpe"]
    assert optimizers("skopt:random") == ["skopt:random"]


def test_trials_may_be_so_many_times_the_dimension() -> None:
    found = hpb.bench(
        "fast",
        ["random"],
        problems=["branin", "ackley*"],
        n_trials="2d",
        seeds=1,
        store=":memory:",
    )
    assert {s.experiment: len(s.trials) for s in found.studies} == {
        "branin": 4,
        "ackley_mixed": 10,
    }


def test_costed_problems_run_in_virtual_time() -> None:
    few = {"problems": ["costed_net"], "n_trials": 4, "seeds": 1, "store": ":memory:"}
    for workers in (1, 2):
        (study,) = hpb.bench("full", ["random"], workers=workers, **few).studies
        assert study.settings["driver"] == "simulated"
        assert sum(trial.run_seconds for trial in study.trials) > 8


def test_trials_that_all_fail_are_trials() -> None:
    def fails(_trial) -> float:
        raise ValueError

    experiment = hpb.Experiment(objective=fails, space={"x": hpb.Float(0, 1)})
    found = hpb.bench([experiment], ["random"], n_trials=2, seeds=1, store=":memory:")
    assert [t.state for s in found.studies for t in s.trials] == ["failed"] * 2


def test_what_is_wrong_is_said_before_the_first_trial(tmp_path, monkeypatch) -> None:
    def refused(kind: type[Exception], *given, **settings) -> str:
        with pytest.raises(kind) as caught:
            hpb.bench(*given, **{"store": tmp_path / "s.db", **settings})
        return str(caught.value)

    assert "did you mean 'fast'" in refused(SuiteNotFoundError, "fats")
    assert "did you mean 'branin'" in refused(
        ExperimentError, "fast", problems=["brannin"]
    )
    assert "'0d'" in refused(ExperimentError, "fast", n_trials="0d")
    assert "'many'" in refused(ExperimentError, "fast", n_trials="many")
    text = refused(
        ExperimentError, "fast", ["optuan"], seeds=0, jobs=0, problems=["brannin"]
    )
    assert "did you mean 'optuna'" in text
    assert "seeds must be" in text
    assert "'brannin'" in text
    assert "jobs must be" in text
    assert "in memory" in refused(ExperimentError, "fast", jobs=2, store=":memory:")
    refused(AlgorithmNotFoundError, "fast", ["optuna:tpee"])
    text = refused(ExperimentError, "fast", ["optuna:tpee", "skopt:gpp"])
    assert "did you mean 'tpe'" in text
    assert "did you mean 'gp'" in text
    assert "twice" in refused(ExperimentError, "fast", ["optuna", "optuna:tpe"])
    text = refused(ExperimentError, "fast", ["optuna"], options={"skopt": {"a": 1}})
    assert "options are given for 'skopt'" in text
    refused(ArgumentError, 3)
    twin = hpb.Experiment(objective=len, space={"x": hpb.Float(0, 1)}, name="twin")
    assert "'twin' is the name of several" in refused(ExperimentError, [twin, twin])
    needy = SuiteSpec(
        name="needy", summary="", problems=list, requires=("no-such>=1",), extra="needs"
    )
    monkeypatch.setitem(registry().records["suite"], "needy", needy)
    text = refused(LibraryNotInstalledError, "needy")
    assert "Suite 'needy' is not installed: it needs no-such>=1" in text
    assert 'pip install "hpbridge[needs]"' in text


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere"
)
def test_a_store_that_cannot_be_written_is_refused(tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError):
        hpb.bench("fast", ["random"], store=tmp_path / "s.db")


def test_an_object_that_cannot_be_sent_needs_one_process(tmp_path) -> None:
    class Held:
        def __reduce__(self) -> tuple[object, ...]:
            msg = "it stays here"
            raise TypeError(msg)

        def __call__(self, trial) -> float:
            return float(trial["x"])

    held = hpb.Experiment(objective=Held(), space={"x": hpb.Float(0, 1)}, name="held")
    settings = {"n_trials": 1, "seeds": 2, "store": tmp_path / "s.db"}
    with pytest.raises(ExperimentError, match=r"stays here[\s\S]*jobs=1"):
        hpb.bench([held], ["random"], jobs=2, **settings)
    assert len(hpb.bench([held], ["random"], **settings).studies) == 2


def test_a_bench_ends_in_its_verdict(tmp_path, capsys) -> None:
    file = written(tmp_path, "bowl", "pass")
    store = str(tmp_path / "verdict.db")
    words = ["bench", file, "-b", "random,optuna", "--seeds", "2", "-n", "2"]
    words += ["--no-reference", "--store", store]
    assert app(words, standalone_mode=False) in {None, 0}
    (sentence,) = (
        hpb.bench(
            file, BOTH, n_trials=2, seeds=2, reference=False, store=store, resume=True
        )
        .verdict()
        .sentences
    )
    assert " ".join(capsys.readouterr().out.split()).endswith(sentence)
    app([*words, "--resume", "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["verdict"]["sentences"] == [sentence]
