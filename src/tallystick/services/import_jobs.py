"""Imports as jobs: files that were uploaded, what is to be done with them, and what became of them.

The work itself is done by `import_work.py`, in this process or another one on the same data folder.
"""

import asyncio
import hashlib
import heapq
import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from tallystick.core.approvals import ImportWish, UndoWish
from tallystick.core.errors import NotFound, NotSupported, RowProblem
from tallystick.core.formats import FORMATS
from tallystick.core.formats.opening import open_text
from tallystick.core.formats.report import write_report
from tallystick.core.ids import ImportId, ProgramId
from tallystick.core.import_jobs import NEVER_IMPORTED, Finding, ImportJob
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.services.asking import imports_wait
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.import_waiting import (
    UNDOABLE,
    busy,
    check_kept,
    check_undo,
    check_undoable,
    hold,
    in_use,
)
from tallystick.services.undo import UndoPreview, preview_undo
from tallystick.store import import_jobs as store
from tallystick.store.db import Sink, Tx

_PIECE = 262_144  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Jobs, the newest first, and how many there are on all pages."""

    jobs: list[ImportJob]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that has come whole, still under a name of its own in the folder of imports."""

    path: Path
    name: str
    size: int
    digest: bytes


def keep_upload(context: Context, file: BinaryIO, *, name: str) -> Upload:
    """A copy of the file in the folder of imports, for `create_job`."""
    path = new_upload(context)
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as copy:
        while piece := file.read(_PIECE):
            copy.write(piece)
            digest.update(piece)
            size += len(piece)
    return Upload(path=path, name=name, size=size, digest=digest.digest())


def new_upload(context: Context) -> Path:
    """Where a file may be written that is about to come."""
    return context.import_folder / f"{secrets.token_hex(16)}.part"


def file_of(context: Context, import_id: ImportId) -> Path:
    """Where the file of a job is kept."""
    return context.import_folder / str(import_id)


def problem_files(context: Context, import_id: ImportId) -> tuple[Path, Path]:
    """Where the problems of its last check are: those of the text, and those of the database."""
    path = file_of(context, import_id)
    return path.with_suffix(".problems"), path.with_suffix(".more-problems")


async def create_job(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    upload: Upload,
    *,
    format_name: str,
    caller: Caller | None,
    state: str = "checking",
    good_rows_only: bool = False,
) -> ImportJob:
    """A job for the file, which is kept from now on. Errors: NotAllowed, NotFound.

    state: uploaded for a file to which nothing is to be done yet, checking or importing. Where an
    import waits for approval, the file is checked meanwhile.
    """
    check_may(caller, Right.IMPORT, program.id)
    now = context.clock()
    file = store.NewFile(
        name=upload.name,
        size=upload.size,
        digest=upload.digest,
        user_id=caller.user_id if caller else None,
        key_id=caller.key_id if caller else None,
    )
    async with context.database.transaction() as tx:
        waits = state == "importing" and await imports_wait(tx, caller, program.id)
        state = "checking" if waits else state
        import_id = await store.insert_job(
            tx,
            program.id,
            file,
            format_name=format_name,
            state=state,
            good_rows_only=good_rows_only,
            now=now,
        )
        await record_change(
            tx,
            caller,
            _path(program.id, import_id),
            now=now,
            new={**_told(import_id, state), "format": format_name, "fileName": upload.name},
        )
        if waits:
            assert caller is not None, "a command does not wait"
            wish = ImportWish(
                import_id=import_id, file_name=upload.name, good_rows_only=good_rows_only
            )
            await hold(tx, caller, program.id, wish, now=now, allowed=frozenset({state}))
        upload.path.rename(file_of(context, import_id))
    context.import_wake.set()
    return await get_job(context, program.id, import_id)


async def import_waits(context: Context, caller: Caller, program_id: ProgramId) -> bool:
    """Whether a file that somebody sends to be imported waits for approval."""
    async with context.database.reader() as reader:
        return await imports_wait(reader, caller, program_id)


