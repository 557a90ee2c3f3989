"""Which days a dashboard shows."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tallystick.core.dashboard import (
    DAYS_MAX,
    Frame,
    closed_days,
    days_before,
    days_of_dates,
    days_since,
    frame_dates,
    last_closed_day,
)
from tallystick.core.errors import InvalidField
from tallystick.core.validity import render_local_instant

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def instant(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def shown(start: str, end: str, zone: str = "UTC", now: datetime = NOW) -> list[str]:
    """The beginnings of the days, in their zone."""
    days = closed_days(instant(start), instant(end), now=now, zone=zone)
    return [render_local_instant(day.starts_at, zone) for day in days]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-06-01T00:00Z", "2026-06-02T00:00Z", ["2026-06-01", "2026-06-02"]),
        ("2026-06-01T00:00Z", "2026-06-02T23:59:59Z", ["2026-06-01", "2026-06-02"]),
        ("2026-06-01T00:00:00.000001Z", "2026-06-01T23:59:59Z", []),
        ("2026-06-01T00:00Z", "2026-06-01T00:00Z", ["2026-06-01"]),
        ("2026-06-13T00:00Z", "2026-12-31T00:00Z", ["2026-06-13", "2026-06-14"]),
        ("2026-06-15T00:00Z", "2026-06-15T00:00Z", []),
        ("2027-01-01T00:00Z", "2027-02-01T00:00Z", []),
    ],
)
def test_days_that_begin_in_the_range_and_are_over_are_shown(
    start: str, end: str, expected: list[str]
) -> None:
    assert [text[:10] for text in shown(start, end)] == expected


def test_days_are_those_of_the_zone() -> None:
    assert shown("2026-06-10T00:00+02:00", "2026-06-11T00:00+02:00", "Europe/Berlin") == [
        "2026-06-10T00:00:00+02:00",
        "2026-06-11T00:00:00+02:00",
    ]
    assert shown("2026-06-10T00:00Z", "2026-06-11T00:00Z", "Europe/Berlin") == [
        "2026-06-11T00:00:00+02:00"
    ]


def test_days_follow_one_another_when_the_clocks_change() -> None:
    days = closed_days(
        instant("2026-03-28T00:00+01:00"),
        instant("2026-03-30T00:00+02:00"),
        now=NOW,
        zone="Europe/Berlin",
    )
    hours = [(day.ends_at - day.starts_at) // timedelta(hours=1) for day in days]
    assert hours == [24, 23, 24]
    assert [day.ends_at for day in days[:2]] == [day.starts_at for day in days[1:]]


def test_today_is_over_at_its_end() -> None:
    midnight = instant("2026-06-16T00:00Z")
    just_before = midnight - timedelta(microseconds=1)
    assert shown("2026-06-15T00:00Z", "2026-06-15T00:00Z", now=just_before) == []
    assert len(shown("2026-06-15T00:00Z", "2026-06-15T00:00Z", now=midnight)) == 1


def test_so_many_days_can_be_asked_for_at_a_time() -> None:
    start = instant("2024-01-01T00:00Z")
    last = start + timedelta(days=DAYS_MAX - 1)
    assert len(closed_days(start, last, now=NOW, zone="UTC")) == DAYS_MAX
    with pytest.raises(InvalidField, match=r"rangeEnd: found .*; ask for at most 400 days"):
        closed_days(start, last + timedelta(days=1), now=NOW, zone="UTC")
    with pytest.raises(InvalidField, match="rangeEnd"):
        closed_days(instant("1900-01-01T00:00Z"), NOW, now=NOW, zone="UTC")


def test_a_range_that_is_turned_round_is_refused() -> None:
    with pytest.raises(InvalidField, match=r"rangeEnd: .*not before rangeStart"):
        shown("2026-06-02T00:00Z", "2026-06-01T00:00Z")


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-06-14T00:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-06-15T00:00:00+14:00"),
        ("America/New_York", "2026-06-14T00:00:00-04:00"),
    ],
)
def test_yesterday_is_the_last_day_that_is_over(zone: str, expected: str) -> None:
    day = last_closed_day(now=NOW, zone=zone)
    assert render_local_instant(day.starts_at, zone) == expected
    assert day.starts_at < day.ends_at <= NOW


def dates(frame: Frame, now: str, zone: str = "UTC") -> str:
    """The first and the last date of a frame."""
    first_on, last_on = frame_dates(frame, now=instant(now), zone=zone)
    return f"{first_on} to {last_on}"


@pytest.mark.parametrize(
    ("frame", "now", "zone", "expected"),
    [
        ("7-days", "2026-10-08T12:00Z", "UTC", "2026-10-01 to 2026-10-07"),
        ("30-days", "2026-10-08T12:00Z", "UTC", "2026-09-08 to 2026-10-07"),
        ("3-months", "2026-10-08T12:00Z", "UTC", "2026-07-08 to 2026-10-07"),
        ("year", "2026-10-08T12:00Z", "UTC", "2025-10-08 to 2026-10-07"),
        # The first instant of a day, and the last one of the day before.
        ("7-days", "2026-10-08T00:00Z", "UTC", "2026-10-01 to 2026-10-07"),
        ("7-days", "2026-10-07T23:59:59Z", "UTC", "2026-09-30 to 2026-10-06"),
        # It is today somewhere else already, or still yesterday.
        ("7-days", "2026-10-07T11:00Z", "Pacific/Kiritimati", "2026-10-01 to 2026-10-07"),
        ("7-days", "2026-10-08T10:00Z", "Pacific/Pago_Pago", "2026-09-30 to 2026-10-06"),
        # Months that are shorter, and leap years.
        ("3-months", "2026-05-31T12:00Z", "UTC", "2026-02-28 to 2026-05-30"),
        ("3-months", "2028-05-30T12:00Z", "UTC", "2028-02-29 to 2028-05-29"),
        ("3-months", "2027-01-15T12:00Z", "UTC", "2026-10-15 to 2027-01-14"),
        ("year", "2028-02-29T12:00Z", "UTC", "2027-02-28 to 2028-02-28"),
        ("year", "2029-03-01T12:00Z", "UTC", "2028-03-01 to 2029-02-28"),
        # The clocks went forward on 29 March and back on 25 October.
        ("7-days", "2026-03-29T22:00Z", "Europe/Berlin", "2026-03-23 to 2026-03-29"),
        ("7-days", "2026-10-25T22:30Z", "Europe/Berlin", "2026-10-18 to 2026-10-24"),
    ],
)
def test_frames_end_yesterday(frame: str, now: str, zone: str, expected: str) -> None:
    assert dates(Frame(frame), now, zone) == expected


def test_a_year_is_answered_in_one_piece() -> None:
    first_on, last_on = frame_dates(Frame.LAST_YEAR, now=instant("2029-02-28T12:00Z"), zone="UTC")
    assert (last_on - first_on).days < DAYS_MAX


def of_dates(first: str, last: str, zone: str = "Europe/Berlin") -> list[str]:
    """The beginnings of the days from one date to another."""
    days = days_of_dates(
        date.fromisoformat(first),
        date.fromisoformat(last),
        now=NOW,
        zone=zone,
        first_field="from",
        last_field="to",
    )
    return [render_local_instant(day.starts_at, zone) for day in days]


def test_dates_are_whole_days_of_the_zone() -> None:
    assert of_dates("2026-03-28", "2026-03-30") == [
        "2026-03-28T00:00:00+01:00",
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    ]
    assert of_dates("2026-04-24", "2026-04-24", "Africa/Cairo") == ["2026-04-24T01:00:00+03:00"]
    assert of_dates("2011-12-29", "2011-12-31", "Pacific/Apia") == [
        "2011-12-29T00:00:00-10:00",
        "2011-12-31T00:00:00+14:00",
    ]


def test_dates_that_are_not_over_are_left_out() -> None:
    assert [text[:10] for text in of_dates("2026-06-14", "2026-06-20")] == ["2026-06-14"]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-06-02", "2026-06-01", "to: found 2026-06-01; write a day that is not before from"),
        ("2024-01-01", "2026-06-01", "to: found 2026-06-01; ask for at most 400 days"),
    ],
)
def test_dates_that_cannot_be_asked_for_are_refused(first: str, last: str, said: str) -> None:
    with pytest.raises(InvalidField, match=said):
        of_dates(first, last)


def test_days_before_a_day_begin_with_the_first_entry() -> None:
    day = last_closed_day(now=NOW, zone="UTC")
    before = days_before(day, since=NOW - timedelta(days=4), zone="UTC")
    assert [each.starts_at.day for each in before] == [11, 12, 13]
    assert days_before(day, since=None, zone="UTC") == []
    assert days_before(day, since=NOW, zone="UTC") == []


def test_days_since_an_instant_begin_with_its_own() -> None:
    assert [
        day.starts_at.day for day in days_since(NOW - timedelta(days=2), now=NOW, zone="UTC")
    ] == [
        13,
        14,
    ]
