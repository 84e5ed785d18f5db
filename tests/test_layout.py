from __future__ import annotations

import ast
import graphlib
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
CORE = ROOT / "hpbridge"
TESTS = ROOT / "tests"
MODULES = sorted(
    path
    for folder in ("hpbridge", "plugins", "tests", "examples")
    for path in (ROOT / folder).rglob("*.py")
    if not {part for part in path.parts if part.startswith(".") or part == "build"}
)
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/src/*/__init__.py"))

MAX_LINES = 400
MAX_TEST_LINES = 600

LIBRARIES = {
    "bayes_opt",
    "ConfigSpace",
    "hpbandster",
    "hyperopt",
    "optuna",
    "ray",
    "skopt",
}
"""The optimizer libraries: nothing under hpbridge/ imports one, not in a function
either. What else is heavy may only be imported where it is needed."""

HEAVY = {"jinja2", "numpy", "pandas", "plotly", "pyarrow", "pytest", "scipy", "sklearn"}

ORDER = (
    "errors",
    "space",
    "checkpoints",
    "trial",
    "experiment",
    "commands",
    "contract",
    "encoding",
    "store",
    "study",
    "analysis",
    "learning",
    "pruners",
    "drivers",
    "remote",
    "formats",
    "report",
    "engine",
    "hosts",
    "evaluation",
    "bench",
    "doctor",
    "testing",
    "cli",
    "callbacks",
    "plugin",
    "native",
    "sklearn",
)
"""What may stand at the top of the core. Each imports only what is before it."""

OF_PYTHON = {"__init__", "__main__", "py.typed"}
"""What Python itself wants there."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports_of(path: Path, *, top_level: bool = False) -> set[str]:
    """Return the modules that a file imports while running, by dotted name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level else list(ast.walk(tree))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    found = set()
    for node in nodes:
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            # A name may be a module of its own; where it is none, nobody looks for it.
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_too_long_to_read(path):
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    most = MAX_TEST_LINES if "tests" in path.parts else MAX_LINES
    assert n_lines <= most, f"{n_lines} lines: split it"


CORE_MODULES = sorted(CORE.rglob("*.py"))


@pytest.mark.parametrize("path", CORE_MODULES, ids=name_of)
def test_the_core_imports_no_optimizer_library_and_nothing_heavy_at_the_top(path):
    assert not tops(imports_of(path)) & LIBRARIES
    is_of_sklearn = {"sklearn", "evaluation"} & {*path.relative_to(CORE).parts[:-1]}
    if not is_of_sklearn or path.stem == "__init__":
        # What is behind that package's own door is for those who have scikit-learn.
        assert not tops(imports_of(path, top_level=True)) & HEAVY


def test_the_core_has_at_its_top_what_the_order_names():
    found = {path.name.removesuffix(".py") for path in CORE.iterdir()}
    assert found - {"__pycache__"} <= {*ORDER} | OF_PYTHON
    assert len(ORDER) <= 28


def room_of(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", CORE_MODULES, ids=name_of)
def test_a_package_imports_only_packages_before_it(path):
    room = room_of(path)
    if room in OF_PYTHON:
        return
    imported = {n.split(".")[1] for n in imports_of(path) if n.startswith("hpbridge.")}
    below = {*ORDER[: ORDER.index(room) + 1], "__version__"}
    assert imported <= below, f"{sorted(imported - below)} stand above {room}"


def test_no_module_of_the_core_imports_itself_round_a_circle():
    names = {module_of(path): path for path in CORE_MODULES}
    graph = {name: imports_of(path) & names.keys() for name, path in names.items()}
    graph["hpbridge"] = set()  # names that are looked up when they are used
    # Raises where there is a circle, and names it.
    tuple(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_no_module_of_a_plugin_imports_itself_round_a_circle(package):
    names = {module_of(p, package.parent): p for p in package.rglob("*.py")}
    graph = {name: imports_of(path) & names.keys() for name, path in names.items()}
    tuple(graphlib.TopologicalSorter(graph).static_order())


def module_of(path: Path, root: Path = ROOT) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def test_nothing_in_the_core_imports_the_commands():
    users = {
        path.name
        for path in CORE_MODULES
        if "cli" not in path.parts
        and any(name.startswith("hpbridge.cli") for name in imports_of(path))
    }
    assert users <= {"__main__.py"}


def test_nothing_in_the_core_imports_the_kit_at_the_top():
    users = {
        path.name
        for path in CORE_MODULES
        if "testing" not in path.parts
        and any("testing" in name for name in imports_of(path, top_level=True))
    }
    assert users == set()


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_imports_the_facade_alone(package):
    for path in package.rglob("*.py"):
        imported = {n for n in imports_of(path) if n.startswith("hpbridge.")}
        assert {n for n in imported if n.split(".")[1] != "plugin"} == set(), path


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_importing_a_plugin_imports_no_library(package):
    source = (
        f"import sys, {package.name} as plugin\n"
        "heavy = {name.partition('.')[0] for name in sys.modules}\n"
        f"print(sorted(heavy & {LIBRARIES | HEAVY!r}))\n"
        "hooks = ['hpbridge_backends', 'hpbridge_drivers']\n"
        "found = [getattr(plugin, hook, list)() for hook in hooks]\n"
        "print([spec.name for spec in found[0] or found[1]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    heavy, names = done.stdout.splitlines()
    assert heavy == "[]"
    first, *_ = ast.literal_eval(names)
    assert first == package.name.removeprefix("hpbridge_")


@pytest.mark.parametrize("package", PLUGINS, ids=lambda path: path.name)
def test_a_plugin_declares_the_versions_that_it_is_tested_with(package):
    module = importlib.import_module(package.name)
    project = tomllib.loads((package.parents[1] / "pyproject.toml").read_text())
    needed = {*project["project"]["dependencies"][1:]}
    if not hasattr(module, "hpbridge_backends"):  # an engine
        # A cluster may bring the engine along: then it is no dependency.
        assert all({*spec.requires} >= needed for spec in module.hpbridge_drivers())
        return
    spec, *others = module.hpbridge_backends()
    assert {*spec.requires} == needed
    assert all({*each.requires} <= needed for each in others)
    for requirement in map(Requirement, spec.requires):
        (least,) = requirement.specifier
        assert least.operator == ">="
        # `.ci/run` tests it; here are the newest.
        assert Version(spec.tested["oldest"]) == Version(least.version)
        assert spec.tested["newest"] == importlib.metadata.version(requirement.name)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_has_a_name_that_says_nothing(path):
    assert path.stem not in {"utils", "common", "base", "helpers", "misc"}


BROAD = re.compile(r"(except|suppress)\b.*\b(Base)?Exception\b(?!.*  # )")


def test_each_place_that_catches_all_exceptions_says_why():
    shipped = [path for path in MODULES if "tests" not in path.relative_to(ROOT).parts]
    silent = [
        f"{name_of(path)}: {line.strip()}"
        for path in shipped
        for line in path.read_text(encoding="utf-8").splitlines()
        if BROAD.match(line.strip().removeprefix("with contextlib."))
    ]
    assert silent == []


TESTED_THROUGH = {
    "__main__": ("cli/test_app", "it runs the commands"),
    "analysis/checks/*": (
        "analysis/checks/test_operating_points",
        "each check in its scenarios",
    ),
    "analysis/confirmed": ("engine/test_confirm", "what came of points again"),
    "analysis/contest/*": (
        "analysis/contest/test_gathering",
        "made of real studies, by objects and by columns",
    ),
    "analysis/*": ("report/test_page", "its numbers are compared where they are shown"),
    "bench/*": ("bench/test_running", "the parts of one bench"),
    "bench/suites/*": ("bench/suites/test_analytic", "problems of the core's suites"),
    "cli/*": ("cli/test_app", "commands are run as a user runs them"),
    "checkpoints/*": ("checkpoints/test_keeper", "written, then read"),
    "commands/*": ("commands/test_command", "the parts of one run"),
    "contract/around": ("learning/test_defining", "trials look around in studies"),
    "contract/attempt": ("drivers/test_loop", "declarations, and what the loop says"),
    "contract/backend": ("testing/test_conformance", "each rule is a check of the kit"),
    "contract/builtin": ("contract/test_registry", "declarations only"),
    "contract/clock": ("drivers/test_simulated", "what time it is in studies"),
    "contract/defining": ("learning/test_defining", "what its learner asks for"),
    "contract/execution": ("drivers/test_loop", "declarations, and what the loop says"),
    "contract/foreign": ("formats/test_studies", "declarations only"),
    "contract/hookspecs": ("contract/test_registry", "declarations only"),
    "contract/files": ("contract/test_references", "what references name"),
    "contract/native": ("contract/test_references", "what references lead to"),
    "contract/rungs": ("pruners/test_rungs", "what pruners lay out"),
    "learning/staging": ("engine/test_budgets", "learners of whole studies"),
    "contract/odd": ("contract/test_references", "what references do not lead to"),
    "contract/returned": ("contract/test_script", "what a script's function returns"),
    "contract/hosting": ("testing/test_host_conformance", "by wrong hosts"),
    "contract/offered_backends": ("learning/populations/test_population", "by use"),
    "contract/offered_drivers": ("drivers/test_simulated", "declarations, by use"),
    "contract/offered_pruners": ("pruners/test_choosing", "declarations, and ranges"),
    "contract/offered_suites": ("bench/suites/test_bbob", "declarations, by use"),
    "contract/promoting": ("pruners/test_promotion", "declarations only"),
    "contract/suites": ("contract/test_registry", "declarations only"),
    "contract/pruning": ("pruners/test_against_optuna", "what all pruners share"),
    "pruners/*": ("pruners/test_against_optuna", "each beside the library's own"),
    "contract/reading": ("contract/test_script", "how a script is found and read"),
    "native": ("contract/test_references", "a door of two names"),
    "contract/numbers": ("store/test_record", "there and back with a record"),
    "doctor/*": ("cli/test_app", "run in processes of its own, by its command"),
    "drivers/zygote_process": ("drivers/test_zygote", "both ends of its socket"),
    "drivers/*": ("drivers/test_workers", "every part of a driver runs real trials"),
    "encoding/codecs": ("encoding/test_encoded", "a codec is seen in an encoded space"),
    "encoding/discrete": ("encoding/test_encoded", "as the other codecs"),
    "engine/asked": ("engine/test_open_study", "the trials of an open study"),
    "engine/opened": ("engine/test_open_study", "what `open_study` returns"),
    "engine/warm_client": ("engine/test_warm", "the other end of the helper"),
    "engine/turns": ("cli/test_own_loop", "turns are of commands"),
    "engine/requests": ("store/test_requests", "what is asked of a running study"),
    "engine/arguments": ("test_arguments", "what the verbs refuse"),
    "engine/beginning": ("engine/test_resume", "the beginning of a life that goes on"),
    "engine/contest": ("engine/test_compare", "what a comparison has settled"),
    "engine/given": ("engine/test_confirm", "what runs points again"),
    "engine/life": ("engine/test_run", "the life that a verb lives"),
    "engine/replay": ("analysis/test_lineage", "schedules that are read of lineages"),
    "engine/broken": ("bench/test_failed", "what a record says of what failed"),
    "engine/ended": ("bench/test_failed", "the end of a comparison's studies"),
    "engine/stored_studies": ("bench/test_running", "what a bench returns"),
    "engine/simulating": ("drivers/test_simulated", "what it opens"),
    "engine/plan": ("engine/test_run", "what a verb has settled"),
    "errors/*": ("test_errors", "all classes keep one form"),
    "evaluation/checks/*": ("evaluation/checks/test_run", "by what they find in data"),
    "evaluation/*": ("evaluation/test_sealed", "the parts of one evaluation"),
    "formats/*": ("formats/test_tables", "the parts of one reader of tables"),
    "formats/search*": ("formats/test_read_searches", "the parts of one reader"),
    "formats/inert/*": ("formats/inert/test_reader", "the parts of one reader"),
    "hosts/*": ("hosts/test_conversation", "the parts of one conversation"),
    "hosts/sklearn/*": ("hosts/sklearn/test_search", "the parts of one search"),
    "learning/*": (
        "engine/test_resume",
        "optimizers learn in studies",
    ),
    "learning/populations/*": (
        "learning/populations/test_population",
        "the parts of one optimizer",
    ),
    "remote/*": ("remote/test_agents", "real agents run real trials"),
    "report/*": ("report/test_page", "the parts of one page"),
    "sklearn": ("hosts/sklearn/test_search", "the door to it"),
    "space/*": ("space/test_parameters", "kinds of parameters share their properties"),
    "store/columns": ("analysis/contest/test_gathering", "read as whole studies are"),
    "store/*": ("store/test_database", "the parts of one store, on real servers"),
    "study": ("formats/test_export", "a study is seen in its rows"),
    "testing/*": ("testing/test_conformance", "each check is proved by wrong plugins"),
    "testing/format_*": ("testing/test_format_conformance", "by wrong formats"),
    "testing/host_*": ("testing/test_host_conformance", "by wrong hosts"),
    "testing/pruner_*": ("testing/test_pruner_conformance", "by wrong pruners"),
    "testing/driver_*": ("testing/test_driver_conformance", "by wrong drivers"),
    "trial": ("engine/test_run", "what an objective gets while a study runs"),
}
"""Modules without a test file of their own name: where they are tested, and why."""


def test_each_module_has_its_tests_or_a_reason():
    for path in CORE_MODULES:
        module = path.relative_to(CORE).with_suffix("")
        own = TESTS / module.parent / f"test_{module.name}.py"
        if path.stem == "__init__" or own.exists():
            continue
        assert any(module.match(pattern) for pattern in TESTED_THROUGH), module


@pytest.mark.parametrize("pattern", TESTED_THROUGH)
def test_the_tests_that_a_reason_names_are_there(pattern):
    there, _ = TESTED_THROUGH[pattern]
    assert (TESTS / f"{there}.py").exists()
    names = [path.relative_to(CORE).with_suffix("") for path in CORE_MODULES]
    assert any(name.match(pattern) for name in names)
