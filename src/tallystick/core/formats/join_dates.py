"""The CSV of an import of join dates into a profile-based program.

Source: domain section C4.
"""

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from typing import TextIO

from tallystick.core.errors import RowProblem, shown
from tallystick.core.formats.cells import (
    WRONG_DATES,
    Fault,
    member_fault,
    word_fault,
    wrong,
)
from tallystick.core.formats.format import Column, Format
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.table import read_table
from tallystick.core.ids import IntegrationId
from tallystick.core.programs import Program
from tallystick.core.texts import INTEGRATION_ID_LENGTH_MAX
from tallystick.core.validity import parse_instant

_COLUMNS = (
    Column(
        name="customerprofileid",
        is_needed=True,
        meaning="the integration id of a profile that is there",
        examples=("cust-0042",),
    ),
    Column(
        name="newjoindate",
        is_needed=True,
        meaning="since when the profile belongs to the program",
        examples=("2026-02-14T08:00:00Z",),
    ),
)
COLUMNS = tuple(column.name for column in _COLUMNS)
SAMPLE = """\
customerprofileid,newjoindate
cust-0042,2026-02-14T08:00:00Z
cust-0043,2025-11-30T17:45:00+01:00
"""

DATE_FIX = "write an instant like 2026-01-15T11:53:26Z"

JoinDateRow = tuple[int, IntegrationId, datetime]  # line, integration id, instant


def read_join_dates(
    text: TextIO,
    *,
    program: Program | None = None,  # noqa: ARG001 - all programs read them alike
    at: datetime | None = None,  # noqa: ARG001 - and at all times
    limits: FileLimits = FILE_LIMITS,
) -> Iterator[tuple[list[JoinDateRow], list[RowProblem]]]:
    """The good rows in batches, each with the problems of its part of the file.

    Shape: both in file order, at most some thousand at a time. A problem in the header is the only
    batch.
    """
    member_max = min(INTEGRATION_ID_LENGTH_MAX, limits.cell_length_max)
    for records, shape_problems in read_table(text, COLUMNS, required=len(COLUMNS), limits=limits):
        rows: list[JoinDateRow] = []
        problems: list[RowProblem] = []
        for line, (member, date) in records:
            joined_at = parse_instant(date)
            if joined_at is None or member_fault(member, member_max):
                problems += _problems(line, member, date, member_max)
            else:
                rows.append((line, IntegrationId(member), joined_at))
        yield rows, sorted([*shape_problems, *problems], key=attrgetter("line"))


def _problems(line: int, member: str, date: str, member_max: int) -> Iterator[RowProblem]:
    faults = member_fault(member, member_max), _date_fault(date)
    for column, cell, fault in zip(COLUMNS, (member, date), faults, strict=True):
        if fault:
            code, fix = fault
            found = shown(cell) if cell else "nothing"
            yield RowProblem(line=line, column=column, code=code, found=found, fix=fix)


def _date_fault(cell: str) -> Fault | None:
    if not cell:
        return "missing_value", DATE_FIX
    if parse_instant(cell) is not None:
        return None
    return word_fault(cell) or wrong(cell, WRONG_DATES) or ("invalid_date", DATE_FIX)


JOIN_DATES = Format(
    name="join-dates", title="Join dates", columns=_COLUMNS, sample=SAMPLE, read=read_join_dates
)


def unknown_profile(line: int, member: str) -> RowProblem:
    """The problem of a row about a profile that is not there."""
    return RowProblem(
        line=line,
        column=COLUMNS[0],
        code="unknown_profile",
        found=f"{shown(member)}, who is no profile",
        fix="make the profile first, or leave the row out",
    )


def repeated_profile(line: int, member: str, first_line: int) -> RowProblem:
    """The problem of a row about a profile that another row is about already."""
    return RowProblem(
        line=line,
        column=COLUMNS[0],
        code="repeated_profile",
        found=f"{shown(member)}, who stands on line {first_line} too",
        fix="leave one of the rows",
    )
