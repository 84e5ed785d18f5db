"""What dies, and what is not there, when trials run on Dask."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from dask_cluster import client
from waiting import PATIENCE, is_alive, wait_until

import hpbridge as hpb
from hpbridge.errors import DriverError, ExecutorError, OptionError
from hpbridge.remote import book
from hpbridge_dask._upstream import problems
from hpbridge_dask.driver import address as address_of
from hpbridge_dask.driver import opening
from hpbridge_dask.driver.cluster import _differences


def study(objective, driver, **settings):
    given = {"n_trials": 4, "workers": 2, "seed": 0, "store": ":memory:", **settings}
    return hpb.run(experiment(objective), "random", driver=driver, **given)


def experiment(objective):
    return hpb.Experiment(name="e", objective=objective, space={"x": hpb.Float(-1, 1)})


def square(trial):
    return trial["x"] ** 2


def kills_dask_worker(folder, trial):
    """In the first attempt at trial 1, kill the Dask worker that has its agent."""
    mark = Path(folder, str(trial.number))
    if trial.number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(600)
    return trial["x"] ** 2


def test_what_it_uses_of_dask_is_there():
    assert problems() == []


@pytest.fixture
def _soon(monkeypatch):
    """On this machine, a connection that broke does not come again."""
    monkeypatch.setattr(book, "GONE_SECONDS", 0.5)


@pytest.mark.usefixtures("_soon")
def test_a_dask_worker_that_dies_costs_one_trial(tmp_path):
    objective = partial(kills_dask_worker, str(tmp_path))
    found = study(objective, client(), n_trials=6)
    states = [trial.state.value for trial in found.trials]
    assert sorted(states) == ["complete"] * 5 + ["failed"]
    assert "is gone" in found.trials[1].error


@pytest.mark.usefixtures("_soon")
def test_what_died_with_a_dask_worker_is_retried(tmp_path):
    objective = partial(kills_dask_worker, str(tmp_path))
    found = study(objective, client(), retries=1)
    assert [t.state.value for t in found.trials] == ["complete"] * 4
    assert found.trials[1].attempts == 2


def test_its_executor_says_on_which_workers():
    (chosen, *_) = client().scheduler_info(n_workers=-1)["workers"]
    pid = client().run(os.getpid, workers=[chosen])[chosen]

    def parent(trial):
        return {"value": trial["x"], "agent": os.getppid()}

    found = study(parent, client().get_executor(workers=[chosen]), n_trials=2)
    assert {trial.metrics["agent"] for trial in found.trials} == {pid}
    assert found.settings["driver"] == "futures:dask ClientExecutor"


@pytest.mark.parametrize("words", ["gpu=1", "cpu=2", "memory=1GiB,license=1"])
def test_resources_that_no_worker_has_are_refused_at_once(words):
    with pytest.raises(DriverError, match=r"no worker has .* none at all"):
        study(square, (client(), {"resources": words}))


def test_fewer_workers_than_asked_are_told():
    with pytest.warns(UserWarning, match="runs 2 trials at the same time, not 3"):
        found = study(square, client(), workers=3)
    assert len(found.trials) == 4


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("somewhere", "it must be HOST:PORT"),
        ("tcp://no-such-host.invalid:8786", "there is no host of this name"),
        ("127.0.0.1:1", "nothing is there: connection refused"),
    ],
)
def test_an_address_where_nothing_is_is_told(address, why):
    with pytest.raises(DriverError, match=why):
        study(square, ("dask", {"address": address}))


def test_what_says_nothing_is_no_scheduler(monkeypatch):
    monkeypatch.setattr(address_of, "GREETING_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(DriverError, match=r"Timed out|says nothing"):
            study(square, ("dask", {"address": address}))
    assert time.monotonic() - began < PATIENCE  # it would be for ever


def test_what_speaks_another_protocol_is_no_scheduler():
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=_answer_as_the_web, args=[other], daemon=True).start()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(DriverError, match=r"no scheduler: it says b'HTTP/1.1'"):
            study(square, ("dask", {"address": address}))


def _answer_as_the_web(server):
    with contextlib.suppress(OSError):
        while True:
            with server.accept()[0] as door:
                door.sendall(b"HTTP/1.1 408 Request Timeout\r\n\r\n")


def test_a_client_that_cannot_join_says_one_sentence():
    address = client().scheduler.address.replace("tcp", "tls")
    script = f"""
    import hpbridge as hpb
    space = {{"x": hpb.Float(0, 1)}}
    try:
        hpb.minimize(abs, space, "random", store=":memory:",
                     driver=("dask", {{"address": {address!r}}}))
    except hpb.errors.DriverError as error:
        print(error.headline)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("No Dask runs trials at 'tls://")
    assert "__del__" not in done.stderr


