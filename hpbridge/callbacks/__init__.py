"""Callbacks for the libraries that models are trained with: a line each.

A callback reports what its library evaluates, the k-th round or epoch as step k, and
ends the trial where the study's pruner says so. Without a pruner it reports alone:
training is what it is without the callback.

==================  =================================================================
library             what to add
==================  =================================================================
LightGBM            ``callbacks=[LightGBM(trial, "auc")]``
XGBoost             ``callbacks=[XGBoost(trial, "auc")]``
CatBoost            ``with CatBoost(trial, "AUC") as it:``, ``callbacks=[it]``
Lightning           ``callbacks=[Lightning(trial, "val_loss")]``
Keras 3             ``callbacks=[Keras(trial, "val_accuracy")]``
fastai              ``cbs=[FastAI(trial, "accuracy")]``
transformers        ``callbacks=[Transformers(trial, "accuracy")]``
scikit-learn        ``estimator.set_callbacks(ScikitLearn(trial, X, y, "accuracy"))``
``partial_fit``     ``partial_fit(trial, estimator, train, valid, epochs=20)``
a loop of your own  ``for epoch in epochs(trial, 20, model, optimizer):``
==================  =================================================================

Importing this package imports none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpbridge.contract.lazy import lazy_names

if TYPE_CHECKING:
    from hpbridge.callbacks.catboost import CatBoost
    from hpbridge.callbacks.fastai import FastAI
    from hpbridge.callbacks.keras import Keras
    from hpbridge.callbacks.lightgbm import LightGBM
    from hpbridge.callbacks.lightning import Lightning
    from hpbridge.callbacks.loops import epochs
    from hpbridge.callbacks.sklearn import ScikitLearn, partial_fit
    from hpbridge.callbacks.transformers import Transformers
    from hpbridge.callbacks.xgboost import XGBoost

__all__ = [
    "CatBoost",
    "FastAI",
    "Keras",
    "LightGBM",
    "Lightning",
    "ScikitLearn",
    "Transformers",
    "XGBoost",
    "epochs",
    "partial_fit",
]

_HOMES = {
    "CatBoost": "catboost",
    "FastAI": "fastai",
    "Keras": "keras",
    "LightGBM": "lightgbm",
    "Lightning": "lightning",
    "ScikitLearn": "sklearn",
    "Transformers": "transformers",
    "XGBoost": "xgboost",
    "epochs": "loops",
    "partial_fit": "sklearn",
}

__getattr__ = lazy_names(
    __name__,
    {name: f"{__name__}.{home}" for name, home in _HOMES.items()},
    "install it with pip",
)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
