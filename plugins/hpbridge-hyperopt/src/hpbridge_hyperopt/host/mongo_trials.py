"""`MongoTrials` that works with pymongo 4, and with any optimizer as ``algo=``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from hyperopt import mongoexp

from hpbridge_hyperopt._upstream import MONGO_TRIALS
from hpbridge_hyperopt.format.documents import ERROR, RUNNING
from hpbridge_hyperopt.host.finite import restored
from hpbridge_hyperopt.host.mongo_jobs import HEARTBEAT, MongoJobs, require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Docs = list[dict[str, Any]]


class MongoTrials(mongoexp.MongoTrials):  # type: ignore[misc]
    """The trials of an `fmin` whose objective runs on a cluster of workers.

    As Hyperopt's own, whose arguments and documents it has. Besides, a job whose worker
    is gone fails, where Hyperopt's `fmin` would wait for ever: workers of
    ``hpbridge-mongo-worker`` say all along that they live. An infinite loss or NaN
    comes back as it was, though the database holds a failed trial.

    Args:
        arg: ``mongo://[USER[:PASSWORD]@]HOST:PORT/DATABASE/jobs``, or a `MongoJobs`.
        exp_key: Of the trials; None for all.
        cmd: As of Hyperopt's own.
        workdir: As of Hyperopt's own.
        refresh: Whether to read the database now.
        lost_after: Seconds without a word of its worker after which a job is given up;
            None for never.

    Raises:
        HpbridgeError: If there is no pymongo, or no server answers.

    Example:
        ``fmin(f, space, algo=hpbridge_hyperopt.suggest("optuna:tpe"), max_evals=50,
        trials=MongoTrials("mongo://localhost:27017/hyperopt/jobs", exp_key="one"))``
    """

    def __init__(
        self,
        arg: Any,
        exp_key: Any = None,
        cmd: Any = None,
        workdir: Any = None,
        refresh: bool = True,
        *,
        lost_after: float | None = 60.0,
    ) -> None:
        require()
        MONGO_TRIALS.check()
        self.lost_after = lost_after
        self._dynamic_trials: Docs = []
        self._ids: set[int] = set()
        self._seen: dict[Any, tuple[Any, float]] = {}
        is_jobs = isinstance(arg, mongoexp.MongoJobs)
        jobs = MongoJobs.of(arg) if is_jobs else MongoJobs.new_from_connection_str(arg)
        super().__init__(jobs, exp_key, cmd, workdir, refresh=False)
        self._take()
        if refresh:
            self.refresh()

    def view(
        self,
        exp_key: Any = None,
        cmd: Any = None,
        workdir: Any = None,
        refresh: bool = True,
    ) -> MongoTrials:
        """Return the same trials seen by another key."""
        return type(self)(
            self.handle,
            self._exp_key if exp_key is None else exp_key,
            self.cmd if cmd is None else cmd,
            self.workdir if workdir is None else workdir,
            refresh,
            lost_after=self.lost_after,
        )

    def _query(self, **more: Any) -> dict[str, Any]:
        of_key = {} if self._exp_key is None else {"exp_key": self._exp_key}
        return {**of_key, **more}

    def refresh_tids(self, tids: Iterable[int] | None) -> None:
        """Read the documents that have changed: all, or those of some trials."""
        if self.lost_after is not None:
            self._give_up_lost(self.lost_after)
        of_ids = {} if tids is None else {"tid": {"$in": list(tids)}}
        query = self._query(**of_ids)
        jobs = self.handle.jobs
        found = {
            doc["_id"]: doc["version"]
            for doc in jobs.find(query, projection=["version"])
        }
        known = {doc["_id"]: doc for doc in self._dynamic_trials}
        changed = [
            each
            for each, version in found.items()
            if each not in known or known[each]["version"] != version
        ]
        new: Docs = []
        for doc in jobs.find({"_id": {"$in": changed}}) if changed else ():
            doc["result"] = restored(doc["result"])
            if doc["_id"] in known:
                # In place: who has learned of it holds it.
                known[doc["_id"]].clear()
                known[doc["_id"]].update(doc)
            else:
                new.append(doc)
        self._dynamic_trials += sorted(new, key=lambda doc: doc["tid"])
        if tids is None:
            self._forget(found)
        self._take()

    def _forget(self, there: Mapping[Any, Any]) -> None:
        """Leave out what is not in the database any more."""
        if len(there) < len(self._dynamic_trials):
            kept = [doc for doc in self._dynamic_trials if doc["_id"] in there]
            self._dynamic_trials[:] = kept

    def _take(self) -> None:
        """Let Hyperopt see the documents: those of trials that did not fail.

        Source:
            hyperopt 0.3.0, `MongoTrials.refresh_tids`.
        """
        docs = (doc for doc in self._dynamic_trials if doc["state"] != ERROR)
        self._trials = sorted(docs, key=lambda doc: doc["tid"])
        self._specs = [doc["spec"] for doc in self._trials]
        self._results = [doc["result"] for doc in self._trials]
        self._miscs = [doc["misc"] for doc in self._trials]
        self._ids = {doc["tid"] for doc in self._trials}

    def _give_up_lost(self, lost_after: float) -> None:
        """Give up jobs whose workers are silent, by the clock of this machine."""
        query = self._query(state=RUNNING)
        now, seen = time.monotonic(), self._seen
        self._seen = {}
        fields = ["version", "refresh_time", "owner", HEARTBEAT]
        for doc in self.handle.jobs.find(query, projection=fields):
            if HEARTBEAT not in doc:
                continue  # of a worker that says nothing while it runs
            word, since = doc["refresh_time"], now
            before = seen.get(doc["_id"])
            if before is not None and before[0] == word:
                since = before[1]
            self._seen[doc["_id"]] = word, since
            patience = max(lost_after, doc[HEARTBEAT] * 2)
            if now - since > patience:
                who = doc["owner"]
                why = f"its worker {who} has said nothing for {now - since:.0f} seconds"
                self.handle.give_up(doc, why)

    def _insert_trial_docs(self, docs: Sequence[Any]) -> list[Any]:
        return [self.handle.jobs.insert_one(doc).inserted_id for doc in docs]

    def count_by_state_unsynced(self, arg: Any) -> int:
        """Count the trials of the database in one state, or in several."""
        states = [arg] if isinstance(arg, int) else list(arg)
        query = self._query(state={"$in": states})
        return int(self.handle.jobs.count_documents(query))

    def new_trial_ids(self, last_id: int) -> list[int]:
        """Return so many ids that no trial of the database has, of whatever key."""
        from pymongo import ReturnDocument

        doc = self.handle.db.job_ids.find_one_and_update(
            {"a": 0},
            {"$inc": {"last_id": last_id}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return list(range(doc["last_id"] - last_id, doc["last_id"]))
