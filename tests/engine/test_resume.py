"""Resuming a study: bit for bit where that is possible, said so where it is not."""

from __future__ import annotations

import json
import sys
import textwrap
import time

import cloudpickle
import pytest

import hpbridge as hpb
from hpbridge.contract.attempt import Run
from hpbridge.contract.references import load_experiment
from hpbridge.contract.registry import registry
from hpbridge.drivers.objective import evaluate
from hpbridge.engine.life import Life, live
from hpbridge.engine.plan import Plan
from hpbridge.errors import ExperimentError, ObjectiveError, StudyNotFoundError
from hpbridge.learning.choice import choose
from hpbridge.learning.replay import CONTINUED, RESUMED
from hpbridge.learning.session import Session
from hpbridge.store import StudyWriter, open_store, schema
from hpbridge.store.settings import Settings
from hpbridge.trial import Origin

SPACE = hpb.Space(
    {
        "lr": hpb.Float(1e-5, 1e-1, log=True),
        "solver": hpb.Categorical({"adam": [1], "sgd": [2]}),
        "momentum": hpb.Float(0, 1, when={"solver": "sgd"}),
        "n": hpb.Int(1, 9),
    },
    forbid=[{"solver": "sgd", "n": [1, 2, 3]}],
)
# Workers need not import this module, and with it all of pytest.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

DETERMINISTIC = ["random", "optuna:tpe", "hyperopt:tpe"]


@pytest.fixture(params=DETERMINISTIC)
def backend(request) -> str:
    if request.param.split(":")[0] not in registry().backends:
        pytest.skip(f"the plugin of {request.param} is not installed")
    return request.param


@pytest.fixture
def store(tmp_path) -> str:
    return str(tmp_path / "store.db")


def objective(trial):
    """Has every outcome that a trial can have."""
    if trial.number % 7 == 3:
        msg = "no"
        raise ValueError(msg)
    if trial.number % 7 == 5:
        return float("nan")
    if trial.number % 7 == 6:
        trial.report(trial["lr"], 1)
        raise hpb.TrialPruned
    return trial["lr"] + trial["n"] + trial.get("momentum", 0)


def experiment(until=None, function=objective, **parts) -> hpb.Experiment:
    """Return one whose objective is interrupted at this trial."""

    def interrupted(trial):
        if trial.number == until:
            raise KeyboardInterrupt
        return function(trial)

    given = {"space": SPACE, "name": "e", "direction": "maximize", **parts}
    return hpb.Experiment(objective=interrupted, **given)


def run(until=None, backend="random", n_trials=15, function=objective, **settings):
    parts = {k: settings.pop(k) for k in ("baseline", "space") if k in settings}
    tuned = experiment(until, function, **parts)
    given = {"seed": 1, "name": "s", "n_trials": n_trials, **settings}
    return hpb.run(tuned, backend, **given)


def interrupt(until, store, backend="random", **settings) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(until, backend, store=store, **settings)


def record(study) -> list[tuple]:
    return [
        (
            *(t.number, t.state, t.params, repr(t.metrics), t.seed, t.origin),
            *(t.tells_before, t.told, t.reports, t.error),
        )
        for t in study.trials
    ]


@pytest.mark.parametrize("until", [0, 1, 8, 14])
def test_a_resumed_study_is_the_one_that_was_never_interrupted(
    store, backend, until
) -> None:
    whole = run(None, backend, store=":memory:")
    interrupt(until, store, backend)
    assert hpb.load_study("s", store).status == "interrupted"
    assert len(hpb.load_study("s", store).trials) == until
    resumed = hpb.resume("s", experiment(), store=store)
    assert record(resumed) == record(whole)
    assert resumed.status == "finished"
    note = f"after {until} trials {RESUMED}"
    assert list(resumed.notes) == ([note] if until else [])
    assert record(hpb.load_study("s", store)) == record(whole)


def test_a_study_that_is_interrupted_again_and_again(store, backend) -> None:
    interrupt(2, store, backend)
    for until in (2, 5, 6, 11):
        with pytest.raises(KeyboardInterrupt):
            hpb.resume("s", experiment(until), store=store)
    resumed = hpb.resume("s", experiment(), store=store)
    assert record(resumed) == record(run(None, backend, store=":memory:"))
    assert [note.split(" trials ")[0] for note in resumed.notes] == [
        *("after 2", "after 2", "after 5", "after 6", "after 11")
    ]
    assert all(note.endswith(RESUMED) for note in resumed.notes)