async def list_jobs(
    context: Context, program_id: ProgramId, *, page_size: int, skip: int
) -> JobPage:
    """A page of the imports of a program, the newest first."""
    async with context.database.snapshot() as reader:
        return JobPage(
            jobs=await store.list_jobs(reader, program_id, skip=skip, at_most=page_size),
            total=await store.count_jobs(reader, program_id),
        )


async def get_job(context: Context, program_id: ProgramId, import_id: ImportId) -> ImportJob:
    """An import of the program. Errors: NotFound."""
    async with context.database.reader() as reader:
        job = await store.find_job(reader, [program_id], import_id)
    if job is None:
        raise NotFound("import", str(import_id))
    return job


def finding_of(job: ImportJob) -> Finding | None:
    """What its last check found, if it was checked."""
    return None if job.finding is None else msgspec.json.decode(job.finding, type=Finding)


async def start_check(
    context: Context, caller: Caller | None, program_id: ProgramId, import_id: ImportId
) -> ImportJob:
    """The job, whose file will be checked. Errors: NotAllowed, NotFound, InUse, NotSupported."""
    check_may(caller, Right.IMPORT, program_id)
    job = await get_job(context, program_id, import_id)
    check_kept(job)
    return await _queue(context, job, "checking", caller=caller, good_rows_only=job.good_rows_only)


async def start_import(
    context: Context,
    caller: Caller | None,
    program_id: ProgramId,
    import_id: ImportId,
    *,
    good_rows_only: bool = False,
) -> ImportJob:
    """The job, whose file will be imported, at once or once somebody else approves.

    Errors: NotAllowed, NotFound, InUse, NotSupported.
    """
    check_may(caller, Right.IMPORT, program_id)
    job = await get_job(context, program_id, import_id)
    check_kept(job)
    wish = ImportWish(import_id=import_id, file_name=job.file_name, good_rows_only=good_rows_only)
    return await _queue(
        context, job, "importing", caller=caller, good_rows_only=good_rows_only, wish=wish
    )


async def start_undo(
    context: Context,
    caller: Caller | None,
    program: Program,
    import_id: ImportId,
    *,
    below_zero: bool = False,
) -> ImportJob:
    """The job, whose import will be undone, at once or once somebody else approves.

    Errors: NotAllowed; NotFound; AlreadyUndone; InUse if there is nothing to undo; NotSupported for
    join dates, and for belowZero if the program's return policy does not allow it.
    """
    check_may(caller, Right.IMPORT, program.id)
    job = await get_job(context, program.id, import_id)
    check_undo(job, program, below_zero=below_zero)
    wish = UndoWish(import_id=import_id, file_name=job.file_name, below_zero=below_zero)
    return await _queue(
        context,
        job,
        "undoing",
        caller=caller,
        good_rows_only=job.good_rows_only,
        below_zero=below_zero,
        allowed=UNDOABLE,
        wish=wish,
    )


async def preview_job_undo(context: Context, program: Program, import_id: ImportId) -> UndoPreview:
    """What undoing it would take back, at no change. Errors: NotFound, InUse, NotSupported."""
    job = await get_job(context, program.id, import_id)
    check_undoable(job)
    return await preview_undo(context, program, job.import_id)


async def delete_job(
    context: Context, caller: Caller | None, program_id: ProgramId, import_id: ImportId
) -> None:
    """Delete a file that was never imported. Errors: NotAllowed, NotFound, InUse."""
    check_may(caller, Right.IMPORT, program_id)
    now, job = context.clock(), await get_job(context, program_id, import_id)

    async def work(tx: Tx) -> bool:
        deleted = await store.delete_job(tx, import_id)
        if deleted:
            old = _told(import_id, job.state)
            await record_change(tx, caller, _path(program_id, import_id), now=now, old=old)
        return deleted

    if not await context.database.write(work):
        raise in_use(job, "delete it before it is imported, and while it does not wait")
    remove_files(context, import_id)


def remove_files(context: Context, import_id: ImportId) -> None:
    """Remove the file of a job and what was noted of it."""
    for path in (file_of(context, import_id), *problem_files(context, import_id)):
        path.unlink(missing_ok=True)


