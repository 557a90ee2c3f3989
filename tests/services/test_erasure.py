"""Erasing a customer: the person is gone, the books still add up, and nothing is lost."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from services.harness import NOW, Clock, change, import_rows, new_member, new_name, new_program
from tallystick.core.balances import Balance
from tallystick.core.errors import Busy, NotFound
from tallystick.core.ids import Environment, IntegrationId, profile_holder
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.services.activation import activate_transactions
from tallystick.services.balances import member_balances, program_totals
from tallystick.services.changes import record_change
from tallystick.services.context import Context, Limits
from tallystick.services.deletion import delete_transactions
from tallystick.services.erasure import erase_customer
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish
from tallystick.services.exports import record_export
from tallystick.services.imports import import_points
from tallystick.services.joining import join_program
from tallystick.services.postings import Posted
from tallystick.services.profiles import get_profile, update_profiles
from tallystick.services.transactions import TransactionFilter, list_transactions
from tallystick.services.verify import verify

LIVE = Environment.LIVE
LATER = NOW + timedelta(days=3)


@pytest.fixture
async def program(shared: Context) -> Program:
    """A program in which members may owe points."""
    return await new_program(shared, return_policy=ReturnPolicy.UNLIMITED)


@pytest.fixture
async def ann(shared: Context, program: Program, clock: Clock) -> IntegrationId:
    """A member of whom there is everything there can be."""
    name = await new_member(shared, program)
    await join_program(shared, program, name)
    await update_profiles(shared, LIVE, [(name, {})])
    await change(shared, program, name, "5", name="Thank you, Ann", idempotency_key="k")
    await change(shared, program, name, "-30", session_id="session of Ann")
    await change(shared, program, name, "-100")
    await import_rows(
        shared,
        program,
        f"{name},7,2026-06-16T00:00:00Z,2026-06-20T00:00:00Z,",
        f"{name},8,on_action,,",
        f"{name},9,,,store",
        header="customerprofileid,amount,startdate,expirydate,subledgerid",
    )
    found = await list_transactions(
        shared, program, name, wanted=TransactionFilter(), page_size=100, skip=0
    )
    waiting = [each.uuid for each in found.transactions if each.amount == 8_00]
    await activate_transactions(shared, program, waiting)
    await delete_transactions(shared, program, name, subledgers=["store"])
    clock.now = NOW + timedelta(days=2)
    return name


async def offences(context: Context) -> list[str]:
    """The promises that the books break."""
    return [finding.check async for finding in verify(context) if finding.offenders]


async def file_of_balances(context: Context, program: Program) -> list[dict[str, str]]:
    """The rows of the balances file."""
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    await export_file(context, program, BalancesWish(at=LATER), output=take)
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode())))


async def fetch(context: Context, query: str, *arguments: object) -> list[Any]:
    """The first column of what the database answers."""
    async with context.database.reader() as reader:
        return [row[0] for row in await reader.fetch(query, *arguments)]


async def test_a_person_who_is_erased_is_not_found(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    await erase_customer(shared, LIVE, ann)
    with pytest.raises(NotFound):
        await get_profile(shared, LIVE, ann)
    with pytest.raises(NotFound):
        await member_balances(shared, program, ann)
    with pytest.raises(NotFound):
        await erase_customer(shared, LIVE, ann)
    assert isinstance(await change(shared, program, ann, "5"), NotFound)


async def test_the_same_name_begins_with_nothing(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    await update_profiles(shared, LIVE, [(ann, {})])
    before = await get_profile(shared, LIVE, ann)
    await erase_customer(shared, LIVE, ann)
    [after] = await update_profiles(shared, LIVE, [(ann, {})])
    assert after.id > before.id
    assert await member_balances(shared, program, ann) == {"": Balance()}
    outcome = await change(shared, program, ann, "5", name="Thank you, Ann", idempotency_key="k")
    assert isinstance(outcome, Posted)
    assert not outcome.replayed
    assert not await offences(shared)


async def test_the_books_say_what_they_said_before(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    await new_member(shared, program)
    instants = [NOW + timedelta(hours=12 * n) for n in range(12)]
    totals = [await program_totals(shared, program, at=at) for at in instants]
    assert await offences(shared) == []
    rows = await file_of_balances(shared, program)
    assert any(row["profileIntegrationID"] == ann for row in rows)
    await erase_customer(shared, LIVE, ann)
    assert [await program_totals(shared, program, at=at) for at in instants] == totals
    assert await offences(shared) == []
    [erased] = await fetch(
        shared,
        "SELECT integration_id FROM holder WHERE erased_at IS NOT NULL"
        " ORDER BY profile_id DESC LIMIT 1",
    )
    for row in rows:
        if row["profileIntegrationID"] == ann:
            row["profileIntegrationID"] = erased
    order = ("profileIntegrationID", "loyaltySubledger")
    assert await file_of_balances(shared, program) == sorted(
        rows, key=lambda row: tuple(row[column] for column in order)
    )


async def test_nothing_of_the_person_is_left_in_the_database(
    shared: Context, program: Program, ann: IntegrationId
) -> None:
    name = IntegrationId(f"{ann}/née Smith")
    await update_profiles(shared, LIVE, [(name, {})])
    holder_id = profile_holder(name, LIVE)
    await change(shared, program, name, "5", name=f"For {name}", session_id=f"of {name}")
    await change(shared, program, name, "1", idempotency_key=f"key of {name}")
    path = f"/v1/loyalty_programs/{program.id}/profile/member%2053%2Fn%C3%A9e%20Smith/add_points"
    path = path.replace("member%2053", ann.replace(" ", "%20"))
    async with shared.database.transaction() as tx:
        now = shared.clock()
        await record_change(tx, None, path, now=now, old={"name": name}, new={"name": name})
        await record_change(tx, None, "/v1/loyalty_programs/1", now=now, new={"title": "kept"})
        filter_ = {"integrationId": name, "rangeStart": "2026-01-01"}
        await record_export(
            tx, None, "LoyaltyLedgerLog", program_id=program.id, filter_=filter_, now=now
        )
    await erase_customer(shared, LIVE, name)
    tables = await fetch(
        shared,
        "SELECT relname FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    assert {"holder", "change", "data_export"} <= set(tables)
    for table in tables:
        rows = await fetch(shared, f"SELECT t::text FROM {table} AS t")  # noqa: S608 - of the catalog
        for text in (name, str(holder_id), "née", "n%C3%A9e"):
            assert not [row for row in rows if text in row], table
    [profile_id] = await fetch(
        shared, "SELECT max(profile_id) FROM holder WHERE erased_at IS NOT NULL"
    )
    entities = await fetch(
        shared, "SELECT entity FROM change WHERE strpos(entity, $1) > 0", "erased-"
    )
    assert f"/v1/loyalty_programs/{program.id}/profile/erased-{profile_id}/add_points" in entities
    assert f"/v1/customer_data/erased-{profile_id}" in entities
    [filters] = await fetch(
        shared, "SELECT filter FROM data_export ORDER BY export_id DESC LIMIT 1"
    )
    assert f'"integrationId": "erased-{profile_id}"' in filters
    assert '"rangeStart": "2026-01-01"' in filters
    assert await fetch(shared, "SELECT new FROM change WHERE entity = '/v1/loyalty_programs/1'")


async def test_every_table_by_holder_is_thought_of(shared: Context) -> None:
    """A new one has to be added to the statement that moves a holder's rows, and here."""
    tables = await fetch(
        shared,
        "SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE c.relkind = 'r' AND a.attname = 'holder_id'",
    )
    moved = {"holder", "transaction_", "lot", "allocation", "reversal", "membership"}
    assert set(tables) == moved | {"profile", "idempotency"}


