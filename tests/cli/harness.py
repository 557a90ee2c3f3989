"""The command line on a test's own database and on a clock that stands still.

`python -m cli.harness URL ARGUMENT...` runs one command as a process of its own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from tallystick.cli.app import run_app
from tallystick.cli.runtime import Runtime
from tallystick.core.accounts import ApplicationSettings
from tallystick.core.ids import IntegrationId, ProgramId
from tallystick.core.points import parse_points
from tallystick.core.transactions import Kind
from tallystick.services.applications import create_application
from tallystick.services.context import Context
from tallystick.services.posting import post
from tallystick.services.postings import Posted, Posting
from tallystick.store.db import Database

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
POINTS = """\
customerprofileid,amount,startdate,expirydate,subledgerid,reason
ann,100.10,2026-01-01T00:00:00Z,2026-06-01T00:00:00Z,,Winter
ann,200.20,immediate,2026-06-17T04:00:00Z,,Spring
ann,0.30,2026-07-01T00:00:00Z,unlimited,store-7,"Welcome back, Ann"
bob,50,immediate,unlimited,,
"""


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Tallystick(Protocol):
    """Runs a command in this process."""

    def __call__(self, *arguments: str, stdin: str = "") -> Outcome: ...


@asynccontextmanager
async def opened(url: str, folder: Path | None = None) -> AsyncIterator[Context]:
    """A context on the database of that URL; `folder` is for files that are sent."""
    database = await Database.connect(url, size=2)
    try:
        yield Context(
            database=database,
            secret=b"a secret of the tests",
            clock=lambda: NOW,
            import_folder=folder or Path("no folder"),
            export_folder=folder or Path("no folder"),
        )
    finally:
        await database.close()


def no_server() -> None:
    """Serve nobody."""


def runtime(
    open_context: Callable[[], AbstractAsyncContextManager[Context]],
    *,
    serve: Callable[[], None] = no_server,
) -> Callable[[], Runtime]:
    """What `run_app` is given."""
    return lambda: Runtime(open_context=open_context, serve=serve)


def deduct(url: str, member: str, points: str, *, program_id: int = 1) -> None:
    """Deduct points from a member, as the API would."""
    amount = parse_points(points)
    assert amount is not None
    posting = Posting(
        program_id=ProgramId(program_id),
        integration_id=IntegrationId(member),
        kind=Kind.SUBTRACTION,
        points=amount,
    )

    async def posted() -> None:
        async with opened(url) as context, context.database.transaction() as tx:
            assert isinstance((await post(tx, [posting], now=NOW))[0], Posted)

    asyncio.run(posted())


def sandbox_applications(url: str, count: int) -> list[int]:
    """Make applications for trying out; their ids come back."""

    async def make() -> list[int]:
        async with opened(url) as context:
            return [
                (
                    await create_application(
                        context,
                        ApplicationSettings(
                            name=f"Shop {n}", timezone="UTC", currency="EUR", sandbox=True
                        ),
                    )
                ).id
                for n in range(count)
            ]

    return asyncio.run(make())


if __name__ == "__main__":
    sys.exit(run_app(runtime(lambda: opened(sys.argv[1])), sys.argv[2:]))
