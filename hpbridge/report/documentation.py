"""The generated parts of the documentation, from what plugins declare.

`cog` puts them into the README files; a plugin's author may use the same functions.
"""

from __future__ import annotations

import dataclasses
from importlib.metadata import metadata
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.foreign import Part
from hpbridge.contract.options import document_options, is_needed
from hpbridge.contract.registry import registry
from hpbridge.encoding.encoded import encoding_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.contract.backend import Algorithm, BackendSpec
    from hpbridge.contract.capabilities import Capability


def capability_table(names: Sequence[str]) -> str:
    """Return the README's table: features down, default algorithms across.

    Args:
        names: Installed backends, in the order of the columns.
    """
    plugins = registry()
    specs = [plugins.backend(name) for name in names]
    columns = [(f"{s.name}:{s.default}", s.algorithms[s.default]) for s in specs]
    lines = _feature_table(columns)
    lines += [
        _line(["*cost of an ask*", *(a.cost_per_ask or "-" for _, a in columns)]),
        _line(["*for trials*", *(a.recommended_trials or "-" for _, a in columns)]),
        _line(["*needs*", *(", ".join(f"`{r}`" for r in s.requires) for s in specs)]),
        _line(["*tested, oldest and newest*", *(_tested(s) for s in specs)]),
        _line(["*with Python, oldest and newest*", *[_tested_pythons()] * len(specs)]),
    ]
    return "\n".join(lines) + "\n"


def limits_table(name: str) -> str:
    """Return a plugin README's table: features down, its algorithms across, notes."""
    spec = registry().backend(name)
    columns = [(f"`{a.name}`", a) for a in spec.algorithms.values()]
    lines = _feature_table(columns)
    notes: dict[str, list[str]] = {}
    for algorithm in spec.algorithms.values():
        for feature in Feature:
            text = _note(feature, algorithm.in_a_run(feature))
            if text:
                notes.setdefault(text, []).append(f"`{algorithm.name}`")
    lines.append("")
    for text, names in notes.items():
        who = "all" if len(names) == len(spec.algorithms) else ", ".join(names)
        lines.append(f"- {text} ({who})")
    return "\n".join(lines) + "\n"


def options_tables(name: str) -> str:
    """Return a table of options for each algorithm of a backend."""
    spec = registry().backend(name)
    parts: list[str] = []
    for algorithm in spec.algorithms.values():
        parts += [f"`{spec.name}:{algorithm.name}` — {algorithm.native_call}", ""]
        docs = document_options(algorithm.options)
        if docs:
            parts += [_line(["option", "type", "default", "meaning"]), _rule(4)]
            parts += [
                _line([f"`{d.name}`", d.kind, f"`{d.default}`", d.text]) for d in docs
            ]
        else:
            parts.append("No options.")
        parts.append("")
    return "\n".join(parts)


def formats_table() -> str:
    """Return the README's table: what comes back of a study from each format.

    A format that is only read has no column: what it holds depends on who wrote it.
    """
    written = [each for each in registry().formats.values() if each.write is not None]
    lines = [_line(["", *(f"`{each.name}`" for each in written)])]
    lines.append(_rule(len(written) + 1))
    for part in Part:
        cells = ["yes" if part in each.holds else "no" for each in written]
        lines.append(_line([part.value, *cells]))
    return "\n".join(lines) + "\n"


def sources_table() -> str:
    """Return the README's table of what is recognized and read."""
    lines = [_line(["format", "reads", "written"]), _rule(3)]
    for each in registry().formats.values():
        is_written = "no" if each.write is None else "yes"
        lines.append(_line([f"`{each.name}`", each.looks_for, is_written]))
    return "\n".join(lines) + "\n"


def hosts_table(names: Sequence[str]) -> str:
    """Return the README's matrix: hosts down, backends across.

    Args:
        names: Installed backends, in the order of the columns.
    """
    lines = [_line(["host", "the line that changes", *names]), _rule(len(names) + 2)]
    for host in registry().hosts.values():
        cells = ["its own" if host.name == name else "yes" for name in names]
        of_host = [host.line, *host.more_lines]
        shown = "; ".join(f"`{line.format(optimizer='skopt:gp')}`" for line in of_host)
        lines.append(_line([f"{host.name}: {host.summary}", shown, *cells]))
    return "\n".join(lines) + "\n"


def pruners_table() -> str:
    """Return the README's table of pruners, with their options as they default."""
    lines = [_line(["pruner", "", "options", "as"]), _rule(4)]
    for spec in registry().pruners.values():
        fields = dataclasses.fields(spec.options)
        shown = ", ".join(f"`{_option(each)}`" for each in fields)
        lines.append(_line([f"`{spec.name}`", spec.summary, shown, spec.source]))
    return "\n".join(lines) + "\n"


def drivers_table() -> str:
    """Return the README's table of drivers, with their options as they default."""
    lines = [_line(["driver", "where trials run", "needs", "options"]), _rule(4)]
    for spec in registry().drivers.values():
        fields = dataclasses.fields(spec.options)
        shown = ", ".join(f"`{_option(each)}`" for each in fields)
        needs = spec.needs or ", ".join(f"`{each}`" for each in spec.requires)
        lines.append(_line([f"`{spec.name}`", spec.summary, needs, shown]))
    return "\n".join(lines) + "\n"


def suites_table() -> str:
    """Return the README's table of suites; what they need must be installed."""
    plugins = registry()
    titles = ["suite", "problems", "what", "trials", "installed by"]
    lines = [_line(titles), _rule(len(titles))]
    for spec in plugins.suites.values():
        problems = spec.problems()
        settled = spec.defaults.get("n_trials")
        trials = sorted(
            {settled or each.n_trials or spec.n_trials for each in problems}
        )
        plugin = plugins.distributions["suite", spec.name].split()[0]
        install = f"`pip install '{plugin}[{spec.extra}]'`" if spec.extra else ""
        budget = " to ".join(map(str, dict.fromkeys([trials[0], trials[-1]])))
        cells = [f"`{spec.name}`", str(len(problems)), spec.summary, budget, install]
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def _option(field: dataclasses.Field[Any]) -> str:
    if is_needed(field):
        return field.name
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return f"{field.name}={default!r}"


def _feature_table(columns: Sequence[tuple[str, Algorithm]]) -> list[str]:
    lines = [_line(["", *(title for title, _ in columns)]), _rule(len(columns) + 1)]
    for feature in Feature:
        cells = [_cell(a.in_a_run(feature)) for _, a in columns]
        lines.append(_line([feature.value, *cells]))
    return lines


def _cell(capability: Capability) -> str:
    if capability.support is Support.EMULATED and capability.encoding:
        return f"emulated: {encoding_name(capability.encoding)}"
    return capability.support.value


def _note(feature: Feature, capability: Capability) -> str:
    if not capability.note:
        return ""
    return f"**{feature.value}**, {capability.support.value}: {capability.note}"


def _tested_pythons() -> str:
    """Return the versions that the package's own classifiers name."""
    classifiers = metadata("hpbridge").get_all("Classifier") or []
    said = (
        each.rpartition("Python :: ")[2] for each in classifiers if "Python" in each
    )
    return ", ".join(sorted(said, key=Version))


def _tested(spec: BackendSpec) -> str:
    return ", ".join(dict.fromkeys(spec.tested.values())) or "-"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rule(n_columns: int) -> str:
    return "|" + " --- |" * n_columns
