"""The import of points: an upload that streams to a file, then one call, all or nothing."""

from tempfile import TemporaryFile

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import ACCOUNT_ID, ImportBody
from tallystick.core.validity import render_instant
from tallystick.edges.uploads import Upload
from tallystick.services.imports import import_points


class ImportQuery(msgspec.Struct):
    """The parameter of `importLoyaltyPoints`; there are no notifications to be sent yet."""

    notificationsEnabled: bool = True


async def post_points(call: Call[ImportQuery, Nothing]) -> ImportBody:
    """Import the points of every row of the uploaded file, or none."""
    program = await call.profile_program()
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
