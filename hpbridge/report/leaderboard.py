"""The standing of optimizers over the contests of a store that go together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import DONE, FAILED, MISSING, Results
from hpbridge.errors import count
from hpbridge.report import contest_overview as overviews
from hpbridge.report.contest_numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hpbridge.analysis.contest.results import Facts
    from hpbridge.store import Database
    from hpbridge.store.record import StudyRecord

_OF_HPBRIDGE = ("python", "hpbridge")
"""Packages whose versions do not tell optimizers apart, and what begins like them."""


@dataclass(frozen=True)
class Run:
    """One run of a contest, as far as a leaderboard needs it.

    Attributes:
        first: Best value after the first trial.
        last: Best value at the end.
        seconds: Of the run.
        optimizer_seconds: Of these, asking and telling.
        told: Trials told.
        failed: Trials of them that failed.
        state: As of `hpbridge.analysis.contest.results`.
        study: Its number in the store.
    """

    first: float
    last: float
    seconds: float
    optimizer_seconds: float
    told: int
    failed: int
    state: int
    study: int


@dataclass(frozen=True)
class Board:
    """The standing of optimizers on problems of one suite with one budget.

    Attributes:
        suite: Whose problems they are.
        budget: Trials of a run, as text.
        comparisons: Whose runs are in it.
        results: The runs: after their first trial, and at their end.
        notes: What was put together, and what was left out of it.
    """

    suite: str
    budget: str
    comparisons: tuple[str, ...]
    results: Results
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """Suite and budget."""
        return f"{self.suite}, {self.budget}"

    @cached_property
    def numbers(self) -> Numbers:
        """What is said of the runs."""
        return Numbers(self.results)

    @property
    def table(self) -> dict[str, Any]:
        """A row an optimizer, as page and command show it."""
        return overviews.overview(self.numbers)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row an optimizer, the best mean rank first, as JSON data."""
        numbers, found = self.numbers, self.results
        names = found.optimizers
        ranks = numbers.block_ranks
        order = sorted(range(len(names)), key=lambda o: (ranks.at(o)[0], o))
        wins = overviews.wins(numbers)
        scaled, beats = bool(numbers.scaled), numbers.beats_random
        return [
            {
                "optimizer": names[o],
                "mean_rank": _ends(ranks.at(o)),
                "normalised_regret": _ends(numbers.regrets.at(o)) if scaled else None,
                "wins": wins[o][0],
                "ties": wins[o][1],
                "beats_random": None if beats is None else _ends(beats.at(o)),
                "problems": int(numbers.ran[:, o].sum()),
                "runs": int((found.states[:, o] != MISSING).sum()),
                "runs_not_whole": int(
                    (
                        (found.states[:, o] != MISSING) & (found.states[:, o] != DONE)
                    ).sum()
                ),
                "runs_broken": int((found.states[:, o] == FAILED).sum()),
                "failed_trials": int(found.n_failed[:, o].sum()),
                "trials": int(found.n_told[:, o].sum()),
            }
            for o in order
        ]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        problems = self.results.problems
        return {
            "suite": self.suite,
            "budget": self.budget,
            "comparisons": list(self.comparisons),
            "problems": [facts.name for facts in problems],
            "ranked_over": [problems[p].name for p in self.numbers.shared],
            "seeds": list(self.results.seeds),
            "table": self.rows(),
            "notes": list(self.notes),
        }


def _ends(ends: Sequence[float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), ends, strict=True))


Key = tuple[str, str]
Runs = dict[tuple[str, str, int], Run]


@dataclass
class _Gathered:
    """Runs of one suite and budget by problem, optimizer and seed, as they come in."""

    facts: dict[str, Facts]
    runs: Runs
    comparisons: list[str]
    references: set[str]
    n_replaced: int = 0


def leaderboard(database: Database) -> tuple[list[Board], list[str]]:
    """Return the standing of optimizers over all contests of a store.

    Contests of one suite with the same trials on every problem are put together. Runs
    with other versions of a library, or other options, are of other optimizers. Of two
    runs of one optimizer, problem and seed, the later one counts.

    Args:
        database: An open store.

    Returns:
        The boards, and what is in none of them and why.

    Raises:
        StoreError: If the store cannot be read.
    """
    from hpbridge.analysis.contest.gathering import results_from

    gathered: dict[Key, _Gathered] = {}
    without: list[str] = []
    whole = []
    for comparison in database.comparisons():
        records = database.studies(comparison_id=comparison.id)
        if any("problem" in record.attributes for record in records):
            whole.append((comparison, records))
        else:
            without.append(comparison.name)
    labels = _labels([record for _, records in whole for record in records])
    for comparison, records in whole:
        found = results_from(database, comparison.id, records)
        for key, runs in _runs_of(found, labels).items():
            group = gathered.setdefault(key, _Gathered({}, {}, [], set()))
            _add(group, found, runs, comparison.name, labels)
    boards = [_board(key, group) for key, group in gathered.items()]
    apart = []
    if without:
        what = count(len(without), "comparison")
        apart.append(f"{what} without problems of a suite: {', '.join(without)}")
    return boards, apart


def _labels(records: Sequence[StudyRecord]) -> dict[int, str]:
    """Return the name of each study's optimizer, with versions where they differ."""
    from hpbridge.analysis.summary import by_optimizer

    labels: dict[int, str] = {}
    for name, own in by_optimizer(records).items():
        libraries = {key for record in own for key in _libraries(record)}
        differing = sorted(
            key for key in libraries if len({r.versions.get(key) for r in own}) > 1
        )
        for record in own:
            versions = [f"{key} {record.versions.get(key, '?')}" for key in differing]
            labels[record.id] = f"{name} [{', '.join(versions)}]" if versions else name
    return labels


