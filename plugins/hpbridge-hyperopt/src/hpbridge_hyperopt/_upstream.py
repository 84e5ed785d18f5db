"""What we use of Hyperopt though its documentation does not speak of it.

Hyperopt is imported here, without what its import does to logging: whatever needs it
takes it from here.
"""

from __future__ import annotations

import inspect
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import Upstream, lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# `hyperopt.utils._get_logger` sets these to INFO and gives them a handler to stderr.
_LOGGERS = ("hyperopt.utils", "hyperopt-spark")


@contextmanager
def _loggers_unchanged() -> Iterator[None]:
    """Put levels and handlers of Hyperopt's loggers back as they were before.

    Source:
        hyperopt 0.3.0, `utils._get_logger`, called when `hyperopt` is imported.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers[:] = handlers


with _loggers_unchanged():
    import hyperopt

__all__ = ["hyperopt"]

_LIBRARY = Upstream("hyperopt", "hyperopt==0.3.0")

# What builds on these names knows whether it still can; by name, since it is above.
_try_quick_way = lazy("hpbridge_hyperopt.backend.tpe:problems_of_quick_way")


def problems() -> list[str]:
    """Return one sentence for each name that is gone or is not what it was.

    Where none is, the quick way of TPE, which is built on them, is tried out.
    """
    return _LIBRARY.problems() or _try_quick_way()


def _takes(*names: str) -> Callable[[Any], bool]:
    """Return what says whether a function has these parameters."""
    return lambda function: {*names} <= {*inspect.signature(function).parameters}


# The quick way of TPE.

_SLOWER = "hyperopt:tpe takes the time that Hyperopt's own function takes"

BUILD_POSTERIOR = _LIBRARY.private(
    "hyperopt.tpe:build_posterior_wrapper",
    _SLOWER,
    _takes("domain", "prior_weight", "gamma"),
)
REC_EVAL = _LIBRARY.private(
    "hyperopt.pyll:rec_eval", _SLOWER, _takes("memo", "memo_gc", "print_node_on_error")
)
MISCS_TO_IDXS_VALS = _LIBRARY.private(
    "hyperopt.base:miscs_to_idxs_vals", _SLOWER, _takes("miscs", "keys")
)
MISCS_UPDATE_IDXS_VALS = _LIBRARY.private(
    "hyperopt.base:miscs_update_idxs_vals",
    _SLOWER,
    _takes("miscs", "idxs", "vals", "idxs_map", "assert_all_vals_used"),
)


# What `fmin` gives to an algorithm: the space as a graph, and the trials.


def _is_domain(domain: Any) -> bool:
    made = domain(None, {"x": hyperopt.hp.uniform("x", 0, 1)})
    names = ("expr", "s_new_ids", "s_rng", "cmd", "workdir")
    return [*made.params] == ["x"] and all(hasattr(made, name) for name in names)


def _changes_in_place(trials: Any) -> bool:
    made = trials()
    documents = made._dynamic_trials
    made.insert_trial_docs(_documents(made))
    made.refresh()
    is_same: bool = made._dynamic_trials is documents
    return is_same and len(documents) == 1


def _documents(trials: Any) -> list[dict[str, Any]]:
    misc: dict[str, Any] = {"tid": 0, "cmd": None, "idxs": {}, "vals": {}}
    made: list[dict[str, Any]] = trials.new_trial_docs([0], [None], [{}], [misc])
    return made


def _has_state(trials: Any) -> bool:
    names = {"_dynamic_trials", "_ids", "_exp_key", "_trials", "attachments"}
    return names <= {*vars(trials())}


def _reads_history(trials: Any) -> bool:
    history: Any = History()
    (document,) = _documents(history)
    history.add(document)
    return history.trials == [document] and isinstance(history, trials)


DOMAIN = _LIBRARY.private(
    "hyperopt.base:Domain",
    "none of its algorithms can be asked outside of fmin",
    _is_domain,
)
EVALUATE = _LIBRARY.private(
    "hyperopt.base:Domain.evaluate",
    "no function that is written for fmin can be run",
    _takes("config", "ctrl", "attach_attachments"),
)
DOCUMENTS = _LIBRARY.private(
    "hyperopt.base:Trials",
    "no optimizer can be asked by fmin, which kept its documents in the one list "
    "_dynamic_trials",
    _changes_in_place,
)
_STATE = _LIBRARY.private(
    "hyperopt.base:Trials",
    "no Trials can be read or written, which kept its documents in _dynamic_trials",
    _has_state,
)
HISTORY = _LIBRARY.private(
    "hyperopt.base:Trials.trials",
    "no algorithm of it sees the trials, which it read from _trials",
    lambda _: _reads_history(hyperopt.Trials),
)


class History(hyperopt.Trials):  # type: ignore[misc]
    """What the algorithms read of `Trials`, kept up to date one document at a time.

    `Trials.refresh` copies the whole history; `fmin` does so four times a trial.
    """

    _trials: list[dict[str, Any]]

    def add(self, doc: dict[str, Any]) -> None:
        self._trials.append(doc)

    def drop(self, doc: dict[str, Any]) -> None:
        self._trials = [each for each in self._trials if each is not doc]


def documents_of(trials: Any) -> list[dict[str, Any]]:
    """Return the documents of a `Trials`: more come at its end, and change in place.

    Source:
        hyperopt 0.3.0, `Trials._dynamic_trials`.
    """
    return trials._dynamic_trials  # type: ignore[no-any-return]


# Its cluster on MongoDB.

_OVERRIDDEN = (
    "refresh_tids",
    "_insert_trial_docs",
    "count_by_state_unsynced",
    "new_trial_ids",
    "attachments",
)
MONGO_TRIALS = _LIBRARY.private(
    "hyperopt.mongoexp:MongoTrials",
    "hpbridge_hyperopt.mongo cannot take the place of what is gone in pymongo 4",
    lambda trials: {*_OVERRIDDEN} <= {*vars(trials)},
)
MONGO_RUN_ONE = _LIBRARY.private(
    "hyperopt.mongoexp:MongoWorker.run_one",
    "hpbridge-mongo-worker cannot run a job",
    _takes("host_id"),
)


# The nodes of its spaces.


def _is_node(apply: Any) -> bool:
    given = hyperopt.hp.choice("c", [0, {"x": hyperopt.hp.uniform("x", 0, 1)}])
    index, literal, inner = given.pos_args
    ((_, drawn),) = inner.named_args
    names = [given.name, index.name, literal.name]
    return (
        isinstance(given, apply)
        and names == ["switch", "hyperopt_param", "literal"]
        and index.arg["label"].obj == "c"
        and index.arg["obj"].name in {"randint", "categorical"}
        and drawn.inputs()[0].arg["obj"].name == "uniform"
        and literal.obj == 0
    )


_NODES = _LIBRARY.private(
    "hyperopt.pyll.base:Apply", "no space of its nodes can be read", _is_node
)
