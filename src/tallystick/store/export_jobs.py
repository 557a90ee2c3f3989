"""Exports as jobs: the queue of files to be written, and the history; see `sql/export_jobs.sql`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.errors import NotFound
from tallystick.core.exports import AskedExport, ExportJob, FileFormat
from tallystick.core.ids import ExportId, ProgramId, UserId
from tallystick.core.paging import KeyedPage, Place, keyed_page, place_key
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries

_SQL = load_queries("export_jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A file that is wished for, and by whom."""

    export_id: ExportId
    program_id: ProgramId
    kind: str
    wish: str
    format: FileFormat
    safe: bool
    file_name: str
    user_id: UserId | None
    key_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """What is known of a file once it is whole."""

    known_at: datetime
    size: int
    row_count: int
    digest: bytes
    sums: str


async def insert_job(tx: Tx, job: NewJob, *, now: datetime) -> None:
    """Insert a job that waits for its turn. Errors: NotFound."""
    gone = NotFound("loyalty program", str(job.program_id))
    with refused_as({"export_job_program_fkey": gone}):
        await tx.execute(
            _SQL["insert_job"],
            job.export_id,
            job.program_id,
            job.kind,
            job.wish,
            job.format.value,
            job.safe,
            job.file_name,
            job.user_id,
            job.key_id,
            now,
        )


async def find_job(reader: Reader, program_id: ProgramId, export_id: ExportId) -> ExportJob | None:
    """The job, if it is one of the program's."""
    row = await reader.fetchrow(_SQL["find_job"], export_id, program_id)
    return None if row is None else _job(row)


async def list_jobs(
    reader: Reader, program_id: ProgramId, *, skip: int, at_most: int
) -> list[ExportJob]:
    """The jobs of a program, the newest first."""
    return list(map(_job, await reader.fetch(_SQL["list_jobs"], program_id, skip, at_most)))


async def list_writing(reader: Reader, program_id: ProgramId) -> list[AskedExport]:
    """The jobs of a program that are in the queue, the newest first."""
    return list(map(_asked, await reader.fetch(_SQL["list_writing"], program_id)))


async def list_ended(
    reader: Reader, program_id: ProgramId, *, place: Place, page_size: int
) -> KeyedPage[AskedExport]:
    """A page of the jobs of a program that are over, the newest first. Errors: InvalidField."""
    backwards = place.before is not None
    query = _SQL["list_ended_before" if backwards else "list_ended_after"]
    [key] = place_key(place, 1) or [None]
    rows = await reader.fetch(query, program_id, key, page_size + 1)
    return keyed_page(
        list(map(_asked, rows)),
        place,
        page_size=page_size,
        key=lambda asked: str(asked.job.export_id),
    )


async def count_jobs(reader: Reader, program_id: ProgramId) -> int:
    """How many jobs a program has."""
    return int(await reader.fetchval(_SQL["count_jobs"], program_id))


async def list_waiting(reader: Reader, *, now: datetime, at_most: int) -> list[ExportId]:
    """The jobs in the queue that nobody works on, the oldest first."""
    return _ids(await reader.fetch(_SQL["list_waiting"], now, at_most))


async def claim_job(
    tx: Tx, export_id: ExportId, *, owner: str, now: datetime, until: datetime
) -> ExportJob | None:
    """Take a job on; None if somebody else was faster."""
    row = await tx.fetchrow(_SQL["claim_job"], export_id, owner, now, until)
    return None if row is None else _job(row)


async def renew_lease(  # noqa: PLR0913 - by name
    tx: Tx, export_id: ExportId, *, owner: str, until: datetime, bytes_done: int, rows_done: int
) -> bool:
    """Keep a job and tell how far it has come; False if it is no longer ours."""
    values = export_id, owner, until, bytes_done, rows_done
    return await tx.fetchval(_SQL["renew_lease"], *values) is not None


async def end_job(
    tx: Tx, export_id: ExportId, file: WrittenFile, *, owner: str, now: datetime
) -> bool:
    """Note that the file is whole; False if the job is no longer ours."""
    values = file.known_at, file.size, file.row_count, file.digest, file.sums
    return await tx.fetchval(_SQL["end_job"], export_id, owner, now, *values) is not None


async def fail_job(tx: Tx, export_id: ExportId, failure: str, *, owner: str, now: datetime) -> bool:
    """Note why there is no file; False if the job is no longer ours."""
    return await tx.fetchval(_SQL["fail_job"], export_id, owner, now, failure) is not None


async def give_back(tx: Tx, export_id: ExportId, *, owner: str) -> None:
    """Let another process take the job on at once."""
    await tx.execute(_SQL["give_back"], export_id, owner)


async def delete_job(tx: Tx, export_id: ExportId) -> None:
    """Delete a job, whatever its state."""
    await tx.execute(_SQL["delete_job"], export_id)


async def expire_jobs(tx: Tx, *, before: datetime) -> list[ExportId]:
    """The jobs that were written before then, whose files are not kept from now on."""
    return _ids(await tx.fetch(_SQL["expire_jobs"], before))


async def list_kept(reader: Reader, export_ids: Collection[ExportId]) -> set[ExportId]:
    """Those of the jobs that have a file or will have one."""
    return set(_ids(await reader.fetch(_SQL["list_kept"], list(export_ids))))


def _ids(rows: list[Record]) -> list[ExportId]:
    return [ExportId(row["export_id"]) for row in rows]


def _asked(row: Record) -> AskedExport:
    return AskedExport(job=_job(row), asked_by=row["asked_by"])


def _job(row: Record) -> ExportJob:
    left_out = {"lease_owner", "lease_until", "asked_by"}
    values = {name: value for name, value in row.items() if name not in left_out}
    return ExportJob(**{**values, "format": FileFormat(row["format"])})
