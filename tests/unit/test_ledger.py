"""The decisions of the ledger, told as short stories of one wallet.

A line is a day, what happens on it, and what is allocated: `1:30` takes 30 points from lot 1,
`3:-20` repays 20 of debt 3, `@5` puts either on a later day. Lots and debts have the number of the
entry that made them; a deduction that is covered uses up a number as well. `5-` is the last
microsecond before day 5. Windows are written `from` a day `until`, exclusive, another. What happens
on one day is one batch; on the next the wallet is read again.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tallystick.core.errors import InsufficientPoints
from tallystick.core.ledger import (
    NOT_OWING,
    Allocation,
    Entry,
    Lot,
    Wallet,
    active_points,
    add,
    deduct,
    settle,
)
from tallystick.core.points import parse_points, render_points
from tallystick.core.validity import NEVER, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
LINE = re.compile(
    r"\s*(?P<day>\d+-?) +(?P<verb>add|deduct|owing)(?: (?P<points>[\d.]+))?"
    r"(?: from (?P<start>\d+))?(?: until (?P<end>\d+))?(?P<words>(?: [a-z]+)*) *-> ?(?P<outcome>.*)"
)


def day(text: str) -> datetime:
    """The instant of a day, or the last one before it."""
    moment = START + timedelta(days=int(text.rstrip("-")))
    return moment - timedelta(microseconds=1) if text.endswith("-") else moment


def written(at: datetime) -> str:
    return "never" if at == NEVER else str((at - START).days)


def amount(text: str) -> int:
    points = parse_points(text)
    assert points is not None
    return points


def brief(points: int) -> str:
    return render_points(points).removesuffix(".00")


class Teller:
    """Lets a story happen to a wallet and writes down what came of each line."""

    def __init__(self) -> None:
        self.wallet = Wallet()
        self.last_no = 0
        self.at = START

    def outcome(self, line: re.Match[str]) -> str:
        at = day(line["day"])
        if at != self.at:
            self._read_again(at)
        match line["verb"]:
            case "add":
                return self.written([self._add(line, at)], at)
            case "deduct":
                return self._deduct(line, at)
        until = self.wallet.owing_until()
        return "nothing" if until == NOT_OWING else written(until)

    def _read_again(self, at: datetime) -> None:
        """A wallet that is read from the books has only those repayments planned that lie ahead."""
        planned = self.wallet.planned
        self.wallet.planned = {key: points for key, points in planned.items() if key[1] > at}
        self.at = at

    def _add(self, line: re.Match[str], at: datetime) -> Entry:
        start_at = day(line["start"]) if line["start"] else at
        if line["words"] == " on action":
            start_at = NEVER
        expires_at = day(line["end"]) if line["end"] else NEVER
        return add(
            self.wallet,
            amount(line["points"]),
            window(start_at, expires_at),
            txn_no=self.last_no + 1,
            at=at,
        )

    def _deduct(self, line: re.Match[str], at: datetime) -> str:
        below_zero = line["words"] == " below zero"
        points, txn_no = amount(line["points"]), self.last_no + 1
        try:
            entries = deduct(self.wallet, points, txn_no=txn_no, at=at, below_zero=below_zero)
        except InsufficientPoints as refused:
            return f"only {refused.active} active"
        return self.written(entries, at)

    def written(self, entries: list[Entry], at: datetime) -> str:
        assert [entry.txn_no for entry in entries] == [
            self.last_no + number for number in range(1, len(entries) + 1)
        ]
        self.last_no += len(entries)
        return "; ".join(" ".join(self._words(entry, at)) for entry in entries)

    def _words(self, entry: Entry, at: datetime) -> list[str]:
        debt = entry.lot is not None and entry.lot.amount < 0
        owes = [f"owes {brief(entry.amount)}"] if debt else []
        return owes + [allocated(allocation, at) for allocation in entry.allocations]


def allocated(allocation: Allocation, at: datetime) -> str:
    ahead = f"@{written(allocation.effective_at)}" if allocation.effective_at != at else ""
    return f"{allocation.lot.lot_no}:{brief(allocation.amount)}{ahead}"


def window(start_at: datetime, expires_at: datetime) -> Window:
    return Window(
        start_at=start_at,
        expires_at=expires_at,
        shown_start_at=start_at,
        shown_expires_at=expires_at,
        validity=None,
    )


def tell(story: str) -> None:
    """Assert that every line of a story comes out as it is written."""
    teller = Teller()
    for text in story.strip().splitlines():
        line = LINE.fullmatch(text)
        assert line is not None, text
        expected = " ".join(line["outcome"].split())
        assert expected == teller.outcome(line), text


REDEMPTION = {
    "the soonest expiry is spent first, unlimited points last": """
        0  add 50                        ->
        0  add 50 until 9                ->
        0  add 50 until 5                ->
        1  deduct 120                    -> 3:50 2:50 1:20
        """,
    "of equal expiries the earlier start is spent first": """
        2  add 50 from 2 until 9         ->
        2  add 50 from 1 until 9         ->
        2  deduct 60                     -> 2:50 1:10
        """,
    "of equal windows the earlier addition is spent first": """
        0  add 50 until 9                ->
        0  add 50 until 9                ->
        0  add 50 until 9                ->
        0  deduct 130                    -> 1:50 2:50 3:30
        """,
    "the next deduction goes on where the last one stopped": """
        0  add 50 until 9                ->
        0  add 50                        ->
        1  deduct 20                     -> 1:20
        1  deduct 30                     -> 1:30
        1  deduct 0.01                   -> 2:0.01
        """,
    "points added later are spent first if they expire sooner": """
        0  add 50 until 9                ->
        1  deduct 20                     -> 1:20
        1  add 50 until 5                ->
        1  deduct 60                     -> 3:50 1:10
        """,
    "a deduction of all there is leaves nothing": """
        0  add 50                        ->
        0  deduct 50                     -> 1:50
        0  deduct 0.01                   -> only 0.00 active
        """,
    "a deduction of more than is active takes nothing": """
        0  add 50 until 9                ->
        0  add 30                        ->
        1  deduct 80.01                  -> only 80.00 active
        1  deduct 80                     -> 1:50 2:30
        """,
    "pending points are never spent": """
        0  add 50 from 5                 ->
        0  add 20                        ->
        1  deduct 30                     -> only 20.00 active
        """,
    "points that wait for an action are never spent": """
        0  add 50 on action              ->
        9  deduct 1                      -> only 0.00 active
        """,
    "expired points are never spent": """
        0  add 50 until 3                ->
        0  add 20                        ->
        4  deduct 30                     -> only 20.00 active
        4  deduct 20                     -> 2:20
        """,
    "points can be spent from their start on": """
        0  add 50 from 3                 ->
        3- deduct 50                     -> only 0.00 active
        3  deduct 50                     -> 1:50
        """,
    "points can be spent until just before their expiry": """
        0  add 50 until 3                ->
        3- deduct 20                     -> 1:20
        3  deduct 30                     -> only 0.00 active
        """,
}

DEBTS = {
    "what active points cover makes no debt": """
        0  add 50                        ->
        1  deduct 50 below zero          -> 1:50
        1  owing                         -> nothing
        """,
    "what they do not cover is owed, in an entry of its own": """
        0  add 50                        ->
        1  deduct 70 below zero          -> 1:50; owes 20
        1  owing                         -> never
        """,
    "without active points all of it is owed": """
        0  add 50 until 1                ->
        0  add 50 on action              ->
        1  deduct 70 below zero          -> owes 70
        """,
    "a debt can grow": """
        1  deduct 70 below zero          -> owes 70
        2  deduct 10 below zero          -> owes 10
        2  deduct 10                     -> only 0.00 active
        """,
    "active points repay at once and the rest stays active": """
        0  deduct 20 below zero          -> owes 20
        1  add 50                        -> 1:-20 2:20
        1  owing                         -> nothing
        1  deduct 31                     -> only 30.00 active
        1  deduct 30                     -> 2:30
        """,
    "a debt is repaid bit by bit": """
        0  deduct 20 below zero          -> owes 20
        1  add 15                        -> 1:-15 2:15
        1  deduct 1                      -> only 0.00 active
        1  owing                         -> never
        2  add 15                        -> 1:-5 3:5
        2  owing                         -> nothing
        """,
    "the oldest debt is repaid first": """
        0  deduct 20 below zero          -> owes 20
        1  deduct 20 below zero          -> owes 20
        2  add 30                        -> 1:-20 2:-10 3:30
        3  add 30                        -> 2:-10 4:10
        """,
    "what was repaid a moment ago stays as it is": """
        0  deduct 20 below zero          -> owes 20
        0  add 50                        -> 1:-20 2:20
        0  add 50 until 9                ->
        0  owing                         -> nothing
        """,
    "points whose start has passed repay when they are added": """
        2  deduct 20 below zero          -> owes 20
        3  add 50 from 1                 -> 1:-20 2:20
        """,
    "points that had expired before they were added never repay": """
        2  deduct 20 below zero          -> owes 20
        3  add 50 from 1 until 3         ->
        """,
    "points that wait for an action never repay": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 on action              ->
        1  owing                         -> never
        """,
}

