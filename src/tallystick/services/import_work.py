"""The work on imports: jobs of the queue, as `job_queue.py` does them.

How the work ended is written in the transaction of its entries: a process that dies leaves nothing
behind, and one that was taken for dead cannot commit.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import msgspec
import structlog

from tallystick.core.errors import (
    AlreadyUndone,
    Busy,
    InvalidFile,
    OutcomeUnknown,
    Refusal,
    RowProblem,
)
from tallystick.core.formats import FORMATS
from tallystick.core.formats.limits import FileLimits
from tallystick.core.formats.opening import open_text
from tallystick.core.formats.table import Matched, match_header
from tallystick.core.ids import ImportId
from tallystick.core.import_jobs import AT_WORK, Finding, ImportJob
from tallystick.core.programs import Program
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.import_check import check_file
from tallystick.services.import_jobs import file_of, get_job, problem_files, remove_files
from tallystick.services.imports import ImportFile, Problems, import_within
from tallystick.services.job_queue import (
    RENEW_SECONDS,
    LostJobError,
    Queue,
    claim,
    clean,
    hold,
    serve,
)
from tallystick.services.joining import enter_join_dates
from tallystick.services.programs import get_profile_program
from tallystick.services.undo import undo_import
from tallystick.store import import_jobs as store
from tallystick.store.db import COLLISION, Tx

_LOG = structlog.get_logger()
_FAULT = "Tallystick made a mistake; its log says more"


@dataclass(slots=True)
class Tally:
    """How far the work on a job has come."""

    source: ImportFile | None = None

    @property
    def bytes_done(self) -> int:
        """The bytes of the file that were read."""
        return self.source.size if self.source else 0

    @property
    def rows_done(self) -> int:
        """The good rows that were read."""
        return self.source.rows_read if self.source else 0


Watch = Callable[[Tally], None]


async def work_on(
    context: Context, program: Program, import_id: ImportId, *, watch: Watch = lambda _tally: None
) -> ImportJob:
    """The job, once the work it is queued for is done here, or by another process meanwhile.

    watch: called every now and then with how far it has come.
    """
    owner = secrets.token_hex(8)
    queue = _queue(context)
    job = await claim(context, queue, import_id, owner)
    if job is not None:
        await hold(context, queue, job, owner, watch=watch)
    while (  # noqa: ASYNC110 - another process may be at work
        found := await get_job(context, program.id, import_id)
    ).state in AT_WORK:
        await asyncio.sleep(RENEW_SECONDS)
    return found


@asynccontextmanager
async def running_imports(context: Context) -> AsyncIterator[None]:
    """Jobs are worked on, so many at a time; at the end they are given back."""
    tasks = [
        asyncio.create_task(serve(context, _queue(context)), name="imports"),
        asyncio.create_task(clean(context, "old files of imports", remove_old_files)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _queue(context: Context) -> Queue[ImportJob, Tally]:
    """The imports whose files are here."""

    def begin(job: ImportJob, owner: str) -> tuple[Coroutine[Any, Any, None], Tally]:
        tally = Tally()
        return _Work(context, job, owner, tally).do(), tally

    return Queue(
        what="imports",
        store=store,
        at_most=context.limits.imports_max,
        wake=context.import_wake,
        begin=begin,
        id_of=lambda job: job.import_id,
        may=lambda import_id: file_of(context, import_id).exists(),
    )


class _Work:
    """One job, from its claim to its end."""

    def __init__(self, context: Context, job: ImportJob, owner: str, tally: Tally) -> None:
        self._context = context
        self._job = job
        self._owner = owner
        self._tally = tally

    async def do(self) -> None:
        """Do it; whatever is raised becomes the end of the job or leaves it to the next one."""
        doing = {"checking": self._check, "importing": self._import, "undoing": self._undo}
        try:
            program = await get_profile_program(self._context, self._job.program_id)
            await doing[self._job.state](program)
        except (LostJobError, Busy, OutcomeUnknown, *COLLISION) as error:
            _LOG.warning("work on an import is left to be done again", reason=str(error))
            await asyncio.sleep(RENEW_SECONDS)
        except Refusal as refusal:
            await self._fail(str(refusal))
        except Exception as error:  # noqa: BLE001 - a job that fails must not be tried for ever
            _LOG.error("work on an import failed", job=self._job.import_id, exc_info=error)
            await self._fail(_FAULT)

    async def _check(
        self, program: Program, *, state: str = "checked", failure: str | None = None
    ) -> None:
        """Say what is in the file; for one that was refused, as a check would have said before."""
        now = self._context.clock()
        with ExitStack() as stack:
            noted = stack.enter_context(_Noted(*problem_files(self._context, self._job.import_id)))
            source = stack.enter_context(self._source())
            async with self._context.database.transaction() as tx:
                finding = await check_file(
                    tx,
                    program,
                    source,
                    format_name=self._job.format,
                    now=now,
                    columns=self._columns(),
                    also=noted.add,
                )
                await self._end(tx, state, finding=finding, failure=failure)

    async def _import(self, program: Program) -> None:
        with ExitStack() as stack:
            noted = stack.enter_context(_Noted(*problem_files(self._context, self._job.import_id)))
            source = stack.enter_context(self._source())
            problems = Problems(
                shown_max=0, good_rows_only=self._job.good_rows_only, hear=noted.add
            )
            try:
                async with self._context.import_turn, self._context.database.transaction() as tx:
                    await self._enter(tx, program, source, problems)
            except InvalidFile as refused:
                failure = str(refused)
            else:
                return
        await self._check(program, state="failed", failure=failure)

    async def _enter(
        self,
        tx: Tx,
        program: Program,
        source: ImportFile,
        problems: Problems,
    ) -> None:
        now, import_id, amount = self._context.clock(), self._job.import_id, None
        if self._job.format == "points":
            report = await import_within(
                self._context, tx, program, source, problems, now=now, import_id=import_id
            )
            amount, row_count = report.amount, report.row_count
        else:
            dates = await enter_join_dates(
                tx, program, source, problems, now=now, import_id=import_id
            )
            row_count = dates.row_count
        path = f"/v1/loyalty_programs/{program.id}/imports/{import_id}"
        new = {"id": import_id, "entity": self._job.format, "amount": row_count}
        await record_change(tx, _caller(self._job), path, now=now, new=new)
        ending = store.Ending(
            state="imported",
            row_count=row_count,
            amount=amount,
            problem_count=problems.count,
        )
        await self._write_end(tx, ending)

    async def _undo(self, program: Program) -> None:
        with suppress(AlreadyUndone):  # by ourselves, before we were killed
            await undo_import(
                self._context,
                program,
                self._job.import_id,
                below_zero=self._job.below_zero,
                caller=_caller(self._job),
            )
        await self._context.database.write(
            lambda tx: self._write_end(tx, store.Ending(state="undone"))
        )

    def _columns(self) -> list[Matched]:
        """The header of the file, column by column as it is taken; none if it cannot be read."""
        limits, columns = self._context.limits.file, FORMATS[self._job.format].columns
        with (
            suppress(InvalidFile),
            file_of(self._context, self._job.import_id).open("rb") as file,
        ):
            return match_header(open_text(file, limits), [each.name for each in columns], limits)
        return []

    def _source(self) -> "_OpenFile":
        path, limits = file_of(self._context, self._job.import_id), self._context.limits.file
        return _OpenFile(path, self._job, self._tally, limits)

    async def _end(
        self, tx: Tx, state: str, *, finding: Finding, failure: str | None = None
    ) -> None:
        ending = store.Ending(
            state=state,
            finding=msgspec.json.encode(finding).decode(),
            failure=failure,
            problem_count=finding.problem_count,
        )
        await self._write_end(tx, ending)

    async def _write_end(self, tx: Tx, ending: store.Ending) -> None:
        now = self._context.clock()
        if not await store.end_job(tx, self._job.import_id, ending, owner=self._owner, now=now):
            raise LostJobError(f"import {self._job.import_id}")

    async def _fail(self, failure: str) -> None:
        state = "imported" if self._job.state == "undoing" else "failed"
        with suppress(LostJobError, Refusal):
            await self._context.database.write(
                lambda tx: self._write_end(tx, store.Ending(state=state, failure=failure))
            )


def _caller(job: ImportJob) -> Caller | None:
    """Who asked for it, as far as the record of changes wants to know; None for a command."""
    if job.user_id is None and job.api_key_id is None:
        return None
    kind = CallerKind.MANAGEMENT if job.user_id is None else CallerKind.PERSON
    return Caller(kind=kind, user_id=job.user_id, key_id=job.api_key_id)


class _OpenFile:
    """The file of a job, open while it is worked on."""

    def __init__(self, path: Path, job: ImportJob, tally: Tally, limits: FileLimits) -> None:
        self._path, self._job, self._tally, self._limits = path, job, tally, limits

    def __enter__(self) -> ImportFile:
        self._file = self._path.open("rb")
        self._tally.source = ImportFile(
            self._file,
            file_name=self._job.file_name,
            user_id=self._job.user_id,
            key_id=self._job.api_key_id,
            limits=self._limits,
        )
        return self._tally.source

    def __exit__(self, *_error: object) -> None:
        self._file.close()


class _Noted:
    """Problems on their way to two files, a line each: the text's, and then the database's.

    Each file is in the order of the lines.
    """

    def __init__(self, first: Path, second: Path) -> None:
        self._first, self._second = first, second
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        self._second.unlink(missing_ok=True)
        self._file = self._first.open("wb")
        self._line = 0
        return self

    def add(self, problems: list[RowProblem]) -> None:
        """Note them."""
        if problems and problems[0].line < self._line:
            self._file.close()
            self._file = self._second.open("wb")
        for problem in problems:
            self._file.write(self._encoder.encode(problem) + b"\n")
        self._line = problems[-1].line if problems else self._line

    def __exit__(self, *_error: object) -> None:
        self._file.close()


async def remove_old_files(context: Context) -> None:
    """Remove the files of jobs at rest that have been kept long enough; the jobs stay."""
    before = context.clock() - timedelta(days=context.limits.import_days_kept)
    async with context.database.reader() as reader:
        old = await store.list_old_files(reader, before=before)
    for import_id in old:
        if file_of(context, import_id).exists():
            remove_files(context, import_id)
            await context.database.write(_forgetting(import_id))


def _forgetting(import_id: ImportId) -> Callable[[Tx], Awaitable[None]]:
    return lambda tx: store.forget_file(tx, import_id)
