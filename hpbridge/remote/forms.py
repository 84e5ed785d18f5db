"""Jobs, and what becomes of them, as JSON data, and back; see `contract.wire`.

Whatever the objective left is the same on both sides: numbers that JSON lacks, keys,
text that is no Unicode.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hpbridge.checkpoints.place import Place
from hpbridge.contract.attempt import Checkpoint, Run
from hpbridge.contract.execution import Ended, Lost, Paused, Refused
from hpbridge.contract.numbers import dump_number
from hpbridge.contract.stage import Stage
from hpbridge.contract.wire import (
    error_from_json,
    error_to_json,
    free_from_json,
    free_to_json,
)
from hpbridge.space.kinds import Parameter
from hpbridge.trial import Result, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hpbridge.contract.attempt import Reports
    from hpbridge.contract.execution import Job, Message


def job_to_json(job: Job, experiment: str, probe: str | None) -> dict[str, Any]:
    """Return a job as JSON data.

    Args:
        job: That is to run.
        experiment: Its experiment's digest.
        probe: A file that whoever sees the folder of its checkpoints sees, too.
    """
    return {
        "probe": probe,
        "id": job.id,
        "experiment": experiment,
        "study": job.study,
        "number": job.number,
        "params": free_to_json(job.params),
        "seed": job.seed,
        "attempt": job.attempt,
        "timeout": job.timeout,
        "checkpoint": checkpoint_to_json(job.checkpoint),
        "log": job.log is not None,
        "stage": None if job.stage is None else asdict(job.stage),
    }


def params_from_json(data: Any) -> dict[str, Any]:
    """Return the parameters of a job."""
    return dict(free_from_json(data))


def stage_from_json(data: Mapping[str, Any] | None) -> Stage | None:
    """Return the stage of a job."""
    return None if data is None else Stage(**data)


def checkpoint_to_json(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """Return where a trial goes on from as JSON data."""
    if checkpoint is None:
        return None
    place = checkpoint.place
    return {
        "reports": _reports_to_json(checkpoint.reports),
        "place": None if place is None else asdict(place),
    }


def checkpoint_from_json(data: Mapping[str, Any] | None) -> Checkpoint | None:
    """Return what `checkpoint_to_json` wrote."""
    if data is None:
        return None
    place = data["place"]
    if place is not None:
        place = Place(**{**place, "starts": tuple(place["starts"])})
    return Checkpoint(_reports_from_json(data["reports"]), place)


def run_to_json(run: Run) -> dict[str, Any]:
    """Return what a job came to as JSON data."""
    result = run.result
    asked = result.asked
    return {
        "state": result.state.value,
        "metrics": _numbers_to_json(result.metrics),
        "reports": _reports_to_json(result.reports),
        "error": result.error,
        "traceback": result.traceback,
        "attributes": free_to_json(result.attributes),
        "as_text": {name: list(kinds) for name, kinds in result.as_text.items()},
        "asked": None if asked is None else _asked_to_json(asked),
        "mend": result.mend,
        "constraints": _numbers_to_json(result.constraints),
        "native": free_to_json(result.native),
        "notes": list(result.notes),
        "started_at": run.started_at,
        "run_seconds": run.run_seconds,
        "worker": run.worker,
    }


def run_from_json(data: Mapping[str, Any]) -> Run:
    """Return what `run_to_json` wrote."""
    asked = data["asked"]
    result = Result(
        State(data["state"]),
        _numbers_from_json(data["metrics"]),
        _reports_from_json(data["reports"]),
        data["error"],
        data["traceback"],
        free_from_json(data["attributes"]),
        {name: tuple(kinds) for name, kinds in data["as_text"].items()},
        None if asked is None else _asked_from_json(asked),
        data["mend"],
        _numbers_from_json(data["constraints"]),
        free_from_json(data["native"]),
        tuple(data["notes"]),
    )
    return Run(
        result, float(data["started_at"]), float(data["run_seconds"]), data["worker"]
    )


def message_to_json(message: Message, worker: str) -> dict[str, Any] | None:
    """Return what is said at the end of a job as JSON data; None of a report.

    Args:
        message: An executor's.
        worker: Who ran the job, for its record.
    """
    if isinstance(message, (Ended, Paused)):
        message.run.worker = worker
        run = run_to_json(message.run)
        if isinstance(message, Ended):
            return {"kind": "ended", "run": run}
        checkpoint = checkpoint_to_json(message.checkpoint)
        return {"kind": "paused", "run": run, "checkpoint": checkpoint}
    if isinstance(message, Lost):
        return {
            "kind": "lost",
            "why": message.why,
            "started_at": message.started_at,
            "run_seconds": message.run_seconds,
            "worker": worker,
        }
    if isinstance(message, Refused):
        return {"kind": "refused", "error": error_to_json(message.error)}
    return None


def message_from_json(job: Job, said: Mapping[str, Any]) -> Message:
    """Return what `message_to_json` wrote of a job."""
    kind = said["kind"]
    if kind == "ended":
        return Ended(job, run_from_json(said["run"]))
    if kind == "refused":
        return Refused(job, error_from_json(said["error"]))
    checkpoint = checkpoint_from_json(said.get("checkpoint"))
    if checkpoint is not None:
        return Paused(job, checkpoint, run_from_json(said["run"]))
    return Lost(
        job,
        str(said["why"]),
        float(said["started_at"]),
        float(said["run_seconds"]),
        str(said["worker"]),
    )


def _numbers_to_json(numbers: Mapping[str, float]) -> dict[str, Any]:
    return {name: dump_number(value) for name, value in numbers.items()}


def _numbers_from_json(data: Mapping[str, Any]) -> dict[str, Any]:
    # What was an int stays one: a large one is more than any float.
    return {
        name: float(value) if isinstance(value, str) else value
        for name, value in data.items()
    }


def _reports_to_json(reports: Iterable[tuple[int, float]]) -> list[list[Any]]:
    return [[step, dump_number(value)] for step, value in reports]


def _reports_from_json(data: Iterable[Any]) -> Reports:
    return tuple((int(step), float(value)) for step, value in data)


def _asked_to_json(asked: Mapping[str, Any]) -> list[list[Any]]:
    return [
        [name, free_to_json(parameter.to_json()), free_to_json(value)]
        for name, (parameter, value) in asked.items()
    ]


def _asked_from_json(data: Iterable[Any]) -> dict[str, Any]:
    return {
        name: (Parameter.from_json(free_from_json(parameter)), free_from_json(value))
        for name, parameter, value in data
    }
