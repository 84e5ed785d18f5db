"""`hpbridge logs`: what a trial printed, also for `hpbridge show STUDY TRIAL --log`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpbridge.cli.arguments import JsonOption, StoreOption, StudyArg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hpbridge.store import Database
    from hpbridge.study import Study

_MOST_BYTES = 1 << 20
"""Of a file that is shown; of a longer one the end."""


def logs(
    study: StudyArg,
    trial: Annotated[
        int, typer.Argument(metavar="TRIAL", help="The number of the trial.")
    ],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Print what a trial printed; of a command all that is in its folder."""
    from hpbridge.store import open_store
    from hpbridge.study import load_study

    database = open_store(store)
    print_log(database, load_study(study, database), trial, as_json=json)


def print_log(database: Database, study: Study, number: int, *, as_json: bool) -> None:
    """Print the log of a trial, which may still run.

    Raises:
        TrialNotFoundError: If there is neither the trial nor its log.
        LogNotFoundError: If it has none.
    """
    from hpbridge.cli.output import print_json
    from hpbridge.cli.streams import results, say
    from hpbridge.errors import StoreError

    folders = _folders(database, study, number)
    if folders:
        text = "".join(_contents(folders))
        found: dict[str, Any] = {"study": study.name, "number": number}
        if as_json:
            print_json({**found, "path": str(folders[-1]), "log": text})
        else:
            results().write(text)
        return
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
        found = {"study": study.name, "number": number}
        print_json({**found, "path": str(path), "log": text})
    else:
        results().write(text)


def place_of(database: Database, study: Study, number: int) -> str | None:
    """Return where the log of a trial lies, if it has one."""
    folders = _folders(database, study, number)
    if folders:
        return str(folders[-1])
    path, _ = _log_of(database, study, number)
    return str(path) if path is not None and path.exists() else None


def _folders(database: Database, study: Study, number: int) -> list[Path]:
    """Return the folders of a trial of a command that are there: one a run."""
    from pathlib import Path

    from hpbridge.commands.folder import folders_in
    from hpbridge.commands.kept import is_kept
    from hpbridge.store.saved import checkpoints_of

    if not is_kept(study.attributes):
        return []
    place = checkpoints_of(database, study.id or 0, study.created_at)
    found = folders_in(str(place), number)
    noted = [t.attributes.get("folder") for t in study.trials if t.number == number]
    elsewhere = [Path(str(each)) for each in noted if each]
    return found or [each for each in elsewhere if each.is_dir()]


def _contents(folders: list[Path]) -> Iterator[str]:
    """Yield the files of each run, each under its name."""
    for folder in folders:
        for path in sorted(each for each in folder.iterdir() if each.is_file()):
            data = path.read_bytes()
            cut = f", its last {_MOST_BYTES} bytes" if len(data) > _MOST_BYTES else ""
            text = data[-_MOST_BYTES:].decode("utf-8", "backslashreplace")
            end = "" if text.endswith("\n") or not text else "\n"
            yield f"==> {path}{cut} <==\n{text}{end}"


def _log_of(database: Database, study: Study, number: int) -> Any:
    import os

    from hpbridge.store.logs import TrialLog, folder_of, name_of

    folder = folder_of(database, study.id or 0, study.created_at)
    path = None if folder is None else folder / name_of(number)
    return path, TrialLog(path or os.devnull)


def keeps_logs(driver: str) -> bool:
    """Say whether a driver keeps what trials print."""
    from hpbridge.contract.registry import registry
    from hpbridge.drivers.choosing import driver_of_pool

    found = registry().drivers.get(driver_of_pool(driver))
    if found is None:
        return driver_of_pool(driver) == "ProcessPoolExecutor"
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
    elif not keeps_logs(study.settings.driver):
        why = f"driver {study.settings.driver!r} keeps none"
    else:
        why = (
            f"there is no folder {path.parent}: no trial of the study printed "
            "anything, or it is on another machine, or was removed"
        )
    raise LogNotFoundError.of_trial(study.name, number, why)
