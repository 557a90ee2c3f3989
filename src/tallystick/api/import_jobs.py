"""Imports as jobs: a file is sent once, then checked, imported and perhaps undone on the server."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from starlette.responses import Response

from tallystick.api.approvals import waiting_response
from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import PageSize, Skip
from tallystick.core.ids import ImportId
from tallystick.core.import_jobs import Finding, ImportJob, progress_of
from tallystick.core.points import decimal_of
from tallystick.core.validity import render_instant
from tallystick.edges.import_files import (
    original_response,
    received,
    report_response,
    sample_response,
)
from tallystick.services import import_jobs as jobs
from tallystick.services.undo import UndoPreview

FormatName = Literal["points", "join-dates"]


class NewImportQuery(msgspec.Struct):
    """What kind of file it is, and what is to be done with it."""

    format: Annotated[FormatName, msgspec.Meta(description="What kind of file it is.")] = "points"
    start: Annotated[
        Literal["nothing", "check", "import"],
        msgspec.Meta(description="What is done at once, in the background."),
    ] = "check"
    goodRowsOnly: Annotated[
        bool, msgspec.Meta(description="Import the good rows of a file that has bad ones, too.")
    ] = False


class StartQuery(msgspec.Struct):
    """Which rows are imported."""

    goodRowsOnly: Annotated[
        bool, msgspec.Meta(description="Import the good rows of a file that has bad ones, too.")
    ] = False


class UndoQuery(msgspec.Struct):
    """How far an undo goes."""

    belowZero: Annotated[
        bool, msgspec.Meta(description="Let members owe what they have spent already.")
    ] = False


class ImportsQuery(msgspec.Struct):
    """Which page of the imports."""

    pageSize: PageSize = 50
    skip: Skip = 0


class RowProblemBody(msgspec.Struct):
    """What is wrong in one place of a file."""

    line: int
    column: str
    code: str
    found: str
    fix: str


class ProblemGroupBody(msgspec.Struct):
    """The problems of one cause, the first lines that have it, and one of them in full."""

    code: str
    column: str
    count: int
    lines: list[int]
    example: RowProblemBody


class WarningBody(msgspec.Struct):
    """Good rows that may be a mistake all the same, and the first lines of them."""

    code: str
    count: int
    lines: list[int]
    what: str


class EffectsBody(msgspec.Struct):
    """What the good rows would change."""

    points: Decimal
    activePoints: Decimal
    pendingPoints: Decimal
    expiredPoints: Decimal
    repaidPoints: Decimal
    members: int
    newMembers: int
    newSubledgers: int


class ColumnBody(msgspec.Struct):
    """A column of the file as it is written, and the one that it is taken for; empty if none."""

    found: str
    column: str


class FindingBody(msgspec.Struct):
    """What a check found. `refusesAll`: no row can be imported, whatever is asked for.

    `sameFileAs` are imports of a file with the same content.
    """

    goodRows: int
    badRows: int
    problemCount: int
    refusesAll: bool
    problems: list[ProblemGroupBody]
    warnings: list[WarningBody]
    effects: EffectsBody
    sameFileAs: list[int]
    columns: list[ColumnBody]


class ProgressBody(msgspec.Struct, omit_defaults=True):
    """How far the work has come. Once all is read, the rows are entered in one step."""

    bytesDone: int
    bytesTotal: int
    rowsDone: int
    rowsPerSecond: int | None = None
    secondsLeft: int | None = None


class ImportJobBody(msgspec.Struct, omit_defaults=True):
    """A file and what became of it. `failure` says why the last work on it failed.

    `approvalId`: the request by which it waits to be imported or undone, while it does.
    """

    id: int
    programId: int
    format: str
    state: str
    goodRowsOnly: bool
    fileName: str
    fileSize: int
    sha256: str
    fileKept: bool
    userId: int
    created: str
    progress: ProgressBody
    begun: str | None = None
    ended: str | None = None
    importedRows: int | None = None
    importedPoints: Decimal | None = None
    problemCount: int | None = None
    failure: str | None = None
    approvalId: int | None = None
    finding: FindingBody | None = None


class ImportJobsBody(msgspec.Struct):
    """A page of imports, the newest first; what was found is told of single ones."""

    totalResultSize: int
    data: list[ImportJobBody]


class BelowZeroBody(msgspec.Struct):
    """Somebody who would owe points."""

    integrationId: str
    subledgerId: str
    points: Decimal


class UndoPreviewBody(msgspec.Struct, omit_defaults=True):
    """What an undo would take back, and what is left alone because it is spent.

    `belowZero` is about an undo that lets members owe: who, the 100 who would owe the most.
    """

    rows: int
    members: int
    pendingPoints: Decimal
    activePoints: Decimal
    expiredPoints: Decimal
    repaidPoints: Decimal
    spentPoints: Decimal
    mayGoBelowZero: bool
    belowZeroMembers: int
    belowZeroPoints: Decimal
    belowZero: list[BelowZeroBody]
    undone: str | None = None


async def post_import(call: Call[NewImportQuery, Nothing]) -> ImportJobBody | Response:
    """Send a file to be checked or imported in the background.

    It goes on when the connection ends; ask for the import to see how far it is. Where imports wait
    for a second person's approval, the file is checked meanwhile.
    """
    program = await call.profile_program()
    states = {"nothing": "uploaded", "check": "checking", "import": "importing"}
    async with received(call.context, call.request) as upload:
        job = await jobs.create_job(
            call.context,
            program,
            upload,
            format_name=call.query.format,
            caller=call.caller,
            state=states[call.query.start],
            good_rows_only=call.query.goodRowsOnly,
        )
    return await _told(call, job)


async def get_imports(call: Call[ImportsQuery, Nothing]) -> ImportJobsBody:
    """A page of the program's imports, the newest first."""
    program = await call.profile_program()
    page = await jobs.list_jobs(
        call.context, program.id, page_size=call.query.pageSize, skip=call.query.skip
    )
    bodies = [_body(call, job) for job in page.jobs]
    for body in bodies:
        body.finding = None
    return ImportJobsBody(totalResultSize=page.total, data=bodies)


