"""All that is in a database, to search it."""

import asyncpg


async def everything_stored(url: str) -> str:
    """All rows of all tables, as text."""
    connection = await asyncpg.connect(url)
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    )
    found = [
        str(row[0])
        for (table,) in tables
        for row in await connection.fetch(f'SELECT t::text FROM "{table}" AS t')  # noqa: S608 - its own name
    ]
    await connection.close()
    assert len(tables) > 20
    return "\n".join(found)
