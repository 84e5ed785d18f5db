"""Whether a parameter hardly mattered: no more than one of pure noise would.

The yardstick is an added parameter that nothing depends on: how often it would explain
as much of the scores as this one does, given the others. For an additive surface that
chance is known (the F distribution); no forest has to be grown. A parameter that is
active in some trials only is judged by those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.analysis.checks.surface import LEAST_TRIALS, surface_of, trials_of

if TYPE_CHECKING:
    from hpbridge.analysis.evaluated import Evaluated

IDLE, IDLE_TITLE = "HPB202", "a parameter that hardly mattered"

P_NOISE, LEAST_EFFECT = 0.1, 0.5
"""How often noise must explain as much, and how small the effect over the range must
be, in deviations of the scores."""


def hardly_mattered(evaluated: Evaluated) -> Finding:
    """Say which parameters explain no more of the scores than noise."""
    study = evaluated.study
    trials = trials_of(study)
    if len(trials) < LEAST_TRIALS:
        why = f"{len(trials)} trials are too few: it takes {LEAST_TRIALS}"
        return cannot(IDLE, IDLE_TITLE, why)
    surfaces = {name: surface_of(trials, name) for name in study.space.searched}
    judged = {name: each for name, each in surfaces.items() if each is not None}
    if not judged:
        why = "no parameter has trials enough with different values and scores"
        return cannot(IDLE, IDLE_TITLE, why)
    idle = {
        name: each.p_noise
        for name, each in judged.items()
        if each.p_noise > P_NOISE and each.effect < LEAST_EFFECT
    }
    if not idle:
        named = ", ".join(judged)
        sentence = f"more of the scores than noise would is explained by: {named}."
        return Finding(IDLE, IDLE_TITLE, False, sentence, 0.0)
    named = ", ".join(
        f"{name} (noise explains as much in {p:.0%} of cases)"
        for name, p in sorted(idle.items(), key=lambda pair: -pair[1])
    )
    sentence = f"hardly mattered within its range, in {len(trials)} trials: {named}."
    hint = "leave it at its default, so that the trials go to what matters"
    return Finding(IDLE, IDLE_TITLE, True, sentence, float(len(idle)), hint)
