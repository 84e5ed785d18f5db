"""Objectives that are generators: every yield is a report, and a prune closes them."""

from __future__ import annotations

import math
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

import hpbridge as hpb
from hpbridge.contract.native import native_experiment
from hpbridge.errors import ExperimentError, ObjectiveError

SPACE = {"x": hpb.Float(0, 1)}
# Ends a trial at its first report below 0.
BELOW = "threshold", {"lower": 0.0}


def run(objective, n_trials=1, direction="minimize", **settings) -> hpb.Study:
    tuned = hpb.Experiment(objective=objective, space=SPACE, direction=direction)
    defaults = {"seed": 0, "store": ":memory:"}
    return hpb.run(tuned, "random", n_trials=n_trials, **defaults | settings)


def falls(trial):
    """Fall by one a step, from the number of the trial on, and note its end."""
    ended = []
    try:
        for step in range(4):
            yield trial.number - step
    finally:
        ended.append("closed")
        trial.set_attribute("ended", ended)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_yield_is_a_report_and_the_last_one_the_value(workers) -> None:
    study = run(falls, 3, workers=workers)
    for trial in study.trials:
        n = trial.number
        assert trial.reports == ((1, n), (2, n - 1.0), (3, n - 2.0), (4, n - 3.0))
        assert trial.metrics == {"value": n - 3.0}
        assert trial.attributes["ended"] == ["closed"]


@pytest.mark.parametrize("place", ["here", "workers", "threads"])
def test_a_prune_closes_the_generator(place) -> None:
    with ThreadPoolExecutor(1) as threads:
        driver = threads if place == "threads" else None
        workers = 2 if place == "workers" else 1
        study = run(falls, 5, pruner=BELOW, driver=driver, workers=workers)
    states = {t.number: t.state for t in study.trials}
    ended = [states[n] for n in range(5)]
    assert ended == [hpb.State.PRUNED] * 3 + [hpb.State.COMPLETE] * 2
    for trial in study.trials:
        assert len(trial.reports) == min(trial.number + 2, 4)
        assert trial.attributes["ended"] == ["closed"]
        assert trial.error is None


def test_without_a_pruner_it_runs_to_its_end_in_a_process_pool() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        (trial,) = run(falls, driver=pool).trials
    assert [value for _, value in trial.reports] == [0, -1, -2, -3]
    assert trial.metrics == {"value": -3}


def test_what_it_returns_is_the_value() -> None:
    def best_of(trial):
        yield 3.0
        yield 5.0
        return {"value": 3.0, "extra": trial["x"]}

    (trial,) = run(best_of).trials
    assert trial.reports == ((1, 3.0), (2, 5.0))
    assert trial.metrics["value"] == 3
    assert "extra" in trial.metrics


def test_the_first_metric_of_a_dict_is_the_report() -> None:
    def trains(_trial):
        yield {"size": 1, "val": {"loss": 0.5}}
        yield {"val/loss": 0.4}
        yield 0.3
        yield {"val": {"loss": 0.2}, "size": 2}

    several = {"val/loss": "minimize", "size": "minimize"}
    (trial,) = run(trains, direction=several).trials
    assert trial.reports == ((1, 0.5), (2, 0.4), (3, 0.3), (4, 0.2))
    assert trial.metrics == {"val/loss": 0.2, "size": 2}


def test_it_may_be_a_function_of_the_parameters() -> None:
    def trains(p):
        for step in range(3):
            yield p["x"] + step

    study = hpb.minimize(trains, SPACE, "random", n_trials=2, store=":memory:")
    for trial in study.trials:
        assert trial.metrics["value"] == trial.params["x"] + 2
        assert [step for step, _ in trial.reports] == [1, 2, 3]


def test_nan_and_infinities_are_reports() -> None:
    def diverges(_trial):
        yield math.inf
        yield math.nan
        yield 1.0

    (trial,) = run(diverges).trials
    assert trial.state is hpb.State.COMPLETE
    assert trial.reports[0] == (1, math.inf)
    assert math.isnan(trial.reports[1][1])

    def ends_at_nan(_trial):
        yield 1.0
        yield math.nan

    (trial,) = run(ends_at_nan).trials
    assert trial.state is hpb.State.FAILED
    assert trial.error == "at yield 2: returned nan for metric 'value'"
    assert len(trial.reports) == 2


