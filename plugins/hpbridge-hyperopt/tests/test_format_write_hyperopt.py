from __future__ import annotations

import math
import pickle
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from fmin_studies import HINTS, SPACE, as_list, dumped, evaluate, loss_of, run
from hyperopt import (
    Trials,
    anneal,
    hp,
    plotting,
    rand,
    tpe,
)
from hyperopt.base import (
    miscs_to_idxs_vals,
    trials_from_docs,
)

import hpbridge as hpb
from hpbridge import Categorical, Constant, Float, Int, Normal, Quantized, Space
from hpbridge.contract.foreign import Hints, Part
from hpbridge.errors import FormatError
from hpbridge.trial import State
from hpbridge_hyperopt import FORMAT, SPEC

pytestmark = pytest.mark.usefixtures("no_logged_failures")


# Writing


def full_study(direction="maximize", n_trials=12):
    """Everything that a study can hold."""
    space = Space(
        {
            "solver": Categorical({"adam": object(), "sgd": object()}, weights=[3, 1]),
            "lr": Float(1e-5, 1e-1, log=True),
            "momentum": Float(0, 0.99, when={"solver": "sgd"}),
            "n": Int(1, 40, log=True),
            "k": Int(1, 60, step=7),
            "drop": Float(0, 1, step=0.3),
            "size": Categorical([None, 2, True, "x"][:3], ordered=True),
            "width": Quantized(1, 10, 4.0),
            "g": Float(0, 10, prior=Normal(4, 2)),
            "c": Constant(5),
        }
    )

    def objective(trial):
        if trial.number == 3:
            msg = "broken: twice"
            raise RuntimeError(msg)
        if trial.number == 4:
            trial.report(0.5, 1)
            trial.report(math.inf, 2)
            msg = "slow"
            raise hpb.TrialPruned(msg)
        if trial.number == 5:
            return {"score": math.nan, "cost": 1.0}
        if trial.number == 6:
            return {"score": -math.inf, "cost": 1.0}
        return {"score": trial["lr"] * 10, "cost": trial["n"], "extra": trial.number}

    experiment = hpb.Experiment(
        objective=objective,
        space=space,
        name="full",
        direction={"score": direction},
        constraints={"cost": "<= 30"},
    )
    study = hpb.run(
        experiment, backend="random", n_trials=n_trials, seed=1, store=":memory:"
    )
    noted = tuple(
        replace(t, attributes={"tag": [1, "a"], "loss": 3}) for t in study.trials
    )
    return replace(study, trials=noted, attributes={"who": "me"})


def test_a_study_comes_back_whole(tmp_path):
    study = full_study()
    notes = FORMAT.write(study, str(tmp_path / "t.pkl"))
    assert notes == (
        "Hyperopt minimizes: its loss is the negative of 'score'",
        "Hyperopt has no constraints: its best trial may violate them",
    )
    back = FORMAT.read(tmp_path / "t.pkl", Hints())
    assert FORMAT.holds == frozenset(Part)
    assert (back.name, back.metrics) == (study.name, {"score": "maximize"})
    assert back.space == study.space
    assert back.bounds == {"cost": "<= 30.0"}
    assert back.attributes == {"who": "me"}
    assert back.notes == ()
    names = ("state", "params", "metrics", "reports", "error", "started_at")
    names += ("run_seconds", "attributes")
    for ours, theirs in zip(study.trials, back.trials, strict=True):
        for name in names:
            assert repr(getattr(theirs, name)) == repr(getattr(ours, name)), name


def load(path):
    with path.open("rb") as file:
        return pickle.load(file)


def test_hyperopt_opens_what_was_written(tmp_path, capsys):
    mpl.use("Agg")
    study = full_study()
    FORMAT.write(study, str(tmp_path / "t.pkl"))
    trials = load(tmp_path / "t.pkl")
    assert type(trials) is Trials
    best = max((t for t in study.trials if t.state is State.COMPLETE), key=score)
    assert trials.best_trial["result"]["loss"] == -best.metrics["score"]
    assert trials.best_trial["result"]["extra"] == best.metrics["extra"]
    assert trials.argmin["lr"] == best.params["lr"]
    assert trials.argmin["solver"] == ["adam", "sgd"].index(best.params["solver"])
    assert len(trials) == len(study.trials) - 1  # as Hyperopt hides what raised
    error = trials._dynamic_trials[3]["misc"]["error"]
    assert error == ("RuntimeError", "broken: twice")
    idxs, vals = miscs_to_idxs_vals(trials.miscs)
    assert set(idxs) == set(vals) == set(study.space.searched)
    plotting.main_plot_history(trials, do_show=False)
    plotting.main_plot_vars(clean(trials), do_show=False)
    assert "best error" in capsys.readouterr().out


def score(trial):
    return trial.metrics["score"]


def clean(trials):
    # `main_plot_vars` takes no trial without a finite loss.
    losses = [doc["result"].get("loss") for doc in trials.trials]
    kept = zip(trials.trials, losses, strict=True)
    return trials_from_docs([d for d, x in kept if x is not None and math.isfinite(x)])


def own_study(space=SPACE, n_trials=25, seed=3):
    native = SPEC.from_native(space)
    experiment = hpb.Experiment(
        objective=native.wrap(loss_of),
        space=native.space,
        name="own",
        direction={native.metric: native.direction},
    )
    study = hpb.run(
        experiment,
        backend="hyperopt:tpe",
        n_trials=n_trials,
        seed=seed,
        store=":memory:",
    )
    return experiment, study


