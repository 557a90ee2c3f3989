"""The activation of points that await it: they start now, and their validity begins to run."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.approvals import ActivationWish, ApprovalKind
from tallystick.core.errors import NotFound
from tallystick.core.ids import ApprovalId, HolderId, IntegrationId, UserId, uuid7
from tallystick.core.ledger import Wallet, activate
from tallystick.core.points import Points, decimal_of
from tallystick.core.programs import Program
from tallystick.core.roles import Right
from tallystick.core.validity import Keyword, Window, parse_duration, resolve_window
from tallystick.services.asking import ask, points_wait
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import member_path, record_changes
from tallystick.services.context import Context
from tallystick.services.posting import owing_until
from tallystick.store import posting as posting_store
from tallystick.store import reversals as store
from tallystick.store.changes import NewChange
from tallystick.store.closing import touch_days
from tallystick.store.db import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Activated:
    """An addition whose points were activated at `starts_at`; `recorded_at` is the addition's."""

    integration_id: IntegrationId
    uuid: UUID
    recorded_at: datetime
    amount: Points
    starts_at: datetime
    shown_expires_at: datetime
    name: str
    subledger: str
    session_id: str | None
    user_id: UserId | None


async def activate_transactions(
    context: Context,
    program: Program,
    uuids: Collection[UUID],
    *,
    caller: Caller | None = None,
) -> list[Activated]:
    """What was activated of these transactions; those that await nothing stay as they are.

    Shape: by member, in the order of recording. Errors: NotFound, for all, if one is unknown.
    """

    async def work(tx: Tx) -> list[Activated]:
        return await activate_within(tx, context, program, uuids, caller=caller)

    return await context.database.write(work)


async def activate_within(
    tx: Tx,
    context: Context,
    program: Program,
    uuids: Collection[UUID],
    *,
    caller: Caller | None = None,
) -> list[Activated]:
    """The same within a transaction that the caller commits."""
    found = await _entries_of(tx, program, uuids)
    return await _activate(tx, context, program, found, caller)


async def _entries_of(tx: Tx, program: Program, uuids: Collection[UUID]) -> list[store.EntryKey]:
    found = await store.find_transactions(tx, program.id, uuids)
    for uuid in uuids:
        if uuid not in found:
            raise NotFound("transaction", str(uuid))
    return list(found.values())


async def activate_by_hand(
    context: Context, caller: Caller, program: Program, uuid: UUID
) -> list[Activated] | ApprovalId:
    """What a person has activated of a transaction; the request if that waits for somebody else.

    Errors: NotAllowed, NotFound.
    """
    check_may(caller, Right.POST_POINTS, program.id)

    async def work(tx: Tx) -> list[Activated] | ApprovalId:
        now = context.clock()
        entries = await _entries_of(tx, program, [uuid])
        for entry in await store.find_awaiting(tx, entries, at=now):
            points = Points(entry.lot.amount)
            if await points_wait(tx, caller, program.id, points):
                wish = ActivationWish(
                    integration_id=entry.integration_id, points=points, transaction_uuid=uuid
                )
                return await ask(tx, caller, program.id, ApprovalKind.ACTIVATE, wish, now=now)
        return await _activate(tx, context, program, entries, caller)

    return await context.database.write(work)


async def activate_session(
    context: Context, program: Program, session_id: str, *, caller: Caller | None = None
) -> list[Activated]:
    """What was activated of a session's transactions, in the same shape.

    Errors: NotFound if the program has none of that session.
    """

    async def work(tx: Tx) -> list[Activated]:
        found = await store.find_session(tx, program.id, session_id)
        if not found:
            raise NotFound("customer session", session_id)
        return await _activate(tx, context, program, found, caller)

    return await context.database.write(work)


async def _activate(
    tx: Tx,
    context: Context,
    program: Program,
    entries: Sequence[store.EntryKey],
    caller: Caller | None,
) -> list[Activated]:
    """Lock the members, see what still waits, and write what becomes of it.

    What a person activates is written down as well; of keys, the entries themselves tell enough.
    """
    now = context.clock()  # in the transaction: see export_moments.py
    holders = await posting_store.wait_for_holders(
        tx,
        {holder_id for holder_id, _ in entries},
        at_most_seconds=context.limits.holder_wait_seconds,
    )
    awaiting = await store.find_awaiting(tx, entries, at=now)
    books = _Books(tx=tx, program=program, holders=holders, now=now)
    await books.load(awaiting)
    activated = [books.enter(entry) for entry in awaiting]
    await books.write()
    if caller is not None and caller.user_id is not None:
        await record_changes(tx, caller, [_change(program, each) for each in activated], now=now)
    return activated


