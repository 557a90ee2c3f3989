"""Finding anything by a few letters or a number: programs, members, transactions, imports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tallystick.core.ids import Environment, ImportId, IntegrationId, ProgramId
from tallystick.core.import_jobs import ImportJob
from tallystick.core.profiles import name_of
from tallystick.core.programs import Program
from tallystick.core.transactions import TransactionBrief
from tallystick.services.context import Context
from tallystick.store import import_jobs as job_store
from tallystick.store import profiles as profile_store
from tallystick.store import transactions as store
from tallystick.store.db import Reader

FOUND_MAX = 8  # of each kind

_LOOK = 100  # how many profiles are looked at in each environment
_ID_MAX = 2**63 - 1
_IMPORT_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMember:
    """A member of a program, and what one is called if that is known."""

    program: Program
    integration_id: IntegrationId
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTransaction:
    """A transaction, and whose it is."""

    program: Program
    integration_id: IntegrationId
    transaction: TransactionBrief


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found, no more than FOUND_MAX of each kind.

    Programs by part of the name, members by the beginning of the id, transactions by uuid or id,
    imports by number.
    """

    programs: list[Program]
    members: list[FoundMember]
    transactions: list[FoundTransaction]
    imports: list[ImportJob]


async def find_anything(context: Context, programs: Sequence[Program], text: str) -> Found:
    """What the text may mean in these programs, those that whoever asks may see."""
    wanted = text.strip()
    if not wanted or "\x00" in wanted:
        return Found(programs=[], members=[], transactions=[], imports=[])
    known = {program.id: program for program in programs}
    named = [each for each in programs if wanted.lower() in each.settings.name.lower()]
    async with context.database.snapshot() as reader:
        return Found(
            programs=named[:FOUND_MAX],
            members=await _find_members(reader, known, wanted),
            transactions=await _find_transactions(reader, known, wanted),
            imports=await _find_imports(reader, known, wanted),
        )


async def _find_members(
    reader: Reader, programs: Mapping[ProgramId, Program], wanted: str
) -> list[FoundMember]:
    """By environment and id; of somebody in several programs each."""
    found: list[FoundMember] = []
    for environment in Environment:
        here = {key: each for key, each in programs.items() if each.environment is environment}
        found += await _find_members_of(reader, environment, here, wanted)
    return found[:FOUND_MAX]


async def _find_members_of(
    reader: Reader, environment: Environment, programs: Mapping[ProgramId, Program], wanted: str
) -> list[FoundMember]:
    if not programs:
        return []
    sandbox = environment is Environment.SANDBOX
    holders = await profile_store.list_holders(
        reader, sandbox=sandbox, id_prefix=wanted, at_most=_LOOK
    )
    holder_ids = [holder.holder_id for holder in holders]
    pairs = await store.find_memberships(reader, holder_ids, programs)
    profiles = await profile_store.find_profiles(reader, {holder_id for holder_id, _ in pairs})
    names = {profile.holder_id: name_of(profile.attributes) for profile in profiles}
    return [
        FoundMember(
            program=programs[program_id], integration_id=integration_id, name=names[holder_id]
        )
        for holder_id, integration_id in holders
        for member_id, program_id in pairs
        if member_id == holder_id
    ]


async def _find_transactions(
    reader: Reader, programs: Mapping[ProgramId, Program], wanted: str
) -> list[FoundTransaction]:
    name = _uuid_or_number(wanted)
    if name is None:
        return []
    return [
        FoundTransaction(
            program=programs[program_id], integration_id=integration_id, transaction=transaction
        )
        for program_id, integration_id, transaction in await store.find_named(
            reader, programs, name
        )
    ][:FOUND_MAX]


async def _find_imports(
    reader: Reader, programs: Mapping[ProgramId, Program], wanted: str
) -> list[ImportJob]:
    number = _number(wanted.removeprefix("#"), _IMPORT_MAX)
    if number is None:
        return []
    job = await job_store.find_job(reader, programs, ImportId(number))
    return [] if job is None else [job]


def _uuid_or_number(text: str) -> UUID | int | None:
    try:
        return UUID(text)
    except ValueError:
        return _number(text, _ID_MAX)


def _number(text: str, largest: int) -> int | None:
    """The whole number that the text writes out, if it can be one."""
    if not text.isascii() or not text.isdigit() or len(text) > len(str(largest)):
        return None
    return number if (number := int(text)) <= largest else None
