"""The application on a test's own database, asked over HTTP without a socket.

The clock stands at NOW until a test moves it. A test makes its own program and its own members, so
that the tests of a module can share an application. Whatever is asked, the clients check that an
answer of 400 and above has the contract's shape.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from starlette.types import ASGIApp, Message

from services.harness import Clock, give_role, import_rows, new_name, new_program
from tallystick.api.app import create_app
from tallystick.core.openid import CALLBACK
from tallystick.core.programs import Program
from tallystick.core.roles import Role
from tallystick.edges import Edges, inside
from tallystick.services.accounts import create_user
from tallystick.services.callers import CallerKind
from tallystick.services.context import Context, Limits
from tallystick.services.keys import create_key
from tallystick.services.openid_provider import OpenIdProvider
from tallystick.store.db import Database
from tallystick.web.app import on_http_error, page_routes

YEAR = timedelta(days=365)
PASSWORD = "a long password"
SITE = "http://tallystick.test"
SOURCES = {"pointer", "parameter", "line"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The application with three clients: one with each kind of key, and one without."""

    app: ASGIApp
    context: Context
    clock: Clock
    manager: httpx.AsyncClient
    shop: httpx.AsyncClient
    anybody: httpx.AsyncClient

    async def program(self, **settings: Any) -> Program:
        """A program of the test's own, without members."""
        return await new_program(self.context, **settings)

    async def member(
        self, program: Program, *, points: str = "100", name: str | None = None
    ) -> "Member":
        """A new member with points that are active without an end."""
        member = Member(api=self, program=program, name=name or new_name("member"))
        await import_rows(self.context, program, f'"{member.name}",{points}')
        return member

    async def person(
        self, program: Program | None = None, role: Role = Role.MANAGER, *, is_admin: bool = False
    ) -> "Person":
        """The client of somebody who has signed in, and has that role if a program is given.

        Support may post 100 points a day.
        """
        email = f"{new_name('person').replace(' ', '')}@example.com"
        user_id = await create_user(self.context, email=email, password=PASSWORD, is_admin=is_admin)
        if program is not None:
            await give_role(self.context, user_id, program, role)
        return await self.sign_in(email)

    async def sign_in(self, email: str) -> "Person":
        """The same for somebody who is there already."""
        body = {"email": email, "password": PASSWORD}
        session = exact(await self.anybody.post("/v1/sessions", json=body))
        client = _client(Person, self.app, f"Bearer {session['token']}")
        client.id, client.email = session["userId"], email
        return client

    async def application(self, **more: Any) -> dict[str, Any]:
        """An application of the test's own, as the API tells it."""
        body = {"name": new_name("application"), "timezone": "UTC", "currency": "EUR", **more}
        made: dict[str, Any] = exact(await self.manager.post("/v1/applications", json=body))
        return made

    async def shop_of(self, application_id: int, **more: Any) -> httpx.AsyncClient:
        """The client with a new integration key of an application."""
        body = {"title": "Tests", "expires": "2027-01-01T00:00:00Z", **more}
        path = f"/v1/applications/{application_id}/api_keys"
        made = exact(await self.manager.post(path, json=body))
        return new_client(self.app, f"ApiKey-v1 {made['key']}")


class Person(httpx.AsyncClient):
    """The client of somebody who has signed in."""

    id: int
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a program, as the API knows them."""

    api: Api
    program: Program
    name: str

    @property
    def path(self) -> str:
        """Where the member's operations are."""
        return f"{program_path(self.program)}/profile/{in_path(self.name)}"

    async def add(self, points: Any = 10, **more: Any) -> httpx.Response:
        """Add points by hand."""
        return await self.put("add_points", {"points": points, **more})

    async def deduct(self, points: Any = 10, **more: Any) -> httpx.Response:
        """Deduct points by hand."""
        return await self.put("deduct_points", {"points": points, **more})

    async def put(self, operation: str, body: Any, *, key: str | None = None) -> httpx.Response:
        """Send a body, which is JSON already if it is bytes."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {} if key is None else {b"Idempotency-Key": key.encode("latin-1")}
        return await self.api.manager.put(
            f"{self.path}/{operation}", content=content, headers=headers
        )

    async def balances(self, **parameters: Any) -> httpx.Response:
        """Ask for balances."""
        return await self.api.shop.get(f"{self.path}/balances", params=parameters)

    async def balance(self, **parameters: Any) -> dict[str, Decimal | int]:
        """The balance of the main ledger without its zeros, keys cut to the kind of points."""
        found = exact(await self.balances(**parameters))["balance"]
        return {kind.removesuffix("Points"): points for kind, points in found.items() if points}

    async def transactions(self, **parameters: Any) -> httpx.Response:
        """Ask for transactions."""
        return await self.api.shop.get(f"{self.path}/transactions", params=parameters)

    async def names(self, **parameters: Any) -> list[str]:
        """The names of the transactions that come back."""
        return [each["name"] for each in exact(await self.transactions(**parameters))["data"]]


def in_path(text: str) -> str:
    """The text as one segment of a path."""
    return quote(text, safe="").replace(".", "%2E")


def program_path(program: Program) -> str:
    """Where the program's operations are."""
    return f"/v1/loyalty_programs/{program.id}"


