"""What waits for a second person in a program: seen and set. To let less wait waits as well."""

from dataclasses import dataclass
from datetime import datetime

from tallystick.core.approvals import ApprovalKind, FourEyes, SettingsWish
from tallystick.core.errors import InUse, NotSupported
from tallystick.core.ids import ApprovalId, ProgramId
from tallystick.core.roles import Right
from tallystick.services.asking import ask, four_eyes_of, told_settings
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import approvals as store
from tallystick.store.approvals import Deciders
from tallystick.store.db import Tx
from tallystick.store.programs import lock_program

CHANGED = "what waits here was changed since; ask for it anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What waits in a program, the request to let less wait, and how many people could decide."""

    four_eyes: FourEyes
    waiting: ApprovalId | None
    deciders: Deciders


async def four_eyes(context: Context, program_id: ProgramId) -> FourEyes:
    """What waits in a program."""
    async with context.database.reader() as reader:
        return await four_eyes_of(reader, program_id)


async def standing(context: Context, program_id: ProgramId) -> Standing:
    """The same with what the page of the settings tells beside it."""
    async with context.database.snapshot() as reader:
        return Standing(
            four_eyes=await four_eyes_of(reader, program_id),
            waiting=await store.find_waiting_settings(reader, program_id),
            deciders=await store.count_deciders(reader, program_id),
        )


async def set_four_eyes(
    context: Context, caller: Caller | None, program_id: ProgramId, wanted: FourEyes
) -> FourEyes | ApprovalId:
    """What waits from now on; the request if less would, which itself waits for somebody else.

    A command is done at once. Errors: NotAllowed; NotFound; InUse while such a request waits.
    """
    check_may(caller, Right.PROGRAMS, program_id)
    now = context.clock()

    async def work(tx: Tx) -> FourEyes | ApprovalId:
        await lock_program(tx, program_id)
        before = await four_eyes_of(tx, program_id)
        if caller is None or not wanted.is_weaker_than(before):
            await change_within(tx, caller, program_id, before=before, after=wanted, now=now)
            return wanted
        if (waiting := await store.find_waiting_settings(tx, program_id)) is not None:
            found = f"approval {waiting}, which waits"
            fix = "let it be decided first, or withdraw it"
            raise InUse("four eyes of program", str(program_id), found, fix)
        wish = SettingsWish(before=before, after=wanted)
        return await ask(tx, caller, program_id, ApprovalKind.SETTINGS, wish, now=now)

    return await context.database.write(work)


async def change_within(  # noqa: PLR0913 - by name
    tx: Tx,
    caller: Caller | None,
    program_id: ProgramId,
    *,
    before: FourEyes,
    after: FourEyes,
    now: datetime,
) -> None:
    """Let that wait from now on, within a transaction; `before` is what the caller has seen.

    Errors: NotSupported if that is no longer so.
    """
    await lock_program(tx, program_id)
    if await four_eyes_of(tx, program_id) != before:
        raise NotSupported("fourEyes", CHANGED)
    if after == before:
        return
    await store.upsert_four_eyes(tx, program_id, after)
    path = f"/v1/loyalty_programs/{program_id}/four_eyes"
    old, new = told_settings(before), told_settings(after)
    await record_change(tx, caller, path, now=now, old=old, new=new)
