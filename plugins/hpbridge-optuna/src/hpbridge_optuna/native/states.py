"""Optuna's words for how a trial ended, and ours."""

from __future__ import annotations

from optuna.trial import TrialState

from hpbridge.plugin import State

STATES = {
    State.COMPLETE: TrialState.COMPLETE,
    State.FAILED: TrialState.FAIL,
    State.PRUNED: TrialState.PRUNED,
}
OURS = {theirs: ours for ours, theirs in STATES.items()}
FINISHED = tuple(OURS)
