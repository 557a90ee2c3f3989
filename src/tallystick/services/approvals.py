"""Requests that wait for a second person: seen, approved, rejected and withdrawn.

What is approved is done in the transaction that says so: whatever breaks, both are there or
neither. It happens then, and durations count from then. What cannot be done as things are waits on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.approvals import (
    ASKS,
    DECIDES,
    ActivationWish,
    Approval,
    ApprovalKind,
    ApprovalState,
    ImportWish,
    PointsWish,
    SettingsWish,
    UndoWish,
)
from tallystick.core.errors import (
    AlreadyDecided,
    Busy,
    NotAllowed,
    NotFound,
    NotNow,
    OutcomeUnknown,
    Refusal,
)
from tallystick.core.ids import ApprovalId, ProgramId, UserId, profile_holder
from tallystick.core.paging import KeyedPage, Place, keyed_page, place_key
from tallystick.core.programs import Program
from tallystick.core.roles import RIGHTS, Right, who_may
from tallystick.core.transactions import Kind
from tallystick.core.validity import read_written
from tallystick.services.activation import activate_within
from tallystick.services.asking import approval_path, told_of
from tallystick.services.callers import Caller, CallerKind, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.four_eyes import change_within
from tallystick.services.import_waiting import queue_approved
from tallystick.services.posting import post
from tallystick.services.postings import Posted, Posting, Waiting
from tallystick.services.programs import get_program
from tallystick.store import approvals as store
from tallystick.store.approvals import Wanted
from tallystick.store.db import Tx
from tallystick.store.import_jobs import release_job
from tallystick.store.posting import wait_for_holders
from tallystick.store.roles import find_posters

WAITING_SHOWN_MAX = 200
DECIDED = frozenset(ApprovalState) - {ApprovalState.WAITING}

_RETRY_SECONDS = 0.02  # how long a member rests whom somebody has locked


class _LockedError(Exception):
    """What the asker may post today is locked by another transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPage:
    """Requests, the newest first, and how many there are on all pages."""

    approvals: list[Approval]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The requests that wait, the oldest first, and those that were decided, the newest first."""

    waiting: list[Approval]
    decided: KeyedPage[Approval]


def kinds_for(caller: Caller, program_id: ProgramId) -> frozenset[ApprovalKind]:
    """The kinds of requests that somebody may see."""
    return frozenset(kind for kind, right in ASKS.items() if caller.may(right, program_id))


def may_decide(caller: Caller, approval: Approval) -> bool:
    """Whether somebody could approve or reject it."""
    if caller.kind is not CallerKind.PERSON or caller.user_id == approval.asked_by:
        return False
    return caller.may(DECIDES[approval.kind], approval.program_id)


def may_withdraw(caller: Caller, approval: Approval) -> bool:
    """Whether somebody, person or key, has asked for it."""
    if caller.key_id is not None:
        return caller.key_id == approval.key_id
    return caller.user_id is not None and caller.user_id == approval.asked_by


async def list_approvals(  # noqa: PLR0913 - by name
    context: Context,
    caller: Caller,
    program_id: ProgramId,
    *,
    state: ApprovalState | None,
    page_size: int,
    skip: int,
) -> ApprovalPage:
    """A page of the requests of a program that somebody may see, the newest first."""
    states = frozenset(ApprovalState) if state is None else frozenset({state})
    kinds = kinds_for(caller, program_id)
    wanted = Wanted(program_id=program_id, kinds=kinds, states=states)
    async with context.database.snapshot() as reader:
        return ApprovalPage(
            approvals=await store.list_approvals(reader, wanted, skip=skip, at_most=page_size),
            total=await store.count_approvals(reader, wanted),
        )


async def approvals_overview(
    context: Context, caller: Caller, program_id: ProgramId, *, place: Place, page_size: int
) -> Overview:
    """What waits, the first of it, and a page of what was decided. Errors: InvalidField."""
    [key] = place_key(place, 1) or [None]
    kinds = kinds_for(caller, program_id)
    wanted = Wanted(program_id=program_id, kinds=kinds, states=DECIDED)
    at_most = page_size + 1
    async with context.database.snapshot() as reader:
        if place.before is not None and key is not None:
            found = await store.list_newer(reader, wanted, newer_than=key, at_most=at_most)
        else:
            found = await store.list_approvals(reader, wanted, older_than=key, at_most=at_most)
        return Overview(
            waiting=await store.list_waiting(reader, program_id, kinds, at_most=WAITING_SHOWN_MAX),
            decided=keyed_page(found, place, page_size=page_size, key=lambda each: str(each.id)),
        )


async def waiting_for(context: Context, caller: Caller, program_id: ProgramId) -> int | None:
    """How many requests wait for a person's decision; None where nothing was ever made to wait."""
    assert caller.user_id is not None
    kinds = [kind for kind, right in DECIDES.items() if caller.may(right, program_id)]
    async with context.database.reader() as reader:
        found = await store.count_waiting(reader, program_id, kinds, user_id=caller.user_id)
    return found.count if found.is_known else None


