"""The days that a page is about, as its address tells them: ?range=30d, or ?from=&to=."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from tallystick.core.dashboard import Frame, SpanFields, choose_dates
from tallystick.core.errors import InvalidField, shown
from tallystick.web.dates import day_in
from tallystick.web.visits import Visit

PRESETS: Mapping[str, tuple[Frame, str]] = {
    "7d": (Frame.LAST_7_DAYS, "Last 7 days"),
    "30d": (Frame.LAST_30_DAYS, "Last 30 days"),
    "3m": (Frame.LAST_3_MONTHS, "Last 3 months"),
    "1y": (Frame.LAST_YEAR, "Last year"),
}
STANDARD = "30d"
_FIELDS = SpanFields(frame="range", first="from", last="to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Days from the first to the last, both inclusive; preset: None if they were written."""

    preset: str | None
    first_on: date
    last_on: date

    @property
    def parameters(self) -> dict[str, str]:
        """The same as an address tells it."""
        if self.preset is not None:
            return {"range": self.preset}
        return {"from": self.first_on.isoformat(), "to": self.last_on.isoformat()}

    @property
    def days(self) -> int:
        """How many days these are."""
        return (self.last_on - self.first_on).days + 1


def range_in(visit: Visit) -> Range:
    """The days of the address, those of a preset or one's own, until today at the most.

    Days are those of the program's time zone; presets end with yesterday.
    Errors: InvalidField, of range, from or to.
    """
    first_on = day_in(visit.query.get("from"), "from")
    last_on = day_in(visit.query.get("to"), "to")
    preset = visit.query.get("range") or (STANDARD if first_on is last_on is None else None)
    if preset is not None and preset not in PRESETS:
        raise InvalidField("range", shown(preset), f"choose one of {', '.join(PRESETS)}")
    if last_on is not None and last_on > visit.show.today:
        raise InvalidField("to", last_on.isoformat(), "choose a day until today")
    frame = PRESETS[preset][0] if preset else None
    zone = visit.known_program.settings.timezone
    first, last = choose_dates(frame, first_on, last_on, now=visit.now, zone=zone, fields=_FIELDS)
    return Range(preset=preset, first_on=first, last_on=last)


def standard_range(visit: Visit) -> Range:
    """What is shown where the address tells no days that can be shown."""
    zone = visit.known_program.settings.timezone
    first, last = choose_dates(PRESETS[STANDARD][0], None, None, now=visit.now, zone=zone)
    return Range(preset=STANDARD, first_on=first, last_on=last)
