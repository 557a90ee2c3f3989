"""Runs the checks of `sql/verify.sql`."""

from typing import Any

from tallystick.store.db import Reader
from tallystick.store.queries import load_queries

_SQL = load_queries("verify")

CHECKS = tuple(_SQL)  # in the order in which they run


async def find_offenders(reader: Reader, check: str, *, at_most: int) -> list[dict[str, Any]]:
    """The first rows that break a check; empty when it holds."""
    return [dict(row) for row in await reader.fetch(_SQL[check], at_most)]
