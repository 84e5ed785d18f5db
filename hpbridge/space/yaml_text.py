"""Plain data as YAML, by PyYAML, with the scalars of YAML 1.2.

PyYAML has those of YAML 1.1, where ``1e-4`` is text, ``no`` is false and ``1:30`` is
90: a space would hold what nobody wrote.
"""

from __future__ import annotations

import functools
import math
import re
from typing import Any, cast

from hpbridge.errors import SpaceError

_TAG = "tag:yaml.org,2002:"
_NUMBER = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_SCALARS: tuple[tuple[str, str, str], ...] = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        _NUMBER + r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
)
"""Kind, pattern and first characters, as of the core schema of YAML 1.2.2, 10.3.2."""


def from_yaml(text: str, name: str) -> Any:
    """Return the data of a YAML text.

    Raises:
        SpaceError: If PyYAML is not installed.
        ValueError: If the text is no YAML, or has a key twice.
    """
    yaml = _yaml(name)
    try:
        return yaml.load(text, _loader())
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def to_yaml(data: Any) -> str:
    """Return data as the text of a YAML file.

    Raises:
        SpaceError: If PyYAML is not installed.
    """
    yaml = _yaml("a space")
    found = yaml.dump(data, Dumper=_dumper(), sort_keys=False)
    return cast("str", found)


def _yaml(name: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        headline = f"{name} cannot be read as YAML: PyYAML is not installed"
        hint = "`pip install 'hpbridge[yaml]'`, or write it as TOML or JSON"
        raise SpaceError(headline, hint=hint) from error
    return yaml


def _resolve(kind: Any) -> None:
    """Give a loader or a dumper the scalars of YAML 1.2, and no others."""
    kind.yaml_implicit_resolvers = {}
    for word, pattern, first in _SCALARS:
        # Where the first character of an empty scalar is looked up, it is "".
        letters = [*first.replace("\0", ""), *([""] if "\0" in first else [])]
        kind.add_implicit_resolver(
            f"{_TAG}{word}", re.compile(rf"^(?:{pattern})$"), letters
        )


@functools.cache
def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc,unused-ignore]
        """Reads plain data, each key once."""

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            seen: set[Any] = set()
            for key, _ in node.value:
                if key.value in seen and isinstance(key, yaml.ScalarNode):
                    line = key.start_mark.line + 1
                    msg = f"line {line}: the key {key.value!r} is there twice"
                    raise ValueError(msg)
                if isinstance(key, yaml.ScalarNode):
                    seen.add(key.value)
            return super().construct_mapping(node, deep=deep)

    def construct_int(loader: Any, node: Any) -> int:
        text = loader.construct_scalar(node)
        bases = {"0o": 8, "0x": 16}
        return int(text, bases.get(text[:2], 10))

    def construct_float(loader: Any, node: Any) -> float:
        text = loader.construct_scalar(node).lower()
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))

    _resolve(Loader)
    Loader.add_constructor(f"{_TAG}int", construct_int)
    Loader.add_constructor(f"{_TAG}float", construct_float)
    return Loader


@functools.cache
def _dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc,unused-ignore]
        """Quotes what this reader would take for something else."""

        def ignore_aliases(self, _: Any) -> bool:
            return True

    def represent_float(dumper: Any, value: float) -> Any:
        text = repr(value)
        if not math.isfinite(value):
            text = {"inf": ".inf", "-inf": "-.inf"}.get(text, ".nan")
        return dumper.represent_scalar(f"{_TAG}float", text)

    _resolve(Dumper)
    Dumper.add_representer(float, represent_float)
    return Dumper
