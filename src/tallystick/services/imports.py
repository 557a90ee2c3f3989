"""The import of points from a CSV file: all rows or none, in one transaction.

The file is read once, a chunk at a time: rows are parsed in `core/formats`, copied to a staging
table, and entered by set-based SQL. Members who owe points are settled by `core/ledger` afterwards.
"""

import asyncio
import hashlib
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import BinaryIO, TypeVar, cast

from tallystick.core.errors import InvalidFile, RowProblem
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.opening import open_text
from tallystick.core.formats.points import read_points_as
from tallystick.core.formats.problems import is_in_the_way
from tallystick.core.ids import (
    Environment,
    HolderId,
    ImportId,
    IntegrationId,
    UserId,
    profile_holder,
    uuid7,
)
from tallystick.core.ledger import NOT_OWING, settle
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.core.validity import Window
from tallystick.services.asking import check_imports_at_once
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import imports as store
from tallystick.store import posting as posting_store
from tallystick.store.closing import touch_days
from tallystick.store.db import Tx
from tallystick.store.import_jobs import NewFile, insert_imported
from tallystick.store.programs import SubledgerName, ensure_subledgers

Row = TypeVar("Row")
Progress = Callable[[int], None]  # called with the bytes of the file read so far

_NULL = "\\N"  # in COPY's text format


