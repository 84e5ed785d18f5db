"""What a trial needs of the machine that runs it, as people write it.

cpu=2,gpu=0.5,memory=4GiB,my_custom=1
"""

from __future__ import annotations

import math
import re

from hpbridge.contract.execution import Resources
from hpbridge.errors import nearest

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {f"{unit}i": 1024**k for k, unit in enumerate("kmgt", start=1)}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]?i?)b?", re.IGNORECASE)

_NAMES = {"cpu": "cpus", "cpus": "cpus", "gpu": "gpus", "gpus": "gpus"}
_MEMORY = "memory"
_CUSTOM = re.compile(r"[A-Za-z_][\w.:/-]*")


def read_resources(text: str) -> Resources:
    """Return what a trial needs, as in ``"cpu=2,gpu=0.5,memory=4GiB,my_custom=1"``.

    What is not named is as `Resources` has it. Names are lower-case ``cpu``, ``gpu``,
    ``memory``, or an engine's own.

    Raises:
        ValueError: With all that is wrong, in one line.

    Example:
        >>> found = read_resources("cpu=2, memory=4GiB, tpu=1")
        >>> found.cpus, found.gpus, found.memory, dict(found.custom)
        (2.0, 0.0, 4294967296, {'tpu': 1.0})
    """
    plain: dict[str, float] = {}
    custom: dict[str, float] = {}
    memory: int | None = None
    problems: list[str] = []
    seen: set[str] = set()
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        known = _NAMES.get(name, name)
        problem = _problem_of(name, value, is_again=known in seen)
        seen.add(known)
        if problem is not None:
            problems.append(problem)
        elif name == _MEMORY:
            memory = size_of(value)
        else:
            (plain if name in _NAMES else custom)[known] = float(value)
    if problems:
        raise ValueError("; ".join(problems))
    return Resources(**plain, memory=memory, custom=custom)


def _problem_of(name: str, value: str, *, is_again: bool) -> str | None:
    """Return what is wrong with one of the resources; None for nothing."""
    if not name or not value:
        return "resources are NAME=AMOUNT, as in cpu=2,gpu=0.5,memory=4GiB"
    if is_again:
        return f"{name!r} is given twice"
    if not _CUSTOM.fullmatch(name):
        return f"{name!r} names no resource"
    if name.lower() in {*_NAMES, _MEMORY, "mem"} and name not in {*_NAMES, _MEMORY}:
        meant = nearest(name.lower(), [*_NAMES, _MEMORY])
        return f"there is no resource {name!r}; {meant}"
    if name == _MEMORY:
        is_amount, kind = size_of(value) is not None, "a size as in 4GiB"
    else:
        is_amount, kind = _is_amount(value), "a number, 0 or more"
    return None if is_amount else f"{name!r} must be {kind}, got {value!r}"


def _is_amount(text: str) -> bool:
    try:
        amount = float(text)
    except ValueError:
        return False
    return math.isfinite(amount) and amount >= 0


def resources_text(resources: Resources) -> str:
    """Return resources as `read_resources` reads them; no graphics card is left out.

    Example:
        >>> resources_text(Resources(gpus=0.5, memory=2**32, custom={"tpu": 1}))
        'cpu=1,gpu=0.5,memory=4GiB,tpu=1'
    """
    words = [f"cpu={resources.cpus:g}"]
    if resources.gpus:
        words.append(f"gpu={resources.gpus:g}")
    if resources.memory is not None:
        words.append(f"memory={_exact(resources.memory)}")
    words += [f"{name}={amount:g}" for name, amount in resources.custom.items()]
    return ",".join(words)


def _exact(n_bytes: int) -> str:
    for unit, power in (("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if n_bytes % 1024**power == 0:
            return f"{n_bytes // 1024**power}{unit}"
    return str(n_bytes)


def size_of(text: str | int) -> int | None:
    """Return a number of bytes, as in 4000000 or "4GiB"; None for anything else.

    Example:
        >>> size_of("4GiB"), size_of("1.5 MB"), size_of(7), size_of("much")
        (4294967296, 1500000, 7, None)
    """
    if isinstance(text, bool) or not isinstance(text, (str, int)):
        return None
    found = _SIZE.fullmatch(str(text).strip())
    size = int(float(found[1]) * _UNITS.get(found[2].lower(), 0)) if found else 0
    return size or None


def in_words(n_bytes: float) -> str:
    """Return a size in memory in the unit that suits it.

    Example:
        >>> in_words(8_589_934_592), in_words(3_000_000)
        ('8 GiB', '2.86 MiB')
    """
    for unit, power in (("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if n_bytes >= 1024**power:
            return f"{n_bytes / 1024**power:.3g} {unit}"
    return f"{n_bytes:.0f} bytes"
