"""The decisions of `core/ledger.py` beside the model: any history of one wallet, no database."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from model.histories import DAY, ORIGIN, TICK, long_lists
from model.model import Account, Addition
from tallystick.core.balances import Balance
from tallystick.core.errors import InsufficientPoints
from tallystick.core.ledger import Allocation, Entry, Lot, Wallet, add, deduct, redemption_order
from tallystick.core.points import Points, render_points
from tallystick.core.validity import NEVER, Window

amounts = st.sampled_from((10, 20, 30, 50, 100, 7))
additions = st.tuples(st.just("add"), amounts, st.integers(-2, 12), st.integers(1, 9) | st.none())
deductions = st.tuples(st.just("deduct"), amounts)
waits = st.tuples(st.just("wait"), st.integers(0, 3))  # 0 days: the next batch of this instant


@settings(max_examples=20 * settings().max_examples)
@given(moves=long_lists(additions | deductions | waits), may_owe=st.booleans())
def test_the_core_decides_as_the_model_does(
    moves: list[tuple[str, int] | tuple[str, int, int, int | None]], *, may_owe: bool
) -> None:
    books, account = Books(), Account(may_owe=may_owe)
    for move in moves:
        match move:
            case "add", points, start, length:
                _add(books, account, points, start, length)
            case "deduct", points:
                _deduct(books, account, points)
            case _, day_count:
                books.at += day_count * DAY
                books.read_wallet()
        for boundary in sorted({books.at, *account.boundaries()}):
            for at in (boundary - TICK, boundary):
                assert account.balance(at) == books.balance(at), f"at {at}, after {move}"


@dataclass(slots=True)
class Books:
    """The rows that the entries of one wallet leave behind."""

    at: datetime = ORIGIN
    lots: dict[int, Lot] = field(default_factory=dict)
    recorded_at: dict[int, datetime] = field(default_factory=dict)
    allocations: list[Allocation] = field(default_factory=list)
    wallet: Wallet = field(default_factory=Wallet)

    def read_wallet(self) -> None:
        """Read what decisions at this instant rest on, as `store/posting.py` does for a batch."""
        planned: Counter[tuple[int, datetime]] = Counter()
        for a in self.allocations:
            if a.effective_at > self.at:
                planned[a.lot.lot_no, a.effective_at] += a.amount
        ahead = {lot_no for (lot_no, _), amount in planned.items() if amount}
        lots = [
            lot
            for lot in self.lots.values()
            if lot.expires_at > self.at and (lot.remaining or lot.lot_no in ahead)
        ]
        self.wallet = Wallet(
            lots=sorted((lot for lot in lots if lot.amount > 0), key=redemption_order),
            debts=[lot for lot in lots if lot.amount < 0],
            planned={key: amount for key, amount in planned.items() if amount},
        )

    def next_no(self) -> int:
        """The number of the next entry."""
        return max(self.recorded_at, default=0) + 1

    def write(self, entries: list[Entry]) -> None:
        """Append the rows of the entries."""
        for entry in entries:
            assert entry.txn_no == self.next_no()
            self.recorded_at[entry.txn_no] = self.at
            if entry.lot:
                self.lots[entry.txn_no] = entry.lot
            self.allocations += entry.allocations

    def balance(self, at: datetime) -> Balance:
        """The signed sum of the rows in effect, which is what `sql/balances.sql` works out."""
        sums: Counter[str] = Counter()
        for lot_no, lot in self.lots.items():
            if self.recorded_at[lot_no] <= at:
                sums[_state(lot, at)] += lot.amount
        for a in self.allocations:
            if a.effective_at <= at:
                sums[_state(a.lot, at)] -= a.amount
                sums["spent"] += a.amount if a.lot.amount > 0 else 0
        return Balance(
            pending=Points(sums["pending"]),
            active=Points(sums["active"]),
            spent=Points(sums["spent"]),
            expired=Points(sums["expired"]),
            negative=Points(-sums["owed"]),
        )


def _state(lot: Lot, at: datetime) -> str:
    if lot.amount < 0:
        return "owed"
    if lot.expires_at <= at:
        return "expired"
    return "active" if lot.start_at <= at else "pending"


def _add(books: Books, account: Account, points: int, start: int, length: int | None) -> None:
    """Add points from that day on, or from now on if the day is today's, for so many days."""
    start_at = ORIGIN + start * DAY
    expires_at = NEVER if length is None else start_at + length * DAY
    window = Window(
        start_at=start_at,
        expires_at=expires_at,
        shown_start_at=None,
        shown_expires_at=expires_at,
        validity=None,
    )
    books.write([add(books.wallet, points, window, txn_no=books.next_no(), at=books.at)])
    addition = Addition(points=points, start_at=start_at, expires_at=expires_at)
    account.add(addition, at=books.at)


def _deduct(books: Books, account: Account, points: int) -> None:
    active = account.balance(books.at).active
    refused = not account.deduct(points, at=books.at)
    expected = render_points(active) if refused else None
    assert expected == _refused_for(books, points, below_zero=account.may_owe)


def _refused_for(books: Books, points: int, *, below_zero: bool) -> str | None:
    """The active points that were too few; None if the deduction is in the books."""
    number = books.next_no()
    try:
        entries = deduct(books.wallet, points, txn_no=number, at=books.at, below_zero=below_zero)
    except InsufficientPoints as refused:
        return refused.active
    books.write(entries)
    return None
