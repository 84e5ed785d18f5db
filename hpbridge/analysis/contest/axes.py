"""Which studies of many are of one problem, of one optimizer, of one seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from hpbridge.analysis.contest.asked import run_name
from hpbridge.analysis.contest.results import Facts
from hpbridge.analysis.summary import by_optimizer
from hpbridge.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hpbridge.analysis.contest.asked import Asked
    from hpbridge.store.record import StudyRecord

    AnyStudy = TypeVar("AnyStudy", bound=StudyRecord)
    Place = tuple[int, int, int]

PROBLEM = "problem"
"""The attribute of a study that holds `BenchProblem.facts`."""

RANDOM = "random"
"""The algorithm that is plain random search, in every backend that has one."""

_FEW = 3


@dataclass(frozen=True)
class Axes:
    """Where each study has its place.

    Attributes:
        places: (problem, optimizer, seed) of each study, in the order given.
        seeds: Or the numbers of repeats.
        notes: What is to be said of it.
        missing: Trials that each run was to have that was to be there and is not.
        failed: What runs failed at when they were last tried.
    """

    problems: tuple[Facts, ...]
    optimizers: tuple[str, ...]
    seeds: tuple[int, ...]
    places: tuple[Place, ...]
    notes: tuple[str, ...]
    missing: Mapping[Place, int] = field(default_factory=dict)
    failed: Mapping[Place, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many problems, optimizers and seeds there are."""
        return len(self.problems), len(self.optimizers), len(self.seeds)


def axes_of(studies: Sequence[StudyRecord], asked: Asked | None = None) -> Axes:
    """Return the place of each study among many.

    Args:
        studies: Any.
        asked: What was to run, where that is known.
    """
    problems, of_problem, notes = _problems(studies)
    named = by_optimizer(studies)
    of_study = {id(s): k for k, own in enumerate(named.values()) for s in own}
    of_optimizer = [of_study[id(study)] for study in studies]
    pairs = [*zip(of_problem, of_optimizer, strict=True)]
    seeds, of_seed, more = _seeds(studies, pairs, asked)
    places = tuple((*pair, s) for pair, s in zip(pairs, of_seed, strict=True))
    notes += more + _different_budgets(studies, pairs)
    found = Axes(problems, (*named,), seeds, places, tuple(notes))
    return found if asked is None else _completed(found, studies, asked)


def _completed(axes: Axes, studies: Sequence[StudyRecord], asked: Asked) -> Axes:
    """Return axes that have a place for every run that was to be there."""
    placed = [*zip(studies, axes.places, strict=True)]
    by_seed = all(axes.seeds[s] == study.seed for study, (_, _, s) in placed)
    if not by_seed or not {*asked.seeds} <= {*axes.seeds}:
        return axes
    of_problem = {study.experiment: p for study, (p, _, _) in placed}
    of_optimizer = {study.label: o for study, (_, o, _) in placed}
    # Which of several problems of one name it would have been, nobody knows.
    n_of_name = Counter(n for n, _ in {(s.experiment, p) for s, (p, _, _) in placed})
    of_seed = {seed: k for k, seed in enumerate(axes.seeds)}
    problems = list(axes.problems)
    optimizers = list(axes.optimizers)
    there = set(axes.places)
    missing, failed = {}, {}
    for name, optimizer, seed in asked.runs():
        if n_of_name[name] > 1:
            continue
        if name not in of_problem:
            of_problem[name] = len(problems)
            problems.append(Facts(name=name, suite=asked.suite))
        if optimizer not in of_optimizer:
            of_optimizer[optimizer] = len(optimizers)
            optimizers.append(optimizer)
        place = of_problem[name], of_optimizer[optimizer], of_seed[seed]
        if place not in there:
            missing[place] = asked.problems[name]
        error = asked.failed.get(run_name(name, optimizer, seed))
        if error is not None:
            failed[place] = error.line
    return replace(
        axes,
        problems=tuple(problems),
        optimizers=tuple(optimizers),
        missing=missing,
        failed=failed,
    )