async def get_approval(
    context: Context, caller: Caller | None, program_id: ProgramId, approval_id: ApprovalId
) -> Approval:
    """A request of the program. Errors: NotFound; NotAllowed."""
    async with context.database.reader() as reader:
        found = await store.find_approval(reader, program_id, approval_id)
    if found is None:
        raise NotFound("approval", str(approval_id))
    check_may(caller, ASKS[found.kind], program_id)
    return found


async def approve(
    context: Context,
    caller: Caller,
    program_id: ProgramId,
    approval_id: ApprovalId,
    *,
    note: str = "",
) -> Approval:
    """The request, approved and done, or for imports and undos put into the queue.

    Errors: NotFound; NotAllowed, also for one's own; AlreadyDecided; NotNow; Busy; OutcomeUnknown.
    """
    program = await get_program(context, program_id)

    async def work(tx: Tx) -> None:
        found = await _open(tx, caller, program_id, approval_id)
        now = context.clock()  # in the transaction: see export_moments.py
        try:
            uuids = await _do(tx, context, program, found, caller=caller, now=now)
        except (Busy, OutcomeUnknown):
            raise
        except Refusal as refusal:
            raise NotNow(approval_id, why_not(refusal)) from refusal
        await _decide(tx, caller, found, ApprovalState.APPROVED, note=note, now=now, uuids=uuids)

    await _write(context, work)
    context.import_wake.set()
    return await get_approval(context, None, program_id, approval_id)


async def reject(
    context: Context,
    caller: Caller,
    program_id: ProgramId,
    approval_id: ApprovalId,
    *,
    note: str = "",
) -> Approval:
    """The request, rejected. Errors: NotFound; NotAllowed, also for one's own; AlreadyDecided."""

    async def work(tx: Tx) -> None:
        found = await _open(tx, caller, program_id, approval_id)
        await _release(tx, found)
        now = context.clock()
        await _decide(tx, caller, found, ApprovalState.REJECTED, note=note, now=now)

    await context.database.write(work)
    return await get_approval(context, None, program_id, approval_id)


async def withdraw(
    context: Context, caller: Caller, program_id: ProgramId, approval_id: ApprovalId
) -> Approval:
    """The request, withdrawn by whoever has asked. Errors: NotFound; NotAllowed; AlreadyDecided."""

    async def work(tx: Tx) -> None:
        found = await _locked(tx, program_id, approval_id)
        check_may(caller, ASKS[found.kind], program_id)
        if not may_withdraw(caller, found):
            fix = "only whoever asked for it may; you can reject it"
            raise NotAllowed("withdraw what others ask for", fix)
        _check_waiting(found)
        await _release(tx, found)
        await _decide(tx, caller, found, ApprovalState.WITHDRAWN, note="", now=context.clock())

    await context.database.write(work)
    return await get_approval(context, None, program_id, approval_id)


