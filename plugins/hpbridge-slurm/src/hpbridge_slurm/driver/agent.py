"""What a Slurm job runs: an agent."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from hpbridge.plugin import HpbridgeError, Invitation, serve_agent


def serve(invitation: str, trials: int | None) -> str:
    """Be an agent until told to leave, or until Slurm ends the job.

    Args:
        invitation: The file that it is in, which only its owner can read.
        trials: How many it runs before it leaves; None for any number.
    """
    job = os.environ.get("SLURM_ARRAY_JOB_ID", os.environ.get("SLURM_JOB_ID", "?"))
    task = os.environ.get("SLURM_ARRAY_TASK_ID")
    job = job if task is None else f"{job}_{task}"
    because = {
        signal.SIGUSR2: f"Slurm job {job} is at its time limit",
        signal.SIGTERM: f"Slurm ends job {job}",
    }
    try:
        data = json.loads(Path(invitation).read_text(encoding="utf-8"))
        return serve_agent(Invitation.from_json(data), trials=trials, because=because)
    except FileNotFoundError:
        sys.exit(f"the study is over: there is no {invitation}")
    except HpbridgeError as error:
        sys.exit(" ".join(str(error).split()))
