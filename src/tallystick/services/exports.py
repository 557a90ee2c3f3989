"""The record of files that were taken out of the books."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.accounts import Export, ExportEntity
from tallystick.core.ids import ExportId, ProgramId
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import exports as store
from tallystick.store.db import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage:
    """Exports, and how many there are on all pages."""

    exports: list[Export]
    total: int


async def record_export(  # noqa: PLR0913 - by name
    tx: Tx,
    caller: Caller | None,
    entity: ExportEntity,
    *,
    program_id: ProgramId,
    filter_: Mapping[str, object],
    now: datetime,
) -> ExportId:
    """Write down that a file was asked for, with the parameters that chose its rows; its id.

    caller: who asked, None for a command. The record of changes tells of it too, without the
    parameters, which may name a person.
    """
    export_id = await store.insert_export(
        tx,
        now=now,
        user_id=caller.user_id if caller else None,
        key_id=caller.key_id if caller else None,
        program_id=program_id,
        entity=entity,
        filter_=filter_,
    )
    new = {"id": export_id, "entity": entity, "programId": program_id}
    await record_change(tx, caller, f"/v1/exports/{export_id}", now=now, new=new)
    return export_id


async def record_download(
    context: Context, caller: Caller | None, export_id: ExportId, file_name: str
) -> None:
    """Write down that the file of a job was fetched."""
    path, new = f"/v1/exports/{export_id}/file", {"id": export_id, "fileName": file_name}
    async with context.database.transaction() as tx:
        await record_change(tx, caller, path, now=context.clock(), new=new)


async def list_exports(
    context: Context, caller: Caller, entity: str | None, *, page_size: int, skip: int
) -> ExportPage:
    """A page of the exports of all programs, in the order in which they were asked for.

    Errors: NotAllowed.
    """
    check_may(caller, Right.AUDIT)
    async with context.database.snapshot() as reader:
        return ExportPage(
            exports=await store.list_exports(reader, entity, skip=skip, at_most=page_size),
            total=await store.count_exports(reader, entity),
        )
