"""HPB101 to HPB108: data sets with one mistake put into them, and without."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from benchmarks.operating import skore_rules
from benchmarks.operating.scenario import Scenario
from sklearn import datasets
from sklearn.linear_model import LogisticRegression

import hpbridge as hpb
from hpbridge.evaluation.checks.run import CHECKS, data_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpbridge.evaluation.evaluation import Evaluation

Rng = np.random.Generator
Given = tuple[Any, ...]
"""Features, classes, and settings of the evaluation if there are any."""


def of(code: str) -> Callable[[Evaluation], bool | None]:
    """Return what asks one check whether it speaks of an evaluation."""

    def ours(evaluation: Evaluation) -> bool | None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return CHECKS[code][1](data_of(evaluation)).spoke

    return ours


def cases(make: Callable[[Rng], Given]) -> Callable[[int], dict[str, Evaluation]]:
    """Return the one case of each seed."""

    def case(seed: int) -> dict[str, Evaluation]:
        X, y, *settings = make(np.random.default_rng(seed))
        more = settings[0] if settings else {}
        space = {"C": hpb.Float(0.1, 10)}
        return {"": hpb.Evaluation(LogisticRegression(), X, y, space=space, **more)}

    return case


def simulated(rng: Rng, noise: float = 1.0) -> Given:
    """Return 3 to 12 numbers a row, some of which matter, and two classes."""
    n, d = int(rng.integers(200, 1000)), int(rng.integers(3, 12))
    X = rng.normal(size=(n, d)) * np.exp(rng.normal(size=d))
    w = rng.normal(size=d) * (rng.random(d) < 0.7) + 0.2
    signal = (X / X.std(axis=0)) @ w
    y = (signal / signal.std() + noise * rng.normal(size=n) > 0).astype(int)
    return X, y


_REAL = ("breast_cancer", "wine", "digits", "iris", "diabetes")


def real(rng: Rng) -> Given:
    """Return a random 70 % of a data set of scikit-learn's, and its classes."""
    name = _REAL[rng.integers(len(_REAL))]
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    if name == "diabetes":
        y = (y > np.median(y)).astype(int)
    rows = rng.permutation(len(y))[: min(int(0.7 * len(y)), 800)]
    return X[rows], y[rows]


def either(rng: Rng) -> Given:
    """Return a real data set or a simulated one."""
    return real(rng) if rng.random() < 0.5 else simulated(rng)


def shares(rng: Rng, share: np.ndarray, metric: str) -> Given:
    """Return classes of about these shares, with 12 rows of each at least."""
    n = int(rng.integers(300, 1500))
    y = rng.choice(len(share), n, p=share / share.sum())
    y[: 12 * len(share)] = np.repeat(np.arange(len(share)), 12)
    return rng.normal(size=(n, 2)) + y[:, None], y, {"metrics": metric}


def rare_class(rng: Rng, metric: str = "accuracy") -> Given:
    """Return two classes of which one is 1 to 15 % of the rows."""
    n = int(rng.integers(400, 2000))
    y = (np.arange(n) < max(n * rng.uniform(0.01, 0.15), 12)).astype(int)
    return rng.normal(size=(n, 2)) + y[:, None], y, {"metrics": metric}


def rare_of_several(rng: Rng) -> Given:
    """Return 3 to 6 classes of which one is 1 to 6 % of the rows."""
    share = np.ones(int(rng.integers(3, 7)))
    share[0] = share[1:].sum() * rng.uniform(0.01, 0.06)
    return shares(rng, share, "accuracy")


def copied(rng: Rng, given: Given, share: float, flip: float = 0.0) -> Given:
    """Return data with copies of some rows, of another class for a share of these."""
    X, y = given[:2]
    rows = rng.permutation(len(y))[: max(int(share * len(y)), 6)]
    again = y[rows]
    if flip:
        labels = np.unique(y)
        again = np.where(
            rng.random(len(rows)) < flip,
            labels[(np.searchsorted(labels, again) + 1) % len(labels)],
            again,
        )
    order = rng.permutation(len(y) + len(rows))
    return np.concatenate([X, X[rows]])[order], np.concatenate([y, again])[order]


def few_values(rng: Rng) -> Given:
    """Return independent columns of few values."""
    n, d = int(rng.integers(200, 2000)), int(rng.integers(1, 9))
    X = np.column_stack([rng.integers(0, rng.integers(2, 7), n) for _ in range(d)])
    y = (X.sum(axis=1) + rng.normal(size=n) > np.median(X.sum(axis=1))).astype(int)
    return X, y


