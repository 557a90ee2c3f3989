"""The record of who changed what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.accounts import Change, ChangeFilter
from tallystick.core.ids import ApplicationId
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.store import changes as store
from tallystick.store.db import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    """Changes, whether there are more, and how many there are if that was asked."""

    changes: list[Change]
    has_more: bool
    total: int | None


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

    caller: who made it, None for a command. entity: the path of the thing in the API.
    old, new: what it was and is in the contract's spelling, never a password or key; None if it was
    not there before or is not any more. Amounts are decimals.
    """
    await store.insert_change(
        tx,
        now=now,
        user_id=caller.user_id if caller else None,
        key_id=caller.key_id if caller else None,
        application_id=application_id,
        entity=entity,
        old=old,
        new=new,
    )


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
