"""Operations on the process itself."""

from tallystick.api import health
from tallystick.api.operations import ANYBODY, Operation

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
        handler=health.get_readiness,
    ),
)
