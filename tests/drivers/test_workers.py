"""The local driver: in process and in worker processes, and what goes wrong there."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
import types

import pytest
from waiting import PATIENCE, is_alive, wait_until

import hpbridge as hpb
from hpbridge.contract.execution import Job
from hpbridge.contract.references import load_experiment
from hpbridge.drivers.worker_process import WorkerProcess
from hpbridge.errors import ExperimentError, ObjectiveError

# Objectives are nested functions: they go to a worker by value, so that nothing
# depends on whether pytest makes this module importable there.


def run(objective, n_trials=4, **settings) -> hpb.Study:
    direction = settings.pop("direction", "minimize")
    tuned = hpb.Experiment(
        objective=objective, space={"x": hpb.Float(-1, 1)}, direction=direction
    )
    defaults = {"seed": 0, "store": ":memory:", "workers": 2}
    return hpb.run(tuned, "random", n_trials=n_trials, **{**defaults, **settings})


def states(study) -> list[str]:
    return [trial.state.value for trial in study.trials]


def test_in_process_by_default() -> None:
    threads = []
    study = run(lambda _: threads.append(threading.get_ident()) or 1.0, workers=1)
    assert set(threads) == {threading.get_ident()}
    assert {trial.worker for trial in study.trials} == {"main"}


def meeting_in(folder):
    """Return a function that says of a trial that it runs, and waits for others."""

    def meet(number, others) -> None:
        (folder / str(number)).touch()
        until = time.monotonic() + 60
        while not all((folder / str(other)).exists() for other in others):
            assert time.monotonic() < until
            time.sleep(0.001)

    return meet


def test_workers_are_processes_that_work_at_the_same_time(tmp_path) -> None:
    meet = meeting_in(tmp_path)

    def in_pairs(trial):
        meet(trial.number, [trial.number ^ 1])
        return os.getpid()

    study = run(in_pairs, n_trials=8)
    pids = {int(trial.metrics["value"]) for trial in study.trials}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert [int(t.worker) for t in study.trials] == [
        int(t.metrics["value"]) for t in study.trials
    ]
    spans = sorted((t.started_at, t.started_at + t.run_seconds) for t in study.trials)
    overlaps = sum(b < a_end for (_, a_end), (b, _) in itertools.pairwise(spans))
    assert overlaps >= 3
    assert not any(map(is_alive, pids))  # all gone when the study ends


def test_there_is_no_barrier(tmp_path) -> None:
    meet = meeting_in(tmp_path)

    def first_is_slow(trial):
        meet(trial.number, range(20) if trial.number == 0 else ())
        return trial.number

    study = run(first_is_slow, n_trials=20)
    # The other worker ran all the rest meanwhile; its last trial may end last.
    assert study.trials[0].told >= 18
    assert study.trials[19].tells_before == 18


def test_a_worker_gives_the_same_trials_as_this_process() -> None:
    def objective(trial):
        import random

        return trial["x"] + random.Random(trial.seed).random()

    here = run(objective, workers=1)
    there = run(objective, workers=1, timeout_trial=60)
    assert [t.worker for t in there.trials] != [t.worker for t in here.trials]
    for one, other in zip(here.trials, there.trials, strict=True):
        assert (one.params, one.metrics, one.seed) == (
            (other.params, other.metrics, other.seed)
        )


def test_a_trial_has_its_time_from_when_a_worker_has_it() -> None:
    # The worker was ready long before this process had a trial for it, and read so.
    tuned = hpb.Experiment(objective=abs, space={"x": hpb.Float(-1, 1)})
    job = Job(1, tuned, "study", 0, {"x": 0.5}, 0, timeout=60)
    worker = WorkerProcess()
    try:
        worker.begin(job)
        assert worker.running is not None
        sent_at = worker.running.started_at
        worker.is_ready = True
        worker.begin(job, since=sent_at - 3600)
        assert worker.running.started_at == sent_at
        assert worker.running.deadline > time.monotonic()
        # Or it was ready after that, and this process busy.
        worker.begin(job, since=sent_at + 3600)
        assert sent_at <= worker.running.started_at <= time.time()
    finally:
        worker.end()


SCRIPT = """
import hpbridge

class Model:
    factor = 2

def objective(trial):
    return Model.factor * trial["x"] ** 2

