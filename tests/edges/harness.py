"""A small application within its edges, and a client that comes from an address."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tallystick.edges import Edges, inside
from tallystick.edges.origin import origin_of

Handler = Callable[[Request], Awaitable[Response]]


async def tell(request: Request) -> Response:
    """What an application gets to know of a request."""
    origin = origin_of(request)
    body = await request.body()
    return JSONResponse(
        {
            "address": origin.address,
            "request_id": origin.request_id,
            "scheme": request.url.scheme,
            "size": len(body),
        }
    )


def application(handler: Handler = tell, **edges: Any) -> ASGIApp:
    """An application with one handler for everything."""
    routes = [Route("/{rest:path}", handler, methods=["GET", "POST"])]
    return inside(Starlette(routes=routes), Edges(**edges))


def client_of(app: ASGIApp, address: str = "203.0.113.5") -> httpx.AsyncClient:
    """A client whose connection comes from that address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://tallystick.test")


def networks(*texts: str) -> tuple[Any, ...]:
    """What can be trusted."""
    return tuple(map(ip_network, texts))
