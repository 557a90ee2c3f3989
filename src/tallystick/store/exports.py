"""Which files were taken out. Rows are only ever added."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from tallystick.core.accounts import Export, ExportEntity
from tallystick.core.ids import ProgramId, UserId
from tallystick.store.db import Reader, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("exports")


async def insert_export(  # noqa: PLR0913 - by name
    tx: Tx,
    *,
    now: datetime,
    user_id: UserId | None,
    key_id: int | None,
    program_id: ProgramId,
    entity: ExportEntity,
    filter_: Mapping[str, object],
) -> None:
    """Insert an export."""
    text = msgspec.json.encode(filter_).decode()
    await tx.execute(_SQL["insert_export"], now, user_id, key_id, program_id, entity, text)


async def list_exports(
    reader: Reader, entity: str | None, *, skip: int, at_most: int
) -> list[Export]:
    """Exports in the order of their ids."""
    return [
        Export(
            export_id=row["export_id"],
            recorded_at=row["recorded_at"],
            user_id=row["user_id"],
            program_id=row["program_id"],
            entity=row["entity"],
            filter_=row["filter"],
        )
        for row in await reader.fetch(_SQL["list_exports"], entity, skip, at_most)
    ]


async def count_exports(reader: Reader, entity: str | None) -> int:
    """How many exports of that entity there are, or of all."""
    return int(await reader.fetchval(_SQL["count_exports"], entity))
