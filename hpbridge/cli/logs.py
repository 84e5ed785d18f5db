"""What a trial printed, for `hpbridge show STUDY TRIAL --log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpbridge.store import Database
    from hpbridge.study import Study


def print_log(database: Database, study: Study, number: int, *, as_json: bool) -> None:
    """Print the log of a trial, which may still run.

    Raises:
        TrialNotFoundError: If there is neither the trial nor its log.
        LogNotFoundError: If it has none.
    """
    from hpbridge.cli.output import print_json
    from hpbridge.cli.streams import results, say
    from hpbridge.errors import StoreError

    path, log = _log_of(database, study, number)
    try:
        data = log.read()
    except (OSError, ValueError) as error:
        headline = f"The log {path} cannot be read: {error}"
        raise StoreError(headline) from error
    if data is None:
        _check(study, number, path)
        say(f"Trial {number} of study {study.name} printed nothing.")
    text = (data or b"").decode("utf-8", "backslashreplace")
    if as_json:
        found: dict[str, Any] = {"study": study.name, "number": number}
        print_json({**found, "path": str(path), "log": text})
    else:
        results().write(text)


def place_of(database: Database, study: Study, number: int) -> str | None:
    """Return where the log of a trial lies, if it has one."""
    path, _ = _log_of(database, study, number)
    return str(path) if path is not None and path.exists() else None


def _log_of(database: Database, study: Study, number: int) -> Any:
    import os

    from hpbridge.store.logs import TrialLog, folder_of, name_of

    folder = folder_of(database, study.id or 0, study.created_at)
    path = None if folder is None else folder / name_of(number)
    return path, TrialLog(path or os.devnull)


def _keeps_logs(driver: str) -> bool:
    """Say whether a driver keeps what trials print."""
    from hpbridge.contract.registry import registry
    from hpbridge.engine.plan import FUTURES

    found = registry().drivers.get(driver)
    if found is None:
        return driver == f"{FUTURES}ProcessPoolExecutor"
    return found.logs


def _check(study: Study, number: int, path: Any) -> None:
    """See that a trial without a log could have had one."""
    from hpbridge.errors import LogNotFoundError, TrialNotFoundError

    trials = {trial.number: trial for trial in study.trials}
    if number not in trials:
        raise TrialNotFoundError.numbered(study.name, number, sorted(trials))
    if study.settings.imported or trials[number].origin.value == "imported":
        why = "it ran elsewhere, and was imported"
    elif trials[number].worker == "main":
        why = (
            "it ran alone in the process of its study, and printed where that one does"
        )
    elif path is None:
        why = "a store in memory has none"
    elif path.parent.is_dir():
        return
    elif not _keeps_logs(study.settings.driver):
        why = f"driver {study.settings.driver!r} keeps none"
    else:
        why = (
            f"there is no folder {path.parent}: no trial of the study printed "
            "anything, or it is on another machine, or was removed"
        )
    raise LogNotFoundError.of_trial(study.name, number, why)
