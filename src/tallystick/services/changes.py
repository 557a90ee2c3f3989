"""The record of who changed what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from tallystick.core.accounts import (
    COMMAND,
    AuditEntry,
    AuditFilter,
    Change,
    ChangeFilter,
    Origin,
)
from tallystick.core.ids import ApplicationId, IntegrationId, ProgramId, UserId
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.context import Context
from tallystick.store import changes as store
from tallystick.store.changes import NewChange
from tallystick.store.db import Tx

SESSIONS = "/v1/sessions"
_BY_COMMAND = Origin(address=COMMAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Changes, whether there are more, and how many there are if that was asked."""

    changes: list[Change]
    has_more: bool
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Entries of the audit, the newest first, and whether there are newer and older ones."""

    entries: list[AuditEntry]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """Who is found in the audit: people and keys, each with what to call them, by id."""

    people: list[tuple[UserId, str]]
    keys: list[tuple[int, str]]


async def record_change(  # noqa: PLR0913 - by name
    tx: Tx,
    caller: Caller | None,
    entity: str,
    *,
    now: datetime,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
    application_id: ApplicationId | None = None,
) -> None:
    """Write down a change, in the transaction that makes it.

    caller: who made it, and from where; None for a command.
    entity: the path of the thing in the API.
    old, new: what it was and is in the contract's spelling, never a password or key; None if it was
    not there before or is not any more. Amounts are decimals.
    """
    change = NewChange(entity, old, new)
    await record_changes(tx, caller, [change], now=now, application_id=application_id)


async def record_changes(
    tx: Tx,
    caller: Caller | None,
    changes: Sequence[NewChange],
    *,
    now: datetime,
    application_id: ApplicationId | None = None,
) -> None:
    """Write down several changes that one request makes; see `record_change`."""
    await store.insert_changes(
        tx,
        changes,
        now=now,
        user_id=caller.user_id if caller else None,
        key_id=caller.key_id if caller else None,
        application_id=application_id,
        origin=caller.origin if caller else _BY_COMMAND,
    )


def member_path(program_id: ProgramId, integration_id: IntegrationId) -> str:
    """The path of a member of a program in the API, below which their changes are."""
    return f"/v1/loyalty_programs/{program_id}/profile/{quote(integration_id, safe='')}"


async def record_sign_in(  # noqa: PLR0913 - by name
    tx: Tx,
    user_id: UserId,
    *,
    now: datetime,
    origin: Origin | None,
    refused: bool = False,
    way: str = "",
) -> None:
    """Write down that somebody has signed in, or, if `refused`, that they have tried to.

    way: how, if it was not by a password of theirs.
    Addresses of nobody are not written down: they may be passwords in the wrong field.
    """
    person = Caller(kind=CallerKind.PERSON, user_id=user_id, origin=origin)
    new = {"userId": user_id, "refused": refused} | ({"way": way} if way else {})
    await record_change(tx, person, SESSIONS, now=now, new=new)


async def record_sign_out(tx: Tx, user_id: UserId, *, now: datetime, origin: Origin | None) -> None:
    """Write down that somebody has signed out."""
    person = Caller(kind=CallerKind.PERSON, user_id=user_id, origin=origin)
    await record_change(tx, person, SESSIONS, now=now, old={"userId": user_id})


async def list_audit(
    context: Context,
    wanted: AuditFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    page_size: int = 50,
) -> AuditPage:
    """A page of the audit, the newest change first; without a bound, the newest of all.

    before, after: the change that the page ends before or begins after; at most one of them.
    """
    async with context.database.snapshot() as reader:
        found = await store.list_entries(
            reader, wanted, before=before, after=after, at_most=page_size + 1
        )
    has_more, entries = len(found) > page_size, found[:page_size]
    if after is not None:
        return AuditPage(entries=entries[::-1], has_newer=has_more, has_older=True)
    return AuditPage(entries=entries, has_newer=before is not None, has_older=has_more)


async def list_actors(context: Context) -> Actors:
    """Who is found in the audit."""
    async with context.database.snapshot() as reader:
        return Actors(people=await store.list_people(reader), keys=await store.list_keys(reader))


async def list_changes(  # noqa: PLR0913 - by name
    context: Context,
    wanted: ChangeFilter,
    *,
    newest_first: bool,
    page_size: int,
    skip: int,
    with_total: bool,
) -> ChangePage:
    """A page of changes in the order in which they were made, or backwards."""
    async with context.database.snapshot() as reader:
        found = await store.list_changes(
            reader, wanted, newest_first=newest_first, skip=skip, at_most=page_size + 1
        )
        total = await store.count_changes(reader, wanted) if with_total else None
    return ChangePage(changes=found[:page_size], has_more=len(found) > page_size, total=total)
