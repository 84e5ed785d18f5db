"""Read the JSON files of a Ray Tune experiment folder, and nothing but these.

Ray keeps pickles there too: ``*.pkl``, ``search_gen_state-*.json`` in spite of its
name, and text of pickles inside ``experiment_state-*.json``. None of it is opened or
unpickled; such text stays text.

Source:
    ray 2.60.0 and 2.44.1: `TuneController.save_to_dir`, `Trial.get_json_state`,
    `JsonLoggerCallback`, `Trial.handle_error`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hpbridge.plugin import limit_bytes, read_json_text
from hpbridge_ray.native.param_space import flatten

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE_FILES = "experiment_state-*.json"
RESULT_FILE = "result.json"

_LONGEST_LINE = 2**24
_HEAD = 4096


class DamagedError(ValueError):
    """A file is not what Ray writes; the message is one phrase."""


@dataclass
class Run:
    """One trial as its files tell it.

    Attributes:
        status: Ray's own word; None where no file says it.
        searched: Names of the parameters that were drawn, nested ones with a slash,
            with what was drawn; None where no file says it.
        config: Of the last report, or of the beginning.
        first_config: Of the first report.
        reports: Value of the main metric by ``training_iteration``.
        last: The last report.
        is_function: Whether the trainable is a function: only that reports where its
            checkpoint is.
        stop: The criteria under which Ray stopped it.
    """

    key: str
    status: str | None = None
    searched: dict[str, Any] | None = None
    config: dict[str, Any] = field(default_factory=dict)
    first_config: dict[str, Any] | None = None
    reports: dict[int, float] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    is_function: bool = False
    is_cut: bool = False
    """Whether the last line of its reports is not whole."""
    stop: Any = None
    error: str | None = None
    started_at: float | None = None
    folder: Path | None = None


@dataclass
class Experiment:
    """What a folder holds.

    Attributes:
        metric: What the Tuner was given; None where it was not, or no file says it.
        has_stopper: Whether a `tune.Stopper` could end trials.
        n_earlier: How many trials of earlier runs lie in the same folder.
    """

    runs: list[Run]
    metric: str | None = None
    has_stopper: bool = True
    n_earlier: int = 0


def _text(path: Path) -> str:
    limit_bytes(path.stat().st_size)
    return path.read_text(encoding="utf-8", errors="replace")


def _lines(path: Path) -> Iterator[str]:
    """Yield a file's lines; the last one as it is, whole or not."""
    with path.open(encoding="utf-8", errors="replace") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line


def decode(text: str, where: str) -> Any:
    """Return JSON data.

    Raises:
        DamagedError: If it is none.
    """
    try:
        return read_json_text(text)
    except ValueError as error:
        reason = " ".join(str(error).split())
        msg = f"{where} is no JSON ({reason:.80})"
        raise DamagedError(msg) from None


def is_experiment(folder: Path) -> bool:
    """Say whether a folder is one, by what its files begin with."""
    for state in folder.glob(STATE_FILES):
        if state.is_file() and '"trial_data"' in _head(state):
            return True
    heads = (_head(path) for path in folder.glob(f"*/{RESULT_FILE}") if path.is_file())
    return any('"training_iteration"' in head for head in heads)


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_HEAD).decode("utf-8", errors="replace")


def open_experiment(folder: Path) -> Experiment:
    """Return the trials of a folder, in the order in which they were made.

    With several states, the newest one holds, as for Ray. Reports are not read yet.

    Raises:
        DamagedError: If its state is not what Ray writes.
        OSError: If a file cannot be read.
    """
    states = sorted(p for p in folder.glob(STATE_FILES) if p.is_file())
    folders = sorted({p.parent for p in folder.glob(f"*/{RESULT_FILE}") if p.is_file()})
    if not states:
        return Experiment([Run(p.name, folder=p) for p in folders])
    where = states[-1].name
    state = _dict(decode(_text(states[-1]), where), where)
    found: list[tuple[float, Run]] = []
    for k, entry in enumerate(_list(state.get("trial_data"), where)):
        found.append(_run(folder, entry, k, where))
    runs = [run for _, run in sorted(found, key=lambda pair: pair[0])]
    known = {run.folder for run in runs}
    runner = _dict(state.get("runner_data") or {}, where)
    metric = runner.get("_metric")
    return Experiment(
        runs,
        metric if isinstance(metric, str) else None,
        has_stopper=not _is_no_stopper(runner.get("_stopper")),
        n_earlier=sum(path not in known for path in folders),
    )