def _libraries(record: StudyRecord) -> Iterator[str]:
    for key in record.versions:
        if not key.lower().startswith(_OF_HPBRIDGE):
            yield key


def _runs_of(found: Results, labels: Mapping[int, str]) -> dict[Key, Runs]:
    """Return the runs of a contest by suite and budget."""
    budgets = found.n_trials.max(axis=(1, 2), initial=0)
    by_suite: dict[str, list[int]] = {}
    for p, facts in enumerate(found.problems):
        if facts.suite:
            by_suite.setdefault(facts.suite, []).append(p)
    key_of: dict[int, Key] = {}
    for suite, problems in by_suite.items():
        is_one = len({int(budgets[p]) for p in problems}) == 1
        for p in problems:
            key_of[p] = suite, _budget(found, p, int(budgets[p]), is_one=is_one)
    runs: dict[Key, Runs] = {}
    for place, study in found.studies.items():
        p, _, s = place
        if p in key_of:
            name = (found.problems[p].name, labels[study], found.seeds[s])
            runs.setdefault(key_of[p], {})[name] = _run(found, place, study)
    return runs


def _budget(found: Results, problem: int, size: int, *, is_one: bool) -> str:
    """Return a budget as text, by dimension where it differs and goes by that."""
    dimension = found.problems[problem].dimension
    if not is_one and dimension and size % dimension == 0:
        return f"{size // dimension} trials a dimension"
    return count(size, "trial")


def _run(found: Results, place: tuple[int, int, int], study: int) -> Run:
    told = int(found.n_told[place])
    last = max(told, 1) - 1
    best = found.best[place]
    return Run(
        first=float(best[0]) if len(best) else float("inf"),
        last=float(best[-1]) if len(best) else float("inf"),
        seconds=float(found.seconds[place][last]) if len(best) else float("nan"),
        optimizer_seconds=(
            float(found.optimizer_seconds[place][last]) if len(best) else float("nan")
        ),
        told=told,
        failed=int(found.n_failed[place]),
        state=int(found.states[place]),
        study=study,
    )


def _add(
    group: _Gathered,
    found: Results,
    runs: Runs,
    comparison: str,
    labels: Mapping[int, str],
) -> None:
    group.n_replaced += len(group.runs.keys() & runs.keys())
    group.runs.update(runs)
    names = {problem for problem, _, _ in runs}
    group.facts.update({f.name: f for f in found.problems if f.name in names})
    group.comparisons.append(comparison)
    if found.reference is not None:
        group.references |= {
            labels[study]
            for place, study in found.studies.items()
            if place[1] == found.reference
        }


def _board(key: Key, group: _Gathered) -> Board:
    problems = [*group.facts]
    optimizers = sorted({optimizer for _, optimizer, _ in group.runs})
    kept = _ranked_together(problems, optimizers, group.runs)
    notes = [
        f"{name} is left out: it ran no problem that all others ran"
        for name in optimizers
        if name not in kept
    ]
    if group.n_replaced:
        runs = count(group.n_replaced, "run")
        notes.append(
            f"{runs} of the same optimizer, problem and seed: the later counts"
        )
    seeds = sorted({seed for _, name, seed in group.runs if name in kept})
    references = sorted(group.references & {*kept})
    results = _merged(group, problems, kept, seeds)
    return Board(
        suite=key[0],
        budget=key[1],
        comparisons=tuple(group.comparisons),
        results=results(kept.index(references[0]) if references else None),
        notes=tuple(notes),
    )


def _ranked_together(
    problems: Sequence[str], optimizers: Sequence[str], runs: Runs
) -> list[str]:
    """Return the optimizers that have a problem in common.

    While there is none, the one that ran the fewest problems is left out.
    """
    ran: dict[str, set[str]] = {name: set() for name in optimizers}
    for problem, name, _ in runs:
        ran[name].add(problem)
    kept = list(optimizers)
    while len(kept) > 1 and not {*problems}.intersection(*(ran[n] for n in kept)):
        kept.remove(min(kept, key=lambda name: (len(ran[name]), name)))
    return kept


def _merged(
    group: _Gathered, problems: list[str], optimizers: list[str], seeds: list[int]
) -> Any:
    """Return a function from the reference to the runs as `Results` of two trials."""
    import numpy as np

    shape = (len(problems), len(optimizers), len(seeds))
    best, seconds, spent = (np.full((*shape, 2), np.nan) for _ in range(3))
    states = np.full(shape, MISSING, dtype=np.int8)
    told, failed = (np.zeros(shape, dtype=np.int32) for _ in range(2))
    studies = {}
    at_seed = {seed: s for s, seed in enumerate(seeds)}
    at_name = {name: o for o, name in enumerate(optimizers)}
    at_problem = {name: p for p, name in enumerate(problems)}
    for (problem, optimizer, seed), run in group.runs.items():
        if optimizer not in at_name:
            continue
        place = at_problem[problem], at_name[optimizer], at_seed[seed]
        best[place] = run.first, run.last
        seconds[place], spent[place] = run.seconds, run.optimizer_seconds
        states[place], told[place], failed[place] = run.state, run.told, run.failed
        studies[place] = run.study

    def results(reference: int | None) -> Results:
        return Results(
            problems=tuple(group.facts[name] for name in problems),
            optimizers=tuple(optimizers),
            seeds=tuple(seeds),
            best=best,
            seconds=seconds,
            optimizer_seconds=spent,
            n_trials=told.copy(),
            states=states,
            n_told=told,
            n_failed=failed,
            reference=reference,
            studies=studies,
        )

    return results
