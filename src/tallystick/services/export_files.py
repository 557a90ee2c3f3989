"""Files out of the books: any kind, in any format, while whoever wants it reads."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from tallystick.core.errors import Busy
from tallystick.core.exports import FileFormat
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.context import Context
from tallystick.services.export_formats import Heard, write_formatted
from tallystick.services.export_kinds import kind_of
from tallystick.services.export_moments import settled_moment
from tallystick.services.exports import record_export
from tallystick.store.copying import Rows
from tallystick.store.db import Sink, Tx


async def export_file(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    wish: object,
    *,
    caller: Caller | None = None,
    file_format: FileFormat = FileFormat.CSV,
    safe: bool = False,
    output: Sink,
    tell: Callable[[datetime], None] = lambda _known_at: None,
    heard: Heard | None = None,
    seconds_max: int | None = None,
) -> None:
    """Write the file that is wished for to `output`.

    It is written down that `caller`, None for a command, took it. tell: given the moment that the
    file speaks for before its first byte. seconds_max: for how long the snapshot may be held for
    whoever reads. Errors: NotAllowed; NotFound if there is no such profile; InvalidField; Busy when
    that time is over.
    """
    check_may(caller, Right.EXPORT, program.id)
    now, kind = context.clock(), kind_of(wish)

    async def begin(tx: Tx) -> None:
        await kind.check(tx, program, wish)
        await record_export(
            tx, caller, kind.entity, program_id=program.id, filter_=filter_of(wish), now=now
        )

    await context.database.write(begin)
    known_at = await settled_moment(context)
    tell(known_at)
    await write_rows(
        context,
        program,
        wish,
        known_at,
        file_format=file_format,
        safe=safe,
        output=output,
        heard=heard,
        seconds_max=seconds_max,
    )


async def write_rows(  # noqa: PLR0913 - by name
    context: Context,
    program: Program,
    wish: object,
    known_at: datetime,
    *,
    file_format: FileFormat,
    safe: bool,
    output: Sink,
    heard: Heard | None = None,
    seconds_max: int | None = None,
) -> None:
    """Write the file as known at a moment that has settled.

    The connection is given back when the last row is read, whatever is left to be done.
    """
    kind = kind_of(wish)
    asked = wish if file_format is FileFormat.CSV else kind.typed(wish)

    async def copy(rows: Rows) -> None:
        try:
            async with asyncio.timeout(seconds_max), context.database.copying() as reader:
                await kind.copy(reader, program, asked, known_at, rows)
        except TimeoutError as error:
            raise Busy("the database", retry_after_seconds=60) from error

    await write_formatted(
        copy,
        columns=kind.columns(asked),
        file_format=file_format,
        safe=safe,
        folder=context.export_folder,
        output=output,
        heard=heard,
    )


def filter_of(wish: object) -> dict[str, object]:
    """What the record of exports says of a wish: what was asked for."""
    told = kind_of(wish).filter_(wish)
    return {name: value for name, value in told.items() if value is not None}
