"""The undo of an import of points, as one unit.

What is left of each addition is taken back as if it had never been in the file; what was spent
stays, or is deducted once more. What has repaid debts is owed again from now on. All of it is
visible at once. What was known before stays known.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from tallystick.core.errors import AlreadyUndone, NotFound, NotSupported
from tallystick.core.ids import HolderId, ImportId, uuid7
from tallystick.core.ledger import Wallet, deduct, owe_again, settle
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import NEVER
from tallystick.services.callers import Caller
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.posting import owing_until
from tallystick.store import imports as import_store
from tallystick.store import posting as posting_store
from tallystick.store import undo as store
from tallystick.store.closing import touch_days
from tallystick.store.db import Tx, mark_reading
from tallystick.store.undo import BelowZero, Undone

__all__ = ["BelowZero", "UndoPreview", "UndoReport", "Undone", "preview_undo", "undo_import"]

_BELOW_ZERO_SHOWN_MAX = 100
_HOLDERS_A_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPreview:
    """What an undo would take back now, by the states in which it is, and what it would leave.

    row_count: additions of the import that still stand. repaid: what has repaid debts, and would
    be owed again. spent: what is left alone, or deducted by choice; below_zero: what would then be
    owed beyond today's debts, in how many ledgers of members, and the first of them by amount.
    """

    import_id: ImportId
    undone: Undone | None
    row_count: int
    member_count: int
    pending: Points
    active: Points
    expired: Points
    repaid: Points
    spent: Points
    may_go_below_zero: bool
    below_zero_count: int
    below_zero: Points
    below_zero_first: tuple[BelowZero, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoReport:
    """What an undo did.

    `amount` was taken back from `row_count` additions, `repaid` of it from debts that are owed
    again; `spent` was left alone, or deducted if `below_zero`.
    """

    import_id: ImportId
    recorded_at: datetime
    row_count: int
    member_count: int
    amount: Points
    repaid: Points
    spent: Points
    below_zero: bool


async def preview_undo(context: Context, program: Program, import_id: ImportId) -> UndoPreview:
    """What an undo of the import would do now; nothing is written.

    Errors: NotFound if the program has no such import.
    """
    now = context.clock()
    async with context.database.transaction() as tx:
        await mark_reading(tx)
        found = await _find(tx, program, import_id)
        uuids = _uuids(found.recorded_at)
        await store.stage_holders(tx, import_id, uuids)
        sums = await store.stage_entries(tx, program.id, import_id, uuids, now=now)
        first, count, points = await store.list_below_zero(
            tx, program.id, at_most=_BELOW_ZERO_SHOWN_MAX
        )
    return UndoPreview(
        import_id=import_id,
        undone=found.undone,
        row_count=sums.row_count,
        member_count=sums.member_count,
        pending=sums.pending,
        active=sums.active,
        expired=sums.expired,
        repaid=sums.repaid,
        spent=sums.spent,
        may_go_below_zero=program.may_go_below_zero,
        below_zero_count=count,
        below_zero=points,
        below_zero_first=tuple(first),
    )


async def undo_import(
    context: Context,
    program: Program,
    import_id: ImportId,
    *,
    below_zero: bool = False,
    caller: Caller | None = None,
) -> UndoReport:
    """Take back what is left of the import; nobody sees any of it before all is done.

    below_zero: deduct what was spent once more, as far as nothing is active as a debt.
    Errors: NotFound; AlreadyUndone; NotSupported if the program does not go below zero.
    """
    if below_zero and not program.may_go_below_zero:
        raise NotSupported("belowZero", "the return policy of this program keeps balances above it")
    async with context.import_turn, context.database.transaction() as tx:
        await import_store.take_turn(tx)
        now = context.clock()
        found = await _find(tx, program, import_id)
        if found.undone:
            raise AlreadyUndone(import_id)
        sums = await _take_back(tx, program, import_id, found, now=now, caller=caller)
        await _settle(tx, program, import_id, now=now, below_zero=below_zero, caller=caller)
        await touch_days(tx, {program.id: found.recorded_at})
        await store.insert_undo(
            tx,
            import_id,
            sums,
            now=now,
            user_id=caller.user_id if caller else None,
            key_id=caller.key_id if caller else None,
            below_zero=below_zero,
        )
        path = f"/v1/loyalty_programs/{program.id}/imports/{import_id}/undo"
        new = {"id": import_id, "entity": "LoyaltyPoints", "amount": sums.taken_count}
        await record_change(tx, caller, path, now=now, new=new)
    return UndoReport(
        import_id=import_id,
        recorded_at=now,
        row_count=sums.taken_count,
        member_count=sums.member_count,
        amount=sums.taken,
        repaid=sums.repaid,
        spent=sums.spent,
        below_zero=below_zero,
    )


async def _find(tx: Tx, program: Program, import_id: ImportId) -> store.Import:
    found = await store.find_import(tx, program.id, import_id)
    if found is None:
        raise NotFound("import of points", str(import_id))
    return found


def _uuids(recorded_at: datetime) -> store.UuidRange:
    """The range in which the uuids of an import's transactions lie."""
    return uuid7(recorded_at, b"\x00" * 10), uuid7(recorded_at, b"\xff" * 10)


