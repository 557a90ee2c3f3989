"""An import that waits for approval, and what stands against working on one."""

from datetime import datetime

from tallystick.core.approvals import ApprovalKind, ImportWish, UndoWish
from tallystick.core.errors import AlreadyUndone, InUse, NotFound, NotSupported
from tallystick.core.ids import ApprovalId, ProgramId
from tallystick.core.import_jobs import AT_WORK, NEVER_IMPORTED, ImportJob
from tallystick.core.programs import Program
from tallystick.services.asking import ask
from tallystick.services.callers import Caller
from tallystick.store import import_jobs as store
from tallystick.store.db import Tx

UNDOABLE = frozenset({"imported"})


async def hold(  # noqa: PLR0913 - by name
    tx: Tx,
    caller: Caller,
    program_id: ProgramId,
    wish: ImportWish | UndoWish,
    *,
    now: datetime,
    allowed: frozenset[str],
) -> None:
    """Ask for approval of what is to be done with a job, which waits for it. Errors: InUse."""
    kind = ApprovalKind.UNDO if isinstance(wish, UndoWish) else ApprovalKind.IMPORT
    approval_id = await ask(tx, caller, program_id, kind, wish, now=now)
    if not await store.hold_job(tx, wish.import_id, approval_id, allowed=allowed):
        raise busy(await _job(tx, program_id, wish))


async def queue_approved(
    tx: Tx, program: Program, wish: ImportWish | UndoWish, approval_id: ApprovalId
) -> None:
    """Put a job into the queue that waits by this request.

    Errors: NotFound, NotSupported, InUse, AlreadyUndone, as when it was asked for.
    """
    job = await _job(tx, program.id, wish)
    if isinstance(wish, UndoWish):
        check_undo(job, program, below_zero=wish.below_zero)
        queued = await store.queue_job(
            tx,
            job.import_id,
            "undoing",
            allowed=UNDOABLE,
            good_rows_only=job.good_rows_only,
            below_zero=wish.below_zero,
            approval_id=approval_id,
        )
    else:
        check_kept(job)
        queued = await store.queue_job(
            tx,
            job.import_id,
            "importing",
            allowed=NEVER_IMPORTED,
            good_rows_only=wish.good_rows_only,
            approval_id=approval_id,
        )
    if not queued:
        raise InUse("import", str(job.import_id), f"the state {job.state}", "wait until it is done")


async def _job(tx: Tx, program_id: ProgramId, wish: ImportWish | UndoWish) -> ImportJob:
    job = await store.find_job(tx, [program_id], wish.import_id)
    if job is None:
        raise NotFound("import", str(wish.import_id))
    return job


def check_undo(job: ImportJob, program: Program, *, below_zero: bool) -> None:
    """Nothing, if the import can be undone so. Errors: AlreadyUndone, InUse, NotSupported."""
    check_undoable(job)
    if job.state == "undone":
        raise AlreadyUndone(job.import_id)
    if below_zero and not program.may_go_below_zero:
        raise NotSupported("belowZero", "the program's return policy keeps members from owing")


def check_undoable(job: ImportJob) -> None:
    """Nothing, if it was imported and its format can be undone. Errors: InUse, NotSupported."""
    if job.format != "points":
        raise NotSupported("importId", "only imports of points can be undone")
    if job.state not in {"imported", "undone"}:
        raise in_use(job, "undo what has been imported")


def check_kept(job: ImportJob) -> None:
    """Nothing, if the file of the job is kept. Errors: NotSupported."""
    if not job.file_kept:
        raise NotSupported("importId", "its file is not kept; send it again")


def busy(job: ImportJob) -> InUse:
    """The refusal of work on a job that is in no state for it."""
    at_work = job.state in AT_WORK
    return in_use(job, "wait until that is done" if at_work else "send the file as a new import")


def in_use(job: ImportJob, fix: str) -> InUse:
    """The refusal of something for the state of a job, or because it waits for approval."""
    if job.approval_id is not None:
        found = f"approval {job.approval_id}, which waits"
        return InUse("import", str(job.import_id), found, "let it be decided first, or withdraw it")
    return InUse("import", str(job.import_id), f"the state {job.state}", fix)