@pytest.mark.parametrize(
    ("yields", "told"),
    [
        ((), "without a yield: returned None for metric 'value'"),
        ((1.0, None), "at yield 2: returned None for metric 'value'"),
        ((1.0, "late"), "at yield 2: returned the str 'late' for metric 'value'"),
        ((1.0, True), "at yield 2: returned the bool True for metric 'value'"),
    ],
)
def test_what_is_no_number_fails_its_trial_and_keeps_its_reports(yields, told) -> None:
    ended = []

    def trains(_trial):
        try:
            yield from yields
            if yields:
                yield 0.0
        finally:
            ended.append(True)

    trial, other = run(trains, 2).trials
    assert (trial.state, trial.error) == (hpb.State.FAILED, told)
    assert other.error == told
    assert trial.reports == (((1, 1.0),) if yields else ())
    assert ended == [True, True]


def test_another_name_of_the_metric_ends_the_study() -> None:
    def trains(_trial):
        yield {"loss": 0.5}
        yield {"loss": 0.4}

    with pytest.raises(ObjectiveError) as caught:
        run(trains, 5)
    assert "at yield 1: returned no metric 'value', but loss=0.5" in str(caught.value)
    assert caught.value.hint == 'say `direction={"loss": "minimize"}`'


def test_an_exception_keeps_what_was_yielded() -> None:
    def trains(_trial):
        yield 1.0
        msg = "out of memory"
        raise MemoryError(msg)

    (trial,) = run(trains).trials
    assert (trial.state, trial.reports) == (hpb.State.FAILED, ((1, 1.0),))
    assert trial.error == "MemoryError: out of memory"
    assert "in trains" in str(trial.traceback)


def test_one_that_goes_on_from_a_checkpoint_counts_on(tmp_path) -> None:
    def trains(trial):
        for epoch in range(trial.load(0), 5):
            if epoch == 3 and trial.restored is None:
                msg = "out of memory"
                raise MemoryError(msg)
            yield 10.0 - epoch
            trial.save(epoch + 1)

    (trial,) = run(trains, retries=1, store=tmp_path / "s.db").trials
    assert (trial.attempts, trial.metrics) == (2, {"value": 6.0})
    assert trial.reports == tuple((k, 11.0 - k) for k in range(1, 6))


def trained(folder) -> list[str]:
    return (folder / "trained").read_text().split()


def writing(folder, *, saves, steps=9):
    """Return a generator that writes each step, and saves it with ``saves``."""

    def trains(trial):
        try:
            for epoch in range(trial.load(0) + 1, steps + 1):
                with (folder / "trained").open("a") as file:
                    file.write(f"{trial.number}/{epoch}\n")
                yield abs(trial["x"] - 0.3) + 1 / epoch
                saves(trial, epoch)
        finally:
            with (folder / "ended").open("a") as file:
                file.write(f"{trial.number}\n")

    return trains


def as_object(trial, epoch) -> None:
    trial.save(epoch)


def as_folder(trial, epoch) -> None:
    import pickle

    with trial.checkpoint as folder:
        (folder / "state.pickle").write_bytes(pickle.dumps(epoch))


PROMOTES = {"reduction_factor": 3, "max_resource": 9}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("saves", [as_object, as_folder])
@pytest.mark.parametrize("least", [1, 2])
def test_one_that_pauses_trains_no_step_twice(tmp_path, workers, saves, least) -> None:
    pruner = "asha:promotion", {**PROMOTES, "min_resource": least}
    objective = writing(tmp_path, saves=saves)
    study = run(
        objective, 9, pruner=pruner, workers=workers, store=tmp_path / "store.db"
    )
    steps = trained(tmp_path)
    assert len(steps) == len(set(steps))
    assert len(steps) == sum(len(trial.reports) for trial in study.trials)
    assert len((tmp_path / "ended").read_text().split()) > 9  # some were paused
    states = {trial.state for trial in study.trials}
    assert states == {hpb.State.COMPLETE, hpb.State.PRUNED}
    for trial in study.trials:
        assert [step for step, _ in trial.reports] == [
            *range(1, len(trial.reports) + 1)
        ]


