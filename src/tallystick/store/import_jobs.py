"""Imports as jobs: the queue of work on files, and the history; see `sql/import_jobs.sql`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from tallystick.core.errors import NotFound
from tallystick.core.ids import ApprovalId, ImportId, ProgramId, UserId
from tallystick.core.import_jobs import ImportJob, ImportRecord
from tallystick.core.points import Points
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.programs import gone
from tallystick.store.queries import load_queries

_SQL = load_queries("import_jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file that came, and who sent it."""

    name: str
    size: int
    digest: bytes
    user_id: UserId | None = None
    key_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the work on a job ended; what is None stays as it was."""

    state: str
    finding: str | None = None
    failure: str | None = None
    row_count: int | None = None
    amount: Points | None = None
    problem_count: int | None = None


async def insert_job(  # noqa: PLR0913 - by name
    tx: Tx,
    program_id: ProgramId,
    file: NewFile,
    *,
    format_name: str,
    state: str,
    good_rows_only: bool,
    now: datetime,
) -> ImportId:
    """Insert a job whose file is kept; its id comes back. Errors: NotFound."""
    with refused_as(_gone(program_id)):
        import_id = await tx.fetchval(
            _SQL["insert_job"],
            program_id,
            format_name,
            state,
            good_rows_only,
            file.name,
            file.size,
            file.digest,
            file.user_id,
            file.key_id,
            now,
        )
    return ImportId(import_id)


async def insert_imported(  # noqa: PLR0913 - by name
    tx: Tx,
    program_id: ProgramId,
    file: NewFile,
    *,
    format_name: str,
    now: datetime,
    row_count: int,
    amount: Points | None,
    problem_count: int,
) -> ImportId:
    """Note an import that is made in one go; its id comes back. Errors: NotFound."""
    with refused_as(_gone(program_id)):
        import_id = await tx.fetchval(
            _SQL["insert_imported"],
            program_id,
            format_name,
            file.name,
            file.size,
            file.digest,
            file.user_id,
            file.key_id,
            now,
            row_count,
            amount,
            problem_count,
        )
    return ImportId(import_id)


def _gone(program_id: ProgramId) -> dict[str, Any]:
    told = NotFound("loyalty program", str(program_id))
    return {**gone(program_id), "import_job_program_fkey": told}


async def find_job(
    reader: Reader, program_ids: Collection[ProgramId], import_id: ImportId
) -> ImportJob | None:
    """The job, if it is one of these programs'."""
    row = await reader.fetchrow(_SQL["find_job"], import_id, list(program_ids))
    return None if row is None else _job(row)


async def list_jobs(
    reader: Reader, program_id: ProgramId, *, skip: int, at_most: int
) -> list[ImportJob]:
    """The jobs of a program, the newest first."""
    return list(map(_job, await reader.fetch(_SQL["list_jobs"], program_id, skip, at_most)))


async def count_jobs(reader: Reader, program_id: ProgramId) -> int:
    """How many jobs a program has."""
    return int(await reader.fetchval(_SQL["count_jobs"], program_id))


async def list_at_work(reader: Reader, program_id: ProgramId) -> list[ImportId]:
    """The jobs of a program that wait for their turn or are worked on, the oldest first."""
    rows = await reader.fetch(_SQL["list_at_work"], program_id)
    return [ImportId(row["import_id"]) for row in rows]


async def list_at_rest(  # noqa: PLR0913 - by name
    reader: Reader,
    program_id: ProgramId,
    *,
    format_name: str | None,
    older_than: int | None = None,
    newer_than: int | None = None,
    at_most: int,
) -> list[ImportId]:
    """The others, the newest first; from the one on that they have to be newer than, backwards."""
    name = "list_older" if newer_than is None else "list_newer"
    key = older_than if newer_than is None else newer_than
    rows = await reader.fetch(_SQL[name], program_id, format_name, key, at_most)
    return [ImportId(row["import_id"]) for row in rows]


async def list_records(
    reader: Reader, program_id: ProgramId, import_ids: Collection[ImportId]
) -> list[ImportRecord]:
    """These jobs of a program with who sent the file and their undo, in the order of the ids."""
    rows = await reader.fetch(_SQL["list_records"], program_id, list(import_ids))
    found = {row["import_id"]: _record(row) for row in rows}
    return [found[import_id] for import_id in import_ids if import_id in found]


