"""Hyperopt's cluster on MongoDB, over the wire, with emulated servers.

There is no `mongod` to be had by a package manager; see `mongo_servers`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("pymongo", reason="pymongo is not installed")

import cloudpickle
import mongo_objectives as objectives
import mongo_servers
from hyperopt import Trials, anneal, fmin, hp, mongoexp, rand

import hpbridge as hpb
from hpbridge.errors import HpbridgeError
from hpbridge.trial import State
from hpbridge_hyperopt import suggest
from hpbridge_hyperopt.format.documents import DONE, ERROR
from hpbridge_hyperopt.host.finite import restored, stored
from hpbridge_hyperopt.mongo import MongoJobs, MongoTrials

pytestmark = pytest.mark.xdist_group("mongo")

SPACE = hp.uniform("x", -1, 1)
_names = itertools.count()

# A worker has not this module.
cloudpickle.register_pickle_by_value(objectives)


@pytest.fixture(scope="module")
def nx():
    with mongo_servers.nx_27017() as address:
        yield address, None  # with keys, it loses what is attached


@pytest.fixture(scope="module")
def eco():
    with mongo_servers.mongoeco() as address:
        yield address, "one"


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch):
    """Let `fmin` look for results ten times a second, and not once: it takes no such
    argument."""
    module = sys.modules["hyperopt.fmin"]
    often = functools.partial(module.FMinIter, poll_interval_secs=0.1)
    monkeypatch.setattr(module, "FMinIter", often)


@pytest.fixture(params=["nx", "eco"])
def cluster(request):
    address, key = request.getfixturevalue(request.param)
    return Cluster(address, key)


@pytest.fixture
def quick(nx):
    return Cluster(*nx)


class Cluster:
    """A database of its own on a server."""

    def __init__(self, server, key) -> None:
        self.place, self.key = f"{server}/db{next(_names)}", key

    def trials(self, **more):
        return MongoTrials(f"mongo://{self.place}/jobs", exp_key=self.key, **more)

    @contextlib.contextmanager
    def workers(self, count=1, *words):
        command = [sys.executable, "-m", "hpbridge_hyperopt.mongo"]
        command += ["--mongo", self.place, "--poll-interval", "0.1", *words]
        with contextlib.ExitStack() as stack:
            started = [
                stack.enter_context(subprocess.Popen(command)) for _ in range(count)
            ]
            try:
                yield started
            finally:
                for process in started:
                    process.terminate()


IN_PROCESS = "--no-subprocesses"


def run(trials, objective=objectives.square, algo=rand.suggest, n=4, **more):
    given = {"rstate": np.random.default_rng(0), "verbose": False, **more}
    fmin(
        objective,
        SPACE,
        algo=algo,
        max_evals=n,
        trials=trials,
        show_progressbar=False,
        return_argmin=False,
        **given,
    )
    return trials


def drawn(trials):
    return [doc["misc"]["vals"] for doc in trials.trials]


def test_hyperopts_own_draws_are_those_of_trials_and_several_workers_run_them(cluster):
    # In a longer queue, how many are drawn at once depends on how fast they are begun.
    with cluster.workers(2, IN_PROCESS):
        found = run(cluster.trials())
    alone = run(Trials())
    said = [
        (doc["tid"], doc["state"], doc.get("error")) for doc in found._dynamic_trials
    ]
    assert said == [(tid, DONE, None) for tid in range(4)]
    assert drawn(found) == drawn(alone)
    assert found.losses() == alone.losses()
    assert all(doc["owner"] for doc in found.trials)
    assert found.best_trial["result"]["loss"] == min(alone.losses())


def test_any_optimizer_proposes_what_the_cluster_runs(quick):
    with quick.workers(1, IN_PROCESS):
        trials = run(quick.trials(), objectives.raises, suggest("optuna:tpe", seed=3))
    assert len(trials.trials) < 4
    study = hpb.read_study(trials, space=SPACE)
    # So early, what it proposes does not depend on what it was told.
    tuned = hpb.Experiment(
        objective=lambda t: objectives.raises(t["x"]), space=study.space
    )
    alone = hpb.run(tuned, "optuna:tpe", n_trials=4, seed=3, store=":memory:")
    assert [t.params for t in study.trials] == [t.params for t in alone.trials]
    assert [t.state for t in study.trials] == [t.state for t in alone.trials]
    assert {t.state for t in study.trials} == {State.COMPLETE, State.FAILED}
    assert "low" in next(t.error for t in study.trials if t.error)


@pytest.mark.parametrize("words", [(), ("--workdir", "shared")])
def test_workers_of_one_folder_leave_each_other_theirs(
    quick, tmp_path, monkeypatch, words
):
    met = tmp_path / "met"
    met.mkdir()
    monkeypatch.chdir(tmp_path)
    objective = objectives.meets_another(met)
    with quick.workers(2, IN_PROCESS, *words):
        trials = run(quick.trials(), objective, n=2, max_queue_len=2)
    errors = [doc.get("error") for doc in trials._dynamic_trials]
    assert (errors, len(trials.trials)) == ([None, None], 2)
    assert {*tmp_path.iterdir()} == {met, *(tmp_path / name for name in words[1:])}


@pytest.mark.parametrize(
    "how", [pytest.param((), marks=pytest.mark.slow), (IN_PROCESS,)]
)
def test_each_job_has_a_folder_while_it_runs(quick, tmp_path, monkeypatch, how):
    monkeypatch.chdir(tmp_path)
    with quick.workers(1, *how):
        trials = run(quick.trials(), objectives.says_where, n=4)
    # Some raised, after which the worker is where it was.
    assert 0 < len(trials.trials) < 4
    for doc in trials.trials:
        assert doc["result"]["where"] == str(tmp_path / str(doc["_id"]))
    assert [*tmp_path.iterdir()] == []


def test_a_worker_without_a_folder_says_so_and_gives_its_job_back(quick, tmp_path):
    (tmp_path / "file").touch()
    trials = queued(quick)
    command = [sys.executable, "-m", "hpbridge_hyperopt.mongo", "--mongo", quick.place]
    command += ["--workdir", str(tmp_path / "file"), "--max-jobs", "1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"A job cannot run in {tmp_path / 'file'}" in ended.stderr
    trials.refresh()
    assert [(doc["state"], doc["owner"]) for doc in trials.trials] == [(0, None)]


def test_fmin_goes_on_with_a_database(quick):
    with quick.workers(1, IN_PROCESS):
        rstate = np.random.default_rng(0)
        run(quick.trials(), n=2, rstate=rstate)
        found = run(quick.trials(), n=4, rstate=rstate)
    assert drawn(found) == drawn(run(Trials()))


def test_what_is_not_finite_comes_back_as_it_was(quick):
    with quick.workers(1, IN_PROCESS):
        trials = run(quick.trials(), objectives.not_finite, n=6)
    alone = run(Trials(), objectives.not_finite, n=6)
    in_order = [sorted(result.items()) for result in trials.results]
    assert repr(in_order) == repr([sorted(each.items()) for each in alone.results])
    assert {math.isfinite(loss) for loss in trials.losses()} == {True, False}
    in_database = [doc["result"] for doc in quick.trials().handle.jobs.find()]
    assert Counter(result["status"] for result in in_database)["fail"] == sum(
        not math.isfinite(loss) for loss in trials.losses()
    )


@pytest.mark.parametrize(
    "result",
    [
        {"status": "ok", "loss": 1.0},
        {"status": "ok", "loss": -math.inf, "deep": {"a": [math.inf, {"b": 2}]}},
        {"status": "fail"},
        {"status": "ok", "loss": None},
    ],
)
def test_results_are_stored_without_what_is_not_finite(result):
    assert restored(stored(result)) == result
    assert "inf" not in repr(stored(result)).replace("'inf'", "").replace("'-inf'", "")


def test_a_job_that_kills_its_process_costs_its_trial_and_no_more(quick):
    with quick.workers(1):
        trials = run(quick.trials(), objectives.kills_itself)
    states = {doc["tid"]: doc["state"] for doc in trials._dynamic_trials}
    alone = run(Trials())
    low = [vals["x"][0] < 0 for vals in drawn(alone)]
    assert [states[k] for k in range(4)] == [ERROR if each else DONE for each in low]
    failed = next(d for d in trials._dynamic_trials if d["state"] == ERROR)
    assert failed["error"][1] == "its process ended with code -9"


def test_a_worker_that_is_gone_is_noticed_and_another_goes_on(quick, tmp_path):
    objective = objectives.hangs_once(tmp_path / "mark")
    trials = quick.trials(lost_after=1.0)
    how = "--heartbeat", "0.2", IN_PROCESS
    with quick.workers(1, *how) as (first,), ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, trials, objective, n=2)
        wait_for((tmp_path / "mark").exists, running)
        first.kill()
        with quick.workers(1, *how):
            running.result()
    states = [doc["state"] for doc in trials._dynamic_trials]
    assert states == [ERROR, DONE]
    assert "has said nothing for" in trials._dynamic_trials[0]["error"][1]


def test_a_worker_that_is_told_to_end_gives_its_job_back(quick, tmp_path):
    objective = objectives.hangs_once(tmp_path / "mark")
    with quick.workers(1) as (first,), ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, quick.trials(), objective, n=1)
        wait_for((tmp_path / "mark").exists, running)
        first.terminate()
        assert first.wait() == 130
        with quick.workers(1, IN_PROCESS):
            trials = running.result()
    assert [doc["state"] for doc in trials._dynamic_trials] == [DONE]


def wait_for(what, running):
    from tests.waiting import wait_until

    wait_until(lambda: running.done() or what())
    if running.done():
        running.result()


def queued(cluster, n=1):
    """Return trials with jobs that nobody has begun."""
    trials = cluster.trials()
    ids = trials.new_trial_ids(n)
    miscs = [{"tid": tid, "cmd": None, "idxs": {}, "vals": {}} for tid in ids]
    results = [{"status": "new"} for _ in ids]
    docs = trials.new_trial_docs(ids, [None] * n, results, miscs)
    trials.insert_trial_docs(docs)
    trials.refresh()
    return trials


def test_each_job_is_taken_once(cluster):
    trials = queued(cluster, 40)

    def take(owner):
        jobs = MongoJobs.new_from_connection_str(f"mongo://{cluster.place}/jobs")
        taken = iter(lambda: jobs.reserve(owner, exp_key=cluster.key), None)
        return [job["tid"] for job in taken]

    with ThreadPoolExecutor(4) as pool:
        taken = sorted(itertools.chain.from_iterable(pool.map(take, "abcd")))
    assert taken == list(range(40))
    assert len(trials.handle) == 40


def test_a_result_that_comes_late_or_twice_is_dropped(cluster):
    trials = queued(cluster)
    jobs = trials.handle
    job = jobs.reserve("a", heartbeat=1.0)
    late = dict(job)
    assert jobs.give_up(job, "gone")
    assert not jobs.give_up(job, "gone")
    with pytest.raises(mongoexp.OperationFailure, match="not this worker's any more"):
        jobs.update(late, {"result": {"status": "ok", "loss": 1.0}})
    trials.refresh()
    assert [doc["state"] for doc in trials._dynamic_trials] == [ERROR]
    again = queued(cluster)
    job = jobs.reserve("a")
    twice = dict(job)
    jobs.update(job, {"result": {"status": "ok", "loss": 1.0}, "state": DONE})
    with pytest.raises(mongoexp.OperationFailure):
        jobs.update(twice, {"result": {"status": "ok", "loss": 2.0}, "state": DONE})
    again.refresh()
    assert again.losses() == [1.0]


def test_trials_are_deleted_with_what_is_attached(cluster):
    trials = queued(cluster, 2)
    trials.trial_attachments(trials.trials[0])["a"] = b"some"
    trials.refresh()
    assert trials.trial_attachments(trials.trials[0])["a"] == b"some"
    trials.delete_all()
    assert trials.trials == [] == trials._dynamic_trials
    assert cluster.trials().trials == []


def test_hyperopts_own_mongo_trials_are_refused_with_the_reason(quick):
    plain = mongoexp.MongoTrials(f"mongo://{quick.place}/jobs")
    for optimizer in ("skopt:gp", "hyperopt:tpe"):
        with pytest.raises(HpbridgeError, match="gone since pymongo 4") as refused:
            suggest(optimizer)([0], None, plain, 0)
        assert "hpbridge_hyperopt.mongo" in str(refused.value)
    with pytest.raises(HpbridgeError, match="gone since pymongo 4"):
        hpb.read_study(plain, space=SPACE)
    plain.handle.conn.close()


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("localhost", "is no address of"),
        ("mongo://localhost:1/db", "is no address of"),
        ("http://localhost:1/db/jobs", "is no address of"),
        (None, "is no address of"),
    ],
)
def test_what_is_no_address_is_refused(address, problem):
    with pytest.raises(HpbridgeError, match=problem):
        MongoTrials(address)


def test_a_server_that_does_not_answer_is_named(monkeypatch):
    from hpbridge_hyperopt.host import mongo_jobs

    monkeypatch.setattr(mongo_jobs, "LONGEST_ANSWER", 0.5)
    port = mongo_servers.free_port()
    with pytest.raises(HpbridgeError, match=f"127.0.0.1:{port} does not answer"):
        MongoTrials(f"mongo://127.0.0.1:{port}/db/jobs")


def test_annealing_is_hyperopts_own(quick):
    # With one trial at a time in the queue, and each awaited: as `fmin` with `Trials`.
    with quick.workers(1, IN_PROCESS):
        found = run(quick.trials(), algo=anneal.suggest, n=1)
    assert drawn(found) == drawn(run(Trials(), algo=anneal.suggest, n=1))