def test_a_scheduler_file_is_read_or_told(tmp_path):
    path = tmp_path / "scheduler.json"
    with pytest.raises(DriverError, match="No such file"):
        study(square, ("dask", {"scheduler_file": str(path)}))
    path.write_text("{}")
    with pytest.raises(DriverError, match="names no address"):
        study(square, ("dask", {"scheduler_file": str(path)}))
    path.write_text(f'{{"address": "{client().scheduler.address}"}}')
    assert len(study(square, ("dask", {"scheduler_file": str(path)})).trials) == 4


def test_clients_that_cannot_be_used_are_refused():
    from distributed import Client

    other = Client(client().scheduler.address, set_as_default=False)
    other.close()
    with pytest.raises(DriverError, match="not connected: its status is 'closed'"):
        study(square, other)


def test_options_are_checked():
    wrong = {"address": "a:1", "scheduler_file": "b", "resources": "x", "patience": 0}
    with pytest.raises(OptionError) as caught:
        study(square, ("dask", wrong))
    assert len(caught.value.problems) == 3
    with pytest.raises(DriverError, match="has no resources to share"):
        study(square, ("dask", {"resources": "gpu=1"}))


def test_workers_of_another_version_are_told():
    ours = {"python": "3.11.7.final.0", "hpbridge": "0.2", "hpbridge-dask": "0.1"}
    theirs = {"python": "3.12.1.final.0", "hpbridge": None, "hpbridge-dask": "0.2"}
    told = list(_differences(ours, theirs))
    assert told[0].startswith("its Python is 3.12.1, this one's 3.11.7")
    assert told[1:] == [
        "hpbridge is not installed there",
        "hpbridge-dask is 0.2 there, 0.1 here",
    ]
    assert list(_differences(ours, {**ours, "python": "3.11.9.final.0"})) == []


def test_a_cluster_that_is_gone_interrupts_the_study(tmp_path, monkeypatch):
    started = []

    class Recorded(opening.OwnCluster):
        def __init__(self, count):
            super().__init__(count)
            started.append(self)

    monkeypatch.setattr(opening, "OwnCluster", Recorded)

    def end(*_):
        os.kill(started[0]._process.pid, signal.SIGKILL)

    store, go = tmp_path / "s.db", str(tmp_path / "go")
    stays = partial(waits_for, go)
    with pytest.raises(ExecutorError, match="Dask is gone"):
        study(stays, "dask", store=store, name="s", n_trials=9, callbacks=[end])
    Path(go).touch()
    found = hpb.resume("s", experiment(stays), store=store, driver=client())
    assert [t.state.value for t in found.trials] == ["complete"] * 9


def waits_for(file, trial):
    """Wait for a file in all trials but the first."""
    while trial.number and not Path(file).exists():
        time.sleep(0.02)
    return trial["x"] ** 2


def test_nothing_is_left_of_a_study_that_was_killed(tmp_path):
    (tmp_path / "killed.py").write_text(
        textwrap.dedent(
            """
            import os, time
            from pathlib import Path
            import hpbridge as hpb

            def waits(trial):
                Path(f"{trial.number}-{os.getpid()}-{os.getppid()}").touch()
                time.sleep(600)

            e = hpb.Experiment(
                name="e", objective=waits, space={"x": hpb.Float(-1, 1)}
            )
            if __name__ == "__main__":
                hpb.run(e, "random", n_trials=2, workers=2, driver="dask", store="s.db")
            """
        )
    )
    process = subprocess.Popen([sys.executable, "killed.py"], cwd=tmp_path)
    try:
        wait_until(lambda: len(list(tmp_path.glob("?-*"))) == 2)
    finally:
        process.kill()
        process.wait()
    pids = {int(p) for mark in tmp_path.glob("?-*") for p in mark.name.split("-")[1:]}
    assert len(pids) == 4
    wait_until(lambda: not any(is_alive(pid) for pid in pids))