PLANS = {
    "pending points repay when they start": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 5                 -> 1:-20@5 2:20@5
        1  owing                         -> 5
        5- deduct 1                      -> only 0.00 active
        5  owing                         -> nothing
        5  deduct 31                     -> only 30.00 active
        5  deduct 30                     -> 2:30
        """,
    "a new debt is planned to be repaid by points that are pending already": """
        0  add 50 from 5                 ->
        1  deduct 20 below zero          -> owes 20 1:20@5 2:-20@5
        """,
    "several pending lots repay in the order of their starts": """
        0  add 20 from 7                 ->
        0  add 20 from 5                 ->
        0  add 20 from 6                 ->
        1  deduct 50 below zero          -> owes 50 2:20@5 4:-20@5 3:20@6 4:-20@6 1:10@7 4:-10@7
        1  owing                         -> 7
        """,
    "of equal starts the soonest expiry repays first": """
        0  add 20 from 5                 ->
        0  add 20 from 5 until 9         ->
        1  deduct 30 below zero          -> owes 30 1:10@5 2:20@5 3:-30@5
        """,
    "points that expire before a debt arises leave it to the next": """
        0  add 20 until 2                ->
        0  add 20 from 5                 ->
        2  deduct 10 below zero          -> owes 10 2:10@5 3:-10@5
        """,
    "a lot that starts sooner takes over the plan": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 8                 -> 1:-20@8 2:20@8
        2  add 50 from 5                 -> 1:-20@5 3:20@5 1:20@8 2:-20@8
        2  owing                         -> 5
        8  deduct 80                     -> 3:30 2:50
        """,
    "a lot that starts sooner takes over what it can": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 8                 -> 1:-20@8 2:20@8
        2  add 15 from 5                 -> 1:-15@5 3:15@5 1:15@8 2:-15@8
        2  owing                         -> 8
        """,
    "a lot that starts later leaves the plan as it is": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 5                 -> 1:-20@5 2:20@5
        2  add 50 from 8                 ->
        """,
    "points that are active at once take over the plan": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 5                 -> 1:-20@5 2:20@5
        2  add 30                        -> 1:-20 3:20 1:20@5 2:-20@5
        2  owing                         -> nothing
        2  deduct 10                     -> 3:10
        5  deduct 50                     -> 2:50
        """,
    "points that are active at once take over what they can": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 5                 -> 1:-20@5 2:20@5
        2  add 12                        -> 1:-12 3:12 1:12@5 2:-12@5
        2  owing                         -> 5
        5  deduct 43                     -> only 42.00 active
        """,
    "a second debt is planned after the first": """
        0  deduct 20 below zero          -> owes 20
        1  add 30 from 5                 -> 1:-20@5 2:20@5
        2  deduct 15 below zero          -> owes 15 2:10@5 3:-10@5
        2  owing                         -> never
        3  add 30 from 7                 -> 3:-5@7 4:5@7
        3  owing                         -> 7
        """,
    "a plan that has come into effect is never changed": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 5                 -> 1:-20@5 2:20@5
        5  add 30                        ->
        5  deduct 61                     -> only 60.00 active
        """,
    "a plan can be changed until just before it comes into effect": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 5                 -> 1:-20@5 2:20@5
        5- add 30                        -> 1:-20 3:20 1:20@5 2:-20@5
        """,
    "a plan can change more than once": """
        0  deduct 20 below zero          -> owes 20
        1  add 50 from 9                 -> 1:-20@9 2:20@9
        2  add 50 from 7                 -> 1:-20@7 3:20@7 1:20@9 2:-20@9
        3  add 50 from 5                 -> 1:-20@5 4:20@5 1:20@7 3:-20@7
        4  add 50                        -> 1:-20 5:20 1:20@5 4:-20@5
        4  owing                         -> nothing
        """,
}