async def record_download(context: Context, caller: Caller, job: ImportJob, part: str) -> None:
    """Write down that somebody fetched the file of a job, or the report of its problems.

    part: the last word of the operation's path.
    """
    path = f"{_path(job.program_id, job.import_id)}/{part}"
    new = {"id": job.import_id, "fileName": job.file_name}
    async with context.database.transaction() as tx:
        await record_change(tx, caller, path, now=context.clock(), new=new)


async def write_file(context: Context, job: ImportJob, output: Sink) -> None:
    """Write the original to `output`. Errors: NotSupported if it is not kept here."""
    with open_file(context, job) as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            await output(piece)


async def write_problems(context: Context, job: ImportJob, output: Sink) -> None:
    """Write the wrong rows with what is wrong with them, ready to be mended and sent again.

    Errors: NotSupported if the file was never checked, or is not kept here.
    """
    pieces = _report(context, job)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        await output(piece)


def _report(context: Context, job: ImportJob) -> Iterator[bytes]:
    with open_file(context, job) as file:
        problems = noted_problems(context, job.import_id)
        limits = context.limits.file
        text = open_text(file, limits)
        yield from write_report(text, problems, FORMATS[job.format], limits=limits)


def noted_problems(context: Context, import_id: ImportId) -> Iterator[RowProblem]:
    """What its last check noted, in the order of the lines."""
    return heapq.merge(
        *(_noted(path) for path in problem_files(context, import_id)),
        key=lambda problem: problem.line,
    )


def _noted(path: Path) -> Iterator[RowProblem]:
    decoder = msgspec.json.Decoder(RowProblem)
    if path.exists():
        with path.open("rb") as lines:
            yield from map(decoder.decode, lines)


def check_checked(context: Context, job: ImportJob) -> None:
    """Nothing, if the problems of the job can be told. Errors: NotSupported."""
    if job.finding is None and job.problem_count is None:
        raise NotSupported("importId", "it was not checked yet; check it first")
    check_readable(context, job)


def check_readable(context: Context, job: ImportJob) -> None:
    """Nothing, if the file of the job can be read here. Errors: NotSupported."""
    open_file(context, job).close()


def open_file(context: Context, job: ImportJob) -> BinaryIO:
    """The file of a job, to be read. Errors: NotSupported if it is not kept here."""
    try:
        file: io.BufferedReader = file_of(context, job.import_id).open("rb")
    except OSError as error:
        why = "its file is not kept (any more), or is on another machine"
        raise NotSupported("importId", why) from error
    return file


async def _queue(  # noqa: PLR0913 - by name
    context: Context,
    job: ImportJob,
    state: str,
    *,
    caller: Caller | None,
    good_rows_only: bool,
    below_zero: bool = False,
    allowed: frozenset[str] = NEVER_IMPORTED,
    wish: ImportWish | UndoWish | None = None,
) -> ImportJob:
    """The job, in the queue, or waiting for approval of the wish. Errors: InUse."""
    now = context.clock()

    async def work(tx: Tx) -> bool:
        if wish and caller and await imports_wait(tx, caller, job.program_id):
            await hold(tx, caller, job.program_id, wish, now=now, allowed=allowed)
            return True
        queued = await store.queue_job(
            tx,
            job.import_id,
            state,
            allowed=allowed,
            good_rows_only=good_rows_only,
            below_zero=below_zero,
        )
        if queued:
            old, new = _told(job.import_id, job.state), _told(job.import_id, state)
            path = _path(job.program_id, job.import_id)
            await record_change(tx, caller, path, now=now, old=old, new=new)
        return queued

    if not await context.database.write(work):
        raise busy(await get_job(context, job.program_id, job.import_id))
    context.import_wake.set()
    return await get_job(context, job.program_id, job.import_id)


def _path(program_id: ProgramId, import_id: ImportId) -> str:
    """The path of the import in the API."""
    return f"/v1/loyalty_programs/{program_id}/imports/{import_id}"


def _told(import_id: ImportId, state: str) -> dict[str, object]:
    """What the record of changes holds of a job."""
    return {"id": import_id, "state": state}
