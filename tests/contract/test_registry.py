"""Plugins as they are found: real distributions on `sys.path`, in one process each."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from hpbridge.contract.registry import (
    ENTRY_POINT_GROUP,
    installed_version,
    is_met,
    load_plugins,
    registry,
)
from hpbridge.errors import (
    AlgorithmNotFoundError,
    BackendLoadError,
    BackendNotFoundError,
    LibraryNotInstalledError,
    RecordNotFoundError,
)

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN = """
from dataclasses import replace
from hpbridge.contract.execution import DriverSpec
from hpbridge.contract.hookspecs import hookimpl
from hpbridge_random import SPEC

@hookimpl
def hpbridge_backends():
    return [replace(SPEC, name={name!r})]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that puts a distribution with an entry point on `sys.path`."""
    monkeypatch.syspath_prepend(tmp_path)
    installed = []

    def put(name: str, source: str, distribution: str = "", version: str = "1.0"):
        module = f"plugin_{len(installed)}_{name}"
        distribution = distribution or f"hpbridge-{name}"
        (tmp_path / f"{module}.py").write_text(dedent(source), encoding="utf-8")
        info = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        entry = f"[{ENTRY_POINT_GROUP}]\n{name} = {module}\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
        installed.append(module)

    yield put
    for module in installed:
        sys.modules.pop(module, None)


def found(folder: Path):
    """Load what is installed in a folder, and nothing else."""
    distributions = importlib.metadata.distributions(path=[str(folder)])
    entry_points = [e for d in distributions for e in d.entry_points]
    return load_plugins(tuple(entry_points))


def test_a_plugin_is_found_by_its_entry_point(install, tmp_path):
    install("mine", PLUGIN.format(name="mine"), version="2.3")
    plugins = found(tmp_path)
    assert list(plugins.backends) == ["mine"]
    assert plugins.plugin_of("mine") == "hpbridge-mine 2.3"
    assert plugins.broken == {}
    spec, algorithm = plugins.algorithm("mine")
    assert (spec.name, algorithm.name) == ("mine", "random")
    assert plugins.algorithm("mine:random") == (spec, algorithm)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import a_library_that_is_not_there", "No module named 'a_library_that_is"),
        ("def f(:", "invalid syntax"),
        ("raise KeyError", "KeyError"),
        ("raise SystemError('no such chip')", "no such chip"),
        (
            """
            from hpbridge.contract.hookspecs import hookimpl
            @hookimpl
            def hpbridge_backend():
                return []
            """,
            "hpbridge_backend",
        ),
        (
            """
            from hpbridge.contract.hookspecs import hookimpl
            @hookimpl
            def hpbridge_backends(everything):
                return []
            """,
            "everything",
        ),
        (
            """
            from hpbridge.contract.hookspecs import hookimpl
            @hookimpl
            def hpbridge_backends():
                raise RuntimeError("out of order")
            """,
            "out of order",
        ),
        (
            """
            from hpbridge.contract.hookspecs import hookimpl
            @hookimpl
            def hpbridge_backends():
                return ["random"]
            """,
            "BackendSpec",
        ),
        (
            """
            from hpbridge.contract.hookspecs import hookimpl
            @hookimpl
            def hpbridge_backends():
                return 3
            """,
            "int",
        ),
        ("", "implements no hook"),
    ],
    ids=[
        "missing library",
        "syntax error",
        "no message",
        "raises",
        "misspelt hook",
        "unknown argument",
        "hook raises",
        "no spec",
        "no list",
        "no hook",
    ],
)
def test_a_broken_plugin_is_told_and_takes_nobody_down(
    install, tmp_path, source, reason
):
    install("broken", source)
    install("mine", PLUGIN.format(name="mine"))
    plugins = found(tmp_path)
    assert list(plugins.backends) == ["mine"]
    with pytest.raises(BackendLoadError) as caught:
        plugins.backend("broken")
    first, hint = str(caught.value).splitlines()
    assert first.startswith(
        "Backend 'broken' is installed (hpbridge-broken 1.0) but failed to load: "
    )
    assert reason in first
    assert hint == "Hint: `pip install --upgrade hpbridge-broken`."


def test_two_plugins_with_one_name_are_both_named_and_neither_is_used(
    install, tmp_path
):
    install("same", PLUGIN.format(name="same"), "hpbridge-same", "1.0")
    install("same", PLUGIN.format(name="same"), "other-same", "2.0")
    install("mine", PLUGIN.format(name="mine"))
    plugins = found(tmp_path)
    assert list(plugins.backends) == ["mine"]
    with pytest.raises(BackendLoadError) as caught:
        plugins.backend("same")
    assert str(caught.value) == (
        "Backend 'same' is provided by 2 plugins:\n"
        "  - hpbridge-same 1.0\n"
        "  - other-same 2.0\n"
        "Hint: uninstall all but one."
    )


CLAIMS = {
    "driver": """
from hpbridge.plugin import DriverSpec, hookimpl

@hookimpl
def hpbridge_drivers():
    return [DriverSpec({name!r}, "Another.", print)]
""",
    "format": """
from hpbridge.plugin import StudyFormat, hookimpl

@hookimpl
def hpbridge_study_formats():
    return [StudyFormat({name!r}, "Another.", "nothing", bool, print)]
""",
    "host": """
from hpbridge.plugin import hookimpl
from hpbridge.contract.builtin import HOSTS
from dataclasses import replace

@hookimpl
def hpbridge_hosts():
    return [replace(HOSTS[0], name={name!r})]