# No `if __name__ == "__main__"`: a worker must not run the script again.
print("script")
study = hpbridge.minimize(
    objective, {"x": hpbridge.Float(-1, 1)}, "random",
    n_trials=4, seed=0, store=":memory:", workers=2,
)
print(len(study.trials), study.trials[0].state.value, study.trials[0].worker != "main")
"""


def test_an_objective_of_the_script_itself(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["script", "4 complete True"]
    assert not done.stderr


def test_an_experiment_of_a_file_that_imports_its_neighbour(tmp_path) -> None:
    (tmp_path / "neighbour_of_it.py").write_text("def half(x):\n    return x / 2\n")
    file = tmp_path / "experiment_in_a_file.py"
    file.write_text(
        "import os\nimport hpbridge\nfrom neighbour_of_it import half\n"
        "experiment = hpbridge.Experiment(\n"
        "    objective=lambda trial: {'value': half(trial['x']), 'pid': os.getpid()},\n"
        "    space={'x': hpbridge.Float(-1, 1)},\n)\n"
    )
    experiment = load_experiment(str(file))
    study = hpb.run(
        experiment, "random", n_trials=4, seed=0, store=":memory:", workers=2
    )
    for trial in study.trials:
        assert trial.metrics["value"] == trial.params["x"] / 2
        assert trial.metrics["pid"] != os.getpid()


def exits():
    os._exit(7)


def crashes():
    import ctypes

    ctypes.string_at(0)


def is_killed():
    os.kill(os.getpid(), 9)


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (exits, "exit code 7"),
        (crashes, "signal 11"),
        (is_killed, "signal 9"),
    ],
)
def test_the_death_of_a_worker_costs_its_trial_and_no_more(end, how) -> None:
    code = end.__code__  # the function itself is of this module; see above

    def objective(trial):
        time.sleep(0.02)
        if trial.number in {1, 4}:
            import types

            types.FunctionType(code, {"os": __import__("os")})()
        return trial.number

    study = run(objective, n_trials=8)
    assert [t.number for t in study.trials if t.state is hpb.State.FAILED] == [1, 4]
    assert [t.metrics["value"] for t in study.trials if t.metrics] == [0, 2, 3, 5, 6, 7]
    assert study.trials[1].error == f"the worker process died ({how})"
    assert study.trials[1].run_seconds >= 0.02
    assert int(study.trials[1].worker) != int(study.trials[4].worker)
    assert study.status == "finished"


def test_the_death_of_a_worker_whose_child_lives_on() -> None:
    def objective(trial):
        if trial.number == 0:
            if os.fork() == 0:
                time.sleep(
                    10 * PATIENCE
                )  # it has inherited all that the worker had open
            os._exit(1)
        return trial.number

    started = time.monotonic()
    study = run(objective)
    assert states(study) == ["failed", "complete", "complete", "complete"]
    assert time.monotonic() - started < PATIENCE


def test_a_trial_that_takes_too_long_is_ended_with_all_its_children(tmp_path) -> None:
    pids = tmp_path / "pids"

    def objective(trial):
        if trial.number == 1:
            child = subprocess.Popen(["sleep", str(10 * PATIENCE)])
            pids.write_text(f"{os.getpid()} {child.pid}")
            while True:  # and it does not let itself be stopped
                with contextlib.suppress(BaseException):
                    time.sleep(10 * PATIENCE)
        return trial.number

    study = run(objective, workers=1, timeout_trial=1.0)
    assert states(study) == ["complete", "failed", "complete", "complete"]
    assert study.trials[1].error == "took longer than 1 seconds; ended"
    assert 1.0 <= study.trials[1].run_seconds < PATIENCE
    worker, child = map(int, pids.read_text().split())
    assert study.trials[1].worker == str(worker)
    assert not is_alive(worker)
    wait_until(lambda: not is_alive(child))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_timeout_ends_the_study(workers) -> None:
    study = run(
        lambda _: time.sleep(0.05) or 1.0, n_trials=10_000, timeout=0.5, workers=workers
    )
    assert study.stop_reason == "timeout of 0.5 seconds"
    assert study.status == "finished"
    assert 0 <= len(study.trials) <= 20 * workers
    assert set(states(study)) <= {"complete"}


def test_a_used_up_budget_is_no_timeout() -> None:
    study = run(lambda _: time.sleep(0.2) or 1.0, 1, timeout=0.1, workers=1)
    assert study.stop_reason is None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("direction", "sign"), [("minimize", -1), ("maximize", 1)])
def test_a_target_ends_the_study(workers, direction, sign) -> None:
    study = run(
        lambda trial: sign * trial.number,
        n_trials=100,
        direction=direction,
        target=sign * 5,
        workers=workers,
    )
    assert study.stop_reason == f"target {sign * 5} reached"
    assert 6 <= len(study.trials) <= 5 + workers
    assert abs(study.best_trial.metrics["value"]) >= 5


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failed_trial_is_run_again(tmp_path, workers) -> None:
    def objective(trial):
        runs = tmp_path / str(trial.number)
        n_runs = int(runs.read_text()) + 1 if runs.exists() else 1
        runs.write_text(str(n_runs))
        if n_runs <= trial.number:
            msg = f"run {n_runs}"
            raise ValueError(msg)
        return 1.0

    study = run(objective, retries=2, workers=workers)
    assert [trial.attempts for trial in study.trials] == [1, 2, 3, 3]
    assert states(study) == ["complete", "complete", "complete", "failed"]
    assert study.trials[3].error == "ValueError: run 3"
    assert len(study.trials) == 4  # runs again are not trials of their own


def test_a_trial_whose_worker_died_is_run_again(tmp_path) -> None:
    def objective(trial):
        marker = tmp_path / str(trial.number)
        if trial.number % 2 and not marker.exists():
            marker.touch()
            os._exit(1)
        return 1.0

    study = run(objective, retries=1)
    assert [trial.attempts for trial in study.trials] == [1, 2, 1, 2]
    assert set(states(study)) == {"complete"}


@pytest.mark.parametrize("workers", [1, 2])
def test_on_error_stop(tmp_path, workers) -> None:
    store = str(tmp_path / "store.db")

    def objective(trial):
        time.sleep(0.01)
        if trial.number == 3:
            msg = "no"
            raise ValueError(msg)
        return 1.0

    with pytest.raises(ObjectiveError, match="Trial 3 failed and on_error is 'stop'"):
        run(objective, 50, workers=workers, on_error="stop", store=store, name="s")
    study = hpb.load_study("s", store)
    assert (study.status, study.stop_reason) == ("failed", "trial 3 failed")
    failed = study.trials[3]
    assert failed.error == "ValueError: no"
    # What still ran then was told after it; before it, others may have run meanwhile.
    assert len(study.trials) - 1 - failed.told <= workers - 1
    assert all(t.tells_before <= failed.told for t in study.trials)


def test_an_objective_that_cannot_be_sent() -> None:
    lock = threading.Lock()

    def objective(trial):
        with lock:
            return trial["x"]

    with pytest.raises(ExperimentError) as caught:
        run(objective)
    assert str(caught.value).startswith(
        "Experiment 'objective' cannot be run:\n"
        "  - it cannot be sent to a worker process: TypeError: "
    )
    assert "\nHint: " in str(caught.value)
    assert len(run(objective, workers=1).trials) == 4


def test_an_objective_that_workers_cannot_import(monkeypatch) -> None:
    module = types.ModuleType("only_here")
    exec("def objective(trial):\n    return 1.0", vars(module))
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(ExperimentError) as caught:
        run(module.objective)
    assert str(caught.value) == (
        "Experiment 'objective' cannot be run:\n"
        "  - it cannot be loaded in a worker process: "
        "ModuleNotFoundError: No module named 'only_here'\n"
        "Hint: see the README, 'Experiment'."
    )


BAD_FILE = """
import os
import sys