def reference_among(studies: Sequence[StudyRecord], axes: Axes) -> int | None:
    """Return which optimizer is plain random search; None where none is."""
    of = {place[1]: s for place, s in zip(axes.places, studies, strict=True)}
    found = [k for k in sorted(of) if of[k].algorithm == RANDOM]
    return found[0] if found else None


def alike(studies: Sequence[AnyStudy]) -> dict[str, list[AnyStudy]]:
    """Return studies whose values compare as they are, by what they have in common.

    Of one problem, and where they are not of one comparison, with the same budget and
    the same space too.
    """
    facts, of_problem, _ = _problems(studies)
    is_one = len({study.comparison_id or id(study) for study in studies}) == 1
    spaces: dict[int, list[dict[str, Any]]] = defaultdict(list)
    groups: dict[tuple[int, int, int], list[AnyStudy]] = {}
    for study, problem in zip(studies, of_problem, strict=True):
        asked = 0 if is_one else study.settings.budget.n_trials
        space = 0 if is_one else _space_of(study, spaces[problem])
        groups.setdefault((problem, asked, space), []).append(study)
    found = {}
    for (problem, asked, space), group in groups.items():
        own = [key for key in groups if key[0] == problem]
        words = [facts[problem].name]
        if len({key[1] for key in own}) > 1:
            words.append(count(asked, "trial"))
        if len({key[2] for key in own}) > 1:
            words.append(f"space {space + 1}")
        found[", ".join(words)] = group
    return found


def _space_of(study: StudyRecord, known: list[dict[str, Any]]) -> int:
    """Return the number of a study's space: of those that are known, or a new one.

    Objectives that define their space while they run reach different parts of it.
    """
    own = study.space.searched
    for number, parameters in enumerate(known):
        if all(parameters.get(name, own[name]) == own[name] for name in own):
            parameters.update(own)
            return number
    known.append(dict(own))
    return len(known) - 1


# Problems.


def _problems(
    studies: Sequence[StudyRecord],
) -> tuple[tuple[Facts, ...], list[int], list[str]]:
    known: dict[Any, int] = {}
    of_problem, firsts = [], []
    for study in studies:
        key = _key(study)
        if key not in known:
            known[key] = len(known)
            firsts.append(study)
        of_problem.append(known[key])
    taken = Counter(study.experiment for study in firsts)
    facts = tuple(
        _facts(study, is_told_apart=taken[study.experiment] > 1) for study in firsts
    )
    notes = _apart(taken)
    notes += _different_spaces(studies, of_problem, facts)
    return facts, of_problem, notes


def _key(study: StudyRecord) -> tuple[Any, ...]:
    suite = _noted(study).get("suite", "")
    bounds = tuple(sorted((b.metric, b.sign, b.bound) for b in study.settings.bounds))
    return study.experiment, suite, tuple(study.metrics.items()), bounds


def _noted(study: StudyRecord) -> Mapping[str, Any]:
    found = study.attributes.get(PROBLEM)
    return found if isinstance(found, dict) else {}


def _facts(study: StudyRecord, *, is_told_apart: bool) -> Facts:
    noted, signs = _noted(study), _signs(study)
    optimum, reference = noted.get("optimum"), noted.get("reference_point") or ()
    name = study.experiment
    if is_told_apart:
        parts = [f"{way} {metric}" for metric, way in study.metrics.items()]
        parts += [f"{b.metric} {b.text}" for b in study.settings.bounds]
        name = f"{name} ({', '.join([*filter(None, [noted.get('suite')]), *parts])})"
    is_given = len(reference) == len(signs)
    return Facts(
        name=name,
        suite=str(noted.get("suite") or ""),
        dimension=int(noted.get("dimension") or len(study.space.searched)),
        kinds=tuple(sorted(map(str, noted.get("kinds") or ()))),
        # Of several metrics, it is the largest hypervolume, which is negated.
        optimum=None
        if optimum is None
        else (signs[0] if len(signs) == 1 else -1) * float(optimum),
        optimum_of=str(noted.get("optimum_of") or ""),
        scored_by=noted.get("scored_by"),
        noise=None if noted.get("noise") is None else float(noted["noise"]),
        metrics=tuple(study.metrics.items()),
        reference_point=tuple(
            sign * float(v) for sign, v in zip(signs, reference, strict=True)
        )
        if is_given
        else None,
        is_reference_given=is_given,
        source=str(noted.get("source") or ""),
    )


