"""scikit-learn's own tests of its searches, with ours in place of the random one.

They are those of the installed scikit-learn, of which every case runs that touches
`RandomizedSearchCV`; what none may keep is in `EXCUSED`, and must fail.
"""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
import types
from unittest import mock

import joblib
import pytest
import sklearn.model_selection
from packaging.version import Version

from hpbridge.sklearn import BridgeSearchCV

# Its tests are written for warnings that are no errors.
pytestmark = pytest.mark.filterwarnings("default")

TESTED = Version("1.9")
"""The scikit-learn in which every excused test must be found."""


class RandomSearchCV(BridgeSearchCV):
    """Our search by default at random, as scikit-learn's."""

    __init__ = types.FunctionType(
        BridgeSearchCV.__init__.__code__,
        BridgeSearchCV.__init__.__globals__,
        "__init__",
        BridgeSearchCV.__init__.__defaults__,
        BridgeSearchCV.__init__.__closure__,
    )
    __init__.__kwdefaults__ = BridgeSearchCV.__init__.__kwdefaults__ | {
        "backend": "random"
    }


SEARCHES = {"random": RandomSearchCV, "learning": BridgeSearchCV}

KNOWN_MARKS = {"filterwarnings", "skipif", "skip", "xfail"}
"""Of pytest's own; scikit-learn's other marks are for runs in threads."""

REPEATS = (
    "an optimizer that learns may propose a choice again: a list of two or three is no "
    "end of its search"
)
EXCUSED = {
    "test_refit_callable_out_bound__learning[BridgeSearchCV-2]": REPEATS,
    "test_search_default_iid__learning[BridgeSearchCV-specialized_params0]": REPEATS,
    "test_search_cv_results_rank_tie_breaking__learning": REPEATS,
    "test_search_cv_timing__learning": REPEATS,
    "test_random_search_cv_results__learning": (
        "several spaces are searched one after the other, each as often as is wanted"
    ),
    "test_random_search_cv_results_multimetric__learning": (
        "what it proposes depends on the metric from which it learns"
    ),
}
"""Why a case fails, by its name in pytest.

One that passes is an error, but for repeated choices: there a search draws its seed.
"""


@pytest.fixture(autouse=True)
def no_processes():
    """Let `n_jobs=2` be threads: processes take most of the time of all tests."""
    with joblib.parallel_config("threading"):
        yield


def loaded(search):
    """Return scikit-learn's module of tests, in which `search` is the random one."""
    place = "sklearn.model_selection.tests.test_search"
    spec = importlib.util.find_spec(place)
    if spec is None:
        pytest.skip("scikit-learn has no tests here", allow_module_level=True)
    spec = importlib.util.spec_from_file_location(f"{place}_{search}", spec.origin)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with mock.patch.object(
        sklearn.model_selection, "RandomizedSearchCV", SEARCHES[search]
    ):
        spec.loader.exec_module(module)
    return module


def touches(value, search):
    """Say whether an argument of a test is our search, or has one."""
    if isinstance(value, (list, tuple)):
        return any(touches(each, search) for each in value)
    return value is search or isinstance(value, search)


def has_ours(case, search):
    """Say whether a case of a parametrized test has our search."""
    return touches(getattr(case, "values", case), search)


def copied(test, search):
    """Return a test as a function of its own; None where ours is not touched.

    Of what it is parametrized with, only the cases of our search are kept.
    """
    of_ours = False
    marks = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names, cases, *rest = mark.args
            cases = list(cases)
            ours = [case for case in cases if has_ours(case, search)]
            of_ours = of_ours or bool(ours)
            kept = pytest.mark.parametrize(names, ours or cases, *rest, **mark.kwargs)
            marks.append(kept.mark)
        elif mark.name in KNOWN_MARKS:
            marks.append(mark)
    named = inspect.unwrap(test).__code__.co_names
    if not of_ours and "RandomizedSearchCV" not in named:
        return None
    code, defaults, cells = test.__code__, test.__defaults__, test.__closure__
    found = types.FunctionType(code, test.__globals__, test.__name__, defaults, cells)
    functools.update_wrapper(found, test)
    found.pytestmark = marks
    return found


def collected():
    """Return every test that touches our search, by a name of its own."""
    found = {}
    for kind, search in SEARCHES.items():
        module = loaded(kind)
        for name, test in vars(module).items():
            if not name.startswith("test") or not isinstance(test, types.FunctionType):
                continue
            if (ours := copied(test, search)) is not None:
                found[f"{name}__{kind}"] = ours
    return found


OF_SCIKIT_LEARN = collected()
globals().update(OF_SCIKIT_LEARN)


def test_all_that_is_excused_is_there() -> None:
    if Version(sklearn.__version__) < TESTED:
        pytest.skip("an older scikit-learn has fewer tests")
    assert {name.partition("[")[0] for name in EXCUSED} <= set(OF_SCIKIT_LEARN)
    assert len(OF_SCIKIT_LEARN) > 50
