"""Write a study as `hpbridge.formats.export` does, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hpbridge.contract.builtin import FORMATS
from hpbridge.formats.cells import parse_column
from hpbridge.formats.export import WRITERS
from hpbridge.formats.losses import losses_of
from hpbridge.formats.whole_file import whole_file
from hpbridge.space.categorical import Categorical

if TYPE_CHECKING:
    from hpbridge.study import Study


def write_json(study: Study, target: str) -> tuple[str, ...]:
    """Write a study as JSON; see `write`."""
    return write("json", study, target)


def write_parquet(study: Study, target: str) -> tuple[str, ...]:
    """Write a study as Parquet; see `write`."""
    return write("parquet", study, target)


def write(form: str, study: Study, target: str) -> tuple[str, ...]:
    """Write a study to a file that does not exist yet.

    Returns:
        What the format does not hold, one sentence each.

    Raises:
        FormatError: If the file exists or cannot be written.
    """
    holds = next(each.holds for each in FORMATS if each.name == form)
    with whole_file(form, Path(target)) as part:
        WRITERS[f".{form}"](study, part)
    return losses_of(study, form, holds)


def write_csv(study: Study, target: str) -> tuple[str, ...]:
    """Write a study as CSV; as `write`, and say which choices text does not tell."""
    return write("csv", study, target) + tuple(
        f"csv holds the choices {list(p.labels)!r} of {name!r} as text; "
        "give the space to read them back"
        for name, p in study.space.searched.items()
        if isinstance(p, Categorical) and _is_ambiguous(p)
    )


def _is_ambiguous(parameter: Categorical) -> bool:
    """Say whether labels come back otherwise from a column of text."""
    texts = ["" if label is None else str(label) for label in parameter.labels]
    return [repr(cell) for cell in parse_column(texts)] != list(
        map(repr, parameter.labels)
    )
