"""Whether the process lives, and whether it can do its work."""

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.services.health import check_ready


class HealthBody(msgspec.Struct):
    """`status` is "ok"; anything else is told by the status of the answer."""

    status: str = "ok"


async def get_health(_call: Call[Nothing, Nothing]) -> HealthBody:
    """The process answers."""
    return HealthBody()


async def get_readiness(call: Call[Nothing, Nothing]) -> HealthBody:
    """The database answers too; 503 if it does not."""
    await check_ready(call.context)
    return HealthBody()
