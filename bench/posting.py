"""How many postings a second the batched writer takes, and how long a caller waits.

The floor is pgbench: the same addition, one a transaction, prepared, on the same server, tables,
foreign keys and checks, statement by statement as the writer sends it, with 1 to 64 clients, of
which the best counts. The same addition squeezed into one statement is shown beside it.
"""

import argparse
import asyncio
import io
import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle, zip_longest
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time
from urllib.parse import unquote, urlsplit

import uvloop

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
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind
from tallystick.services.context import Context
from tallystick.services.imports import import_points
from tallystick.services.postings import Posting
from tallystick.services.writer import running_writer
from tallystick.store.embedded.binaries import find_binaries

MEMBERS = 50_000  # as in pgbench_members.sql
CLIENTS = (1, 8, 16, 32, 64)
CALLERS = (8, 64, 256, 1_000)
MIXED_CALLERS = 256
DEDUCTIONS = 0.3  # of a mixed load
WARM_UP_SECONDS = 1

# Scripts of pgbench.
FOLDER = Path(__file__).parent
TRANSACTION_SHAPE = "pgbench, one transaction"
STATEMENT_SHAPE = "pgbench, one statement"
SHAPES = {
    TRANSACTION_SHAPE: FOLDER / "pgbench_transaction.sql",
    STATEMENT_SHAPE: FOLDER / "pgbench_statement.sql",
}
SPREAD, HOT = "spread", "one hot member"
MIXED, MIXED_HOT = "mixed, spread", "mixed, one hot member"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one run found; the waits and the processor time are those of our own process."""

    per_second: float
    wait_ms: float  # of pgbench the mean, of ours the median
    slow_ms: float | None = None  # 99 of 100 waits are shorter
    python_us: float | None = None  # processor time a posting


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One thing that is measured in every round: whose it is, and how many ask at once."""

    kind: str
    callers: int


FLOORS = [Run(kind=kind, callers=clients) for kind in SHAPES for clients in CLIENTS]
OURS = [
    Run(kind=SPREAD, callers=1),
    *(Run(kind=kind, callers=callers) for callers in CALLERS for kind in (SPREAD, HOT)),
    Run(kind=MIXED, callers=MIXED_CALLERS),
    Run(kind=MIXED_HOT, callers=MIXED_CALLERS),
]
Found = dict[Run, Rate]


async def bench(server_url: str, *, rounds: int, seconds: int) -> None:
    """Run the rounds, each in a database of its own, and print what they found."""
    print(f"Posting: {rounds} rounds, {seconds} s a run, {MEMBERS:,} members, uvloop")
    print(await surroundings(server_url), flush=True)
    found = []
    for number in range(1, rounds + 1):
        async with fresh_database(server_url) as url:
            found.append(await one_round(url, seconds))
        print(f"round {number} of {rounds}: {_summary(found[-1])}", flush=True)
    print(f"\n{_table(found)}\n")
    for bar in _bars(found):
        print(bar)


async def one_round(url: str, seconds: int) -> Found:
    """The rates of all runs, theirs and ours in turn.

    After the checkpoint every page is first written to the log whole. Both sides write the same
    pages before the clock starts, so that neither pays for the other.
    """
    found: Found = {}
    async with connected(url) as database:
        context, program = await migrated_program(database)
        await import_points(context, program, _members(), file_name="members.csv")
        async with database.transaction() as tx:
            await tx.execute((FOLDER / "pgbench_members.sql").read_text())
        await settle(database)
        await _measure(Run(kind=MIXED, callers=64), url, context, program, WARM_UP_SECONDS)
        await _measure(Run(kind=STATEMENT_SHAPE, callers=8), url, context, program, WARM_UP_SECONDS)
        for run in filter(None, chain.from_iterable(zip_longest(FLOORS, OURS))):
            found[run] = await _measure(run, url, context, program, seconds)
    return found


def _members() -> io.BytesIO:
    """A file of points for all members, and for one hot member a run, plenty to take from."""
    lines = [f"{_member(number)},1000\n" for number in range(MEMBERS)]
    lines += [f"{_hot_member(run)},1000000\n" for run in OURS]
    return io.BytesIO(("customerprofileid,amount\n" + "".join(lines)).encode())


def _member(number: int) -> str:
    return f"member-{number:06}"


def _hot_member(run: Run) -> str:
    return f"hot-{OURS.index(run)}"


async def _measure(run: Run, url: str, context: Context, program: Program, seconds: int) -> Rate:
    if run.kind in SHAPES:
        return await _run_pgbench(run, url, seconds)
    return await _run_writer(run, context, program, seconds)


