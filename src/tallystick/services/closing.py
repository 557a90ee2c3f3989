"""The closing of days: the figures of days that are over are worked out once and stored.

A task of every server process looks again and again for what is missing; one process at a time
works on a program. Stored days are always what the books say: whoever enters something in a day
that may have been closed notes it, the day is no longer read from then on, and is closed anew.
See docs/decisions/0014-stored-days.md.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic_ns

import structlog

from tallystick.core.dashboard import DAYS_MAX, Day, days_before, days_since, last_closed_day
from tallystick.core.errors import Refusal
from tallystick.core.ids import ProgramId
from tallystick.services.context import Context
from tallystick.services.outlook import store_outlooks
from tallystick.store import closing as store
from tallystick.store.closing import Books
from tallystick.store.dashboard import first_entry
from tallystick.store.db import LockTimeout, Tx

_LOG = structlog.get_logger()
_LOOK_SECONDS = 30.0  # how often it is looked for days to close
_WAIT_MILLISECONDS = 500  # how long postings may be held off by a wait for those under way
_REST_TIMES = 20  # how many times as long as a program's days took they are left alone


@asynccontextmanager
async def running_closing(context: Context) -> AsyncIterator[None]:
    """Days are closed once they are over, and anew when something was entered in them."""
    task = asyncio.create_task(_serve(context), name="closing of days")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def close_days(context: Context) -> int:
    """Close all days of all programs that are over; how many were worked out.

    A program that another process is at work on is left to it.
    """
    return await _Closing(context).look()


async def _serve(context: Context) -> None:
    closing = _Closing(context)
    while True:
        try:
            if count := await closing.look():
                _LOG.info("days were closed", days=count)
            await store_outlooks(context)
        except Refusal as refusal:
            _LOG.warning("days cannot be closed", reason=str(refusal))
        except Exception as error:  # noqa: BLE001 - days are closed once the fault is gone
            _LOG.error("days cannot be closed", exc_info=error)
        await asyncio.sleep(_LOOK_SECONDS)


@dataclass(slots=True)
class _Closing:
    """What a process remembers of the programs: up to when all is closed, and who has a rest."""

    context: Context
    whole_until: dict[ProgramId, datetime] = field(default_factory=dict)
    rests_until: dict[ProgramId, int] = field(default_factory=dict)

    async def look(self) -> int:
        """Close what is to be closed; how many days that were."""
        async with self.context.database.reader() as reader:
            all_books = await store.list_books(reader)
        return sum([await self._close(books) for books in all_books if self._is_due(books)])

    def _is_due(self, books: Books) -> bool:
        until = last_closed_day(now=self.context.clock(), zone=books.zone).ends_at
        if self.whole_until.get(books.program_id) != until:
            return until > books.first_at
        return books.is_touched and monotonic_ns() > self.rests_until.get(books.program_id, 0)

    async def _close(self, books: Books) -> int:
        began, count = monotonic_ns(), 0
        until = last_closed_day(now=self.context.clock(), zone=books.zone).ends_at
        if not await self._open(books, until):
            return 0
        while (closed := await self._close_piece(books)) is not None:
            if not closed:
                self.whole_until[books.program_id] = until
                break
            count += len(closed)
        now = monotonic_ns()
        self.rests_until[books.program_id] = now + _REST_TIMES * (now - began)
        return count

    async def _open(self, books: Books, until: datetime) -> bool:
        """Whether the days may be closed now: what is entered in them from now on is noted."""
        try:
            return await self.context.database.write(lambda tx: _open(tx, books, until))
        except LockTimeout:  # somebody enters much; it is tried again
            return False

    async def _close_piece(self, books: Books) -> Sequence[Day] | None:
        """The next days that were not stored, stored now; None while another is at work."""

        async def work(tx: Tx) -> Sequence[Day] | None:
            closed_until = await store.take_closing(tx, books.program_id)
            if closed_until is None:
                return None
            first_at = await first_entry(tx, books.program_id)
            assert first_at is not None, "entries stay"
            stored = await store.list_stored(tx, books.program_id)
            days = _first_missing(stored, first_at, closed_until, books.zone)
            if days:
                before = days_before(days[0], since=first_at, zone=books.zone)
                await store.store_days(tx, books.program_id, days, before=before)
            return days

        return await self.context.database.write(work)


async def _open(tx: Tx, books: Books, until: datetime) -> bool:
    closed_until = await store.take_closing(tx, books.program_id)
    if closed_until is None:
        return False
    if closed_until < until:
        await store.announce(
            tx, books.program_id, until=until, at_most_milliseconds=_WAIT_MILLISECONDS
        )
    await store.forget_touched(tx, books.program_id)
    return True


def _first_missing(
    stored: set[Day], first_at: datetime, closed_until: datetime, zone: str
) -> list[Day]:
    """From the first day that is not stored on, as far as none is; no more than are bearable."""
    missing: list[Day] = []
    for day in days_since(first_at, now=closed_until, zone=zone):
        if day not in stored:
            missing.append(day)
        if (missing and day in stored) or len(missing) == DAYS_MAX:
            break
    return missing
