"""Since when members belong to a program: joining, and files of join dates."""

from http import HTTPStatus
from tempfile import TemporaryFile
from urllib.parse import unquote

from starlette.responses import Response

from tallystick.api.imports import ask_to_import
from tallystick.api.operations import Call, Nothing
from tallystick.api.profiles import new_integration_id
from tallystick.api.wire import ACCOUNT_ID, ImportBody
from tallystick.core.validity import render_instant
from tallystick.edges.downloads import file_name, file_response
from tallystick.edges.uploads import Upload
from tallystick.services.import_jobs import import_waits
from tallystick.services.joining import export_join_dates, import_join_dates, join_program


async def join(call: Call[Nothing, Nothing]) -> Response:
    """Let a customer join a program, from now on.

    The profile is made if it is not there. Who has joined already is refused.
    """
    program = await call.profile_program()
    integration_id = new_integration_id(unquote(call.request.path_params["integrationId"]))
    await join_program(call.context, program, integration_id, caller=call.caller)
    return Response(status_code=HTTPStatus.OK)


async def post_join_dates(call: Call[Nothing, Nothing]) -> ImportBody | Response:
    """Set the join date of every row of the uploaded file, or none.

    Its columns are `customerprofileid` and `newjoindate`. The profiles have to be there, each once;
    the date of a row takes the place of one that was there. Where imports wait for a second
    person's approval, the answer is 202, as for points.
    """
    program = await call.profile_program()
    if await import_waits(call.context, call.known_caller, program.id):
        return await ask_to_import(call, program, "join-dates", entity="LoyaltyJoinDates")
    with TemporaryFile() as file:
        upload = Upload(file, bytes_max=call.context.limits.upload_bytes_max)
        await upload.receive(call.request)
        report = await import_join_dates(
            call.context, program, file, file_name=upload.file_name, caller=call.caller
        )
    return ImportBody(
        id=report.import_id,
        created=render_instant(report.recorded_at),
        accountId=ACCOUNT_ID,
        userId=call.known_caller.user_id or 0,
        entity="LoyaltyJoinDates",
        amount=report.row_count,
    )


async def get_join_dates(call: Call[Nothing, Nothing]) -> Response:
    """The join dates of all members who have joined, as CSV, in UTC.

    Its columns are `loyaltyProgramID`, `profileIntegrationID` and `joinDate`. Where no date was
    set, the program's join policy derives it.
    """
    program = await call.profile_program()
    return await file_response(
        call.context,
        call.request,
        file_name(program.settings.name, "join-dates"),
        lambda output: export_join_dates(call.context, program, caller=call.caller, output=output),
    )
