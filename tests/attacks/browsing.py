"""What a browser does, without one: it keeps cookies and sends forms from the page they are on."""

from typing import Any

import httpx
from starlette.types import ASGIApp

from api.harness import SITE
from attacks.forms import Form
from tallystick.web.cookies import SESSION_COOKIE

PAGE = {"Accept": "text/html", "Accept-Encoding": "identity", "Origin": SITE}


def browser_of(
    app: ASGIApp, token: str | None = None, *, address: str = "192.0.2.9", **headers: str
) -> httpx.AsyncClient:
    """A browser at that network address, with the cookie of a session if one is given."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 4711)),
        base_url=SITE,
        cookies={} if token is None else {SESSION_COOKIE: token},
        headers=PAGE | headers,
    )


def token_of(client: httpx.AsyncClient) -> str:
    """What somebody who has signed in shows."""
    return client.headers["Authorization"].split()[1]


async def send(client: httpx.AsyncClient, form: Form, values: dict[str, Any]) -> httpx.Response:
    """The answer to a form with these values."""
    if form.method == "get":
        return await client.get(form.action, params=values)
    if form.has_file:
        fields = {name: (None, text) for name, text in values.items() if name != "upFile"}
        return await client.post(form.action, files=fields | {"upFile": values["upFile"]})
    return await client.post(form.action, data=values)
