"""Checks every promise of the books over the whole database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tallystick.services.context import Context
from tallystick.store.verify import CHECKS, find_offenders

__all__ = ["CHECKS", "Finding", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one check: the first rows that break it, none if it holds."""

    check: str
    offenders: list[dict[str, Any]]


async def verify(context: Context, *, offenders_max: int = 5) -> AsyncIterator[Finding]:
    """The outcomes of all checks, one by one, of one and the same moment."""
    async with context.database.snapshot() as reader:
        for check in CHECKS:
            offenders = await find_offenders(reader, check, at_most=offenders_max)
            yield Finding(check=check, offenders=offenders)
