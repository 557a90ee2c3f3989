"""Exports as jobs: files that are written in the background, and fetched while they are kept.

The work itself is done by `export_work.py`, in this process or another one on the same data folder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tallystick.core.errors import InUse, NotFound, NotSupported
from tallystick.core.exports import FAILED, WRITING, WRITTEN, AskedExport, ExportJob, FileFormat
from tallystick.core.ids import ExportId, ProgramId
from tallystick.core.paging import KeyedPage, Place
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.export_files import filter_of
from tallystick.services.export_kinds import KINDS, kind_of
from tallystick.services.exports import record_export
from tallystick.store import export_jobs as store
from tallystick.store.db import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJobPage:
    """Jobs, the newest first, and how many there are on all pages."""

    jobs: list[ExportJob]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportHistory:
    """Jobs that wait or are being written, and a page of those that are over; newest first."""

    writing: list[AskedExport]
    ended: KeyedPage[AskedExport]


async def create_export(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    wish: object,
    *,
    caller: Caller | None,
    file_format: FileFormat,
    safe: bool,
    file_name: str,
) -> ExportJob:
    """A job that will write the file. Errors: NotAllowed, NotFound, InvalidField."""
    check_may(caller, Right.EXPORT, program.id)
    now, kind = context.clock(), kind_of(wish)

    async def work(tx: Tx) -> ExportId:
        await kind.check(tx, program, wish)
        export_id = await record_export(
            tx, caller, kind.entity, program_id=program.id, filter_=filter_of(wish), now=now
        )
        job = store.NewJob(
            export_id=export_id,
            program_id=program.id,
            kind=kind.name,
            wish=msgspec.json.encode(wish).decode(),
            format=file_format,
            safe=safe,
            file_name=file_name,
            user_id=caller.user_id if caller else None,
            key_id=caller.key_id if caller else None,
        )
        await store.insert_job(tx, job, now=now)
        return export_id

    export_id = await context.database.write(work)
    context.export_wake.set()
    return await get_export(context, program.id, export_id)


async def list_export_jobs(
    context: Context, program_id: ProgramId, *, page_size: int, skip: int
) -> ExportJobPage:
    """A page of the jobs of a program, the newest first."""
    async with context.database.snapshot() as reader:
        return ExportJobPage(
            jobs=await store.list_jobs(reader, program_id, skip=skip, at_most=page_size),
            total=await store.count_jobs(reader, program_id),
        )


async def export_history(
    context: Context, program_id: ProgramId, *, place: Place, page_size: int
) -> ExportHistory:
    """The jobs of a program, those that are over page by page.

    Errors: InvalidField for a place that no page has told.
    """
    async with context.database.snapshot() as reader:
        return ExportHistory(
            writing=await store.list_writing(reader, program_id),
            ended=await store.list_ended(reader, program_id, place=place, page_size=page_size),
        )


async def get_export(context: Context, program_id: ProgramId, export_id: ExportId) -> ExportJob:
    """A job of the program. Errors: NotFound."""
    async with context.database.reader() as reader:
        job = await store.find_job(reader, program_id, export_id)
    if job is None:
        raise NotFound("export", str(export_id))
    return job


async def delete_export(
    context: Context, caller: Caller | None, program_id: ProgramId, export_id: ExportId
) -> None:
    """Delete a job and its file; the work on it ends. That it was asked for stays known.

    Errors: NotAllowed, NotFound.
    """
    check_may(caller, Right.EXPORT, program_id)
    now, job = context.clock(), await get_export(context, program_id, export_id)

    async def work(tx: Tx) -> None:
        await store.delete_job(tx, export_id)
        old = {"id": export_id, "fileName": job.file_name}
        await record_change(tx, caller, f"/v1/exports/{export_id}", now=now, old=old)

    await context.database.write(work)
    file_of(context, export_id).unlink(missing_ok=True)


def file_of(context: Context, export_id: ExportId) -> Path:
    """Where the file of a job is kept."""
    return context.export_folder / str(export_id)


def kept_until(context: Context, job: ExportJob) -> datetime | None:
    """When the file of a job is removed; None if there is none."""
    if job.state != WRITTEN or job.ended_at is None:
        return None
    return job.ended_at + timedelta(days=context.limits.export_days_kept)


def wish_of(job: ExportJob) -> Any:
    """What the job was asked for."""
    return msgspec.json.decode(job.wish, type=KINDS[job.kind].wish)


def parameters_of(job: ExportJob) -> Mapping[str, object]:
    """The same in the words of the API."""
    return filter_of(wish_of(job))


def check_written(context: Context, job: ExportJob) -> Path:
    """The file of the job, which is whole.

    Errors: InUse while it is being written; NotSupported if there is none, or none here.
    """
    check_ended(job)
    path = file_of(context, job.export_id)
    if job.state != WRITTEN or not path.exists():
        why = "its file is not kept (any more), or is on another machine; ask for it anew"
        raise NotSupported("exportId", why)
    return path


def check_ended(job: ExportJob) -> None:
    """Nothing, if a file was written. Errors: InUse, NotSupported."""
    if job.state == WRITING:
        fix = "wait until it is written"
        raise InUse("export", str(job.export_id), f"the state {job.state}", fix)
    if job.state == FAILED:
        raise NotSupported("exportId", f"there is no file, because {job.failure}")