def table(stories: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("story", stories.values(), ids=stories.keys())


@table(REDEMPTION)
def test_points_are_spent_in_order_or_not_at_all(story: str) -> None:
    tell(story)


@table(DEBTS)
def test_what_is_not_covered_is_owed_and_repaid(story: str) -> None:
    tell(story)


@table(PLANS)
def test_repayments_by_pending_points_are_booked_ahead(story: str) -> None:
    tell(story)


def lot(
    lot_no: int, points: int, *, start_at: datetime = START, expires_at: datetime = NEVER
) -> Lot:
    return Lot(
        lot_no=lot_no, start_at=start_at, expires_at=expires_at, amount=points, remaining=points
    )


def test_lots_that_arrive_together_repay_in_the_order_in_which_they_are_spent() -> None:
    sooner = lot(3, 20, start_at=day("1"), expires_at=day("5"))
    longer = lot(2, 40, start_at=day("0"))
    debt = Lot(lot_no=1, start_at=START, expires_at=NEVER, amount=-50, remaining=-50)
    wallet = Wallet(lots=[sooner, longer], debts=[debt])
    allocations = settle(wallet, at=day("1"))
    taken = {(a.lot.lot_no, a.amount, a.effective_at) for a in allocations}
    assert {(3, 20, day("1")), (2, 30, day("1")), (1, -50, day("1"))} == taken


def test_a_plan_that_stands_needs_no_allocations() -> None:
    wallet = Wallet()
    add(wallet, 50, window(day("5"), NEVER), txn_no=1, at=day("0"))
    deduct(wallet, 20, txn_no=2, at=day("1"), below_zero=True)
    planned = dict(wallet.planned)
    assert settle(wallet, at=day("2")) == []
    assert planned == wallet.planned


def test_what_lots_have_left_is_their_amount_less_what_is_allocated_also_ahead() -> None:
    wallet = Wallet()
    add(wallet, 50, window(day("5"), NEVER), txn_no=1, at=day("0"))
    deduct(wallet, 20, txn_no=2, at=day("1"), below_zero=True)
    assert [(p.remaining, d.remaining) for p, d in zip(wallet.lots, wallet.debts, strict=True)] == [
        (30, 0)
    ]


def test_a_refused_deduction_leaves_the_lots_alone() -> None:
    wallet = Wallet(lots=[lot(1, 50), lot(2, 30)])
    with pytest.raises(InsufficientPoints) as refused:
        deduct(wallet, 81, txn_no=3, at=day("1"), below_zero=False)
    assert (refused.value.asked, refused.value.active) == ("0.81", "0.80")
    assert [each.remaining for each in wallet.lots] == [50, 30]


def test_lots_out_of_reach_count_as_active_points() -> None:
    wallet = Wallet(lots=[lot(1, 50)], unseen=30)
    assert active_points(wallet, at=day("1")) == 80
    with pytest.raises(InsufficientPoints) as refused:
        deduct(wallet, 81, txn_no=2, at=day("1"), below_zero=False)
    assert refused.value.active == "0.80"


@pytest.mark.parametrize("below_zero", [False, True])
def test_a_deduction_that_needs_lots_out_of_reach_is_a_fault(*, below_zero: bool) -> None:
    wallet = Wallet(lots=[lot(1, 50)], unseen=30)
    with pytest.raises(AssertionError, match="left unseen"):
        deduct(wallet, 51, txn_no=2, at=day("1"), below_zero=below_zero)
