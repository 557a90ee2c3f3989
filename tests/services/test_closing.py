"""The closing of days: once they are over, again when something was entered in them.

Any number of processes may do it, and nobody who posts waits for long.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.harness import NOW, Clock, change, import_rows, new_member, new_program
from tallystick.core.dashboard import Day, DayFigures, days_since
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import JoinPolicy, Program
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import EARLIEST
from tallystick.services import closing
from tallystick.services.closing import close_days, running_closing
from tallystick.services.context import Context
from tallystick.services.dashboard import tell_days
from tallystick.services.deletion import delete_transactions
from tallystick.services.joining import join_program
from tallystick.services.posting import post
from tallystick.services.postings import Posting
from tallystick.store import closing as closing_store
from tallystick.store import dashboard as store
from tallystick.store.db import Database, Tx

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 6, 16, tzinfo=NOW.tzinfo)


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
async def own(database_url: str, clock: Clock) -> AsyncIterator[Context]:
    """A context on a database in which nothing is but what the test makes."""
    database = await Database.connect(database_url, size=6)
    yield Context(database=database, secret=b"none is needed", clock=clock)
    await database.close()


@pytest.fixture
async def program(own: Context) -> Program:
    """A program in UTC."""
    return await new_program(own)


def addition(program: Program, member: IntegrationId, points: int = 1) -> Posting:
    """The wish to add points."""
    return Posting(
        program_id=program.id,
        integration_id=member,
        kind=Kind.ADDITION,
        points=Points(points * 100),
    )


def days_of(context: Context, program: Program, since: datetime = NOW) -> list[Day]:
    """The days that are over, from that of an instant on."""
    return list(days_since(since, now=context.clock(), zone=program.settings.timezone))


async def known(
    context: Context, program: Program, *, since: datetime = NOW
) -> list[DayFigures | None]:
    """What is stored of all ledgers together, and right."""
    days = days_of(context, program, since)
    async with context.database.reader() as reader:
        return await store.stored_days(reader, program.id, days, ledger=store.ALL_LEDGERS)


async def active(context: Context, program: Program) -> list[float]:
    """The active points at the ends of the days, as the dashboard tells them."""
    points = await tell_days(context, program, days_of(context, program))
    return [point.figures.balance.active / 100 for point in points]


async def count_touches(context: Context) -> int:
    """How many notes wait of entries in closed days."""
    async with context.database.reader() as reader:
        return int(await reader.fetchval("SELECT count(*) FROM day_touch"))


async def test_days_are_closed_once_they_are_over(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    assert await close_days(own) == 0
    clock.now = MIDNIGHT
    assert await close_days(own) == 1
    clock.now += DAY
    await change(own, program, member, "-30")
    assert await close_days(own) == 1
    assert await close_days(own) == 0
    clock.now += DAY
    assert await close_days(own) == 1
    found = await known(own, program)
    assert [each and each.balance.active for each in found] == [100_00, 100_00, 70_00]


async def test_nights_that_were_missed_are_made_up_for_in_bearable_pieces(
    own: Context, program: Program, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await new_member(own, program)
    clock.now += 12 * DAY
    monkeypatch.setattr(closing, "DAYS_MAX", 5)
    assert await close_days(own) == 12
    assert None not in await known(own, program)


async def test_only_what_is_missing_is_worked_out(
    own: Context, program: Program, clock: Clock
) -> None:
    await new_member(own, program)
    clock.now += 5 * DAY
    await close_days(own)
    async with own.database.transaction() as tx:
        await tx.execute("DELETE FROM day_figures WHERE starts_at = $1", MIDNIGHT + DAY)
    assert [each is None for each in await known(own, program)] == [
        False,
        False,
        True,
        False,
        False,
    ]
    assert await active(own, program) == [100] * 5
    assert await close_days(own) == 1


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin"])
async def test_days_are_those_of_the_program(own: Context, clock: Clock, zone: str) -> None:
    program = await new_program(own, timezone=zone)
    clock.now = datetime(
        2026, 3, 27, 23, 30, tzinfo=NOW.tzinfo
    )  # the clocks go forward on the 29th
    await new_member(own, program)
    first = days_of_zone(clock, zone)
    assert first == []
    clock.now += 3 * DAY
    days = days_of_zone(clock, zone, since=clock.now - 3 * DAY)
    assert await close_days(own) == len(days)
    async with own.database.reader() as reader:
        assert set(days) == await closing_store.list_stored(reader, program.id)


def days_of_zone(clock: Clock, zone: str, since: datetime | None = None) -> list[Day]:
    """The days of a zone that are over."""
    return list(days_since(since or clock.now, now=clock.now, zone=zone))


async def test_an_entry_that_is_under_way_while_its_day_is_closed_is_waited_for(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    async with own.database.transaction() as tx:
        await post(tx, [addition(program, member)], now=NOW)
        clock.now = MIDNIGHT
        waiting = asyncio.create_task(close_days(own))
        await until_somebody_waits(own)
    assert await waiting == 1
    assert [each and each.balance.active for each in await known(own, program)] == [101_00]
    assert await count_touches(own) == 0


async def test_who_posts_is_not_held_off_for_long(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    async with own.database.transaction() as tx:
        await post(tx, [addition(program, member)], now=NOW)
        clock.now = MIDNIGHT
        assert await close_days(own) == 0
    assert await close_days(own) == 1


async def test_an_entry_that_comes_too_late_for_its_day_is_noted(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    async with own.database.transaction() as tx:
        clock.now = MIDNIGHT
        assert await close_days(own) == 1
        await post(tx, [addition(program, member)], now=NOW)
        assert await active(own, program) == [100]
    assert await known(own, program) == [None]
    assert await active(own, program) == [101]
    assert await close_days(own) == 1
    assert await count_touches(own) == 0
    assert [each and each.balance.active for each in await known(own, program)] == [101_00]


async def test_an_entry_that_has_to_wait_for_the_closing_is_noted(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    clock.now = MIDNIGHT
    await close_days(own)

    async def add() -> None:
        async with own.database.transaction() as tx:
            await post(tx, [addition(program, member)], now=MIDNIGHT + DAY - timedelta(seconds=1))

    async with own.database.transaction() as tx:
        assert await closing_store.take_closing(tx, program.id) == MIDNIGHT
        await closing_store.announce(
            tx, program.id, until=MIDNIGHT + DAY, at_most_milliseconds=5_000
        )
        adding = asyncio.create_task(add())
        await until_somebody_waits(own)
        assert not adding.done()
    await adding
    assert await count_touches(own) == 1


async def until_somebody_waits(context: Context) -> None:
    """Wait until a transaction waits for a lock of another."""
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with context.database.reader() as reader:
        while not await reader.fetchval(waits):  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0)


async def test_an_import_that_began_before_midnight_and_ends_after_is_in_its_day(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    clock.now = MIDNIGHT
    await close_days(own)
    clock.now = NOW  # as the import took it
    await import_rows(own, program, f"{member},7")
    clock.now = MIDNIGHT
    assert await active(own, program) == [107]
    assert await close_days(own) == 1


async def test_what_is_entered_today_touches_no_closed_day(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    clock.now = MIDNIGHT
    await close_days(own)
    await change(own, program, member, "5")
    await import_rows(own, program, f"{member},7")
    await join_program(own, program, IntegrationId("somebody"))
    assert await count_touches(own) == 0


async def test_a_deletion_touches_the_days_since_the_first_of_its_entries(
    own: Context, program: Program, clock: Clock
) -> None:
    await new_member(own, program)
    clock.now = NOW + DAY
    member = await new_member(own, program, "7")
    clock.now = NOW + 3 * DAY
    await close_days(own)
    await delete_transactions(own, program, member, subledgers=None)
    assert [each is None for each in await known(own, program)] == [False, True, True]
    assert await active(own, program) == [100, 100, 100]
    assert await close_days(own) == 2
    assert await active(own, program) == [100, 100, 100]


async def test_several_processes_close_days_at_once_without_harm(
    own: Context, program: Program, clock: Clock
) -> None:
    others = [await new_program(own) for _ in range(3)]
    for each in (program, *others):
        await new_member(own, each)
    clock.now += 20 * DAY
    counts = await asyncio.gather(*(close_days(own) for _ in range(5)))
    assert sum(counts) >= 20
    assert await close_days(own) + sum(counts) == 80
    for each in (program, *others):
        assert await active(own, each) == [100] * 20


async def test_a_program_that_is_being_closed_is_left_alone(
    own: Context, program: Program, clock: Clock
) -> None:
    await new_member(own, program)
    clock.now += DAY
    assert await close_days(own) == 1
    clock.now += DAY
    async with own.database.transaction() as tx:
        assert await closing_store.take_closing(tx, program.id) is not None
        assert await close_days(own) == 0
    assert await close_days(own) == 1


async def test_days_before_the_first_entry_have_their_join_dates(
    own: Context, clock: Clock
) -> None:
    program = await new_program(own, join_policy=JoinPolicy.POINTS_EARNED)
    await join_program(own, program, IntegrationId("early"))
    clock.now += 3 * DAY
    await new_member(own, program)
    clock.now += DAY
    await close_days(own)
    found = await known(own, program)
    assert [each and each.new_members for each in found] == [1, 0, 0, 1]
    [first, *_] = await tell_days(own, program, days_of(own, program), subledger="")
    assert first.figures == DayFigures()


async def test_who_comes_back_is_not_new_however_few_days_are_asked_for(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    clock.now += DAY
    await change(own, program, member, "-100")
    clock.now += 2 * DAY
    await change(own, program, member, "5")
    clock.now += DAY
    days = days_of(own, program)
    for first in range(len(days)):
        points = await tell_days(own, program, days[first:])
        assert [point.figures.new_members for point in points] == [1, 0, 0, 0][first:]


async def test_figures_by_import_are_part_of_the_manual_ones(
    own: Context, program: Program, clock: Clock
) -> None:
    member = await new_member(own, program)
    await change(own, program, member, "7")
    await change(own, program, member, "3", source=Source.SESSION, session_id="s")
    clock.now += DAY
    [point] = await tell_days(own, program, days_of(own, program))
    found = point.figures
    assert (found.earned_manually, found.earned_by_imports) == (107_00, 100_00)
    assert found.earned_by_sessions == 3_00


async def test_closing_goes_on_when_the_database_is_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "_LOOK_SECONDS", 0.01)
    clock, looked = Clock(), asyncio.Event()
    database = await Database.connect(database_url, size=5)
    context = Context(database=database, secret=b"none is needed", clock=clock)
    program = await new_program(context)
    await new_member(context, program)
    clock.now += DAY

    async def lost(_reader: object) -> list[closing_store.Books]:
        monkeypatch.undo()
        monkeypatch.setattr(closing, "_LOOK_SECONDS", 0.01)
        looked.set()
        raise ConnectionResetError

    monkeypatch.setattr(closing_store, "list_books", lost)
    async with running_closing(context):
        await looked.wait()
        while None in await known(context, program):  # noqa: ASYNC110 - the database is asked
            await asyncio.sleep(0)
    await database.close()


async def test_touching_is_for_programs_whose_days_were_closed(
    own: Context, program: Program
) -> None:
    async def touch(tx: Tx) -> None:
        await closing_store.touch_days(tx, {program.id: EARLIEST})

    await own.database.write(touch)
    assert await count_touches(own) == 0
