from __future__ import annotations

import itertools
import json
import math
import pickle
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

import hpbridge as hpb
from hpbridge.analysis.contest.gathering import results_from, results_of
from hpbridge.analysis.contest.results import DONE, FAILED, MISSING, PARTIAL
from hpbridge.analysis.contest.verdict import verdict_of
from hpbridge.analysis.convergence import curve_by_trials, finish_seconds
from hpbridge.engine.compare import Comparison, load_comparison
from hpbridge.engine.stored_studies import StoredStudies
from hpbridge.errors import StoreDamagedError
from hpbridge.report.contest import write_comparison
from hpbridge.store import open_store

SPACE = {"x": hpb.Float(-1, 1), "y": hpb.Float(-1, 1)}
RIVALS = ["optuna:random", "hyperopt:random"]


def bowl(trial) -> float:
    if trial["x"] > 0.5:
        raise ValueError(trial["x"])
    if trial["x"] > 0.3:
        raise hpb.TrialPruned
    return trial["x"] ** 2 + trial["y"] ** 2 if trial["x"] > -0.8 else math.inf


def two(trial) -> dict[str, float]:
    if trial["x"] > 0.7:
        raise ValueError
    return {"size": trial["y"] ** 2, "loss": trial["x"] ** 2, "gain": -trial["x"]}


def at_budgets(trial) -> float:
    return abs(trial["x"]) + 1 / trial.budget


def compared(store, objective, **settings) -> Comparison:
    settings = {"n_trials": 12, "repeats": 3, "seed": 2, **settings}
    names = ("direction", "bounds", "constraints")
    own = {k: settings.pop(k) for k in names if k in settings}
    experiment = hpb.Experiment(objective=objective, space=SPACE, **own)
    return hpb.compare(experiment, RIVALS, store=store, **settings)


def assert_same(left, right) -> None:
    for name, value in vars(left).items():
        other = getattr(right, name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, other, err_msg=name)
            assert value.dtype == other.dtype
        else:
            assert value == other, name


def both(store, name=1):
    """Return results, which are the same by either way."""
    comparison = load_comparison(name, store)
    by_objects = results_of(comparison.studies)
    database = open_store(store)
    number = next(c.id for c in database.comparisons() if c.name == comparison.name)
    assert_same(by_objects, results_from(database, number))
    return comparison.studies, by_objects


def test_failed_pruned_and_infinite_trials_are_told_and_no_rivals(tmp_path) -> None:
    compared(tmp_path / "s.db", bowl)
    studies, found = both(tmp_path / "s.db")
    assert found.best.shape == (1, 2, 3, 12)
    assert found.optimizers == ("optuna:random", "hyperopt:random")
    assert found.seeds == (2, 3, 4)
    assert (found.states == DONE).all()
    assert found.reference == 0
    for study in studies:
        at = 0, found.optimizers.index(study.optimizer), found.seeds.index(study.seed)
        curve = curve_by_trials(study)
        wanted = [curve.at(k + 1) for k in range(12)]
        wanted = [math.inf if value is None else value for value in wanted]
        assert found.best[at].tolist() == wanted
        assert found.studies[at] == study.id
        ends = finish_seconds(study)
        seconds = [ends[t.number] + (t.tell_seconds or 0) for t in study.trials]
        np.testing.assert_allclose(found.seconds[at], seconds, atol=1e-6)
        spent = sum(t.ask_seconds + (t.tell_seconds or 0) for t in study.trials)
        assert found.optimizer_seconds[at][-1] == pytest.approx(spent)
        assert found.n_failed[at] == sum(t.state == "failed" for t in study.trials)


def test_constraints_leave_only_feasible_trials(tmp_path) -> None:
    way = {"loss": "minimize"}
    compared(tmp_path / "s.db", two, direction=way, constraints={"size": "<= 0.3"})
    studies, found = both(tmp_path / "s.db")
    bests = sorted(study.best_trial.metrics["loss"] for study in studies)
    assert sorted(found.best[..., -1].ravel().tolist()) == bests


