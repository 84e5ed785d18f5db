"""Studies go out to Optuna and come back the same: files, real servers, its tools."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import threading
import urllib.request
import uuid
import warnings
from wsgiref.simple_server import WSGIRequestHandler, make_server

import optuna
import pytest
import sqlalchemy as sa

import hpbridge as hpb
from hpbridge.contract.foreign import Hints, Part
from hpbridge.errors import FormatError
from hpbridge_optuna import FORMAT, BridgeSampler
from tests import database_servers as servers

pytestmark = pytest.mark.usefixtures("silent_optuna")


def read(source, **hints):
    return FORMAT.read(source, Hints(**hints))


SPACE = hpb.Space(
    {
        "kind": hpb.Categorical({"one": (1,), "two": (2,)}),
        "size": hpb.Categorical([1, 2, 4], ordered=True),
        "side": hpb.Categorical(["l", "r"], weights=[1, 3]),
        "x": hpb.Float(0, 1),
        "rate": hpb.Float(1e-3, 1, log=True, when={"kind": "one"}),
        "n": hpb.Int(1, 9, step=2, when={"kind": "two"}),
        "q": hpb.Quantized(0.2, 3.3, 0.5),
        "k": hpb.Quantized(1, 9, 4),
        "p": hpb.Float(0, 1, prior=hpb.Normal(0.5, 0.1)),
        "fixed": 3,
    },
    forbid=[{"size": 4, "side": "l"}],
)


def ours(trial):
    trial.report(1.5, 0)
    trial.report(2.5, 0)
    trial.report(math.nan, 3)
    x = trial["x"]
    if x > 0.9:
        raise ValueError(x)
    if x > 0.8:
        raise hpb.TrialPruned
    if x > 0.7:
        return {"loss": math.nan, "score": 1.0}
    loss = math.inf if x < 0.1 else x
    return {"loss": loss, "score": x, "memory": 10 * x, "note": math.nan}


@pytest.fixture(scope="module")
def study():
    experiment = hpb.Experiment(
        objective=ours,
        space=SPACE,
        name="ours",
        direction={"loss": "minimize", "score": "maximize"},
        constraints={"memory": "<= 5"},
    )
    run = hpb.run(experiment, "random", n_trials=24, seed=3, store=":memory:")
    trials = [
        dataclasses.replace(trial, attributes={"n": [trial.number]})
        for trial in run.trials
    ]
    return dataclasses.replace(run, trials=tuple(trials), attributes={"who": {"a": 1}})


def assert_same(found, study):
    assert found.space == study.space
    assert (found.name, found.metrics) == (study.name, study.metrics)
    assert found.bounds == {"memory": "<= 5.0"}
    assert found.attributes == study.attributes
    fields = ("state", "params", "metrics", "reports", "error", "started_at")
    fields += ("run_seconds", "attributes")
    for a, b in zip(found.trials, study.trials, strict=True):
        for field in fields:
            assert repr(getattr(a, field)) == repr(getattr(b, field)), field


@pytest.mark.parametrize("name", ["out.db", "out.log", "out.jsonl"])
def test_there_and_back_is_the_same(study, tmp_path, name):
    path = tmp_path / name
    assert FORMAT.write(study, str(path)) == ()
    assert list(tmp_path.iterdir()) == [path]
    assert FORMAT.holds == frozenset(Part)
    assert_same(read(path), study)


def served(server, database):
    """Yield the URL of a database of its own on a real server."""
    with server() as url:
        name = f"s{uuid.uuid4().hex[:8]}"
        engine = sa.create_engine(f"{url}/{database}", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        yield f"{url}/{name}"


@pytest.mark.parametrize(
    ("server", "database"),
    [(servers.postgresql, "postgres"), (servers.mariadb, "mysql")],
)
def test_there_and_back_through_a_real_server(study, server, database):
    try:
        for url in served(server, database):
            assert FORMAT.write(study, url) == ()
            assert_same(read(url), study)
            with pytest.raises(FormatError, match=r"holds a study .* already"):
                FORMAT.write(study, url)
            storage = optuna.storages.RDBStorage(url)
            theirs = optuna.load_study(study_name=study.name, storage=storage)
            assert len(theirs.trials) == len(study.trials)
            storage.remove_session()
            storage.engine.dispose()
            plain = url.replace("+psycopg", "").replace("+pymysql", "")
            assert_same(read(plain), study)
    except servers.NotInstalledError as reason:
        pytest.skip(str(reason))


def test_a_study_that_went_on_in_optuna_comes_back_longer(study, tmp_path):
    path = tmp_path / "on.db"
    FORMAT.write(study, str(path))
    theirs = optuna.load_study(study_name=study.name, storage=f"sqlite:///{path}")
    params = dict(study.trials[0].params)
    trial = optuna.create_trial(
        values=[1.0, 2.0],
        params=params,
        distributions={n: theirs.trials[0].distributions[n] for n in params},
        constraints={"memory": -2.0},
    )
    theirs.add_trial(trial)
    found = read(path)
    assert found.space == study.space
    assert found.trials[-1].metrics == {"loss": 1.0, "score": 2.0, "memory": 3.0}


def test_nothing_is_written_over_and_nothing_half(study, tmp_path):
    path = tmp_path / "there.db"
    path.write_text("mine")
    with pytest.raises(FormatError, match="it exists already"):
        FORMAT.write(study, str(path))
    assert path.read_text() == "mine"
    attributes = {"bad": object()}  # no storage takes it
    broken = dataclasses.replace(study, attributes=attributes)
    url = f"sqlite:///{tmp_path / 'new.db'}"
    for target in (str(tmp_path / "new.db"), str(tmp_path / "new.log"), url):
        with pytest.raises(FormatError, match="JSON"):
            FORMAT.write(broken, target)
    assert list(tmp_path.iterdir()) == [path]
    optuna.create_study(storage=url, study_name="other")
    with pytest.raises(FormatError, match="JSON"):
        FORMAT.write(broken, url)
    assert optuna.get_all_study_names(url) == ["other"]
    with pytest.raises(FormatError, match="refused"):
        FORMAT.write(study, "postgresql://me:secret@127.0.0.1:1/db")
    with pytest.raises(FormatError, match="refused") as caught:
        read("postgresql://me:secret@127.0.0.1:1/db")
    assert "secret" not in str(caught.value)


def test_a_function_that_forbids_is_named_as_lost(tmp_path):
    space = hpb.Space({"x": hpb.Float(0, 1)}, forbid=[too_large])
    run = hpb.minimize(
        lambda t: t["x"], space, backend="random", n_trials=2, store=":memory:"
    )
    notes = hpb.write_study(run, tmp_path / "f.db", "optuna")
    assert notes == ("optuna does not hold the function 'too_large' of forbid=",)
    back = hpb.read_study(tmp_path / "f.db")
    assert "the function 'too_large' of forbid= is not in the source" in back.notes
    assert not back.space.forbids({"x": 0.95})


def too_large(params):
    return params["x"] > 0.9


def test_optuna_draws_what_was_written(study, tmp_path):
    path = tmp_path / "plots.db"
    FORMAT.write(study, str(path))
    theirs = optuna.load_study(study_name=study.name, storage=f"sqlite:///{path}")
    plots = optuna.visualization
    single = {"target": lambda trial: trial.values[1], "target_name": "score"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        figures = [
            plots.plot_optimization_history(theirs, **single),
            plots.plot_pareto_front(theirs),
            plots.plot_parallel_coordinate(theirs, **single),
            plots.plot_slice(theirs, **single),
            plots.plot_timeline(theirs),
        ]
    assert all(figure.data for figure in figures)
    n_infinite = sum(t.metrics.get("loss") == math.inf for t in study.trials)
    assert n_infinite


@contextlib.contextmanager
def dashboard(storage):
    """Serve optuna-dashboard, and yield a function that gets JSON from its API."""
    from optuna_dashboard import wsgi

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            """Say nothing."""

    server = make_server("127.0.0.1", 0, wsgi(storage), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield lambda path: json.load(
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}{path}")
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_optuna_dashboard_shows_what_was_written_and_what_runs_here(study, tmp_path):
    path = tmp_path / "shown.db"
    FORMAT.write(study, str(path))
    running = optuna.create_study(
        storage=f"sqlite:///{path}",
        study_name="bridged",
        sampler=BridgeSampler("hyperopt:tpe", seed=1, space={"x": hpb.Float(0, 1)}),
    )
    running.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    with dashboard(f"sqlite:///{path}") as get:
        summary, bridged = get("/api/studies")["study_summaries"]
        assert bridged["study_name"] == "bridged"
        shown = get(f"/api/studies/{bridged['study_id']}")["trials"]
        assert [trial["values"] for trial in shown] == [
            t.values for t in running.trials
        ]
        assert summary["study_name"] == study.name
        assert summary["directions"] == ["minimize", "maximize"]
        detail = get(f"/api/studies/{summary['study_id']}")
    states = {"complete": "Complete", "failed": "Fail", "pruned": "Pruned"}
    assert [trial["state"] for trial in detail["trials"]] == [
        states[trial.state.value] for trial in study.trials
    ]
    assert detail["objective_names"] == ["loss", "score"], detail.keys()
    first = {each["name"] for each in detail["trials"][0]["params"]}
    assert first == set(study.trials[0].params)
