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
from tallystick.core.formats.table import open_text
from tallystick.core.ids import (
    Environment,
    ImportId,
    IntegrationId,
    UserId,
    profile_holder,
)
from tallystick.core.programs import Program
from tallystick.core.validity import render_instant
from tallystick.services.callers import Caller
from tallystick.services.context import Context
from tallystick.services.exports import record_export
from tallystick.services.imports import ImportFile, Problems, chunks, escaped
from tallystick.services.profiles import enter_profiles
from tallystick.store import joining as store
from tallystick.store.db import Sink, Tx


class JoinDateReport(NamedTuple):
    """What an import of join dates did."""

    import_id: ImportId
    recorded_at: datetime
    row_count: int


async def join_program(
    context: Context, program: Program, integration_id: IntegrationId
) -> datetime:
    """Let a profile belong to a program from now on, which comes back; it is made if need be.

    Errors: InvalidField if it has joined already, and nothing is written.
    """
    now = context.clock()
    holder_id = profile_holder(integration_id, program.environment)

    async def work(tx: Tx) -> None:
        await enter_profiles(tx, program.environment, {integration_id: {}}, now=now)
        joined = await store.find_join_dates(tx, holder_id, program_id=program.id, now=now)
        is_new = not joined and await store.insert_membership(tx, holder_id, program.id, now=now)
        if not is_new:
            since = render_instant(joined.get(program.id, now))
            found = f"{integration_id!r}, who joined on {since}"
            raise InvalidField("integrationId", found, "leave it: a profile joins a program once")

    await context.database.write(work)
    return now


async def import_join_dates(
    context: Context,
    program: Program,
    file: BinaryIO,
    *,
    file_name: str,
    user_id: UserId | None = None,
) -> JoinDateReport:
    """Set the join date of every row of the file, or none; a date that was set before goes.

    Errors: InvalidFile with the first problems and their number, and nothing is written; Busy.
    Source: domain section C4.
    """
    source = ImportFile(file, file_name=file_name, user_id=user_id)
    async with context.import_turn, context.database.transaction() as tx:
        now, problems = context.clock(), Problems(shown_max=context.limits.problems_shown_max)
        batches = read_join_dates(open_text(cast("BinaryIO", source)))
        rows = _staged_rows(batches, program.environment, problems)
        row_count = await store.stage(tx, chunks(rows))
        problems.refuse()
        await _check_profiles(tx, problems)
        await store.enter_staged(tx, program.id)
        import_id = await store.insert_import(
            tx,
            program.id,
            user_id=user_id,
            now=now,
            file_name=file_name,
            file_digest=source.digest(),
            row_count=row_count,
        )
    return JoinDateReport(import_id, now, row_count)


Batches = Iterator[tuple[list[JoinDateRow], list[RowProblem]]]


def _staged_rows(batches: Batches, environment: Environment, problems: Problems) -> Iterator[bytes]:
    """The rows as lines of COPY's text format, a chunk per batch; none after a problem."""
    for rows, found in batches:
        problems.add(found)
        if problems.count:
            yield b""
            continue
        yield "".join(
            [
                f"{line}\t{profile_holder(integration_id, environment)}"
                f"\t{escaped(integration_id)}\t{joined_at.isoformat()}\n"
                for line, integration_id, joined_at in rows
            ]
        ).encode()


async def _check_profiles(tx: Tx, problems: Problems) -> None:
    """Refuse rows about profiles that are not there or that stand there twice."""
    faults = await store.find_faults(tx, at_most=problems.shown_max)
    problems.first = [
        unknown_profile(line, member)
        if first_line is None
        else repeated_profile(line, member, first_line)
        for line, member, first_line in faults.first
    ]
    problems.count = faults.in_all
    problems.refuse()


async def export_join_dates(
    context: Context, program: Program, *, caller: Caller | None = None, output: Sink
) -> None:
    """Write the join dates as CSV to `output`, a line per member who has joined, by member.

    caller: who is noted as having asked for the file. Source: domain section C11.
    """
    now = context.clock()
    async with context.database.transaction() as tx:
        await record_export(tx, caller, "LoyaltyLedger", program_id=program.id, filter_={}, now=now)
    async with context.database.copying() as reader:
        await store.copy_join_dates(reader, program.id, now=now, output=output)
