"""Data sets with a mistake in them, and without; what a check finds in each."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

import hpbridge as hpb
from hpbridge.evaluation.checks.run import check_data, data_of


def evaluation_of(X, y, *, numbers=False, **settings):
    """Return an evaluation of a plain model, which is not fitted by the checks."""
    model = Ridge() if numbers else LogisticRegression()
    space = {"alpha" if numbers else "C": hpb.Float(0.1, 1.0)}
    return hpb.Evaluation(model, X, y, space=space, **settings)


def findings(X, y, **settings):
    """Return the findings of all checks, by code."""
    found = check_data(data_of(evaluation_of(X, y, **settings)))
    return {each.code: each for each in found}


def classes(n=300, columns=4, seed=0, noise=1.0):
    """Return features and two classes that depend on all of them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    y = (X.sum(axis=1) + noise * rng.normal(size=n) > 0).astype(int)
    return X, y


def steps(n=300, seed=0, weight=0.9):
    """Return a series whose next value is near the last one."""
    rng = np.random.default_rng(seed)
    found = np.zeros(n)
    for k in range(1, n):
        found[k] = weight * found[k - 1] + rng.normal()
    return found


def subjects(n_subjects=40, rows=8, seed=0, names="subject"):
    """Return a frame of several rows a subject, and the class of each subject."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_subjects), rows)
    own = rng.normal(size=(n_subjects, 3))
    X = pd.DataFrame(
        own[who] + 0.1 * rng.normal(size=(len(who), 3)), columns=list("abc")
    )
    X[names] = rng.permutation(10 * n_subjects)[:n_subjects][who]
    y = rng.integers(0, 2, n_subjects)[who]
    order = rng.permutation(len(who))
    return X.iloc[order].reset_index(drop=True), y[order], who[order]