def test_a_finished_study_goes_on_with_a_larger_budget(store, backend) -> None:
    whole = run(None, backend, store=":memory:")
    run(None, backend, n_trials=9, store=store)
    resumed = hpb.resume("s", experiment(), store=store, n_trials=15)
    assert record(resumed) == record(whole)
    assert hpb.load_study("s", store).settings["n_trials"] == 15


def test_a_finished_study_has_nothing_to_do(store) -> None:
    ran = run(store=store)
    resumed = hpb.resume("s", experiment(0), store=store)  # would raise if it ran
    assert record(resumed) == record(ran)
    assert resumed.notes == ()
    assert resumed.best_trial.number == ran.best_trial.number


def hand_driven(store, backend, steps) -> None:
    """Run a study of two workers by hand: ("ask", n), or ("finish", number)."""
    tuned = experiment()
    settings = Settings(15, workers=2)
    plan = Plan(tuned, choose(backend, tuned), settings, 1, "local", "s")
    with StudyWriter.create(open_store(store), plan.record) as writer:
        session = Session(tuned, plan.choice.learner(tuned, 1), 1, settings, writer)
        running = {}
        for step, number in steps:
            if step == "ask":
                ask = session.next()
                assert ask.number == number
                running[number] = ask
                continue
            ask = running.pop(number)
            result = evaluate(tuned, ask.params, ask.number, ask.seed)
            session.finish(ask, Run(result, 0.0, 0.0, "hand"))


STEPS = [
    *[("ask", 0), ("ask", 1), ("finish", 1), ("ask", 2), ("finish", 2), ("ask", 3)],
    *[("finish", 3), ("ask", 4), ("finish", 0), ("ask", 5), ("finish", 5), ("ask", 6)],
]  # 4 and 6 are left running


def test_trials_that_were_running_run_first_and_as_what_they_were(
    store, backend, tmp_path
) -> None:
    hand_driven(store, backend, STEPS)
    database = open_store(store)
    found = database.trials(database.study(1))
    before = {trial.number: trial for trial in (*found.finished, *found.running)}
    assert [trial.number for trial in found.running] == [4, 6]
    started, ended = tmp_path / "started", []

    def both_at_once(trial):
        with started.open("a") as file:
            file.write(f"{trial.number} ")
        # So that none of the two workers is done with its first before both run.
        until = time.monotonic() + 120
        while trial.number in {4, 6} and time.monotonic() < until:
            if {"4", "6"} <= set(started.read_text().split()):
                break
            time.sleep(0.001)
        return objective(trial)

    def listen(_session, trial) -> None:
        ended.append(trial.number)
        if len(ended) == 5:
            raise KeyboardInterrupt

    tuned = experiment(function=both_at_once)
    with pytest.raises(KeyboardInterrupt):
        hpb.resume("s", tuned, store=store, callbacks=[listen])
    assert set(started.read_text().split()[:2]) == {"4", "6"}
    for trial in database.trials(database.study(1)).finished:
        old = before.get(trial.number, trial)
        for name in ("params", "seed", "tells_before", "origin"):
            assert getattr(trial, name) == getattr(old, name)
    # Once more: the trials that ran again must not confuse the order of events.
    resumed = hpb.resume("s", experiment(), store=store)
    assert [t.number for t in resumed.trials] == list(range(15))
    assert sorted(t.told for t in resumed.trials) == list(range(15))
    assert [n.split(" trials ")[1] for n in resumed.notes] == [RESUMED, RESUMED]


@pytest.mark.parametrize("until", [0, 1, 2, 4])
def test_first_points_that_had_not_run_still_do(store, until) -> None:
    point = {"lr": 1e-3, "solver": "adam", "n": 5}
    baseline = [point, {**point, "n": 6}]
    shared = ({**point, "n": 7}, {**point, "n": 8})

    def begin(until, store):
        tuned = experiment(until, baseline=baseline)
        chosen = choose("random", tuned)
        plan = Plan(tuned, chosen, Settings(7), 1, "local", "s", shared=shared)
        return live(Life(plan, store))

    with pytest.raises(KeyboardInterrupt):
        begin(until, store)
    resumed = hpb.resume("s", experiment(baseline=baseline), store=store)
    assert record(resumed) == record(begin(None, ":memory:"))
    assert [t.params["n"] for t in resumed.trials[:4]] == [5, 6, 7, 8]
    assert [t.origin for t in resumed.trials[1:5]] == [
        *(Origin.BASELINE, Origin.SHARED, Origin.SHARED, Origin.ASKED)
    ]