async def _run_pgbench(run: Run, url: str, seconds: int) -> Rate:
    parts = urlsplit(url)
    netloc = parts.netloc.replace(f":{parts.password}@", "@")  # other users see a command's words
    process = await asyncio.create_subprocess_exec(
        find_binaries().folder / "pgbench",
        *("--no-vacuum", "--protocol=prepared", f"--define=members={MEMBERS}"),
        *(f"--file={SHAPES[run.kind]}", f"--time={seconds}"),
        *(f"--client={run.callers}", f"--jobs={min(run.callers, os.cpu_count() or 1)}"),
        parts._replace(netloc=netloc).geturl(),
        env={**os.environ, "PGPASSWORD": unquote(parts.password or "")},
        stdout=asyncio.subprocess.PIPE,
    )
    said = (await process.communicate())[0].decode()
    rate = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    assert process.returncode == 0, "pgbench failed, see above"
    assert rate, said
    per_second = float(rate[1])
    return Rate(per_second=per_second, wait_ms=run.callers / per_second * 1_000)


async def _run_writer(run: Run, context: Context, program: Program, seconds: int) -> Rate:
    wishes = cycle(_wishes(run))
    waits: list[float] = []
    until = perf_counter() + seconds

    async def call() -> None:
        while (asked := perf_counter()) < until:
            member, deducts = next(wishes)
            await writer.post(_posting(program, member, deducts=deducts))
            waits.append(perf_counter() - asked)

    async with running_writer(context) as writer:
        began, cpu_began = perf_counter(), process_time()
        await asyncio.gather(*(call() for _ in range(run.callers)))
        took, cpu_took = perf_counter() - began, process_time() - cpu_began
    return Rate(
        per_second=len(waits) / took,
        wait_ms=median(waits) * 1_000,
        slow_ms=quantiles(waits, n=100)[98] * 1_000,
        python_us=cpu_took / len(waits) * 1_000_000,
    )


def _wishes(run: Run) -> list[tuple[str, bool]]:
    """Members and whether points are taken from them: more than a batch meets, always the same."""
    rng = random.Random(7)  # noqa: S311 - the same load every time
    deductions = DEDUCTIONS if run.kind in {MIXED, MIXED_HOT} else 0
    return [
        (
            _hot_member(run) if run.kind in {HOT, MIXED_HOT} else _member(rng.randrange(MEMBERS)),
            rng.random() < deductions,
        )
        for _ in range(MEMBERS)
    ]


def _posting(program: Program, member: str, *, deducts: bool) -> Posting:
    return Posting(
        program_id=program.id,
        integration_id=IntegrationId(member),
        kind=Kind.SUBTRACTION if deducts else Kind.ADDITION,
        points=Points(500 if deducts else 1000),
        name="Bench",
    )


def _summary(found: Found) -> str:
    return ", ".join(f"{kind} {_best(found, kind):,.0f}/s" for kind in (*SHAPES, SPREAD, HOT))


def _best(found: Found, kind: str) -> float:
    """The best rate of a kind of run, whoever many asked at once."""
    return max(rate.per_second for run, rate in found.items() if run.kind == kind)


def _bars(rounds: Sequence[Found]) -> list[Bar]:
    def ratios(ours: str, theirs: str) -> list[float]:
        return [_best(found, ours) / _best(found, theirs) for found in rounds]

    return [
        Bar(
            what=f"the writer's best to {TRANSACTION_SHAPE}",
            found=ratios(SPREAD, TRANSACTION_SHAPE),
            least=2,
        ),
        Bar(what="one hot member to spread load", found=ratios(HOT, SPREAD), least=1),
        Bar(
            what=f"beside that, the writer's best to {STATEMENT_SHAPE}",
            found=ratios(SPREAD, STATEMENT_SHAPE),
        ),
    ]


def _table(rounds: Sequence[Found]) -> str:
    header = ("", "at once", "postings/s", "to floor", "wait ms", "99 % ms", "Python us")
    lines = []
    for run in (*FLOORS, *OURS):
        rates = [found[run] for found in rounds]
        ratios = [found[run].per_second / _best(found, TRANSACTION_SHAPE) for found in rounds]
        lines.append(
            (
                run.kind,
                f"{run.callers:,}",
                f"{median(rate.per_second for rate in rates):,.0f}",
                f"{median(ratios):.2f}",
                _median([rate.wait_ms for rate in rates], 2),
                _median([rate.slow_ms for rate in rates], 2),
                _median([rate.python_us for rate in rates], 0),
            )
        )
    return table([header, *lines])


def _median(values: Sequence[float | None], decimals: int) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):.{decimals}f}" if known else ""


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (5)")
    parser.add_argument("--seconds", type=int, default=2, help="of each run (2)")
    parser.add_argument("--url", help="of a server to use, as a superuser; else one is started")
    options = parser.parse_args()
    with bench_server(options.url) as url:
        uvloop.run(bench(url, rounds=options.rounds, seconds=options.seconds))


if __name__ == "__main__":
    main()
