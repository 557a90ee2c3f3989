"""When points can be spent: instants, durations and the windows that follow from them.

Instants are aware UTC datetimes to the microsecond, windows are half-open, and "never" is an
instant of its own. The only place that knows calendars and time zones. Durations shorter than a day
are elapsed time; longer ones move the local wall clock of the program's zone: the day is clamped to
its month, a time that does not exist moves forward, one that occurs twice is the earlier.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from typing import Final, Literal

from whenever import (
    Date,
    Instant,
    ItemizedDateDelta,
    PlainDateTime,
    ZonedDateTime,
    available_timezones,
    nanoseconds,
)

from tallystick.core.errors import InvalidField

NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # not yet activated, or without an end
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)  # a year short of NEVER

INSTANT_FIX = "write an instant from 1900 to 9998 like 2026-01-15T11:53:26Z"
DURATION_FIX = (
    "write a whole number from 1 to 999999 and a unit (s, m, h, D, W, M or Y), like 30D;"
    " _D after D rounds down and _U after D, W, M or Y rounds up, like 1M_U"
)
START_FIX = (
    "write immediate, on_action, a duration like 30D, or an instant like 2026-01-15T11:53:26Z"
)
EXPIRY_FIX = "write unlimited, a duration like 1Y_U, or an instant like 2026-01-15T11:53:26Z"

DAY_FIX = "write a day from 1900 to 9998 like 2026-01-15"

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?)?"
)
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhDWMY])(?:_((?<=D_)D|(?<=[DWMY]_)U))?")

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_PERIODS: Final[dict[str, Literal["day", "week_mon", "month", "year"]]] = {
    "D": "day",
    "W": "week_mon",
    "M": "month",
    "Y": "year",
}
_A_SECOND: Final = timedelta(seconds=1)


class Keyword(Enum):
    """The words that stand where an instant or a duration could."""

    IMMEDIATE = "immediate"
    ON_ACTION = "on_action"
    UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True)
class Duration:
    """A count of seconds (s), minutes (m), hours (h), days (D), weeks (W), months (M) or years (Y).

    `rounding` is "D" for down to the start of the day, "U" for up to the end of the unit, or "".
    """

    count: int
    unit: str
    rounding: str = ""

    def __post_init__(self) -> None:
        assert _DURATION.fullmatch(str(self)), self

    def __str__(self) -> str:
        suffix = f"_{self.rounding}" if self.rounding else ""
        return f"{self.count}{self.unit}{suffix}"


Start = Keyword | Duration | datetime  # not UNLIMITED
Expiry = Keyword | Duration | datetime  # of the keywords only UNLIMITED


def written(moment: Start | Expiry | None) -> str | None:
    """A start or an expiry as text that stays the same from version to version."""
    match moment:
        case Keyword():
            return moment.value
        case Duration():
            return str(moment)
        case datetime():
            return moment.isoformat()
        case _:
            return None


def read_written(text: str | None) -> Keyword | Duration | datetime | None:
    """What `written` has written."""
    if text is None:
        return None
    if text in {word.value for word in Keyword}:
        return Keyword(text)
    return parse_duration(text) or datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When points can be spent: `start_at <= t < expires_at`.

    The shown instants are what people asked for. A start of None reads "immediate", one of NEVER
    "on_action", an expiry of NEVER "unlimited"; an expiry that was rounded up is shown as the last
    second inside the window. `validity` is the duration that will run from an awaited activation.
    """

    start_at: datetime
    expires_at: datetime
    shown_start_at: datetime | None
    shown_expires_at: datetime
    validity: str | None


def parse_instant(text: str) -> datetime | None:
    """The instant that `text` writes out, or None if it is not one from EARLIEST to LATEST.

    Units: RFC 3339 with the liberties that clients take: the offset may lack its colon or be
    missing (then it is UTC), seconds may be missing, a date alone is its midnight in UTC, fractions
    are cut to microseconds. Source: domain sections A13 and B0 row 5.
    """
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        given = datetime.fromisoformat(text.upper())
        if given.tzinfo is None:
            given = given.replace(tzinfo=UTC)
        elif given.tzinfo is not UTC:
            given = given.astimezone(UTC)
    except (ValueError, OverflowError):  # 30 February, or an offset that leaves the years 1 to 9999
        return None
    return given if EARLIEST <= given <= LATEST else None


