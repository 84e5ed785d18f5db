"""The verdict in sentences that a careful person would sign."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hpbridge.analysis.contest.asked import NOT_BEGUN
from hpbridge.analysis.contest.results import DONE, FAILED, MISSING, PARTIAL
from hpbridge.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.judged import Ints, Judged
    from hpbridge.analysis.contest.planning import More
    from hpbridge.analysis.contest.ranking import Number, Ranking
    from hpbridge.analysis.contest.results import Results

_FEW = 3


def why_refused(results: Results, ranking: Ranking) -> str | None:
    """Return why there can be no verdict, in few words; None where there can be."""
    reasons = {
        "there are no studies": not (results.states != MISSING).any(),
        "no run is whole": not ranking.standings,
        "one optimizer alone ran": len(ranking.standings) == 1,
        "no run has a feasible trial": all(
            s.n_empty == s.n_runs for s in ranking.standings
        ),
        "all ties": ranking.are_all_tied,
        f"too few {ranking.unit}s": ranking.n_units < ranking.n_least,
    }
    return next((why for why, is_so in reasons.items() if is_so), None)


def sentences_of(
    results: Results,
    trials: Ints,
    judged: Judged,
    by_trials: Ranking,
    by_seconds: Ranking | None,
    more: More,
) -> tuple[str, ...]:
    """Return the verdict in sentences, the answer first."""
    refused = why_refused(results, by_trials)
    if refused and (found := _nothing(results, by_trials, refused)):
        return (*found, *_of_runs(results, by_trials), *results.notes)
    where = _where(results, trials, by_trials)
    found = (
        _too_few(by_trials, where)
        if refused
        else _best(by_trials, where)
        if by_trials.best
        else _open(by_trials, where, more, judged)
    )
    found += _behind(by_trials)
    if not refused:
        found += _by_time(results, by_trials, by_seconds)
        found += _of_random(results, by_trials)
    found += _only_some(results, by_trials)
    found += _of_volume(results)
    return (*found, *_of_runs(results, by_trials), *results.notes)


def of_budget(results: Results, trials: Ints, budget: int | None) -> list[str]:
    """Say where a budget is beyond what was run."""
    whole = _ran(results)
    least = int(trials[whole].min(initial=budget or 0))
    if budget is None or least >= budget:
        return []
    n = int((trials[whole] < budget).sum())
    where = f" on {n} of {count(int(whole.sum()), 'problem')}"
    where = "" if len(results.problems) == 1 else where
    return [
        (
            f"The budget of {count(budget, 'trial')} is beyond what all were to run"
            f"{where}: they are judged after {least}"
            f"{' or more' if n > 1 else ''}."
        )
    ]


def _ran(results: Results) -> npt.NDArray[np.bool_]:
    """Return which problems have a whole run."""
    import numpy as np

    whole = np.isin(results.states, (DONE, FAILED))
    found: npt.NDArray[np.bool_] = np.any(whole, axis=(1, 2))
    return found


# The answer.


def _nothing(results: Results, ranking: Ranking, why: str) -> list[str]:
    """Return what is said where nothing can be compared at all."""
    runs = count(int((results.states == PARTIAL).sum()), "run")
    units = count(ranking.n_units, ranking.unit)
    found = {
        "there are no studies": "There is nothing to compare: there are no studies.",
        "no run is whole": f"No verdict: none of {runs} is whole yet; the comparison "
        "goes on with `--resume`.",
        "one optimizer alone ran": f"No verdict: {ranking.leader} alone ran, and a "
        "comparison takes two optimizers.",
        "no run has a feasible trial": "No verdict: no run has a feasible trial; "
        "`hpbridge show` says why trials failed.",
        "all ties": "No verdict: all optimizers came to the same values in "
        f"{units}. Fewer trials, or a harder problem, would tell them apart.",
    }
    return [found[why]] if why in found else []


def _where(results: Results, trials: Ints, ranking: Ranking) -> str:
    ran = _ran(results)
    least, most = int(trials[ran].min()), int(trials[ran].max())
    after = count(least, "trial") if least == most else f"{least} to {most} trials"
    if ranking.unit == "repeat":
        return f"on {results.problems[0].name} after {after}"
    return f"on {count(int(ran.sum()), 'problem')} after {after}"


def _too_few(ranking: Ranking, where: str) -> list[str]:
    leader, n, unit = ranking.standings[0], ranking.n_units, ranking.unit
    units = count(n, unit)
    if n == 1 and unit == "repeat":
        shared = _sharing(ranking)
        had = f"shares the best value with {shared}" if shared else "had the best value"
        lead = f"{leader.optimizer} {had} {where}"
        why = "1 repeat says nothing of chance"
    else:
        lead = f"{leader.optimizer} {_led(ranking)} {where}"
        p = f"{2.0 ** (1 - n):.2g}"
        why = f"{units} cannot tell chance from merit (the least possible p is {p})"
    return [f"{lead}; {why}: {ranking.n_least} or more would."]


def _sharing(ranking: Ranking) -> str:
    """Return who is as far ahead as the leader, so that none of them is the best."""
    least = ranking.standings[0].mean_rank.value
    same = [s for s in ranking.standings[1:] if math.isclose(s.mean_rank.value, least)]
    return _listed(s.optimizer for s in same) if same else ""


def _led(ranking: Ranking) -> str:
    leader, n, unit = ranking.standings[0], ranking.n_units, ranking.unit
    shared = _sharing(ranking)
    if shared:
        return f"shares the best mean rank, {_number(leader.mean_rank)}, with {shared}"
    best = f"was best in {leader.n_best} of {count(n, unit)}"
    if unit == "repeat" and 2 * leader.n_best > n:
        return best
    if unit == "repeat":
        return f"has the best mean rank, {_number(leader.mean_rank)}, and {best}"
    return f"has the best mean rank, {_number(leader.mean_rank)},"


def _best(ranking: Ranking, where: str) -> list[str]:
    leader, rivals = ranking.standings[0], ranking.standings[1:]
    n, unit = ranking.n_units, ranking.unit
    second = max(rivals, key=lambda s: s.adjusted)
    others = f"each of {len(rivals)} others" if len(rivals) > 1 else rivals[0].optimizer
    worst = min(rivals, key=lambda s: s.leader_beats.value)
    of = f"best in {leader.n_best} of {count(n, unit)}"
    if unit == "problem":
        of = f"best on {leader.n_best} of {count(n, unit)}"
    nearest = ", the nearest," if len(rivals) > 1 else ""
    chance = (
        f"a run of it beats one of {worst.optimizer}{nearest} "
        f"{_with_interval(worst.leader_beats, percent=True)} of the time"
    )
    p = f"Wilcoxon{'-Holm' * (len(rivals) > 1)} p = {_p(second.adjusted)}"
    effect = f"rank-biserial {_number(second.effect)}"
    return [
        (
            f"{leader.optimizer} is better than {others} {where}: {of}, mean rank "
            f"{_with_interval(leader.mean_rank)}; {chance} ({p}, {effect})."
        )
    ]


def _open(ranking: Ranking, where: str, more: More, judged: Judged) -> list[str]:
    leader = ranking.standings[0]
    rival = ranking.of(ranking.binding or "")
    led = f"{leader.optimizer} {_led(ranking)}".rstrip(",")
    share = _with_interval(rival.leader_beats, percent=True)
    found = [
        (
            f"No optimizer is surely the best {where}: {led}, but a run of it beats "
            f"one of {rival.optimizer} {share} of the time (p = {_p(rival.p)}, "
            f"rank-biserial {_number(rival.effect)})."
        )
    ]
    return found + _plan(ranking, more, judged)


def _plan(ranking: Ranking, more: More, judged: Judged) -> list[str]:
    rival, n_seeds = ranking.binding, judged.values.shape[2]
    if ranking.unit == "repeat":
        n = more.seeds
        if n is None:
            few = f"{ranking.n_units} repeats do not say how many would"
            return [f"As it seems now, they may be equal: {few}."]
        further = max(n - ranking.n_units, 1)
        return [
            (
                f"If the difference is as it seems, {ranking.n_units + further} "
                f"repeats, {further} more, would find it with 80 % power."
            )
        ]
    found = []
    if more.problems is not None:
        n = max(more.problems, ranking.n_units + 1)
        found.append(f"{n} problems like these ({n - ranking.n_units} more)")
    if more.seeds is not None and more.seeds > n_seeds:
        found.append(f"{more.seeds} seeds of each ({more.seeds - n_seeds} more)")
    if not found:
        return [f"As it seems now, no number of seeds parts it from {rival}."]
    which = " or ".join(found)
    return [f"If the difference is as it seems, {which} would find it with 80 % power."]


def _behind(ranking: Ranking) -> list[str]:
    behind = [s for s in ranking.standings[1:] if s.is_behind]
    if ranking.best is not None or not behind:
        return []
    p = _p(max(s.adjusted for s in behind))
    names = _listed(s.optimizer for s in behind)
    verb = "is" if len(behind) == 1 else "are"
    return [f"{names} {verb} behind {ranking.leader} (Wilcoxon-Holm p <= {p})."]


# The other axis of time, and random search.


def _by_time(
    results: Results, by_trials: Ranking, by_seconds: Ranking | None
) -> list[str]:
    if by_seconds is None or len(by_seconds.standings) < 2:  # noqa: PLR2004
        return []
    leader = by_seconds.leader
    sure = "" if by_seconds.best else ", not for sure"
    if leader == by_trials.leader:
        return [f"At equal wall-clock time {leader} leads as well{sure}."]
    slow = by_trials.standings[0]
    own = _optimizer_share(results, slow.index)
    thinking = "" if math.isnan(own) else f", and thinks {own:.0%} of its time"
    return [
        (
            f"{slow.optimizer} leads by trials, {leader} by seconds{sure}: after as "
            f"long as the fastest took, {slow.optimizer} has mean rank "
            f"{_number(by_seconds.of(slow.optimizer).mean_rank)}{thinking}."
        )
    ]


def _optimizer_share(results: Results, k: int) -> float:
    """Return which share of its seconds an optimizer took itself."""
    import numpy as np

    both = []
    for array in (results.optimizer_seconds, results.seconds):
        own = np.where(np.isnan(array[:, k]), 0.0, array[:, k])
        both.append(float(own.max(axis=-1, initial=0.0).sum()))
    return min(both[0] / both[1], 1.0) if both[1] else math.nan


def _of_random(results: Results, ranking: Ranking) -> list[str]:
    leader = ranking.standings[0]
    is_said = len(ranking.standings) == 2  # noqa: PLR2004 - it is the only rival
    if results.reference is None or is_said:
        return []
    reference = results.optimizers[results.reference]
    if leader.index == results.reference:
        return [f"{reference} leads: nothing here is shown to beat random search."]
    if math.isnan(leader.beats_random.value):
        return []
    chance = _with_interval(leader.beats_random, percent=True)
    return [
        f"A run of {leader.optimizer} beats one of {reference} {chance} of the time."
    ]


# What it holds for.


def _only_some(results: Results, ranking: Ranking) -> list[str]:
    most = len(ranking.standings[0].problems)
    found = []
    for standing in ranking.standings:
        n = len(standing.problems)
        if n < most:
            found.append(
                f"{standing.optimizer} ran on {n} of {count(most, 'problem')}: it is "
                "ranked, and compared, on those alone."
            )
    ran = {s.optimizer for s in ranking.standings}
    broken = [name for name in results.optimizers if name not in ran]
    if broken:
        found.append(f"{_listed(broken)} has no whole run, and no rank.")
    return found


def _of_volume(results: Results) -> list[str]:
    several = [facts for facts in results.problems if len(facts.metrics) > 1]
    if not several:
        return []
    first = several[0]
    point = ", ".join(
        f"{metric} {-value if way == 'maximize' else value:.4g}"
        for (metric, way), value in zip(
            first.metrics, first.reference_point or (), strict=True
        )
    )
    whence = (
        "as the problem has it"
        if first.is_reference_given
        else "the nadir of all runs' fronts, a tenth of their range beyond"
    )
    of = "" if len(several) == 1 else f" of {first.name}"
    return [
        (
            f"Several metrics are judged by their hypervolume; the reference point{of} "
            f"is {point} ({whence})."
        )
    ]


def _of_runs(results: Results, ranking: Ranking) -> list[str]:
    """Return what became of runs that are not whole, or have nothing."""
    found = []
    n_empty = sum(s.n_empty for s in ranking.standings)
    n_runs = sum(s.n_runs for s in ranking.standings)
    if n_empty:
        found.append(
            f"{n_empty} of {count(n_runs, 'run')} came to no feasible trial, which "
            "counts as worse than any value."
        )
    n_broken = int((results.states == FAILED).sum())
    if n_broken:
        counts = "counts with what it" if n_broken == 1 else "count with what they"
        found.append(f"{count(n_broken, 'run')} broke and {counts} had come to.")
    n_partial = int((results.states == PARTIAL).sum())
    if n_partial and ranking.standings:
        found.append(
            f"{count(n_partial, 'run')} {'is' if n_partial == 1 else 'are'} not whole, "
            "and left out."
        )
    return found + _missing(results)


def _missing(results: Results) -> list[str]:
    """Say which runs are missing: those that were to be there, or that others have."""
    is_missing = results.states == MISSING
    ran = (~is_missing).any(axis=2)
    lacking = [why for place, why in results.why.items() if is_missing[place]]
    if n_planned := len(lacking):
        of = f"{n_planned} of {count(n_planned + int((~is_missing).sum()), 'run')}"
        have = "has" if n_planned == 1 else "have"
        n_without = int((~ran.any(axis=1)).sum())
        none = f", on {count(n_without, 'problem')} none at all" if n_without else ""
        n_tried = sum(why != NOT_BEGUN for why in lacking)
        tried = f" ({n_tried} failed before a first trial)" if n_tried else ""
        return [f"{of} {have} not begun{tried}{none}: `--resume` goes on with them."]
    n = int((is_missing & ran[:, :, None]).sum())
    return [f"{count(n, 'run')} {'is' if n == 1 else 'are'} missing."] if n else []


# Words.


def _listed(names: Iterable[str]) -> str:
    found = [*names]
    shown = found[:_FEW]
    if len(found) > _FEW:
        shown.append(f"{len(found) - _FEW} more")
    return (
        " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
    )


def _p(p: float) -> str:
    return f"{p:.2g}"


def _number(found: Number) -> str:
    return f"{found.value:.3g}"


def _with_interval(found: Number, *, percent: bool = False) -> str:
    values: Sequence[float] = (found.value, found.low, found.high)
    texts = [f"{v:.0%}" if percent else f"{v:.3g}" for v in values]
    if not found.is_bounded or found.low == found.high:
        return texts[0]
    sure = f"{100 * found.confidence:g} %"
    return f"{texts[0]} ({sure} interval {texts[1]} to {texts[2]})"
