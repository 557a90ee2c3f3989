"""How long the server takes for pages of a large program, and how much a browser loads at first.

A page is asked for over the whole HTTP stack in this process: session, services, templates,
compression. The books are those of bench/dashboard.py, their days are closed.
"""

import argparse
import gzip
import html
import re
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from starlette.types import ASGIApp

from dashboard import NOW, build, get, opened, run, running, timed
from server import (
    Bar,
    bench_server,
    connected,
    fresh_database,
    migrated_program,
    settle,
    surroundings,
)
from tallystick.api.app import create_app
from tallystick.core.programs import Program
from tallystick.core.sessions import SessionKind
from tallystick.services.accounts import create_user
from tallystick.services.closing import close_days
from tallystick.services.context import Context
from tallystick.services.imports import import_points
from tallystick.services.outlook import store_outlooks
from tallystick.services.sessions import sign_in
from tallystick.web.app import page_routes
from tallystick.web.cookies import SESSION_COOKIE
from tallystick.web.static_files import STATIC_PATH, static_files

OVERVIEW_MS = 100
MEMBER_MS = 50
LIST_MS = 100
PAGES_DOWN = 40  # how far a list is paged through
WITH_LIBRARY_KB = 450
WITHOUT_LIBRARY_KB = 100
EMAIL = "ada@example.com"
MEMBER = "ann"

_OLDER = re.compile(r'href="([^"]+)" rel="next"')
_LOADED = re.compile(STATIC_PATH + r"([\w.-]+)")
_LIBRARY, _FONT = "echarts.js", "inter-latin.woff2"


async def signed_in(context: Context) -> str:
    """The cookie of an admin."""
    password = secrets.token_urlsafe()
    await create_user(context, email=EMAIL, password=password, is_admin=True)
    session = await sign_in(context, email=EMAIL, password=password, kind=SessionKind.BROWSER)
    return f"{SESSION_COOKIE}={session.token}"


async def enter_member(context: Context, program: Program) -> None:
    """One member more, with a hundred additions; the others have ids that no name leads to."""
    rows = "".join(f"{MEMBER},{n}\n" for n in range(1, 101))
    file = BytesIO(f"customerprofileid,amount\n{rows}".encode())
    await import_points(context, program, file, file_name="points.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """An admin who asks the application for each page so many times."""

    app: ASGIApp
    cookie: str
    times: int

    async def get(self, path: str, query: str = "") -> bytes:
        """The page, compressed."""
        return await get(self.app, path, query, cookie=self.cookie, accept_encoding="gzip")

    async def time(self, what: str, path: str, query: str = "", *, most: float) -> Bar:
        """How many milliseconds the page takes."""
        await timed(5, lambda: self.get(path, query))
        took = await timed(self.times, lambda: self.get(path, query))
        return Bar(what=what, found=[seconds * 1_000 for seconds in took], most=most, unit=" ms")


async def overviews(visitor: Visitor, program: Program) -> list[Bar]:
    """The overview of a month and of a year, and the list of programs."""
    place = f"/programs/{program.id}"
    return [
        await visitor.time("overview of 30 days", place, "range=30d", most=OVERVIEW_MS),
        await visitor.time("overview of a year", place, "range=1y", most=OVERVIEW_MS),
        await visitor.time("list of programs", "/programs", most=OVERVIEW_MS),
    ]


async def lists(visitor: Visitor, program: Program) -> list[Bar]:
    """The lists of members and of transactions, at the top and far down, and one member."""
    bars = []
    for name in ("members", "transactions"):
        top = f"/programs/{program.id}/{name}"
        bars.append(await visitor.time(f"{name}, first page", top, most=LIST_MS))
        path, query = await further_down(visitor, top)
        bars.append(await visitor.time(f"{name}, page {PAGES_DOWN}", path, query, most=LIST_MS))
    member = f"/programs/{program.id}/members/{MEMBER}"
    return [*bars, await visitor.time("one member", member, most=MEMBER_MS)]


async def further_down(visitor: Visitor, path: str) -> tuple[str, str]:
    """Where a list is after its Older was followed many times: path and query."""
    query = ""
    for _ in range(1, PAGES_DOWN):
        page = gzip.decompress(await visitor.get(path, query)).decode()
        [older] = _OLDER.findall(page)
        query = html.unescape(older).partition("?")[2]
    return path, query


async def first_load(visitor: Visitor, program: Program) -> list[Bar]:
    """The kilobytes of the overview and of what it loads, with the chart library and without."""
    page = await visitor.get(f"/programs/{program.id}", "range=30d")
    by_address = {file.address: name for name, file in static_files().items()}
    found = _LOADED.findall(gzip.decompress(page).decode())
    names = {by_address[address] for address in found} | {_FONT}
    sizes = {name: len(static_files()[name].compressed) for name in names}
    for name, size in sorted(sizes.items(), key=lambda each: -each[1]):
        print(f"{name:20} {size / 1_000:8.1f} KB")
    print(f"{'the page itself':20} {len(page) / 1_000:8.1f} KB")
    whole = (len(page) + sum(sizes.values())) / 1_000
    library = sizes[_LIBRARY] / 1_000
    return [
        Bar(what="first load", found=[whole], most=WITH_LIBRARY_KB, unit=" KB"),
        Bar(
            what="without the chart library",
            found=[whole - library],
            most=WITHOUT_LIBRARY_KB,
            unit=" KB",
        ),
    ]


async def main(options: argparse.Namespace) -> None:
    """Print the figures."""
    async with AsyncExitStack() as stack:
        server_url = stack.enter_context(bench_server(options.url))
        print(await surroundings(server_url))
        url = await stack.enter_async_context(fresh_database(server_url))
        database = await stack.enter_async_context(connected(url))
        migrated, program = await migrated_program(database)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        context = Context(
            database=migrated.database,
            secret=secrets.token_bytes(32),
            clock=lambda: NOW,
            import_folder=folder,
            export_folder=folder,
        )
        began = perf_counter()
        await build(database, program, options.members, options.lots)
        await enter_member(context, program)
        await settle(database)
        await close_days(context)
        await store_outlooks(context)
        print(f"built and closed in {perf_counter() - began:,.0f} s", flush=True)
        cookie = await signed_in(context)
        app = create_app(lambda: opened(context), pages=page_routes())
        app = await stack.enter_async_context(running(app))
        visitor = Visitor(app=app, cookie=cookie, times=options.times)
        bars = [
            *await overviews(visitor, program),
            *await lists(visitor, program),
            *await first_load(visitor, program),
        ]
    print(f"\n{options.members:,} members with {options.lots} lots each\n")
    for bar in bars:
        print(bar)


if __name__ == "__main__":
    run(main, about=__doc__, asked="how often each page is asked", times=100)