def test_a_maximized_metric_has_its_sign_turned(tmp_path) -> None:
    compared(tmp_path / "s.db", two, direction={"gain": "maximize"})
    studies, found = both(tmp_path / "s.db")
    bests = sorted(-study.best_trial.metrics["gain"] for study in studies)
    assert sorted(found.best[..., -1].ravel().tolist()) == bests
    assert found.problems[0].metrics == (("gain", "maximize"),)


@pytest.mark.parametrize("n_metrics", [2, 3])
def test_several_metrics_are_judged_by_their_hypervolume(tmp_path, n_metrics) -> None:
    ways = {"loss": "minimize", "gain": "maximize", "size": "minimize"}
    compared(
        tmp_path / "s.db",
        two,
        direction=dict(itertools.islice(ways.items(), n_metrics)),
    )
    studies, found = both(tmp_path / "s.db")
    reference = found.problems[0].reference_point
    assert reference is not None
    assert not found.problems[0].is_reference_given
    signs = np.array([1, -1, 1])[:n_metrics]
    draws = np.random.default_rng(0).uniform(size=(200_000, n_metrics))
    for study in studies:
        at = 0, found.optimizers.index(study.optimizer), found.seeds.index(study.seed)
        front = [[t.metrics[m] for m in study.metrics] for t in study.best_trials]
        points = np.array(front) * signs
        low = points.min(axis=0)
        cube = low + draws * (np.array(reference) - low)
        inside = np.zeros(len(cube), dtype=bool)
        for point in points:
            inside |= (point <= cube).all(axis=1)
        volume = inside.mean() * np.prod(np.array(reference) - low)
        assert -found.best[at][-1] == pytest.approx(volume, rel=0.02, abs=1e-3)
        assert (np.diff(found.best[at]) <= 0).all()


@pytest.mark.parametrize("n_metrics", [2, 3])
def test_the_front_of_a_problem_is_that_of_all_its_studies(tmp_path, n_metrics) -> None:
    ways = {"loss": "minimize", "gain": "maximize", "size": "minimize"}
    direction = dict(itertools.islice(ways.items(), n_metrics))
    compared(tmp_path / "s.db", two, direction=direction)
    studies, found = both(tmp_path / "s.db")
    members = [(study, trial) for study in studies for trial in study.best_trials]
    numbered = [replace(t, number=k) for k, (_, t) in enumerate(members)]
    whole = replace(studies[0], trials=tuple(numbered)).best_trials
    assert {
        (
            found.optimizers[each.optimizer],
            found.seeds[each.seed],
            each.number,
            each.values,
        )
        for each in found.fronts[0]
    } == {
        (s.optimizer, s.seed, t.number, tuple(t.metrics[m] for m in direction))
        for s, t in (members[trial.number] for trial in whole)
    }
    assert len(found.fronts[0]) == len(whole)


def test_of_trials_at_several_budgets_those_at_the_largest_count(tmp_path) -> None:
    experiment = hpb.Experiment(
        objective=at_budgets, space=SPACE, budget=hpb.Budget(1, 9)
    )
    store = tmp_path / "s.db"
    rules = {"n_trials": 22, "repeats": 2, "store": store, "pruner": "hyperband"}
    hpb.compare(experiment, RIVALS, **rules)
    studies, found = both(tmp_path / "s.db")
    assert len({t.budget for s in studies for t in s.trials}) > 1
    for study in studies:
        at = 0, found.optimizers.index(study.optimizer), found.seeds.index(study.seed)
        assert found.best[at][-1] == study.best_trial.metrics["value"]


def test_runs_that_end_early_hold_their_value_and_say_why(tmp_path) -> None:
    compared(tmp_path / "s.db", bowl, target=0.2, n_trials=40)
    studies, found = both(tmp_path / "s.db")
    ended = [study for study in studies if len(study.trials) < 40]
    assert ended
    for study in ended:
        at = 0, found.optimizers.index(study.optimizer), found.seeds.index(study.seed)
        n = len(study.trials)
        assert found.n_told[at] == n
        assert found.n_trials[at] == 40
        assert found.states[at] == DONE
        assert found.why[at] == study.stop_reason
        assert (found.best[at][n - 1 :] == found.best[at][n - 1]).all()
        assert np.isnan(found.seconds[at][n:]).all()


