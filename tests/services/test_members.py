"""Members of a program: their list, page by page, and one of them with balances day by day."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.harness import NOW, Clock, change, import_rows, new_member, new_name, new_program
from tallystick.core.balances import Balance, total_of
from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId
from tallystick.core.members import Change, MemberState
from tallystick.core.paging import Place
from tallystick.core.points import ZERO, Points
from tallystick.core.programs import JoinPolicy, Program, ReturnPolicy
from tallystick.core.validity import Duration
from tallystick.services.balances import member_balances, project_days
from tallystick.services.context import Context
from tallystick.services.erasure import erase_customer
from tallystick.services.members import (
    MemberFilter,
    count_members,
    list_members,
    member_page,
)
from tallystick.services.profiles import update_profiles

WINDOWS = "customerprofileid,amount,startdate,expirydate,subledgerid"
ALL = MemberFilter()
TICK = timedelta(microseconds=1)


@pytest.fixture
def ann() -> IntegrationId:
    """Somebody in whose books nothing was ever recorded, so that it is at the clock's instant."""
    return IntegrationId(new_name("ann"))


async def ids(context: Context, program: Program, wanted: MemberFilter = ALL) -> list[str]:
    """The ids of the members on the first page."""
    page = await list_members(context, program, wanted=wanted, place=Place(), page_size=50)
    return [member.integration_id for member in page.rows]


# The list


async def test_members_come_by_id_whatever_the_language(shared: Context, program: Program) -> None:
    await import_rows(shared, program, *(f"{name},1" for name in ("b", "B", "\u00e4", "a", "a b")))
    assert await ids(shared, program) == ["B", "a", "a b", "b", "\u00e4"]
    page = await list_members(
        shared, program, wanted=ALL, place=Place(), page_size=50, descending=True
    )
    assert [member.integration_id for member in page.rows] == ["\u00e4", "b", "a b", "a", "B"]


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_follow_one_another_forth_and_back(
    shared: Context, program: Program, *, descending: bool
) -> None:
    names = [f"page {n:02}" for n in range(10)]
    await import_rows(shared, program, *(f"{name},1" for name in names))
    names = names[::-1] if descending else names
    place, forth = Place(), []
    while True:
        page = await list_members(
            shared, program, wanted=ALL, place=place, page_size=3, descending=descending
        )
        forth.append([member.integration_id for member in page.rows])
        if page.after is None:
            break
        place = Place(after=page.after)
    assert forth == [names[0:3], names[3:6], names[6:9], names[9:]]
    back = []
    while page.before is not None:
        page = await list_members(
            shared,
            program,
            wanted=ALL,
            place=Place(before=page.before),
            page_size=3,
            descending=descending,
        )
        back.append([member.integration_id for member in page.rows])
    assert back == [names[6:9], names[3:6], names[0:3]]


async def test_whoever_is_first_fills_the_first_page(shared: Context, program: Program) -> None:
    await import_rows(shared, program, *(f"{name},1" for name in "abcd"))
    page = await list_members(shared, program, wanted=ALL, place=Place(before="b"), page_size=3)
    assert [member.integration_id for member in page.rows] == ["a", "b", "c"]
    assert (page.before, page.after) == (None, "c")


async def test_members_of_other_programs_are_not_listed(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program)
    await new_member(shared, await new_program(shared))
    await new_member(shared, await new_program(shared, sandbox=True))
    assert await ids(shared, program) == [ann]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", ["100%", "1000", "100_1"]),
        ("100", ["100%", "1000", "100_1"]),
        ("100%", ["100%"]),
        ("100_", ["100_1"]),
        ("00", []),
        ("100\\", []),
    ],
)
async def test_members_are_found_by_how_their_ids_begin(
    shared: Context, program: Program, prefix: str, expected: list[str]
) -> None:
    await import_rows(shared, program, "100%,1", "100_1,1", "1000,1")
    assert await ids(shared, program, MemberFilter(id_prefix=prefix)) == expected


async def test_members_are_found_by_what_they_have(shared: Context, clock: Clock) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    await import_rows(
        shared,
        program,
        "active,1,,,",
        "both,1,,,",
        "both,1,2026-07-01,,",
        "gone,1,,2026-06-15T12:00:01Z,",
        "owing,1,,,",
        "pending,1,2026-07-01,,",
        header=WINDOWS,
    )
    await change(shared, program, IntegrationId("owing"), "-3")
    clock.now = NOW + timedelta(seconds=1)
    for state, expected in {
        MemberState.ACTIVE: ["active", "both"],
        MemberState.PENDING: ["both", "pending"],
        MemberState.BELOW_ZERO: ["owing"],
        MemberState.NOTHING: ["gone"],
    }.items():
        wanted = MemberFilter(state=state)
        assert await ids(shared, program, wanted) == expected, state
        counted = await count_members(shared, program, wanted=wanted)
        assert (counted.count, counted.is_exact) == (len(expected), True)


