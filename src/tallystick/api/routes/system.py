"""Operations on the process itself."""

from typing import Any

from tallystick.api import health, reading
from tallystick.api.operations import ANYBODY, Operation
from tallystick.core.errors import Busy

OPERATIONS = (
    Operation(
        id="getHealth",
        method="GET",
        path="/healthz",
        who=ANYBODY,
        answer=health.HealthBody,
        handler=health.get_health,
    ),
    Operation(
        id="getReadiness",
        method="GET",
        path="/readyz",
        who=ANYBODY,
        answer=health.HealthBody,
        refuses=(Busy,),
        handler=health.get_readiness,
    ),
    Operation(
        id="getOpenApi",
        method="GET",
        path="/openapi.json",
        who=ANYBODY,
        answer=dict[str, Any],
        handler=reading.get_openapi,
    ),
    Operation(
        id="getDocs",
        method="GET",
        path="/docs",
        who=ANYBODY,
        media_type="text/html",
        handler=reading.get_docs,
    ),
)