def test_fmin_goes_on_with_what_was_written_and_we_with_that(tmp_path):
    space = SPACE | {"k": hp.choice("k", range(2, 8))}
    _, study = own_study(space)
    (note,) = FORMAT.write(study, str(tmp_path / "t.pkl"))
    assert note.startswith("the choices of 'k' are written by their positions, as of")
    trials = load(tmp_path / "t.pkl")
    run(35, trials, seed=9, algo=tpe.suggest, function=loss_of, space=space)
    assert [t["tid"] for t in trials.trials] == list(range(35))
    # And the study of ours that it was has ten more trials.
    back = FORMAT.read(trials, Hints())
    assert back.name == study.name
    assert [t.params for t in back.trials[:25]] == [t.params for t in study.trials]
    for trial, doc in zip(back.trials[25:], trials.trials[25:], strict=True):
        assert not study.space.violations(trial.params)
        assert trial.metrics == {"loss": doc["result"]["loss"]}


def test_a_study_of_fmin_that_came_and_went_is_the_same_to_fmin(trials, tmp_path):
    study = hpb.read_study(trials, space=SPACE)
    assert study.native["offsets"] == {"k": 2}
    assert FORMAT.write(study, str(tmp_path / "t.pkl")) == ()
    back = load(tmp_path / "t.pkl")
    for theirs, ours in zip(trials._dynamic_trials, back._dynamic_trials, strict=True):
        assert ours["misc"]["vals"] == theirs["misc"]["vals"]
        assert ours["state"] == theirs["state"]
        for key in ("status", "loss", "true_loss"):
            assert repr(plain(ours["result"].get(key))) == repr(
                plain(theirs["result"].get(key))
            )
    again = FORMAT.read(back, Hints())
    assert as_list(again) == as_list(FORMAT.read(trials, HINTS))
    originals = load(dumped(trials, tmp_path / "o.pkl"))
    n = len(trials) + 5
    run(n, back, seed=1, algo=tpe.suggest)
    run(n, originals, seed=1, algo=tpe.suggest)
    assert back.trials[-1]["misc"]["vals"] == originals.trials[-1]["misc"]["vals"]
    assert FORMAT.read(back, Hints()).trials[-1].params["k"] in range(2, 8)


def plain(value):
    return float(value) if isinstance(value, np.floating) else value


def test_a_target_that_exists_is_not_touched(tmp_path):
    path = tmp_path / "t.pkl"
    path.write_bytes(b"mine")
    with pytest.raises(FormatError, match="it exists already"):
        FORMAT.write(full_study(n_trials=1), str(path))
    with pytest.raises(FormatError, match="its folder does not exist"):
        FORMAT.write(full_study(n_trials=1), str(tmp_path / "no" / "t.pkl"))
    assert [p.name for p in tmp_path.iterdir()] == ["t.pkl"]
    assert path.read_bytes() == b"mine"


# Going on


ALGORITHMS = {"tpe": tpe.suggest, "random": rand.suggest, "anneal": anneal.suggest}


def evaluate_or_raise(point):
    """As `evaluate`, but what failed is told by an error or NaN, not by a status."""
    if -0.8 <= point["x"] < -0.6:
        raise ValueError
    return evaluate(point) if point["x"] > -0.4 else math.nan


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_study_of_fmin_goes_on_as_by_fmin(algorithm, tmp_path):
    trials = run(30, seed=4)
    path = dumped(trials, tmp_path / "t.pkl")
    study = hpb.read_study(path, space=SPACE)
    assert sum(t.state is State.FAILED for t in study.trials) > 3
    native = SPEC.from_native(SPACE)
    experiment = hpb.Experiment(
        objective=native.wrap(evaluate_or_raise),
        space=native.space,
        direction={"loss": "minimize"},
        name="on",
    )
    backend = f"hyperopt:{algorithm}"
    more = hpb.run(
        experiment,
        backend=backend,
        n_trials=15,
        seed=6,
        history=study,
        store=":memory:",
    )
    assert "the library goes on with it in its own way" in more.notes
    run(len(trials) + 15, trials, 6, ALGORITHMS[algorithm], evaluate_or_raise)
    theirs = FORMAT.read(trials, HINTS).trials[-15:]
    found = more.trials[-15:]
    assert [t.params for t in found] == [t.params for t in theirs]


def test_a_study_of_ours_goes_on_as_by_fmin():
    experiment, study = own_study()
    more = hpb.run(
        experiment,
        backend="hyperopt:tpe",
        n_trials=10,
        seed=8,
        history=study,
        store=":memory:",
    )
    trials = run(25, seed=3, algo=tpe.suggest, function=loss_of)
    run(35, trials=trials, seed=8, algo=tpe.suggest, function=loss_of)
    theirs = FORMAT.read(trials, HINTS).trials
    assert [t.params for t in more.trials] == [t.params for t in theirs]


def test_ids_that_would_come_twice_are_not_gone_on_with(trials):
    docs = [doc for doc in trials.trials if doc["tid"] != 0]
    study = FORMAT.read(trials_from_docs(docs), HINTS)
    assert "ids" not in study.native
    optimizer = make("tpe")
    past = [past_of(trial) for trial in study.trials]
    assert not optimizer.restore(past, study.native)
    assert optimizer.ask().params == make("tpe").ask().params  # as it was


def past_of(trial):
    from hpbridge.contract.backend import Outcome, PastTrial

    values = tuple(v for k, v in trial.metrics.items() if k == "loss")
    return PastTrial(trial.params, Outcome(trial.state, values), trial.native)


def make(algorithm):
    from hpbridge.contract.backend import Problem

    options = SPEC.algorithms[algorithm].options()
    return SPEC.create(Problem(HINTS.space), SPEC.algorithms[algorithm], options, 0)