def parse_day(text: str) -> date | None:
    """The date that `text` writes out like 2026-01-15, None if it is not one from 1900 to 9998."""
    if _DAY.fullmatch(text) is None:
        return None
    try:
        given = date.fromisoformat(text)
    except ValueError:
        return None
    return given if EARLIEST.date() <= given <= LATEST.date() else None


def parse_local(text: str, zone: str) -> datetime | None:
    """The instant at which clocks of the zone show what `text` writes out like 2026-01-15T11:53.

    None if it writes no time from EARLIEST to LATEST.
    """
    if _LOCAL.fullmatch(text) is None or parse_instant(text) is None:
        return None
    local = PlainDateTime(datetime.fromisoformat(text))
    at = local.assume_tz(zone, disambiguation="compatible").to_instant().to_stdlib()
    return at if EARLIEST <= at <= LATEST else None


def parse_duration(text: str) -> Duration | None:
    """The duration that `text` writes out, or None. Units are case-sensitive: m and M differ."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    count, unit, rounding = match.groups()
    return Duration(int(count), unit, rounding or "")


@lru_cache(maxsize=1_000)
def parse_start(text: str) -> Start | None:
    """What `text` says about the start of points, or None."""
    if text in {"immediate", "on_action"}:
        return Keyword(text)
    return parse_duration(text) or parse_instant(text)


@lru_cache(maxsize=1_000)
def parse_expiry(text: str) -> Expiry | None:
    """What `text` says about the expiry of points, or None."""
    if text == "unlimited":
        return Keyword.UNLIMITED
    return parse_duration(text) or parse_instant(text)


def render_instant(at: datetime) -> str:
    """RFC 3339 text in UTC, with a fraction only where there is one: 2026-01-15T11:53:26Z."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def render_local_instant(at: datetime, zone: str) -> str:
    """The same with the offset of a time zone at that instant: 2026-01-15T12:53:26+01:00."""
    return Instant(at).to_tz(zone).to_stdlib().isoformat()


def resolve_window(  # noqa: PLR0913 - the last two only name what is refused
    start: Start,
    expiry: Expiry,
    *,
    at: datetime,
    zone: str,
    start_field: str = "pendingUntil",
    expiry_field: str = "validUntil",
) -> Window:
    """The window of points that are added at `at` to a program whose zone is `zone`.

    A start's duration runs from `at`, an expiry's from the start, or from the activation that is
    still awaited: then it is kept as text.
    Errors: InvalidField, first for the start and then for the expiry, where an instant leaves the
    supported range; then where the points would expire before they can be spent.
    Source: domain sections A3 and A5, decision I-12.
    """
    assert EARLIEST <= at <= LATEST, at
    start_at, shown_start_at = _resolve_start(start, at=at, zone=zone, field=start_field)
    awaits = start is Keyword.ON_ACTION
    if awaits and isinstance(expiry, Duration):
        expires_at, shown_expires_at, validity = NEVER, NEVER, str(expiry)
    else:
        origin = at if awaits else start_at
        expires_at, shown_expires_at = _resolve_expiry(expiry, origin, zone, expiry_field)
        validity = None
    return Window(
        start_at=start_at,
        expires_at=expires_at,
        shown_start_at=shown_start_at,
        shown_expires_at=shown_expires_at,
        validity=validity,
    )


def _resolve_start(
    start: Start, *, at: datetime, zone: str, field: str
) -> tuple[datetime, datetime | None]:
    assert start is not Keyword.UNLIMITED
    if start is Keyword.IMMEDIATE:
        return at, None
    if start is Keyword.ON_ACTION:
        return NEVER, NEVER
    if isinstance(start, Duration):
        over_at = _over_at(start, at, zone, field)
        # Nothing excludes a start: rounded up, it is the last second itself.
        start_at = over_at - _A_SECOND if start.rounding == "U" else over_at
    else:
        start_at = _supported(start, field)
    return start_at, start_at


