"""Checks of the record itself: names, documentation, what reading it costs."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import inspect
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hpbridge.contract.backend import Problem
from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.lazy import Lazy
from hpbridge.contract.options import document_options, read_options
from hpbridge.contract.registry import registry
from hpbridge.encoding.encoded import CODECS, WHOLE_SPACE_ENCODINGS, encoding_name
from hpbridge.testing.checks import NotApplicable, check, require

if TYPE_CHECKING:
    from hpbridge.testing.case import Case

CORE_DISTRIBUTION = "hpbridge"
"""It may name its own backends as it likes."""


@check(rule=2, per_backend=True)
def check_names(case: Case) -> None:
    """Names are lower case and follow from each other; summaries are one sentence."""
    spec = case.spec
    require(
        bool(re.fullmatch("[a-z][a-z0-9]*", spec.name)),
        "lower-case letters and digits only",
        spec.name,
    )
    distribution = registry().plugin_of(spec.name).partition(" ")[0]
    if distribution and distribution != CORE_DISTRIBUTION:
        require(
            distribution == f"hpbridge-{spec.name}", "hpbridge-<name>", distribution
        )
    for key, algorithm in spec.algorithms.items():
        require(
            key == algorithm.name, f"algorithm {key!r} to have its name", algorithm.name
        )
        is_word = bool(re.fullmatch("[a-z][a-z0-9_]*", key))
        require(
            is_word or bool(algorithm.members), "an algorithm name in lower case", key
        )
        require(bool(algorithm.native_call), f"the native call of {key!r}", "none")
    for text in (spec.summary, *(a.summary for a in spec.algorithms.values())):
        is_sentence = text.endswith(".") and "\n" not in text
        require(is_sentence, "a summary of one sentence", text)


@check(rule=2, per_backend=True)
def check_requirements(case: Case) -> None:
    """Each requirement on a library states the oldest supported version."""
    for text in case.spec.requires:
        lower = [s for s in Requirement(text).specifier if s.operator in {">=", "~="}]
        require(bool(lower), "a requirement with a lower bound", text)


@check(rule=7, per_backend=True)
def check_import(case: Case) -> None:
    """The spec can be read without importing the library behind it."""
    package = _package_of(case.spec.create)
    libraries = sorted({m for r in case.spec.requires for m in _modules_of(r)})
    if not package or not libraries:
        msg = "it requires no library"
        raise NotApplicable(msg)
    source = (
        f"import sys, {package}\n"
        f"print(*[name for name in {libraries!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    require(done.returncode == 0, f"`import {package}` to work", done.stderr[-500:])
    imported = done.stdout.strip()
    require(not imported, f"`import {package}` to import none of {libraries}", imported)


def _package_of(function: object) -> str:
    """Return the package of a record's function; of one that is named, by its name."""
    if isinstance(function, Lazy):
        module = function.reference.partition(":")[0]
    else:
        module = getattr(inspect.getmodule(function), "__name__", "")
    return module.partition(".")[0]


def _modules_of(requirement: str) -> set[str]:
    """Return the top-level modules of an installed distribution."""
    files = importlib.metadata.files(Requirement(requirement).name) or []
    tops = {file.parts[0] for file in files if file.suffix == ".py"}
    return {top.removesuffix(".py") for top in tops if not top.startswith((".", "_"))}


@check(rule=2)
def check_all_features_declared(case: Case) -> None:
    """Every feature is declared, one way or the other."""
    unknown = [feature.name for feature in Feature if feature not in case.capabilities]
    require(not unknown, "a word on every feature", f"none on {', '.join(unknown)}")


@check(rule=2)
def check_notes(case: Case) -> None:
    """What is emulated or refused says how or why."""
    known = {*CODECS, *WHOLE_SPACE_ENCODINGS}
    for feature, capability in case.capabilities.items():
        encoding = capability.encoding
        try:
            encoding_name(encoding)
        except (AttributeError, ImportError, LookupError):
            require(False, f"a codec, or one of {sorted(known)}", f"{encoding!r}")
        is_explained = bool(capability.note or encoding)
        needs_note = capability.support is not Support.NATIVE
        seen = f"{capability.support.value!r} alone"
        require(is_explained or not needs_note, f"a note on {feature.name}", seen)


@check(rule=2)
def check_options(case: Case) -> None:
    """Options are a frozen dataclass with defaults, each documented."""
    cls = case.algorithm.options
    is_frozen = dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    require(is_frozen, "a frozen dataclass", cls)
    read_options(case.optimizer, cls, {})
    for option in document_options(cls):
        require(bool(option.text), f"a docstring under {option.name!r}", "none")
    read_options(case.optimizer, cls, case.algorithm.quick)


@check(rule=1)
def check_explain(case: Case) -> None:
    """`explain` prints Python source that runs the library alone."""
    explain = case.spec.explain
    require(explain is not None, "a function `explain`", "none")
    assert explain is not None
    options = read_options(case.optimizer, case.algorithm.options, case.algorithm.quick)
    source = explain(Problem(case.main), case.algorithm, options, 1)
    names = compile(source, case.optimizer, "exec").co_names
    for name in ("objective", "n_trials", "trials"):
        require(name in source, f"source that uses `{name}`", source)
    require("trials" in names, "source that leaves `trials`", source)