async def _write(context: Context, work: Callable[[Tx], Awaitable[None]]) -> None:
    """Do the work in a transaction, again if somebody was in its way. Errors: Busy."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + context.limits.holder_wait_seconds
    while True:
        try:
            return await context.database.write(work)
        except _LockedError as error:
            if loop.time() >= deadline:
                raise Busy("the member") from error
            await asyncio.sleep(_RETRY_SECONDS)


async def _open(tx: Tx, caller: Caller, program_id: ProgramId, approval_id: ApprovalId) -> Approval:
    """A request that the caller may decide, locked.

    What they are is looked up here, so that nobody decides by a role that was just taken away.
    """
    found = await _locked(tx, program_id, approval_id)
    right = DECIDES[found.kind]
    check_may(caller, ASKS[found.kind], program_id)
    if caller.user_id is None or not await _has(tx, caller.user_id, program_id, right):
        fix = f"it takes the role {who_may(right)}, and a person; ask an admin for it"
        raise NotAllowed(right.value, fix)
    if caller.user_id == found.asked_by:
        raise NotAllowed(
            "decide what you, or a key that you made, have asked for",
            "let somebody else look at it, or withdraw it",
        )
    _check_waiting(found)
    return found


async def _locked(tx: Tx, program_id: ProgramId, approval_id: ApprovalId) -> Approval:
    await store.lock_approval(tx, program_id, approval_id)
    found = await store.find_approval(tx, program_id, approval_id)
    if found is None:
        raise NotFound("approval", str(approval_id))
    return found


def _check_waiting(approval: Approval) -> None:
    if not approval.waits:
        raise AlreadyDecided(approval.id, approval.state.value)


async def _has(tx: Tx, user_id: UserId, program_id: ProgramId, right: Right) -> bool:
    """Whether somebody who can sign in has the right."""
    role = (await find_posters(tx, [(user_id, program_id)])).get((user_id, program_id))
    return role is not None and right in RIGHTS[role]


async def _do(  # noqa: PLR0913 - by name
    tx: Tx, context: Context, program: Program, approval: Approval, *, caller: Caller, now: datetime
) -> Sequence[UUID]:
    """Do what was asked for; the transactions that it posted. Errors: what stands against it."""
    if approval.key_id is None and approval.asked_by is not None:
        right = ASKS[approval.kind]
        if not await _has(tx, approval.asked_by, program.id, right):
            raise NotAllowed(right.value, "they could when they asked")
    match approval.wish:
        case PointsWish():
            return await _post(tx, context, program, approval, approval.wish, now=now)
        case ActivationWish(transaction_uuid=uuid):
            asker = _asker_of(approval)
            if not await activate_within(tx, context, program, [uuid], caller=asker):
                raise NotFound("transaction that waits", str(uuid))
        case ImportWish() | UndoWish():
            await queue_approved(tx, program, approval.wish, approval.id)
        case SettingsWish(before=before, after=after):
            await change_within(tx, caller, program.id, before=before, after=after, now=now)
    return ()


async def _post(  # noqa: PLR0913 - by name
    tx: Tx,
    context: Context,
    program: Program,
    approval: Approval,
    wish: PointsWish,
    *,
    now: datetime,
) -> Sequence[UUID]:
    """Post the points as whoever asked for them."""
    holder_id = profile_holder(wish.integration_id, program.environment)
    limit = context.limits.holder_wait_seconds
    await wait_for_holders(tx, [holder_id], at_most_seconds=limit)
    posting = posting_of(approval, wish)
    [outcome] = await post(tx, [posting], now=now)
    if isinstance(outcome, Refusal):
        raise outcome
    if isinstance(outcome, Waiting):
        raise _LockedError
    assert isinstance(outcome, Posted), "it was approved"
    return outcome.transaction_uuids


def posting_of(approval: Approval, wish: PointsWish) -> Posting:
    """What is posted once it is approved: by whoever asked, and of their points a day."""
    return Posting(
        program_id=approval.program_id,
        integration_id=wish.integration_id,
        kind=Kind.ADDITION if approval.kind is ApprovalKind.ADD else Kind.SUBTRACTION,
        points=wish.points,
        name=wish.name,
        subledger=wish.subledger,
        start=read_written(wish.start),
        expiry=read_written(wish.expiry),
        caller=_asker_of(approval),
        may_wait=False,
    )


def _asker_of(approval: Approval) -> Caller:
    """Whoever asked, as one who posts; from where they asked tells the request itself."""
    return Caller(kind=CallerKind.PERSON, user_id=approval.asked_by)


def why_not(refusal: Refusal) -> str:
    """What stands against it, said to somebody else than whoever asked."""
    if isinstance(refusal, NotAllowed):
        return f"whoever asked may not {refusal.what} now"
    return str(refusal)


async def _release(tx: Tx, approval: Approval) -> None:
    """Let an import wait no longer that nothing is done with."""
    if isinstance(approval.wish, ImportWish | UndoWish):
        await release_job(tx, approval.wish.import_id, approval.id)


async def _decide(  # noqa: PLR0913 - by name
    tx: Tx,
    caller: Caller,
    approval: Approval,
    state: ApprovalState,
    *,
    note: str,
    now: datetime,
    uuids: Sequence[UUID] = (),
) -> None:
    """Write what became of a request, and who said so. Errors: AlreadyDecided."""
    withdrawn = state is ApprovalState.WITHDRAWN
    await store.insert_decision(
        tx,
        approval,
        state,
        by=approval.asked_by if withdrawn else caller.user_id,
        note=note,
        now=now,
        transaction_uuids=uuids,
    )
    old, new = told_of(approval, ApprovalState.WAITING), told_of(approval, state)
    if uuids:
        new["transactionUUIDs"] = [str(uuid) for uuid in uuids]
    path = approval_path(approval.program_id, approval.id)
    await record_change(tx, caller, path, now=now, old=old, new=new)
