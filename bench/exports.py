r"""How long files take over HTTP, when their first bytes come, and what they cost in memory.

The floors are psql's \copy of the same query as a whole, \copy of a table that is as wide and
already summed up, and, for the log, a bare \copy of the transactions. All of it is of one run, on
members, lots and allocations that are made by a few statements.
"""

import argparse
import asyncio
import http.client
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import uvloop

from requests import SECRET, serving, until_ready
from server import (
    Bar,
    bench_server,
    connected,
    fresh_database,
    migrated_program,
    settle,
    surroundings,
    table,
)
from tallystick.core.balances import BalanceColumn
from tallystick.core.programs import Program
from tallystick.services.callers import CallerKind
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.store.db import Database
from tallystick.store.embedded.binaries import find_binaries
from tallystick.store.queries import load_queries

FOLDER = Path(__file__).parent
LOTS = 10
PAST = "2025-06-15T00:00:00+00:00"
NAMES = [c.value for c in BalanceColumn if c is not BalanceColumn.NEGATIVE]
PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that was read to its end: seconds to its first byte and to its last."""

    what: str
    first: float | None
    seconds: float
    size: int
    rows: int

    def cells(self) -> list[str]:
        """The figures, for a table."""
        first = "" if self.first is None else f"{self.first:.2f}"
        speed = f"{self.rows / self.seconds:,.0f}"
        return [
            self.what,
            first,
            f"{self.seconds:.2f}",
            f"{self.size / 1e6:.0f}",
            f"{self.rows:,}",
            speed,
        ]


async def build(database: Database, members: int) -> None:
    """Fill the books, as much of it as one statement can do at a time."""
    await _run(database, "exports_members.sql", members=members)
    for _ in range(LOTS):
        await _run(database, "exports_additions.sql")
    await _run(database, "exports_deductions.sql")
    await settle(database)


async def _run(database: Database, name: str, **values: int) -> None:
    """Run a script without its foreign keys, which it keeps by itself."""
    script = (FOLDER / name).read_text()
    for key, value in values.items():
        script = script.replace(f":{key}", str(value))
    async with database.transaction() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute(script)


def filled(sql: str, *values: object) -> str:
    r"""A statement with its values in it, on one line, as \copy wants it."""
    for number, value in reversed(list(enumerate(values, start=1))):
        sql = re.sub(rf"\${number}\b", lambda _match, v=value: str(v), sql)  # type: ignore[misc]  # bound now
    return " ".join(re.sub(r"--[^\n]*", "", sql).split())


def copied(what: str, url: str, source: str) -> File:
    """What psql takes to copy a query or a table to nowhere."""
    psql = str(find_binaries().folder / "psql")
    command = [psql, url, "-X", "-q", "-c", f"\\copy {source} TO STDOUT (FORMAT csv)"]
    began, size, rows = perf_counter(), 0, 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while piece := process.stdout.read(PIECE):
            size += len(piece)
            rows += piece.count(b"\n")
    assert process.returncode == 0, "psql failed, see above"
    return File(what=what, first=None, seconds=perf_counter() - began, size=size, rows=rows)


def fetched(what: str, port: int, path: str, key: str) -> File:
    """What a client sees of a file over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3600)
    began, size, rows = perf_counter(), 0, 0
    connection.request("GET", path, headers={"Authorization": f"ManagementKey-v1 {key}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    first = 0.0
    while piece := answer.read1(PIECE):
        first = first or perf_counter() - began
        size += len(piece)
        rows += piece.count(b"\n")
    seconds = perf_counter() - began
    connection.close()
    return File(what=what, first=first, seconds=seconds, size=size, rows=rows)


def memory_mb(pid: int) -> float:
    """The most memory that a process had."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def forget_peak(pid: int) -> None:
    """Let the peak of memory begin anew: to start takes more than to serve."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def prepared(url: str, members: int) -> tuple[Program, str]:
    """The program with its books, and a key."""
    async with connected(url) as database:
        migrated, program = await migrated_program(database)
        began = perf_counter()
        await build(database, members)
        print(f"built in {perf_counter() - began:.0f} s", flush=True)
        context = Context(database=database, secret=SECRET.encode(), clock=migrated.clock)
        life = timedelta(days=1)
        key = await create_key(context, kind=CallerKind.MANAGEMENT, name="bench", life=life)
    return program, key.key


async def measured(url: str, members: int) -> None:
    """Run everything once and print it."""
    program, key = await prepared(url, members)
    files: list[File] = []
    peaks: dict[str, float] = {}
    place = f"/v1/loyalty_programs/{program.id}"
    with serving(url) as served:
        await until_ready(served.port)
        peaks["when it started"] = memory_mb(served.pid)
        forget_peak(served.pid)
        peaks["at rest"] = memory_mb(served.pid)
        now = datetime.now(UTC).isoformat()
        for when, at in (("now", now), ("past", PAST)):
            files += balances(url, served.port, place, key, program, when=when, at=at)
            peaks[f"after balances {when}"] = memory_mb(served.pid)
        files.append(copied("log: bare \\copy", url, "transaction_"))
        files.append(fetched("log: over HTTP", served.port, f"{place}/export_log", key))
        peaks["after the log"] = memory_mb(served.pid)
        other = f"{place}/export_customer_balances?format="
        for name in ("ndjson", "parquet"):
            files.append(fetched(f"balances now as {name}", served.port, other + name, key))
            peaks[f"after {name}"] = memory_mb(served.pid)
    show(files, peaks)


def balances(  # noqa: PLR0913 - by name
    url: str, port: int, place: str, key: str, program: Program, *, when: str, at: str
) -> list[File]:
    """The file over HTTP, its query and its sums by psql."""
    names = ",".join(f"'{name}'" for name in NAMES)
    instant, last = f"'{at}'::timestamptz", f"'{'f' * 32}'"
    query = filled(
        load_queries("balances")["copy_balances"],
        *(instant, instant, program.id, f"'{'0' * 32}'", last, f"ARRAY[{names}]"),
    )
    flat = f"flat_{when}"
    psql = find_binaries().folder / "psql"
    subprocess.run([psql, url, "-Xqc", f"CREATE TABLE {flat} AS {query}"], check=True)
    path = f"{place}/export_customer_balances"
    path += "" if when == "now" else f"?endDate={PAST.replace('+', '%2B')}"
    return [
        copied(f"balances {when}: \\copy of the query", url, f"({query})"),
        copied(f"balances {when}: \\copy of a flat table", url, flat),
        fetched(f"balances {when}: over HTTP", port, path, key),
    ]


def show(files: Sequence[File], peaks: dict[str, float]) -> None:
    """Print the figures, and what they are worth."""
    head = ["", "first s", "whole s", "MB", "rows", "rows a second"]
    print(table([head, *(file.cells() for file in files)]))
    print(
        table([["memory of the server", "peak MB"], *([k, f"{v:.0f}"] for k, v in peaks.items())])
    )
    by_name = {file.what: file for file in files}
    for when in ("now", "past"):
        ours = by_name[f"balances {when}: over HTTP"]
        query = by_name[f"balances {when}: \\copy of the query"]
        flat = by_name[f"balances {when}: \\copy of a flat table"]
        assert ours.first is not None
        told = f"balances {when} to \\copy of the query"
        print(Bar(what=told, found=[ours.seconds / query.seconds], most=1.1))
        print(Bar(what=f"balances {when} to the flat table", found=[ours.seconds / flat.seconds]))
        print(Bar(what=f"balances {when}, first byte", found=[ours.first], most=1, unit=" s"))
    bare, log = by_name["log: bare \\copy"], by_name["log: over HTTP"]
    ratio = (log.rows / log.seconds) / (bare.rows / bare.seconds)
    print(Bar(what="rows of the log a second to the bare \\copy", found=[ratio], least=0.5))
    assert log.first is not None
    print(Bar(what="log, first byte", found=[log.first], most=1, unit=" s"))
    print(Bar(what="memory after CSV", found=[peaks["after the log"]], most=100, unit=" MB"))


async def main(options: argparse.Namespace) -> None:
    """Print the figures."""
    with bench_server(options.url) as server_url:
        print(await surroundings(server_url))
        print(f"{options.members:,} members with {LOTS} lots each", flush=True)
        async with fresh_database(server_url) as url:
            await measured(url, options.members)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a PostgreSQL to use instead of one of its own")
    parser.add_argument("--members", type=int, default=1_000_000)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(parser.parse_args()))