async def test_names_that_look_alike_are_left_alone(shared: Context) -> None:
    for name in ("7", "profile", "a%b", "a_b"):
        await update_profiles(shared, LIVE, [(IntegrationId(name), {})])
    kept = ["/v1/loyalty_programs/7/profile/77", "/v1/loyalty_programs/7", "/v1/profile/axb"]
    async with shared.database.transaction() as tx:
        for entity in kept:
            await record_change(tx, None, entity, now=shared.clock(), new={"kept": True})
    for name in ("7", "profile", "a%b", "a_b"):
        await erase_customer(shared, LIVE, IntegrationId(name))
    query = "SELECT entity FROM change WHERE new = '{\"kept\": true}' ORDER BY change_id"
    assert await fetch(shared, query) == kept


async def test_the_other_environment_keeps_its_person(shared: Context, program: Program) -> None:
    name = await new_member(shared, program)
    await update_profiles(shared, Environment.SANDBOX, [(name, {})])
    await erase_customer(shared, Environment.SANDBOX, name)
    with pytest.raises(NotFound):
        await get_profile(shared, Environment.SANDBOX, name)
    assert (await member_balances(shared, program, name))[""].active == 100_00


async def test_a_new_id_cannot_be_worked_out(shared: Context, program: Program) -> None:
    name = await new_member(shared, program)
    await erase_customer(shared, LIVE, name)
    [holder_id] = await fetch(
        shared,
        "SELECT holder_id FROM holder WHERE erased_at IS NOT NULL ORDER BY profile_id DESC LIMIT 1",
    )
    assert holder_id.version == 4
    assert profile_holder(name, LIVE).version == 5


