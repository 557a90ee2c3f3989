"""What pages say of imports: their states and steps, how long they take, and their rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tallystick.core.errors import RowProblem
from tallystick.core.formats.report import MarkedRow
from tallystick.core.import_jobs import AT_WORK, Finding, ImportRecord, Warned
from tallystick.services.import_jobs import finding_of
from tallystick.web.showing import Showing
from tallystick.web.visits import Tone

Mark = Tone | Literal[""]

STEPS = ("File", "Check", "Import", "Done")

_STEP_OF = {
    "uploaded": "Check",
    "checking": "Check",
    "checked": "Check",
    "failed": "Check",
    "importing": "Import",
    "imported": "Done",
    "undoing": "Done",
    "undone": "Done",
}

_STATES: dict[str, tuple[Mark, str]] = {
    "uploaded": ("", "Not checked yet"),
    "checking": ("info", "Checking"),
    "importing": ("info", "Importing"),
    "imported": ("good", "Imported"),
    "failed": ("bad", "Failed"),
    "undoing": ("info", "Undoing"),
    "undone": ("", "Undone"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell as it was sent; `tone` marks one that is wrong or doubtful."""

    text: str
    tone: Mark = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it is shown, and what is said of it."""

    line: int
    cells: list[Cell]
    says: list[str]


def status_of(record: ImportRecord, show: Showing) -> tuple[Mark, str]:
    """What stands in the pill of an import, and its tone."""
    job, finding = record.job, finding_of(record.job)
    if job.approval_id is not None and job.state not in AT_WORK:
        return "warn", "Undo waits" if job.state == "imported" else "Waits for approval"
    if job.state == "checked":
        return _checked(finding, show)
    if job.state == "imported" and finding and job.good_rows_only and finding.bad_rows:
        return "good", f"Imported, {show.count(finding.bad_rows)} skipped"
    return _STATES[job.state]


def _checked(finding: Finding | None, show: Showing) -> tuple[Mark, str]:
    if finding is None or not finding.problem_count:
        return "info", "Checked"
    if finding.refuses_all or not finding.good_rows:
        return "bad", "Checked, refused"
    return "warn", f"Checked, {counted(finding.problem_count, 'error', show)}"


def step_of(state: str) -> str:
    """The step at which an import is."""
    return _STEP_OF[state]


def counted(count: int, noun: str, show: Showing) -> str:
    """How many there are: 1 row, 37 rows."""
    return f"{show.count(count)} {noun}{'' if count == 1 else 's'}"


def time_left(seconds: int) -> str:
    """How long it will take yet, as far as one can say."""
    return (
        f"about {max(seconds, 1)} s left"
        if seconds < 90
        else f"about {round(seconds / 60)} min left"
    )


def shown_rows(names: list[str], rows: list[MarkedRow], warnings: list[Warned]) -> Iterator[Row]:
    """Rows with their wrong cells marked, as many cells as the file has columns."""
    places = {name.strip().lower(): place for place, name in enumerate(names)}
    for row in rows:
        doubts = [each.what for each in warnings if row.line in each.lines]
        wrong = {places.get(problem.column.lower(), len(names) - 1) for problem in row.problems}
        texts = [*row.cells[: len(names) - 1], " ".join(row.cells[len(names) - 1 :])]
        texts += [""] * (len(names) - len(texts))
        yield Row(
            line=row.line,
            cells=[
                Cell(text=text, tone="bad" if place in wrong else "")
                for place, text in enumerate(texts)
            ],
            says=[*map(says_of, row.problems), *doubts],
        )


def says_of(problem: RowProblem) -> str:
    """What was found, and what to write instead."""
    return f"found {problem.found}; {problem.fix}"
