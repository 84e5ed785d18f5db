"""Checks of study formats: what they hold and lose, and what they take for theirs."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpbridge.contract.foreign import Part
from hpbridge.errors import FormatError
from hpbridge.testing.checks import CheckFailed, Kit, NotApplicable, require
from hpbridge.testing.format_case import (
    OTHERS,
    FormatCase,
    a_folder,
    contents_of,
    copied,
    refused,
)
from hpbridge.testing.sample_studies import N_TRIALS, aspect, sample_study

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hpbridge.study import Study

RULES = {
    1: "what it holds comes back",
    2: "what it loses is said",
    3: "its own, and no others'",
    4: "damage is told in a sentence",
    5: "nothing that is there is changed",
}
"""The rules of `hpbridge.contract.foreign.StudyFormat` in a few words."""

FORMATS = Kit("format", RULES)


@FORMATS.check(1)
def check_record(case: FormatCase) -> None:
    """Its record says what it is, and what it holds if it is written."""
    spec = case.spec
    is_name = re.fullmatch(r"[a-z][a-z0-9_-]*", spec.name) is not None
    require(is_name, "a name of lower-case letters", spec.name)
    require(spec.summary.endswith("."), "a sentence as summary", spec.summary)
    require(bool(spec.looks_for), "looks_for to say what it recognizes", "nothing")
    strange = [part for part in spec.holds if not isinstance(part, Part)]
    require(not strange, "holds to name members of Part", strange)
    if case.is_written:
        require(bool(spec.holds), "holds to say what comes back", "nothing")
    else:
        require(not spec.holds, "nothing held by what is only read", spec.holds)


def _require_same(parts: set[Part], before: Study, after: Study, way: str) -> None:
    lost = [part for part in parts if aspect(part, before) != aspect(part, after)]
    if lost:
        part = min(lost, key=list(Part).index)
        expected, seen = aspect(part, before), aspect(part, after)
        names = ", ".join(sorted(each.value for each in lost))
        msg = f"expected {names} to come back equal {way}; saw {seen!r:.300}"
        msg += f" for {expected!r:.300}"
        raise CheckFailed(msg)


@FORMATS.check(1)
def check_parts(case: FormatCase) -> None:
    """Each part that it declares to hold comes back equal, and all of them at once."""
    with a_folder() as folder:
        for part in sorted(case.spec.holds, key=list(Part).index):
            study = sample_study([part])
            place = folder / part.name
            place.mkdir()
            _require_same({part}, study, case.there_and_back(study, place), "alone")
        study = sample_study(case.held())
        after = case.there_and_back(study, folder)
        _require_same(case.held(), study, after, "together")


@FORMATS.check(1)
def check_plain_study(case: FormatCase) -> None:
    """Points, values and the best trial come back, whatever else it holds."""
    study = sample_study()
    with a_folder() as folder:
        back = case.there_and_back(study, folder)
    seen = f"{len(back.trials)}"
    require(len(back.trials) == N_TRIALS, f"{N_TRIALS} trials", seen)

    def points(of: Study) -> list[object]:
        main = of.main_metric
        return [(t.params["n"], t.params["lr"], t.metrics.get(main)) for t in of.trials]

    require(points(back) == points(study), f"{points(study)}", points(back))
    best = back.best_trial.params["n"]
    require(best == study.best_trial.params["n"], "the same best trial", best)


@FORMATS.check(1)
def check_crossing(case: FormatCase) -> None:
    """What it and another format hold survives the way through both."""
    case.need_writer()
    others = case.others()
    if not others:
        msg = "no other format that is written is installed"
        raise NotApplicable(msg)
    between: dict[frozenset[Part], Study] = {}  # many hold the same of what it holds
    for other in map(FormatCase, others):
        both = case.held(other.spec.holds)
        study = sample_study(both)
        with a_folder() as folder:
            key = frozenset(both)
            if key not in between:
                between[key] = case.there_and_back(study, folder)
            after = other.there_and_back(between[key], folder)
        require(len(after.trials) == N_TRIALS, f"{N_TRIALS} trials", len(after.trials))
        way = f"through {case.spec.name} and then {other.spec.name}"
        _require_same(both, study, after, way)


@FORMATS.check(2)
def check_losses(case: FormatCase) -> None:
    """Each part that it does not declare to hold is told when it is lost."""
    case.need_writer()
    with a_folder() as folder:
        _, known = case.write(sample_study(), folder, "plain")
        for part in set(Part) - case.spec.holds:
            _, notes = case.write(sample_study([part]), folder, part.name)
            # What every study has is said of the plain one, too.
            is_new = set(notes) - set(known) or part in _of_every_study()
            is_said = bool(notes) and bool(is_new)
            require(is_said, f"a note that {part.value} is lost", list(notes))
            for note in notes:
                is_phrase = bool(note.strip()) and note[-1] != "."
                require(is_phrase, "a note without a final period", note)


def _of_every_study() -> set[Part]:
    return {Part.SPACE, Part.LABELS, Part.TIMES}


@FORMATS.check(3)
def check_own(case: FormatCase) -> None:
    """It recognizes what it wrote and what its library wrote, and no other does."""
    with a_folder() as folder:
        for source in case.sources(folder):
            require(case.recognizes(source), f"{source.name} recognized", "it was not")
            for other in _rivals(case):
                is_taken = other.recognizes(source)
                seen = f"format {other.spec.name!r} does"
                require(not is_taken, "that no other format recognizes it", seen)


def _rivals(case: FormatCase) -> Iterator[FormatCase]:
    """Return the formats that must leave its sources to it.

    A general one may take those of one that knows more of them, which goes before it.
    """
    for other in map(FormatCase, case.others(written=False)):
        if case.spec.is_general or not other.spec.is_general:
            yield other


@FORMATS.check(3)
def check_others(case: FormatCase) -> None:
    """It takes no file of another format, and nothing else, for its own."""
    with a_folder() as folder:
        for other in map(FormatCase, case.others()):
            target, _ = other.write(sample_study(), folder, f"of-{other.spec.name}")
            seen = f"it recognizes one of {other.spec.name!r}"
            require(not case.recognizes(target), "files of other formats left", seen)
        for source in (folder / "gone", "nowhere://host/name", object(), None, 3):
            seen = f"it recognizes {source!r:.80}"
            require(not case.recognizes(source), "what is no study left", seen)
        for what, content in OTHERS.items():
            path = folder / "other"
            path.write_bytes(content)
            if what != "a table":  # a format of tables may take it
                seen = f"it recognizes a file with {what} in it"
                require(not case.recognizes(path), "what is no study left", seen)


@FORMATS.check(4)
def check_wrong_files(case: FormatCase) -> None:
    """A file that holds something else is refused by a `FormatError` with a hint."""
    with a_folder() as folder:
        for what, content in OTHERS.items():
            path = folder / "other"
            path.write_bytes(content)
            refused(f"a file with {what} in it", lambda: case.read(path))  # noqa: B023


@FORMATS.check(4)
def check_damage(case: FormatCase) -> None:
    """A damaged file is read as far as it goes, or refused by a `FormatError`."""
    with a_folder() as folder:
        for source in case.sources(folder):
            for damage in _DAMAGES:
                path = copied(source, folder / "damaged")
                damage.spoil(path)
                _read_or_refuse(case, path, damage.text)


def _read_or_refuse(case: FormatCase, path: Path, damage: str) -> None:
    expected = f"it read, or a FormatError with a hint, when {damage}"
    try:
        case.read(path)
    except FormatError as error:
        require(bool(error.hint), expected, f"no hint in {str(error)!r}")
    except Exception as error:  # a plugin may raise anything
        msg = f"expected {expected}; saw {type(error).__name__}: {error}"
        raise CheckFailed(msg) from error


def _files_of(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file())


@dataclass(frozen=True)
class _Cut:
    """Every file ends too early."""

    share: float

    @property
    def text(self) -> str:
        return f"it is cut at {self.share:.0%}"

    def spoil(self, path: Path) -> None:
        for file in _files_of(path):
            content = file.read_bytes()
            file.write_bytes(content[: int(len(content) * self.share)])


@dataclass(frozen=True)
class _Garbled:
    """A few bytes of one file are others."""

    seed: int

    @property
    def text(self) -> str:
        return f"some of its bytes are others (seed {self.seed})"

    def spoil(self, path: Path) -> None:
        rng = random.Random(self.seed)
        file = rng.choice(_files_of(path))
        content = bytearray(file.read_bytes())
        for _ in range(rng.randint(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        file.write_bytes(content)


_DAMAGES: tuple[_Cut | _Garbled, ...] = (
    *map(_Cut, (0.0, 0.1, 0.5, 0.9, 0.99)),
    *map(_Garbled, range(40)),
)


@FORMATS.check(5)
def check_target(case: FormatCase) -> None:
    """What is where a study shall be written is not touched, nor anything beside it."""
    case.need_writer()
    study = sample_study()
    with a_folder() as folder:
        target = folder / "study"
        target.write_text("mine", encoding="utf-8")
        refused("a target that exists", lambda: case.write(study, folder))
        seen = contents_of(folder)
        require(seen == {"study": b"mine"}, "the file that was there, alone", seen)
        target.unlink()
        lost = folder / "no" / "folder"
        refused("a folder that does not exist", lambda: case.write(study, lost))
        require(not contents_of(folder), "nothing written", contents_of(folder))
        case.write(study, folder)
        names = sorted(contents_of(folder))
        require(names == ["study"], "one new file", names)


@FORMATS.check(5)
def check_source(case: FormatCase) -> None:
    """A source that is recognized and read is not changed, nor anything beside it."""
    with a_folder() as folder:
        for number, source in enumerate(case.sources(folder)):
            place = folder / f"place-{number}"
            place.mkdir()
            copy = copied(source, place / source.name)
            before = contents_of(place)
            case.recognizes(copy)
            case.read(copy)
            after = contents_of(place)
            changed = sorted(
                name
                for name in before.keys() | after.keys()
                if before.get(name, b"") != after.get(name, b"")
                or (name in before) != (name in after)
            )
            require(not changed, "the source as it was", f"{changed} changed")


@FORMATS.check(5)
def check_study(case: FormatCase) -> None:
    """Writing a study does not change it."""
    case.need_writer()
    study = sample_study(case.held())
    before = repr((study, study.trials))
    with a_folder() as folder:
        case.write(study, folder)
    after = repr((study, study.trials))
    require(before == after, "the study as it was", "it is another one")