async def get_import(call: Call[Nothing, Nothing]) -> ImportJobBody:
    """An import: how far it is, what its check found, what it did."""
    return _body(call, await _job(call))


async def check_import(call: Call[Nothing, Nothing]) -> ImportJobBody:
    """Check the file once more, in the background; nothing is written to the ledger."""
    program = await call.profile_program()
    job = await jobs.start_check(call.context, call.caller, program.id, _import_id(call))
    return _body(call, job)


async def start_import(call: Call[StartQuery, Nothing]) -> ImportJobBody | Response:
    """Import the file, in the background: all of its rows, or the good ones only.

    Where imports wait for a second person's approval, the answer is 202 and the file waits.
    """
    program = await call.profile_program()
    job = await jobs.start_import(
        call.context,
        call.caller,
        program.id,
        _import_id(call),
        good_rows_only=call.query.goodRowsOnly,
    )
    return await _told(call, job)


async def get_undo(call: Call[Nothing, Nothing]) -> UndoPreviewBody:
    """What undoing the import would take back; nothing is written."""
    program = await call.profile_program()
    return _preview(await jobs.preview_job_undo(call.context, program, _import_id(call)))


async def undo_import(call: Call[UndoQuery, Nothing]) -> ImportJobBody | Response:
    """Undo the import as a whole, in the background.

    Where undos wait for a second person's approval, the answer is 202 and nothing is undone yet.
    """
    program = await call.profile_program()
    job = await jobs.start_undo(
        call.context, call.caller, program, _import_id(call), below_zero=call.query.belowZero
    )
    return await _told(call, job)


async def delete_import(call: Call[Nothing, Nothing]) -> None:
    """Delete a file that was never imported."""
    program = await call.profile_program()
    await jobs.delete_job(call.context, call.caller, program.id, _import_id(call))


async def get_report(call: Call[Nothing, Nothing]) -> Response:
    """The rows with problems as they were sent, with line, problem and fix, as CSV.

    Mend them and send the same file again: the three columns are left alone.
    """
    return await report_response(call.context, call.request, call.known_caller, await _job(call))