async def test_a_subledger_has_members_of_its_own(shared: Context, program: Program) -> None:
    await import_rows(shared, program, "both,1,,,", "both,2,,,shop", "main,4,,,", header=WINDOWS)
    page = await list_members(
        shared, program, wanted=MemberFilter(subledger="shop"), place=Place(), page_size=50
    )
    assert [(row.integration_id, row.balance.active) for row in page.rows] == [("both", 2_00)]
    assert await ids(shared, program, MemberFilter(subledger="")) == ["both", "main"]
    assert await ids(shared, program, MemberFilter(subledger="nowhere")) == []


async def test_a_row_tells_what_a_member_has(
    shared: Context, clock: Clock, ann: IntegrationId
) -> None:
    program = await new_program(shared, join_policy=JoinPolicy.POINTS_EARNED)
    await update_profiles(shared, program.environment, [(ann, {"Name": msgspec.Raw(b'"Ann B"')})])
    rows = f"{ann},5,,2026-06-20T00:00:00Z,", f"{ann},7,,2026-06-20T00:00:00Z,a", f"{ann},1,,,"
    await import_rows(shared, program, *rows, header=WINDOWS)
    clock.now = NOW + timedelta(hours=1)
    await change(shared, program, ann, "-2")
    clock.now = NOW + timedelta(hours=2)
    [row] = (await list_members(shared, program, wanted=ALL, place=Place(), page_size=50)).rows
    assert (row.integration_id, row.name, row.joined_at) == (ann, "Ann B", NOW)
    assert row.balance == Balance(active=Points(11_00), spent=Points(2_00))
    assert row.next_expiry_at == datetime(2026, 6, 20, tzinfo=UTC)
    assert row.next_expiry == Points(10_00)
    assert row.last_at == NOW + timedelta(hours=1)


async def test_who_is_not_known_has_neither_name_nor_dates(
    shared: Context, program: Program
) -> None:
    await new_member(shared, program)
    [row] = (await list_members(shared, program, wanted=ALL, place=Place(), page_size=50)).rows
    assert (row.name, row.joined_at, row.next_expiry_at, row.next_expiry) == (None, None, None, 0)


async def test_who_was_erased_is_not_listed(shared: Context, program: Program) -> None:
    ann, bob = await new_member(shared, program), await new_member(shared, program)
    await erase_customer(shared, program.environment, ann)
    assert await ids(shared, program) == [bob]