def _resolve_expiry(
    expiry: Expiry, origin: datetime, zone: str, field: str
) -> tuple[datetime, datetime]:
    """The exclusive end of a window that opens at `origin`, and the end as it is shown."""
    if isinstance(expiry, Keyword):
        assert expiry is Keyword.UNLIMITED
        return NEVER, NEVER
    if isinstance(expiry, Duration):
        expires_at = _over_at(expiry, origin, zone, field)
    else:
        expires_at = _supported(expiry, field)
    if expires_at <= origin:
        earliest = render_instant(origin)
        fix = f"write unlimited, or an instant after {earliest}, when the points can start at best"
        raise InvalidField(field, _written(expiry), fix)
    rounded_up = isinstance(expiry, Duration) and expiry.rounding == "U"
    return expires_at, expires_at - _A_SECOND if rounded_up else expires_at


def _over_at(duration: Duration, since: datetime, zone: str, field: str) -> datetime:
    """The first instant at which `duration` is over; rounded up, that of the next day."""
    local = Instant(since).to_tz(zone)  # out here, because an unknown zone is a ValueError too
    try:
        if duration.unit in _SECONDS:
            over_at = since + timedelta(seconds=duration.count * _SECONDS[duration.unit])
        else:
            over_at = _calendar_over_at(duration, local, zone)
    except (ValueError, OverflowError):  # past the last year of either library
        over_at = NEVER
    if over_at > LATEST:
        fix = "write a shorter duration: points start and end before the year 9999, or never"
        raise InvalidField(field, str(duration), fix)
    return over_at


def _calendar_over_at(duration: Duration, local: ZonedDateTime, zone: str) -> datetime:
    step = ItemizedDateDelta(f"P{duration.count}{duration.unit}")  # ISO 8601 has the same letters
    moved = local.to_plain().add(step).assume_tz(zone, disambiguation="compatible")
    if duration.rounding == "D":
        moved = moved.start_of("day")
    elif duration.rounding == "U":
        moved = moved.end_of(_PERIODS[duration.unit]) + nanoseconds(1)
    return moved.to_instant().to_stdlib()


def _supported(instant: datetime, field: str) -> datetime:
    if not EARLIEST <= instant <= LATEST:
        raise InvalidField(field, _written(instant), INSTANT_FIX)
    return instant


def _written(given: Duration | datetime) -> str:
    return str(given) if isinstance(given, Duration) else render_instant(given)


@cache
def _zones() -> frozenset[str]:
    """Every zone of the machine and of the tzdata package; looked up once, it opens many files."""
    return frozenset(available_timezones())


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA time zone that this machine knows, like Europe/Berlin."""
    return name in _zones()


def list_zones() -> list[str]:
    """The names of all IANA time zones that this machine knows, sorted."""
    return sorted(_zones())


# Local days follow one another without gap or overlap. Where clocks go back across midnight, the
# evening that is repeated belongs to the day that has already begun; a day that a zone skipped
# (Apia had no 30 December 2011) is none.


def local_date(at: datetime, zone: str) -> date:
    """The local day that contains `at`."""
    return Instant(at).to_tz(zone).start_of("day").date().to_stdlib()


def local_day_start(at: datetime, zone: str) -> datetime:
    """The first instant of the local day that contains `at`; not every day has a midnight."""
    return Instant(at).to_tz(zone).start_of("day").to_instant().to_stdlib()


def local_midnight(on: date, zone: str) -> datetime:
    """The first instant of a local day; of a day that the zone skipped, that of the next one."""
    midnight = PlainDateTime(on.year, on.month, on.day).assume_tz(zone, disambiguation="compatible")
    return local_day_start(midnight.to_instant().to_stdlib(), zone)


def months_before(on: date, months: int) -> date:
    """The same day of an earlier month, or that month's last."""
    return Date(on).subtract(ItemizedDateDelta(f"P{months}M")).to_stdlib()


def next_local_day(at: datetime, zone: str) -> datetime:
    """The first instant of the local day after the one that contains `at`."""
    end_of_day = Instant(at).to_tz(zone).end_of("day").to_instant()
    return (end_of_day + nanoseconds(1)).to_stdlib()


def end_of_days(at: datetime, zone: str, count: int) -> list[tuple[date, datetime]]:
    """The next `count` local days from tomorrow on, in order, each with its exclusive end."""
    days = []
    start_at = next_local_day(at, zone)
    for _ in range(count):
        ends_at = next_local_day(start_at, zone)
        days.append((local_date(start_at, zone), ends_at))
        start_at = ends_at
    return days
