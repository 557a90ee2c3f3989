"""The application over real HTTP, and what a case is: a call, and what must be answered to it.

The clock stands at NOW until a case moves it. Cases make their own programs and members.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvicorn
from argon2 import PasswordHasher

from api.harness import running_app
from conftest import SECRET
from parity.clients import SCHEMES
from parity.contract import JSON, Operation, operations
from services.harness import Clock, import_rows, new_name, new_program
from tallystick.core.programs import Program
from tallystick.services.accounts import create_user
from tallystick.services.callers import CallerKind
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.store.accounts import insert_user
from tallystick.store.db import Database

PASSWORD = "a long password"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # quickly checked


class Mark(Enum):
    """How well a case's expectation is known."""

    VERIFIED = "seen in what official clients send and accept"
    DOCUMENTED = "in the contract or its pages"
    ASSUMED = "a decision of ours where the contract is silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked, and what must be answered.

    `keys` open instead of the account's own, by slot. `then` looks at what the call has changed.
    """

    arguments: Mapping[str, Any]
    body: Any = None
    status: int = 200
    answer: Any = None
    keys: Mapping[str, str] | None = None
    then: Callable[[], Awaitable[None]] | None = None


Arrange = Callable[["World"], Awaitable[Call]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A row of the table.

    `source` is where the expectation stands. `slot` is of SCHEMES. `refuses` has, by client, a part
    of what it says when it does not even send such a call.
    """

    operation: str
    fact: str
    mark: Mark
    source: str
    arrange: Arrange
    slot: str
    refuses: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.operation}: {self.fact}"


CASES: list[Case] = []


