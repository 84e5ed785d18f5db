"""Agents in Slurm jobs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import DriverError
from hpbridge_slurm.driver import agent, commands
from hpbridge_slurm.options import words_of

if TYPE_CHECKING:
    from hpbridge.plugin import Invitation
    from hpbridge_slurm.driver.commands import Queued
    from hpbridge_slurm.options import SlurmOptions

# Why a job waits that will never start, whatever it waits for.
_NEVER = re.compile(
    r"Partition(Time|Node)Limit|Partition(Config|Down|Inactive)|BadConstraints"
    r"|Invalid(Account|QOS)|DependencyNeverSatisfied|JobHeld(User|Admin)"
    r"|.*MaxWallDurationPerJob.*|.*Max(Cpu|CPU|Mem|Memory|Node|GRES)\w*PerJob.*"
    r"|AccountingPolicy|launch failed requeued held|DeadLine"
)
_LONGEST_LINE = 300


class SlurmCrew:
    """Hires agents by sbatch, as an array where they are several.

    Args:
        name: Of the experiment.
        options: How jobs are submitted.
    """

    def __init__(self, name: str, options: SlurmOptions) -> None:
        self._options = options
        self.per_trial = options.per_trial
        begun = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        plain = re.sub(r"[^\w.-]+", "-", name)
        self.folder = Path(
            options.folder, f"{plain}-{begun}-{secrets.token_hex(3)}"
        ).absolute()
        self._invitation = self.folder / "invitation.json"
        self._jobs: dict[str, Queued | None] = {}
        self._looked_at = 0.0
        self._waits_since = time.monotonic()

    @property
    def n_alive(self) -> int:
        """How many jobs run, wait, or are to run again."""
        return sum(not _is_over(seen) for seen in self._jobs.values())

    def hire(self, invitation: Invitation, count: int) -> None:
        """Submit jobs.

        Raises:
            DriverError: If Slurm takes no such job.
        """
        if not self._jobs:
            self._write(invitation)
            self._waits_since = time.monotonic()
        self._jobs |= dict.fromkeys(self._submit(count))

    def _write(self, invitation: Invitation) -> None:
        """Write the invitation, which holds the token, where only its owner reads.

        Raises:
            DriverError: If it cannot be.
        """
        try:
            self.folder.mkdir(parents=True, mode=0o700)
            number = os.open(
                self._invitation, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600
            )
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(invitation.to_json(), file)
        except OSError as error:
            headline = f"Cannot write to {self.folder}: {error.strerror}"
            hint = "choose a folder that all nodes share: --driver-option folder="
            raise DriverError(headline, hint=hint) from error

    def _submit(self, count: int) -> list[str]:
        import submitit
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        trials = 1 if self._options.per_trial else None
        try:
            executor = submitit.SlurmExecutor(self.folder, python=self._options.python)
            executor.update_parameters(**self._parameters())
            # What sbatch says is said once, by the error.
            with contextlib.redirect_stderr(io.StringIO()), executor.batch():
                jobs = [
                    executor.submit(agent.serve, str(self._invitation), trials)
                    for _ in range(count)
                ]
        except (FailedJobError, FailedSubmissionError, RuntimeError) as error:
            raise _refused(error) from error
        return [job.job_id for job in jobs]

    def _parameters(self) -> dict[str, Any]:
        """Return what submitit is told."""
        options = self._options
        flags: dict[str, Any] = {**options.flags}
        flags["requeue" if options.requeue else "no-requeue"] = True
        words: dict[str, Any] = {
            "job_name": options.job_name,
            "time": options.time_limit,
            "partition": options.partition,
            "account": options.account,
            "qos": options.qos,
            "constraint": options.constraint,
            "signal_delay_s": options.notice,
            "setup": [*words_of(options.setup)] or None,
            "stderr_to_stdout": True,
        }
        needed = options.needed
        if needed is not None:
            cpus = max(1, int(needed.cpus))
            words["cpus_per_task"] = cpus
            # Since Slurm 22.05, srun does not take it over from sbatch.
            words["srun_args"] = [f"--cpus-per-task={cpus}"]
            if needed.gpus:
                words["gpus_per_node"] = int(needed.gpus)
            if needed.memory is not None:
                flags["mem"] = f"{-(-needed.memory // 2**20)}M"
            if needed.custom:
                both = [f"{name}:{n:g}" for name, n in needed.custom.items()]
                flags["gres"] = ",".join([*filter(None, [flags.get("gres")]), *both])
        return {**words, "additional_parameters": flags}

    def look(self) -> list[str]:
        """Return what became of jobs that have ended.

        Raises:
            DriverError: If none runs, and one never will, or not for too long.
        """
        now = time.monotonic()
        if now - self._looked_at < self._options.poll:
            return []
        return self._see()

    def _see(self) -> list[str]:
        self._looked_at = time.monotonic()
        live = [job for job, seen in self._jobs.items() if not _is_over(seen)]
        found = commands.queued(live) if live else {}
        if found is None:  # Slurm is away; agents are not
            return []
        lines = []
        for job in live:
            seen = found.get(job)
            if seen is None:
                if self._jobs[job] is None:
                    continue  # it is not there yet
                seen = commands.Queued("COMPLETED", "None", "")
            self._jobs[job] = seen
            if seen.has_ended and seen.state != "COMPLETED":
                lines.append(self._end_of(job, seen))
        self._check()
        return lines

    def _check(self) -> None:
        """See that jobs run, or may still.

        Raises:
            DriverError: If none does, and none will.
        """
        live = {
            j: s for j, s in self._jobs.items() if s is not None and not s.has_ended
        }
        waiting = {job: seen for job, seen in live.items() if seen.waits}
        if not waiting or len(waiting) < len(live):
            self._waits_since = time.monotonic()
            return
        patience, waited = self._options.patience, time.monotonic() - self._waits_since
        never = any(_NEVER.fullmatch(seen.reason) for seen in waiting.values())
        if not never and (patience is None or waited < patience):
            return
        reasons = dict.fromkeys(seen.reason for seen in waiting.values())
        state = "will never start"
        if not never:
            state = f"has not started for {patience:g} seconds"
        problem = f"squeue says of {', '.join(waiting)}: {', '.join(reasons)}"
        hint = "`scontrol show job` says more; its options: `hpbridge drivers slurm`"
        headline = f"The Slurm job {state}"
        raise DriverError(headline, [problem], hint)

    def _end_of(self, job: str, seen: Queued) -> str:
        reason = "" if seen.reason in {"None", seen.state} else f", {seen.reason}"
        node = f" on {seen.node}" if seen.node else ""
        log = self.folder / f"{job}_0_log.out"
        last = _last_line(log)
        said = f": {last}" if last else ""
        return f"Slurm job {job} ended{node}: {seen.state}{reason}; its log {log}{said}"

    def close(self) -> None:
        """Cancel all jobs; what runs in them leaves at once, or is killed by Slurm."""
        live = [job for job, seen in self._jobs.items() if not _is_over(seen)]
        try:
            commands.cancel(live)
        except DriverError as error:
            # The agents leave by themselves, as the study is over.
            sys.stderr.write(f"Slurm jobs {', '.join(live)} may be left: {error}\n")
        with contextlib.suppress(OSError):
            self._invitation.unlink()


def _is_over(seen: Queued | None) -> bool:
    return seen is not None and seen.has_ended


def _last_line(log: Path) -> str:
    """Return the last line that a job has printed, if there is any."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:_LONGEST_LINE] if said else ""


def _refused(error: Exception) -> DriverError:
    """Return the error for what sbatch did not take, in its own words."""
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [w.removeprefix("sbatch: ").removeprefix("error: ") for w in words]
    said = [w for w, raw in zip(told, words, strict=True) if raw.startswith("sbatch:")]
    hint = "the options of its jobs: `hpbridge drivers slurm`"
    headline = "Slurm takes no such job"
    return DriverError(headline, said or told[-1:], hint)