def kinds(rng: Rng) -> Given:
    """Return columns of few values that depend on a hidden kind of row."""
    n, d = int(rng.integers(300, 2000)), int(rng.integers(3, 12))
    kind, noise = rng.integers(0, rng.integers(3, 20), n), rng.uniform(0.1, 0.6)
    X = np.column_stack(
        [
            np.where(rng.random(n) < noise, rng.integers(0, 4, n), own[kind])
            for own in rng.integers(0, 4, (d, 20))
        ]
    )
    y = (kind + 3 * rng.normal(size=n) > np.median(kind)).astype(int)
    return X, y


def numbered(rng: Rng, *, tells: bool) -> Given:
    """Return data with a row number or key, whose order tells of the class or not."""
    X, y = simulated(rng)[:2]
    n = len(y)
    order = np.argsort(y + rng.uniform(0.2, 1.2) * rng.normal(size=n))
    place = np.argsort(order) if tells else rng.permutation(n)
    kind = rng.integers(4)
    key: Any = place
    if kind == 1:
        key = 10_000 + 3 * place
    elif kind == 2:
        key = np.array([f"row-{k}" for k in place], dtype=object)
    elif kind == 3:
        key = np.array([f"K{k:06d}" for k in place], dtype=object)
    return pd.DataFrame(X).assign(key=key), y


def leaked(rng: Rng) -> Given:
    """Return data with a column that follows from the class, nearly or wholly."""
    X, y = simulated(rng, noise=rng.uniform(1.0, 3.0))[:2]
    n, kind = len(y), rng.integers(4)
    if kind == 0:
        leak = np.where(rng.random(n) < rng.uniform(0, 0.03), 1 - y, y)
    elif kind == 1:
        leak = y + rng.uniform(0.05, 0.25) * rng.normal(size=n)
    elif kind == 2:
        leak = np.exp(rng.normal(size=n)) * y  # an amount that is paid afterwards
    else:
        leak = 10 * y + rng.integers(0, 10, n)  # a code whose first digit tells
    return pd.DataFrame(X).assign(leak=leak), y


def in_time(rng: Rng, values: np.ndarray, **settings: Any) -> Given:
    """Return two classes by a series, with features that say a little of it."""
    n = len(values)
    frame = pd.DataFrame(
        {"x": values + 2 * rng.normal(size=n), "z": rng.normal(size=n)}
    )
    a_day = int(rng.integers(1, 4))
    frame["when"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        np.arange(n) // a_day, unit="D"
    )
    return frame, (values > np.median(values)).astype(int), settings


def series(rng: Rng) -> np.ndarray:
    """Return a series that stays, rises, or has seasons; with noise."""
    n = int(rng.integers(200, 800))
    kind, at = rng.integers(3), np.arange(n)
    noise = rng.normal(size=n)
    if kind == 0:
        weight, found = rng.uniform(0.6, 0.95), np.zeros(n)
        for k in range(1, n):
            found[k] = weight * found[k - 1] + noise[k]
        return found
    if kind == 1:
        return rng.uniform(2, 6) * at / n + noise
    return rng.uniform(1, 3) * np.sin(2 * np.pi * at / rng.integers(20, 120)) + noise


def born(rng: Rng) -> Given:
    """Return data with a date that says nothing, as of birth."""
    X, y = simulated(rng)[:2]
    days = rng.integers(0, 20_000, len(y))
    when = pd.Timestamp("1950-01-01") + pd.to_timedelta(days, unit="D")
    return pd.DataFrame(X).assign(when=when), y


def subjects(rng: Rng, *, alike: bool, given: bool = False) -> Given:
    """Return several rows of each subject, which are alike in class or not."""
    n, rows = int(rng.integers(25, 80)), int(rng.integers(3, 12))
    who = np.repeat(np.arange(n), rows)
    own = rng.normal(size=(n, 3))
    spread = rng.uniform(0.1, 0.6)
    X = pd.DataFrame(own[who] + spread * rng.normal(size=(len(who), 3)))
    chance = rng.random(n) < 0.5
    if alike:
        y = np.where(rng.random(len(who)) < 0.05, ~chance[who], chance[who])
    else:
        y = X.sum(axis=1).to_numpy() + 2 * rng.normal(size=len(who)) > 0
    names = rng.permutation(10 * n)[:n][who]
    X["subject"] = names if rng.random() < 0.5 else [f"S{k}" for k in names]
    X.columns = X.columns.astype(str)
    order = rng.permutation(len(who))
    settings = {"groups": who[order]} if given else {}
    return X.iloc[order], y[order].astype(int), settings


def counted(rng: Rng) -> Given:
    """Return counts and categories that matter, and that are no groups."""
    n = int(rng.integers(300, 1000))
    age, kind = rng.integers(18, 90, n), rng.integers(0, rng.integers(3, 15), n)
    visits = rng.poisson(8, n)
    y = age / 20 + kind / 3 + visits / 4 + 2 * rng.normal(size=n)
    frame = pd.DataFrame(
        {"age": age, "kind": [f"k{k}" for k in kind], "visits": visits}
    ).assign(x=rng.normal(size=n))
    return frame, (y > np.median(y)).astype(int)


