"""Drivers are chosen by name with options, and a study keeps both."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from typer.testing import CliRunner

import hpbridge as hpb
from hpbridge.cli.app import app
from hpbridge.cli.logs import keeps_logs
from hpbridge.contract.execution import DriverSpec, driver_options
from hpbridge.contract.registry import registry
from hpbridge.drivers.choosing import chosen_driver
from hpbridge.drivers.local import open_threads
from hpbridge.errors import DriverNotFoundError, ExperimentError, OptionError


@dataclass(frozen=True)
class Options:
    address: str = "here"
    gpus: str | None = None
    nodes: int = 1

    def __post_init__(self) -> None:
        if self.nodes < 1:
            msg = f"'nodes' must be at least 1, got {self.nodes}"
            raise ValueError(msg)


@pytest.fixture
def opened(monkeypatch):
    """A driver with options; the settings with which it was opened."""
    seen = []

    def open_it(experiment, settings):
        seen.append(driver_options(Options, settings))
        return open_threads(experiment, settings)

    spec = DriverSpec(
        "far", "Threads that look far away.", open_it, isolates=False, options=Options
    )
    monkeypatch.setitem(registry().drivers, "far", spec)
    return seen


def experiment():
    return hpb.Experiment(
        name="e", objective=lambda t: t["x"], space={"x": hpb.Float(-1, 1)}
    )


def test_a_pool_of_the_callers() -> None:
    with ThreadPoolExecutor(1) as pool:
        chosen = chosen_driver(pool, "e")
    assert (chosen.name, chosen.pool) == ("futures:ThreadPoolExecutor", pool)


def test_options_go_to_the_driver_and_stay_with_the_study(opened, tmp_path) -> None:
    store = tmp_path / "s.db"
    study = hpb.run(
        experiment(),
        "random",
        n_trials=2,
        driver=("far", {"nodes": 3}),
        store=store,
        seed=0,
    )
    assert opened == [Options(nodes=3)]
    assert study.settings["driver"] == "far"
    kept = {"address": "here", "gpus": None, "nodes": 3}
    assert study.settings["driver_options"] == kept
    hpb.resume(study.name, experiment(), store=store, n_trials=3)
    assert opened[1:] == [Options(nodes=3)]
    changed = ("far", {"address": "there"})
    hpb.resume(study.name, experiment(), store=store, n_trials=4, driver=changed)
    assert opened[2:] == [Options("there", nodes=3)]
    hpb.resume(study.name, experiment(), store=store, n_trials=5, driver="threads")
    again = hpb.load_study(study.name, store)
    assert again.settings["driver"] == "threads"
    assert "driver_options" not in again.settings


def test_a_comparison_has_them_too(opened) -> None:
    comparison = hpb.compare(
        experiment(),
        ["random"],
        n_trials=2,
        repeats=2,
        driver=("far", {"nodes": 2}),
        store=":memory:",
    )
    assert opened == [Options(nodes=2)] * 2
    assert not comparison.failures


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"nodes": 0}, "'nodes' must be at least 1, got 0"),
        ({"node": 2}, "there is no option 'node'"),
        ({"nodes": "many"}, "'nodes' must be"),
    ],
)
def test_wrong_options_are_refused(opened, options, problem) -> None:
    with pytest.raises(OptionError, match="Driver 'far' got wrong options") as raised:
        hpb.run(experiment(), "random", n_trials=1, driver=("far", options))
    assert problem in str(raised.value)
    assert not opened


def test_an_unknown_driver_has_a_nearest_name() -> None:
    with pytest.raises(DriverNotFoundError, match="did you mean 'threads'"):
        hpb.run(experiment(), "random", n_trials=1, driver=("treads", {"a": 1}))


def test_something_else_is_refused() -> None:
    with pytest.raises(ExperimentError, match="must be the name of one"):
        chosen_driver(3, "e")


def test_the_command_has_short_words_for_options(
    opened, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "e.py").write_text(
        "import hpbridge as hpb\n"
        "e = hpb.Experiment(objective=lambda t: t['x'], space={'x': hpb.Float(0, 1)})\n"
    )
    words = "run e.py -b random -n 1 --driver far --address a:1 --gpus 0,1"
    app([*words.split(), "--driver-option", "nodes=2"], standalone_mode=False)
    assert opened == [Options("a:1", "0,1", 2)]
    twice = ["--driver-option", "address=b:1"]
    with pytest.raises(OptionError, match="--address says it, too"):
        app([*words.split(), *twice], standalone_mode=False)
    capsys.readouterr()
    app(["drivers", "far", "--json"], standalone_mode=False)
    (described,) = json.loads(capsys.readouterr().out)
    names = [option["name"] for option in described["options"]]
    assert names == ["address", "gpus", "nodes"]
    monkeypatch.setenv("COLUMNS", "200")  # what a driver is stays in one line
    app(["drivers"], standalone_mode=False)
    assert "Threads that look far away." in " ".join(capsys.readouterr().out.split())


class Client:
    """Of a cluster."""


@pytest.fixture
def taken(monkeypatch):
    """A driver that takes clients; those that it was opened on, with its options."""
    seen = []

    def open_on(given):
        def open_it(experiment, settings):
            seen.append((given, driver_options(Options, settings).nodes))
            return open_threads(experiment, settings)

        return open_it if isinstance(given, Client) else None

    spec = DriverSpec(
        "far",
        "Threads that look far away.",
        open_threads,
        isolates=False,
        logs=True,
        options=Options,
        open_on=open_on,
    )
    monkeypatch.setitem(registry().drivers, "far", spec)
    return seen


def test_what_a_driver_takes_is_opened_by_it_with_its_options(taken, tmp_path) -> None:
    client, again = Client(), Client()
    given = {"store": tmp_path / "s.db", "driver": (client, {"nodes": 3})}
    study = hpb.run(experiment(), "random", n_trials=1, seed=0, **given)
    assert study.settings["driver"] == "futures:far Client"
    assert keeps_logs(study.settings["driver"])
    hpb.resume(study.name, experiment(), **{**given, "driver": again}, n_trials=2)
    assert taken == [(client, 3), (again, 3)]
    with pytest.raises(ExperimentError, match="ran on a far Client of yours"):
        hpb.resume(study.name, experiment(), store=given["store"], n_trials=3)


def test_a_comparison_runs_on_what_a_driver_takes(taken) -> None:
    client = Client()
    hpb.compare(
        experiment(), ["random"], n_trials=1, repeats=2, driver=client, store=":memory:"
    )
    assert {given for given, _ in taken} == {client}


def test_an_object_that_no_driver_takes_is_refused(taken) -> None:
    with pytest.raises(ExperimentError, match="client of a cluster that a driver"):
        hpb.run(experiment(), "random", n_trials=1, driver=object())


def test_options_of_what_a_driver_takes_are_checked(taken) -> None:
    with pytest.raises(OptionError, match="far"):
        hpb.run(experiment(), "random", n_trials=1, driver=(Client(), {"nodes": 0}))


def test_a_driver_whose_processes_all_start_as_the_studys_is_attended_to(
    opened, monkeypatch, tmp_path
) -> None:
    spec = replace(registry().drivers["far"], attend=lambda: 3)
    monkeypatch.setitem(registry().drivers, "far", spec)
    words = {"n_trials": 4, "seed": 0, "store": ":memory:", "driver": "far"}
    study = hpb.run(experiment(), "random", **words)
    assert study.settings["workers"] == 3
    assert hpb.run(experiment(), "random", workers=2, **words).settings["workers"] == 2

    def leave():
        raise SystemExit(0)

    monkeypatch.setitem(registry().drivers, "far", replace(spec, attend=leave))
    with pytest.raises(SystemExit):
        hpb.run(experiment(), "random", **words)
    done = CliRunner().invoke(app, ["run", str(tmp_path / "no.py"), "--driver", "far"])
    assert done.exit_code == 0, "nothing is loaded before"


def test_a_name_and_what_is_nearest_to_it_are_one_problem(opened) -> None:
    wrong = ("far", {"adress": "a:1", "nodes": 0})
    with pytest.raises(OptionError) as raised:
        hpb.run(experiment(), "random", n_trials=1, driver=wrong)
    (problem,) = raised.value.problems
    assert problem.startswith("there is no option 'adress'; did you mean 'address'")


def test_ctrl_c_before_a_study_begins_is_said(tmp_path) -> None:
    script = tmp_path / "e.py"
    script.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    command = [sys.executable, "-m", "hpbridge", "run", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (130, "Interrupted.")


def test_a_limit_of_workers_is_refused_with_those_that_keep_it() -> None:
    with pytest.raises(ExperimentError) as raised:
        hpb.run(experiment(), "random", driver="threads", memory_trial="1GiB")
    (problem,) = raised.value.problems
    assert problem.startswith(
        "memory_trial must be None on the driver 'threads'; it is"
    )
    assert "'local', 'processes', 'http'" in problem
