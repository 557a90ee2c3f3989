"""The overview of a program, what is ahead of it, and the cards of all programs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta

import pytest

from services.harness import NOW, Clock, change, import_rows, new_program
from tallystick.core.balances import Balance
from tallystick.core.dashboard import DayFigures, days_of_dates
from tallystick.core.errors import InvalidField
from tallystick.core.ids import IntegrationId
from tallystick.core.members import Change
from tallystick.core.outlook import Outlook
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.validity import Duration, local_date
from tallystick.services.balances import program_totals
from tallystick.services.closing import close_days, running_closing
from tallystick.services.context import Context
from tallystick.services.dashboard import tell_days
from tallystick.services.members import member_page
from tallystick.services.outlook import store_outlooks
from tallystick.services.overview import overview, program_cards
from tallystick.store.db import Database

WINDOWS = "customerprofileid,amount,startdate,expirydate,subledgerid"
MEMBERS = [IntegrationId(name) for name in ("ann", "bob", "cid")]
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
async def own(database_url: str, clock: Clock) -> AsyncIterator[Context]:
    """A context on a database in which nothing is but what the test makes."""
    database = await Database.connect(database_url, size=4)
    yield Context(database=database, secret=b"none is needed", clock=clock)
    await database.close()


@pytest.fixture(params=[False, True], ids=["few", "many"])
def _counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of few entries, which are read at once, and the same as if these were many."""
    if request.param:
        monkeypatch.setattr("tallystick.services.outlook.FEW_ENTRIES", 2)
        monkeypatch.setattr("tallystick.services.overview.FEW_ENTRIES", 2)


async def busy(context: Context, clock: Clock, program: Program) -> None:
    """Three members with points of two ledgers, who spend, owe and wait."""
    rows = [
        f"{name},{n}0,{start},{expiry},{ledger}"
        for n, name in enumerate(MEMBERS, start=1)
        for start, expiry, ledger in [
            ("", "", ""),
            ("", "2026-06-20T10:00:00Z", ""),
            ("2026-06-18T00:00:00Z", "2026-06-25T00:00:00Z", "shop"),
            ("2026-07-16T23:59:59Z", "2026-07-17T00:00:00Z", "shop"),
            ("2026-07-17T00:00:00Z", "", "shop"),
            ("on_action", "2026-07-01T00:00:00Z", ""),
        ]
    ]
    clock.now = NOW - 2 * DAY
    await import_rows(context, program, *rows, header=WINDOWS)
    clock.now = NOW - DAY
    await change(context, program, MEMBERS[0], "-5")
    await change(context, program, MEMBERS[1], "-7", subledger="shop")
    await change(context, program, MEMBERS[2], "-99", subledger="")
    clock.now = NOW


async def told(context: Context, program: Program, subledger: str | None = None) -> Outlook:
    """What is ahead, after the closing of days has looked once."""
    await store_outlooks(context)
    today = local_date(context.clock(), program.settings.timezone)
    found = await overview(context, program, first_on=today, last_on=today, subledger=subledger)
    assert found.outlook is not None
    return found.outlook


@pytest.mark.usefixtures("_counted")
@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("subledger", [None, "", "shop", "nowhere"])
async def test_what_is_ahead_is_the_sum_of_what_is_coming_up_for_members(
    own: Context, clock: Clock, zone: str, subledger: str | None
) -> None:
    program = await new_program(own, timezone=zone, return_policy=ReturnPolicy.UNLIMITED)
    await busy(own, clock, program)
    found = await told(own, program, subledger)
    pages = [await member_page(own, program, name, subledger=subledger) for name in MEMBERS]
    sums = {
        kind: [sum(each.points for each in page.coming if each.change is kind) for page in pages]
        for kind in Change
    }
    by_day: dict[date, int] = {}
    for each in (each for page in pages for each in page.coming if each.change is Change.EXPIRES):
        day = local_date(each.at, zone)
        by_day[day] = by_day.get(day, 0) + each.points
    owed = [page.timeline[30].balance.negative for page in pages]
    assert found.at == NOW
    assert (found.expiring, found.expiring_members) == _sum(sums[Change.EXPIRES])
    assert (found.activating, found.activating_members) == _sum(sums[Change.ACTIVATES])
    assert (found.owed, found.owing_members) == _sum(owed)
    assert found.largest == max(by_day.values(), default=0)
    if found.largest_until is not None:
        day = local_date(found.largest_until - timedelta(microseconds=1), zone)
        assert by_day[day] == found.largest
    else:
        assert not by_day


def _sum(points: Sequence[int]) -> tuple[int, int]:
    return sum(points), sum(each > 0 for each in points)