def test_retries_are_kept(store) -> None:
    runs = []

    def flaky(trial):
        runs.append(trial.number)
        if runs.count(trial.number) == 1:
            msg = "once"
            raise ValueError(msg)
        return 1.0

    interrupt(3, store, function=flaky, retries=1, n_trials=6)
    resumed = hpb.resume("s", experiment(function=flaky), store=store)
    assert [trial.attempts for trial in resumed.trials] == [2] * 6


def test_a_study_that_stopped_at_an_error_goes_on_when_it_is_mended(store) -> None:
    with pytest.raises(ObjectiveError, match="Trial 3 failed"):
        run(store=store, on_error="stop")
    assert hpb.load_study("s", store).status == "failed"
    mended = experiment(function=lambda trial: trial["lr"])
    resumed = hpb.resume("s", mended, store=store)
    assert resumed.status == "finished"
    assert resumed.stop_reason is None
    assert [t.number for t in resumed.trials if t.error] == [3]


def test_a_target_that_was_reached_ends_the_resumed_study_too(store) -> None:
    run(store=store, function=lambda trial: trial.number, target=4)
    resumed = hpb.resume("s", experiment(0), store=store)
    assert len(resumed.trials) == 5
    assert resumed.stop_reason == "target 4 reached"


def test_an_experiment_of_a_file_is_found_again(store, tmp_path) -> None:
    file = tmp_path / "resumed_experiment.py"
    file.write_text(
        textwrap.dedent("""
        import hpbridge
        def f(trial):
            if trial.number == 2 and interrupts:
                raise KeyboardInterrupt
            return trial["x"]
        interrupts = True
        mine = hpbridge.Experiment(objective=f, space={"x": hpbridge.Float(0, 1)})
        """)
    )
    tuned = load_experiment(str(file))
    with pytest.raises(KeyboardInterrupt):
        hpb.run(tuned, "random", n_trials=4, seed=0, store=store, name="s")
    sys.modules["resumed_experiment"].interrupts = False
    assert len(hpb.resume("s", store=store).trials) == 4


def test_an_experiment_of_no_file_must_be_given(store) -> None:
    run(store=store)
    with pytest.raises(ExperimentError, match="'s' was not run from a file; pass its"):
        hpb.resume("s", store=store)
    with pytest.raises(StudyNotFoundError, match="no study 'ss'; did you mean 's'"):
        hpb.resume("ss", store=store)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        (
            {"space": {**SPACE, "n": hpb.Int(1, 10)}},
            "its space is not the one that study 's' searched",
        ),
        (
            {"direction": "minimize"},
            "its metrics {'value': 'minimize'} are not those of study 's'",
        ),
        (
            {"constraints": {"seconds": "<= 2"}},
            "its constraints are not those of study 's'",
        ),
    ],
)
def test_another_experiment_is_refused(store, parts, problem) -> None:
    interrupt(3, store)
    with pytest.raises(ExperimentError) as caught:
        hpb.resume("s", experiment(**parts), store=store)
    assert str(caught.value) == (
        f"Experiment 'e' cannot be run:\n  - {problem}\n"
        "Hint: see the README, 'Experiment'."
    )
    assert len(hpb.load_study("s", store).trials) == 3


def test_a_wrong_budget_is_refused(store) -> None:
    run(store=store)
    with pytest.raises(ExperimentError, match="n_trials must be a whole number >= 1"):
        hpb.resume("s", experiment(), store=store, n_trials=0)


def test_other_versions_are_noted(store) -> None:
    interrupt(3, store)
    database = open_store(store)
    versions = {**database.study("s").versions, "hpbridge-random": "0.0.1"}
    with database.engine.begin() as connection:
        values = {"versions": json.dumps(versions)}
        connection.execute(schema.studies.update().values(**values))
    resumed = hpb.resume("s", experiment(), store=store)
    now = hpb.load_study("s", store)
    assert resumed.notes[0].startswith(
        "resumed with other versions: hpbridge-random 0.0.1 -> "
    )
    assert now.notes == resumed.notes


