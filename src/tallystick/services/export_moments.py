"""The moment that a file speaks for: everything that was recorded by then can be seen in it.

What is written in a transaction of the ledger is recorded at an instant that was read after the
transaction began, and is seen when it commits. So whoever waits until the transactions have ended
that are open at an instant sees everything that was recorded by that instant. If one of them takes
long, as a large import does, the moment is the one just before it began. Nobody waits for a file.
"""

import asyncio
from datetime import datetime, timedelta

from tallystick.services.context import Context
from tallystick.store.exports import list_open

_JUST_BEFORE = timedelta(microseconds=1)
_LOOK_SECONDS = 0.01


async def settled_moment(context: Context) -> datetime:
    """An instant by which everything recorded can be seen by who begins to read from now on.

    Units: now, unless a transaction that is open stays so for longer than the limit.
    """
    now = context.clock()
    async with context.database.reader() as reader:
        ages = {each.key: each.age for each in await list_open(reader)}
        try:
            async with asyncio.timeout(context.limits.export_wait_seconds):
                waiting = set(ages)
                while waiting:
                    await asyncio.sleep(_LOOK_SECONDS)
                    waiting &= {each.key for each in await list_open(reader)}
        except TimeoutError:
            return now - max(ages[key] for key in waiting) - _JUST_BEFORE
    return now
