"""The rows of a file that was checked, as they were sent, with what is wrong or doubtful."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import islice, takewhile

from tallystick.core.errors import InvalidFile
from tallystick.core.formats import FORMATS
from tallystick.core.formats.opening import open_text
from tallystick.core.formats.report import MarkedRow, read_marked
from tallystick.core.formats.table import readable
from tallystick.core.import_jobs import Finding, ImportJob
from tallystick.core.paging import KeyedPage, Place, keyed_page, place_key
from tallystick.services.context import Context
from tallystick.services.import_jobs import finding_of, noted_problems, open_file


class Shown(Enum):
    """Which rows are looked at."""

    ERRORS = "errors"
    WARNINGS = "warnings"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsPage:
    """The columns of a file as they are written, and a page of its rows in the order of lines."""

    names: list[str]
    rows: KeyedPage[MarkedRow]


async def list_rows(  # noqa: PLR0913 - by name
    context: Context,
    job: ImportJob,
    *,
    show: Shown,
    cause: str = "",
    place: Place,
    page_size: int,
) -> RowsPage:
    """A page of the rows of a checked file.

    cause: only rows of that cause, as `cause_of` names it. Of warnings the first lines of each are
    known, so only these rows are shown. The file is read up to the end of the page.
    Errors: InvalidField for a wrong key; NotSupported if the file is not kept (any more).
    """
    wanted = _wanted(finding_of(job), show, cause)
    return await asyncio.to_thread(_read, context, job, wanted, place, page_size)


def cause_of(code: str, column: str) -> str:
    """The name of a cause in addresses."""
    return f"{code}.{column}" if column else code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which rows are wanted; how many there are at most, and on which lines besides the wrong ones.

    By both the file is read no further, and no more closely, than has to be.
    """

    is_wanted: Callable[[MarkedRow], bool]
    at_most: int | None = None
    lines: Collection[int] | None = None


def _wanted(finding: Finding | None, show: Shown, cause: str) -> _Wanted:
    if show is Shown.ALL:
        return _Wanted(is_wanted=lambda _row: True)
    if show is Shown.ERRORS:
        groups = finding.problems if finding else []
        counts = {cause_of(each.code, each.column): each.count for each in groups}
        bad_rows = finding.bad_rows if finding else 0
        at_most = counts.get(cause, 0) if cause else bad_rows
        return _Wanted(is_wanted=lambda row: any(_is_of(cause, row)), at_most=at_most, lines=())
    warnings = finding.warnings if finding else []
    lines = {line for each in warnings if cause in {"", each.code} for line in each.lines}
    return _Wanted(is_wanted=lambda row: row.line in lines, at_most=len(lines), lines=lines)


def _is_of(cause: str, row: MarkedRow) -> Iterator[bool]:
    for problem in row.problems:
        yield not cause or cause == cause_of(problem.code, problem.column)


def _read(
    context: Context,
    job: ImportJob,
    wanted: _Wanted,
    place: Place,
    page_size: int,
) -> RowsPage:
    limits = context.limits.file
    with open_file(context, job) as file:
        try:
            text = open_text(file, limits)
        except InvalidFile:  # it has no rows, as its check says
            return RowsPage(names=[], rows=KeyedPage(rows=[]))
        [line] = place_key(place, 1) or [0]
        names, rows = read_marked(
            text,
            noted_problems(context, job.import_id),
            FORMATS[job.format],
            after=line if place.before is None else 0,
            lines=wanted.lines,
            limits=limits,
        )
        matching = islice(filter(wanted.is_wanted, rows), wanted.at_most)
        if place.before is None:
            found = list(islice(matching, page_size + 1))
        else:
            ahead = takewhile(lambda row: row.line < line, matching)
            found = list(deque(ahead, maxlen=page_size + 1))[::-1]
        page = keyed_page(found, place, page_size=page_size, key=lambda row: str(row.line))
    return RowsPage(
        names=[readable(name) for name in names],
        rows=replace(page, rows=[_readable_row(row) for row in page.rows]),
    )


def _readable_row(row: MarkedRow) -> MarkedRow:
    return replace(row, cells=[readable(cell) for cell in row.cells])