class ImportFile(io.RawIOBase):
    """A file to import and who sends it, while its digest is taken and its progress told."""

    def __init__(  # noqa: PLR0913 - by name
        self,
        file: BinaryIO,
        *,
        file_name: str,
        user_id: UserId | None = None,
        key_id: int | None = None,
        limits: FileLimits = FILE_LIMITS,
        progress: Progress = lambda _bytes_read: None,
    ) -> None:
        self.key_id = key_id
        self.limits = limits
        self.file_name = file_name
        self.user_id = user_id
        self._file = file
        self._progress = progress
        self._hash = hashlib.sha256()
        self._read = 0
        self.rows_read = 0

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # the stubs say Buffer
        """Fill the buffer from the file; how many bytes came, 0 at its end."""
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        self._hash.update(piece)
        self._read += len(piece)
        self._progress(self._read)
        return len(piece)

    def counted(
        self, batches: Iterator[tuple[list[Row], list[RowProblem]]]
    ) -> Iterator[tuple[list[Row], list[RowProblem]]]:
        """The batches as they are, while their good rows are counted."""
        for rows, problems in batches:
            self.rows_read += len(rows)
            yield rows, problems

    @property
    def size(self) -> int:
        """The bytes that have been read."""
        return self._read

    def digest(self) -> bytes:
        """The SHA-256 of what has been read."""
        return self._hash.digest()

    def description(self) -> NewFile:
        """What is noted of the file, once it has been read."""
        return NewFile(
            name=self.file_name,
            size=self._read,
            digest=self._hash.digest(),
            user_id=self.user_id,
            key_id=self.key_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did; `subledger_count` leaves the main ledger out."""

    import_id: ImportId
    recorded_at: datetime
    row_count: int
    amount: Points
    new_members: int
    subledger_count: int


async def import_points(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    file: BinaryIO,
    *,
    file_name: str,
    caller: Caller | None = None,
    good_rows_only: bool = False,
    progress: Progress = lambda _bytes_read: None,
) -> ImportReport:
    """Add the points of every row of the file; nobody sees any of them before all are there.

    good_rows_only: leave out the rows with problems. Errors: NotAllowed; InvalidFile with the first
    problems and their number, and nothing is written; Busy if it has to wait for approval since
    somebody has looked. Source: domain C1 and decision I-29.
    """
    check_may(caller, Right.IMPORT, program.id)
    source = ImportFile(
        file,
        file_name=file_name,
        user_id=caller.user_id if caller else None,
        key_id=caller.key_id if caller else None,
        limits=context.limits.file,
        progress=progress,
    )
    problems = Problems(shown_max=context.limits.problems_shown_max, good_rows_only=good_rows_only)
    async with context.import_turn, context.database.transaction() as tx:
        await check_imports_at_once(tx, caller, program.id)
        now = context.clock()
        report = await import_within(context, tx, program, source, problems, now=now)
        path = f"/v1/loyalty_programs/{program.id}/import_points"
        await record_change(tx, caller, path, now=now, new=_change(report))
        return report


async def import_within(  # noqa: PLR0913 - by name
    context: Context,
    tx: Tx,
    program: Program,
    source: ImportFile,
    problems: "Problems",
    *,
    now: datetime,
    import_id: ImportId | None = None,
) -> ImportReport:
    """Import within a transaction that the caller commits, while others add subledgers.

    import_id: that of its job; without one it is a new import, made in one go.
    Errors: InvalidFile.
    """
    await stage_points(tx, program, source, problems, now=now)
    problems.refuse()
    staged = await store.sum_staged(tx)
    async with context.database.transaction() as short:  # nobody waits for us to see them
        await ensure_subledgers(short, _subledgers(program, staged))
    import_id = import_id or await _new_import(tx, program, source, staged, problems, now=now)
    return await _enter(tx, program, source, staged, now=now, import_id=import_id)


async def _new_import(  # noqa: PLR0913 - by name
    tx: Tx,
    program: Program,
    source: ImportFile,
    staged: store.Staged,
    problems: "Problems",
    *,
    now: datetime,
) -> ImportId:
    return await insert_imported(
        tx,
        program.id,
        source.description(),
        format_name="points",
        now=now,
        row_count=staged.row_count,
        amount=staged.amount,
        problem_count=problems.count,
    )


def _change(report: ImportReport) -> dict[str, object]:
    return {"id": report.import_id, "entity": "LoyaltyPoints", "amount": report.row_count}


async def enter_points(
    tx: Tx, program: Program, source: ImportFile, *, now: datetime
) -> ImportReport:
    """Import within a transaction that the caller commits. Errors: InvalidFile."""
    problems = Problems(shown_max=1)
    await stage_points(tx, program, source, problems, now=now)
    problems.refuse()
    staged = await store.sum_staged(tx)
    await ensure_subledgers(tx, _subledgers(program, staged))
    import_id = await _new_import(tx, program, source, staged, problems, now=now)
    return await _enter(tx, program, source, staged, now=now, import_id=import_id)


async def stage_points(
    tx: Tx, program: Program, source: ImportFile, problems: "Problems", *, now: datetime
) -> None:
    """Parse the file, whose right rows go to the staging table; what is wrong goes to `problems`.

    Errors: InvalidFile if the first bytes are no file that is read.
    """
    text = open_text(cast("BinaryIO", source), source.limits)
    batches = read_points_as(
        text,
        program=program,
        at=now,
        limits=source.limits,
        member=partial(_holder_columns, program.environment),
        window=_window_columns,
        subledger=escaped,
    )
    await store.stage(tx, chunks(_staged_rows(source.counted(batches), problems)))


def _subledgers(program: Program, staged: store.Staged) -> list[SubledgerName]:
    return [(program.id, name) for name in staged.subledgers]


async def _enter(  # noqa: PLR0913 - by name
    tx: Tx,
    program: Program,
    source: ImportFile,
    staged: store.Staged,
    *,
    now: datetime,
    import_id: ImportId,
) -> ImportReport:
    await store.take_turn(tx)
    await store.insert_import(
        tx,
        import_id,
        program.id,
        staged,
        user_id=source.user_id,
        now=now,
        file_name=source.file_name,
        file_digest=source.digest(),
    )
    new_members = await store.number_holders(tx, now=now, sandbox=program.settings.sandbox)
    await store.enter_rows(
        tx, program.id, import_id, user_id=source.user_id, uuid_prefix=_uuid_prefix(now)
    )
    await _settle_debts(tx, now=now)
    await touch_days(tx, {program.id: now})
    return ImportReport(
        import_id=import_id,
        recorded_at=now,
        row_count=staged.row_count,
        amount=staged.amount,
        new_members=new_members,
        subledger_count=sum(map(bool, staged.subledgers)),
    )


@dataclass(slots=True, kw_only=True)
class Problems:
    """The first problems of a file, and how many there are in all.

    good_rows_only: good rows are wanted all the same.
    hear: called with the problems as they are found, in a thread.
    """

    shown_max: int
    good_rows_only: bool = False
    hear: Callable[[list[RowProblem]], None] = lambda _problems: None
    first: list[RowProblem] = field(default_factory=list)
    count: int = 0
    in_the_way: bool = False

    def add(self, problems: list[RowProblem]) -> None:
        """Note what was found."""
        if not problems:
            return
        self.first += problems[: self.shown_max - len(self.first)]
        self.count += len(problems)
        self.in_the_way = self.in_the_way or any(map(is_in_the_way, problems))
        self.hear(problems)

    @property
    def refuse_all(self) -> bool:
        """Whether no row of the file may be entered."""
        return self.in_the_way or (self.count > 0 and not self.good_rows_only)

    def refuse(self) -> None:
        """Refuse the file if its problems do. Errors: InvalidFile."""
        if self.refuse_all:
            raise InvalidFile(tuple(self.first), self.count)


# Line, the holder's columns, amount, the window's columns, subledger, name: ready for COPY.
StagedRow = tuple[int, str, Points, str, str, str]
Batches = Iterator[tuple[list[StagedRow], list[RowProblem]]]


def _staged_rows(batches: Batches, problems: Problems) -> Iterator[bytes]:
    """The rows as lines of COPY's text format, a chunk per batch; none after a problem."""
    for rows, found in batches:
        problems.add(found)
        if problems.refuse_all:
            yield b""
            continue
        yield "".join(
            [
                f"{line}\t{holder}\t{points}\t{window}\t{subledger}\t{escaped(reason)}\n"
                if "\\" in reason
                else f"{line}\t{holder}\t{points}\t{window}\t{subledger}\t{reason}\n"
                for line, holder, points, window, subledger, reason in rows
            ]
        ).encode()


def _holder_columns(environment: Environment, integration_id: IntegrationId) -> str:
    return f"{profile_holder(integration_id, environment)}\t{escaped(integration_id)}"


def _window_columns(window: Window) -> str:
    """Start, expiry, the expiry that is shown if it is another, validity."""
    start = _NULL if window.shown_start_at is None else window.start_at.isoformat()
    expires = window.expires_at.isoformat()
    shown = window.shown_expires_at
    shown_expires = _NULL if shown == window.expires_at else shown.isoformat()
    return f"{start}\t{expires}\t{shown_expires}\t{window.validity or _NULL}"


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def escaped(text: str) -> str:
    """A text as a cell of COPY's text format."""
    return text.translate(_ESCAPES) if "\\" in text or not text.isprintable() else text


async def chunks(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, made in a thread, so that a server goes on answering meanwhile."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        if piece:
            yield piece


def _uuid_prefix(now: datetime) -> str:
    """The first 24 hexadecimal digits of the uuids of an import; its lines make the last eight."""
    return uuid7(now, os.urandom(10)).hex[:24]


async def _settle_debts(tx: Tx, *, now: datetime) -> None:
    """Let the points that were just entered repay what their members owe."""
    debtors = await store.list_debtors(tx)
    if not debtors:
        return
    batch = posting_store.Batch()
    owing: dict[HolderId, datetime] = dict.fromkeys(debtors, NOT_OWING)
    wallets = await posting_store.load_whole(
        tx, {holder_id: debtor.last_at for holder_id, debtor in debtors.items()}
    )
    for key, wallet in wallets.items():
        debtor = debtors[key[0]]
        allocations = settle(wallet, at=debtor.last_at)
        newest = max(lot.lot_no for lot in (*wallet.lots, *wallet.debts))
        batch.add_allocations(key, allocations, txn_no=newest, at=debtor.last_at)
        owing[key[0]] = max(owing[key[0]], wallet.owing_until())
    batch.holders = {
        holder_id: posting_store.LockedHolder(
            last_no=debtor.last_no, last_at=debtor.last_at, owing_until=owing[holder_id]
        )
        for holder_id, debtor in debtors.items()
    }
    await posting_store.write_batch(tx, batch, now=now)
