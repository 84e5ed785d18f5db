"""The emulations: how a space is searched by a library that lacks some of its kinds.

A plugin declares, feature by feature, the encoding it needs (`Capability.encoding`);
this module does the work, in one tested place, with the codecs beside it.
`Encoded` is the resulting native space: flat, without constants, only of kinds that
the library has. What it decodes is bit for bit what its printed source
(`Encoded.source`) decodes, so a user can paste the source next to the library's own
call and see the same trials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from hpbridge.contract.capabilities import Feature, Support
from hpbridge.contract.lazy import Lazy
from hpbridge.encoding.codecs import (
    Codec,
    Log,
    LogRound,
    Native,
    Quantize,
    Round,
    Single,
)
from hpbridge.encoding.discrete import Choice, Index, Quantile, Weighted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hpbridge.contract.capabilities import Capabilities
    from hpbridge.space.kinds import Searched
    from hpbridge.space.plain import Label
    from hpbridge.space.space import Params, Space

__all__ = [
    "CODECS",
    "WHOLE_SPACE_ENCODINGS",
    "Codec",
    "Encoded",
    "Single",
    "codec_class",
    "encoding_name",
]

Note = tuple[str, str, str]
"""A parameter, the name of its encoding, what that does."""

CODECS: dict[str, type[Codec[Any]]] = {
    codec.name: codec
    for codec in (
        Native,
        Log,
        LogRound,
        Round,
        Quantize,
        Index,
        Choice,
        Quantile,
        Weighted,
    )
}
"""The core's encodings of a parameter by name; a plugin may bring its own."""

WHOLE_SPACE_ENCODINGS = {
    "flatten": "always draws it; the objective sees it only when it is active",
    "reject": "a forbidden point is told as failed and another one is asked for",
}
"""Encodings of the space, not of one parameter; `Encoded` and the run do them."""


def encoding_name(encoding: str | type | None) -> str | None:
    """Return the word for the encoding of a capability, as `explain` prints it."""
    if encoding is None:
        return None
    if isinstance(encoding, str) and encoding in WHOLE_SPACE_ENCODINGS:
        return encoding
    return codec_class(encoding).name


def codec_class(encoding: str | type) -> type[Codec[Any]]:
    """Return the codec that a capability names.

    Raises:
        ImportError: If a plugin's own cannot be imported.
        KeyError: If the core has none of this name.
    """
    if isinstance(encoding, type):
        return encoding
    if ":" in encoding:
        return cast("type[Codec[Any]]", Lazy(encoding).resolve())
    return CODECS[encoding]


class Encoded:
    """A space as one library can search it; it never changes.

    `hpbridge.encoding.encode.encode` makes it, and refuses before what cannot be
    searched: here a kind that is neither native nor emulated passes for native.

    Args:
        space: Ours.
        capabilities: What the algorithm declares; says which encoding is for what.
        codecs: Codecs that take the place of those, by the names of the parameters.
        notes: What is emulated besides, as of `notes`.

    Attributes:
        codecs: A codec for every searched parameter, in order.
        native: What the library searches, by the same names: flat, in order.
    """

    def __init__(
        self,
        space: Space,
        capabilities: Capabilities,
        *,
        codecs: Mapping[str, Codec[Any]] | None = None,
        notes: Sequence[Note] = (),
    ) -> None:
        self.space = space
        given = codecs or {}
        self.codecs: Mapping[str, Codec[Any]] = {
            name: given.get(name) or _codec(parameter, capabilities)
            for name, parameter in space.searched.items()
        }
        self.native: Mapping[str, Searched] = {
            name: codec.native
            for name, codec in self.codecs.items()
            if codec.native is not None
        }
        self.is_flattened = (
            space.is_conditional
            and capabilities[Feature.CONDITIONAL].support is Support.EMULATED
        )
        self._rejection = capabilities[Feature.FORBIDDEN]
        self._notes = tuple(notes)

    def decode(self, native: Mapping[str, Any]) -> Params:
        """Return the point that the objective sees: active parameters, plain values.

        Args:
            native: The library's values by name, of all parameters or of the active.
        """
        point: Params = {}
        is_conditional = self.space.is_conditional
        for name, codec in self.codecs.items():
            if is_conditional and not self.space.is_active(name, point):
                continue
            point[name] = codec.decode(native[name] if codec.native else None)
        return point

    def encode(self, params: Mapping[str, Label]) -> dict[str, Label]:
        """Return the library's values for a point of ours.

        In a flattened space an inactive parameter gets its native default, since the
        library wants a value for everything; otherwise it is left out.
        """
        values: dict[str, Label] = {}
        for name, codec in self.codecs.items():
            if codec.native is None:
                continue
            if name in params:
                values[name] = codec.encode(params[name])
            elif self.is_flattened:
                values[name] = codec.default()
        return values

    def notes(self) -> list[Note]:
        """Return (parameter, encoding, what it does) for all that is not native."""
        found = [
            (name, codec.name, codec.note)
            for name, codec in self.codecs.items()
            if codec.note
        ]
        if self.is_flattened:
            text = WHOLE_SPACE_ENCODINGS["flatten"]
            found += [(n, "flatten", text) for n, p in self.space.items() if p.when]
        found += self._notes
        if self.space.is_restricted and self._rejection.support is Support.EMULATED:
            text = self._rejection.note or WHOLE_SPACE_ENCODINGS["reject"]
            found.append(("forbid=", "reject", text))
        return found

    def comments(self, *names: str) -> list[str]:
        """Return the notes as comments of a script; of these parameters, if any."""
        return [
            f"# {name if name.isprintable() else repr(name)}: {text} ({encoding})"
            for name, encoding, text in self.notes()
            if not names or name in names
        ]

    def source(self) -> str:
        """Return the source of a function ``decode(x)`` that does what `decode` does.

        The function takes the library's values by name and returns our plain values
        (labels, where a choice has one). It needs `imports`.
        """
        lines = [
            "def decode(x):",
            '    """Native values by name -> what the objective sees."""',
            "    p = {}",
        ]
        for name, codec in self.codecs.items():
            condition = self.condition_source(name, "p")
            indent = "    "
            if condition:
                lines.append(f"    if {condition}:")
                indent = "        "
            value = codec.source(f"x[{name!r}]")
            lines.append(f"{indent}p[{name!r}] = {value}")
        return "\n".join([*lines, "    return p"])

    def imports(self) -> list[str]:
        """Return the lines that import what `source` uses; often none."""
        source = self.source()
        return [f"import {m}" for m in ("hpbridge", "math") if f"{m}." in source]

    def condition_source(self, name: str, variable: str) -> str:
        """Return the source of a parameter's condition; empty when it has none.

        Args:
            name: The parameter.
            variable: The name of a dict that holds its active parents.
        """
        parts: list[str] = []
        for parent, values in self.space[name].when:
            if parent in self.codecs:
                parts.append(f"{variable}.get({parent!r}, ...) in {values!r}")
            else:  # a constant: it has the value, but may have a condition itself
                parts.append(self.condition_source(parent, variable))
        return " and ".join(filter(None, parts))


def _codec(parameter: Searched, capabilities: Capabilities) -> Codec[Any]:
    if parameter.n_values == 1:
        return Single(parameter)
    encoding = capabilities[parameter.feature].encoding
    return codec_class(encoding or "native")(parameter)
