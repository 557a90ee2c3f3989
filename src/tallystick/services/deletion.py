"""The deletion of a member's transactions: by their opposites, which no normal read shows.

Afterwards balances are what they would be if the transactions had never been, at every instant.
What was known before stays known: a balance as known at an earlier instant still has them.
"""

import os
from collections.abc import Collection

from tallystick.core.errors import NotFound
from tallystick.core.ids import IntegrationId, profile_holder, uuid7
from tallystick.core.programs import Program
from tallystick.services.callers import Caller
from tallystick.services.changes import member_path, record_change
from tallystick.services.context import Context
from tallystick.store import posting as posting_store
from tallystick.store import programs as program_store
from tallystick.store import reversals as store
from tallystick.store.db import Tx


async def delete_transactions(
    context: Context,
    program: Program,
    integration_id: IntegrationId,
    *,
    subledgers: Collection[str] | None,
    caller: Caller | None = None,
) -> int:
    """Take back all that a member has in these ledgers, in all of the program's if None.

    What comes back is how many transactions that were. Ledgers in which there is nothing, or that
    do not exist, are left as they are. Errors: NotFound if there is no such profile.
    """

    async def work(tx: Tx) -> int:
        now = context.clock()  # in the transaction: see export_moments.py
        limit = context.limits.holder_wait_seconds
        holders = await posting_store.wait_for_holders(tx, [holder_id], at_most_seconds=limit)
        if holder_id not in holders:
            raise NotFound("customer profile", integration_id)
        ids = None
        if subledgers is not None:
            wanted = {(program.id, name) for name in subledgers}
            ids = list((await program_store.find_subledgers(tx, wanted)).values())
        deleted = await store.take_back(
            tx,
            (holder_id, holders[holder_id]),
            program.id,
            subledger_ids=ids,
            now=now,
            user_id=caller.user_id if caller else None,
            uuid_prefix=uuid7(now, os.urandom(10)).hex[:24],
        )
        path = f"{member_path(program.id, integration_id)}/delete_transactions"
        ledgers = "all" if subledgers is None else sorted(subledgers)
        new = {"transactions": deleted, "subledgerIds": ledgers}
        await record_change(tx, caller, path, now=now, new=new)
        return deleted

    holder_id = profile_holder(integration_id, program.environment)
    return await context.database.write(work)