def test_runs_that_have_not_begun_are_missing(tmp_path) -> None:
    store = tmp_path / "s.db"

    def interrupt(session, trial) -> None:
        if trial.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(store, bowl, callbacks=[interrupt])
    _, found = both(store)
    assert (found.optimizers, found.seeds) == (tuple(RIVALS), (2, 3, 4))
    states = [[PARTIAL, MISSING, MISSING], [MISSING] * 3]
    assert found.states.tolist() == [states]
    assert found.why[0, 1, 2] == "it has not begun"
    assert (found.n_trials == 12).all()
    said = str(load_comparison(1, store).verdict())
    assert "5 of 6 runs have not begun: `--resume` goes on with them." in said
    comparison = compared(store, bowl, resume=True)
    assert not comparison.results.why
    assert pickle.loads(pickle.dumps(comparison)).studies.asked.seeds == range(2, 5)


def test_problems_of_a_suite_that_have_not_begun_are_missing(tmp_path) -> None:
    store = tmp_path / "s.db"
    compared(store, bowl)
    settings = {
        "suite": "mine",
        "problems": {"bowl": 12, "other": 7},
        "optimizers": [[name, {}] for name in (*RIVALS, "skopt:gp")],
        "seed": 2,
        "seeds": 3,
        "skipped": {"skopt:gp on other": "it cannot"},
    }
    database = open_store(store)
    database.update_comparison(1, json.dumps(settings))
    found = results_from(database, 1)
    assert [facts.name for facts in found.problems] == ["bowl", "other"]
    assert found.optimizers == (*RIVALS, "skopt:gp")
    assert found.states[0, 2].tolist() == [MISSING] * 3
    assert set(found.why) == {
        *((0, 2, s) for s in range(3)),
        *((1, o, s) for o in range(2) for s in range(3)),
    }
    said = verdict_of(found)
    assert (said.unit, said.n_units) == ("problem", 1)
    assert "on 1 problem after 12 trials" in str(said)
    assert "9 of 15 runs have not begun, on 1 problem none at all" in str(said)
    write_comparison(
        StoredStudies(database, 1), tmp_path / "p.html", title="c", absent={}
    )
    assert "it has not begun" in (tmp_path / "p.html").read_text()


@pytest.mark.parametrize("damaged", ["", "3", "[]", '{"suite": 1}', '{"seed": "x"}'])
def test_a_record_that_does_not_say_what_was_asked_changes_nothing(
    tmp_path, damaged
) -> None:
    store = tmp_path / "s.db"
    wanted = compared(store, bowl).results
    open_store(store).update_comparison(1, damaged)
    assert_same(both(store)[1], wanted)


def test_interrupted_broken_and_absent_runs_are_told_apart(tmp_path) -> None:
    store = tmp_path / "s.db"

    def interrupt(session, trial) -> None:
        if session.optimizer_name == "optuna:random" and trial.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compared(store, bowl, callbacks=[interrupt])
    _, found = both(store)
    assert found.states[0, :, 0].tolist() == [PARTIAL, MISSING]
    assert "after 3 of 12 trials" in found.why[0, 0, 0]
    comparison = compared(store, bowl, resume=True)
    assert (both(store)[1].states == DONE).all()
    left = [s for s in comparison.studies if (s.optimizer, s.seed) != (RIVALS[1], 4)]
    found = results_of(left)
    assert found.states[0].tolist() == [[DONE] * 3, [DONE, DONE, MISSING]]
    assert np.isnan(found.best[0, 1, 2]).all()
    broken = compared(tmp_path / "b.db", lambda _t: None, on_error="stop")
    found = both(tmp_path / "b.db")[1]
    assert (found.states == FAILED).all()
    assert np.isinf(found.best).all()
    assert broken.failures


def test_a_pause_between_interruption_and_resume_takes_no_time(tmp_path) -> None:
    comparison = compared(tmp_path / "s.db", bowl, repeats=1)
    study = comparison.studies[0]

    def later(trial):
        shift = 1e6 if trial.number >= 5 else 0
        at = trial.asked_at + shift, trial.started_at + shift
        return replace(trial, asked_at=at[0], started_at=at[1])

    paused = replace(study, trials=tuple(map(later, study.trials)))
    found = results_of([study, replace(paused, seed=7)])
    np.testing.assert_allclose(
        found.seconds[0, 0, 0], found.seconds[0, 0, 1], atol=0.05
    )