async def test_what_is_stored_says_of_when_it_is(
    own: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.outlook.FEW_ENTRIES", 0)
    program = await new_program(own)
    await import_rows(own, program, "ann,1,,2026-06-20T00:00:00Z,", header=WINDOWS)
    today = NOW.date()
    before = await overview(own, program, first_on=today, last_on=today)
    assert before.outlook is None
    assert await store_outlooks(own) == 1
    clock.now = NOW + timedelta(microseconds=1)
    await change(own, program, MEMBERS[0], "1", expiry=Duration(2, "D"))
    after = await overview(own, program, first_on=today, last_on=today)
    assert after.outlook is not None
    assert (after.outlook.at, after.outlook.expiring) == (NOW, 1_00)


async def test_what_is_stored_is_left_alone_for_a_while(
    own: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.outlook.FEW_ENTRIES", 0)
    program = await new_program(own)
    await import_rows(own, program, "ann,1")
    assert await store_outlooks(own) == 1
    assert await store_outlooks(own) == 0
    clock.now = NOW + DAY
    assert await store_outlooks(own) == 1


async def test_two_processes_store_it_once(own: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallystick.services.outlook.FEW_ENTRIES", 0)
    program = await new_program(own)
    await import_rows(own, program, "ann,1")
    await asyncio.gather(*(store_outlooks(own) for _ in range(3)))
    assert await store_outlooks(own) == 0


async def test_a_server_works_it_out(own: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tallystick.services.outlook.FEW_ENTRIES", 0)
    program = await new_program(own)
    await import_rows(own, program, "ann,1")
    today = NOW.date()
    async with running_closing(own):
        while not (await overview(own, program, first_on=today, last_on=today)).outlook:  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0)


# Days


async def test_days_come_with_as_many_before_them_and_one_to_count_from(
    own: Context, clock: Clock
) -> None:
    program = await new_program(own, return_policy=ReturnPolicy.UNLIMITED)
    await busy(own, clock, program)
    clock.now = NOW + 3 * DAY
    for _ in range(2):  # worked out, and stored
        found = await overview(own, program, first_on=date(2026, 6, 14), last_on=date(2026, 6, 16))
        zone = program.settings.timezone
        span = days_of_dates(date(2026, 6, 10), date(2026, 6, 16), now=clock.now, zone=zone)
        expected = await tell_days(own, program, span)
        assert (found.before, found.days) == (expected[:4], expected[4:])
        await close_days(own)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
async def test_today_is_told_up_to_this_moment(own: Context, clock: Clock, zone: str) -> None:
    program = await new_program(own, timezone=zone, return_policy=ReturnPolicy.UNLIMITED)
    await busy(own, clock, program)
    await change(own, program, MEMBERS[0], "3")  # at this very moment
    today = local_date(NOW, zone)
    found = await overview(own, program, first_on=today - DAY, last_on=today + 3 * DAY)
    assert (len(found.days), len(found.before)) == (2, 3)
    assert found.days[-1].figures.balance == await program_totals(own, program, at=NOW)
    assert found.days[-1].figures.earned_manually == Points(3_00)


async def test_today_is_left_out_where_it_would_take_long(
    own: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.store.transactions.LONG_LOG_BYTES", 0)
    program = await new_program(own, return_policy=ReturnPolicy.UNLIMITED)
    await busy(own, clock, program)
    found = await overview(own, program, first_on=NOW.date() - DAY, last_on=NOW.date())
    assert found.leaves_out_today
    assert (len(found.days), len(found.before)) == (1, 2)


async def test_days_to_come_have_no_figures(own: Context) -> None:
    program = await new_program(own)
    found = await overview(own, program, first_on=date(2027, 1, 1), last_on=date(2027, 1, 2))
    assert (found.days, found.before) == ([], [])


async def test_dates_that_are_turned_round_are_refused(own: Context) -> None:
    program = await new_program(own)
    with pytest.raises(InvalidField, match="rangeEnd"):
        await overview(own, program, first_on=date(2026, 6, 2), last_on=date(2026, 6, 1))


async def test_a_program_of_nobody_has_zeros(own: Context) -> None:
    program = await new_program(own)
    found = await overview(own, program, first_on=date(2026, 6, 1), last_on=date(2026, 6, 2))
    assert [point.figures for point in found.days] == [DayFigures()] * 2
    assert found.outlook is not None
    assert (found.outlook.expiring, found.outlook.owing_members) == (0, 0)


# Cards


async def test_a_card_of_few_entries_tells_of_now(own: Context, clock: Clock) -> None:
    program, other = await new_program(own), await new_program(own)
    await import_rows(own, program, "ann,5", "bob,7", "cid,1")
    await change(own, program, MEMBERS[2], "-1")
    cards = await program_cards(own, [other, program])
    assert [(card.program, card.members, card.active) for card in cards] == [
        (other, 0, 0),
        (program, 2, 12_00),
    ]
    assert {card.at for card in cards} == {NOW}
    assert cards[1].trend == [Points(0)] * 30
    clock.now = NOW + 2 * DAY
    assert (await program_cards(own, [program]))[0].trend[-2:] == [None, None]
    await close_days(own)
    assert (await program_cards(own, [program]))[0].trend[-3:] == [0, 12_00, 12_00]


async def test_a_card_of_many_entries_tells_of_yesterday(
    own: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.services.overview.FEW_ENTRIES", 1)
    program = await new_program(own, timezone="Asia/Tokyo")
    await import_rows(own, program, "ann,5", "bob,7")
    clock.now = NOW + DAY
    [card] = await program_cards(own, [program])
    assert (card.members, card.active) == (None, None)
    await close_days(own)
    [card] = await program_cards(own, [program])
    assert (card.members, card.active) == (2, 12_00)
    assert card.at == datetime.fromisoformat("2026-06-17T00:00:00+09:00") - DAY
    assert Balance(active=Points(12_00)) == await program_totals(own, program, at=card.at)
