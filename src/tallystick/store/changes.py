"""Who changed what. Rows are only ever added."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tallystick.core.accounts import Change, ChangeFilter
from tallystick.core.ids import ApplicationId, UserId
from tallystick.store.db import Reader, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("changes")
_JSON = msgspec.json.Encoder(decimal_format="number")


async def insert_change(  # noqa: PLR0913 - by name
    tx: Tx,
    *,
    now: datetime,
    user_id: UserId | None,
    key_id: int | None,
    application_id: ApplicationId | None,
    entity: str,
    old: Mapping[str, object] | None,
    new: Mapping[str, object] | None,
) -> None:
    """Insert a change."""
    texts = [None if each is None else _JSON.encode(each).decode() for each in (old, new)]
    await tx.execute(_SQL["insert_change"], now, user_id, key_id, application_id, entity, *texts)


async def list_changes(
    reader: Reader, wanted: ChangeFilter, *, newest_first: bool, skip: int, at_most: int
) -> list[Change]:
    """Changes in the order in which they were made, or backwards."""
    rows = await reader.fetch(
        _SQL["list_changes"], *_filter(wanted), wanted.with_old, newest_first, skip, at_most
    )
    return [
        Change(
            change_id=row["change_id"],
            recorded_at=row["recorded_at"],
            user_id=row["user_id"],
            key_id=row["api_key_id"],
            application_id=row["application_id"],
            entity=row["entity"],
            old=row["old"],
            new=row["new"],
        )
        for row in rows
    ]


async def count_changes(reader: Reader, wanted: ChangeFilter) -> int:
    """How many changes pass the filter."""
    return int(await reader.fetchval(_SQL["count_changes"], *_filter(wanted)))


def _filter(wanted: ChangeFilter) -> tuple[object, ...]:
    return (
        wanted.application_id,
        wanted.entity,
        wanted.user_id,
        wanted.key_id,
        wanted.after,
        wanted.before,
    )