def _change(program: Program, activated: Activated) -> NewChange:
    """What the record of changes holds of it."""
    path = f"{member_path(program.id, activated.integration_id)}/activate_points"
    new = {
        "points": decimal_of(activated.amount),
        "name": activated.name,
        "subledgerId": activated.subledger,
        "transactionUUID": str(activated.uuid),
    }
    return NewChange(path, None, new)


class _Books:
    """The members' wallets while points are activated in them."""

    def __init__(
        self,
        *,
        tx: Tx,
        program: Program,
        holders: dict[HolderId, posting_store.LockedHolder],
        now: datetime,
    ) -> None:
        self._tx = tx
        self._program = program
        self._holders = holders
        self._now = now
        self._batch = posting_store.Batch()
        self._activations: list[store.Activation] = []
        self._whole: dict[posting_store.WalletKey, Wallet] = {}

    async def load(self, awaiting: Sequence[store.Awaiting]) -> None:
        """Load the wallets of members who owe points: what is activated repays it."""
        owing = {
            entry.holder_id: self._at(entry.holder_id)
            for entry in awaiting
            if self._holders[entry.holder_id].owing_until > self._at(entry.holder_id)
        }
        if owing:
            self._whole = await posting_store.load_whole(self._tx, owing)

    def _at(self, holder_id: HolderId) -> datetime:
        return max(self._now, self._holders[holder_id].last_at)

    def enter(self, entry: store.Awaiting) -> Activated:
        """Note the activation of an entry."""
        holder, at = self._holders[entry.holder_id], self._at(entry.holder_id)
        wallet = self._whole.get(entry.wallet, Wallet(lots=[entry.lot]))
        waiting = next(lot for lot in wallet.lots if lot.lot_no == entry.lot.lot_no)
        window, txn_no = self._window(entry, at), holder.last_no + 1
        lot, allocations = activate(wallet, waiting, window, txn_no=txn_no, at=at)
        self._batch.lots.append((entry.wallet, lot, at))
        self._batch.add_allocations(entry.wallet, allocations, txn_no=txn_no, at=at)
        self._activations.append(
            store.Activation(
                holder_id=entry.holder_id,
                txn_no=txn_no,
                of_no=waiting.lot_no,
                uuid=uuid7(self._now, os.urandom(10)),
                at=at,
                shown_expires_at=window.shown_expires_at,
            )
        )
        self._holders[entry.holder_id] = posting_store.LockedHolder(
            last_no=txn_no, last_at=at, owing_until=holder.owing_until
        )
        return Activated(
            integration_id=entry.integration_id,
            uuid=entry.uuid,
            recorded_at=entry.recorded_at,
            amount=Points(lot.amount),
            starts_at=at,
            shown_expires_at=window.shown_expires_at,
            name=entry.name,
            subledger=entry.subledger,
            session_id=entry.session_id,
            user_id=entry.user_id,
        )

    def _window(self, entry: store.Awaiting, at: datetime) -> Window:
        """The points start now; they end as they were given, or when their validity has run."""
        validity = parse_duration(entry.validity) if entry.validity else None
        if validity:
            return resolve_window(
                Keyword.IMMEDIATE,
                validity,
                at=at,
                zone=self._program.settings.timezone,
                expiry_field="validityDuration",
            )
        return Window(
            start_at=at,
            expires_at=entry.lot.expires_at,
            shown_start_at=None,
            shown_expires_at=entry.shown_expires_at,
            validity=None,
        )

    async def write(self) -> None:
        """Write what was noted."""
        if not self._activations:
            return
        for holder_id in {activation.holder_id for activation in self._activations}:
            holder = self._holders[holder_id]
            self._batch.holders[holder_id] = posting_store.LockedHolder(
                last_no=holder.last_no,
                last_at=holder.last_at,
                owing_until=owing_until(
                    wallet for key, wallet in self._whole.items() if key[0] == holder_id
                ),
            )
        await store.write_activations(self._tx, self._activations)
        await posting_store.write_batch(self._tx, self._batch, now=self._now)
        await touch_days(self._tx, {self._program.id: self._now})
