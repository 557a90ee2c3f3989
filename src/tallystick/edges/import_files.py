"""The files of imports as they come in and go out, the same for API and pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.errors import NotFound
from tallystick.core.formats import FORMATS
from tallystick.core.import_jobs import ImportJob
from tallystick.edges.downloads import attachment, file_name, file_response
from tallystick.edges.uploads import Upload
from tallystick.services import import_jobs as jobs
from tallystick.services.callers import Caller
from tallystick.services.context import Context


@asynccontextmanager
async def received(context: Context, request: Request) -> AsyncIterator[jobs.Upload]:
    """The file that is sent, once it has come whole; gone at the end unless it is a job's by then.

    Errors: InvalidField if there is no file, or too much of it.
    """
    path = jobs.new_upload(context)
    try:
        with path.open("w+b") as file:
            upload = Upload(file, bytes_max=context.limits.upload_bytes_max)
            await upload.receive(request)
        yield jobs.Upload(
            path=path, name=upload.file_name, size=upload.size, digest=upload.digest()
        )
    finally:
        path.unlink(missing_ok=True)


async def original_response(
    context: Context, request: Request, caller: Caller, job: ImportJob
) -> Response:
    """The file as it was sent, to whoever fetches it. Errors: NotSupported if it is not kept."""
    jobs.check_readable(context, job)
    await _record(context, request, caller, job, "file")
    response = await file_response(
        context, request, "file.csv", lambda output: jobs.write_file(context, job, output)
    )
    response.headers.update(attachment(_saved_as(job)))
    response.headers["Content-Type"] = "application/octet-stream"
    return response


async def report_response(
    context: Context, request: Request, caller: Caller, job: ImportJob
) -> Response:
    """The rows that have problems, to be mended and sent again. Errors: NotSupported."""
    jobs.check_checked(context, job)
    await _record(context, request, caller, job, "report")
    name = file_name(f"import-{job.import_id}", "problems")
    return await file_response(
        context, request, name, lambda output: jobs.write_problems(context, job, output)
    )


def sample_response(name: str) -> Response:
    """A small file of that format, to begin with. Errors: NotFound."""
    if name not in FORMATS:
        raise NotFound("import format", name[:100], f"write one of {', '.join(FORMATS)}")
    headers = attachment(file_name(name))
    return Response(FORMATS[name].sample.encode(), headers=headers, media_type="text/csv")


async def _record(
    context: Context, request: Request, caller: Caller, job: ImportJob, part: str
) -> None:
    if request.method == "GET":
        await jobs.record_download(context, caller, job, part)


def _saved_as(job: ImportJob) -> str:
    stem = file_name(job.file_name).removesuffix(".csv")
    return stem if "." in stem else f"{stem}.csv"
