"""The work on exports: jobs of the queue, as `job_queue.py` does them.

A file is written under another name and gets its own when it is whole and the disk has it. The row
says so afterwards: a process that dies in between leaves a file that the next one writes anew.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import structlog

from tallystick.core.errors import Busy, OutcomeUnknown, Refusal
from tallystick.core.exports import CellType, Column, ExportJob, FileFormat
from tallystick.core.ids import ExportId
from tallystick.core.points import render_points
from tallystick.services.context import Context
from tallystick.services.export_files import write_rows
from tallystick.services.export_formats import csv_rows, in_thread
from tallystick.services.export_jobs import file_of, wish_of
from tallystick.services.export_kinds import kind_of
from tallystick.services.export_moments import settled_moment
from tallystick.services.job_queue import RENEW_SECONDS, LostJobError, Queue, clean, serve
from tallystick.services.programs import get_profile_program
from tallystick.store import export_jobs as store

_LOG = structlog.get_logger()
_REMAINS = timedelta(days=1)  # longer than a workbook takes
_FAULT = "Tallystick made a mistake; its log says more"


@asynccontextmanager
async def running_exports(context: Context) -> AsyncIterator[None]:
    """Jobs are worked on, so many at a time; at the end they are given back."""
    tasks = [
        asyncio.create_task(serve(context, _queue(context)), name="exports"),
        asyncio.create_task(clean(context, "old files of exports", remove_old_exports)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _queue(context: Context) -> Queue[ExportJob, "Tally"]:
    def begin(job: ExportJob, owner: str) -> tuple[Coroutine[Any, Any, None], Tally]:
        wish = wish_of(job)
        tally = Tally(kind_of(wish).columns(wish), as_json=job.format is FileFormat.NDJSON)
        return _Work(context, job, owner, tally).do(), tally

    return Queue(
        what="exports",
        store=store,
        at_most=context.limits.export_jobs_max,
        wake=context.export_wake,
        begin=begin,
        id_of=lambda job: job.export_id,
    )


class Tally:
    """Counts rows and sums the columns of points, as they are in the file, and its bytes."""

    def __init__(self, columns: Sequence[Column], *, as_json: bool) -> None:
        points = [(i, column.name) for i, column in enumerate(columns) if _is_points(column)]
        self._indexes = [index for index, _ in points]
        self._names = [name for _, name in points]
        self._sums = [0] * len(points)
        members = [(f"p{i}", Decimal | None) for i in range(len(points))]
        renamed = {f"p{i}": name for i, name in enumerate(self._names)}
        row = msgspec.defstruct("Row", members, rename=renamed.get, array_like=False)
        self._decoder = msgspec.json.Decoder(row)
        self._as_json = as_json
        self.rows_done = 0
        self.bytes_done = 0

    def hear(self, rows: bytes) -> None:
        """Count a block of rows."""
        if self._as_json:
            for row in self._decoder.decode_lines(rows):
                amounts = msgspec.structs.astuple(row)
                self._add([0 if each is None else int(each.scaleb(2)) for each in amounts])
        else:
            for cells in csv_rows(rows):
                self._add([int(cells[i].replace(".", "") or 0) for i in self._indexes])

    def _add(self, amounts: list[int]) -> None:
        self._sums = [total + amount for total, amount in zip(self._sums, amounts, strict=True)]
        self.rows_done += 1

    def sums(self) -> dict[str, str]:
        """The sums by the names of the columns, as decimal text."""
        sums = zip(self._names, self._sums, strict=True)
        return {name: render_points(amount) for name, amount in sums}


def _is_points(column: Column) -> bool:
    return column.type is CellType.POINTS


class _File:
    """A file that is written piece by piece while its digest is taken."""

    def __init__(self, path: Path, tally: Tally) -> None:
        self._file = path.open("wb")
        self._tally = tally
        self._digest = hashlib.sha256()

    async def take(self, piece: bytes) -> None:
        """Write the next bytes."""
        await in_thread(self._write, piece)

    def _write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)
        self._tally.bytes_done += len(piece)

    def finish(self) -> bytes:
        """The digest, once the disk has all of it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._digest.digest()

    def close(self) -> None:
        """Write no more."""
        self._file.close()


