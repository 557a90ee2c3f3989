"""Exports as jobs: a file is asked for, written in the background, and fetched when it is there."""

from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from tallystick.api.errors import error_response
from tallystick.api.export_files import KINDS, FormatName
from tallystick.api.invalid import invalid_parameter
from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import PageSize, Skip
from tallystick.core.errors import InvalidField, shown
from tallystick.core.exports import WRITING, ExportJob, FileFormat
from tallystick.core.ids import ExportId
from tallystick.core.validity import render_instant
from tallystick.edges.export_files import KeptFile, export_name
from tallystick.services import export_jobs as jobs
from tallystick.services.exports import record_download

Parameters = Annotated[
    dict[str, Any],
    msgspec.Meta(
        description="What the operation that answers with such a file takes in its query;"
        " `format` and `safe` stand beside it."
    ),
]


class NewExport(msgspec.Struct):
    """A file to be written in the background."""

    kind: Annotated[
        str,
        msgspec.Meta(
            description="What the file is about.", extra_json_schema={"enum": list(KINDS)}
        ),
    ]
    format: Annotated[FormatName, msgspec.Meta(description="What the file is written as.")] = "csv"
    safe: Annotated[
        bool,
        msgspec.Meta(
            description="Put an apostrophe before text in a CSV that a spreadsheet would run."
        ),
    ] = False
    parameters: Parameters = msgspec.field(default_factory=dict)


class ExportJobsQuery(msgspec.Struct):
    """Which page of the exports."""

    pageSize: PageSize = 50
    skip: Skip = 0


class ExportProgressBody(msgspec.Struct, omit_defaults=True):
    """How far the work has come."""

    rowsDone: int
    bytesDone: int
    rowsPerSecond: int | None = None


class ExportJobBody(msgspec.Struct, omit_defaults=True):
    """A file and what became of it. `failure` says why there is none."""

    id: int
    programId: int
    kind: str
    format: str
    safe: bool
    parameters: dict[str, Any]
    state: str
    fileName: str
    userId: int
    created: str
    progress: ExportProgressBody
    begun: str | None = None
    ended: str | None = None
    failure: str | None = None


class ExportJobsBody(msgspec.Struct):
    """A page of exports, the newest first."""

    totalResultSize: int
    data: list[ExportJobBody]


class ManifestBody(msgspec.Struct):
    """What a file holds, to check it by. `knownAt` is the moment that it speaks for.

    `sums` are those of the columns of points, by their names.
    """

    id: int
    programId: int
    programName: str
    kind: str
    format: str
    safe: bool
    parameters: dict[str, Any]
    fileName: str
    knownAt: str
    rows: int
    sums: dict[str, Decimal]
    fileSize: int
    sha256: str
    created: str
    ended: str


async def post_export(call: Call[Nothing, NewExport]) -> ExportJobBody:
    """Ask for a file that is written in the background.

    It goes on when the connection ends; ask for the export to see how far it is.
    """
    program, body = await call.profile_program(), call.body
    if body.kind not in KINDS:
        raise InvalidField("kind", shown(body.kind), f"write {', '.join(KINDS)}")
    kind, file_format, now = KINDS[body.kind], FileFormat(body.format), call.context.clock()
    try:
        wish = kind.wish(_query(kind.query, body.parameters), program, now)
    except InvalidField as error:
        error.field = f"parameters.{error.field}".removesuffix(".parameters")
        raise
    job = await jobs.create_export(
        call.context,
        program,
        wish,
        caller=call.caller,
        file_format=file_format,
        safe=body.safe,
        file_name=export_name(program, wish, file_format, now),
    )
    return _body(call, job)


