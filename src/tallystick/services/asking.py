"""Whether something waits for a second person, and asking for their approval.

This is the one place that says so; it is asked in the transaction that would do the thing. What
keys post, and whatever a command does, never waits.
"""

from collections.abc import Sequence
from datetime import datetime

from tallystick.core.approvals import (
    OFF,
    ActivationWish,
    Approval,
    ApprovalKind,
    ApprovalState,
    FourEyes,
    ImportWish,
    PointsWish,
    SettingsWish,
    UndoWish,
    Wish,
)
from tallystick.core.errors import Busy, NotSupported
from tallystick.core.ids import ApprovalId, ProgramId
from tallystick.core.points import Points, decimal_of, render_points
from tallystick.core.transactions import Kind
from tallystick.core.validity import written
from tallystick.services.callers import Caller
from tallystick.services.changes import record_change
from tallystick.services.postings import Posting
from tallystick.store import approvals as store
from tallystick.store.db import Reader, Tx


async def four_eyes_of(reader: Reader, program_id: ProgramId) -> FourEyes:
    """What waits in a program."""
    return (await store.find_four_eyes(reader, [program_id])).get(program_id, OFF)


async def imports_wait(reader: Reader, caller: Caller | None, program_id: ProgramId) -> bool:
    """Whether an import or undo that somebody sends waits."""
    return caller is not None and (await four_eyes_of(reader, program_id)).imports_wait


async def check_imports_at_once(
    reader: Reader, caller: Caller | None, program_id: ProgramId
) -> None:
    """Nothing, if an import may be made in one go. Errors: Busy, so that it is asked for again."""
    if await imports_wait(reader, caller, program_id):
        raise Busy("the program")


async def points_wait(
    reader: Reader, caller: Caller | None, program_id: ProgramId, points: Points
) -> bool:
    """Whether so many points wait that somebody changes by hand."""
    if caller is None or caller.user_id is None:
        return False
    return (await four_eyes_of(reader, program_id)).makes_wait(points)


async def postings_wait(reader: Reader, postings: Sequence[Posting]) -> list[bool]:
    """Which of the postings wait, in their order."""
    found = await _four_eyes_of(reader, postings)
    return [
        each.poster is not None
        and each.may_wait
        and found.get(each.program_id, OFF).makes_wait(each.points)
        for each in postings
    ]


async def _four_eyes_of(reader: Reader, postings: Sequence[Posting]) -> dict[ProgramId, FourEyes]:
    """What waits in the programs in which people post; nothing is read for keys and commands."""
    asked = {each.program_id for each in postings if each.poster is not None and each.may_wait}
    return await store.find_four_eyes(reader, asked) if asked else {}


async def check_together(reader: Reader, postings: Sequence[Posting]) -> None:
    """Nothing, if postings of one call may be posted without waiting, by all their points.

    Many small changes in one call are one large change. Errors: NotSupported.
    """
    for program_id, four_eyes in (await _four_eyes_of(reader, postings)).items():
        total = Points(sum(each.points for each in postings if each.program_id == program_id))
        if four_eyes.makes_wait(total):
            raise NotSupported(
                "postings",
                f"these are {render_points(total)} points in all, and what a person changes here"
                f" from {render_points(four_eyes.points_from or 0)} points on waits for approval,"
                " which a batch cannot; send them one by one, or as a file to be imported",
            )


async def ask_to_post(tx: Tx, posting: Posting, *, now: datetime) -> ApprovalId:
    """Ask for approval of a posting; the number of the request comes back."""
    assert posting.caller is not None, "a command does not wait"
    adds = posting.kind is Kind.ADDITION
    wish = PointsWish(
        integration_id=posting.integration_id,
        points=posting.points,
        name=posting.name,
        subledger=posting.subledger,
        start=written(posting.start),
        expiry=written(posting.expiry),
    )
    kind = ApprovalKind.ADD if adds else ApprovalKind.DEDUCT
    return await ask(tx, posting.caller, posting.program_id, kind, wish, now=now)


async def ask(  # noqa: PLR0913 - by name
    tx: Tx, caller: Caller, program_id: ProgramId, kind: ApprovalKind, wish: Wish, *, now: datetime
) -> ApprovalId:
    """Ask for approval; the number of the request comes back."""
    approval_id = await store.insert_approval(
        tx, program_id, kind, wish, user_id=caller.user_id, key_id=caller.key_id, now=now
    )
    new = told(approval_id, kind, wish, ApprovalState.WAITING)
    await record_change(tx, caller, approval_path(program_id, approval_id), now=now, new=new)
    return approval_id


def approval_path(program_id: ProgramId, approval_id: ApprovalId) -> str:
    """The path of the request in the API."""
    return f"/v1/loyalty_programs/{program_id}/approvals/{approval_id}"


def told_of(approval: Approval, state: ApprovalState) -> dict[str, object]:
    """What the record of changes holds of a request in a state."""
    return told(approval.id, approval.kind, approval.wish, state)


def told(
    approval_id: ApprovalId, kind: ApprovalKind, wish: Wish, state: ApprovalState
) -> dict[str, object]:
    """The same; nothing that names a member, as an erasure finds their paths only."""
    return {"id": approval_id, "kind": kind.value, "state": state.value, **_facts(wish)}


def _facts(wish: Wish) -> dict[str, object]:
    match wish:
        case PointsWish() | ActivationWish():
            return {"points": decimal_of(wish.points)}
        case ImportWish():
            return {"importId": wish.import_id, "goodRowsOnly": wish.good_rows_only}
        case UndoWish():
            return {"importId": wish.import_id, "belowZero": wish.below_zero}
        case SettingsWish():
            return told_settings(wish.after)


def told_settings(four_eyes: FourEyes) -> dict[str, object]:
    """What the record of changes holds of what waits."""
    points_from = four_eyes.points_from
    return {
        "importsWait": four_eyes.imports_wait,
        "pointsFrom": None if points_from is None else decimal_of(points_from),
    }
