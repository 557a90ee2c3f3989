"""The imports of a program as people look at them: what is going on, what was done and by whom."""

from dataclasses import dataclass

from tallystick.core.errors import NotFound
from tallystick.core.ids import ImportId, ProgramId
from tallystick.core.import_jobs import Finding, ImportRecord
from tallystick.core.paging import KeyedPage, Place, keyed_page, place_key
from tallystick.services.context import Context
from tallystick.services.import_jobs import finding_of
from tallystick.store import import_jobs as store
from tallystick.store.db import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The imports at work or in the queue, the oldest first, and the others, the newest first."""

    at_work: list[ImportRecord]
    at_rest: KeyedPage[ImportRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDetails:
    """An import, what its last check found, and the imports of a file of the same content."""

    record: ImportRecord
    finding: Finding | None
    twins: list[ImportRecord]


async def import_history(
    context: Context,
    program_id: ProgramId,
    *,
    format_name: str | None = None,
    place: Place,
    page_size: int,
) -> History:
    """All imports of a program, or those of a format. Errors: InvalidField for a wrong key."""
    [key] = place_key(place, 1) or [None]
    async with context.database.snapshot() as reader:
        at_work = await store.list_at_work(reader, program_id)
        found = await store.list_at_rest(
            reader,
            program_id,
            format_name=format_name,
            older_than=key if place.before is None else None,
            newer_than=key if place.before is not None else None,
            at_most=page_size + 1,
        )
        page = keyed_page(found, place, page_size=page_size, key=str)
        return History(
            at_work=await store.list_records(reader, program_id, at_work),
            at_rest=KeyedPage(
                rows=await store.list_records(reader, program_id, page.rows),
                before=page.before,
                after=page.after,
            ),
        )


async def import_details(
    context: Context, program_id: ProgramId, import_id: ImportId
) -> ImportDetails:
    """An import with what its page shows. Errors: NotFound."""
    async with context.database.snapshot() as reader:
        record = await _record(reader, program_id, import_id)
        finding = finding_of(record.job)
        twins = [ImportId(twin) for twin in finding.twins if twin != import_id] if finding else []
        return ImportDetails(
            record=record,
            finding=finding,
            twins=await store.list_records(reader, program_id, twins),
        )


async def _record(reader: Reader, program_id: ProgramId, import_id: ImportId) -> ImportRecord:
    found = await store.list_records(reader, program_id, [import_id])
    if not found:
        raise NotFound("import", str(import_id))
    return found[0]
