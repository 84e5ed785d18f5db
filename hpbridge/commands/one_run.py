"""One run of a command: for a trial, from its words to its metrics."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.commands.folder import (
    PRUNE,
    REPORTS,
    RESULT,
    SavedFiles,
    new_folder,
)
from hpbridge.commands.output import Follower, Metrics, Reports
from hpbridge.commands.process import STDERR, STDOUT, Process, how_it_ended
from hpbridge.commands.template import Template
from hpbridge.commands.values import conditional_in, file_of, text_of
from hpbridge.trial import TrialPruned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.commands.command import Command
    from hpbridge.trial import Trial

_PREFIX = "HPBRIDGE_PARAM_"
_N_LINES, _MOST_TEXT = 20, 8_000
"""Of standard error, in the error of a trial."""


class CommandRun:
    """One run of a command.

    Args:
        command: That runs.
        trial: For which.

    Attributes:
        folder: What it got, printed and said; kept.
    """

    def __init__(self, command: Command, trial: Trial) -> None:
        self._command, self._trial = command, trial
        self.folder = new_folder(trial)
        trial.set_attribute("folder", str(self.folder))
        self._saved = SavedFiles(trial, self.folder)
        step = max((step for step, _ in trial.reports), default=0)
        main = command.metrics[0]
        self._reports = Reports(command.reports, main, step)
        self._metrics = Metrics(command.patterns, command.text)
        self._stdout = Follower(self.folder / STDOUT)
        self._reported = Follower(self.folder / REPORTS)
        self._is_sound = False

    def metrics(self) -> dict[str, Any]:
        """Run it and return its metrics.

        Raises:
            TrialPruned: If it was told to end, or ended itself as not promising.
            CommandError: If its program is not there, or it said no metrics.
            RuntimeError: If it ended with another exit code.
            ValueError: If what it said is no number.
        """
        code, is_to_end = self._ran(self._start())
        self._trial.set_attribute("exit_code", code)
        if not is_to_end:
            # What it reported at last; a word to end comes too late for it.
            self._listen(is_over=True)
        if is_to_end or code in self._command.pruned:
            raise TrialPruned
        if code not in self._command.ok:
            raise self._failed(code)
        self._is_sound = True
        metrics, beside = self._metrics.read(self.folder / RESULT)
        for name, value in beside.items():
            self._trial.set_attribute(name, value)
        return metrics

    def _ran(self, process: Process) -> tuple[int, bool]:
        """Return its exit code, and whether it was told to end."""
        is_to_end = False
        try:
            while not process.wait() and not is_to_end:
                is_to_end = self._listen()
            if is_to_end:
                (self.folder / PRUNE).touch()
                self._is_sound = process.stop(self._command.grace)
        except BaseException:  # raised again
            with contextlib.suppress(KeyboardInterrupt):  # twice: at once
                self._is_sound = process.stop(self._command.grace)
            raise
        finally:
            code = process.end()
        return code, is_to_end

    def close(self) -> None:
        """Keep what it has saved, unless it broke off while it may have done so."""
        self._saved.close(is_sound=self._is_sound)

    def _start(self) -> Process:
        values = {name: text_of(value) for name, value in self._trial.items()}
        form = "toml" if self._command.params == "toml" else "json"
        params_file = self.folder / f"params.{form}"
        params_file.write_text(file_of(self._trial, form), encoding="utf-8")
        own = self._own(params_file)
        texts = {**own, **values}
        study = self._trial.study
        conditional = (
            set(self._command.template.names) - texts.keys()
            if study is None
            else conditional_in(study.space)
        )
        words = self._command.template.fill(texts, conditional)
        (cwd,) = Template.of([self._command.cwd]).fill(texts, set())
        return Process(words, Path(cwd), self._environment(own, values), self.folder)

    def _own(self, params_file: Path) -> dict[str, str]:
        trial = self._trial
        found = {
            "trial": str(trial.number),
            "seed": str(trial.seed),
            "folder": str(self.folder),
            "params_file": str(params_file),
            "checkpoint": str(self._saved.folder),
        }
        return found if trial.budget is None else {**found, "budget": str(trial.budget)}

    def _environment(
        self, own: Mapping[str, str], values: Mapping[str, str]
    ) -> dict[str, str]:
        files = {
            "PARAMS": own["params_file"],
            "RESULT": str(self.folder / RESULT),
            "REPORTS": str(self.folder / REPORTS),
            "PRUNE": str(self.folder / PRUNE),
        }
        words = ("trial", "seed", "folder", "checkpoint", "budget")
        words_of = {n.upper(): own[n] for n in words if n in own}
        given = {f"HPBRIDGE_{n}": text for n, text in {**words_of, **files}.items()}
        # Of a command around this one, nothing.
        inherited = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(_PREFIX) and name != "HPBRIDGE_BUDGET"
        }
        params = {f"{_PREFIX}{n}": v for n, v in values.items() if "=" not in n}
        return {**inherited, **given, **params}

    def _listen(self, *, is_over: bool = False) -> bool:
        """Take what the program has printed and reported; say whether it is to end."""
        for line in self._stdout.lines(is_over=is_over):
            self._metrics.see(line)
            if self._report(self._reports.printed(line)) and not is_over:
                return True
        for line in self._reported.lines(is_over=is_over):
            if self._report(self._reports.written(line)) and not is_over:
                return True
        return False

    def _report(self, report: tuple[int, float] | None) -> bool:
        if report is None:
            return False
        step, value = report
        self._trial.report(value, step)
        self._saved.save()
        return self._trial.should_prune()

    def _failed(self, code: int) -> RuntimeError:
        text = (
            (self.folder / STDERR).read_bytes()[-_MOST_TEXT:].decode("utf-8", "replace")
        )
        lines = [line for line in text.splitlines() if line.strip()][-_N_LINES:]
        last = f": {lines[-1].strip()}" if lines else ", and nothing on standard error"
        error = RuntimeError(f"{how_it_ended(code)}{last}")
        for line in [*lines, f"(in {self.folder})"]:
            error.add_note(line)
        return error
