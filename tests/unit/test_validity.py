"""The calendar of points, as tables: texts, durations, clock changes, windows and local days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.errors import InvalidField
from tallystick.core.validity import (
    EARLIEST,
    LATEST,
    NEVER,
    Duration,
    Expiry,
    Keyword,
    Start,
    Window,
    end_of_days,
    is_zone,
    local_date,
    local_day_start,
    next_local_day,
    parse_duration,
    parse_expiry,
    parse_instant,
    parse_local,
    parse_start,
    render_instant,
    render_local_instant,
    resolve_window,
)

IMMEDIATE, ON_ACTION, UNLIMITED = Keyword.IMMEDIATE, Keyword.ON_ACTION, Keyword.UNLIMITED

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
LORD_HOWE = "Australia/Lord_Howe"  # moves its clocks by half an hour
CAIRO = "Africa/Cairo"  # has days without a midnight
BEIRUT = "Asia/Beirut"  # the same
HAVANA = "America/Havana"  # has days with two midnights
APIA = "Pacific/Apia"  # had no 30 December 2011
ST_JOHNS = "America/St_Johns"  # went back from 00:01 to 23:01 of the day before
KOLKATA = "Asia/Kolkata"
KATHMANDU = "Asia/Kathmandu"
SAO_PAULO = "America/Sao_Paulo"
ZONES = ["UTC", BERLIN, NEW_YORK, LORD_HOWE, CAIRO, BEIRUT, HAVANA, APIA, KOLKATA, SAO_PAULO]


def instant(text: str) -> datetime:
    parsed = parse_instant(text)
    assert parsed is not None, text
    return parsed


def duration(text: str) -> Duration:
    parsed = parse_duration(text)
    assert parsed is not None, text
    return parsed


def expires(text: str, at: str, zone: str) -> datetime:
    return resolve_window(IMMEDIATE, duration(text), at=instant(at), zone=zone).expires_at


def starts(text: str, at: str, zone: str) -> datetime:
    return resolve_window(duration(text), UNLIMITED, at=instant(at), zone=zone).start_at


# Texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-15T11:53:26Z", "2026-01-15T11:53:26+00:00"),
        ("2026-01-15t11:53:26z", "2026-01-15T11:53:26+00:00"),
        ("2026-01-15T11:53:26", "2026-01-15T11:53:26+00:00"),
        ("2026-01-15T11:53:26+00:00", "2026-01-15T11:53:26+00:00"),
        ("2026-01-15T11:53:26+0000", "2026-01-15T11:53:26+00:00"),
        ("2026-01-15T11:53:26-00:00", "2026-01-15T11:53:26+00:00"),
        ("2026-01-15T11:53:26+02:00", "2026-01-15T09:53:26+00:00"),
        ("2026-01-15T11:53:26-0530", "2026-01-15T17:23:26+00:00"),
        ("2026-01-15T11:53:26+05:45", "2026-01-15T06:08:26+00:00"),
        ("2026-01-15T11:53:26+23:59", "2026-01-14T11:54:26+00:00"),
        ("2024-05-29T15:04:05.000000+0000", "2024-05-29T15:04:05+00:00"),
        ("2026-01-15T11:53:26.1Z", "2026-01-15T11:53:26.100000+00:00"),
        ("2026-01-15T11:53:26.123456Z", "2026-01-15T11:53:26.123456+00:00"),
        ("2026-01-15T11:53:26.9999999Z", "2026-01-15T11:53:26.999999+00:00"),
        ("2026-01-15T11:53:26.123456789+01:00", "2026-01-15T10:53:26.123456+00:00"),
        ("2026-01-15T11:53:26.123456789", "2026-01-15T11:53:26.123456+00:00"),
        ("2026-01-15T11:53", "2026-01-15T11:53:00+00:00"),
        ("2026-01-15T11:53+01:00", "2026-01-15T10:53:00+00:00"),
        ("2026-01-15", "2026-01-15T00:00:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+00:00"),
        ("1900-01-01", "1900-01-01T00:00:00+00:00"),
        ("9998-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.999999+00:00"),
        ("9999-01-01T00:30:00+01:00", "9998-12-31T23:30:00+00:00"),
    ],
)
def test_every_form_of_an_instant_is_read_as_utc(text: str, expected: str) -> None:
    parsed = instant(text)
    assert expected == parsed.isoformat()
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "now",
        "immediate",
        "30D",
        "2026",
        "2026-01",
        "20260115",
        "20260115T115326Z",
        "2026-W03-4",
        "2026-015",
        "15.01.2026",
        "01/02/2026",
        "2026/01/15",
        "2026-1-5",
        "26-01-15",
        "+2026-01-15",
        "2026-02-30",
        "2026-02-29",
        "2100-02-29",
        "2026-04-31",
        "2026-00-10",
        "2026-13-01",
        "2026-01-00",
        "2026-01-32",
        "2026-01-15Z",
        "2026-01-15+02:00",
        "2026-01-15T",
        "2026-01-15T11",
        "2026-01-15T11Z",
        "2026-01-15T1153",
        "2026-01-15 11:53:26",
        "2026-01-15 11:53:26Z",
        "2026-01-15T24:00:00Z",
        "2026-01-15T24:00",
        "2026-01-15T11:60:00Z",
        "2026-01-15T11:53:60Z",
        "2026-01-15T11:53:26,5Z",
        "2026-01-15T11:53:26.Z",
        "2026-01-15T11:53:26.1234567890Z",
        "2026-01-15T11:53.5Z",
        "2026-01-15T11:53:26+2",
        "2026-01-15T11:53:26+02",
        "2026-01-15T11:53:26+24:00",
        "2026-01-15T11:53:26+02:60",
        "2026-01-15T11:53:26+02:00:30",
        "2026-01-15T11:53:26ZZ",
        "2026-01-15T11:53:26 Z",
        "2026-01-15T11:53:26 UTC",
        " 2026-01-15",
        "2026-01-15\n",
        "2026-01-15T11:53:26Z\n",
        "\uff12\uff10\uff12\uff16-01-15",
        "0000-01-01",
        "0001-01-01T00:00:00+05:00",
        "1899-12-31T23:59:59Z",
        "1900-01-01T00:00:00+01:00",
        "9999-01-01",
        "9998-12-31T23:30:00-01:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_is_not_quite_an_instant_is_none(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1s",      Duration(1, "s", "")),
        ("10m",     Duration(10, "m", "")),
        ("1h",      Duration(1, "h", "")),
        ("5D",      Duration(5, "D", "")),
        ("5D_D",    Duration(5, "D", "D")),
        ("5D_U",    Duration(5, "D", "U")),
        ("1W",      Duration(1, "W", "")),
        ("1W_U",    Duration(1, "W", "U")),
        ("3M",      Duration(3, "M", "")),
        ("3M_U",    Duration(3, "M", "U")),
        ("1Y",      Duration(1, "Y", "")),
        ("1Y_U",    Duration(1, "Y", "U")),
        ("999999s", Duration(999_999, "s", "")),
    ],
)  # fmt: skip
def test_a_duration_is_read_and_written_alike(text: str, expected: Duration) -> None:
    assert expected == parse_duration(text)
    assert text == str(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "D",
        "30",
        "0D",
        "0s",
        "05D",
        "-1D",
        "+1D",
        "1.5D",
        "1000000s",
        "1d",
        "1w",
        "1y",
        "1S",
        "1H",
        "1min",
        "1s_U",
        "1m_U",
        "1h_U",
        "1s_D",
        "1h_D",
        "1W_D",
        "1M_D",
        "1Y_D",
        "1D_",
        "1D_u",
        "1D_d",
        "1D_UU",
        "1DU",
        "1D_U_D",
        "1 D",
        " 1D",
        "1D ",
        "1D\n",
        "1M2D",
        "P1D",
        "٣D",
        "unlimited",
    ],
)
def test_what_is_not_in_the_grammar_is_no_duration(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("immediate",            IMMEDIATE),
        ("on_action",            ON_ACTION),
        ("30D",                  Duration(30, "D")),
        ("2026-01-15T00:00:00Z", datetime(2026, 1, 15, tzinfo=UTC)),
        ("unlimited",            None),
        ("Immediate",            None),
        ("",                     None),
        ("30",                   None),
    ],
)  # fmt: skip
def test_a_start_is_a_keyword_a_duration_or_an_instant(text: str, expected: Start | None) -> None:
    assert expected == parse_start(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unlimited",  UNLIMITED),
        ("1Y_U",       Duration(1, "Y", "U")),
        ("2026-01-15", datetime(2026, 1, 15, tzinfo=UTC)),
        ("immediate",  None),
        ("on_action",  None),
        ("UNLIMITED",  None),
        ("",           None),
        ("0D",         None),
    ],
)  # fmt: skip
def test_an_expiry_is_unlimited_a_duration_or_an_instant(
    text: str, expected: Expiry | None
) -> None:
    assert expected == parse_expiry(text)


def test_a_duration_outside_the_grammar_cannot_be_made() -> None:
    for count, unit, rounding in [(0, "D", ""), (1, "d", ""), (1, "W", "D"), (1, "s", "U")]:
        with pytest.raises(AssertionError):
            Duration(count, unit, rounding)


# Durations. The column "shown" of a rounded expiry is one second before the window closes.

EXAMPLES = [
    ("10m",   "2024-10-12T07:30:50"),
    ("1h",    "2024-10-12T08:20:50"),
    ("5D",    "2024-10-17T07:20:50"),
    ("5D_D",  "2024-10-17T00:00:00"),
    ("5D_U",  "2024-10-17T23:59:59"),
    ("1W",    "2024-10-19T07:20:50"),
    ("1W_U",  "2024-10-20T23:59:59"),
    ("1M",    "2024-11-12T07:20:50"),
    ("1M_U",  "2024-11-30T23:59:59"),
    ("1Y",    "2025-10-12T07:20:50"),
    ("1Y_U",  "2025-12-31T23:59:59"),
    ("90s",   "2024-10-12T07:22:20"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), EXAMPLES)
@pytest.mark.parametrize("offset", ["+00:00", "+05:30", "+05:45"])
def test_the_documented_examples_hold_in_utc_and_beside_it(
    text: str, shown: str, offset: str
) -> None:
    zone = {"+00:00": "UTC", "+05:30": KOLKATA, "+05:45": KATHMANDU}[offset]
    at = instant(f"2024-10-12T07:20:50{offset}")
    expected = instant(f"{shown}{offset}")

    as_start = resolve_window(duration(text), UNLIMITED, at=at, zone=zone)
    as_expiry = resolve_window(IMMEDIATE, duration(text), at=at, zone=zone)

    assert expected == as_start.start_at == as_start.shown_start_at == as_expiry.shown_expires_at
    after_shown = timedelta(seconds=1 if text.endswith("_U") else 0)
    assert expected + after_shown == as_expiry.expires_at


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("1M",    "2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
        ("1M",    "2024-01-31T10:00:00Z", "2024-02-29T10:00:00Z"),
        ("1M",    "2100-01-31T10:00:00Z", "2100-02-28T10:00:00Z"),
        ("1M",    "2000-01-30T10:00:00Z", "2000-02-29T10:00:00Z"),
        ("2M",    "2026-01-31T10:00:00Z", "2026-03-31T10:00:00Z"),
        ("1M",    "2026-03-31T10:00:00Z", "2026-04-30T10:00:00Z"),
        ("1M",    "2026-02-28T10:00:00Z", "2026-03-28T10:00:00Z"),
        ("1M",    "2026-12-31T10:00:00Z", "2027-01-31T10:00:00Z"),
        ("14M",   "2026-12-31T10:00:00Z", "2028-02-29T10:00:00Z"),
        ("1Y",    "2024-02-29T10:00:00Z", "2025-02-28T10:00:00Z"),
        ("4Y",    "2024-02-29T10:00:00Z", "2028-02-29T10:00:00Z"),
        ("4Y",    "2096-02-29T10:00:00Z", "2100-02-28T10:00:00Z"),
        ("1D",    "2024-02-28T10:00:00Z", "2024-02-29T10:00:00Z"),
        ("1D",    "2100-02-28T10:00:00Z", "2100-03-01T10:00:00Z"),
        ("1D",    "2026-12-31T23:59:59Z", "2027-01-01T23:59:59Z"),
        ("1s",    "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("1W",    "2026-12-28T10:00:00Z", "2027-01-04T10:00:00Z"),
        ("1D_U",  "2026-12-30T10:00:00Z", "2027-01-01T00:00:00Z"),
        ("1D_D",  "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("1D_U",  "2026-01-15T00:00:00Z", "2026-01-17T00:00:00Z"),
        ("1D_D",  "2026-01-15T00:00:00Z", "2026-01-16T00:00:00Z"),
        ("1W_U",  "2024-10-13T12:00:00Z", "2024-10-21T00:00:00Z"),
        ("1W_U",  "2024-10-14T12:00:00Z", "2024-10-28T00:00:00Z"),
        ("1W_U",  "2026-12-25T12:00:00Z", "2027-01-04T00:00:00Z"),
        ("1M_U",  "2026-01-31T10:00:00Z", "2026-03-01T00:00:00Z"),
        ("1M_U",  "2024-01-31T10:00:00Z", "2024-03-01T00:00:00Z"),
        ("1M_U",  "2026-11-30T10:00:00Z", "2027-01-01T00:00:00Z"),
        ("1Y_U",  "2024-12-31T23:59:59Z", "2026-01-01T00:00:00Z"),
        ("1Y_U",  "2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("1D",    "2026-01-15T10:00:00.123456Z", "2026-01-16T10:00:00.123456Z"),
        ("1D_U",  "2026-01-15T23:59:59.999999Z", "2026-01-17T00:00:00Z"),
    ],
)  # fmt: skip
def test_calendar_durations_end_in_the_calendar(text: str, at: str, expected: str) -> None:
    assert instant(expected) == expires(text, at, "UTC")


@pytest.mark.parametrize(
    ("zone", "text", "at", "expected"),
    [
        # Spring: 2026-03-29 02:00 becomes 03:00 in Berlin.
        (BERLIN,    "1D",   "2026-03-28T10:00:00+01:00", "2026-03-29T10:00:00+02:00"),
        (BERLIN,    "24h",  "2026-03-28T10:00:00+01:00", "2026-03-29T11:00:00+02:00"),
        (BERLIN,    "1D",   "2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        (BERLIN,    "1M",   "2026-02-28T02:30:00+01:00", "2026-03-28T02:30:00+01:00"),
        (BERLIN,    "1h",   "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"),
        (BERLIN,    "1D_U", "2026-03-28T10:00:00+01:00", "2026-03-30T00:00:00+02:00"),
        (BERLIN,    "1D_D", "2026-03-28T10:00:00+01:00", "2026-03-29T00:00:00+01:00"),
        (BERLIN,    "1M_U", "2026-02-10T10:00:00+01:00", "2026-04-01T00:00:00+02:00"),
        # Autumn: 2026-10-25 03:00 becomes 02:00 in Berlin.
        (BERLIN,    "1D",   "2026-10-24T10:00:00+02:00", "2026-10-25T10:00:00+01:00"),
        (BERLIN,    "24h",  "2026-10-24T10:00:00+02:00", "2026-10-25T09:00:00+01:00"),
        (BERLIN,    "1D",   "2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        (BERLIN,    "1M",   "2026-09-25T02:30:00+02:00", "2026-10-25T02:30:00+02:00"),
        (BERLIN,    "1h",   "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        (BERLIN,    "1D",   "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"),
        (BERLIN,    "1D_U", "2026-10-24T10:00:00+02:00", "2026-10-26T00:00:00+01:00"),
        (BERLIN,    "1W_U", "2026-10-12T10:00:00+02:00", "2026-10-26T00:00:00+01:00"),
        (NEW_YORK,  "1D",   "2026-03-07T02:30:00-05:00", "2026-03-08T03:30:00-04:00"),
        (NEW_YORK,  "1D",   "2026-10-31T01:30:00-04:00", "2026-11-01T01:30:00-04:00"),
        (NEW_YORK,  "1Y",   "2025-03-08T02:30:00-05:00", "2026-03-08T03:30:00-04:00"),
        (NEW_YORK,  "1D_U", "2026-10-31T23:30:00-04:00", "2026-11-02T00:00:00-05:00"),
        (LORD_HOWE, "1D",   "2026-10-03T02:15:00+10:30", "2026-10-04T02:45:00+11:00"),
        (LORD_HOWE, "1D",   "2026-04-04T01:45:00+11:00", "2026-04-05T01:45:00+11:00"),
        (LORD_HOWE, "24h",  "2026-04-04T12:00:00+11:00", "2026-04-05T11:30:00+10:30"),
        # Midnight itself is skipped: the day starts at 01:00.
        (CAIRO,     "1D",   "2024-04-25T00:30:00+02:00", "2024-04-26T01:30:00+03:00"),
        (CAIRO,     "1D_D", "2024-04-25T10:00:00+02:00", "2024-04-26T01:00:00+03:00"),
        (CAIRO,     "1D_U", "2024-04-24T10:00:00+02:00", "2024-04-26T01:00:00+03:00"),
        (BEIRUT,    "1D_D", "2022-03-26T10:00:00+02:00", "2022-03-27T01:00:00+03:00"),
        (BEIRUT,    "1D_U", "2022-03-25T10:00:00+02:00", "2022-03-27T01:00:00+03:00"),
        (SAO_PAULO, "1D_D", "2017-10-14T10:00:00-03:00", "2017-10-15T01:00:00-02:00"),
        (SAO_PAULO, "1W_U", "2017-10-06T10:00:00-03:00", "2017-10-16T00:00:00-02:00"),
        # The clock went back at midnight, so 23:30 came twice; and Havana has two midnights.
        (SAO_PAULO, "1D",   "2018-02-16T23:30:00-02:00", "2018-02-17T23:30:00-02:00"),
        (SAO_PAULO, "1D_U", "2018-02-16T10:00:00-02:00", "2018-02-18T00:00:00-03:00"),
        (HAVANA,    "1D_D", "2026-10-31T10:00:00-04:00", "2026-11-01T00:00:00-04:00"),
        (HAVANA,    "1D_U", "2026-10-30T10:00:00-04:00", "2026-11-01T00:00:00-04:00"),
        # 30 December 2011 did not exist.
        (APIA,      "1D",   "2011-12-29T10:00:00-10:00", "2011-12-31T10:00:00+14:00"),
        (APIA,      "2D",   "2011-12-29T10:00:00-10:00", "2011-12-31T10:00:00+14:00"),
        (APIA,      "1D_D", "2011-12-29T10:00:00-10:00", "2011-12-31T00:00:00+14:00"),
        (APIA,      "1D_U", "2011-12-28T10:00:00-10:00", "2011-12-31T00:00:00+14:00"),
        (APIA,      "1D_U", "2011-12-29T10:00:00-10:00", "2012-01-01T00:00:00+14:00"),
        # The day of the zone decides, not that of UTC.
        (KOLKATA,   "1D_U", "2026-01-14T20:00:00Z",      "2026-01-17T00:00:00+05:30"),
        (KATHMANDU, "1M_U", "2026-01-31T18:30:00Z",      "2026-04-01T00:00:00+05:45"),
        (APIA,      "1Y_U", "2025-12-31T12:00:00Z",      "2028-01-01T00:00:00+13:00"),
        (NEW_YORK,  "1Y_U", "2026-01-01T03:00:00Z",      "2027-01-01T00:00:00-05:00"),
    ],
)  # fmt: skip
def test_calendar_durations_follow_the_local_clock(
    zone: str, text: str, at: str, expected: str
) -> None:
    assert instant(expected) == expires(text, at, zone)


@pytest.mark.parametrize(
    ("zone", "text", "at", "expected"),
    [
        (BERLIN,    "5D_U", "2026-03-25T10:00:00Z", "2026-03-30T23:59:59+02:00"),
        (CAIRO,     "1D_U", "2024-04-24T10:00:00Z", "2024-04-25T23:59:59+02:00"),
        (SAO_PAULO, "1D_U", "2018-02-16T10:00:00Z", "2018-02-17T23:59:59-03:00"),
        (APIA,      "1D_U", "2011-12-28T20:00:00Z", "2011-12-29T23:59:59-10:00"),
    ],
)  # fmt: skip
def test_a_start_rounded_up_is_the_last_second_of_its_day(
    zone: str, text: str, at: str, expected: str
) -> None:
    assert instant(expected) == starts(text, at, zone)


# Windows

AT = "2026-01-15T11:53:26Z"
NEXT = "2026-01-16T11:53:26Z"
THIRD = "2026-01-17T11:53:26Z"
DUSK = "2026-01-16T23:59:59Z"


def moment(text: str) -> datetime:
    return NEVER if text == "never" else instant(text)


@pytest.mark.parametrize(
    ("start", "expiry", "start_at", "expires_at", "shown_start", "shown_expiry", "validity"),
    [
        ("immediate",  "unlimited",  AT,           "never",      None,         "never",      None),
        ("immediate",  "1D",         AT,           NEXT,         None,         NEXT,         None),
        ("immediate",  "1D_D",       AT,           "2026-01-16", None,         "2026-01-16", None),
        ("immediate",  "1D_U",       AT,           "2026-01-17", None,         DUSK,         None),
        ("immediate",  "2026-02-01", AT,           "2026-02-01", None,         "2026-02-01", None),
        ("1D",         "unlimited",  NEXT,         "never",      NEXT,         "never",      None),
        ("1D",         "1D",         NEXT,         THIRD,        NEXT,         THIRD,        None),
        ("1D",         "2026-02-01", NEXT,         "2026-02-01", NEXT,         "2026-02-01", None),
        ("1D_D",       "1W",         "2026-01-16", "2026-01-23", "2026-01-16", "2026-01-23", None),
        ("1D_U",       "1s",         DUSK,         "2026-01-17", DUSK,         "2026-01-17", None),
        ("2026-02-01", "1W",         "2026-02-01", "2026-02-08", "2026-02-01", "2026-02-08", None),
        ("2025-02-01", "1M",         "2025-02-01", "2025-03-01", "2025-02-01", "2025-03-01", None),
        ("2025-02-01", "2025-02-02", "2025-02-01", "2025-02-02", "2025-02-01", "2025-02-02", None),
        (AT,           "1D",         AT,           NEXT,         AT,           NEXT,         None),
        ("on_action",  "unlimited",  "never",      "never",      "never",      "never",      None),
        ("on_action",  "30D",        "never",      "never",      "never",      "never",      "30D"),
        ("on_action",  "2M",         "never",      "never",      "never",      "never",      "2M"),
        ("on_action",  "2026-02-01", "never",      "2026-02-01", "never",      "2026-02-01", None),
    ],
)  # fmt: skip
def test_start_and_expiry_make_a_window(
    start: str,
    expiry: str,
    start_at: str,
    expires_at: str,
    shown_start: str | None,
    shown_expiry: str,
    validity: str | None,
) -> None:
    parsed_start, parsed_expiry = parse_start(start), parse_expiry(expiry)
    assert parsed_start is not None
    assert parsed_expiry is not None

    window = resolve_window(parsed_start, parsed_expiry, at=instant(AT), zone="UTC")

    expected = Window(
        start_at=moment(start_at),
        expires_at=moment(expires_at),
        shown_start_at=moment(shown_start) if shown_start else None,
        shown_expires_at=moment(shown_expiry),
        validity=validity,
    )
    assert expected == window


@pytest.mark.parametrize(
    ("start", "expiry", "field", "found", "fix"),
    [
        (IMMEDIATE, AT, "validUntil", AT, f"after {AT}"),
        (IMMEDIATE, "2026-01-15", "validUntil", "2026-01-15T00:00:00Z", f"after {AT}"),
        ("2026-02-01", "2026-02-01", "validUntil", "2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z"),
        ("1D", "2026-01-16", "validUntil", "2026-01-16T00:00:00Z", "2026-01-16T11:53:26Z"),
        (ON_ACTION, AT, "validUntil", AT, f"after {AT}"),
        (IMMEDIATE, "9999Y", "validUntil", "9999Y", "shorter duration"),
        (IMMEDIATE, "999999Y_U", "validUntil", "999999Y_U", "shorter duration"),
        (IMMEDIATE, "7973Y", "validUntil", "7973Y", "shorter duration"),
        (IMMEDIATE, "7972Y_U", "validUntil", "7972Y_U", "shorter duration"),
        ("9000Y", "1D", "pendingUntil", "9000Y", "shorter duration"),
        ("9998-12-31", "999999h", "validUntil", "999999h", "shorter duration"),
        (NEVER, UNLIMITED, "pendingUntil", "9999-12-31T00:00:00Z", "from 1900 to 9998"),
        (IMMEDIATE, NEVER, "validUntil", "9999-12-31T00:00:00Z", "from 1900 to 9998"),
        (datetime(1899, 12, 31, tzinfo=UTC), UNLIMITED, "pendingUntil", "1899-12-31T00:00:00Z",
            "from 1900 to 9998"),
        ("9000Y", "9000Y", "pendingUntil", "9000Y", "shorter duration"),
    ],
)  # fmt: skip
def test_a_window_that_cannot_be_is_refused(
    start: Start | str, expiry: Expiry | str, field: str, found: str, fix: str
) -> None:
    parsed_start = parse_start(start) if isinstance(start, str) else start
    parsed_expiry = parse_expiry(expiry) if isinstance(expiry, str) else expiry
    assert parsed_start is not None
    assert parsed_expiry is not None

    with pytest.raises(InvalidField) as refused:
        resolve_window(parsed_start, parsed_expiry, at=instant(AT), zone="UTC")

    assert (field, found) == (refused.value.field, refused.value.found)
    assert fix in refused.value.fix


def test_a_duration_may_reach_the_last_supported_year() -> None:
    assert instant("9998-01-15T11:53:26Z") == expires("7972Y", AT, "UTC")


def test_a_refusal_names_the_fields_of_the_caller() -> None:
    with pytest.raises(InvalidField, match=r"^startdate: found 9999Y; write a shorter duration"):
        resolve_window(
            Duration(9999, "Y"), UNLIMITED, at=instant(AT), zone="UTC", start_field="startdate"
        )
    with pytest.raises(InvalidField, match=r"^expirydate: found 2026-01-01T00:00:00Z; write "):
        resolve_window(
            IMMEDIATE, instant("2026-01-01"), at=instant(AT), zone="UTC", expiry_field="expirydate"
        )


def test_an_unknown_zone_is_a_fault_and_not_a_refusal() -> None:
    for text in ("1s", "1D"):
        with pytest.raises(ValueError, match="Nowhere/Town"):
            expires(text, AT, "Nowhere/Town")


def test_a_keyword_on_the_wrong_side_is_a_fault() -> None:
    for start, expiry in [(UNLIMITED, UNLIMITED), (IMMEDIATE, ON_ACTION), (ON_ACTION, IMMEDIATE)]:
        with pytest.raises(AssertionError):
            resolve_window(start, expiry, at=instant(AT), zone="UTC")


# Zones and local days


@pytest.mark.parametrize("name", [*ZONES, "Etc/GMT+5", "America/Argentina/Buenos_Aires", "GMT"])
def test_iana_names_are_zones(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    ["", "Europe", "Europe/Atlantis", "europe/berlin", " UTC", "UTC\n", "+02:00", "CEST",
     "localtime", "posixrules", "right/UTC", "../../etc/passwd", "/etc/localtime", "a\x00b"],
)  # fmt: skip
def test_other_names_are_not_zones(name: str) -> None:
    assert not is_zone(name)


@pytest.mark.parametrize(
    ("zone", "at", "on", "day_start", "next_day"),
    [
        ("UTC",     "2026-01-15T00:00:00Z", "2026-01-15",
            "2026-01-15T00:00:00Z",         "2026-01-16T00:00:00Z"),
        (KOLKATA,   "2026-01-15T18:30:00Z", "2026-01-16",
            "2026-01-16T00:00:00+05:30",    "2026-01-17T00:00:00+05:30"),
        (BERLIN,    "2026-03-29T12:00:00Z", "2026-03-29",
            "2026-03-29T00:00:00+01:00",    "2026-03-30T00:00:00+02:00"),
        (CAIRO,     "2024-04-25T21:59:59Z", "2024-04-25",
            "2024-04-25T00:00:00+02:00",    "2024-04-26T01:00:00+03:00"),
        (CAIRO,     "2024-04-25T22:00:00Z", "2024-04-26",
            "2024-04-26T01:00:00+03:00",    "2024-04-27T00:00:00+03:00"),
        (HAVANA,    "2026-11-01T05:30:00Z", "2026-11-01",
            "2026-11-01T00:00:00-04:00",    "2026-11-02T00:00:00-05:00"),
        (APIA,      "2011-12-30T09:59:59Z", "2011-12-29",
            "2011-12-29T00:00:00-10:00",    "2011-12-31T00:00:00+14:00"),
        (ST_JOHNS,  "2007-11-04T02:45:00Z", "2007-11-04",
            "2007-11-04T00:00:00-02:30",    "2007-11-05T00:00:00-03:30"),
    ],
)  # fmt: skip
def test_an_instant_lies_in_one_local_day(
    zone: str, at: str, on: str, day_start: str, next_day: str
) -> None:
    assert date.fromisoformat(on) == local_date(instant(at), zone)
    assert instant(day_start) == local_day_start(instant(at), zone)
    assert instant(next_day) == next_local_day(instant(at), zone)


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("UTC", "2026-02-27T10:00:00Z", [
            ("2026-02-28", "2026-03-01T00:00:00Z"),
            ("2026-03-01", "2026-03-02T00:00:00Z"),
        ]),
        (BERLIN, "2026-10-23T22:30:00Z", [
            ("2026-10-25", "2026-10-26T00:00:00+01:00"),
            ("2026-10-26", "2026-10-27T00:00:00+01:00"),
        ]),
        (CAIRO, "2024-04-24T10:00:00Z", [
            ("2024-04-25", "2024-04-26T01:00:00+03:00"),
            ("2024-04-26", "2024-04-27T00:00:00+03:00"),
        ]),
        (APIA, "2011-12-28T20:00:00Z", [
            ("2011-12-29", "2011-12-31T00:00:00+14:00"),
            ("2011-12-31", "2012-01-01T00:00:00+14:00"),
        ]),
    ],
)  # fmt: skip
def test_the_coming_days_end_where_the_next_ones_start(
    zone: str, at: str, expected: list[tuple[str, str]]
) -> None:
    days = [(date.fromisoformat(on), instant(ends_at)) for on, ends_at in expected]
    assert days == end_of_days(instant(at), zone, 2)


def test_no_days_end_in_no_days() -> None:
    assert not end_of_days(instant(AT), BERLIN, 0)


# What holds for every instant, duration and zone

# Few random instants fall near a clock change, so those are drawn on purpose.
CHANGES = [
    "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-11-01T06:00:00Z", "2024-04-25T22:00:00Z",
    "2011-12-30T10:00:00Z", "2018-02-18T02:00:00Z", "2026-04-04T15:00:00Z",
]  # fmt: skip
near_changes = st.builds(
    lambda change, minutes: instant(change) + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-3000, 3000),
)
FIRST, LAST = EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)
instants = near_changes | st.datetimes(FIRST, LAST.replace(year=2300), timezones=st.just(UTC))
units = st.sampled_from([(u, "") for u in "smhDWMY"] + [("D", "D")] + [(u, "U") for u in "DWMY"])
durations = st.builds(lambda count, unit: Duration(count, *unit), st.integers(1, 2000), units)
zones = st.sampled_from(ZONES)


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_a_rendered_instant_is_read_back(at: datetime) -> None:
    assert at == parse_instant(render_instant(at)) == parse_instant(at.isoformat())


@given(durations)
def test_a_written_duration_is_read_back(drawn: Duration) -> None:
    assert drawn == parse_duration(str(drawn))


@given(st.text(max_size=30))
def test_no_text_upsets_a_parser(text: str) -> None:
    for parse in (parse_instant, parse_duration, parse_start, parse_expiry):
        parse(text)


@given(durations, durations, instants, zones)
def test_a_window_of_durations_is_never_empty(
    start: Duration, expiry: Duration, at: datetime, zone: str
) -> None:
    window = resolve_window(start, expiry, at=at, zone=zone)
    assert at < window.start_at < window.expires_at <= LATEST
    assert window.shown_start_at == window.start_at
    assert timedelta(0) <= window.expires_at - window.shown_expires_at <= timedelta(seconds=1)


@given(durations, instants, zones)
def test_a_longer_duration_never_ends_sooner(drawn: Duration, at: datetime, zone: str) -> None:
    longer = Duration(drawn.count + 1, drawn.unit, drawn.rounding)
    sooner_at = resolve_window(drawn, UNLIMITED, at=at, zone=zone).start_at
    assert sooner_at <= resolve_window(longer, UNLIMITED, at=at, zone=zone).start_at


@given(st.integers(1, 2000), instants, zones)
def test_rounding_encloses_the_plain_duration(count: int, at: datetime, zone: str) -> None:
    down, plain, up = (
        resolve_window(IMMEDIATE, Duration(count, "D", rounding), at=at, zone=zone).expires_at
        for rounding in ("D", "", "U")
    )
    assert down <= plain < up
    assert local_day_start(plain, zone) == down
    assert next_local_day(plain, zone) == up


@given(instants, st.sampled_from([*ZONES, ST_JOHNS]))
def test_local_days_follow_one_another_without_gaps(at: datetime, zone: str) -> None:
    day_start, next_start = local_day_start(at, zone), next_local_day(at, zone)
    assert day_start <= at < next_start
    assert local_day_start(next_start, zone) == next_start
    assert local_date(day_start, zone) == local_date(at, zone) < local_date(next_start, zone)


@given(instants, zones, st.integers(1, 40))
def test_the_coming_days_are_in_order_and_start_tomorrow(
    at: datetime, zone: str, count: int
) -> None:
    days = end_of_days(at, zone, count)
    assert count == len(days)
    assert days == sorted(days)
    starts_at = [next_local_day(at, zone), *(ends_at for _, ends_at in days)]
    assert [on for on, _ in days] == [local_date(start, zone) for start in starts_at[:-1]]
    assert starts_at[1:] == [next_local_day(start, zone) for start in starts_at[:-1]]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-07-01T22:30:00.500000+00:00"),
        ("Europe/Berlin", "2026-07-02T00:30:00.500000+02:00"),
        ("America/New_York", "2026-07-01T18:30:00.500000-04:00"),
        ("Asia/Kathmandu", "2026-07-02T04:15:00.500000+05:45"),
    ],
)
def test_a_local_instant_has_the_offset_of_its_zone(zone: str, expected: str) -> None:
    at = datetime(2026, 7, 1, 22, 30, 0, 500_000, tzinfo=UTC)
    assert render_local_instant(at, zone) == expected
    assert parse_instant(expected) == at


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-06-15T08:00", "America/New_York", "2026-06-15T12:00:00Z"),
        ("2026-06-15T08:00:30", "UTC", "2026-06-15T08:00:30Z"),
        ("2026-03-29T01:30", "Europe/Lisbon", "2026-03-29T01:30:00Z"),  # skipped: moved forward
        ("2026-10-25T01:30", "Europe/Lisbon", "2026-10-25T00:30:00Z"),  # twice: the earlier
        ("2026-02-30T08:00", "UTC", None),
        ("2026-06-15", "UTC", None),
        ("1899-12-31T23:00", "UTC", None),
    ],
)
def test_what_clocks_of_a_zone_show_is_an_instant(
    text: str, zone: str, instant: str | None
) -> None:
    assert parse_local(text, zone) == (None if instant is None else parse_instant(instant))
