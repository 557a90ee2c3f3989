"""How points are taken and debts repaid: the decisions of the ledger, on plain data.

A wallet is what one holder has in one subledger of one program, as far as a decision needs it. The
functions here change the wallet they are given and return the allocations to be written; they read
no clock. Amounts are hundredths of points. Windows are half-open: start_at <= t < expires_at.

A debt is a lot of negative amount. It is repaid by lots in the order in which they become active,
so a repayment by pending points is booked ahead, at the lot's start. When the plan changes, the
difference is booked as further allocations; nothing that was written is ever changed.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tallystick.core.errors import InsufficientPoints
from tallystick.core.points import render_points
from tallystick.core.validity import NEVER, Window

NOT_OWING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(slots=True, kw_only=True)
class Lot:
    """One addition's points, or a debt when `amount` is below zero.

    `remaining` is `amount` minus all allocations, also those that are booked ahead.
    """

    lot_no: int
    start_at: datetime
    expires_at: datetime
    amount: int
    remaining: int

    def is_active(self, at: datetime) -> bool:
        """Whether the lot's points can be spent at `at`."""
        return self.start_at <= at < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """`amount` taken from `lot` (given back when below zero), in effect from `effective_at` on.

    For a debt the signs are turned round: a negative amount repays it.
    """

    lot: Lot
    amount: int
    effective_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A transaction of `amount` (always above zero), the lot it made if any, what it allocated."""

    txn_no: int
    amount: int
    lot: Lot | None
    allocations: list[Allocation]


# What is booked ahead on a lot at an instant, net: the repayments that are still to come.
Planned = dict[tuple[int, datetime], int]


@dataclass(slots=True, kw_only=True)
class Wallet:
    """The open lots of one holder, program and subledger.

    `lots` are in redemption order, `debts` oldest first. `unseen` counts active points in lots that
    were left out because they expire later than any deduction at hand can reach. `planned` names
    the allocations that lie ahead; every lot and debt in it is among `lots` and `debts`.
    """

    lots: list[Lot] = field(default_factory=list)
    debts: list[Lot] = field(default_factory=list)
    unseen: int = 0
    planned: Planned = field(default_factory=dict)

    def owing_until(self) -> datetime:
        """The instant from which nothing is owed any more; NEVER while a debt has no repayment."""
        if any(debt.remaining for debt in self.debts):
            return NEVER
        return max((effective_at for _, effective_at in self.planned), default=NOT_OWING)


def redemption_order(lot: Lot) -> tuple[datetime, datetime, int]:
    """The key by which lots are spent: soonest expiry, then start, then creation.

    Source: domain A6 and decision I-4. A holder's numbers rise with the moment of recording, so the
    number stands for the creation too.
    """
    return lot.expires_at, lot.start_at, lot.lot_no


def add(wallet: Wallet, amount: int, window: Window, *, txn_no: int, at: datetime) -> Entry:
    """The entry of an addition, with the repayments its lot makes now or books for its start.

    Source: domain decision I-5.
    """
    lot = Lot(
        lot_no=txn_no,
        start_at=window.start_at,
        expires_at=window.expires_at,
        amount=amount,
        remaining=amount,
    )
    insort(wallet.lots, lot, key=redemption_order)
    return Entry(txn_no=txn_no, amount=amount, lot=lot, allocations=settle(wallet, at=at))


def activate(
    wallet: Wallet, waiting: Lot, window: Window, *, txn_no: int, at: datetime
) -> tuple[Lot, list[Allocation]]:
    """The lot that takes the place of one which awaited activation, and the repayments it makes.

    The waiting lot is left empty. Source: domain A5.
    """
    lot = Lot(
        lot_no=txn_no,
        start_at=window.start_at,
        expires_at=window.expires_at,
        amount=waiting.remaining,
        remaining=waiting.remaining,
    )
    waiting.remaining = 0
    insort(wallet.lots, lot, key=redemption_order)
    return lot, settle(wallet, at=at)


def deduct(
    wallet: Wallet, amount: int, *, txn_no: int, at: datetime, below_zero: bool
) -> list[Entry]:
    """The entries of a deduction: what active points cover and, where allowed, a debt for the rest.

    Shape: one or two entries, numbered from `txn_no`. Below zero the wallet must be whole.
    Errors: InsufficientPoints, with nothing taken. Source: domain A7.
    """
    covered = min(amount, active_points(wallet, at=at)) if below_zero else amount
    entries = []
    if covered:
        taken = _take(wallet, covered, at=at)
        entries.append(Entry(txn_no=txn_no, amount=covered, lot=None, allocations=taken))
    if covered < amount:
        owed = amount - covered
        entries.append(_owe(wallet, owed, txn_no=txn_no + len(entries), at=at))
    return entries


def _owe(wallet: Wallet, owed: int, *, txn_no: int, at: datetime) -> Entry:
    assert not wallet.unseen, "a debt needs the whole wallet"
    debt = Lot(lot_no=txn_no, start_at=at, expires_at=NEVER, amount=-owed, remaining=-owed)
    wallet.debts.append(debt)
    return Entry(txn_no=txn_no, amount=owed, lot=debt, allocations=settle(wallet, at=at))


def active_points(wallet: Wallet, *, at: datetime) -> int:
    """The points that can be spent at `at`."""
    return wallet.unseen + sum(lot.remaining for lot in wallet.lots if lot.is_active(at))


def _take(wallet: Wallet, amount: int, *, at: datetime) -> list[Allocation]:
    allocations = []
    missing = amount
    for lot in wallet.lots:
        if not missing:
            break
        if lot.remaining and lot.is_active(at):
            taken = min(lot.remaining, missing)
            allocations.append(Allocation(lot=lot, amount=taken, effective_at=at))
            missing -= taken
    if missing:
        active = active_points(wallet, at=at)
        assert active < amount, "points were left unseen that this deduction reaches"
        raise InsufficientPoints(asked=render_points(amount), active=render_points(active))
    for allocation in allocations:
        allocation.lot.remaining -= allocation.amount
    return allocations


def settle(wallet: Wallet, *, at: datetime) -> list[Allocation]:
    """The allocations by which the repayments of the wallet's debts become what they should be.

    Every repayment still ahead is thought undone and planned anew; what comes back is the
    difference, empty when the plan stands.
    """
    if not wallet.debts:
        return []
    lots = {lot.lot_no: lot for lot in (*wallet.lots, *wallet.debts)}
    before = wallet.planned
    for (lot_no, _), amount in before.items():
        lots[lot_no].remaining += amount
    after: Planned = defaultdict(int)
    for lot, amount, effective_at in _repayments(wallet, at=at):
        lot.remaining -= amount
        after[lot.lot_no, effective_at] += amount
    wallet.planned = {key: amount for key, amount in after.items() if key[1] > at}
    return [
        Allocation(lot=lots[lot_no], amount=difference, effective_at=effective_at)
        for lot_no, effective_at in sorted({*before, *after}, key=lambda key: (key[1], key[0]))
        if (
            difference := after.get((lot_no, effective_at), 0)
            - before.get((lot_no, effective_at), 0)
        )
    ]


def owe_again(wallet: Wallet, points: int, *, at: datetime) -> list[Allocation]:
    """The allocations by which so many points that were repaid are owed again from `at` on.

    The debt that came last is reopened first, as the oldest is repaid first. The wallet must have
    all debts of which something was repaid, and be settled afterwards. Source: decision 13.
    """
    allocations = []
    for debt in reversed(wallet.debts):
        ahead = sum(
            amount for (lot_no, _), amount in wallet.planned.items() if lot_no == debt.lot_no
        )
        repaid = debt.remaining - debt.amount + ahead
        amount = min(points, repaid)
        if amount:
            allocations.append(Allocation(lot=debt, amount=amount, effective_at=at))
            debt.remaining -= amount
            points -= amount
    assert not points, "more was repaid than the debts of this wallet say"
    return allocations


def _repayments(wallet: Wallet, *, at: datetime) -> Iterator[tuple[Lot, int, datetime]]:
    """Pairs of (lot, amount taken, instant) and (debt, the same below zero, instant).

    The lots pay in the order in which they become active, the oldest debt is repaid first. The
    caller carries each amount into `remaining` before the next is asked for.
    """
    payers = [lot for lot in wallet.lots if lot.expires_at > at and lot.start_at != NEVER]
    payers.sort(key=lambda lot: (max(lot.start_at, at), *redemption_order(lot)))
    debts = iter(wallet.debts)
    debt = next(debts, None)
    for lot in payers:
        while debt is not None and lot.remaining:
            if not debt.remaining:
                debt = next(debts, None)
                continue
            amount = min(lot.remaining, -debt.remaining)
            instant = max(lot.start_at, at)
            yield lot, amount, instant
            yield debt, -amount, instant
