"""Since when somebody belongs to a program: joined, imported from a file, written as one."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple, cast

from tallystick.core.errors import InvalidField, RowProblem
from tallystick.core.formats.join_dates import (
    JoinDateRow,
    read_join_dates,
    repeated_profile,
    unknown_profile,
)
from tallystick.core.formats.opening import open_text
from tallystick.core.ids import (
    Environment,
    ImportId,
    IntegrationId,
    profile_holder,
)
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.core.validity import EARLIEST, render_instant
from tallystick.services.asking import check_imports_at_once
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import member_path, record_change
from tallystick.services.context import Context
from tallystick.services.exports import record_export
from tallystick.services.imports import ImportFile, Problems, Progress, chunks, escaped
from tallystick.services.profiles import enter_profiles
from tallystick.store import joining as store
from tallystick.store.closing import touch_days
from tallystick.store.db import Sink, Tx
from tallystick.store.import_jobs import insert_imported


class JoinDateReport(NamedTuple):
    """What an import of join dates did."""

    import_id: ImportId
    recorded_at: datetime
    row_count: int


async def join_program(
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    caller: Caller | None = None,
) -> datetime:
    """Let a profile belong to a program from now on, which comes back; it is made if need be.

    Errors: InvalidField if it has joined already, and nothing is written.
    """
    now = context.clock()
    holder_id = profile_holder(integration_id, program.environment)

    async def work(tx: Tx) -> None:
        # Before it is looked who has joined: whoever closes days waits for us, or for the entry by
        # which the member would have joined sooner, or one of the two notes it.
        await touch_days(tx, {program.id: now})
        await enter_profiles(tx, program.environment, {integration_id: {}}, now=now)
        joined = await store.find_join_dates(tx, holder_id, program_id=program.id, now=now)
        is_new = not joined and await store.insert_membership(tx, holder_id, program.id, now=now)
        if not is_new:
            since = render_instant(joined.get(program.id, now))
            found = f"{integration_id!r}, who joined on {since}"
            raise InvalidField("integrationId", found, "leave it: a profile joins a program once")
        path = f"{member_path(program.id, integration_id)}/join"
        await record_change(tx, caller, path, now=now, new={"joinDate": render_instant(now)})

    await context.database.write(work)
    return now


async def import_join_dates(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    file: BinaryIO,
    *,
    file_name: str,
    caller: Caller | None = None,
    good_rows_only: bool = False,
    progress: Progress = lambda _bytes_read: None,
) -> JoinDateReport:
    """Set the join date of every row of the file, or none; a date that was set before goes.

    good_rows_only: leave out the rows with problems. Errors: NotAllowed; InvalidFile with the first
    problems and their number, and nothing is written; Busy. Source: domain section C4.
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
        report = await enter_join_dates(tx, program, source, problems, now=now)
        path = f"/v1/loyalty_programs/{program.id}/import_join_dates"
        new = {"id": report.import_id, "entity": "JoinDates", "amount": report.row_count}
        await record_change(tx, caller, path, now=now, new=new)
        return report


async def enter_join_dates(  # noqa: PLR0913 - by name
    tx: Tx,
    program: Program,
    source: ImportFile,
    problems: Problems,
    *,
    now: datetime,
    import_id: ImportId | None = None,
) -> JoinDateReport:
    """Import within a transaction that the caller commits.

    import_id: that of its job; without one it is a new import, made in one go.
    Errors: InvalidFile, NotFound, Busy.
    """
    row_count = await stage_join_dates(tx, program, source, problems)
    problems.refuse()
    await store.enter_staged(tx, program.id)
    await touch_days(tx, {program.id: EARLIEST})  # dates lie anywhere, and those they replace too
    import_id = import_id or await insert_imported(
        tx,
        program.id,
        source.description(),
        format_name="join-dates",
        now=now,
        row_count=row_count,
        amount=None,
        problem_count=problems.count,
    )
    await store.insert_import(
        tx,
        import_id,
        program.id,
        user_id=source.user_id,
        now=now,
        file_name=source.file_name,
        file_digest=source.digest(),
        row_count=row_count,
    )
    return JoinDateReport(import_id, now, row_count)


async def stage_join_dates(tx: Tx, program: Program, source: ImportFile, problems: Problems) -> int:
    """Parse the file, whose right rows go to the staging table; how many. See `stage_points`.

    Rows about profiles that are not there, or that stand there twice, are problems as well.
    """
    text = open_text(cast("BinaryIO", source), source.limits)
    batches = read_join_dates(text, limits=source.limits)
    rows = _staged_rows(source.counted(batches), program.environment, problems)
    await store.stage(tx, chunks(rows))
    if not problems.refuse_all:
        await _note_faults(tx, problems)
    return await store.count_staged(tx)


Batches = Iterator[tuple[list[JoinDateRow], list[RowProblem]]]


def _staged_rows(batches: Batches, environment: Environment, problems: Problems) -> Iterator[bytes]:
    """The rows as lines of COPY's text format, a chunk per batch; none after a problem."""
    for rows, found in batches:
        problems.add(found)
        if problems.refuse_all:
            yield b""
            continue
        yield "".join(
            [
                f"{line}\t{profile_holder(integration_id, environment)}"
                f"\t{escaped(integration_id)}\t{joined_at.isoformat()}\n"
                for line, integration_id, joined_at in rows
            ]
        ).encode()


async def _note_faults(tx: Tx, problems: Problems) -> None:
    """Note, and take from the staging table, rows about strangers or about somebody twice."""
    async for faults in store.take_faults(tx):
        problems.add([problem for fault in faults for problem in _problems_of(fault)])


def _problems_of(fault: store.Fault) -> Iterator[RowProblem]:
    if fault.is_stranger:
        yield unknown_profile(fault.line, fault.integration_id)
    if fault.first_line is not None:
        yield repeated_profile(fault.line, fault.integration_id, fault.first_line)


async def export_join_dates(
    context: Context, program: Program, *, caller: Caller | None = None, output: Sink
) -> None:
    """Write the join dates as CSV to `output`, a line per member who has joined, by member.

    caller: who is noted as having asked for the file. Errors: NotAllowed. Source: domain section
    C11.
    """
    check_may(caller, Right.EXPORT, program.id)
    now = context.clock()
    async with context.database.transaction() as tx:
        await record_export(tx, caller, "LoyaltyLedger", program_id=program.id, filter_={}, now=now)
    async with context.database.copying() as reader:
        await store.copy_join_dates(reader, program.id, now=now, output=output)
