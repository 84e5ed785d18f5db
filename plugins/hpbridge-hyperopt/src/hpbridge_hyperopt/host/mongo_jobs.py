"""The jobs of Hyperopt's MongoDB cluster, by what pymongo 4 offers.

Documents, collections and attachments are Hyperopt's own. What it asks of pymongo
(``insert``, ``remove``, ``update``, ``find_and_modify``, ``count``, ``authenticate``)
is gone since pymongo 4.

Source:
    hyperopt 0.3.0, `hyperopt.mongoexp.MongoJobs`; pymongo 4.20.1.
"""

from __future__ import annotations

import copy
import weakref
from typing import TYPE_CHECKING, Any

from hyperopt import mongoexp

from hpbridge.plugin import HpbridgeError
from hpbridge_hyperopt.format.documents import ERROR, NEW, RUNNING
from hpbridge_hyperopt.host.finite import stored

if TYPE_CHECKING:
    from collections.abc import Mapping

HEARTBEAT = "hpbridge:heartbeat"
"""Of a job: that whoever runs it renews its ``refresh_time``, as seconds between."""

LONGEST_ANSWER = 10.0
"""How long a server is waited for, in seconds."""


def require() -> None:
    """See that there is a pymongo.

    Raises:
        HpbridgeError: If there is none.
    """
    try:
        import gridfs
        import pymongo
    except ImportError as error:
        headline = "Hyperopt's MongoDB cluster needs pymongo, which is not installed"
        hint = "pip install 'hpbridge-hyperopt[mongo]'"
        raise HpbridgeError(headline, hint=hint) from error
    del gridfs, pymongo


