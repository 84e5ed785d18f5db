"""Good practice of comparisons: what a contest meets of it, by its record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import DONE, FAILED, MISSING
from hpbridge.errors import count
from hpbridge.report.contest_numbers import N_TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.analysis.contest.verdict import Verdict
    from hpbridge.report.contest_numbers import Numbers
    from hpbridge.report.contest_record import Record

YES, NO, NONE = "yes", "no", "not applicable"
"""What an item comes to."""

COSEAL = "Eimer et al. 2025, arXiv:2512.16491 (abstract and summaries read)"
COCO = "Hansen et al. 2016, arXiv:1605.03560 (COCO: performance assessment)"
AUTOML = "AutoML-Conf 2022, author guidelines (2022.automl.cc/author-guidelines)"
BAYESMARK = "bayesmark, How scoring works (bayesmark.readthedocs.io)"
DEMSAR = "Dem\u0161ar 2006, JMLR 7, by way of autorank's documentation"
PRACTICE = "Bartz-Beielstein et al. 2020, arXiv:2007.03488 (abstract read)"
HPBRIDGE = "no source: hpbridge's own item"


@dataclass(frozen=True)
class Item:
    """One item of good practice.

    Attributes:
        question: What is asked.
        answer: `YES`, `NO` or `NONE`.
        because: What of the record decides it.
        link: The part of the page that shows it.
        source: Where the item is from, and how much of that could be read.
    """

    question: str
    answer: str
    because: str
    link: str
    source: str


def checklist(numbers: Numbers, record: Record, verdict: Verdict) -> list[Item]:
    """Return every item, as the record decides it.

    Args:
        numbers: Of the contest.
        record: What its studies say of how they ran.
        verdict: On it.
    """
    found = [
        Item(question, *decide(numbers, record), link, source)
        for question, decide, link, source in _ITEMS
    ]
    power = "Are there enough problems or seeds for 80 % power?"
    return [*found, Item(power, *_is_there_power(verdict), "verdict", HPBRIDGE)]


_Answer = tuple[str, str]


def _said(is_so: bool, yes: str, no: str) -> _Answer:
    return (YES, yes) if is_so else (NO, no)


def _is_unit_problem(numbers: Numbers, _: Record) -> _Answer:
    n = len(numbers.shared)
    return _said(
        n > 1,
        f"tests and intervals are over {n} problems, seeds are repeats within each",
        "there are no two problems that all ran: seeds are the unit, and nothing "
        "follows for other problems",
    )


def _are_problems_diverse(numbers: Numbers, _: Record) -> _Answer:
    facts = [numbers.results.problems[p] for p in numbers.shared]
    kinds = {kind for each in facts for kind in each.kinds}
    dimensions = {each.dimension for each in facts if each.dimension}
    is_so = len(dimensions) > 1 and len(kinds) > 1
    found = f"{count(len(dimensions), 'dimension')}, {count(len(kinds), 'kind')}"
    return _said(is_so, found, f"{found} known of {count(len(facts), 'problem')}")


def _are_seeds_paired(numbers: Numbers, _: Record) -> _Answer:
    states = numbers.results.states[numbers.shared]
    is_there = states != MISSING
    lost = int((is_there.any(axis=1, keepdims=True) & ~is_there).sum())
    n = len(numbers.results.seeds)
    if n < 1 or not numbers.shared:
        return NO, "there is no problem that every optimizer ran"
    return _said(
        lost == 0,
        f"every optimizer ran the same {count(n, 'seed')} of every problem",
        f"{count(lost, 'run')} of a seed that others ran is missing",
    )


def _are_there_repeats(numbers: Numbers, _: Record) -> _Answer:
    n = len(numbers.results.seeds)
    return _said(
        n > 1, count(n, "seed"), "one seed: chance within a problem is not seen"
    )


def _are_budgets_equal(numbers: Numbers, _: Record) -> _Answer:
    found = numbers.results
    told = found.n_told[numbers.shared]
    is_there = found.states[numbers.shared] != MISSING
    budget = numbers.budget[numbers.shared][:, None, None]
    short = int(((told < budget) & is_there).sum())
    return _said(
        short == 0 and bool(numbers.shared),
        "every run of a problem has as many trials",
        f"{count(short, 'run has', 'runs have')} fewer trials than others of the same "
        "problem",
    )


def _is_random_there(numbers: Numbers, _: Record) -> _Answer:
    reference = numbers.results.reference
    name = "" if reference is None else numbers.results.optimizers[reference]
    return _said(
        reference is not None,
        f"{name} took part, as one of them",
        "no random search took part: nobody knows whether any of them beats it",
    )


def _are_optima_known(numbers: Numbers, _: Record) -> _Answer:
    facts = [numbers.results.problems[p] for p in numbers.shared]
    known = [f for f in facts if f.optimum is not None and f.optimum_of != "best seen"]
    return _said(
        len(known) == len(facts) > 0,
        "every problem's optimum is known by formula or table",
        f"of {count(len(facts), 'problem')}, {len(known)} have a known optimum; for "
        "the others the best value seen stands in",
    )


def _are_targets_fixed(numbers: Numbers, _: Record) -> _Answer:
    return _said(
        bool(numbers.known),
        f"runtimes to {N_TARGETS} targets on {count(len(numbers.known), 'problem')}",
        "without a known optimum and random search there are no targets that do not "
        "depend on who took part",
    )


def _is_anytime(numbers: Numbers, _: Record) -> _Answer:
    return _said(
        len(numbers.places) > 1,
        f"{len(numbers.places)} budgets of up to {int(numbers.budget.max()):,} trials",
        "there is one budget",
    )


def _are_failures_counted(numbers: Numbers, _: Record) -> _Answer:
    found = numbers.results
    failed, broke = int(found.n_failed.sum()), int((found.states == FAILED).sum())
    return YES, (
        f"{failed:,} of {int(found.n_told.sum()):,} trials failed and count as trials; "
        f"{count(broke, 'run')} broke and {'counts' if broke == 1 else 'count'} with "
        "what was found before"
    )


def _are_runs_whole(numbers: Numbers, _: Record) -> _Answer:
    states = numbers.results.states
    lost = int((states != DONE).sum())
    return _said(
        lost == 0,
        f"all {states.size:,} runs are there with all their trials",
        f"{lost:,} of {states.size:,} runs are missing, broke or are not whole",
    )


def _are_versions_known(_: Numbers, record: Record) -> _Answer:
    several = [name for name, found in record.versions.items() if len(found) > 1]
    if not record.versions:
        return NO, "no study says which versions it ran with"
    return _said(
        not several,
        f"{count(len(record.versions), 'package')}, each in one version",
        f"several versions took part of {', '.join(several)}",
    )


def _is_hardware_known(_: Numbers, record: Record) -> _Answer:
    n = len(record.machines)
    if n == 0:
        return NO, "no study says on which machine it ran"
    return _said(
        n == 1, record.machines[0], f"{n} different machines: times are not comparable"
    )


def _is_overhead_apart(numbers: Numbers, _: Record) -> _Answer:
    import numpy as np

    spent = numbers.results.optimizer_seconds
    return _said(
        bool(np.isfinite(spent).any()),
        "asking and telling were timed apart from the objective",
        "no run was timed",
    )


def _are_intervals_there(numbers: Numbers, _: Record) -> _Answer:
    if len(numbers.results.optimizers) < 2:  # noqa: PLR2004 - no test
        return NONE, "nothing is tested: there is one optimizer"
    blocks, unit = numbers.blocks, numbers.unit
    return _said(
        len(blocks) > 1,
        f"each p has its effect and 95 % interval, over {count(len(blocks), unit)}",
        f"{count(len(blocks), unit)} give no interval",
    )


def _is_multiplicity_corrected(numbers: Numbers, _: Record) -> _Answer:
    k = len(numbers.results.optimizers)
    if k < 3:  # noqa: PLR2004 - one pair
        return NONE, "there is one pair at most"
    return YES, f"Holm's correction over {k * (k - 1) // 2} pairs"


def _is_there_power(verdict: Verdict) -> _Answer:
    """Say what was enough, or what would be if differences are as they seem."""
    units = count(verdict.n_units, verdict.unit)
    if verdict.best is not None:
        return YES, f"{units} were enough to tell the best one from all others"
    if verdict.leader is None or len(verdict.by_trials.standings) < 2:  # noqa: PLR2004
        return NONE, "there are no two optimizers to tell apart"
    more = verdict.more
    needed = [
        text
        for n, text in (
            (more.problems, f"{more.problems} problems"),
            (more.seeds, f"{more.seeds} seeds of each problem"),
        )
        if n is not None
    ]
    if not needed:
        return NO, f"{units} part no best one, and do not say how many would"
    return NO, (
        f"{units} part no best one; if the difference is as it seems, "
        f"{' or '.join(needed)} would"
    )


def _is_noise_left_out(numbers: Numbers, _: Record) -> _Answer:
    noisy = [f for f in numbers.results.problems if f.noise or "noisy" in f.kinds]
    if not noisy:
        return NONE, "no problem says that it is noisy"
    blind = [f.name for f in noisy if f.scored_by is None]
    return _said(
        not blind,
        f"{count(len(noisy), 'noisy problem')}, judged by values without noise",
        f"judged by noisy values: {', '.join(blind[:5])}",
    )


def _is_judged_on_unseen(numbers: Numbers, _: Record) -> _Answer:
    models = [f for f in numbers.results.problems if "model" in f.kinds]
    if not models:
        return NONE, "no problem says that it fits models"
    blind = [f.name for f in models if f.scored_by is None]
    return _said(
        not blind,
        "models are judged on rows that no trial saw",
        f"judged by what was optimized: {', '.join(blind[:5])}",
    )


def _are_options_known(_: Numbers, record: Record) -> _Answer:
    changed = [name for name, text in record.options.items() if text]
    own = (
        f"options of {', '.join(changed)} were changed" if changed else "all by default"
    )
    return YES, f"every study holds its options: {own}"


def _is_start_known(_: Numbers, record: Record) -> _Answer:
    if record.shared == (0,):
        return YES, "every optimizer chose its first points itself"
    n = ", ".join(map(str, record.shared))
    return YES, f"all optimizers of a seed began with the same {n} points"


def _is_untuned(_: Numbers, __: Record) -> _Answer:
    return NO, (
        "nothing in the record says on which problems the optimizers' defaults were "
        "tuned; those of libraries often were on public suites"
    )


def _is_confirmatory(_: Numbers, __: Record) -> _Answer:
    return (
        NO,
        "the record holds no hypothesis that was stated before: read as exploratory",
    )


def _is_made_again(_: Numbers, record: Record) -> _Answer:
    return YES, (
        f"the store holds every trial; `hpbridge report -c {record.name}` makes this "
        "page again, byte for byte"
    )


_ITEMS: tuple[tuple[str, Callable[[Numbers, Record], _Answer], str, str], ...] = (
    ("Is the problem the unit, not the run?", _is_unit_problem, "differences", DEMSAR),
    (
        "Are the problems of several kinds and sizes?",
        _are_problems_diverse,
        "profile",
        COSEAL,
    ),
    ("Are there repeats with different seeds?", _are_there_repeats, "record", AUTOML),
    ("Are seeds paired?", _are_seeds_paired, "missing", HPBRIDGE),
    ("Are budgets equal?", _are_budgets_equal, "missing", COSEAL),
    ("Is a random baseline there?", _is_random_there, "random", COSEAL),
    (
        "Are values normalised by known optima?",
        _are_optima_known,
        "problems",
        BAYESMARK,
    ),
    ("Are results shown at every budget?", _is_anytime, "convergence", COCO),
    ("Are runtimes to fixed targets shown?", _are_targets_fixed, "ecdf", COCO),
    ("Are failures counted as outcomes?", _are_failures_counted, "missing", HPBRIDGE),
    ("Are all runs there?", _are_runs_whole, "missing", COSEAL),
    (
        "Does every p have an effect and an interval?",
        _are_intervals_there,
        "differences",
        DEMSAR,
    ),
    (
        "Are many tests corrected for?",
        _is_multiplicity_corrected,
        "differences",
        DEMSAR,
    ),
    ("Is the optimizer's own time apart?", _is_overhead_apart, "overhead", COCO),
    (
        "Are noisy problems judged without noise?",
        _is_noise_left_out,
        "problems",
        HPBRIDGE,
    ),
    ("Are models judged on unseen data?", _is_judged_on_unseen, "problems", BAYESMARK),
    ("Are versions recorded?", _are_versions_known, "record", AUTOML),
    ("Is the hardware recorded, and one?", _is_hardware_known, "record", AUTOML),
    ("Are the optimizers' options recorded?", _are_options_known, "record", COSEAL),
    ("Is it known how they began?", _is_start_known, "record", COSEAL),
    (
        "Were the optimizers not tuned on these problems?",
        _is_untuned,
        "problems",
        COSEAL,
    ),
    ("Was the question stated before?", _is_confirmatory, "verdict", COSEAL),
    ("Can all of it be made again?", _is_made_again, "record", AUTOML),
)


def counts(items: list[Item]) -> dict[str, Any]:
    """Return how many items have each answer."""
    return {word: sum(i.answer == word for i in items) for word in (YES, NO, NONE)}