# At the same time


async def test_postings_and_an_erasure_at_once_lose_nothing(
    shared: Context, program: Program
) -> None:
    name = await new_member(shared, program)
    outcomes = await asyncio.gather(
        *(change(shared, program, name, "1") for _ in range(5)),
        erase_customer(shared, LIVE, name),
        *(change(shared, program, name, "1") for _ in range(5)),
    )
    posted = sum(isinstance(outcome, Posted) for outcome in outcomes)
    totals = await program_totals(shared, program, at=LATER)
    assert totals.active == 100_00 + posted * 1_00
    assert not await offences(shared)


async def test_an_import_and_an_erasure_at_once_lose_nothing(
    shared: Context, program: Program
) -> None:
    names = [await new_member(shared, program) for _ in range(20)]
    rows = "".join(f"{name},1\n" for name in names for _ in range(100))
    file = io.BytesIO(f"customerprofileid,amount\n{rows}".encode())
    await asyncio.gather(
        import_points(shared, program, file, file_name="all.csv"),
        *(erase_customer(shared, LIVE, name) for name in names),
    )
    totals = await program_totals(shared, program, at=LATER)
    assert totals.active == 20 * 200_00
    assert not await offences(shared)


async def test_profiles_and_erasures_at_once_never_fail(shared: Context) -> None:
    names = [IntegrationId(new_name("both")) for _ in range(10)]
    await update_profiles(shared, LIVE, [(name, {}) for name in names])
    await asyncio.gather(
        *(update_profiles(shared, LIVE, [(name, {}) for name in names]) for _ in range(5)),
        *(erase_customer(shared, LIVE, name) for name in names),
        *(update_profiles(shared, LIVE, [(name, {}) for name in reversed(names)]) for _ in "123"),
    )
    assert not await offences(shared)


async def test_an_import_that_does_not_end_makes_an_erasure_busy(
    shared: Context, program: Program, module_owner_url: str
) -> None:
    name = await new_member(shared, program)
    hurried = Context(
        database=shared.database,
        secret=shared.secret,
        clock=shared.clock,
        limits=Limits(holder_wait_seconds=1),
    )
    connection = await asyncpg.connect(module_owner_url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE import_turn IN SHARE ROW EXCLUSIVE MODE")
            with pytest.raises(Busy):
                await erase_customer(hurried, LIVE, name)
    finally:
        await connection.close()
    await erase_customer(hurried, LIVE, name)
