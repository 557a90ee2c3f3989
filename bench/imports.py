"""How long the check, the import and the undo of a file of points take, and how much memory.

The floor of the import is what PostgreSQL takes for the same rows if nothing is asked of them: a
raw COPY of the uncompressed file into columns of text, and one bare INSERT ... SELECT of casts into
tables with the same columns, keys and indexes, without foreign keys and checks. It comes in two
shapes, one statement and two, of which the faster counts. The floor of the check is to read the
compressed file with Python's csv module, and that raw COPY. The undo is measured against the
import. Ours reads the compressed file, and does all three in one process, whose peak is told.
"""

import argparse
import asyncio
import csv
import gzip
import random
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import msgspec
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
from tallystick.core.balances import Balance
from tallystick.core.points import render_points
from tallystick.core.programs import Program
from tallystick.core.validity import render_instant
from tallystick.services.balances import program_totals
from tallystick.services.context import Context
from tallystick.services.import_check import check_file
from tallystick.services.imports import ImportFile, import_points
from tallystick.services.programs import list_programs
from tallystick.services.undo import undo_import

ROWS = 1_458_000  # of the file that is made if none is given
MEMBERS = 2_469
SUBLEDGERS = ["", *(f"department-{number:02}" for number in range(1, 30))]
ROWS_A_BASKET = 9  # on average; the rows of a basket share their instants
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
TOTALS_AT = (
    datetime(2026, 12, 1, tzinfo=UTC),
    datetime(2027, 3, 1, tzinfo=UTC),
    datetime(2027, 6, 30, tzinfo=UTC),
)

FOLDER = Path(__file__).parent
SHAPES = {
    "floor, one INSERT": FOLDER / "floor_one_insert.sql",
    "floor, two INSERTs": FOLDER / "floor_two_inserts.sql",
}
OURS = "import_points"


class Import(msgspec.Struct):
    """What a process found that checked, imported and undid: times, memory, sums in between."""

    check_seconds: float
    seconds: float
    cpu_seconds: float
    undo_seconds: float
    peak_mb: float
    totals: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one round found: seconds of each floor, and ours."""

    check_floor: float
    floors: dict[str, float]
    ours: Import

    @property
    def ratio(self) -> float:
        """The import's time by that of the faster floor."""
        return self.ours.seconds / min(self.floors.values())

    @property
    def check_ratio(self) -> float:
        """The check's time by that of its floor."""
        return self.ours.check_seconds / self.check_floor

    @property
    def undo_ratio(self) -> float:
        """The undo's time by the import's."""
        return self.ours.undo_seconds / self.ours.seconds


async def bench(server_url: str, packed: Path, plain: Path, *, rounds: int) -> None:
    """Run the rounds, theirs and ours in turn, and print what they found."""
    print(f"Import of {packed.name}: {rounds} rounds")
    print(await surroundings(server_url), flush=True)
    found = []
    for number in range(1, rounds + 1):
        floors = {shape: await run_floor(server_url, plain, shape) for shape in SHAPES}
        check_floor = _read(packed) + await run_floor(server_url, plain, None)
        async with fresh_database(server_url) as url:
            ours = await _import_apart(url, packed)
        found.append(Found(check_floor=check_floor, floors=floors, ours=ours))
        print(f"round {number} of {rounds}: {_summary(found[-1])}", flush=True)
    print(f"\n{_table(found)}\n\n{_totals(found[-1].ours)}\n")
    print(Bar(what="import to its floor", found=[f.ratio for f in found], most=2))
    print(Bar(what="check to its floor", found=[f.check_ratio for f in found], most=1.5))
    print(Bar(what="undo to the import", found=[f.undo_ratio for f in found], most=1))
    print(Bar(what="peak memory", found=[f.ours.peak_mb for f in found], most=128, unit=" MB"))


async def memory(server_url: str, sizes: Sequence[int]) -> None:
    """Print what files of these many rows take, one after the other."""
    lines = []
    for rows in sizes:
        with _files(None, rows) as (packed, _):
            async with fresh_database(server_url) as url:
                ours = await _import_apart(url, packed)
        seconds = (ours.check_seconds, ours.seconds, ours.undo_seconds)
        lines.append((f"{rows:,}", *(f"{each:.1f}" for each in seconds), f"{ours.peak_mb:.0f}"))
        print(f"{lines[-1]}", flush=True)
    print(table([("rows", "check s", "import s", "undo s", "peak MB"), *lines]))


def _read(packed: Path) -> float:
    """Seconds that it takes to read the file with nothing but the csv module."""
    began = perf_counter()
    with gzip.open(packed, "rt", encoding="utf-8", newline="") as lines:
        for _ in csv.reader(lines):
            pass
    return perf_counter() - began


async def run_floor(server_url: str, plain: Path, shape: str | None) -> float:
    """Seconds from the first byte to the commit, without a shape those of the COPY alone."""
    async with fresh_database(server_url) as url, connected(url) as database:
        await migrated_program(database)
        async with database.transaction() as tx:
            await tx.execute((FOLDER / "floor_tables.sql").read_text())
        await settle(database)
        began = perf_counter()
        async with database.transaction() as tx:
            await tx.execute((FOLDER / "floor_staging.sql").read_text())
            await tx.copy_to_table("raw_row", source=plain, format="csv", header=True)
            if shape is not None:
                await tx.execute(SHAPES[shape].read_text())
        return perf_counter() - began


async def _import_apart(url: str, packed: Path) -> Import:
    """Import in a process of its own, whose peak of memory is then ours alone."""
    async with connected(url) as database:
        await migrated_program(database)
        await settle(database)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, "--file", str(packed), "--into", url),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, "the import failed, see above"
    return msgspec.json.decode(said, type=Import)