import hpbridge

if "hpbridge.drivers.worker" in sys.modules and "pytest" not in sys.modules:
    {what}
experiment = hpbridge.Experiment(
    objective=lambda trial: 1.0, space={{"x": hpbridge.Float(-1, 1)}}
)
"""


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ("os._exit(3)", "loading it ends a worker process (exit code 3)"),
        ("os.kill(os.getpid(), 9)", "loading it ends a worker process (signal 9)"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_loads_here_and_not_in_a_worker(tmp_path, what, problem) -> None:
    file = tmp_path / f"bad_file_{abs(hash(what))}.py"
    file.write_text(BAD_FILE.format(what=what))
    experiment = load_experiment(str(file))
    with pytest.raises(ExperimentError) as caught:
        hpb.run(experiment, "random", n_trials=4, store=":memory:", workers=2)
    assert problem in str(caught.value)
    assert "\nHint: " in str(caught.value)


def test_what_an_objective_prints_and_reads_is_its_own(tmp_path) -> None:
    file = tmp_path / "talks.py"
    file.write_text(
        SCRIPT.replace(
            "return Model",
            "print(f'hello {sys.stdin.read()!r}\\n', end='', flush=True); return Model",
        ).replace("import hpbridge\n", "import sys\nimport hpbridge\n", 1)
    )
    done = subprocess.run(
        [sys.executable, str(file)],
        check=True,
        capture_output=True,
        text=True,
        input="ours",
    )
    lines = done.stdout.splitlines()
    assert lines.count("hello ''") == 4
    assert lines[-1] == "4 complete True"


def test_an_idle_worker_ends_in_order(tmp_path) -> None:
    def objective(trial):
        import atexit

        mark = tmp_path / str(os.getpid())
        if not mark.exists():
            mark.touch()
            atexit.register(mark.write_text, "ended in order")
        time.sleep(0.05)
        return 1.0

    run(objective, n_trials=6)
    assert {mark.read_text() for mark in tmp_path.iterdir()} == {"ended in order"}


def test_no_more_workers_than_trials() -> None:
    study = run(lambda _: time.sleep(0.1) or 1.0, 2, workers=16)
    assert len({trial.worker for trial in study.trials}) <= 2
    assert states(study) == ["complete", "complete"]


def test_a_module_that_runs_a_study_on_being_imported(tmp_path) -> None:
    (tmp_path / "runs_at_once.py").write_text(
        "import hpbridge\n\n"
        "def objective(trial):\n    return trial['x']\n\n"
        "study = hpbridge.minimize(objective, {'x': hpbridge.Float(0, 1)}, 'random',\n"
        "    n_trials=2, seed=0, store=':memory:', workers=2)\n"
    )
    code = "import sys; sys.path.insert(0, '.'); import runs_at_once"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
    )
    assert done.returncode == 1
    assert "A worker began a study of 'objective'" in done.stderr
    assert "if __name__" in done.stderr
