"""One study format under test: writes studies, reads them, remembers both."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpbridge.contract.foreign import Hints, Part
from hpbridge.contract.registry import is_met, registry
from hpbridge.errors import FormatError
from hpbridge.formats.studies import as_study, write_in
from hpbridge.testing.checks import CheckFailed, NotApplicable, require
from hpbridge.testing.sample_studies import NEEDS, sample_study

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from hpbridge.contract.foreign import StudyFormat
    from hpbridge.study import Study

OTHERS = {
    "nothing": b"",
    "text": b"hello, world\n",
    "bytes": b"\x00\x01\x02" * 100,
    "an object": b"{}",
    "a list": b"[1, 2]",
    "a table": b"a,b\n1,2\n",
}
"""What files hold that are no study of any format."""


class FormatCase:
    """A format, and where its checks write.

    Args:
        spec: The format, as its plugin registers it.
        samples: Files or folders that the format's library wrote, for what is only
            read, or otherwise than the format itself writes it.
    """

    name = ""
    """Formats have no algorithms."""

    def __init__(
        self, spec: StudyFormat, samples: Iterable[str | os.PathLike[str]] = ()
    ) -> None:
        self.spec = spec
        self.samples = [Path(sample) for sample in samples]

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"format {self.spec.name!r}"

    @property
    def missing(self) -> list[str]:
        """Requirements that are not installed."""
        return [each for each in self.spec.requires if not is_met(each)]

    @property
    def is_written(self) -> bool:
        """Whether studies can be written in it."""
        return self.spec.write is not None

    def need_writer(self) -> None:
        """Go on only if studies can be written in it.

        Raises:
            NotApplicable: If they cannot.
        """
        if not self.is_written:
            msg = "it is only read"
            raise NotApplicable(msg)

    def held(self, others: Iterable[Part] = Part) -> set[Part]:
        """Return the parts that it holds, of some; each with those that it needs."""
        both = self.spec.holds & set(others)
        return {part for part in both if NEEDS.get(part, set()) <= both}

    def write(
        self, study: Study, folder: Path, name: str = "study"
    ) -> tuple[Path, tuple[str, ...]]:
        """Write a study into a folder; return where it is, and what was said.

        Raises:
            NotApplicable: If it is only read.
        """
        self.need_writer()
        target = folder / name
        return target, write_in(self.spec, study, target)

    def read(self, source: object) -> Study:
        """Read a study, as `hpbridge.read_study` does."""
        return as_study(self.spec.read(source, Hints()), self.spec, source)

    def there_and_back(self, study: Study, folder: Path) -> Study:
        """Write a study and read it."""
        target, _ = self.write(study, folder, f"study-{self.spec.name}")
        return self.read(target)

    def sources(self, folder: Path) -> list[Path]:
        """Return what it reads: a study that it wrote, and the samples.

        Raises:
            NotApplicable: If there is none.
        """
        found = list(self.samples)
        if self.is_written:
            study = sample_study(self.held())
            found.append(self.write(study, folder)[0])
        if not found:
            msg = "it is only read, and there is no sample of it"
            raise NotApplicable(msg)
        return found

    def others(self, *, written: bool = True) -> list[StudyFormat]:
        """Return the other installed formats: those that are written, or all."""
        return [
            form
            for form in registry().formats.values()
            if form.name != self.spec.name
            and (form.write is not None or not written)
            and all(map(is_met, form.requires))
        ]

    def recognizes(self, source: object) -> bool:
        """Say whether the format takes a source for its own.

        Raises:
            CheckFailed: If it raises.
        """
        try:
            return bool(self.spec.recognizes(source))
        except Exception as error:  # a plugin may raise anything
            seen = f"{type(error).__name__}: {error}"
            msg = f"expected recognizes({_shown(source)}) to say yes or no; saw {seen}"
            raise CheckFailed(msg) from error


@contextlib.contextmanager
def a_folder() -> Iterator[Path]:
    """Give an empty folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def refused(doing: str, run: Callable[[], object]) -> None:
    """Require a `FormatError` in the house form.

    Args:
        doing: What is done, for the message.
        run: Does it.

    Raises:
        CheckFailed: If there is none, another exception, or one without a hint.
    """
    expected = f"a FormatError with one hint of {doing}"
    try:
        result = run()
    except FormatError as error:
        require(bool(error.hint), expected, f"no hint in {str(error)!r}")
    except Exception as error:  # a plugin may raise anything
        seen = f"{type(error).__name__}: {error}"
        msg = f"expected {expected}; saw {seen}"
        raise CheckFailed(msg) from error
    else:
        require(False, expected, f"none, and {result!r:.200}")


def copied(source: Path, target: Path) -> Path:
    """Copy a file or a folder in the place of what is there; return the copy."""
    if target.is_dir():
        shutil.rmtree(target)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return target


def contents_of(place: Path) -> dict[str, Any]:
    """Return every file of a folder by its name, and what is in it."""
    return {
        str(path.relative_to(place)): path.read_bytes() if path.is_file() else None
        for path in sorted(place.rglob("*"))
    }


def _shown(source: object) -> str:
    return str(source.name) if isinstance(source, Path) else repr(source)[:80]