def with_few(rng: Rng, least: int, most: int) -> Given:
    """Return three classes, one with so few rows, in five folds and no test."""
    n = int(rng.integers(200, 800))
    y = rng.integers(0, 2, n)
    y[: rng.integers(least, most + 1)] = 2
    return rng.normal(size=(n, 2)), y, {"test": None}


def _scenario(
    code: str, text: str, make: Callable[[Rng], Given], **more: Any
) -> Scenario:
    must_speak = more.pop("must_speak", False)
    return Scenario(code, text, must_speak, cases(make), of(code), more)


_BINARY = {"SKD004": skore_rules.a_class_of_80_percent}
_SEVERAL = {"SKD005": skore_rules.a_class_of_10_percent}
_GOLD = {"SKD011": skore_rules.golden}
_TIME = {"SKD013": skore_rules.overlap_in_time}
_YES = {"must_speak": True}

SCENARIOS = (
    _scenario(
        "HPB101", "accuracy, a class of 1 to 15 %", rare_class, **_YES, **_BINARY
    ),
    _scenario(
        "HPB101",
        "accuracy, 3 to 6 classes, one of 1 to 6 %",
        rare_of_several,
        **_YES,
        **_SEVERAL,
    ),
    _scenario(
        "HPB101",
        "accuracy, two classes of 35 to 65 %",
        lambda r: shares(r, np.array([1.0, r.uniform(0.6, 1.7)]), "accuracy"),
        **_BINARY,
    ),
    _scenario(
        "HPB101",
        "accuracy, 3 to 15 classes alike",
        lambda r: shares(r, np.ones(int(r.integers(3, 16))), "accuracy"),
        **_SEVERAL,
    ),
    _scenario(
        "HPB101",
        "balanced accuracy, a class of 1 to 15 %",
        lambda r: rare_class(r, "balanced_accuracy"),
        **_BINARY,
    ),
    _scenario(
        "HPB102",
        "3 to 20 % of the rows copied",
        lambda r: copied(r, either(r), r.uniform(0.03, 0.2)),
        **_YES,
    ),
    _scenario("HPB102", "no copies, real and simulated", either),
    _scenario("HPB102", "1 to 8 independent columns of few values", few_values),
    _scenario("HPB102", "3 to 11 dependent columns of few values", kinds),
    _scenario(
        "HPB103",
        "3 to 20 % copied, half of them in another class",
        lambda r: copied(r, either(r), r.uniform(0.03, 0.2), 0.5),
        **_YES,
    ),
    _scenario(
        "HPB103",
        "3 to 20 % copied, class and all",
        lambda r: copied(r, either(r), r.uniform(0.03, 0.2)),
    ),
    _scenario("HPB103", "3 to 11 dependent columns of few values", kinds),
    _scenario(
        "HPB104",
        "a row number or key, rows sorted by class more or less",
        lambda r: numbered(r, tells=True),
        **_YES,
    ),
    _scenario(
        "HPB104",
        "a row number or key, rows shuffled",
        lambda r: numbered(r, tells=False),
    ),
    _scenario("HPB104", "no row number, real and simulated", either),
    _scenario(
        "HPB105", "a column that follows from the class", leaked, **_YES, **_GOLD
    ),
    _scenario("HPB105", "no such column, simulated", simulated, **_GOLD),
    _scenario("HPB105", "no such column, real data", real),
    _scenario(
        "HPB106",
        "a series, shuffled folds",
        lambda r: in_time(r, series(r)),
        **_YES,
        **_TIME,
    ),
    _scenario(
        "HPB106",
        "a series, folds in the order of time",
        lambda r: in_time(r, series(r), procedure=hpb.TimeOrder(), test=None),
        **_TIME,
    ),
    _scenario("HPB106", "a date that says nothing, shuffled folds", born, **_TIME),
    _scenario(
        "HPB107",
        "rows of subjects, without groups=",
        lambda r: subjects(r, alike=True),
        **_YES,
    ),
    _scenario(
        "HPB107",
        "rows of subjects, with groups=",
        lambda r: subjects(r, alike=True, given=True),
    ),
    _scenario(
        "HPB107",
        "rows of subjects who are not alike",
        lambda r: subjects(r, alike=False),
    ),
    _scenario("HPB107", "counts and categories", counted),
    _scenario("HPB107", "no groups, real and simulated", either),
    _scenario(
        "HPB108",
        "a class of 5 to 20 rows, 5 folds",
        lambda r: with_few(r, 5, 20),
        **_YES,
    ),
    _scenario(
        "HPB108", "a class of 30 to 90 rows, 5 folds", lambda r: with_few(r, 30, 90)
    ),
)
