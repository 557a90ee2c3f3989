"""Takes a person's data out; see `sql/erasure.sql`."""

from collections.abc import Collection
from datetime import datetime

from tallystick.core.errors import Busy
from tallystick.core.ids import HolderId
from tallystick.store.db import LockTimeout, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("erasure")


async def lock_holder(tx: Tx, holder_id: HolderId, *, at_most_seconds: int) -> bool:
    """Lock the holder so that it can go; False if there is none.

    Errors: Busy if an import or somebody who holds the member does not end in time.
    """
    await tx.execute(_SQL["limit_wait"], f"{at_most_seconds}s")
    try:
        await tx.execute(_SQL["wait_for_imports"])
        return await tx.fetchval(_SQL["lock_holder"], holder_id) is not None
    except LockTimeout as error:
        raise Busy("the member") from error


async def move_entries(
    tx: Tx, holder_id: HolderId, new_holder_id: HolderId, *, now: datetime
) -> int:
    """Give all entries of a locked holder to a new one without a name, and delete the rest.

    The new holder's profile id comes back.
    """
    return int(await tx.fetchval(_SQL["erase_holder"], holder_id, new_holder_id, now))


async def erase_records(
    tx: Tx, *, segment: str, name: str, told: Collection[bytes], new_name: str
) -> None:
    """Take a person out of the records of changes, of files and of answers under their keys.

    segment: the integration id as it stands in paths. told: what an answer about the person has
    in it, any of these.
    """
    await tx.execute(_SQL["erase_records"], segment, name, new_name)
    await tx.execute(_SQL["erase_answers"], list(told))
