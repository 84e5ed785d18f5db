"""Optuna's own trial for a trial of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge_optuna.native.record import RecordStorage, RecordStudy

if TYPE_CHECKING:
    import optuna

    from hpbridge.plugin import Trial

_KEPT = "optuna"
"""Under this name the study is kept from one trial to the next."""


def trial_of(ours: Trial) -> optuna.Trial:
    """Return Optuna's trial of an Optuna study that shows our record."""
    around = ours.study
    if around is None:
        msg = "a trial that was made by hand is in no study"
        raise TypeError(msg)
    study = around.kept.get(_KEPT)
    if study is None:
        study = around.kept[_KEPT] = RecordStudy(RecordStorage(around))
    trial: optuna.Trial = study.begin(ours)
    return trial