async def import_here(url: str, packed: Path) -> Import:
    """Check the file, import it into the only program of a database, and undo that."""
    async with connected(url) as database:
        context = Context(database=database, secret=b"")
        (program,) = await list_programs(context)
        check_seconds = await _check(context, program, packed)
        began, cpu_began = perf_counter(), process_time()
        with packed.open("rb") as file:
            report = await import_points(context, program, file, file_name=packed.name)
        seconds, cpu_seconds = perf_counter() - began, process_time() - cpu_began
        totals = []
        for at in TOTALS_AT:
            sums = await program_totals(context, program, at=at)
            points = map(render_points, (sums.pending, sums.active, sums.expired))
            totals.append((render_instant(at), *points))
        await settle(database)
        began = perf_counter()
        await undo_import(context, program, report.import_id)
        undo_seconds = perf_counter() - began
        assert await program_totals(context, program, at=TOTALS_AT[0]) == Balance()
    return Import(
        check_seconds=check_seconds,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        undo_seconds=undo_seconds,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        totals=totals,
    )


async def _check(context: Context, program: Program, packed: Path) -> float:
    began = perf_counter()
    with packed.open("rb") as file:
        source = ImportFile(file, file_name=packed.name)
        async with context.database.transaction() as tx:
            found = await check_file(tx, program, source, format_name="points", now=context.clock())
    assert not found.problem_count
    return perf_counter() - began


def _summary(found: Found) -> str:
    floors = ", ".join(f"{shape} {seconds:.2f} s" for shape, seconds in found.floors.items())
    ours = found.ours
    seconds = f"{OURS} {ours.seconds:.2f} s, check {ours.check_seconds:.2f} s"
    ratios = f"{found.ratio:.2f}x, {found.check_ratio:.2f}x of {found.check_floor:.2f} s"
    undo = f"undo {ours.undo_seconds:.2f} s, {found.undo_ratio:.2f}x"
    return f"{floors}, {seconds} ({ratios}), {undo}, {ours.peak_mb:.0f} MB"


def _table(rounds: Sequence[Found]) -> str:
    floor = median(min(found.floors.values()) for found in rounds)
    seconds = {shape: median(found.floors[shape] for found in rounds) for shape in SHAPES}
    seconds[OURS] = median(found.ours.seconds for found in rounds)
    lines = [(name, f"{value:.2f}", f"{value / floor:.2f}") for name, value in seconds.items()]
    cpu_seconds = median(found.ours.cpu_seconds for found in rounds)
    return (
        f"{table([('', 'seconds', 'to floor'), *lines])}\n"
        f"of which {cpu_seconds:.2f} s of processor time are ours, the rest is PostgreSQL's"
    )


def _totals(ours: Import) -> str:
    return table([("totals at", "pending", "active", "expired"), *ours.totals])


@contextmanager
def _files(given: Path | None, rows: int = ROWS) -> Iterator[tuple[Path, Path]]:
    """The file compressed and plain; without one, a file of a seed of the same kind is made."""
    with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as folder:
        plain = Path(folder) / "items.csv"
        if given is not None:
            with gzip.open(given) as source, plain.open("wb") as target:
                shutil.copyfileobj(source, target)
            yield given, plain
            return
        with plain.open("w", encoding="utf-8") as lines:
            lines.writelines(_generated(rows))
        packed = plain.with_suffix(".csv.gz")
        with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target)
        yield packed, plain


def _generated(row_count: int) -> Iterator[str]:
    """A year of baskets in the order of time: a row an item, active at once, for 365 days."""
    rng = random.Random(2026)  # noqa: S311 - the same file every time
    weights = [1 / rank for rank in range(1, len(SUBLEDGERS) + 1)]
    step = timedelta(days=365) / (row_count / ROWS_A_BASKET)
    start_at, basket, rows = datetime(2026, 1, 1, tzinfo=UTC), 10_000_000_000, 0
    yield "customerprofileid,amount,startdate,expirydate,subledgerid,reason\n"
    while rows < row_count:
        start_at += step
        basket += rng.randrange(1, 100_000)
        size = min(1 + int(rng.expovariate(1 / (ROWS_A_BASKET - 0.5))), row_count - rows)
        window = (
            f"{start_at:%Y-%m-%dT%H:%M:%SZ},{start_at + timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}"
        )
        member = f"member-{rng.randrange(MEMBERS):04}"
        for subledger in rng.choices(SUBLEDGERS, weights, k=size):
            hundredths = 1 + int(rng.expovariate(1 / 310))
            reason = f"Basket {basket} item {rng.randrange(800_000, 14_000_000)}"
            amount = f"{hundredths // 100}.{hundredths % 100:02}"
            yield f"{member},{amount},{window},{subledger},{reason}\n"
        rows += size


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="a gzipped CSV; else one is made")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (5)")
    parser.add_argument("--url", help="of a server to use, as a superuser; else one is started")
    parser.add_argument("--sizes", type=int, nargs="+", help="rows; only the memory is measured")
    parser.add_argument("--into", help=argparse.SUPPRESS)  # what a process of our own is told
    options = parser.parse_args()
    if options.into:
        found = uvloop.run(import_here(options.into, options.file))
        sys.stdout.buffer.write(msgspec.json.encode(found))
        return
    if options.sizes:
        with bench_server(options.url) as url:
            uvloop.run(memory(url, options.sizes))
        return
    with _files(options.file) as (packed, plain), bench_server(options.url) as url:
        uvloop.run(bench(url, packed, plain, rounds=options.rounds))


if __name__ == "__main__":
    main()
