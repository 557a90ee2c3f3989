"""Anything is found by a few letters or a number, in the programs that somebody may see."""

from uuid import UUID

import msgspec
import pytest

from services.harness import change, import_rows, new_member, new_name, new_program
from tallystick.core.ids import IntegrationId
from tallystick.core.programs import Program
from tallystick.services.context import Context
from tallystick.services.finding import Found, find_anything
from tallystick.services.import_jobs import get_job
from tallystick.services.postings import Posted
from tallystick.services.profiles import update_profiles
from tallystick.services.transaction_page import transaction_page

NOTHING = Found(programs=[], members=[], transactions=[], imports=[])


async def test_programs_are_found_by_part_of_their_names(shared: Context) -> None:
    name = new_name("Harbour Club")
    program, other = await new_program(shared, name=name), await new_program(shared)
    found = await find_anything(shared, [other, program], f"  {name[3:].upper()} ")
    assert found.programs == [program]


async def test_members_are_found_by_how_their_ids_begin(shared: Context) -> None:
    live, other, sandbox = [
        await new_program(shared, sandbox=sandbox) for sandbox in (False, False, True)
    ]
    name = new_name("finding")
    for program in (live, other, sandbox):
        await import_rows(shared, program, f"{name} a,1")
    await import_rows(shared, live, f"{name} b,1")
    named = [(IntegrationId(f"{name} b"), {"Name": msgspec.Raw(b'"Bea"')})]
    await update_profiles(shared, live.environment, named)
    found = await find_anything(shared, [sandbox, live], name)
    assert [(each.program, each.integration_id, each.name) for each in found.members] == [
        (live, f"{name} a", None),
        (live, f"{name} b", "Bea"),
        (sandbox, f"{name} a", None),
    ]


async def test_a_transaction_is_found_by_uuid_and_by_id(shared: Context, program: Program) -> None:
    ann = await new_member(shared, program)
    outcome = await change(shared, program, ann, "1", name="Order")
    assert isinstance(outcome, Posted)
    [uuid] = outcome.transaction_uuids
    number = (await transaction_page(shared, program, uuid)).recorded.transaction.id
    for text in (str(uuid), str(uuid).upper(), uuid.hex, str(number)):
        [found] = (await find_anything(shared, [program], text)).transactions
        assert (found.program, found.integration_id) == (program, ann)
        assert found.transaction.uuid == uuid
    other = await new_program(shared)
    assert (await find_anything(shared, [other], str(uuid))).transactions == []


async def test_an_import_is_found_by_its_number(shared: Context, program: Program) -> None:
    report = await import_rows(shared, program, "ann,1")
    job = await get_job(shared, program.id, report.import_id)
    for text in (str(job.import_id), f"#{job.import_id}"):
        assert (await find_anything(shared, [program], text)).imports == [job]
    other = await new_program(shared)
    assert (await find_anything(shared, [other], str(job.import_id))).imports == []


async def test_no_more_are_told_than_fit(shared: Context, program: Program) -> None:
    name = new_name("many to find")
    await import_rows(shared, program, *(f"{name} {n},1" for n in range(20)))
    found = await find_anything(shared, [program] * 20, name)
    assert len(found.members) == 8


@pytest.mark.parametrize(
    "text", ["", "  ", "\x00", "a\x00", "%", "#", "#x", "-1", "9" * 40, "\u0661", "2147483648"]
)
async def test_what_means_nothing_finds_nothing(
    shared: Context, program: Program, text: str
) -> None:
    assert await find_anything(shared, [program], text) == NOTHING


async def test_who_may_see_nothing_finds_nothing(shared: Context, program: Program) -> None:
    await new_member(shared, program)
    for text in ("member", str(UUID(int=1)), "1"):
        assert await find_anything(shared, [], text) == NOTHING