def case(
    operation: str, fact: str, mark: Mark, source: str, *, slot: str | None = None, **more: Any
) -> Callable[[Arrange], Arrange]:
    """Enter what arranges a case, and the case, into the table."""
    default = {"integration": "api_key_v1", "management": "management_key"}

    def enter(arrange: Arrange) -> Arrange:
        api = operations()[operation].api
        CASES.append(
            Case(
                operation=operation,
                fact=fact,
                mark=mark,
                source=source,
                arrange=arrange,
                slot=slot or default[api],
                **more,
            )
        )
        return arrange

    return enter


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a program, and the arguments that name them."""

    world: "World"
    program: Program
    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The path of the member's operations."""
        return {"loyaltyProgramId": self.program.id, "integrationId": self.name}

    async def add(self, points: Any, **more: Any) -> None:
        """Add points by hand."""
        await self.world.done("addLoyaltyPoints", self.arguments, {"points": points, **more})

    async def deduct(self, points: Any, **more: Any) -> None:
        """Deduct points by hand."""
        await self.world.done("removeLoyaltyPoints", self.arguments, {"points": points, **more})

    async def balance(self, **arguments: Any) -> dict[str, Any]:
        """The balance of the main ledger without its zeros, keys cut to the kind of points."""
        told = await self.world.done("getLoyaltyBalances", {**self.arguments, **arguments})
        found = told["balance"].items()
        return {kind.removesuffix("Points"): points for kind, points in found if points}

    async def transactions(self, **arguments: Any) -> list[dict[str, Any]]:
        """The transactions, newest first."""
        told = await self.world.done(
            "getLoyaltyProgramProfileTransactions", {**self.arguments, **arguments}
        )
        page: list[dict[str, Any]] = told["data"]
        return page


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The application under test: where it is, and the keys that open it, by slot."""

    host: str
    context: Context
    clock: Clock
    keys: Mapping[str, str]
    http: httpx.AsyncClient
    admin: str

    async def program(self, **settings: Any) -> Program:
        """A program without members, with subledgers, in which nobody may owe points."""
        return await new_program(self.context, **settings)

    async def member(self, points: str = "100", **settings: Any) -> Member:
        """A new member of a new program with points that are active without an end."""
        return await self.member_of(await self.program(**settings), points)

    async def member_of(self, program: Program, points: str = "100") -> Member:
        """A new member of a program."""
        name = new_name("member").replace(" ", "-")
        await import_rows(self.context, program, f"{name},{points}")
        return Member(world=self, program=program, name=name)

    async def send(
        self, operation: Operation, arguments: Mapping[str, Any], body: Any = None, **more: Any
    ) -> httpx.Response:
        """The raw answer; a text in `body` goes as the file of an import."""
        content: dict[str, Any] = {"json": body} if body is not None else {}
        given = dict(arguments)
        if "upFile" in given:
            content = {"files": {"upFile": ("points.csv", given.pop("upFile"), "text/csv")}}
        query = {name: _text(value) for name, value in operation.query(given).items()}
        return await self.http.request(
            operation.method.upper(), operation.url(given), params=query, **content, **more
        )

    async def ask(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        body: Any = None,
        *,
        keys: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The raw answer to the account's own key, or to another."""
        found = operations()[operation]
        slot = "api_key_v1" if found.api == "integration" else "management_key"
        [(slot, key)] = (keys or {slot: self.keys[slot]}).items()
        return await self.send(found, arguments, body, headers=header(slot, key))

    async def done(self, operation: str, arguments: Mapping[str, Any], body: Any = None) -> Any:
        """The JSON of a good answer."""
        answer = await self.ask(operation, arguments, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def export(self, operation: str, arguments: Mapping[str, Any]) -> str:
        """The file of a good answer."""
        answer = await self.ask(operation, arguments)
        assert answer.is_success, answer.text
        return answer.text

    async def application(self) -> dict[str, Any]:
        """A new application."""
        body = {"name": new_name("shop"), "timezone": "UTC", "currency": "EUR"}
        headers = header("management_key", self.keys["management_key"])
        made = await self.http.post("/v1/applications", json=body, headers=headers)
        assert made.is_success, made.text
        told: dict[str, Any] = made.json()
        return told

    async def person(self) -> dict[str, Any]:
        """A new user who is no admin: id and email."""
        email = f"{new_name('person').replace(' ', '')}@example.com"
        async with self.context.database.transaction() as tx:
            user_id = await insert_user(
                tx,
                email=email,
                name="",
                password_hash=_HASH,
                is_admin=False,
                now=self.clock.now,
            )
        return {"id": user_id, "email": email}

    async def token(self, email: str) -> str:
        """The token of a user who signs in."""
        session = await self.done("createSession", {}, {"email": email, "password": PASSWORD})
        return str(session["token"])

    async def key(self, kind: CallerKind, **more: Any) -> str:
        """A new key, by what `create_key` takes."""
        return await _key(self.context, kind, **more)

    def move(self, **distance: float) -> None:
        """Move the clock ahead until the case ends, by what `timedelta` takes."""
        self.clock.now += timedelta(**distance)


def header(slot: str, key: str) -> dict[str, str]:
    """The header in which a key goes."""
    return {"Authorization": f"{SCHEMES[slot]} {key}"}


def media_type_of(answer: httpx.Response) -> str:
    """The media type without its parameters; nothing if none is told."""
    found: str = answer.headers.get("content-type", "")
    return found.partition(";")[0]


def body_of(answer: httpx.Response) -> Any:
    """The parsed JSON of an answer, its text if it is something else, nothing if it is empty."""
    if not answer.content:
        return None
    return answer.json() if media_type_of(answer) == JSON else answer.text


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


@asynccontextmanager
async def running_world(url: str) -> AsyncIterator[World]:
    """The application on the database of that URL, served on a port of its own."""
    clock = Clock()
    database = await Database.open(url, size=5)
    with TemporaryDirectory() as folder:
        context = Context(database=database, secret=SECRET, clock=clock, import_folder=Path(folder))
        async with _running(context, clock) as world:
            yield world


@asynccontextmanager
async def _running(context: Context, clock: Clock) -> AsyncIterator[World]:
    async with (
        running_app(context) as app,
        _serving(app) as host,
        httpx.AsyncClient(base_url=host, timeout=60) as http,
    ):
        admin = f"{new_name('admin').replace(' ', '')}@example.com"
        await create_user(context, email=admin, password=PASSWORD, is_admin=True)
        session = await http.post("/v1/sessions", json={"email": admin, "password": PASSWORD})
        keys = {
            "api_key_v1": await _key(context, CallerKind.INTEGRATION),
            "management_key": await _key(context, CallerKind.MANAGEMENT),
            "manager_auth": session.json()["token"],
        }
        yield World(host=host, context=context, clock=clock, keys=keys, http=http, admin=admin)


async def _key(context: Context, kind: CallerKind, **more: Any) -> str:
    life = timedelta(days=30)
    return (await create_key(context, kind=kind, name="Tests", life=life, **more)).key


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _serving(app: Any) -> AsyncIterator[str]:
    """Serve an application that was started; give its address."""
    config = uvicorn.Config(
        app, lifespan="off", log_level="warning", access_log=False, server_header=False
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # As uvloop does for `tallystick serve`; else each answer would wait for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = _Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running