""",
}
"""Plugins that claim a name, by the kind of record."""


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_name_that_two_plugins_claim_belongs_to_neither(install, tmp_path, kind):
    install("first", CLAIMS[kind].format(name="same"), "one-same", "1.0")
    install("second", CLAIMS[kind].format(name="same"), "other-same", "2.0")
    plugins = found(tmp_path)
    assert plugins.records[kind] == {}
    with pytest.raises(BackendLoadError) as caught:
        getattr(plugins, kind)("same")
    assert str(caught.value) == (
        f"{kind.capitalize()} 'same' is provided by 2 plugins:\n"
        "  - one-same 1.0\n"
        "  - other-same 2.0\n"
        "Hint: uninstall all but one."
    )
    assert [str(error) for error in plugins.faults] == [str(caught.value)]


@pytest.mark.parametrize(
    ("kind", "name"), [("driver", "local"), ("format", "csv"), ("host", "sklearn")]
)
def test_no_plugin_replaces_what_the_core_registers(install, tmp_path, kind, name):
    (core,) = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP, name="core")
    install("greedy", CLAIMS[kind].format(name=name), "greedy", "9.0")
    distributions = importlib.metadata.distributions(path=[str(tmp_path)])
    theirs = [e for d in distributions for e in d.entry_points]
    plugins = load_plugins((*theirs, core))
    assert name not in plugins.records[kind]
    with pytest.raises(BackendLoadError, match=r"greedy 9\.0"):
        getattr(plugins, kind)(name)
    others = set(registry().records[kind]) - {name}
    assert set(plugins.records[kind]) <= others


@pytest.mark.parametrize("kind", ["driver", "format", "host"])
def test_a_record_that_nobody_has_gives_the_nearest(kind):
    with pytest.raises(RecordNotFoundError) as caught:
        getattr(registry(), kind)("nothing-like-it")
    assert str(caught.value).startswith(f"No {kind} named 'nothing-like-it'.\nHint: ")


def test_one_plugin_may_bring_several_backends(install, tmp_path):
    both = PLUGIN.format(name="one").replace(
        "[replace(SPEC, name='one')]",
        "[replace(SPEC, name='one'), replace(SPEC, name='two')]",
    )
    install("pair", both)
    assert list(found(tmp_path).backends) == ["one", "two"]


def test_a_plugin_may_bring_a_driver(install, tmp_path):
    install(
        "cluster",
        """
        from hpbridge.contract.execution import DriverSpec
        from hpbridge.contract.hookspecs import hookimpl

        @hookimpl
        def hpbridge_drivers():
            return [DriverSpec("cluster", "Runs far away.", open=print)]
        """,
    )
    plugins = found(tmp_path)
    assert plugins.drivers["cluster"].summary == "Runs far away."
    assert plugins.backends == {}
    assert plugins.broken == {}


def test_names_that_nobody_has_give_the_nearest(install, tmp_path):
    install("mine", PLUGIN.format(name="mine"))
    plugins = found(tmp_path)
    with pytest.raises(BackendNotFoundError) as caught:
        plugins.backend("mime")
    assert str(caught.value) == (
        "No backend named 'mime'; did you mean 'mine'?\nHint: `hpbridge backends`."
    )
    with pytest.raises(BackendNotFoundError) as caught:
        plugins.backend("elsewhere")
    assert str(caught.value) == (
        "No backend named 'elsewhere'; there are: mine.\n"
        "Hint: `pip install hpbridge-elsewhere`."
    )
    with pytest.raises(AlgorithmNotFoundError) as caught:
        plugins.algorithm("mine:randon")
    assert str(caught.value) == (
        "Backend 'mine' has no algorithm 'randon'.\nHint: did you mean 'random'."
    )
    with pytest.raises(AlgorithmNotFoundError, match="did you mean 'random'"):
        plugins.algorithm("mine:RandomSampler")  # as the library calls it


def test_a_missing_library_gives_the_command_that_installs_it(install, tmp_path):
    source = PLUGIN.format(name="mine").replace(
        "replace(SPEC,", "replace(SPEC, requires=('a-library-not-there>=2',),"
    )
    install("mine", source)
    plugins = found(tmp_path)
    spec, algorithm = plugins.algorithm("mine")
    assert plugins.missing(spec, algorithm) == ["a-library-not-there>=2"]
    with pytest.raises(LibraryNotInstalledError) as caught:
        plugins.require(spec, algorithm)
    assert str(caught.value) == (
        "Optimizer 'mine:random' is not installed: it needs a-library-not-there>=2.\n"
        "Hint: `pip install hpbridge-mine`."
    )


@pytest.mark.parametrize(
    ("requirement", "answer"),
    [
        ("pluggy", True),
        ("pluggy>=1", True),
        ("pluggy>=999", False),
        ("a-library-not-there", False),
        ("a-library-not-there; python_version < '3'", True),
    ],
)
def test_a_requirement_is_met_by_what_is_installed(requirement, answer):
    assert is_met(requirement) is answer


def test_the_version_of_what_is_not_installed_is_none():
    assert installed_version("a-library-not-there") is None
    assert installed_version("pluggy") == importlib.metadata.version("pluggy")


def test_our_own_plugins_come_through_the_same_door():
    assert "random" in registry().backends
    assert registry().plugin_of("random").startswith("hpbridge-random ")


def test_finding_plugins_imports_no_library():
    source = (
        "import sys; from hpbridge.contract.registry import registry; registry()\n"
        "heavy = {'numpy', 'optuna', 'hyperopt', 'skopt', 'bayes_opt', 'ray'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    out = subprocess.check_output([sys.executable, "-c", source], text=True)
    assert out.strip() == "[]"
