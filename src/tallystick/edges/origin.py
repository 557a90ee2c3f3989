"""Where a request comes from, as the record of changes wants to know it."""

from starlette.requests import HTTPConnection

from tallystick.core.accounts import Origin
from tallystick.edges.request_ids import SCOPE_KEY


def origin_of(request: HTTPConnection) -> Origin:
    """The address of whoever sent it, and its id; an address only where there is a network."""
    client = request.client
    return Origin(
        address=client.host if client and client.host else None,
        request_id=request.scope.get(SCOPE_KEY),
        user_agent=request.headers.get("User-Agent", ""),
    )
