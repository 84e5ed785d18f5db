"""Write a file whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

from hpbridge.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def whole_file(form: str, target: Path, *, replaces: bool = False) -> Iterator[Path]:
    """Give a path beside the target to write to; put it in place in the end.

    Its name ends as the target's does, since some writers look at that.

    Args:
        form: The format, for the error.
        target: Where the file shall be.
        replaces: Whether it takes the place of one that is there.

    Raises:
        FormatError: If there is something already, or it cannot be written.
    """
    hint = "choose a new file in a folder that exists"
    if replaces:
        target = target.resolve()  # what a link leads to, not the link
    elif target.exists():
        raise FormatError.unwritable(form, target, ["it exists already"], hint)
    part = target.with_name(f".part-{secrets.token_hex(4)}-{target.name}")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FormatError.unwritable(form, target, [reason], hint) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
