"""What the search builds on that scikit-learn does not promise is looked after."""

from __future__ import annotations

import types

import pytest
from sklearn.model_selection._search import BaseSearchCV

from hpbridge.doctor import diagnosis
from hpbridge.errors import HpbridgeError
from hpbridge.hosts.sklearn import upstream

FIT = BaseSearchCV.fit.__wrapped__


def renamed(code, old):
    """Return the code of a version that calls something by another name."""

    def other(names):
        return tuple("renamed" if name == old else name for name in names)

    consts = tuple(
        renamed(each, old) if isinstance(each, types.CodeType) else each
        for each in code.co_consts
    )
    return code.replace(co_names=other(code.co_names), co_consts=consts)


def test_the_installed_one_has_it_all() -> None:
    assert upstream.problems() == []


@pytest.mark.parametrize(
    ("name", "cost"),
    [
        ("check_cv", "each batch of a BridgeSearchCV is split anew"),
        ("_warn_or_raise_about_fit_failures", "a batch of failures ends"),
        ("_run_search", "BridgeSearchCV does not work"),
        ("_format_results", "made anew for each batch"),
    ],
)
def test_what_would_fail_in_silence_is_told(monkeypatch, name, cost) -> None:
    def fit(*_):
        raise AssertionError

    fit.__wrapped__ = types.FunctionType(renamed(FIT.__code__, name), FIT.__globals__)
    monkeypatch.setattr(BaseSearchCV, "fit", fit)
    (problem,) = upstream.problems()
    assert "has changed sklearn.model_selection._search.BaseSearchCV.fit" in problem
    assert cost in problem


def test_what_is_gone_is_told_in_a_sentence(monkeypatch) -> None:
    monkeypatch.delattr(BaseSearchCV, "_check_refit_for_multimetric")
    monkeypatch.setattr(BaseSearchCV, "fit", FIT)
    assert len(upstream.problems()) == 7
    with pytest.raises(HpbridgeError, match=r"scikit-learn .* has no .*__wrapped__"):
        upstream.fit_with({})


def test_the_doctor_looks_at_what_a_host_builds_on(monkeypatch) -> None:
    monkeypatch.setattr(diagnosis, "_diagnose_backend", lambda _: iter(()))
    findings = list(diagnosis.diagnose())
    assert [(f.optimizer, f.verdict) for f in findings if "host" in f.optimizer] == [
        ("host sklearn", "works")
    ]
    assert diagnosis.upgrade("host sklearn") == "pip install --upgrade hpbridge"
    assert diagnosis.upgrade("optuna") == "pip install --upgrade hpbridge-optuna"
