"""The files that people send and fetch: one module per format, and what the formats share."""

from typing import Any

from tallystick.core.formats.format import Format
from tallystick.core.formats.join_dates import JOIN_DATES
from tallystick.core.formats.points import POINTS

FORMATS: dict[str, Format[Any]] = {kind.name: kind for kind in (POINTS, JOIN_DATES)}
