r"""Text that a table's file cannot hold, or not for sure, as JSON text in its place.

A name with a newline in it is ``"a\nb"`` in a header, quotes included. Text of people
who write so themselves comes back as it was: only what `quoted` would have written is
read as that.
"""

from __future__ import annotations

import json
import re

from hpbridge.store.attributes import is_storable

_NOT_IN_NAMES = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


def quoted(text: str, *, is_name: bool = False) -> str:
    r"""Return text for a cell of a file of text, or for a name in its header.

    Example:
        >>> quoted("a"), quoted("a\0"), quoted(" a")
        ('a', '"a\\u0000"', '" a"')
    """
    is_known = _NOT_IN_NAMES.search(text) is None if is_name else is_storable(text)
    is_bare = is_known and text == text.strip() != ""
    is_itself = is_bare and unquoted(text, is_name=is_name) == text
    return text if is_itself else json.dumps(text)


def unquoted(text: str, *, is_name: bool = False) -> str:
    """Return the text that `quoted` wrote; others as they are."""
    if not (len(text) > 1 and text[0] == text[-1] == '"'):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    is_ours = isinstance(found, str) and quoted(found, is_name=is_name) == text
    return found if is_ours else text


def quoted_column(column: str) -> str:
    """Return a column of the results schema, ``param:NAME`` say, for a header."""
    kind, colon, name = column.partition(":")
    return f"{kind}:{quoted(name, is_name=True)}" if colon else column


def unquoted_column(column: str) -> str:
    """Return the column that `quoted_column` wrote; others as they are."""
    kind, colon, name = column.partition(":")
    return f"{kind}:{unquoted(name, is_name=True)}" if colon else column