def test_one_that_pauses_and_saves_nothing_is_closed_at_its_yield() -> None:
    pruner = "asha:promotion", {**PROMOTES, "min_resource": 1}
    steps = []

    def trains(trial):
        for epoch in range(1, 10):
            steps.append(f"{trial.number}/{epoch}")
            yield abs(trial["x"] - 0.3) + 1 / epoch

    study = run(trains, 9, pruner=pruner)
    n_begun = sum(each.endswith("/1") for each in steps)
    assert n_begun > len(study.trials)  # promoted ones begin anew
    assert "0/2" in steps  # it was seen once that the first one does not save
    first = steps.index("1/1")
    assert steps[first + 1] == "2/1"


def test_one_that_pauses_at_its_last_step_has_that_value(tmp_path) -> None:
    pruner = "asha:promotion", {"reduction_factor": 3}
    study = run(writing(tmp_path, saves=as_object, steps=3), 9, pruner=pruner)
    complete = [t for t in study.trials if t.state is hpb.State.COMPLETE]
    assert complete
    for trial in complete:
        assert trial.metrics == {"value": trial.reports[-1][1]}
        assert len(trial.reports) == 3
    assert not study.failures
    assert len(set(trained(tmp_path))) == len(trained(tmp_path))


def test_it_may_raise_trial_pruned_itself() -> None:
    def trains(_trial):
        yield 1.0
        raise hpb.TrialPruned

    (trial,) = run(trains).trials
    assert (trial.state, trial.reports) == (hpb.State.PRUNED, ((1, 1.0),))


def test_one_that_does_not_end_when_it_is_closed_is_left_there() -> None:
    def goes_on(_trial):
        n_closed = 0
        while n_closed < 2:  # so that Python can end it
            try:
                yield -1.0
            except GeneratorExit:
                n_closed += 1

    (trial,) = run(goes_on, pruner=BELOW).trials
    assert trial.state is hpb.State.PRUNED
    assert "yields again after it was closed" in str(trial.error)
    assert trial.reports == ((1, -1.0),)


def test_one_that_fails_when_it_is_closed_has_failed() -> None:
    def trains(_trial):
        try:
            yield -1.0
        finally:
            msg = "cannot clean up"
            raise RuntimeError(msg)

    (trial,) = run(trains, pruner=BELOW).trials
    assert trial.state is hpb.State.FAILED
    assert trial.error == "RuntimeError: cannot clean up"


CTRL_C = """
import os, signal, hpbridge as hpb
def objective(trial):
    try:
        yield trial["x"]
        if trial.number == 2:
            os.kill(os.getpid(), signal.SIGINT)
        yield trial["x"]
    finally:
        print("ended", trial.number)
experiment = hpb.Experiment(objective=objective, space={"x": hpb.Float(0, 1)})
try:
    hpb.run(experiment, "random", n_trials=5, store="s.db", name="s")
except KeyboardInterrupt:
    print(hpb.load_study("s", "s.db").status, len(hpb.load_study("s", "s.db").trials))
"""


def test_ctrl_c_interrupts_and_closes(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CTRL_C],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    told = "ended 0 ended 1 ended 2 interrupted 2"
    assert " ".join(done.stdout.split()) == told, done.stderr


async def coroutine(_trial) -> float:
    return 1.0


async def asynchronous(_trial):
    yield 1.0


class Awaited:
    async def __call__(self, _trial) -> float:
        return 1.0


@pytest.mark.parametrize("objective", [coroutine, asynchronous, Awaited()])
def test_what_must_be_awaited_is_refused(objective) -> None:
    with pytest.raises(ExperimentError) as caught:
        hpb.Experiment(objective=objective, space=SPACE, name="a")
    told = "objective is an `async def`, which nobody awaits here"
    assert told in str(caught.value)
    with pytest.raises(ExperimentError, match="async def"):
        native_experiment(objective)  # whoever's it is


def test_an_asynchronous_one_fails_its_trial_where_nobody_saw_it() -> None:
    (trial,) = run(lambda t: [asynchronous(t)][0]).trials
    assert trial.state is hpb.State.FAILED
    assert str(trial.error).startswith("returned the async_generator <")
