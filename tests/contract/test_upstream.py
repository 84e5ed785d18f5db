from __future__ import annotations

import contextlib
import importlib.metadata
import sys

import pytest

from hpbridge.contract.upstream import Upstream
from hpbridge.errors import HpbridgeError

VERSION = importlib.metadata.version("packaging")
COST = "versions cannot be compared"
KEY = "packaging.version:Version._key"


@pytest.fixture
def packaging():
    return Upstream("packaging", "packaging==25.0")


def test_a_name_is_looked_up_when_it_is_asked_for(packaging, monkeypatch):
    from packaging.version import Version

    name = packaging.private(KEY, COST)
    assert name.get() is Version._key
    assert name.is_there
    monkeypatch.setattr(Version, "_key", "another")
    assert name.get() == "another"
    assert packaging.problems() == []


def test_what_is_gone_is_told_with_its_cost_and_what_to_install(packaging, monkeypatch):
    from packaging.version import Version

    name = packaging.private(KEY, COST)
    monkeypatch.delattr(Version, "_key")
    sentence = f"packaging {VERSION} has no packaging.version.Version._key: {COST}"
    assert packaging.problems() == [sentence]
    assert not name.is_there
    with pytest.raises(HpbridgeError) as caught:
        name.get()
    assert str(caught.value) == (f"{sentence}.\nHint: pip install 'packaging==25.0'.")


def test_a_module_that_is_gone_is_told_too(packaging, monkeypatch):
    packaging.private("packaging._structures:Infinity", COST)
    monkeypatch.setitem(sys.modules, "packaging._structures", None)
    assert packaging.problems() == [
        f"packaging {VERSION} has no packaging._structures.Infinity: {COST}"
    ]


@pytest.mark.parametrize("holds", [lambda key: key == "tuple", lambda key: key.gone])
def test_what_is_not_what_it_was_is_told(packaging, holds):
    name = packaging.private(KEY, COST, holds)
    sentence = f"packaging {VERSION} has changed packaging.version.Version._key: {COST}"
    assert packaging.problems() == [sentence]
    with pytest.raises(HpbridgeError) as caught:
        name.check()
    assert str(caught.value) == (f"{sentence}.\nHint: pip install 'packaging==25.0'.")


def test_a_check_of_what_is_as_it_was_says_nothing(packaging):
    packaging.private(KEY, COST, bool).check()


@pytest.mark.parametrize(
    ("is_needed", "count"),
    [(lambda: True, 1), (lambda: False, 0), (lambda: VERSION.gone, 0)],
)
def test_what_an_older_library_does_not_need_is_no_problem(packaging, is_needed, count):
    packaging.private("packaging.version:gone", COST, is_needed=is_needed)
    assert len(packaging.problems()) == count


def test_a_name_stands_for_something_else_for_a_while(packaging):
    from packaging.version import Version

    before, name = Version._key, packaging.private(KEY, COST)
    with contextlib.suppress(ZeroDivisionError), name.replaced("another"):
        assert Version._key == "another"
        1 / 0  # noqa: B018
    assert Version._key is before


def test_a_name_that_is_gone_is_not_made_by_replacing_it(packaging):
    from packaging import version

    name = packaging.private("packaging.version:gone", COST)
    with pytest.raises(HpbridgeError, match="has no packaging"):
        name.replaced(1).__enter__()
    assert not hasattr(version, "gone")


def test_every_problem_is_told_at_once(packaging):
    for name in ("gone", "lost"):
        packaging.private(f"packaging.version:{name}", COST)
    assert len(packaging.problems()) == 2


def test_what_each_object_has_is_looked_up_in_one(packaging):
    from packaging.requirements import Requirement

    def example():
        return Requirement("hpbridge>=0.1")

    path = "packaging.requirements:Requirement.specifier"
    name = packaging.private(path, COST, len, example=example)
    assert str(name.of(Requirement("hpbridge>=2"))) == ">=2"
    assert packaging.problems() == []
    gone = packaging.private(path.replace("specifier", "_gone"), COST, example=example)
    (sentence,) = packaging.problems()
    assert sentence.endswith(f"has no packaging.requirements.Requirement._gone: {COST}")
    with pytest.raises(HpbridgeError, match="_gone"):
        gone.of(example())


def test_an_example_that_can_no_longer_be_made_is_told(packaging):
    path = "packaging.requirements:Requirement.specifier"
    packaging.private(path, COST, example=lambda: {}["changed"])
    (sentence,) = packaging.problems()
    assert "has changed packaging.requirements.Requirement.specifier" in sentence