def _signs(study: StudyRecord) -> list[int]:
    return [-1 if way == "maximize" else 1 for way in study.metrics.values()]


def _apart(taken: Mapping[str, int]) -> list[str]:
    return [
        f"Studies of {name!r} have different metrics, directions or bounds, whose "
        f"values do not compare: they count as {times} problems."
        for name, times in taken.items()
        if times > 1
    ]


def _different_spaces(
    studies: Sequence[StudyRecord], of_problem: Sequence[int], facts: Sequence[Facts]
) -> list[str]:
    """Say where parameters of one name are not the same in all studies of a problem.

    Objectives that define their space while they run reach different parts of it.
    """
    firsts: dict[int, dict[str, Any]] = defaultdict(dict)
    spaces: dict[int, list[Any]] = defaultdict(list)
    differing: set[int] = set()
    for study, problem in zip(studies, of_problem, strict=True):
        if any(study.space == other for other in spaces[problem]):
            continue
        spaces[problem].append(study.space)
        known = firsts[problem]
        for name, parameter in study.space.searched.items():
            if known.setdefault(name, parameter) != parameter:
                differing.add(problem)
    if not differing:
        return []
    names = _listed(facts[problem].name for problem in sorted(differing))
    note = f"Not all studies of {names} search the same space"
    return [f"{note}: a better value may be due to the space."]


# Seeds.


def _seeds(
    studies: Sequence[StudyRecord],
    pairs: Sequence[tuple[int, int]],
    asked: Asked | None,
) -> tuple[tuple[int, ...], list[int], list[str]]:
    """Return the seeds; where they pair no studies, the numbers of the repeats."""
    own = [study.seed for study in studies]
    by_optimizer_: dict[int, set[int | None]] = defaultdict(set)
    for (_, optimizer), seed in zip(pairs, own, strict=True):
        by_optimizer_[optimizer].add(seed)
    taken = Counter(zip(pairs, own, strict=True))
    twice = any(times > 1 for times in taken.values())
    common = set.intersection(*by_optimizer_.values()) if by_optimizer_ else set()
    planned = set() if asked is None else set(asked.seeds)
    whole = sorted({seed for seed in own if seed is not None} | planned)
    # Where seeds were asked for in common, some that are missing change nothing.
    if not twice and None not in own and (common or planned):
        return tuple(whole), [whole.index(seed) for seed in own if seed is not None], []
    counts: Counter[tuple[int, int]] = Counter()
    of_seed = []
    for pair in pairs:
        of_seed.append(counts[pair])
        counts[pair] += 1
    why = "several studies of one seed" if twice else "no seeds in common"
    note = [f"Repeats are not paired by seeds: optimizers have {why}."]
    is_worth_it = len(by_optimizer_) > 1
    return (*range(max(counts.values(), default=0)),), of_seed, note * is_worth_it


def _different_budgets(
    studies: Sequence[StudyRecord], pairs: Sequence[tuple[int, int]]
) -> list[str]:
    asked: dict[int, set[int]] = defaultdict(set)
    for study, (problem, _) in zip(studies, pairs, strict=True):
        asked[problem].add(study.settings.budget.n_trials)
    differing = [numbers for numbers in asked.values() if len(numbers) > 1]
    if not differing:
        return []
    fewest = min(min(numbers) for numbers in differing)
    most = max(max(numbers) for numbers in differing)
    where = "" if len(asked) == 1 else f" on {count(len(differing), 'problem')}"
    note = f"Studies have different budgets{where}, {fewest} to {count(most, 'trial')}"
    return [f"{note}: they are compared at the smallest."]


def _listed(names: Iterable[str]) -> str:
    found = [*names]
    shown = [repr(name) for name in found[:_FEW]]
    if len(found) > _FEW:
        shown.append(f"{len(found) - _FEW} more")
    return ", ".join(shown)
