from __future__ import annotations

import dataclasses
import pickle

import pytest

from hpbridge.contract.lazy import Lazy, lazy, lazy_names
from hpbridge.contract.registry import registry
from hpbridge.errors import LibraryNotInstalledError


def test_a_lazy_function_is_imported_when_it_is_called():
    hypot = lazy("math:hypot")
    assert hypot(3, 4) == 5
    assert pickle.loads(pickle.dumps(hypot)) == hypot
    assert repr(hypot) == "lazy('math:hypot')"
    assert hash(hypot) == hash(lazy("math:hypot"))


@pytest.mark.parametrize("reference", ["math", "math:", ":hypot", "math:no name"])
def test_a_reference_is_written_as_module_and_function(reference):
    with pytest.raises(ValueError, match="'module:function'"):
        lazy(reference)


def test_what_is_not_there_is_an_import_error_of_its_name():
    with pytest.raises(ImportError, match="math has no 'nothing'"):
        lazy("math:nothing")()
    with pytest.raises(ModuleNotFoundError, match="a_module_not_there"):
        lazy("a_module_not_there:f")()


def test_lazy_names_name_what_is_missing_and_how_to_get_it():
    look_up = lazy_names("here", {"hypot": "math", "x": "a_library_not_there"}, "`get`")
    assert look_up("hypot")(3, 4) == 5
    with pytest.raises(AttributeError, match="'here' has no attribute 'y'"):
        look_up("y")
    with pytest.raises(LibraryNotInstalledError) as caught:
        look_up("x")
    assert str(caught.value) == (
        "x needs a_library_not_there, which is not installed.\nHint: `get`."
    )


def named_in(record):
    """Return what a record, and the algorithms in it, name by `lazy`."""
    held = [getattr(record, field.name) for field in dataclasses.fields(record)]
    for algorithm in getattr(record, "algorithms", {}).values():
        held += [algorithm.refine, algorithm.encode]
    return [each for each in held if isinstance(each, Lazy)]


RECORDS = [(kind, name) for kind, found in registry().records.items() for name in found]


@pytest.mark.parametrize(("kind", "name"), RECORDS)
def test_every_function_that_an_installed_record_names_is_there(kind, name):
    """A slip in a name would otherwise show only when somebody calls it."""
    for function in named_in(registry().records[kind][name]):
        assert callable(function.resolve()), function


def test_records_do_name_functions():
    found = [named_in(registry().records[kind][name]) for kind, name in RECORDS]
    assert sum(map(len, found)) > 20
