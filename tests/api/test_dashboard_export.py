"""`exportDashboard`: the figures of days as a CSV file."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW
from tallystick.core.programs import Program
from tallystick.services.closing import close_days

DAY = timedelta(days=1)
HEADER = (
    "date,newMembers,totalMembers,totalActivePoints,totalPendingPoints,totalExpiredPoints,"
    "earnedPointsManual,earnedPointsRuleEngine,spentPointsManual,spentPointsRuleEngine"
)
RANGE = {"rangeStart": "2026-06-15", "rangeEnd": "2026-06-17"}


async def ask(api: Api, program: Program, **parameters: str) -> httpx.Response:
    """Ask for the file."""
    return await api.manager.get(f"{program_path(program)}/dashboard/export", params=parameters)


async def lines(api: Api, program: Program, **parameters: str) -> list[str]:
    """The lines of the file."""
    answer = await ask(api, program, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.text.splitlines()


async def test_a_line_a_day_under_the_header(api: Api, ann: Member) -> None:
    await ann.deduct(1.5)
    api.clock.now = NOW + 2 * DAY
    answer = await ask(api, ann.program, **RANGE)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = ann.program.settings.name.replace(" ", "_")
    expected = f'attachment; filename="{name}-dashboard-2026-06-15-to-2026-06-17.csv"'
    assert answer.headers["content-disposition"] == expected
    assert answer.text.splitlines() == [
        HEADER,
        "2026-06-15,1,1,98.50,0.00,0.00,100.00,0.00,1.50,0.00",
        "2026-06-16,0,1,98.50,0.00,0.00,0.00,0.00,0.00,0.00",
    ]


async def test_stored_days_and_those_that_are_not_read_the_same(api: Api, ann: Member) -> None:
    api.clock.now = NOW + 3 * DAY
    before = await lines(api, ann.program, **RANGE)
    await close_days(api.context)
    assert before == await lines(api, ann.program, **RANGE)
    assert len(before) == 4


@pytest.mark.parametrize(
    ("figures", "columns"),
    [
        ("all", HEADER),
        ("members", "date,newMembers,totalMembers"),
        ("totals", "date,totalActivePoints,totalPendingPoints,totalExpiredPoints"),
        (
            "earned-and-spent , members",
            (
                "date,newMembers,totalMembers,earnedPointsManual,earnedPointsRuleEngine,"
                "spentPointsManual,spentPointsRuleEngine"
            ),
        ),
        ("imports", "date,earnedPointsImport,spentPointsImport"),
        ("all,imports", f"{HEADER},earnedPointsImport,spentPointsImport"),
    ],
)
async def test_columns_are_those_of_the_groups(
    api: Api, ann: Member, figures: str, columns: str
) -> None:
    api.clock.now = NOW + DAY
    header, day = await lines(api, ann.program, last="7-days", figures=figures), "2026-06-15"
    assert header[0] == columns
    assert header[-1].startswith(day)
    assert {line.count(",") for line in header} == {columns.count(",")}


@pytest.mark.parametrize(
    ("last", "first", "count"),
    [
        ("7-days", "2026-10-01", 7),
        ("30-days", "2026-09-08", 30),
        ("3-months", "2026-07-08", 92),
        ("year", "2025-10-08", 365),
        (None, "2026-09-08", 30),
    ],
)
async def test_frames_end_yesterday(
    api: Api, ann: Member, last: str | None, first: str, count: int
) -> None:
    api.clock.now = datetime(2026, 10, 8, 9, tzinfo=UTC)
    given = {} if last is None else {"last": last}
    _, *days = await lines(api, ann.program, **given)
    assert (first, "2026-10-07", count) == (days[0][:10], days[-1][:10], len(days))


async def test_dates_are_those_of_the_program(api: Api) -> None:
    program = await api.program(timezone="America/New_York")
    api.clock.now = datetime(2026, 6, 17, 3, 59, tzinfo=UTC)  # still the 16th in New York
    await api.member(program)
    api.clock.now += DAY
    _, *days = await lines(api, program, **RANGE, figures="members")
    assert days == ["2026-06-15,0,0", "2026-06-16,1,1"]
    _, *days = await lines(api, program, last="7-days", figures="members")
    assert days[-1] == "2026-06-16,1,1"


async def test_a_subledger_has_a_file_of_its_own(api: Api, ann: Member) -> None:
    await ann.add(9, subledgerId="shop")
    api.clock.now = NOW + DAY
    for name, active in (("shop", "9.00"), ("", "100.00"), ("unknown", "0.00")):
        found = await lines(api, ann.program, **RANGE, figures="totals", subledgerId=name)
        assert found[1:] == [f"2026-06-15,{active},0.00,0.00"]


async def test_the_file_is_listed_among_the_exports(api: Api, ann: Member) -> None:
    await lines(api, ann.program, **RANGE, figures="members,totals", subledgerId="shop")
    listed = exact(await api.manager.get("/v1/exports", params={"pageSize": 1000}))["data"][-1]
    assert listed["entity"] == "LoyaltyLedger"
    assert listed["filter"] == {
        "subledgerId": "shop",
        "rangeStart": "2026-06-15",
        "rangeEnd": "2026-06-17",
        "figures": "members,totals",
    }


@pytest.mark.parametrize(
    ("parameters", "where"),
    [
        ({"rangeStart": "2026-06-15T00:00:00Z", "rangeEnd": "2026-06-17"}, "rangeStart"),
        ({"rangeStart": "2026-06-15", "rangeEnd": "2026-02-30"}, "rangeEnd"),
        ({"rangeStart": "0001-01-01", "rangeEnd": "2026-02-20"}, "rangeStart"),
        ({"rangeStart": "2026-06-15"}, "rangeEnd"),
        ({"rangeEnd": "2026-06-15"}, "rangeStart"),
        ({"rangeStart": "2026-06-15", "rangeEnd": "2026-06-14"}, "rangeEnd"),
        ({"rangeStart": "2020-06-15", "rangeEnd": "2026-06-14"}, "rangeEnd"),
        (RANGE | {"last": "year"}, "last"),
        ({"last": "week"}, "last"),
        ({"figures": "members,everything"}, "figures"),
        ({"figures": ""}, "figures"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    api: Api, ann: Member, parameters: dict[str, str], where: str
) -> None:
    problem = refusal(await ask(api, ann.program, **parameters), 400)
    assert problem["parameter"] == where


async def test_it_is_for_managers(api: Api, ann: Member) -> None:
    answer = await api.shop.get(f"{program_path(ann.program)}/dashboard/export")
    assert refusal(answer, 401)["title"] == "not_signed_in"