async def get_file(call: Call[Nothing, Nothing]) -> Response:
    """The file as it was sent, for as long as it is kept."""
    return await original_response(call.context, call.request, call.known_caller, await _job(call))


async def get_sample(call: Call[Nothing, Nothing]) -> Response:
    """A small file of that format, to begin with."""
    return sample_response(call.request.path_params["format"])


def _import_id(call: Call[Any, Nothing]) -> ImportId:
    return ImportId(call.number_in_path("importId", "import"))


async def _job(call: Call[Any, Nothing]) -> ImportJob:
    program = await call.profile_program()
    return await jobs.get_job(call.context, program.id, _import_id(call))


async def _told(call: Call[Any, Nothing], job: ImportJob) -> ImportJobBody | Response:
    """The job that was put into the queue, or the request by which it waits."""
    if job.approval_id is None:
        return _body(call, job)
    return await waiting_response(call, job.program_id, job.approval_id)


def _body(call: Call[Any, Nothing], job: ImportJob) -> ImportJobBody:
    finding = jobs.finding_of(job)
    return ImportJobBody(
        id=job.import_id,
        programId=job.program_id,
        format=job.format,
        state=job.state,
        goodRowsOnly=job.good_rows_only,
        fileName=job.file_name,
        fileSize=job.file_bytes,
        sha256=job.file_digest.hex(),
        fileKept=job.file_kept,
        userId=job.user_id or 0,
        created=render_instant(job.created_at),
        progress=_progress(call, job),
        begun=render_instant(job.begun_at) if job.begun_at else None,
        ended=render_instant(job.ended_at) if job.ended_at else None,
        importedRows=job.row_count,
        importedPoints=None if job.amount is None else decimal_of(job.amount),
        problemCount=job.problem_count,
        failure=job.failure,
        approvalId=job.approval_id,
        finding=None if finding is None else _finding(finding),
    )


def _progress(call: Call[Any, Nothing], job: ImportJob) -> ProgressBody:
    progress = progress_of(job, now=call.context.clock())
    return ProgressBody(
        bytesDone=job.bytes_done,
        bytesTotal=job.file_bytes,
        rowsDone=job.rows_done,
        rowsPerSecond=progress.rows_per_second,
        secondsLeft=progress.seconds_left,
    )


def _finding(finding: Finding) -> FindingBody:
    effects = finding.effects
    return FindingBody(
        goodRows=finding.good_rows,
        badRows=finding.bad_rows,
        problemCount=finding.problem_count,
        refusesAll=finding.refuses_all,
        problems=msgspec.convert(finding.problems, list[ProblemGroupBody], from_attributes=True),
        warnings=msgspec.convert(finding.warnings, list[WarningBody], from_attributes=True),
        effects=EffectsBody(
            points=decimal_of(effects.amount),
            activePoints=decimal_of(effects.active),
            pendingPoints=decimal_of(effects.pending),
            expiredPoints=decimal_of(effects.expired),
            repaidPoints=decimal_of(effects.repaid),
            members=effects.members,
            newMembers=effects.new_members,
            newSubledgers=effects.new_subledgers,
        ),
        sameFileAs=finding.twins,
        columns=[ColumnBody(found=name, column=each) for name, each in finding.columns],
    )


def _preview(preview: UndoPreview) -> UndoPreviewBody:
    return UndoPreviewBody(
        rows=preview.row_count,
        members=preview.member_count,
        pendingPoints=decimal_of(preview.pending),
        activePoints=decimal_of(preview.active),
        expiredPoints=decimal_of(preview.expired),
        repaidPoints=decimal_of(preview.repaid),
        spentPoints=decimal_of(preview.spent),
        mayGoBelowZero=preview.may_go_below_zero,
        belowZeroMembers=preview.below_zero_count,
        belowZeroPoints=decimal_of(preview.below_zero),
        belowZero=[
            BelowZeroBody(
                integrationId=each.integration_id,
                subledgerId=each.subledger,
                points=decimal_of(each.points),
            )
            for each in preview.below_zero_first
        ],
        undone=render_instant(preview.undone.recorded_at) if preview.undone else None,
    )
