"""Which days a dashboard shows."""

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.core.dashboard import DAYS_MAX, closed_days, last_closed_day
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
