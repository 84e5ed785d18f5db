"""`auto` in the verbs: what it chooses runs, and is what the record holds."""

from __future__ import annotations

import copy
import importlib.metadata
import json
import pickle

import pytest

import hpbridge as hpb
from hpbridge.analysis.contest.gathering import results_of
from hpbridge.contract.registry import CORE, ENTRY_POINT_GROUP, registry
from hpbridge.errors import BackendError, OptimizerNameError, OptionError
from hpbridge.hosts.conversation import Conversation
from hpbridge.plugin import GuestRecipe

SPACE = {"x": hpb.Float(-1, 1), "kind": hpb.Categorical(["a", "b"])}


def loss(trial):
    return trial["x"] ** 2 + (trial["kind"] == "a")


def experiment(space=SPACE, **others):
    return hpb.Experiment(objective=loss, space=space, name="bowl", **others)


@pytest.fixture
def only(monkeypatch):
    """Return a function that leaves the plugins of these names, and `auto`'s own."""
    whole = importlib.metadata.entry_points

    def take(*names):
        names = {*names, CORE, "portfolio"}

        def some(**where):
            found = whole(**where)
            is_ours = where.get("group") == ENTRY_POINT_GROUP
            return [e for e in found if e.name in names] if is_ours else found

        monkeypatch.setattr(importlib.metadata, "entry_points", some)
        registry.cache_clear()

    yield take
    monkeypatch.undo()
    registry.cache_clear()


def points(study):
    return [(dict(t.params), t.metrics) for t in study.trials]


def test_a_study_is_that_of_what_was_chosen(tmp_path):
    store = tmp_path / "s.db"
    study = hpb.run(experiment(), "auto", n_trials=12, seed=3, store=store)
    alone = hpb.run(experiment(), study.optimizer, n_trials=12, seed=3, store=store)
    assert points(study) == points(alone)
    assert study.optimizer == alone.optimizer != "auto:auto"
    assert study.name == "bowl-auto-3"
    assert study.attributes["asked_for"] == "auto"
    assert "asked_for" not in alone.attributes
    assert study.notes[0].startswith(f"auto chose {study.optimizer} for 2 parameters")
    assert dict(study.options) == dict(alone.options)


def test_the_reason_is_kept_and_a_resume_needs_no_rule(tmp_path, only):
    store = tmp_path / "s.db"
    whole = hpb.run(experiment(), "auto", n_trials=14, seed=0, store=store)
    begun = hpb.run(experiment(), "auto", n_trials=9, seed=0, store=store, name="part")
    kind = whole.optimizer.split(":")[0]
    only(kind)
    assert "hyperopt" not in registry().backends
    gone_on = hpb.resume("part", experiment(), n_trials=14, store=store)
    assert points(gone_on) == points(whole)
    assert gone_on.notes[: len(begun.notes)] == begun.notes


def test_options_are_of_what_is_chosen():
    optimizer = hpb.run(experiment(), "auto", n_trials=1, store=":memory:").optimizer
    assert optimizer == "optuna:tpe"
    given = {"n_startup_trials": 3}
    study = hpb.run(
        experiment(), "auto", n_trials=4, options=given, store=":memory:", seed=0
    )
    assert study.options["n_startup_trials"] == 3
    with pytest.raises(OptionError, match="optuna:tpe"):
        hpb.run(experiment(), "auto", n_trials=4, options={"no": 1}, store=":memory:")


def test_with_less_installed_it_takes_what_there_is(only):
    only("hyperopt", "random")
    study = hpb.run(experiment(), "auto", n_trials=3, seed=0, store=":memory:")
    assert study.optimizer == "hyperopt:tpe"
    assert any(
        text.startswith("optuna:tpe would come before it: No backend named 'optuna'")
        and "`pip install hpbridge-optuna`" in text
        for text in study.notes
    )
    only("random")
    study = hpb.run(experiment(), "auto", n_trials=3, seed=0, store=":memory:")
    assert study.optimizer == "random:random"
    assert any("random learns nothing" in text for text in study.notes)


def test_with_nothing_installed_it_says_what_to_install(only):
    only()
    with pytest.raises(BackendError) as caught:
        hpb.run(experiment(), "auto", n_trials=3, store=":memory:")
    assert "auto found no optimizer for 2 parameters" in str(caught.value)
    assert "Hint: `pip install hpbridge-optuna`." in str(caught.value)