async def _take_back(  # noqa: PLR0913 - by name
    tx: Tx,
    program: Program,
    import_id: ImportId,
    found: store.Import,
    *,
    now: datetime,
    caller: Caller | None,
) -> store.Sums:
    uuids = _uuids(found.recorded_at)
    await store.stage_holders(tx, import_id, uuids)
    await store.lock_holders(tx)
    sums = await store.stage_entries(tx, program.id, import_id, uuids, now=now)
    await store.take_back(
        tx,
        program.id,
        import_id,
        user_id=caller.user_id if caller else None,
        uuid_prefix=uuid7(now, os.urandom(10)).hex[:24],
    )
    return sums


async def _settle(  # noqa: PLR0913 - by name
    tx: Tx,
    program: Program,
    import_id: ImportId,
    *,
    now: datetime,
    below_zero: bool,
    caller: Caller | None,
) -> None:
    """Let the core go through the wallets in which debts change, some hundred members at a time."""
    after = HolderId(UUID(int=0))
    while wallets := await store.next_wallets(tx, after, holders_at_most=_HOLDERS_A_BATCH):
        after = wallets[-1].holder_id
        books = _Books(tx=tx, program=program, import_id=import_id, now=now, caller=caller)
        await books.load(wallets)
        for _, own in groupby(wallets, lambda wallet: wallet.holder_id):
            books.settle(list(own), below_zero=below_zero)
        await posting_store.write_batch(tx, books.batch, now=now)


class _Books:
    """The wallets of some members after what was left of the import is gone from them."""

    def __init__(
        self,
        *,
        tx: Tx,
        program: Program,
        import_id: ImportId,
        now: datetime,
        caller: Caller | None,
    ) -> None:
        self.batch = posting_store.Batch()
        self._tx = tx
        self._program = program
        self._name = f"Undo of import {import_id}"
        self._now = now
        self._user_id = caller.user_id if caller else None
        self._whole: defaultdict[posting_store.WalletKey, Wallet] = defaultdict(Wallet)

    async def load(self, touched: Collection[store.TouchedWallet]) -> None:
        """Load all that these members have, and of what they owe again also what was repaid."""
        owing = {wallet.holder_id: wallet.at for wallet in touched}
        self._whole = await posting_store.load_whole(self._tx, owing)
        reopened = [self._key(wallet) for wallet in touched if wallet.repaid]
        await store.add_repaid_debts(
            self._tx, self._program.id, {key: self._whole[key] for key in reopened}
        )

    def _key(self, wallet: store.TouchedWallet) -> posting_store.WalletKey:
        return wallet.holder_id, self._program.id, wallet.subledger_id

    def settle(self, touched: Sequence[store.TouchedWallet], *, below_zero: bool) -> None:
        """Note what becomes of one member's wallets."""
        holder_id, at, last_no = touched[0].holder_id, touched[0].at, touched[0].last_no
        changed = False
        for each in touched:
            key, wallet = self._key(each), self._whole[self._key(each)]
            if each.newest_no is not None:
                allocations = [*owe_again(wallet, each.repaid, at=at), *settle(wallet, at=at)]
                self.batch.add_allocations(key, allocations, txn_no=each.newest_no, at=at)
                changed = True
            if below_zero and each.spent:
                last_no = self._deduct(key, wallet, each.spent, last_no=last_no, at=at)
                changed = True
        if changed:
            own = (wallet for key, wallet in self._whole.items() if key[0] == holder_id)
            self.batch.holders[holder_id] = posting_store.LockedHolder(
                last_no=last_no, last_at=at, owing_until=owing_until(own)
            )

    def _deduct(
        self,
        key: posting_store.WalletKey,
        wallet: Wallet,
        points: Points,
        *,
        last_no: int,
        at: datetime,
    ) -> int:
        """Note the deduction of what was spent; the number of its last entry comes back."""
        entries = deduct(wallet, points, txn_no=last_no + 1, at=at, below_zero=True)
        for entry in entries:
            self.batch.transactions.append(
                posting_store.transaction_row(
                    key,
                    txn_no=entry.txn_no,
                    transaction_uuid=uuid7(self._now, os.urandom(10)),
                    kind=Kind.SUBTRACTION,
                    source=Source.IMPORT,
                    amount=entry.amount,
                    at=at,
                    shown_start_at=None,
                    shown_expires_at=NEVER,
                    creates_negative=entry.lot is not None,
                    validity=None,
                    name=self._name,
                    user_id=self._user_id,
                    session_id=None,
                )
            )
            if entry.lot is not None:
                self.batch.lots.append((key, entry.lot, at))
            self.batch.add_allocations(key, entry.allocations, txn_no=entry.txn_no, at=at)
        return last_no + len(entries)
