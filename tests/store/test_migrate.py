"""The schema is reached by steps that are applied once."""

from datetime import UTC, datetime

import asyncpg
import pytest

from tallystick.core.errors import CannotStart
from tallystick.store.db import Database
from tallystick.store.migrate import migrate

NOW = datetime(2026, 11, 23, tzinfo=UTC)


async def test_migrating_again_does_nothing(owner_url: str) -> None:
    database = await Database.connect(owner_url, size=1)
    assert await migrate(database, now=NOW) == []
    await database.close()


async def test_a_database_of_a_newer_version_is_refused(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    await connection.execute("INSERT INTO schema_migration VALUES ('9999_tomorrow', now())")
    await connection.close()
    database = await Database.connect(owner_url, size=1)
    with pytest.raises(CannotStart, match="made by a newer Tallystick \\(9999_tomorrow"):
        await migrate(database, now=NOW)
    await database.close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://x@127.0.0.1:1/y", "cannot be reached"),
        ("postgresql://x@[::1/y", "cannot be used"),
    ],
)
async def test_a_database_that_is_not_there_is_one_clear_line(url: str, told: str) -> None:
    with pytest.raises(CannotStart, match=told) as refusal:
        await Database.connect(url)
    assert "TALLYSTICK_DATABASE_URL" in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_an_unknown_database_name_is_one_clear_line(owner_url: str) -> None:
    with pytest.raises(CannotStart, match="does not exist; check TALLYSTICK_DATABASE_URL"):
        await Database.connect(owner_url.replace("tallystick_test_", "no_such_"))
