"""All checks of a study: those of its data, as recorded, and those of its search.

A check of the search is one function of `hpbridge.analysis.evaluated.Evaluated`, from
the record alone. A check of the data needs the rows: it is made when an evaluation
begins, and its finding is in the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hpbridge.analysis.checks.catalogue import CHECKS, unknown_codes
from hpbridge.analysis.checks.finding import Finding, cannot
from hpbridge.errors import ArgumentError
from hpbridge.errors.foreign import describe_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from hpbridge.analysis.checks.catalogue import Check
    from hpbridge.analysis.evaluated import Evaluated

RECORDED = "checks"
"""Where the record of an evaluation has the findings of its data."""

SILENCE = "silence"
"""Where it has the codes that its author does not want to hear."""

_ORDER = {True: 0, False: 1, None: 2}


def findings_of(evaluated: Evaluated, silence: Iterable[str] = ()) -> list[Finding]:
    """Return what every check found: those that spoke first, then by code.

    Args:
        evaluated: A study that was read.
        silence: Codes of checks that are left out, beside those that the evaluation
            itself silences.

    Raises:
        ArgumentError: If a code is none, with the nearest one.
    """
    wanted = list(silence)
    check_silence(wanted)
    silent = {*wanted, *_silenced(evaluated)}
    found = [each for each in recorded(evaluated) if each.code not in silent]
    found += [_made(each, evaluated) for each in CHECKS if each.code not in silent]
    return sorted(found, key=lambda each: (_ORDER[each.spoke], each.code))


def check_silence(silence: Iterable[str]) -> None:
    """Refuse codes that no check has.

    Raises:
        ArgumentError: With the nearest ones.
    """
    if problems := unknown_codes(silence):
        headline = "A check cannot be silenced that is none"
        raise ArgumentError(headline, problems, "the README lists the codes")


def said_at_the_end(evaluated: Evaluated, silence: Iterable[str] = ()) -> list[str]:
    """Return a sentence for every check that spoke, but for those that take long.

    What was found in the data was said at the beginning.
    """
    silent = {*silence, *_silenced(evaluated)}
    found = [
        _made(each, evaluated)
        for each in CHECKS
        if each.is_quick and each.code not in silent
    ]
    return [f"{each.code}: {each.sentence}" for each in found if each.spoke]


def recorded(evaluated: Evaluated) -> list[Finding]:
    """Return what the checks of the data found when the evaluation began."""
    noted = evaluated.about.get(RECORDED)
    if not isinstance(noted, Sequence) or isinstance(noted, str):
        return []
    return [Finding.from_json(each) for each in noted if isinstance(each, Mapping)]


def _silenced(evaluated: Evaluated) -> Sequence[Any]:
    noted = evaluated.about.get(SILENCE)
    return noted if isinstance(noted, Sequence) else ()


def _made(check: Check, evaluated: Evaluated) -> Finding:
    try:
        return check.make(evaluated)
    except Exception as error:  # noqa: BLE001 - a record of any tool may be odd
        why = f"it failed on this record: {describe_error(error)}"
        return cannot(check.code, check.title, why)
