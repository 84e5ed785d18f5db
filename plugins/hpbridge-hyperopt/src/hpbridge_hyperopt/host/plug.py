"""Any optimizer inside `fmin`: a function for its ``algo=``.

Source:
    hyperopt 0.3.0, `FMinIter.run`: the function gets the new ids, the domain (with the
    space as a graph), the trials and a seed, and returns a document an id, or fewer.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import (
    ExhaustedError,
    Feature,
    Guest,
    HistoryWarning,
    Outcome,
    Space,
    SpaceError,
    State,
    UnsupportedFeatureError,
    read_options,
    registry,
)
from hpbridge_hyperopt import SPEC
from hpbridge_hyperopt._upstream import DOCUMENTS, documents_of
from hpbridge_hyperopt.format.documents import RUNNING, Reader
from hpbridge_hyperopt.host.outcome import hear
from hpbridge_hyperopt.host.own import own_suggest
from hpbridge_hyperopt.native.read import read_draws
from hpbridge_hyperopt.native.write import to_document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hyperopt.base import Domain, Trials

    from hpbridge.plugin import Suggestion
    from hpbridge_hyperopt.native.distributions import Draw

    Docs = list[dict[str, Any]]


def suggest(
    optimizer: str,
    *,
    seed: int | None = None,
    options: Mapping[str, object] | None = None,
) -> Callable[[Sequence[int], Domain, Trials, Any], Docs]:
    """Return a function for ``fmin(algo=...)`` that asks an optimizer of hpbridge.

    What `fmin` offers stays: nested spaces, `points_to_evaluate`, `trials_save_file`,
    `max_queue_len`, early stopping, `catch_eval_exceptions`, `SparkTrials`. Called
    again with the same trials, `fmin` goes on; trials that it holds already, from a
    file, say, are learned from. With other trials, the function starts afresh.

    An optimizer of Hyperopt is Hyperopt's own function, with these options.

    Args:
        optimizer: ``backend`` or ``backend:algorithm``, as in ``"optuna:tpe"``.
        seed: Of the optimizer. By default it comes from `fmin`'s `rstate`.
        options: Of the algorithm, by the library's own names.

    Raises:
        BackendError: If the optimizer is not installed, or fails to load.
        OptionError: If it does not have these options.

    When `fmin` calls it first, it may raise `SpaceError`, naming every label whose
    meaning other libraries cannot keep, or `UnsupportedFeatureError`, if the optimizer
    cannot search the space, with those that can.

    Example:
        >>> from hyperopt import fmin, hp
        >>> best = fmin(lambda x: x**2, hp.uniform("x", -1, 1), max_evals=5,
        ...             algo=suggest("random", seed=0), verbose=False)
        >>> list(best)
        ['x']
    """
    plugins = registry()
    spec, algorithm = plugins.algorithm(optimizer)
    name = f"{spec.name}:{algorithm.name}"
    plugins.require(spec, algorithm)
    read = read_options(name, algorithm.options, options or {})
    # ATPE draws from the global generators and breaks on a bad trial; ours does not.
    if spec.name == SPEC.name and algorithm.name != "atpe":
        return own_suggest(algorithm.name, read, seed)
    return BridgeSuggest(optimizer, seed, options)


class BridgeSuggest:
    """An optimizer of another library, asked and told by `fmin`.

    Args:
        optimizer: As of `suggest`, and so the others.
        order: Of the parameters, where that of the space is not meant: Hyperopt sorts
            the keys of a dict.
    """

    def __init__(
        self,
        optimizer: str,
        seed: int | None = None,
        options: Mapping[str, object] | None = None,
        order: Sequence[str] = (),
    ) -> None:
        self._optimizer, self._seed, self._options = optimizer, seed, options
        self._order = list(order)
        self._running: _Running | None = None

    def __call__(
        self, new_ids: Sequence[int], domain: Domain, trials: Trials, seed: Any
    ) -> Docs:
        """Return a document for each id; fewer where nothing is left to propose.

        Raises:
            SpaceError: If the space cannot be kept, or is another one than before.
            UnsupportedFeatureError: If the optimizer cannot search it, or cannot
                propose several trials at once and is asked to.
        """
        if self._running is None or not self._running.is_of(trials):
            seed = int(seed) if self._seed is None else self._seed
            space, _ = self._read(domain)
            _check_labels(trials, space)
            guest = Guest(self._optimizer, space, seed=seed, options=self._options)
            self._running = _Running(guest, trials)
        if not self._running.is_in(domain):
            self._running.enter(domain, *self._read(domain))
        self._running.learn()
        return self._running.propose(new_ids)

    def _read(self, domain: Domain) -> tuple[Space, Mapping[str, Draw]]:
        draws = read_draws(domain.expr)
        names = sorted(draws, key=self._order.index) if self._order else draws
        return Space({name: draws[name].parameter for name in names}), draws


class _Running:
    """A guest and the trials of the `fmin` that it is in.

    Source:
        hyperopt 0.3.0, `Trials._dynamic_trials`: documents are added at its end, and
        change in place.
    """

    _domain: Domain = None

    def __init__(self, guest: Guest, trials: Trials) -> None:
        self._guest = guest
        self._trials = trials
        DOCUMENTS.check()
        self._docs: Docs = documents_of(trials)
        self._asked: dict[int, Suggestion] = {}
        self._waiting: Docs = []
        self._n_seen = 0

    def is_of(self, trials: Trials) -> bool:
        """Say whether these are the trials that it is in."""
        return documents_of(trials) is self._docs

    def is_in(self, domain: Domain) -> bool:
        """Say whether this is the call of `fmin` that it is in."""
        return domain is self._domain

    def enter(self, domain: Domain, space: Space, draws: Mapping[str, Draw]) -> None:
        """Go on in a call of `fmin`; each has a domain of its own.

        Raises:
            SpaceError: If its space is another one.
        """
        _check_same(self._guest.space, space)
        self._domain = domain
        self._draws = draws
        self._reader = Reader(space, draws, {"loss": "minimize"})
        if not self._trials.asynchronous:
            self._give_up_on_dead()

    def _give_up_on_dead(self) -> None:
        """Tell of trials that ran when an earlier `fmin` was interrupted."""
        for doc in self._waiting:
            if doc["state"] == RUNNING and doc["tid"] in self._asked:
                self._guest.tell(self._asked.pop(doc["tid"]), Outcome(State.FAILED))
        self._waiting = [doc for doc in self._waiting if doc["state"] != RUNNING]

    def learn(self) -> None:
        """Tell of every trial that finished since the last call, in their order."""
        self._waiting += self._docs[self._n_seen :]
        self._n_seen = len(self._docs)
        self._waiting = [doc for doc in self._waiting if not self._is_learned(doc)]

    def _is_learned(self, doc: dict[str, Any]) -> bool:
        heard = hear(doc, self._reader)
        if heard is None:
            return False
        notes: list[str] = []
        if doc["tid"] in self._asked:
            self._guest.tell(self._asked.pop(doc["tid"]), heard.outcome)
        elif heard.problem:
            notes.append(f"trial {doc['tid']} is not learned from: {heard.problem}")
        else:
            n_before = len(self._guest.notes)
            self._guest.observe(heard.params, heard.outcome)
            notes += self._guest.notes[n_before:]
        for note in notes:
            warnings.warn(note, HistoryWarning, stacklevel=2)
        return True

    def propose(self, new_ids: Sequence[int]) -> Docs:
        """Return a document for each id, or fewer."""
        found: Docs = []
        for tid in new_ids:
            self._check_waiting()
            try:
                suggestion = self._guest.ask()
            except ExhaustedError as error:
                if not found:
                    warnings.warn(f"fmin ends: {error}", HistoryWarning, stacklevel=2)
                break
            self._asked[tid] = suggestion
            found.append(self._document(tid, suggestion))
        return found

    def _check_waiting(self) -> None:
        if self._asked and not self._guest.can(Feature.PENDING):
            reason = "fmin asks for a trial while others run (max_queue_len, or Spark)"
            raise UnsupportedFeatureError.refused(self._guest.name, [reason])

    def _document(self, tid: int, suggestion: Suggestion) -> dict[str, Any]:
        drawn = {n: self._draws[n].drawn(v) for n, v in suggestion.params.items()}
        result = self._domain.new_result()
        return to_document(self._trials, self._domain, tid, drawn, result)


def _check_same(before: Space, now: Space) -> None:
    problems = [f"{n!r} is not in the space any more" for n in before if n not in now]
    problems += [f"{n!r} is new" for n in now if n not in before]
    problems += [
        f"{n!r} was {before[n]!r} and is {now[n]!r}"
        for n in now
        if n in before and before[n] != now[n]
    ]
    _refuse_if_changed(problems)


def _check_labels(trials: Trials, space: Space) -> None:
    found = (doc["misc"]["vals"] for doc in documents_of(trials))
    labels = {label for vals in found for label, drawn in vals.items() if drawn}
    _refuse_if_changed(
        [f"{n!r} is not in the space" for n in sorted(labels - set(space))]
    )


def _refuse_if_changed(problems: list[str]) -> None:
    if problems:
        headline = "The trials that fmin was given are of another space than its own"
        hint = "give fmin the space of these trials, or new trials"
        raise SpaceError(headline, problems, hint)
