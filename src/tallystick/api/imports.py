"""The import of points: an upload that streams to a file, then one call, all or nothing."""

from tempfile import TemporaryFile
from typing import Any

import msgspec
from starlette.responses import Response

from tallystick.api.approvals import waiting_import
from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import ACCOUNT_ID, ImportBody
from tallystick.core.programs import Program
from tallystick.core.validity import render_instant
from tallystick.edges.import_files import received
from tallystick.edges.uploads import Upload
from tallystick.services.import_jobs import create_job, import_waits
from tallystick.services.imports import import_points


class ImportQuery(msgspec.Struct):
    """The parameter of `importLoyaltyPoints`; there are no notifications to be sent yet."""

    notificationsEnabled: bool = True


async def post_points(call: Call[ImportQuery, Nothing]) -> ImportBody | Response:
    """Import the points of every row of the uploaded file, or none.

    Where imports wait for a second person's approval, the answer is 202: the file is kept and
    checked, and imported once somebody approves.
    """
    program = await call.profile_program()
    if await import_waits(call.context, call.known_caller, program.id):
        return await ask_to_import(call, program, "points", entity="LoyaltyPoints")
    with TemporaryFile() as file:
        upload = Upload(file, bytes_max=call.context.limits.upload_bytes_max)
        await upload.receive(call.request)
        report = await import_points(
            call.context, program, file, file_name=upload.file_name, caller=call.caller
        )
    return ImportBody(
        id=report.import_id,
        created=render_instant(report.recorded_at),
        accountId=ACCOUNT_ID,
        userId=call.known_caller.user_id or 0,
        entity="LoyaltyPoints",
        amount=report.row_count,
    )


async def ask_to_import(
    call: Call[Any, Nothing], program: Program, format_name: str, *, entity: str
) -> Response:
    """Keep the file that is sent, and ask for approval of its import."""
    async with received(call.context, call.request) as upload:
        job = await create_job(
            call.context,
            program,
            upload,
            format_name=format_name,
            caller=call.caller,
            state="importing",
        )
    return await waiting_import(call, job, entity=entity)
