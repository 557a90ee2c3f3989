"""What adding or deducting points would do: the posting itself, of which nothing stays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from tallystick.core.balances import Balance
from tallystick.core.errors import Refusal
from tallystick.core.ids import HolderId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.transactions import LotState, Taking
from tallystick.core.validity import NEVER
from tallystick.services.asking import postings_wait
from tallystick.services.context import Context
from tallystick.services.posting import post
from tallystick.services.postings import Posted, Posting
from tallystick.store import balances as balance_store
from tallystick.store import transactions as store
from tallystick.store.db import Reader, Tx
from tallystick.store.posting import wait_for_holders


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPreview:
    """What a posting would do if it were recorded at `at`.

    before, after: the balances of its ledger.
    lot: what an addition would add, with its window; None for a deduction.
    used: what a deduction would take from which additions, in the order in which it does.
    repays: which debts an addition would repay, at once or when it becomes active.
    waits: whether it would wait for a second person first.
    """

    at: datetime
    before: Balance
    after: Balance
    lot: LotState | None
    used: list[Taking]
    repays: list[Taking]
    waits: bool


async def preview_posting(context: Context, program: Program, posting: Posting) -> PostingPreview:
    """What the posting would do now, by the same rules; nothing is written.

    Its idempotency key does not count, nor that it may wait. Errors: what the posting would be
    refused for; Busy if the member is locked for too long.
    """
    now = context.clock()
    holder_id = profile_holder(posting.integration_id, program.environment)

    async def work(tx: Tx) -> PostingPreview:
        limit = context.limits.holder_wait_seconds
        locked = await wait_for_holders(tx, [holder_id], at_most_seconds=limit)
        at = max(now, locked[holder_id].last_at) if locked else now
        before = await _balance(tx, program, posting, holder_id, at)
        [waits] = await postings_wait(tx, [posting])
        at_once = replace(posting, idempotency_key=None, may_wait=False)
        [outcome] = await post(tx, [at_once], now=now)
        if isinstance(outcome, Refusal):
            raise outcome
        assert isinstance(outcome, Posted), "the holder is ours"
        after = await _balance(tx, program, posting, holder_id, at)
        lot, used, repays = await _told(tx, program, outcome.transaction_uuids, at=at)
        return PostingPreview(
            at=at, before=before, after=after, lot=lot, used=used, repays=repays, waits=waits
        )

    return await context.database.rehearse(work)


async def _balance(
    reader: Reader, program: Program, posting: Posting, holder_id: HolderId, at: datetime
) -> Balance:
    """The balance of the posting's ledger."""
    found = await balance_store.holder_balances(
        reader, holder_id, program.id, at=at, known_at=NEVER
    )
    return (found or {}).get(posting.subledger, Balance())


async def _told(
    reader: Reader, program: Program, uuids: Sequence[UUID], *, at: datetime
) -> tuple[LotState | None, list[Taking], list[Taking]]:
    """The lot that these transactions added, what they took from others, and what they repaid."""
    lot: LotState | None = None
    used: list[Taking] = []
    repays: list[Taking] = []
    for uuid in uuids:
        found = await store.find_transaction(reader, program.id, uuid)
        assert found is not None, "it was made in this very transaction"
        holder_id, recorded = found
        made = await store.find_lot(reader, holder_id, recorded.number, at=at)
        lot = made if made and not made.is_debt else lot
        takings = await store.list_takings(reader, holder_id, recorded.number)
        others = [each for each in takings if each.lot_of.uuid != uuid]
        used += [each for each in others if not each.is_debt]
        repays += [each for each in others if each.is_debt]
    return lot, used, repays
