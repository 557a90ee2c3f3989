"""Stored days are what the books say, whatever happens to the past: any history, at every step."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model.histories import (
    DAY,
    MEMBERS,
    ORIGIN,
    OWING,
    STORE,
    STRICT,
    ZERO,
    Activate,
    Add,
    Again,
    Deduct,
    Delete,
    Import,
    Post,
    Step,
    Undo,
    Wait,
    WaitUntil,
    histories,
    long_lists,
    members,
)
from model.real import PROGRAMS, Clock, RealLedger
from tallystick.core.dashboard import days_since
from tallystick.core.errors import InvalidField, InvalidFile, NotFound
from tallystick.core.ids import Environment, ImportId, IntegrationId
from tallystick.core.programs import JoinPolicy, Program
from tallystick.core.validity import render_instant
from tallystick.services.closing import close_days
from tallystick.services.context import Context
from tallystick.services.dashboard import tell_days
from tallystick.services.erasure import erase_customer
from tallystick.services.joining import import_join_dates, join_program
from tallystick.services.programs import create_program
from tallystick.store import dashboard as store
from tallystick.store.db import Database


@dataclass(frozen=True, slots=True)
class Close:
    """Close the days that are over."""


@dataclass(frozen=True, slots=True)
class Join:
    """Let a member join, now, or by a file on a day that may be any."""

    member: str
    program: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Erase:
    """Forget a member."""

    member: str


OWN = (
    st.just(Close())
    | st.builds(Join, members, st.sampled_from((OWING, STRICT)), st.none() | st.integers(-5, 40))
    | st.builds(Erase, members)
)
# Of the steps of the other histories, each is followed by some of ours.
mixed = st.tuples(histories, long_lists(OWN), st.randoms(use_true_random=False)).map(
    lambda drawn: _shuffled(*drawn)
)

# Zones in which the clocks change in those days, or which are far ahead of UTC, and each policy.
SETS = {
    "berlin": (("Europe/Berlin", JoinPolicy.POINTS_ACTIVATED), ("America/New_York", None)),
    "kiritimati": (
        ("Pacific/Kiritimati", JoinPolicy.POINTS_EARNED),
        ("Africa/Cairo", JoinPolicy.POINTS_EARNED),
    ),
}


def _shuffled(history: list[Step], own: list[Close | Join | Erase], order: Random) -> list[object]:
    steps: list[object] = list(history)
    for step in own:
        steps.insert(order.randrange(len(steps) + 1), step)
    return steps


@pytest.fixture(scope="module", params=SETS)
def ledger(
    request: pytest.FixtureRequest,
    module_database_url: str,
    module_owner_url: str,
    runner: asyncio.Runner,
) -> Iterator[RealLedger]:
    """The programs, in these zones and with these policies."""
    database = runner.run(Database.connect(module_database_url, size=3))
    owner = runner.run(Database.connect(module_owner_url, size=1))
    clock = Clock()
    context = Context(database=database, secret=b"none is needed", clock=clock)
    ledger = RealLedger(context, owner, clock)
    for known, (zone, policy) in zip(PROGRAMS, SETS[request.param], strict=True):
        name = f"{known.name} in {zone}"
        chosen = replace(known, name=name, timezone=zone, join_policy=policy)
        ledger.programs[known.name] = runner.run(create_program(ledger.context, chosen))
    yield ledger
    runner.run(ledger.start())
    runner.run(database.close())
    runner.run(owner.close())


FIFTY = Add("ann", OWING, "", 50_00, "immediate", "3D")
DEDUCTED = Deduct("ann", OWING, "", 60_00)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(history=mixed)
@example(
    history=[Post((FIFTY,), ZERO), Wait(2 * DAY), Close(), Delete("ann", OWING, None), Close()]
).via("a deletion in closed days")
@example(
    history=[
        *(Post((DEDUCTED,), ZERO), Wait(DAY), Close(), Import((FIFTY,)), Wait(DAY), Close()),
        *(Undo(0, below_zero=True), Wait(DAY), Close()),
    ]
).via("an undo in closed days")
@example(
    history=[Wait(3 * DAY), Close(), Join("ben", OWING, 1), Join("ben", OWING, 2), Close()]
).via("join dates in closed days")
@example(history=[Wait(3 * DAY), Close(), Post((FIFTY,), 2 * DAY), Close()]).via("a clock behind")
def test_stored_days_are_what_the_books_say_at_every_step(
    history: list[object], runner: asyncio.Runner, ledger: RealLedger
) -> None:
    runner.run(_compare(ledger, history))


async def _compare(ledger: RealLedger, history: list[object]) -> None:
    await ledger.start()
    files: list[tuple[str, ImportId]] = []
    for name in ledger.programs:
        await _import(
            ledger, tuple(Add(m, name, "", 20_00, "immediate", "5D") for m in MEMBERS), files
        )
    for step in [*history, Close()]:
        await _take(ledger, step, files)
        for program in ledger.programs.values():
            for subledger in (None, STORE):
                await _check(ledger.context, program, subledger)
    await _check_all_stored(ledger)


async def _take(ledger: RealLedger, step: object, files: list[tuple[str, ImportId]]) -> None:
    match step:
        case Wait(time=time):
            ledger.clock.now += time
        case WaitUntil(boundaries=boundaries):
            ledger.clock.now += boundaries * timedelta(hours=7)
        case Close():
            await close_days(ledger.context)
        case _:
            with suppress(NotFound):  # who was erased
                await _enter(ledger, step, files)


async def _enter(ledger: RealLedger, step: object, files: list[tuple[str, ImportId]]) -> None:
    match step:
        case Post(batch=batch, behind=behind):
            postings = [ledger.posting(wish) for wish in batch]
            await ledger.post(postings, now=ledger.clock.now - behind)
        case Import(rows=rows):
            rows = tuple(replace(row, program=rows[0].program) for row in rows)
            await _import(ledger, rows, files)
        case Undo(back=back, below_zero=below_zero):
            name, file = files[-1 - back % len(files)]
            await ledger.undo(name, file, below_zero=below_zero)
        case Activate(member=member, program=name):
            await ledger.activate(member, name)
        case Delete(member=member, program=name, subledger=subledger):
            await ledger.delete(member, name, subledger)
        case Join(member=member, program=name, days=days):
            await _join(ledger, member, ledger.programs[name], days)
        case Erase(member=member):
            await erase_customer(ledger.context, Environment.LIVE, IntegrationId(member))
        case _:
            assert isinstance(step, Again)


async def _import(
    ledger: RealLedger, rows: tuple[Add, ...], files: list[tuple[str, ImportId]]
) -> None:
    file = await ledger.import_file(rows)
    if file is not None:
        files.append((rows[0].program, file))


async def _join(ledger: RealLedger, member: str, program: Program, days: int | None) -> None:
    if days is None:
        with suppress(InvalidField):
            await join_program(ledger.context, program, IntegrationId(member))
        return
    text = f"profileintegrationid,joindate\n{member},{render_instant(ORIGIN + days * DAY)}"
    with suppress(InvalidFile):  # the member is gone
        file = io.BytesIO(text.encode())
        await import_join_dates(ledger.context, program, file, file_name="joined.csv")


async def _check(context: Context, program: Program, subledger: str | None) -> None:
    """Prove that what is told of all days is what is worked out from the books."""
    now, zone = context.clock(), program.settings.timezone
    days = list(days_since(ORIGIN - 7 * DAY, now=now, zone=zone))
    told = await tell_days(context, program, days, subledger=subledger)
    async with context.database.reader() as reader:
        ledger = await store.find_ledger(reader, program.id, subledger)
        worked_out = await store.figures_of_days(reader, program.id, days, before=[], ledger=ledger)
    assert worked_out == [point.figures for point in told], (program.settings.name, subledger)


async def _check_all_stored(ledger: RealLedger) -> None:
    """Prove that no day was left out, so that what was compared was read and not worked out."""
    for program in ledger.programs.values():
        now, zone = ledger.clock.now, program.settings.timezone
        days = list(days_since(ORIGIN - 7 * DAY, now=now, zone=zone))
        async with ledger.context.database.reader() as reader:
            known = await store.stored_days(reader, program.id, days, ledger=store.ALL_LEDGERS)
        assert None not in known