class _Work:
    """One job, from its claim to its end."""

    def __init__(self, context: Context, job: ExportJob, owner: str, tally: Tally) -> None:
        self._context = context
        self._job = job
        self._owner = owner
        self._tally = tally
        self._partial = file_of(context, job.export_id).with_suffix(f".{owner}.part")

    async def do(self) -> None:
        """Do it; whatever is raised becomes the end of the job or leaves it to the next one."""
        try:
            await self._write()
        except (LostJobError, Busy, OutcomeUnknown) as error:
            _LOG.warning("work on an export is left to be done again", reason=str(error))
            await asyncio.sleep(RENEW_SECONDS)
        except Refusal as refusal:
            await self._fail(str(refusal))
        except OSError as error:
            await self._fail(f"the file cannot be written ({error.strerror})")
        except Exception as error:  # noqa: BLE001 - a job that fails must not be tried for ever
            _LOG.error("work on an export failed", job=self._job.export_id, exc_info=error)
            await self._fail(_FAULT)
        finally:
            self._partial.unlink(missing_ok=True)

    async def _write(self) -> None:
        program = await get_profile_program(self._context, self._job.program_id)
        self._remove_remains()
        known_at, file = await settled_moment(self._context), _File(self._partial, self._tally)
        try:
            await write_rows(
                self._context,
                program,
                wish_of(self._job),
                known_at,
                file_format=self._job.format,
                safe=self._job.safe,
                output=file.take,
                heard=self._tally,
            )
            digest = await in_thread(file.finish)
        finally:
            file.close()
        await self._end(known_at, digest)

    async def _end(self, known_at: datetime, digest: bytes) -> None:
        """Give the file its name while the row is ours: a deletion comes before or after."""
        now, job_id = self._context.clock(), self._job.export_id
        written = store.WrittenFile(
            known_at=known_at,
            size=self._tally.bytes_done,
            row_count=self._tally.rows_done,
            digest=digest,
            sums=msgspec.json.encode(self._tally.sums()).decode(),
        )
        async with self._context.database.transaction() as tx:
            if not await store.end_job(tx, job_id, written, owner=self._owner, now=now):
                raise LostJobError(f"export {job_id}")
            self._partial.rename(file_of(self._context, job_id))

    def _remove_remains(self) -> None:
        """Remove what processes left behind that had the job before."""
        for path in self._context.export_folder.glob(f"{self._job.export_id}.*.part"):
            path.unlink(missing_ok=True)

    async def _fail(self, failure: str) -> None:
        now, job_id = self._context.clock(), self._job.export_id
        with suppress(Refusal):
            await self._context.database.write(
                lambda tx: store.fail_job(tx, job_id, failure, owner=self._owner, now=now)
            )


async def remove_old_exports(context: Context) -> None:
    """Remove the files that have been kept long enough, and what no job knows (any more)."""
    before = context.clock() - timedelta(days=context.limits.export_days_kept)
    await context.database.write(lambda tx: store.expire_jobs(tx, before=before))
    found = list(context.export_folder.iterdir())
    files = {path: _job_of(path) for path in found if path.is_file()}
    async with context.database.reader() as reader:
        kept = await store.list_kept(reader, set(files.values()))
    for path, job_id in files.items():
        if job_id not in kept:
            path.unlink(missing_ok=True)
    for path in found:
        if path.is_dir() and path.stat().st_mtime < (context.clock() - _REMAINS).timestamp():
            shutil.rmtree(path, ignore_errors=True)  # of a process that was killed


def _job_of(path: Path) -> ExportId:
    """The job that a file belongs to; none has the number 0."""
    number = path.name.partition(".")[0]
    return ExportId(int(number) if number.isdecimal() else 0)
