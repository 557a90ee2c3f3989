"""The CSV of a point import into a profile-based program.

A cell is refused rather than guessed at, and all cells of a row are reported, each with the first
thing that is wrong with it. Most rows take a short path: what their cells mean was worked out for
an earlier row. Only the others are looked at closely, and what is a fault is said there alone.
Source: domain section C1, decisions I-13, I-23 and I-29.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Generic, TextIO, TypeVar

from tallystick.core.errors import InvalidField, RowProblem, shown
from tallystick.core.formats.cells import (
    WRONG_DATES,
    Fault,
    Wrong,
    length_fault,
    member_fault,
    text_fault,
    word_fault,
    wrong,
)
from tallystick.core.formats.format import Column, Format
from tallystick.core.formats.limits import FILE_LIMITS, FileLimits
from tallystick.core.formats.table import read_table
from tallystick.core.ids import IntegrationId
from tallystick.core.points import FIX as AMOUNT_FIX
from tallystick.core.points import Points, parse_points
from tallystick.core.programs import Program
from tallystick.core.texts import INTEGRATION_ID_LENGTH_MAX, SUBLEDGER_LENGTH_MAX
from tallystick.core.validity import (
    DURATION_FIX,
    Keyword,
    Window,
    parse_duration,
    parse_instant,
    resolve_window,
)

_COLUMNS = (
    Column(
        name="customerprofileid",
        is_needed=True,
        meaning="the integration id of the member; a profile that is new is made",
        examples=("cust-0042",),
    ),
    Column(
        name="amount",
        is_needed=True,
        meaning="how many points are added, above zero and with at most two decimals",
        examples=("250.50", "40"),
    ),
    Column(
        name="startdate",
        meaning="from when they can be spent; empty is immediate",
        examples=("immediate", "on_action", "2026-12-01T00:00:00Z"),
    ),
    Column(
        name="expirydate",
        meaning="from when they cannot be spent any more; empty is unlimited",
        examples=("unlimited", "2027-06-30T23:59:59Z"),
    ),
    Column(
        name="subledgerid",
        meaning="the subledger they go to; empty is the main ledger",
        examples=("store-7",),
    ),
    Column(
        name="reason",
        meaning="why they are added, on one line",
        examples=("Welcome back, Ann",),
    ),
    Column(
        name="validityDuration",
        meaning="how long they can be spent, in place of expirydate",
        examples=("30D", "12M_U", "1Y"),
    ),
)
COLUMNS = tuple(column.name for column in _COLUMNS)
REQUIRED = 2  # the first of the columns
SAMPLE = """\
customerprofileid,amount,startdate,expirydate,subledgerid,reason,validityDuration
cust-0042,250.50,2026-12-01T00:00:00Z,2027-06-30T23:59:59Z,,Migration 2026,
cust-0043,40,immediate,,,"Welcome back, Ann",1Y
cust-0044,5.25,on_action,unlimited,,,
"""

REASON_LENGTH_MAX = 255

START_FIX = "write immediate, on_action or an instant like 2026-01-15T11:53:26Z"
EXPIRY_FIX = "write unlimited or an instant like 2026-01-15T11:53:26Z"

# Line, integration id, amount, window, subledger ("" is the main one), reason. Rows that say the
# same about start and expiry share a Window where they stand close together.
PointRow = tuple[int, IntegrationId, Points, Window, str, str]

# What people and spreadsheets write instead; the first that fits counts.
_WRONG_AMOUNTS: list[Wrong] = [
    (
        re.compile(r"[+-]?[0-9.,]+[eE][+-]?[0-9]+"),
        "amount_exponent",
        "write all digits, like 100000, and format the column as a number without exponents",
    ),
    (
        re.compile(r"[-\u2212(].*|0+([.,]0*)?|[.,]0+"),
        "amount_not_positive",
        "write more than 0: an import only adds points",
    ),
    (
        re.compile(r"(?=.*[,'\u2019_\s]|.*\..*\.)[0-9.,'\u2019_\s]+"),
        "amount_separator",
        "write no separators of thousands and a point before the decimals, like 1250.00",
    ),
    (
        re.compile(r"[0-9]+\.[0-9]{3,}"),
        "amount_too_precise",
        "write at most two decimals and no separators of thousands, like 1250.00",
    ),
    (
        re.compile(r"[0-9]{13,}(\.[0-9]*)?"),
        "amount_too_large",
        "write at most 999999999999.99",
    ),
]
_WRONG_DATES: list[Wrong] = [
    *WRONG_DATES,
    (
        re.compile(r"[0-9]+[smhDWMY](_[DU])?"),
        "misplaced_duration",
        "write how long the points stay active in validityDuration; a start has no duration here",
    ),
]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
MemberT = TypeVar("MemberT")
WindowT = TypeVar("WindowT")
SubledgerT = TypeVar("SubledgerT")


class _Remembered(dict[_Key, _Value | None], Generic[_Key, _Value]):
    """What `work` says about keys, worked out once for each; None is said but not remembered."""

    LENGTH_MAX = 50_000

    def __init__(self, work: Callable[[_Key], _Value | None]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, key: _Key) -> _Value | None:
        value = self._work(key)
        if value is not None:
            if len(self) >= self.LENGTH_MAX:
                self.clear()
            self[key] = value
        return value


def read_points(
    text: TextIO, *, program: Program, at: datetime, limits: FileLimits = FILE_LIMITS
) -> Iterator[tuple[list[PointRow], list[RowProblem]]]:
    """The good rows in batches, each with the problems of its part of the file.

    Shape: both in file order, at most some thousand at a time. A problem in the header is the only
    batch. `program` is profile-based; `at` is when what is immediate starts.
    """
    return read_points_as(
        text, program=program, at=at, limits=limits, member=_same, window=_same, subledger=_same
    )


def _same(value: _Value) -> _Value:
    return value


def read_points_as(  # noqa: PLR0913 - by name
    text: TextIO,
    *,
    program: Program,
    at: datetime,
    limits: FileLimits,
    member: Callable[[IntegrationId], MemberT],
    window: Callable[[Window], WindowT],
    subledger: Callable[[str], SubledgerT],
) -> Iterator[tuple[list[tuple[int, MemberT, Points, WindowT, SubledgerT, str]], list[RowProblem]]]:
    """The same rows, with what the functions make of member, window and subledger in their place.

    They are called once for cells that are there again and again, not once a row.
    """
    rules = _Rules(program, at, limits.cell_length_max)
    amounts = _Remembered(parse_points)
    members = _Remembered(_both(rules.member, member))
    windows = _Remembered(_both(rules.window, window))
    subledgers = _Remembered(_both(rules.subledger, subledger))
    for records, shape_problems in read_table(text, COLUMNS, required=REQUIRED, limits=limits):
        rows: list[tuple[int, MemberT, Points, WindowT, SubledgerT, str]] = []
        problems: list[RowProblem] = []
        for line, cells in records:
            who, amount, start, expiry, where, reason, validity = cells
            named, points = members[who], amounts[amount]
            lasting, kept = windows[start, expiry, validity], subledgers[where]
            if (
                named is None
                or points is None
                or lasting is None
                or kept is None
                or not (reason.isprintable() and len(reason) <= rules.reason_max)
            ):
                faults = list(rules.problems(line, cells))
                problems += faults
                if faults:
                    continue
                assert named is not None
                assert points is not None
                assert lasting is not None
                assert kept is not None
            rows.append((line, named, points, lasting, kept, reason))
        yield rows, sorted([*shape_problems, *problems], key=attrgetter("line"))


def _both(
    first: Callable[[_Key], _Value | None], then: Callable[[_Value], MemberT]
) -> Callable[[_Key], MemberT | None]:
    """What `then` makes of what `first` says, None if that is nothing."""

    def work(key: _Key) -> MemberT | None:
        value = first(key)
        return None if value is None else then(value)

    return work


class _Rules:
    """What a program takes as the cells of a row, and what is wrong with the rest."""

    def __init__(self, program: Program, at: datetime, longest: int) -> None:
        self._member_max = min(INTEGRATION_ID_LENGTH_MAX, longest)
        self.reason_max = min(REASON_LENGTH_MAX, longest)
        self._subledger_max = min(SUBLEDGER_LENGTH_MAX, longest)
        self._zone = program.settings.timezone
        self._allow_subledger = program.settings.allow_subledger
        self._at = at

    def member(self, cell: str) -> IntegrationId | None:
        """The member that `cell` names, if it names one."""
        return None if member_fault(cell, self._member_max) else IntegrationId(cell)

    def subledger(self, cell: str) -> str | None:
        """The subledger that `cell` names, if it may."""
        return None if self._subledger_fault(cell) else cell

    def window(self, texts: tuple[str, str, str]) -> Window | None:
        """The window that startdate, expirydate and validityDuration mean together, if any."""
        window = self._resolve(*texts)
        return window if isinstance(window, Window) else None

    def problems(self, line: int, cells: tuple[str, ...]) -> Iterator[RowProblem]:
        """What is wrong with a row, in the order of the columns."""
        member, amount, start, expiry, subledger, reason, validity = cells
        faults = (
            member_fault(member, self._member_max),
            _amount_fault(amount),
            _start_fault(start),
            _expiry_fault(expiry),
            self._subledger_fault(subledger),
            _reason_fault(reason, self.reason_max),
            _validity_fault(validity, expiry),
        )
        for column, cell, fault in zip(COLUMNS, cells, faults, strict=True):
            if fault:
                code, fix = fault
                found = shown(cell) if cell else "nothing"
                yield RowProblem(line=line, column=column, code=code, found=found, fix=fix)
        refused = self._resolve(start, expiry, validity)
        if isinstance(refused, InvalidField):
            yield RowProblem(
                line=line,
                column=refused.field,
                code="invalid_window",
                found=shown(validity or expiry),
                fix=refused.fix,
            )

    def _subledger_fault(self, cell: str) -> Fault | None:
        if cell and not self._allow_subledger:
            return "subledger_not_allowed", "leave it empty: this program has no subledgers"
        return word_fault(cell) or length_fault(cell, self._subledger_max)

    def _resolve(self, start: str, expiry: str, validity: str) -> Window | InvalidField | None:
        """The window, or why the three make none; None if that is the fault of one of them."""
        starts = _parse_start(start)
        expires = parse_duration(validity) if validity else _parse_expiry(expiry)
        if starts is None or expires is None or (validity and expiry):
            return None
        try:
            return resolve_window(
                starts,
                expires,
                at=self._at,
                zone=self._zone,
                start_field="startdate",
                expiry_field="validityDuration" if validity else "expirydate",
            )
        except InvalidField as refused:
            return refused


def _parse_start(cell: str) -> Keyword | datetime | None:
    if cell in {"", "immediate"}:
        return Keyword.IMMEDIATE
    return Keyword.ON_ACTION if cell == "on_action" else parse_instant(cell)


def _parse_expiry(cell: str) -> Keyword | datetime | None:
    return Keyword.UNLIMITED if cell in {"", "unlimited"} else parse_instant(cell)


def _amount_fault(cell: str) -> Fault | None:
    if not cell:
        return "missing_value", AMOUNT_FIX
    if parse_points(cell) is not None:
        return None
    return word_fault(cell) or wrong(cell, _WRONG_AMOUNTS) or ("invalid_amount", AMOUNT_FIX)


def _start_fault(cell: str) -> Fault | None:
    if _parse_start(cell) is not None:
        return None
    return word_fault(cell) or wrong(cell, _WRONG_DATES) or ("invalid_date", START_FIX)


def _expiry_fault(cell: str) -> Fault | None:
    if _parse_expiry(cell) is not None:
        return None
    return word_fault(cell) or wrong(cell, _WRONG_DATES) or ("invalid_date", EXPIRY_FIX)


def _reason_fault(cell: str, longest: int) -> Fault | None:
    return text_fault(cell) or length_fault(cell, longest)


def _validity_fault(cell: str, expiry: str) -> Fault | None:
    if cell and expiry:
        return "expiry_twice", "write expirydate or validityDuration, not both"
    if not cell or parse_duration(cell) is not None:
        return None
    return word_fault(cell) or ("invalid_duration", DURATION_FIX)


POINTS = Format(name="points", title="Points", columns=_COLUMNS, sample=SAMPLE, read=read_points)
