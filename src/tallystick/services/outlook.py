"""What is ahead of a program: of a small one worked out at once, of a large one now and then.

See docs/decisions/0021-what-is-ahead.md.
"""

from datetime import datetime, timedelta
from time import monotonic

from tallystick.core.ids import ProgramId
from tallystick.core.outlook import Outlook, ends_ahead
from tallystick.core.programs import Program
from tallystick.services.context import Context
from tallystick.store import outlook as store
from tallystick.store.closing import give_room, take_closing
from tallystick.store.db import Reader, Tx
from tallystick.store.transactions import FEW_ENTRIES, first_holders

_REST_TIMES = 200  # how many times as long as it took an outlook is left alone


async def read_outlook(
    reader: Reader, program: Program, *, subledger: str | None, now: datetime
) -> Outlook | None:
    """What is ahead in one ledger or in all; its instant says as of when.

    None for a program of many entries of which nothing is stored yet.
    """
    holder_ids = await first_holders(reader, program.id, at_most=FEW_ENTRIES)
    if holder_ids is None:
        return await store.find_outlook(reader, program.id, subledger=subledger)
    ends = ends_ahead(now, program.settings.timezone)
    return await store.work_out(
        reader, program.id, holder_ids, at=now, ends=ends, subledger=subledger
    )


async def store_outlooks(context: Context) -> int:
    """Work out and store what is due, of programs with many entries; how many that were."""
    now = context.clock()
    async with context.database.reader() as reader:
        due = await store.list_due(reader, now=now, few=FEW_ENTRIES)
    return sum([await _store(context, program_id, zone) for program_id, zone in due])


async def _store(context: Context, program_id: ProgramId, zone: str) -> bool:
    """Whether it was this process that did it; the lock is that of the program's closing."""

    async def work(tx: Tx) -> bool:
        if await take_closing(tx, program_id) is None:
            return False
        now, began = context.clock(), monotonic()
        await give_room(tx)
        await store.store_outlook(tx, program_id, at=now, ends=ends_ahead(now, zone))
        rest = _REST_TIMES * timedelta(seconds=monotonic() - began)
        await store.postpone(tx, program_id, due_at=now + rest)
        return True

    return await context.database.write(work)