class MongoJobs(mongoexp.MongoJobs):  # type: ignore[misc]
    """The jobs in one database."""

    @classmethod
    def new_from_connection_str(
        cls, conn_str: str, gfs_coll: str = "fs", config_name: str = "spec"
    ) -> MongoJobs:
        """Connect to ``mongo://[USER[:PASSWORD]@]HOST:PORT/DATABASE/jobs``.

        Raises:
            HpbridgeError: If it is no such address, or no server answers there.
        """
        require()
        import gridfs
        import pymongo
        from bson import SON
        from pymongo.errors import PyMongoError

        parts = _parts_of(conn_str)
        protocol, user, password, host, port, database, collection, source = parts
        tunnel = None
        if protocol != "mongo":
            _, tunnel = mongoexp.connection_with_tunnel(
                database, host, source, port, ssh=True
            )
            host, port = "127.0.0.1", _port_of(tunnel)
        login: dict[str, Any] = {}
        if user:
            password = password or mongoexp.read_pw()
            login = {"username": user, "password": password}
            login["authSource"] = source or "admin"
        client: Any = pymongo.MongoClient(
            host,
            port,
            document_class=SON,
            w=1,
            journal=True,
            serverSelectionTimeoutMS=LONGEST_ANSWER * 1000,
            **login,
        )
        try:
            client.admin.command("ping")
        except PyMongoError as error:
            client.close()
            headline = f"The MongoDB at {host}:{port} does not answer"
            reason = " ".join(str(error).split())[:300]
            raise HpbridgeError(headline, [reason], "is mongod running?") from error
        gfs = gridfs.GridFS(client[database], collection=gfs_coll)
        jobs = client[database][collection]
        weakref.finalize(jobs, client.close)  # or pymongo warns
        return cls(client[database], jobs, gfs, client, tunnel, config_name)

    @classmethod
    def of(cls, jobs: Any) -> MongoJobs:
        """Return jobs as ours, of the same connection."""
        if isinstance(jobs, cls):
            return jobs
        parts = (jobs.db, jobs.jobs, jobs.gfs, jobs.conn, jobs.tunnel)
        return cls(*parts, jobs.config_name)

    def __len__(self) -> int:
        return int(self.jobs.count_documents({}))

    def insert(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Insert a job; return it with its id."""
        inserted = copy.deepcopy(dict(job))
        self.jobs.insert_one(inserted)
        return inserted

    def delete(self, job: Any) -> None:
        """Delete jobs: those like a document, or one by its id."""
        self.jobs.delete_many(job if isinstance(job, dict) else {"_id": job})

    def delete_all(self, cond: Mapping[str, Any] | None = None) -> None:
        """Delete jobs and what is attached to them."""
        import gridfs

        for doc in self.jobs.find(dict(cond or {}), projection=["_attachments"]):
            for _, file in doc.get("_attachments", []):
                try:
                    self.gfs.delete(file)
                except gridfs.errors.NoFile:
                    continue
            self.jobs.delete_one({"_id": doc["_id"]})

    def reserve(
        self,
        host_id: Any,
        cond: Mapping[str, Any] | None = None,
        exp_key: Any = None,
        heartbeat: float | None = None,
    ) -> dict[str, Any] | None:
        """Return a job that is this worker's from now on; None where there is none.

        Args:
            host_id: Of the worker.
            cond: Of the job.
            exp_key: Of the job; None for any.
            heartbeat: Seconds after which the worker says that it runs it still.
        """
        from pymongo import ReturnDocument

        wanted = {**(cond or {}), "owner": None, "state": NEW}
        if exp_key is not None:
            wanted["exp_key"] = exp_key
        now = mongoexp.coarse_utcnow()
        changes = {"owner": host_id, "book_time": now, "refresh_time": now}
        changes["state"] = RUNNING
        if heartbeat is not None:
            changes[HEARTBEAT] = heartbeat
        # The oldest first, as Hyperopt's queue has it.
        found: dict[str, Any] | None = self.jobs.find_one_and_update(
            wanted,
            # Whoever knows the job before looks for its version.
            {"$set": changes, "$inc": {"version": 1}},
            sort=[("tid", 1)],
            return_document=ReturnDocument.AFTER,
        )
        return found

    def beat(self, doc: Mapping[str, Any]) -> None:
        """Say that a job runs still; its version stays."""
        now = mongoexp.coarse_utcnow()
        query = {"_id": doc["_id"], "owner": doc["owner"], "state": RUNNING}
        self.jobs.update_one(query, {"$set": {"refresh_time": now}})

    def update(
        self,
        doc: dict[str, Any],
        dct: Mapping[str, Any],
        collection: Any = None,
        do_sanity_checks: bool = True,
    ) -> dict[str, Any]:
        """Change a document in the database, and in place, if nobody else has.

        Raises:
            OperationFailure: If it is not what it was: given up, say.
        """
        if dct.get("_id", doc["_id"]) != doc["_id"]:
            msg = "cannot update the _id field"
            raise ValueError(msg)
        changes = copy.deepcopy({k: v for k, v in dct.items() if k != "_id"})
        if isinstance(changes.get("result"), dict):
            changes["result"] = stored(changes["result"])
        if changes.get("state") == ERROR and "error" in changes and "misc" in doc:
            # Where a `Trials` has it.
            changes["misc"] = {**doc["misc"], "error": changes["error"]}
        query = {"_id": doc["_id"]}
        if "version" in doc:
            query["version"] = doc["version"]
        changes["version"] = doc.get("version", 0) + 1
        where = self.collection if collection is None else collection
        done = where.update_one(query, {"$set": changes})
        if do_sanity_checks and not done.matched_count:
            msg = f"job {doc.get('tid', doc['_id'])} is not this worker's any more"
            raise mongoexp.OperationFailure(msg)
        doc.update(changes)
        return doc

    def put_back(self, doc: Mapping[str, Any]) -> None:
        """Let another worker have a job whose run here was broken off."""
        states = {"$in": [RUNNING, ERROR]}
        query = {"_id": doc["_id"], "owner": doc["owner"], "state": states}
        changes = {"state": NEW, "owner": None, "book_time": None, "error": None}
        self.jobs.update_one(query, {"$set": changes, "$inc": {"version": 1}})

    def give_up(self, doc: Mapping[str, Any], why: str) -> bool:
        """Take a job that runs from its worker: it failed. Say whether it still ran.

        Whatever its worker says of it later is refused by its version.
        """
        error = ("LostWorker", why)
        changes = {"state": ERROR, "error": error, "misc.error": error}
        changes["refresh_time"] = mongoexp.coarse_utcnow()
        query = {"_id": doc["_id"], "version": doc["version"], "state": RUNNING}
        done = self.jobs.update_one(query, {"$set": changes, "$inc": {"version": 1}})
        return bool(done.matched_count)


def _parts_of(address: str) -> tuple[Any, ...]:
    try:
        parts: tuple[Any, ...] = mongoexp.parse_url(address)
    except (ValueError, TypeError, AttributeError) as error:
        raise _no_address(address) from error
    if parts[0] not in {"mongo", "mongo+ssh", "ssh+mongo"}:
        raise _no_address(address)
    return parts


def _no_address(address: object) -> HpbridgeError:
    headline = f"{address!r:.200} is no address of Hyperopt's MongoDB cluster"
    hint = "it is mongo://[USER[:PASSWORD]@]HOST:PORT/DATABASE/jobs"
    return HpbridgeError(headline, hint=hint)


def _port_of(tunnel: Any) -> int:
    """Return the port of this machine at which a tunnel begins."""
    return int(tunnel.args[2].split(":")[0])