def _is_no_stopper(pickled: Any) -> bool:
    """Say whether the text of a pickle names the stopper that never stops."""
    text = pickled.get("value") if isinstance(pickled, dict) else None
    return isinstance(text, str) and b"NoopStopper".hex() in text


def _run(folder: Path, entry: Any, place: int, where: str) -> tuple[float, Run]:
    """Return a trial of the state and its place."""
    parts = _list(entry, where)
    if len(parts) != 2:  # noqa: PLR2004 - what the trial is, and what became of it
        msg = f"{where} holds a trial of {len(parts)} parts, not 2"
        raise DamagedError(msg)
    trial, became = (
        _dict(decode(p, where) if isinstance(p, str) else p, where) for p in parts
    )
    key = str(trial.get("trial_id"))
    own = _own_folder(folder, trial.get("relative_logdir"))
    run = Run(
        key,
        status=str(trial.get("status")),
        searched=_maybe_dict(trial.get("evaluated_params")),
        config=_maybe_dict(trial.get("config")) or {},
        last=_maybe_dict(became.get("last_result")) or {},
        stop=trial.get("stopping_criterion"),
        started_at=number_of(became.get("start_time")),
        folder=own,
    )
    number = str(trial.get("experiment_tag")).partition("_")[0]
    return (float(number) if number.isdecimal() else float(place)), run


def _own_folder(folder: Path, relative: Any) -> Path | None:
    """Return the folder of a trial: one inside the experiment's, nowhere else."""
    if not isinstance(relative, str) or relative in {"", ".", ".."} or "/" in relative:
        return None
    try:
        return folder / relative if (folder / relative).is_dir() else None
    except (OSError, ValueError):  # a name that no file system takes
        return None


def read_run(run: Run, metric: str | None) -> None:
    """Read the reports and the error of a trial.

    Raises:
        DamagedError: If they are not what Ray writes.
        OSError: If a file cannot be read.
    """
    if run.folder is None:
        return
    results = run.folder / RESULT_FILE
    if results.is_file():
        _read_reports(run, results, metric)
    params = run.folder / "params.json"
    if not run.config and params.is_file():
        run.config = _dict(decode(_text(params), params.name), params.name)
    error = run.folder / "error.txt"
    if error.is_file():
        run.error = last_error(_text(error))


def _read_reports(run: Run, path: Path, metric: str | None) -> None:
    where = f"{run.folder.name if run.folder else ''}/{path.name}"
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        try:
            report = _dict(decode(line, f"line {number} of {where}"), where)
        except DamagedError:
            if line.endswith("\n"):
                raise
            run.is_cut = True  # Ray was writing it when it died
            return
        _take(run, report, metric)


def _take(run: Run, report: dict[str, Any], metric: str | None) -> None:
    step = report.get("training_iteration")
    if not isinstance(step, int) or isinstance(step, bool):
        msg = f"a report of trial {run.key!r} has the iteration {step!r}"
        raise DamagedError(msg)
    # A restored trial goes on from its last checkpoint, or begins again.
    while run.reports and next(reversed(run.reports)) >= step:
        run.reports.popitem()
    value = metric_of(flatten(report).get(metric)) if metric else None
    if value is not None:
        run.reports[step] = value
    config = _maybe_dict(report.get("config"))
    if config is not None:
        run.first_config = run.first_config or config
        run.config = config
    run.is_function = "checkpoint_dir_name" in report
    run.last = report


def last_error(text: str) -> str | None:
    """Return type and message of the last error in an ``error.txt``, in one line."""
    lines = text.rstrip().splitlines()
    frames = [k for k, line in enumerate(lines) if line.startswith('  File "')]
    after = lines[frames[-1] :] if frames else lines[-1:]
    while after and after[0][:1].isspace():
        del after[0]
    return " ".join(" ".join(after).split()) or None


def number_of(value: Any) -> float | None:
    """Return a number as a float; None for anything else, NaN and bools included."""
    found = metric_of(value)
    return None if found is None or math.isnan(found) else found


def metric_of(value: Any) -> float | None:
    """Return a metric as a float; None where it is no number.

    Source:
        ray 2.60.0, `SafeFallbackEncoder`: NaN of numpy is the text ``null``.
    """
    if value == "null":
        return math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _dict(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        msg = f"{where} holds the {type(value).__name__} {value!r:.40}, not an object"
        raise DamagedError(msg)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        msg = f"{where} holds the {type(value).__name__} {value!r:.40}, not a list"
        raise DamagedError(msg)
    return value


def _maybe_dict(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None
