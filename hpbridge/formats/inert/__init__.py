"""A reader of pickles that runs nothing which is in them."""

from __future__ import annotations

from hpbridge.formats.inert.data import Stub
from hpbridge.formats.inert.keys import InertError, brief
from hpbridge.formats.inert.reader import head, load, loads, plain, unpacked

__all__ = ["InertError", "Stub", "brief", "head", "load", "loads", "plain", "unpacked"]
