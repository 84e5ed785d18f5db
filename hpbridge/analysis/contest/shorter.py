"""What a verdict says of runs that ended before their last trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpbridge.analysis.contest.results import DONE
from hpbridge.errors import count

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from hpbridge.analysis.contest.results import Results


def of_shorter(results: Results, trials: npt.NDArray[np.integer[Any]]) -> list[str]:
    """Say which runs ended by themselves before they are judged, and why.

    Args:
        results: The runs.
        trials: After how many trials each problem is judged: shape (P,).
    """
    import numpy as np

    whole = results.states == DONE
    is_short = whole & (results.n_told < np.asarray(trials)[:, None, None])
    n = int(is_short.sum())
    if not n:
        return []
    told = results.n_told[is_short]
    least, most = int(told.min()), int(told.max())
    after = count(least, "trial") if least == most else f"{least:,} to {most:,} trials"
    why = dict.fromkeys(why for at, why in results.why.items() if is_short[at])
    reasons = [*why]
    said = f": {reasons[0]}" if reasons else ""
    said += f" and {count(len(reasons) - 1, 'other reason')}" if reasons[1:] else ""
    counts = "counts with what it" if n == 1 else "count with what they"
    whose = f"{n} of {count(int(whole.sum()), 'run')} ended before that, after {after}"
    who = "it" if n == 1 else "they"
    return [f"{whose}{said}; {who} {counts} had come to."]