def test_a_comparison_calls_it_auto(tmp_path):
    store = tmp_path / "s.db"
    names = ["auto", "optuna:tpe", "hyperopt:tpe"]
    found = hpb.compare(experiment(), names, n_trials=6, repeats=2, store=store)
    assert [row["optimizer"] for row in found.table()] == names
    auto, tpe = found.studies[0], found.studies[1]
    assert (auto.optimizer, tpe.optimizer) == ("optuna:tpe", "optuna:tpe")
    assert points(auto) == points(tpe)
    more = hpb.compare(
        experiment(), names, n_trials=8, repeats=3, store=store, resume=True
    )
    assert more.name == found.name
    assert [len(each.trials) for each in more.studies] == [8] * 9
    assert [row["optimizer"] for row in more.table()] == names


def test_a_study_of_ones_own_loop_begins_and_goes_on(tmp_path):
    store = tmp_path / "s.db"
    for n_before in (0, 2):
        with hpb.open_study(SPACE, "auto", seed=1, store=store, name="mine") as study:
            assert len(study.trials) == n_before
            for _ in range(2):
                trial = study.ask()
                study.tell(trial, loss(trial))
    said = [text for text in study.notes if "auto chose optuna:tpe" in text]
    assert len(said) == 1
    assert "a number of trials that is not known" in said[0]


def test_a_guest_says_that_the_budget_is_not_known():
    said = []
    recipe = GuestRecipe("auto", seed=0)
    talk = Conversation(recipe, hpb.Space(SPACE), say=said.append)
    assert talk.name == "optuna:tpe"
    assert "a number of trials that is not known, taken as" in said[0]
    assert talk.notes[0] == said[0]
    first = talk.propose("a")
    again = pickle.loads(pickle.dumps(copy.copy(talk)))
    assert again.recipe.optimizer == "optuna:tpe"
    assert again.propose("b") != first


@pytest.fixture
def say(tmp_path, monkeypatch, capsys):
    """Run a command in this process, and return what it printed."""
    from hpbridge.cli.app import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words):
        app(list(words), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_explain_prints_the_whole_decision(tmp_path, say):
    (tmp_path / "bowl.py").write_text(
        "import hpbridge as hpb\n"
        "space = {'x': hpb.Float(-1, 1), 'k': hpb.Int(0, 3)}\n"
        "e = hpb.Experiment(objective=lambda t: t['x'] ** 2, space=space)\n",
        encoding="utf-8",
    )
    out = say("explain", "bowl.py", "--backend", "auto", "--trials", "20")
    assert "auto chose " in out
    assert "2 parameters, all of numbers; 20 trials" in out
    data = json.loads(say("explain", "bowl.py", "--backend", "auto", "--json"))
    assert data["asked"] == "auto"
    assert data["optimizer"] != "auto"
    assert data["why"][0].startswith("auto chose")
    assert "50 trials" in data["why"][0]


def test_a_bench_has_it_as_one_more_optimizer(tmp_path):
    numbers = {"x": hpb.Float(-1, 1), "k": hpb.Int(0, 3)}
    sphere = hpb.Experiment(
        objective=lambda trial: trial["x"] ** 2, space=numbers, name="sphere"
    )
    names = ["auto", "optuna:tpe"]
    given = {"n_trials": 4, "store": tmp_path / "s.db", "seeds": 1}
    found = hpb.bench([experiment(), sphere], names, **given)
    results = results_of(list(found.studies))
    assert set(names) < set(results.optimizers)
    of = results.optimizers.index("auto")
    assert (results.n_told[:, of] == 4).all()
    bowls = [s for s in found.studies if s.experiment == "bowl"]
    assert {s.label: s.optimizer for s in bowls}["auto"] == "optuna:tpe"
    again = hpb.bench([experiment(), sphere], names, resume=True, **given)
    assert len(again.studies) == len(found.studies)


@pytest.mark.parametrize("name", ["portfolio:auto", "portfolio:auto+random:random"])
def test_what_chooses_is_no_member(name):
    with pytest.raises(OptimizerNameError, match="'auto:auto' cannot be a member"):
        registry().algorithm(name)
