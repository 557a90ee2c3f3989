"""The check of a file before it is imported: what is wrong, what is doubtful, what would change.

It stages the file exactly as the import does and writes nothing to the ledger.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tallystick.core.errors import InvalidFile, RowProblem
from tallystick.core.formats.problems import Group, Groups
from tallystick.core.formats.table import Matched
from tallystick.core.import_jobs import Effects, Finding, Warned
from tallystick.core.ledger import Lot, redemption_order, settle
from tallystick.core.points import Points, render_points
from tallystick.core.programs import Program
from tallystick.services.imports import ImportFile, Problems, stage_points
from tallystick.services.joining import stage_join_dates
from tallystick.store import import_jobs as job_store
from tallystick.store import imports as store
from tallystick.store import posting as posting_store
from tallystick.store.db import Tx, mark_reading

SOON = timedelta(days=7)  # what expires within that is worth a warning
LARGE_TIMES = 100  # more than so many times the usual amount is unusually large
LINES_MAX = 10  # first lines that are named of each cause
TWINS_MAX = 10

Hear = Callable[[list[RowProblem]], None]


class FoundProblems:
    """The problems of a file, grouped by cause while they come; in constant memory."""

    def __init__(self, also: Hear = lambda _problems: None) -> None:
        self._groups = Groups(lines_max=LINES_MAX)
        self._also = also
        self._last_line = 0
        self.bad_rows = 0

    def hear(self, problems: list[RowProblem]) -> None:
        """Take note of problems."""
        for problem in problems:
            if problem.line != self._last_line:
                self.bad_rows += 1
                self._last_line = problem.line
        self._groups.add(problems)
        self._also(problems)

    def groups(self) -> list[Group]:
        """The causes, the most frequent first."""
        return self._groups.found()


async def check_file(  # noqa: PLR0913 - by name
    tx: Tx,
    program: Program,
    source: ImportFile,
    *,
    format_name: str,
    now: datetime,
    columns: Sequence[Matched] = (),
    also: Hear = lambda _problems: None,
) -> Finding:
    """What an import of the file would find and do; the transaction has only its staging table.

    columns: what the header was taken for. also: called with the problems as they are found, in a
    thread.
    """
    await mark_reading(tx)
    found = FoundProblems(also)
    problems = Problems(shown_max=0, good_rows_only=True, hear=found.hear)
    good_rows, effects, warnings = 0, Effects(), list[Warned]()
    try:
        if format_name == "points":
            await stage_points(tx, program, source, problems, now=now)
            if not problems.in_the_way:
                good_rows, effects, doubts = await store.examine(
                    tx, program.id, now=now, soon=SOON, times=LARGE_TIMES, lines_max=LINES_MAX
                )
                effects = replace(effects, repaid=await _repaid(tx, program, now=now))
                warnings = _warnings(doubts)
        else:
            good_rows = await stage_join_dates(tx, program, source, problems)
            effects = Effects(members=good_rows)
    except InvalidFile as refused:  # it is no file that can be read at all
        problems.add(list(refused.problems))
    twins = await job_store.find_twins(
        tx, program.id, source.digest(), format_name=format_name, at_most=TWINS_MAX
    )
    return Finding(
        good_rows=0 if problems.in_the_way else good_rows,
        bad_rows=found.bad_rows,
        problem_count=problems.count,
        refuses_all=problems.in_the_way,
        problems=found.groups(),
        warnings=warnings,
        effects=effects,
        twins=[int(twin) for twin in twins],
        columns=list(columns),
    )


async def _repaid(tx: Tx, program: Program, *, now: datetime) -> Points:
    """What the staged rows repay of debts, now or when they start, as the core decides."""
    rows = await store.list_rows_of_debtors(tx, program.id, now=now)
    if not rows:
        return Points(0)
    wallets = await posting_store.load_whole(tx, {row.holder_id: row.last_at for row in rows})
    touched = {}
    for row in rows:
        key = row.holder_id, program.id, row.subledger_id
        starts = row.start_at or min(row.last_at, row.expires_at - timedelta(microseconds=1))
        wallets[key].lots.append(
            Lot(
                lot_no=row.last_no + row.line,
                start_at=starts,
                expires_at=row.expires_at,
                amount=row.amount,
                remaining=row.amount,
            )
        )
        touched[key] = row.last_at
    repaid = 0
    for key, at in touched.items():
        wallets[key].lots.sort(key=redemption_order)
        allocations = settle(wallets[key], at=at)
        repaid -= sum(each.amount for each in allocations if each.lot.amount < 0)
    return Points(repaid)


def _warnings(doubts: store.StagedDoubts) -> list[Warned]:
    usual = render_points(doubts.usual)
    words = {
        "repeated_row": "the same member, amount and dates as an earlier row; is it meant twice?",
        "starts_in_past": "the points start in the past; they count from when they are recorded",
        "already_expired": "the points have expired already and can never be spent",
        "expires_soon": f"the points expire within {SOON.days} days",
        "unusually_large": f"more than {LARGE_TIMES} times the usual {usual}; is a digit too many?",
    }
    return [
        Warned(code=code, count=doubts.counts[code], lines=doubts.lines[code], what=what)
        for code, what in words.items()
        if doubts.counts[code]
    ]