def exact(response: httpx.Response) -> Any:
    """The JSON of a good answer, its numbers digit by digit."""
    assert response.is_success, response.text
    return json.loads(response.text, parse_float=Decimal)


def refusal(response: httpx.Response, status: int) -> dict[str, str]:
    """The only problem of a refusal: its title, its details and where it is."""
    assert response.status_code == status, response.text
    [problem] = response.json()["errors"]
    return {**problem.pop("source"), **problem}


async def check_shape(response: httpx.Response) -> None:
    """Prove that an answer of 400 and above has the contract's error body."""
    if response.status_code >= 400 and response.request.method != "HEAD":
        await response.aread()
        check_error(response.content, response.headers["content-type"], response.status_code)


def check_error(content: bytes, content_type: str | None, status: int) -> None:
    """Prove that an answer is the contract's error body."""
    assert content_type == "application/json"
    body = json.loads(content)
    assert body.keys() == {"message", "errors", "StatusCode"}
    assert body["StatusCode"] == status
    assert body["message"]
    for problem in body["errors"]:
        assert {"title", "source"} <= problem.keys() <= {"title", "source", "details"}
        assert len(problem["source"]) <= 1
        assert problem["source"].keys() <= SOURCES


@asynccontextmanager
async def running_api(
    url: str,
    *,
    limits: Limits | None = None,
    folder: Path | None = None,
    openid: OpenIdProvider | None = None,
) -> AsyncIterator[Api]:
    """The application, started on the database of that URL, with a key of each kind.

    folder: what its files are to lie in; one that is gone at the end, if it is not given.
    openid: the provider that people sign in at.
    """
    clock = Clock()
    async with AsyncExitStack() as stack:
        data = folder or Path(stack.enter_context(TemporaryDirectory()))
        for name in ("imports", "exports"):
            (data / name).mkdir()
        context = Context(
            database=await Database.open(url, size=5),
            secret=b"a secret of the tests, thirty-two bytes long",
            clock=clock,
            limits=limits or Limits(),
            import_folder=data / "imports",
            export_folder=data / "exports",
            public_url=openid.settings.redirect_uri.removesuffix(CALLBACK) if openid else None,
            openid=openid,
        )
        app = await stack.enter_async_context(running_app(context))
        yield Api(
            app=app,
            context=context,
            clock=clock,
            manager=new_client(app, await new_key(context, CallerKind.MANAGEMENT)),
            shop=new_client(app, await new_key(context, CallerKind.INTEGRATION)),
            anybody=new_client(app),
        )


@asynccontextmanager
async def running_app(context: Context) -> AsyncIterator[ASGIApp]:
    """The application, started; it closes the database when it ends."""
    made = create_app(lambda: _closing(context), pages=page_routes(), on_http_error=on_http_error)
    app = inside(made, Edges())
    async with _lifespan(app):
        yield app


@asynccontextmanager
async def _closing(context: Context) -> AsyncIterator[Context]:
    try:
        yield context
    finally:
        await context.database.close()


async def new_key(
    context: Context, kind: CallerKind, *, life: timedelta = YEAR, **more: Any
) -> str:
    """The `Authorization` of a new key."""
    created = await create_key(context, kind=kind, name="Tests", life=life, **more)
    return f"{kind.value} {created.key}"


Client = TypeVar("Client", bound=httpx.AsyncClient)


def new_client(app: ASGIApp, authorization: str | None = None) -> httpx.AsyncClient:
    """A client that sends these credentials with every request."""
    return _client(httpx.AsyncClient, app, authorization)


def _client(kind: type[Client], app: ASGIApp, authorization: str | None) -> Client:
    return kind(
        transport=httpx.ASGITransport(app),
        base_url=SITE,
        headers={"Authorization": authorization} if authorization else {},
        event_hooks={"response": [check_shape]},
    )


@asynccontextmanager
async def _lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """Start the application as a server does, in a task of its own, and end it."""
    received: asyncio.Queue[Message] = asyncio.Queue()
    sent: asyncio.Queue[Message] = asyncio.Queue()
    running = asyncio.ensure_future(app({"type": "lifespan"}, received.get, sent.put))
    await received.put({"type": "lifespan.startup"})
    assert await sent.get() == {"type": "lifespan.startup.complete"}
    try:
        yield
    finally:
        await received.put({"type": "lifespan.shutdown"})
        assert await sent.get() == {"type": "lifespan.shutdown.complete"}
        await running