def _query(struct: type[msgspec.Struct], parameters: dict[str, Any]) -> msgspec.Struct:
    """The parameters as the query that they could be. Errors: InvalidField."""
    known = {each.encode_name for each in msgspec.structs.fields(struct)} - {"format", "safe"}
    for name, value in parameters.items():
        if name not in known:
            fix = f"write some of {', '.join(sorted(known))}"
            raise InvalidField("parameters", shown(name), fix)
        if isinstance(value, str) and not value.isprintable():
            raise InvalidField(name, shown(value), "write one line, without control characters")
    try:
        return msgspec.convert(parameters, struct, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_parameter(error, struct, parameters) from error


async def get_exports(call: Call[ExportJobsQuery, Nothing]) -> ExportJobsBody:
    """A page of the files that were asked for, the newest first."""
    program = await call.profile_program()
    page = await jobs.list_export_jobs(
        call.context, program.id, page_size=call.query.pageSize, skip=call.query.skip
    )
    return ExportJobsBody(totalResultSize=page.total, data=[_body(call, job) for job in page.jobs])


async def get_export(call: Call[Nothing, Nothing]) -> ExportJobBody:
    """An export: how far it is, and what became of it."""
    return _body(call, await _job(call))


async def get_manifest(call: Call[Nothing, Nothing]) -> ManifestBody:
    """What the file holds: rows, sums, SHA-256, and the moment that it speaks for."""
    program, job = await call.profile_program(), await _job(call)
    jobs.check_ended(job)
    assert job.known_at is not None
    assert job.file_digest is not None
    assert job.sums is not None
    assert job.ended_at is not None
    return ManifestBody(
        id=job.export_id,
        programId=job.program_id,
        programName=program.settings.name,
        kind=job.kind,
        format=job.format.value,
        safe=job.safe,
        parameters=dict(jobs.parameters_of(job)),
        fileName=job.file_name,
        knownAt=render_instant(job.known_at),
        rows=job.rows_done,
        sums=msgspec.json.decode(job.sums, type=dict[str, Decimal]),
        fileSize=job.bytes_done,
        sha256=job.file_digest.hex(),
        created=render_instant(job.created_at),
        ended=render_instant(job.ended_at),
    )


async def get_export_file(call: Call[Nothing, Nothing]) -> Response:
    """The file, whole or a part of it.

    It takes `Range` and `If-Range`; the `ETag` is the file's SHA-256.
    """
    job = await _job(call)
    path = jobs.check_written(call.context, job)
    file = KeptFile(path, job)
    if file.is_beyond(call.request.headers):
        wanted = shown(call.request.headers["Range"])
        told = f"Range: found {wanted}; the file has {job.bytes_done} bytes"
        return error_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, told, headers=file.extent)
    if call.request.method == "GET":
        await record_download(call.context, call.caller, job.export_id, job.file_name)
    return file


async def delete_export(call: Call[Nothing, Nothing]) -> None:
    """Delete a file, or end the work on it. That it was asked for stays known."""
    program = await call.profile_program()
    await jobs.delete_export(call.context, call.caller, program.id, _export_id(call))


def _export_id(call: Call[Any, Any]) -> ExportId:
    return ExportId(call.number_in_path("exportId", "export"))


async def _job(call: Call[Any, Any]) -> ExportJob:
    program = await call.profile_program()
    return await jobs.get_export(call.context, program.id, _export_id(call))


def _body(call: Call[Any, Any], job: ExportJob) -> ExportJobBody:
    return ExportJobBody(
        id=job.export_id,
        programId=job.program_id,
        kind=job.kind,
        format=job.format.value,
        safe=job.safe,
        parameters=dict(jobs.parameters_of(job)),
        state=job.state,
        fileName=job.file_name,
        userId=job.user_id or 0,
        created=render_instant(job.created_at),
        progress=_progress(call, job),
        begun=None if job.begun_at is None else render_instant(job.begun_at),
        ended=None if job.ended_at is None else render_instant(job.ended_at),
        failure=job.failure,
    )


def _progress(call: Call[Any, Any], job: ExportJob) -> ExportProgressBody:
    progress = ExportProgressBody(rowsDone=job.rows_done, bytesDone=job.bytes_done)
    if job.state == WRITING and job.begun_at is not None:
        seconds = (call.context.clock() - job.begun_at).total_seconds()
        if seconds > 0:
            progress.rowsPerSecond = round(job.rows_done / seconds)
    return progress
