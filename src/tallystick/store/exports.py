"""Which files were taken out. Rows are only ever added."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from tallystick.core.accounts import Export, ExportEntity
from tallystick.core.ids import ExportId, ProgramId, UserId
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
) -> ExportId:
    """Insert an export; its id comes back."""
    text = msgspec.json.encode(filter_).decode()
    values = now, user_id, key_id, program_id, entity, text
    return ExportId(await tx.fetchval(_SQL["insert_export"], *values))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTransaction:
    """A transaction that may still write. `age` is how long it has been open."""

    key: tuple[int, datetime]
    age: timedelta


async def list_open(reader: Reader) -> list[OpenTransaction]:
    """The other transactions of Tallystick in this database, the oldest first."""
    return [
        OpenTransaction(key=(row["pid"], row["xact_start"]), age=row["age"])
        for row in await reader.fetch(_SQL["list_open"])
    ]