def test_seeds_that_do_not_pair_are_repeats(tmp_path) -> None:
    studies = list(compared(tmp_path / "s.db", bowl, repeats=2).studies)
    apart = [
        replace(s, seed=s.seed + 100) if s.backend == "optuna" else s for s in studies
    ]
    found = results_of(apart)
    assert found.seeds == (0, 1)
    assert "Repeats are not paired" in found.notes[0]
    assert (found.states == DONE).all()
    twice = results_of([*studies, replace(studies[0], id=99)])
    assert twice.states.shape == (1, 2, 3)
    assert "several studies of one seed" in twice.notes[0]


def test_what_does_not_compare_is_told_apart_and_said(tmp_path) -> None:
    store = tmp_path / "s.db"
    first = compared(store, bowl).studies
    other = compared(store, bowl, direction="maximize", n_trials=5).studies
    found = results_of([*first, *other])
    assert len(found.problems) == 2
    assert "minimize value" in found.problems[0].name
    assert "maximize value" in found.problems[1].name
    assert any("different metrics, directions" in note for note in found.notes)
    narrow = {**SPACE, "x": hpb.Float(-0.1, 0.1)}
    experiment = hpb.Experiment(objective=bowl, space=narrow)
    third = hpb.run(experiment, "skopt:random", n_trials=3, seed=2, store=store)
    found = results_of([*first, third])
    assert len(found.problems) == 1
    tables = Comparison("by hand", (*first, *other, third)).table()
    assert [(row["problem"], row["optimizer"], row["repeats"]) for row in tables] == [
        ("bowl (minimize value), 12 trials, space 1", RIVALS[0], 3),
        ("bowl (minimize value), 12 trials, space 1", RIVALS[1], 3),
        ("bowl (maximize value)", RIVALS[0], 3),
        ("bowl (maximize value)", RIVALS[1], 3),
        ("bowl (minimize value), 3 trials, space 2", "skopt:random", 1),
    ]
    assert "problem" not in Comparison("one", tuple(first)).table()[0]
    assert Comparison("none", ()).table() == []
    space, budget = found.notes
    assert space.startswith("Not all studies of 'bowl' search the same space")
    assert budget.startswith("Studies have different budgets, 3 to 12 trials")


def test_facts_of_a_problem_are_read_from_its_studies(tmp_path) -> None:
    comparison = compared(tmp_path / "s.db", two, direction={"gain": "maximize"})
    noted = {
        "problem": {
            "suite": "fast",
            "name": "two",
            "dimension": 2,
            "kinds": ["mixed"],
            "optimum": 1.0,
            "optimum_of": "formula",
            "scored_by": "loss",
            "noise": 0.1,
            "reference_point": None,
            "source": "a paper",
        }
    }
    studies = [replace(study, attributes=noted) for study in comparison.studies]
    found = results_of(studies)
    facts = found.problems[0]
    assert (facts.suite, facts.optimum, facts.kinds) == ("fast", -1.0, ("mixed",))
    for study in studies:
        at = 0, found.optimizers.index(study.optimizer), found.seeds.index(study.seed)
        # It is maximized as the main metric is, and of the best by that one.
        assert found.best[at][-1] == -study.best_trial.metrics["loss"]


def test_nothing_is_no_contest(tmp_path) -> None:
    found = results_of([])
    assert found.best.shape == (0, 0, 0, 0)
    assert_same(found, results_from(open_store(tmp_path / "s.db"), 1))


def test_lost_and_spoilt_trials_are_damage(tmp_path) -> None:
    store = tmp_path / "s.db"
    compared(store, bowl)
    with sqlite3.connect(store) as file:
        file.execute("UPDATE hpbridge_trials SET metrics='{}, {}' WHERE study_id=2")
    with pytest.raises(StoreDamagedError, match="cannot be read"):
        results_from(open_store(store), 1)
    with sqlite3.connect(store) as file:
        file.execute("DELETE FROM hpbridge_trials WHERE number=3")
    with pytest.raises(StoreDamagedError, match="12 trials have ended, 11 can be read"):
        results_from(open_store(store), 1)
