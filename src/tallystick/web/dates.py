"""Days as forms and addresses give them, in the time zone of a program."""

from datetime import date, datetime, timedelta

from tallystick.core.errors import InvalidField, shown
from tallystick.core.validity import DAY_FIX, local_midnight, next_local_day, parse_day

_TICK = timedelta(microseconds=1)


def day_in(text: str | None, field: str) -> date | None:
    """The day that a field or parameter names, None if it is empty. Errors: InvalidField."""
    if not text:
        return None
    on = parse_day(text)
    if on is None:
        raise InvalidField(field, shown(text), DAY_FIX)
    return on


def first_instant(on: date | None, zone: str) -> datetime | None:
    """When a local day begins; None of none."""
    return None if on is None else local_midnight(on, zone)


def end_of(on: date, zone: str) -> datetime:
    """The first instant after a local day."""
    return next_local_day(local_midnight(on, zone), zone)


def last_instant(on: date | None, zone: str) -> datetime | None:
    """The last microsecond of a local day; None of none."""
    return None if on is None else end_of(on, zone) - _TICK
