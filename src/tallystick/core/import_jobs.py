"""What an import is while it is uploaded, checked, imported and undone."""

from dataclasses import dataclass, field
from datetime import datetime

from tallystick.core.formats.problems import Group
from tallystick.core.ids import ApprovalId, ImportId, ProgramId, UserId
from tallystick.core.points import Points

NOTHING = Points(0)

AT_WORK = frozenset({"checking", "importing", "undoing"})
NEVER_IMPORTED = frozenset({"uploaded", "checked", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """A file and what became of it.

    state: uploaded, checking, checked, importing, imported, failed, undoing or undone.
    finding: what the last check found, as JSON. failure: why the work failed, in one line.
    row_count, amount: what was imported. approval_id: of the request to import or undo it that
    waits; until it is decided nothing else is done with it, but for a check.
    """

    import_id: ImportId
    program_id: ProgramId
    format: str
    state: str
    good_rows_only: bool
    below_zero: bool
    file_name: str
    file_bytes: int
    file_digest: bytes
    file_kept: bool
    user_id: UserId | None
    api_key_id: int | None
    created_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    bytes_done: int
    rows_done: int
    row_count: int | None
    amount: Points | None
    problem_count: int | None
    finding: str | None
    failure: str | None
    approval_id: ApprovalId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord:
    """An import as the history tells it.

    person: who sent the file; key_name: of the key that did. Both are None for a command, and
    after they were deleted. undone_at, taken_back: of its undo, if there was one.
    """

    job: ImportJob
    person: str | None
    key_name: str | None
    undone_at: datetime | None
    taken_back: Points | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How fast the reading of a file goes, and how long it will take yet; None if unknown."""

    rows_per_second: int | None = None
    seconds_left: int | None = None


def progress_of(job: ImportJob, *, now: datetime) -> Progress:
    """The progress of the work on a job. Once all is read, the rows are entered in one step."""
    if job.state not in AT_WORK or job.begun_at is None or not job.bytes_done:
        return Progress()
    seconds = (now - job.begun_at).total_seconds()
    if seconds <= 0:
        return Progress()
    left = job.file_bytes - job.bytes_done
    return Progress(
        rows_per_second=round(job.rows_done / seconds),
        seconds_left=round(seconds * left / job.bytes_done),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Rows that are right and may yet be a mistake: how many, the first lines, what to look at."""

    code: str
    count: int
    lines: list[int]
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What an import of points would change."""

    amount: Points = NOTHING
    active: Points = NOTHING
    pending: Points = NOTHING
    expired: Points = NOTHING
    repaid: Points = NOTHING
    members: int = 0
    new_members: int = 0
    new_subledgers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found.

    refuses_all: a problem stands in the way of all rows, as of the header.
    columns: those of the file as they are written, each with the column that it is taken for, ""
    if that is none. twins: jobs that imported a file of the same content.
    """

    good_rows: int
    bad_rows: int
    problem_count: int
    refuses_all: bool
    problems: list[Group]
    warnings: list[Warned]
    effects: Effects
    twins: list[int]
    columns: list[tuple[str, str]] = field(default_factory=list)