PLUGIN = '''
import random

from hpbridge.plugin import SPACE_FEATURES, YES, Capabilities, Feature, no
from hpbridge.plugin import Algorithm, BackendSpec, Optimizer, Suggestion, hookimpl

made = []

class Wobbly(Optimizer):
    """Proposes what nobody can foresee, and remembers all that it hears."""

    def __init__(self, space, algorithm, seed):
        self.space, self.algorithm, self.seed = space, algorithm, seed
        self.asked, self.told, self.observed = 0, [], []
        repeats = algorithm == "fragile"
        self.rng = random.Random(seed) if repeats else random.SystemRandom()
        made.append(self)

    def ask(self):
        self.asked += 1
        return Suggestion(self.asked, self.space.sample(self.rng))

    def tell(self, suggestion, outcome):
        self.told.append((dict(suggestion.params), outcome))
        if self.algorithm == "fragile" and len(made) > 1 and not self.observed:
            raise RuntimeError("cannot relive it")

    def observe(self, params, outcome):
        self.observed.append((dict(params), outcome))

def algorithm(name, replay):
    features = dict.fromkeys(SPACE_FEATURES, YES)
    features |= {Feature.FAILED_TRIALS: YES, Feature.FOREIGN_HISTORY: YES}
    features[Feature.PENDING] = no("it waits for each outcome")
    features[Feature.REPLAY] = YES if replay else no("it draws from the system")
    return Algorithm(name, "Wobbles.", Capabilities(features), native_call="none")

@hookimpl
def hpbridge_backends():
    algorithms = [algorithm("claims", True), algorithm("admits", False)]
    algorithms.append(algorithm("fragile", True))
    yield BackendSpec(
        name="wobbly", summary="Wobbles.", requires=(),
        algorithms={a.name: a for a in algorithms},
        create=lambda problem, algorithm, options, seed: Wobbly(
            problem.space, algorithm.name, seed
        ),
    )
'''


@pytest.fixture
def wobbly(tmp_path, monkeypatch):
    """A plugin that is installed: a module and the metadata of its distribution."""
    site = tmp_path / "site"
    info = site / "hpbridge_wobbly-0.1.dist-info"
    info.mkdir(parents=True)
    (site / "hpbridge_wobbly.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Name: hpbridge-wobbly\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[hpbridge]\nwobbly = hpbridge_wobbly\n")
    monkeypatch.syspath_prepend(str(site))
    registry.cache_clear()
    assert "wobbly" in registry().backends
    yield sys.modules["hpbridge_wobbly"]
    del sys.modules["hpbridge_wobbly"]
    registry.cache_clear()


def continued(store, backend, wobbly) -> hpb.Study:
    """Interrupt and resume; check that the last optimizer observed the history."""
    interrupt(8, store, backend)
    first = hpb.load_study("s", store)
    resumed = hpb.resume("s", experiment(), store=store)
    assert record(resumed)[:8] == record(first)
    assert [t.number for t in resumed.trials] == list(range(15))
    last = wobbly.made[-1]
    assert [params for params, _ in last.observed] == [t.params for t in first.trials]
    for trial, (_, outcome) in zip(first.trials, last.observed, strict=True):
        assert outcome.state is trial.state
        if trial.state is hpb.State.COMPLETE:  # maximized, so told negative
            assert outcome.values == (-trial.metrics["value"],)
    assert len(last.told) == 7
    assert last.seed != wobbly.made[0].seed  # or it could propose its first again
    return resumed


def test_an_algorithm_that_admits_to_be_random_is_continued(store, wobbly) -> None:
    resumed = continued(store, "wobbly:admits", wobbly)
    assert list(resumed.notes) == [
        f"after 8 trials {CONTINUED} (the algorithm is not deterministic)"
    ]
    assert len(wobbly.made) == 3  # the run's, the one to replay with, the observer


def test_an_algorithm_that_diverges_is_found_out_and_continued(store, wobbly) -> None:
    resumed = continued(store, "wobbly:claims", wobbly)
    assert len(resumed.notes) == 1
    start = f"after 8 trials {CONTINUED} (trial 0: proposed {{'lr': "
    assert resumed.notes[0].startswith(start)
    recorded = resumed.trials[0].params
    assert resumed.notes[0].endswith(f", recorded {recorded!r})")


def test_an_algorithm_that_breaks_when_replayed_is_continued(store, wobbly) -> None:
    resumed = continued(store, "wobbly:fragile", wobbly)
    assert list(resumed.notes) == [
        (
            f"after 8 trials {CONTINUED} (Optimizer 'wobbly:fragile' failed to learn "
            "from trial 0: RuntimeError: cannot relive it)"
        )
    ]


@pytest.mark.usefixtures("wobbly")
def test_an_algorithm_that_waits_for_each_outcome_gets_one_worker(store) -> None:
    with pytest.raises(ExperimentError) as caught:
        run(None, "wobbly:admits", store=store, workers=2)
    assert str(caught.value).splitlines()[1] == (
        "  - workers must be 1 for wobbly:admits, without 'several at once': "
        "the library cannot (it waits for each outcome)"
    )
