"""A file that may be a library's script, read before it is imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hpbridge.contract.files import split_reference, text_of_module
from hpbridge.contract.script import shown
from hpbridge.contract.sites import find_sites, names_in, up_to
from hpbridge.contract.source import Source, UnsaidError
from hpbridge.errors import ExperimentNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpbridge.contract.script import Script, ScriptReader, Site


@dataclass
class FileReading:
    """What is known of a file before, and how it is imported.

    Attributes:
        source: Its text.
        sites: Where it runs studies.
        tree: What is run of it when it is imported; None for all.
        line: Where its own study ends what is read; 0 where it is read whole.
        name: What its only objective is called, where nothing was asked for.
        notes: How it is read, a sentence each.
    """

    source: Source
    sites: list[Site] = field(default_factory=list)
    tree: ast.Module | None = None
    line: int = 0
    name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def libraries(self) -> list[str]:
        """Those whose studies it runs."""
        return list(dict.fromkeys(site.reader.library for site in self.sites))

    def sites_of(self, name: str) -> list[Site]:
        """Return the sites whose objective has a name, or all for no name.

        A single site counts unless its objective is something else in sight.
        """
        if not name:
            return self.sites
        names = [(site, names_in(self.source, site.objective)) for site in self.sites]
        found = [site for site, each in names if name in each]
        if found or len(self.sites) != 1:
            return found
        others = set(_definitions(self.source))
        return [] if names[0][1] & others else self.sites

    def script(self, name: str) -> Script | None:
        """Return what the first site of an objective says; None where there is none."""
        sites = self.sites_of(name)
        if not sites:
            return None
        reader = sites[0].reader
        said = reader.read(self.source.of(reader.library), sites[0])
        lines = ", ".join(str(site.call.lineno) for site in sites[1:])
        if lines:
            left = (*said.not_taken, f"studies of line {lines}")
            said = replace(said, not_taken=left)
        return said

    def objective(self, reference: str) -> Any:
        """Return the one objective of the file's studies.

        Raises:
            ExperimentNotFoundError: If there are several, or it can only be told while
                the script runs.
        """
        texts = {shown(s.objective): s for s in self.sites if s.objective is not None}
        if len(texts) != 1:
            one = next(filter(str.isidentifier, texts), "objective")
            hint = f"name one, as in {reference}:{one}"
            reason = f"it has studies of several: {', '.join(texts)}"
            raise ExperimentNotFoundError.because(reference, reason, hint)
        ((text, site),) = texts.items()
        assert site.objective is not None
        try:
            return self.source.of(site.reader.library).evaluated(site.objective)
        except UnsaidError as error:
            reason = f"its objective {text!r} is known only while it runs"
            hint = "write it at the top level under a name, and name that"
            raise ExperimentNotFoundError.because(reference, reason, hint) from error


def read_file(reference: str, readers: Sequence[ScriptReader]) -> FileReading:
    """Read the file or module of a reference, as scripts of these libraries."""
    place, name = split_reference(reference)
    text = text_of_module(place) if readers else None
    try:
        source = Source(text or b"")
    except (SyntaxError, ValueError):  # importing it says what is wrong
        return FileReading(Source(b""))
    sites = find_sites(source, readers)
    if not sites:
        return FileReading(source)
    reading = FileReading(source, sites, name=name or _name_of(source, sites))
    tree, line = up_to(source, sites, reading.name)
    if line:
        reading.tree, reading.line = tree, line
        reading.notes = (
            f"{place} runs its own study at its top level: read up to line {line}",
        )
    return reading


def _name_of(source: Source, sites: Sequence[Site]) -> str:
    """Return what the objective of the first site is called, if it has a name."""
    objective = sites[0].objective
    if isinstance(objective, ast.Name):
        return objective.id
    names = names_in(source, objective)
    return next((each for each in _definitions(source) if each in names), "")


def _definitions(source: Source) -> list[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [each.name for each in source.tree.body if isinstance(each, kinds)]
