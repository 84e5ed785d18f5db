"""Hyperopt's cluster on MongoDB, with pymongo 4: the trials, and the worker's command.

``fmin(..., trials=MongoTrials("mongo://HOST:PORT/DATABASE/jobs", exp_key="name"))``
hands out what ``hpbridge-mongo-worker --mongo HOST:PORT/DATABASE`` runs.
"""

from __future__ import annotations

from hpbridge_hyperopt.host.mongo_jobs import MongoJobs
from hpbridge_hyperopt.host.mongo_trials import MongoTrials
from hpbridge_hyperopt.host.mongo_worker import main

__all__ = ["MongoJobs", "MongoTrials", "main"]

if __name__ == "__main__":
    raise SystemExit(main())
