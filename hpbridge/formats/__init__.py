"""The core's own formats of studies: tables, JSON, scikit-learn's results."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpbridge.foreign import StudyFormat

FORMATS: tuple[StudyFormat, ...] = ()
