"""What Hyperopt does not promise is told in a sentence when it is gone."""

from __future__ import annotations

import hyperopt
import numpy as np
import pytest
from hyperopt import Trials, base, fmin, hp, tpe
from hyperopt.pyll.base import Apply

from hpbridge import Float, Space
from hpbridge.contract.backend import Problem
from hpbridge.errors import HpbridgeError
from hpbridge_hyperopt import SPEC, suggest
from hpbridge_hyperopt._upstream import hyperopt as imported

VERSION = f"hyperopt {hyperopt.__version__}"
SLOWER = "hyperopt:tpe takes the time that Hyperopt's own function takes"
UNASKED = "none of its algorithms can be asked outside of fmin"
UNCALLED = "no function that is written for fmin can be run"
BLIND = "no algorithm of it sees the trials, which it read from _trials"
HOSTLESS = (
    "no optimizer can be asked by fmin, which kept its documents in the one list "
    "_dynamic_trials"
)
UNREAD = "no Trials can be read or written, which kept its documents in _dynamic_trials"
SPACELESS = "no space of its nodes can be read"


def test_the_tested_version_has_it_all():
    assert SPEC.upstream() == []


@pytest.mark.parametrize(
    ("owner", "name", "cost"),
    [
        (tpe, "build_posterior_wrapper", SLOWER),
        (hyperopt.pyll, "rec_eval", SLOWER),
        (base, "miscs_to_idxs_vals", SLOWER),
        (base, "miscs_update_idxs_vals", SLOWER),
        (base.Domain, "evaluate", UNCALLED),
    ],
)
def test_what_is_gone_is_told(owner, name, cost, monkeypatch):
    path = f"{getattr(owner, '__module__', '')}.{owner.__name__}".lstrip(".")
    monkeypatch.delattr(owner, name)
    assert SPEC.upstream() == [f"{VERSION} has no {path}.{name}: {cost}"]


@pytest.mark.parametrize(
    ("owner", "name", "path", "cost"),
    [
        (tpe, "build_posterior_wrapper", "tpe.build_posterior_wrapper", SLOWER),
        (hyperopt.pyll, "rec_eval", "pyll.rec_eval", SLOWER),
        (base, "miscs_to_idxs_vals", "base.miscs_to_idxs_vals", SLOWER),
        (base, "miscs_update_idxs_vals", "base.miscs_update_idxs_vals", SLOWER),
        (base.Domain, "evaluate", "base.Domain.evaluate", UNCALLED),
        (base, "Domain", "base.Domain", UNASKED),
    ],
)
def test_what_takes_other_arguments_is_told(owner, name, path, cost, monkeypatch):
    monkeypatch.setattr(owner, name, lambda: None)
    assert f"{VERSION} has changed hyperopt.{path}: {cost}" in SPEC.upstream()


@pytest.fixture
def without_marks(monkeypatch):
    """A `Domain` whose graph has no place for a generator."""
    plain = base.Domain.__init__

    def changed(self, *args, **kwargs):
        plain(self, *args, **kwargs)
        del self.s_rng

    monkeypatch.setattr(base.Domain, "__init__", changed)


def test_a_domain_without_what_is_read_of_it_is_told(without_marks):
    assert SPEC.upstream() == [f"{VERSION} has changed hyperopt.base.Domain: {UNASKED}"]


def in_a_new_list(self, docs):
    self._dynamic_trials = self._dynamic_trials + docs


def test_documents_in_another_list_are_told_by_the_host_too(monkeypatch):
    monkeypatch.setattr(Trials, "_insert_trial_docs", in_a_new_list)
    sentence = f"{VERSION} has changed hyperopt.base.Trials: {HOSTLESS}"
    assert SPEC.upstream() == [sentence]
    with pytest.raises(HpbridgeError) as caught:
        fmin(
            lambda x: x,
            hp.uniform("x", 0, 1),
            algo=suggest("random"),
            max_evals=1,
            rstate=np.random.default_rng(0),
            show_progressbar=False,
        )
    assert caught.value.headline == sentence


def test_a_trials_of_another_state_is_told(monkeypatch):
    plain = Trials.__init__

    def changed(self, *args, **kwargs):
        plain(self, *args, **kwargs)
        self._number = self.__dict__.pop("_ids")

    monkeypatch.setattr(Trials, "__init__", changed)
    monkeypatch.setattr(
        Trials, "refresh", lambda self: vars(self).setdefault("_trials", [])
    )
    assert SPEC.upstream() == [f"{VERSION} has changed hyperopt.base.Trials: {UNREAD}"]


def test_trials_that_are_read_elsewhere_stop_the_optimizer(monkeypatch):
    monkeypatch.setattr(Trials, "trials", property(lambda self: []))
    sentence = f"{VERSION} has changed hyperopt.base.Trials.trials: {BLIND}"
    assert SPEC.upstream() == [sentence]
    with pytest.raises(HpbridgeError) as caught:
        SPEC.create(
            Problem(Space({"x": Float(0, 1)})), SPEC.algorithms["random"], None, 0
        )
    assert caught.value.headline == sentence
    assert caught.value.hint == "pip install 'hyperopt==0.3.0'"


def test_nodes_of_another_shape_are_told(monkeypatch):
    monkeypatch.setattr(Apply, "inputs", lambda self: [])
    assert f"{VERSION} has changed hyperopt.pyll.base.Apply: {SPACELESS}" in (
        SPEC.upstream()
    )


def test_the_library_is_imported_in_one_place():
    assert imported is hyperopt
