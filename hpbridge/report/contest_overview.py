"""How optimizers stand at the full budget, and over what that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import DONE, FAILED, MISSING
from hpbridge.errors import count
from hpbridge.report.contest_estimates import FEWEST_PROBLEMS
from hpbridge.report.contest_sections import interval, over
from hpbridge.report.table import Row

if TYPE_CHECKING:
    from hpbridge.report.contest_estimates import Estimate
    from hpbridge.report.contest_numbers import Numbers

_MOST_LISTED = 20


def overview(numbers: Numbers, best: str | None = None) -> dict[str, Any]:
    """Return a row an optimizer, the least mean rank first.

    Args:
        numbers: Of the contest.
        best: The optimizer that is better than every other by the verdict.
    """
    found = numbers.results
    names = found.optimizers
    columns = _columns(numbers)
    means = [numbers.block_ranks.at(o)[0] for o in range(len(names))]
    order = sorted(range(len(names)), key=lambda o: (means[o], o))
    rows = [
        Row(
            [names[o], *(cells[o] for cells in columns.values())],
            is_best=names[o] == best,
        )
        for o in order
    ]
    return {"headers": ["Optimizer", *columns], "rows": rows}


def _columns(numbers: Numbers) -> dict[str, list[str]]:
    columns = {"Mean rank": _column(numbers.block_ranks, numbers)}
    if numbers.scaled:
        columns["Normalised regret"] = _column(numbers.regrets, numbers)
    n = len(numbers.blocks)
    columns["Wins + ties"] = [f"{a} + {tied} of {n}" for a, tied in wins(numbers)]
    if numbers.beats_random is not None:
        columns["Beats random"] = _column(numbers.beats_random, numbers)
    columns["Failed trials"] = _failed_trials(numbers)
    columns["Runs not whole"] = _not_whole(numbers)
    columns["Problems"] = [str(int(n)) for n in numbers.ran.sum(axis=0)]
    return columns


def _column(found: Estimate, numbers: Numbers) -> list[str]:
    return [interval(found.at(o)) for o in range(len(numbers.results.optimizers))]


def wins(numbers: Numbers) -> list[tuple[int, int]]:
    """Return in how many blocks each optimizer is best: alone, and with others."""
    import numpy as np

    blocks = numbers.blocks
    if not len(blocks):
        return [(0, 0)] * len(numbers.results.optimizers)
    is_best = blocks == blocks.min(axis=1, keepdims=True)
    is_tie = is_best & (is_best.sum(axis=1, keepdims=True) > 1)
    ties = np.count_nonzero(is_tie, axis=0)
    alone = np.count_nonzero(is_best, axis=0) - ties
    return [*zip(alone.tolist(), ties.tolist(), strict=True)]


def _failed_trials(numbers: Numbers) -> list[str]:
    found = numbers.results
    failed, told = (n.sum(axis=(0, 2)) for n in (found.n_failed, found.n_told))
    return [
        f"{int(f):,}" + (f" ({f / t:.1%})" if f and t else "")
        for f, t in zip(failed, told, strict=True)
    ]


def _not_whole(numbers: Numbers) -> list[str]:
    found = []
    for own in numbers.results.states.transpose(1, 0, 2):
        began, broke = (int(n.sum()) for n in (own != MISSING, own == FAILED))
        text = f"{began - int((own == DONE).sum()):,} of {began:,}"
        found.append(f"{text}\n{broke:,} broke" if broke else text)
    return found


def held_over(numbers: Numbers) -> str:
    """Return over which problems the statistics hold, and which they leave out."""
    found = numbers.results
    lost = [p for p in range(len(found.problems)) if p not in set(numbers.shared)]
    text = f"Statistics hold {over(numbers, numbers.shared)}"
    if not lost:
        return f"{text}, which every optimizer ran."
    who = [
        f"{found.problems[p].name} (without {', '.join(_absent_from(numbers, p))})"
        for p in lost[:_MOST_LISTED]
    ]
    more = len(lost) - _MOST_LISTED
    rest = f" and {more} more" if more > 0 else ""
    return f"{text}, which every optimizer ran; left out: {', '.join(who)}{rest}."


def _absent_from(numbers: Numbers, problem: int) -> list[str]:
    names = numbers.results.optimizers
    return [name for o, name in enumerate(names) if not numbers.ran[problem, o]]


def of_what(numbers: Numbers) -> str:
    """Return what the intervals are for: new problems, or new seeds."""
    n = len(numbers.shared)
    if n >= FEWEST_PROBLEMS:
        return (
            "Intervals are 95 %, of a bootstrap over problems with their seeds: for "
            "new problems like these."
        )
    which = "this very problem" if n == 1 else "these very problems"
    return (
        f"Intervals are 95 %, over seeds: for new seeds on {which}; "
        f"{count(n, 'problem')} {'says' if n == 1 else 'say'} nothing of others."
    )
