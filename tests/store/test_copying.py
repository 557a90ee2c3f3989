"""A COPY can be broken off at any moment: its query ends, and the next has a good connection."""

import asyncio

import asyncpg
import pytest

from tallystick.core.errors import Busy
from tallystick.store.db import Database

ACTIVE = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'
"""


class SinkError(Exception):
    """The sink can take no more."""


async def copied(database: Database, rows: int, *, pieces_max: int, by_raising: bool) -> None:
    """Copy rows to a sink that takes so many pieces, then raises or never comes back."""
    taken, full = 0, asyncio.Event()

    async def sink(_piece: bytes) -> None:
        nonlocal taken
        taken += 1
        if taken > pieces_max:
            if by_raising:
                raise SinkError
            full.set()
            await asyncio.Event().wait()

    async def copy() -> None:
        async with database.copying() as reader:
            query = f"SELECT repeat('x', 100) FROM generate_series(1, {rows})"  # noqa: S608 - a number
            await reader.copy_from_query(query, output=sink, format="csv")

    copying = asyncio.create_task(copy())
    waiting = asyncio.create_task(full.wait())
    await asyncio.wait({copying, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    copying.cancel()
    await copying


@pytest.mark.parametrize("by_raising", [True, False], ids=["raising", "cancelled"])
@pytest.mark.parametrize("pieces_max", [0, 1, 2])
@pytest.mark.parametrize("rows", [1, 2_000, 200_000])
async def test_a_copy_ends_where_it_is_broken_off(
    module_owner_url: str, rows: int, pieces_max: int, *, by_raising: bool
) -> None:
    database = await Database.open(module_owner_url, size=1)
    outsider = await asyncpg.connect(module_owner_url)
    try:
        await copied(database, rows, pieces_max=pieces_max, by_raising=by_raising)
    except (SinkError, asyncio.CancelledError):
        assert await outsider.fetchval(ACTIVE) == 0
    async with database.reader() as reader:
        assert await reader.fetchval("SELECT 7") == 7
    await outsider.close()
    await database.close()


async def test_a_copy_whose_server_went_away_is_told_as_such(module_owner_url: str) -> None:
    database = await Database.open(module_owner_url, size=1)
    outsider = await asyncpg.connect(module_owner_url)

    async def sink(_piece: bytes) -> None:
        await outsider.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'COPY%'"
        )

    async def copy() -> None:
        async with database.copying() as reader:
            query = "SELECT repeat('x', 100) FROM generate_series(1, 400000)"
            await reader.copy_from_query(query, output=sink, format="csv")

    with pytest.raises(Busy, match="the database is busy"):
        await copy()
    await outsider.close()
    await database.close()
