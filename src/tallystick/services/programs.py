"""Programs: made, found and listed."""

from datetime import datetime

from tallystick.core.errors import NotFound, NotSupported
from tallystick.core.ids import ProgramId
from tallystick.core.programs import Program, ProgramSettings
from tallystick.services.context import Context
from tallystick.store import programs as store
from tallystick.store.db import Reader, Tx


async def create_program(context: Context, settings: ProgramSettings) -> Program:
    """Make a program with its main ledger and tiers.

    Errors: AlreadyExists if the name is taken.
    """
    now = context.clock()
    return await context.database.write(lambda tx: enter_program(tx, settings, now=now))


async def enter_program(tx: Tx, settings: ProgramSettings, *, now: datetime) -> Program:
    """Make a program within a transaction that the caller commits. Errors: AlreadyExists."""
    program_id = await store.insert_program(tx, settings, now=now)
    return await _found(tx, program_id)


async def list_programs(context: Context) -> list[Program]:
    """All programs in the order of their ids."""
    async with context.database.reader() as reader:
        return await store.list_programs(reader)


async def get_program(context: Context, program_id: ProgramId) -> Program:
    """The program. Errors: NotFound."""
    async with context.database.reader() as reader:
        return await _found(reader, program_id)


async def get_profile_program(context: Context, program_id: ProgramId) -> Program:
    """The program, whose points belong to customer profiles. Errors: NotFound, NotSupported."""
    program = await get_program(context, program_id)
    if program.settings.card_based:
        raise NotSupported("loyaltyProgramId", CARDS)
    return program


async def get_program_named(context: Context, name: str) -> Program:
    """The program of that name. Errors: NotFound, with the names there are."""
    async with context.database.reader() as reader:
        program = await store.find_program_named(reader, name)
        if program is not None:
            return program
        names = [program.settings.name for program in await store.list_programs(reader)]
    there_are = f"there are {', '.join(names[:10])}" if names else "there are none yet"
    raise NotFound("loyalty program", name, there_are)


async def _found(reader: Reader, program_id: ProgramId) -> Program:
    program = (await store.find_programs(reader, [program_id])).get(program_id)
    if program is None:
        raise NotFound("loyalty program", str(program_id))
    return program


CARDS = "this program is card-based; this version keeps points of customer profiles only"
