"""The right to be forgotten: a person's data goes, and the books still add up.

See docs/decisions/0012-erasure-moves-the-holder.md.
"""

from urllib.parse import quote
from uuid import uuid4

import msgspec

from tallystick.core.errors import NotFound
from tallystick.core.ids import Environment, HolderId, IntegrationId, profile_holder
from tallystick.services.callers import Caller
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import erasure as store
from tallystick.store.db import Tx

# How the JSON of an answer names a customer.
_TOLD = b'"%s":%s'
_MEMBERS = (b"integrationId", b"customerProfileID")


async def erase_customer(
    context: Context,
    environment: Environment,
    integration_id: IntegrationId,
    *,
    caller: Caller | None = None,
) -> None:
    """Forget a customer of an environment; the entries stay, under a name that says nothing.

    The same integration id stands for nobody then, and for somebody new if it is made again.
    Errors: NotFound; Busy if an import or another write does not end in time.
    """
    now = context.clock()
    holder_id = profile_holder(integration_id, environment)

    async def work(tx: Tx) -> None:
        limit = context.limits.holder_wait_seconds
        if not await store.lock_holder(tx, holder_id, at_most_seconds=limit):
            raise NotFound("customer profile", integration_id)
        profile_id = await store.move_entries(tx, holder_id, HolderId(uuid4()), now=now)
        new_name = f"erased-{profile_id}"
        await store.erase_records(
            tx,
            segment=quote(integration_id, safe=""),
            name=integration_id,
            told=[_TOLD % (member, msgspec.json.encode(integration_id)) for member in _MEMBERS],
            new_name=new_name,
        )
        await record_change(tx, caller, f"/v1/customer_data/{new_name}", now=now)

    await context.database.write(work)