async def test_a_search_ends_and_says_how_far_it_came(
    shared: Context, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.members._LOOKS", (2, 3))
    rows = [f"seek {n},1,{'2026-07-01' if n == 7 else ''},," for n in range(9)]
    await import_rows(shared, program, *rows, header=WINDOWS)
    wanted, place, seen = MemberFilter(state=MemberState.PENDING), Place(), []
    while True:
        page = await list_members(shared, program, wanted=wanted, place=place, page_size=3)
        seen.append([row.integration_id for row in page.rows])
        if page.after is None:
            break
        place = Place(after=page.after)
    assert seen == [[], ["seek 7"]]
    back = await list_members(
        shared, program, wanted=wanted, place=Place(before="seek 7"), page_size=3
    )
    assert (back.rows, back.before, back.after) == ([], "seek 2", "seek 2")


async def test_a_count_ends_where_there_are_too_many(
    shared: Context, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.members.COUNTED_MAX", 2)
    await import_rows(shared, program, "a,1", "b,1", "c,1")
    counted = await count_members(shared, program, wanted=ALL)
    assert (counted.count, counted.is_exact) == (2, False)


# One member


@pytest.mark.parametrize(
    "zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kolkata"]
)
async def test_the_days_of_a_member_are_what_the_balances_say(
    shared: Context, zone: str, ann: IntegrationId
) -> None:
    program = await new_program(shared, timezone=zone, return_policy=ReturnPolicy.UNLIMITED)
    await _eventful(shared, program, ann)
    page = await member_page(shared, program, ann)
    assert len(page.timeline) == 62
    for point in page.timeline:
        balances = await member_balances(shared, program, ann, at=point.at)
        assert point.balance == total_of(balances.values()), point.day
    assert page.timeline[30].at == NOW
    assert page.total == page.timeline[30].balance
    assert page.balances == await member_balances(shared, program, ann)


async def _eventful(context: Context, program: Program, ann: IntegrationId) -> None:
    """A member to whom something happens at the edges of days and in their middle."""
    clock = context.clock
    assert isinstance(clock, Clock)
    for hours in range(-75, 0, 5):
        clock.now = NOW + timedelta(hours=hours)
        if hours == -75:
            await import_rows(context, program, f"{ann},10")
        expiry = Duration(3 + hours % 4, "D")
        start = Duration(40 + hours % 7, "h")
        await change(context, program, ann, "7", start=start, expiry=expiry)
        await change(context, program, ann, "3", expiry=Duration(100 + hours, "h"), subledger="a")
        await change(context, program, ann, "-2.5")
    await change(context, program, ann, "-1000", subledger="a")
    await change(context, program, ann, "100", start=Duration(9, "D"), subledger="a")
    clock.now = NOW


@pytest.mark.parametrize(
    ("now", "zone"),
    [
        ("2026-03-29T00:59:59+00:00", "Europe/Berlin"),  # clocks go forward in a second
        ("2026-03-28T20:00:00+00:00", "Europe/Berlin"),
        ("2026-10-25T01:00:00+00:00", "Europe/Berlin"),  # clocks have just gone back
        ("2026-11-01T12:00:00+00:00", "America/Havana"),  # clocks go back across midnight
        ("2026-09-06T12:00:00+00:00", "America/Santiago"),  # a day without a midnight
    ],
)
async def test_days_are_whole_where_clocks_change(
    shared: Context, clock: Clock, now: str, zone: str, ann: IntegrationId
) -> None:
    clock.now = datetime.fromisoformat(now)
    program = await new_program(shared, timezone=zone)
    await new_member(shared, program)
    await import_rows(shared, program, f"{ann},1")
    page = await member_page(shared, program, ann)
    days = [point.day for point in page.timeline]
    assert days == [days[0] + timedelta(days=n) for n in range(62)]
    ends = [point.at for point in page.timeline if point.at != clock.now]
    for before, after in pairwise(ends[:30]):
        assert after - before in {timedelta(hours=n) for n in (23, 24, 25)}
    projected = (await project_days(shared, program, ann, days=31))[""]
    assert [day.ends_at - TICK for day in projected] == ends[30:]


async def test_what_expires_on_the_last_day_is_coming_and_after_it_not(
    shared: Context, ann: IntegrationId
) -> None:
    program = await new_program(shared, timezone="Asia/Tokyo")
    rows = [
        f"{ann},1,,2026-07-16T14:59:59Z,",  # the last second of 16 July there, in 31 days
        f"{ann},2,,2026-07-16T15:00:00Z,",
        f"{ann},4,2026-06-20T00:00:00Z,2026-06-20T00:00:01Z,a",
    ]
    await import_rows(shared, program, *rows, header=WINDOWS)
    page = await member_page(shared, program, ann)
    assert page.timeline[-1].day == date(2026, 7, 16)
    assert page.timeline[-1].balance.active == Points(2_00)
    assert [(each.at, each.change, each.points, each.subledger) for each in page.coming] == [
        (datetime(2026, 6, 20, tzinfo=UTC), Change.ACTIVATES, 4_00, "a"),
        (datetime(2026, 6, 20, 0, 0, 1, tzinfo=UTC), Change.EXPIRES, 4_00, "a"),
        (datetime(2026, 7, 16, 14, 59, 59, tzinfo=UTC), Change.EXPIRES, 1_00, ""),
    ]


async def test_what_is_coming_makes_the_last_day_of_what_is_now(
    shared: Context, ann: IntegrationId
) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    await _eventful(shared, program, ann)
    for subledger in (None, "", "a"):
        page = await member_page(shared, program, ann, subledger=subledger)
        sums = {each: sum(c.points for c in page.coming if c.change is each) for each in Change}
        now, last = page.timeline[30].balance, page.timeline[-1].balance
        assert now.active + sums[Change.ACTIVATES] - sums[Change.EXPIRES] == last.active


async def test_what_is_coming_names_the_addition(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program)
    expiry = Duration(2, "D")
    await change(shared, program, ann, "5", name="Birthday", expiry=expiry, session_id="s 1")
    [coming] = (await member_page(shared, program, ann)).coming
    assert coming.transaction is not None
    assert (coming.transaction.name, coming.transaction.session_id) == ("Birthday", "s 1")


async def test_points_that_are_spent_do_not_expire(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program)
    await change(shared, program, ann, "5", expiry=Duration(2, "D"))
    await change(shared, program, ann, "-5")
    assert (await member_page(shared, program, ann)).coming == []


async def test_one_ledger_has_days_of_its_own(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    rows = f"{ann},1,,,", f"{ann},2,,,shop"
    await import_rows(shared, program, *rows, header=WINDOWS)
    for subledger, active in ((None, 3_00), ("", 1_00), ("shop", 2_00), ("nowhere", ZERO)):
        page = await member_page(shared, program, ann, subledger=subledger)
        assert page.timeline[-1].balance.active == active
        assert page.balances.keys() == {"", "shop"}
        assert page.total.active == Points(3_00)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.integers(-80 * 60, 40 * 24 * 60))
async def test_a_moment_of_ones_own_is_what_the_balances_say(
    shared: Context, minutes: int, ann: IntegrationId
) -> None:
    program = await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)
    await _eventful(shared, program, ann)
    at = NOW + timedelta(minutes=minutes)
    page = await member_page(shared, program, ann, as_of=at)
    assert page.as_of == at
    assert page.balances == await member_balances(shared, program, ann, at=at)
    assert page.total == total_of(page.balances.values())


async def test_nobody_has_no_page(shared: Context, program: Program) -> None:
    with pytest.raises(NotFound, match="no customer profile 'nobody'"):
        await member_page(shared, program, IntegrationId("nobody"))
