"""An objective that is a command: in any language, on any driver."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.commands.process import why_not
from hpbridge.commands.template import Template
from hpbridge.commands.values import choices_of, conditional_in, value_problems
from hpbridge.errors import ArgumentError, nearest
from hpbridge.experiment import DEFAULT_METRIC, KeptObjective
from hpbridge.space.plain import is_number

if TYPE_CHECKING:
    from hpbridge.space.budget import Budget
    from hpbridge.space.space import Space
    from hpbridge.trial import Trial

COMMAND = "command"
"""The attribute of a study that keeps its command."""

TEMPLATE, ENVIRONMENT = "template", "env"
PARAMS = (TEMPLATE, ENVIRONMENT, "json", "toml")
"""How a program gets its parameters."""

_OWN = ("trial", "seed", "budget", "folder", "params_file", "checkpoint")
"""Names in braces that are none of parameters, where none is called so."""
_IS_SCRIPT = re.compile(r"[^-].*\w\.\w+\Z")
_CODES = range(-64, 256)
"""Exit codes; those of signals are below 0."""


class Command(KeptObjective):
    """A command as an objective: a program in any language.

    No shell is between: the words are split once, and a value is put into its word
    whatever is in it. Who wants a shell writes ``sh -c '...'`` and reads the values
    from the environment, where no quoting can go wrong.

    The program finds in its environment: ``HPBRIDGE_PARAM_`` and the name of each
    active parameter, ``HPBRIDGE_PARAMS`` (a file with all of them), ``HPBRIDGE_TRIAL``,
    ``HPBRIDGE_SEED``, ``HPBRIDGE_BUDGET``, ``HPBRIDGE_FOLDER`` (its own, kept),
    ``HPBRIDGE_RESULT`` (a file for its metrics), ``HPBRIDGE_REPORTS`` (a file for its
    reports), ``HPBRIDGE_PRUNE`` (a file that is there once it is to end),
    ``HPBRIDGE_CHECKPOINT`` (a folder to save itself in, which begins with what it goes
    on from).

    Args:
        command: With parameters in braces, and in brackets what is left out where a
            parameter is not active: ``"train --lr {lr} [--momentum {momentum}]"``. Or
            its words in a list. Further names: ``{trial}``, ``{seed}``, ``{budget}``,
            ``{folder}``, ``{params_file}``, ``{checkpoint}``.
        metric: The name of its metric, or of several; or of each a regular expression
            for the one line of standard output that has it, as its first group. Without
            one: a number or a JSON object of metrics, in the file of results or in the
            last line of standard output.
        params: How it gets its parameters: ``template``; or only by ``env``, or by a
            file, as ``json`` or ``toml``, so that the command need not name them.
        reports: A regular expression for lines of standard output that report: with a
            group, or with groups named ``value`` and ``step``. Beside it, each line
            of the file of reports is a number or an object with ``value`` and ``step``.
        ok: Exit codes that mean that it is complete.
        pruned: Exit codes that mean that it ended itself as not promising.
        grace: Seconds between SIGTERM and SIGKILL, when it is to end.
        cwd: The folder that it runs in; by default this one. ``{folder}`` is its own.

    Raises:
        ArgumentError: With everything that is wrong.

    Example:
        >>> Command("python train.py --lr {lr}", metric="loss").name
        'train'
    """

    def __init__(  # noqa: PLR0913 - all but one have a default
        self,
        command: str | Sequence[str],
        *,
        metric: str | Sequence[str] | Mapping[str, str | None] = DEFAULT_METRIC,
        params: str = TEMPLATE,
        reports: str | None = None,
        ok: Sequence[int] = (0,),
        pruned: Sequence[int] = (),
        grace: float = 10.0,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        problems: list[str] = []
        self.command = command if isinstance(command, str) else [*map(str, command)]
        self.template = _template(self.command, problems)
        self.patterns = _patterns(metric, problems)
        self.params, self.reports = params, reports
        if params not in PARAMS:
            problems.append(f"params is {params!r}; {nearest(str(params), PARAMS)}")
        if reports is not None:
            problems += _pattern_problems("reports", reports, needs_value=True)
        self.ok, self.pruned = (
            _codes("ok", ok, problems),
            _codes("pruned", pruned, problems),
        )
        problems += [f"{c} is in ok and in pruned" for c in self.ok if c in self.pruned]
        if not is_number(grace) or not grace >= 0:
            problems.append(f"grace must be a number of seconds, got {grace!r}")
        self.grace = grace
        here = os.getcwd().replace("{", "{{").replace("}", "}}")  # noqa: PTH109 - text
        cwd = os.fspath(cwd or "")
        is_own = cwd.startswith("{folder}")
        self.cwd = cwd if is_own else os.path.join(here, cwd)  # noqa: PTH118 - text
        _template([self.cwd], problems)
        if problems:
            raise ArgumentError.given(type(self).__name__, problems)
        self.name = self.__name__ = self._name()

    def _name(self) -> str:
        """Return the name of the program, or of the script that it runs."""
        words = [self.template.plain(k) for k in range(len(self.template.words))]
        scripts = [w for w in words[1:] if w and _IS_SCRIPT.match(w)]
        return Path([*scripts, words[0] or "command"][0]).stem

    def __repr__(self) -> str:
        return f"Command({self.text!r})"

    @property
    def text(self) -> str:
        """The command in one line."""
        is_text = isinstance(self.command, str)
        return self.command if is_text else shlex.join(self.command)  # type: ignore[return-value]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of its metrics, the main one first."""
        return tuple(self.patterns)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data: the arguments that make it."""
        return {
            "command": self.command,
            "metric": self.patterns,
            "params": self.params,
            "reports": self.reports,
            "ok": list(self.ok),
            "pruned": list(self.pruned),
            "grace": self.grace,
            "cwd": self.cwd,
        }

    def attributes(self, space: Space) -> dict[str, Any]:
        """Return what a study of it keeps, so that it goes on from its record alone."""
        return {COMMAND: {**self.to_json(), "choices": choices_of(space)}}

    def unlike(self, attributes: Mapping[str, Any]) -> list[str]:
        """Say why a study with these attributes is of another command."""
        known = attributes.get(COMMAND)
        if not isinstance(known, Mapping):
            return ["the study is of no command"]
        return [
            f"{name} of its command is {value!r}, in the study {known.get(name)!r}"
            for name, value in self.to_json().items()
            if name != "cwd" and value != known.get(name)
        ]

    def problems_with(self, space: Space, budget: Budget | None) -> list[str]:
        """Say what of a space the command cannot be given."""
        names, known = self.template.names, [*space, *_OWN]
        found = [
            f"the command names {name!r}, which is no parameter; {nearest(name, known)}"
            for name in names
            if name not in known
        ]
        if "budget" in names and budget is None and "budget" not in space:
            found.append("the command names 'budget', and the experiment has none")
        if self.params == TEMPLATE and "params_file" not in names:
            found += _unnamed(space, names)
        conditional = conditional_in(space)
        found += [
            f"{name!r} is not always active: write [... {{{name}}}], which is left out "
            "where it is not"
            for name in sorted(self.template.always(conditional) & conditional)
        ]
        if self.params == ENVIRONMENT:
            found += [
                f"no variable can be named {n!r}" for n in space if set(n) & {"=", "\0"}
            ]
        return found + value_problems(space, is_toml=self.params == "toml")

    def why_not_here(self) -> list[str]:
        """Say why it cannot be run on this machine, as far as that is known."""
        program = self.template.program
        cwd = Path(self.cwd)
        if program is None or "{" in self.cwd:
            return []
        why = why_not(program, cwd)
        return [f"the command cannot be run: {why}"] if why else []

    def __call__(self, trial: Trial) -> dict[str, Any]:
        """Run it for a trial, and return its metrics."""
        from hpbridge.commands.one_run import CommandRun

        run = CommandRun(self, trial)
        try:
            return run.metrics()
        finally:
            run.close()


def _unnamed(space: Space, names: Mapping[str, None]) -> list[str]:
    """Say which parameters the program would not get."""
    unnamed = [name for name in space.searched if name not in names]
    if not unnamed:
        return []
    listed = ", ".join(map(repr, unnamed))
    others = "params='env' (or --params env), or params='json', says that it reads them"
    if len(unnamed) == len(space.searched):
        return [f"the command names no parameter, as in {{{unnamed[0]}}}; {others}"]
    return [
        f"the command does not name {listed}, which the optimizer searches; {others}"
    ]


def _template(command: str | Sequence[str], problems: list[str]) -> Template:
    try:
        return Template.of(command)
    except ValueError as error:
        problems.append(str(error))
    return Template.of(["?"])


def _patterns(metric: Any, problems: list[str]) -> dict[str, str | None]:
    if isinstance(metric, str):
        metric = [metric]
    found = dict(metric) if isinstance(metric, Mapping) else dict.fromkeys(metric)
    if not found or not all(isinstance(name, str) and name for name in found):
        problems.append(f"metric must be a name, or several, got {metric!r}")
        return {DEFAULT_METRIC: None}
    for name, pattern in found.items():
        if pattern is not None:
            problems += _pattern_problems(f"metric {name!r}", pattern)
    return found


def _pattern_problems(
    what: str, pattern: object, *, needs_value: bool = False
) -> list[str]:
    try:
        compiled = re.compile(pattern)  # type: ignore[call-overload]
    except (re.error, TypeError) as error:
        return [f"{what}: {pattern!r} is no regular expression: {error}"]
    names = set(compiled.groupindex)
    if needs_value and names:
        wrong = names - {"value", "step"}
        if wrong or "value" not in names:
            groups = ", ".join(map(repr, sorted(names)))
            return [
                f"{what}: the groups of {pattern!r} are {groups}; name value and step"
            ]
        return []
    if compiled.groups > 1 or (needs_value and not compiled.groups):
        text = (
            f"{what}: {pattern!r} has {compiled.groups} groups; one is for the number"
        )
        return [text + (", or name two value and step" if needs_value else "")]
    return []


def _codes(name: str, codes: Any, problems: list[str]) -> tuple[int, ...]:
    found = [codes] if isinstance(codes, int) else list(codes)
    if not all(type(code) is int and code in _CODES for code in found):
        problems.append(f"{name} must be exit codes, got {codes!r}")
    return tuple(found)
