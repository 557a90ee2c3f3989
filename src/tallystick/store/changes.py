"""Who changed what. Rows are only ever added."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from tallystick.core.accounts import (
    COMMAND,
    AuditEntry,
    AuditFilter,
    Change,
    ChangeFilter,
    Origin,
)
from tallystick.core.ids import ApplicationId, UserId
from tallystick.core.validity import local_midnight, next_local_day
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("changes")
_JSON = msgspec.json.Encoder(decimal_format="number")


State = Mapping[str, object] | None


class NewChange(NamedTuple):
    """What became of the thing with this path; None if it was not there before, or is not now."""

    entity: str
    old: State
    new: State


async def insert_changes(  # noqa: PLR0913 - by name
    tx: Tx,
    changes: Sequence[NewChange],
    *,
    now: datetime,
    user_id: UserId | None,
    key_id: int | None,
    application_id: ApplicationId | None,
    origin: Origin | None,
) -> None:
    """Insert changes that were made by one request."""
    address, request_id = (origin.address, origin.request_id) if origin else (None, None)
    await tx.execute(
        _SQL["insert_changes"],
        now,
        user_id,
        key_id,
        application_id,
        address,
        request_id,
        [change.entity for change in changes],
        [_text(change.old) for change in changes],
        [_text(change.new) for change in changes],
    )


def _text(state: State) -> str | None:
    return None if state is None else _JSON.encode(state).decode()


async def list_changes(
    reader: Reader, wanted: ChangeFilter, *, newest_first: bool, skip: int, at_most: int
) -> list[Change]:
    """Changes in the order in which they were made, or backwards."""
    rows = await reader.fetch(
        _SQL["list_changes"], *_filter(wanted), wanted.with_old, newest_first, skip, at_most
    )
    return [_change(row) for row in rows]


async def count_changes(reader: Reader, wanted: ChangeFilter) -> int:
    """How many changes pass the filter."""
    return int(await reader.fetchval(_SQL["count_changes"], *_filter(wanted)))


async def list_entries(
    reader: Reader, wanted: AuditFilter, *, before: int | None, after: int | None, at_most: int
) -> list[AuditEntry]:
    """Changes with the names of who made them, older than `before`, the newest first.

    With `after`, those that are newer, the oldest first.
    """
    rows = await reader.fetch(
        _SQL["list_entries"],
        wanted.user_id,
        wanted.key_id,
        wanted.entity,
        wanted.action.value if wanted.action else None,
        *_day(wanted.day, wanted.zone),
        COMMAND if wanted.by_command else None,
        before,
        after,
        after is not None,
        at_most,
        _escaped(wanted.entity),
    )
    return [
        AuditEntry(
            change=_change(row), email=row["email"], name=row["name"], key_name=row["key_name"]
        )
        for row in rows
    ]


async def list_people(reader: Reader) -> list[tuple[UserId, str]]:
    """Everybody who ever made a change, by their name, or else by their address."""
    rows = await reader.fetch(_SQL["list_people"])
    return [(row["user_id"], row["name"] or row["email"]) for row in rows]


async def list_keys(reader: Reader) -> list[tuple[int, str]]:
    """The keys that ever made a change, with their names; without those that were deleted."""
    rows = await reader.fetch(_SQL["list_keys"])
    return [(row["api_key_id"], row["name"]) for row in rows]


def _escaped(text: str) -> str:
    """The text as LIKE takes it to the letter."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _day(day: date | None, zone: str) -> tuple[datetime | None, datetime | None]:
    if day is None:
        return None, None
    start_at = local_midnight(day, zone)
    return start_at, next_local_day(start_at, zone)


def _change(row: Record) -> Change:
    return Change(
        change_id=row["change_id"],
        recorded_at=row["recorded_at"],
        user_id=row["user_id"],
        key_id=row["api_key_id"],
        application_id=row["application_id"],
        entity=row["entity"],
        address=row["address"],
        request_id=row["request_id"],
        old=row["old"],
        new=row["new"],
    )


def _filter(wanted: ChangeFilter) -> tuple[object, ...]:
    return (
        wanted.application_id,
        wanted.entity,
        wanted.user_id,
        wanted.key_id,
        wanted.after,
        wanted.before,
    )
