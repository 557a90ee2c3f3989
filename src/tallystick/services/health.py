"""Whether the work can be done."""

from tallystick.services.context import Context
from tallystick.store.accounts import has_users


async def check_ready(context: Context) -> None:
    """Nothing, if the database answers. Errors: Busy."""
    async with context.database.reader() as reader:
        await has_users(reader)