async def find_twins(
    reader: Reader, program_id: ProgramId, digest: bytes, *, format_name: str, at_most: int
) -> list[ImportId]:
    """The jobs that imported a file of the same content into the program, the first ones."""
    rows = await reader.fetch(_SQL["find_twins"], program_id, digest, format_name, at_most)
    return [ImportId(row["import_id"]) for row in rows]


async def queue_job(  # noqa: PLR0913 - by name
    tx: Tx,
    import_id: ImportId,
    state: str,
    *,
    allowed: Collection[str],
    good_rows_only: bool,
    below_zero: bool = False,
    approval_id: ApprovalId | None = None,
) -> bool:
    """Put a job into the queue; False if it is in none of the allowed states.

    approval_id: of the request that lets it wait and is approved now; but for a check a job that
    waits by another one, or by one at all if this is None, is left alone.
    """
    values = import_id, state, list(allowed), good_rows_only, below_zero, approval_id
    return bool(await tx.fetchval(_SQL["queue_job"], *values))


async def hold_job(
    tx: Tx, import_id: ImportId, approval_id: ApprovalId, *, allowed: Collection[str]
) -> bool:
    """Let a job wait for approval; False if its state does not allow that, or it does already."""
    return bool(await tx.fetchval(_SQL["hold_job"], import_id, list(allowed), approval_id))


async def release_job(tx: Tx, import_id: ImportId, approval_id: ApprovalId) -> None:
    """Let a job no longer wait for this request."""
    await tx.execute(_SQL["release_job"], import_id, approval_id)


async def list_waiting(reader: Reader, *, now: datetime, at_most: int) -> list[ImportId]:
    """The jobs in the queue that nobody works on, the oldest first."""
    return [
        ImportId(r["import_id"]) for r in await reader.fetch(_SQL["list_waiting"], now, at_most)
    ]


async def claim_job(
    tx: Tx, import_id: ImportId, *, owner: str, now: datetime, until: datetime
) -> ImportJob | None:
    """Take a job on; None if somebody else was faster."""
    row = await tx.fetchrow(_SQL["claim_job"], import_id, owner, now, until)
    return None if row is None else _job(row)


async def renew_lease(  # noqa: PLR0913 - by name
    tx: Tx, import_id: ImportId, *, owner: str, until: datetime, bytes_done: int, rows_done: int
) -> bool:
    """Keep a job and tell how far it has come; False if it is no longer ours."""
    values = import_id, owner, until, bytes_done, rows_done
    return bool(await tx.fetchval(_SQL["renew_lease"], *values))


async def end_job(
    tx: Tx, import_id: ImportId, ending: Ending, *, owner: str, now: datetime
) -> bool:
    """Write how the work ended; False if the job is no longer ours."""
    values = (
        ending.state,
        now,
        ending.finding,
        ending.failure,
        ending.row_count,
        ending.amount,
        ending.problem_count,
    )
    return bool(await tx.fetchval(_SQL["end_job"], import_id, owner, *values))


async def give_back(tx: Tx, import_id: ImportId, *, owner: str) -> None:
    """Let another process take the job on at once."""
    await tx.execute(_SQL["give_back"], import_id, owner)


async def delete_job(tx: Tx, import_id: ImportId) -> bool:
    """Delete a job that was never imported; False if it was, or is being worked on."""
    return bool(await tx.fetchval(_SQL["delete_job"], import_id))


async def list_old_files(reader: Reader, *, before: datetime) -> list[ImportId]:
    """The jobs at rest that were made before then and whose files are kept."""
    return [ImportId(r["import_id"]) for r in await reader.fetch(_SQL["list_old_files"], before)]


async def forget_file(tx: Tx, import_id: ImportId) -> None:
    """Note that the file of a job is gone."""
    await tx.execute(_SQL["forget_file"], import_id)


def _job(row: Record) -> ImportJob:
    values: Mapping[str, Any] = dict(row)
    return ImportJob(**{each.name: values[each.name] for each in fields(ImportJob)})


def _record(row: Record) -> ImportRecord:
    return ImportRecord(
        job=_job(row),
        person=row["person"],
        key_name=row["key_name"],
        undone_at=row["undone_at"],
        taken_back=row["taken_back"],
    )
