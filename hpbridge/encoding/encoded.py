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

from hpbridge.contract.capabilities import Feature, Support, feature_of
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
from hpbridge.errors import UnsupportedFeatureError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpbridge.contract.capabilities import Capabilities
    from hpbridge.space.categorical import Categorical
    from hpbridge.space.parameters import Float, Int, Label, Parameter
    from hpbridge.space.space import Params, Space

__all__ = ["CODECS", "WHOLE_SPACE_ENCODINGS", "Codec", "Encoded", "Single"]

CODECS: dict[str, type[Codec]] = {
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
"""Every encoding that a plugin can name for a parameter."""

WHOLE_SPACE_ENCODINGS = {
    "flatten": "always draws it; the objective sees it only when it is active",
    "reject": "a forbidden point is told as failed and another one is asked for",
}
"""Encodings of the space, not of one parameter; `Encoded` and the run do them."""


class Encoded:
    """A space as one library can search it.

    Args:
        space: Ours.
        capabilities: What the algorithm declares; says which encoding is for what.
        optimizer: Its name, for the error.

    Attributes:
        codecs: A codec for every searched parameter, in order.
        native: What the library searches, by the same names: flat, in order.

    Raises:
        UnsupportedFeatureError: If a kind of parameter is neither native nor emulated.
    """

    def __init__(
        self, space: Space, capabilities: Capabilities, optimizer: str = ""
    ) -> None:
        self.space = space
        reasons = capabilities.reasons_against(space)
        if reasons:
            raise UnsupportedFeatureError.refused(optimizer, reasons, [])
        self.codecs: dict[str, Codec] = {
            name: _codec(parameter, capabilities)
            for name, parameter in space.searched.items()
        }
        self.native: dict[str, Parameter] = {
            name: codec.native
            for name, codec in self.codecs.items()
            if codec.native is not None
        }
        self.is_flattened = (
            space.is_conditional
            and capabilities[Feature.CONDITIONAL].support is Support.EMULATED
        )

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

    def notes(self) -> list[tuple[str, str, str]]:
        """Return (parameter, encoding, what it does) for all that is not native."""
        found = [
            (name, codec.name, codec.note)
            for name, codec in self.codecs.items()
            if codec.note
        ]
        if self.is_flattened:
            text = WHOLE_SPACE_ENCODINGS["flatten"]
            found += [(n, "flatten", text) for n, p in self.space.items() if p.when]
        if self.space.is_restricted:
            found.append(("forbid=", "reject", WHOLE_SPACE_ENCODINGS["reject"]))
        return found

    def source(self) -> str:
        """Return the source of a function ``decode(x)`` that does what `decode` does.

        The function takes the library's values by name and returns our plain values
        (labels, where a choice has one). It may need `math` and `hpbridge`.
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


def _codec(parameter: Parameter, capabilities: Capabilities) -> Codec:
    if cast("Float | Int | Categorical", parameter).n_values == 1:
        return Single(parameter)
    encoding = capabilities[feature_of(parameter)].encoding
    return CODECS[encoding or "native"](parameter)
