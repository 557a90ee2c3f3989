"""Reading all of a member's ledger at once, as older clients do."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

import msgspec

from tallystick.api.activation import LedgerEntryBody
from tallystick.api.operations import Call, Nothing
from tallystick.core.balances import Balance
from tallystick.core.ids import IntegrationId
from tallystick.core.points import decimal_of
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source, Transaction, UnusedPoints
from tallystick.core.validity import NEVER, render_instant
from tallystick.edges.transactions import Flags
from tallystick.services.full_ledger import LIST_LENGTH_MAX, FullLedger, full_ledger


class OneLedgerBody(msgspec.Struct):
    """One ledger: what it adds up to, and its entries. `total` is what is active."""

    total: Decimal
    totalActivePoints: Decimal
    totalPendingPoints: Decimal
    totalSpentPoints: Decimal
    totalExpiredPoints: Decimal
    totalNegativePoints: Decimal
    transactions: list[LedgerEntryBody]
    expiringPoints: list[LedgerEntryBody]
    activePoints: list[LedgerEntryBody]
    pendingPoints: list[LedgerEntryBody]
    expiredPoints: list[LedgerEntryBody]


class FullLedgerBody(msgspec.Struct):
    """The main ledger of a member, and the subledgers by name."""

    ledger: OneLedgerBody
    subLedgers: dict[str, OneLedgerBody]


async def get_ledger(call: Call[Nothing, Nothing]) -> FullLedgerBody:
    """All of a member's ledgers with their entries, as they stand now. Deprecated.

    The totals count everything. Each list holds at most 1000 entries over all ledgers: the newest
    transactions and expiries, and the points that expire first.
    """
    program, integration_id = await call.profile_program(), call.integration_id()
    ledger = await full_ledger(call.context, program, integration_id)
    entries = _Entries(program, integration_id)
    lists = {
        "transactions": entries.transactions(ledger),
        "expiringPoints": entries.expiring(ledger),
        "activePoints": [entries.unused(each, "addition") for each in ledger.active],
        "pendingPoints": [entries.unused(each, "addition") for each in ledger.pending],
        "expiredPoints": [entries.unused(each, "expire") for each in ledger.expired],
    }
    by_ledger: dict[str, dict[str, list[LedgerEntryBody]]] = defaultdict(
        lambda: {name: [] for name in lists}
    )
    for name, found in lists.items():
        for entry in found:
            by_ledger[entry.subLedgerID][name].append(entry)
    bodies = {
        name: _ledger_body(balance, by_ledger[name]) for name, balance in ledger.balances.items()
    }
    return FullLedgerBody(ledger=bodies.pop(""), subLedgers=bodies)


def _ledger_body(balance: Balance, lists: dict[str, list[LedgerEntryBody]]) -> OneLedgerBody:
    return OneLedgerBody(
        total=decimal_of(balance.active),
        totalActivePoints=decimal_of(balance.active),
        totalPendingPoints=decimal_of(balance.pending),
        totalSpentPoints=decimal_of(balance.spent),
        totalExpiredPoints=decimal_of(balance.expired),
        totalNegativePoints=decimal_of(balance.negative),
        **lists,
    )


class _Entries:
    """Makes the entries of one member's ledgers."""

    def __init__(self, program: Program, integration_id: IntegrationId) -> None:
        self._program = program
        self._integration_id = integration_id

    def transactions(self, ledger: FullLedger) -> list[LedgerEntryBody]:
        """What happened, the newest first: additions, subtractions, and points that expired."""
        happened = [(each.recorded_at, self._transaction(each)) for each in ledger.transactions]
        happened += [(each.expires_at, self._expiry(each)) for each in ledger.expired]
        happened.sort(key=lambda pair: pair[0], reverse=True)
        return [entry for _, entry in happened[:LIST_LENGTH_MAX]]

    def expiring(self, ledger: FullLedger) -> list[LedgerEntryBody]:
        """Points that will expire if they are not spent, the soonest first."""
        unused = (*ledger.active, *ledger.pending)
        limited = sorted(
            (each for each in unused if each.expires_at != NEVER), key=lambda each: each.expires_at
        )
        return [self.unused(each, "expiring") for each in limited[:LIST_LENGTH_MAX]]

    def unused(self, points: UnusedPoints, kind: str) -> LedgerEntryBody:
        """What is left of an addition's points."""
        return LedgerEntryBody(
            created=render_instant(points.recorded_at),
            programID=self._program.id,
            type=kind,
            amount=decimal_of(points.left),
            name=points.name,
            subLedgerID=points.subledger,
            customerProfileID=self._integration_id,
            customerSessionID=points.session_id,
            startDate=_date(points.start_at),
            expiryDate=_date(points.expires_at),
            userID=points.user_id,
            validityDuration=points.validity,
        )

    def _expiry(self, points: UnusedPoints) -> LedgerEntryBody:
        """The event that points expired, at the moment when they did."""
        entry = self.unused(points, "expire")
        entry.created = render_instant(points.expires_at)
        return entry

    def _transaction(self, transaction: Transaction) -> LedgerEntryBody:
        return LedgerEntryBody(
            created=render_instant(transaction.recorded_at),
            programID=self._program.id,
            type="addition" if transaction.kind is Kind.ADDITION else "subtraction",
            amount=decimal_of(transaction.amount),
            name=transaction.name,
            subLedgerID=transaction.subledger,
            customerProfileID=self._integration_id,
            customerSessionID=transaction.session_id,
            startDate=_date(transaction.start_at),
            expiryDate=_date(transaction.expires_at),
            userID=transaction.user_id if transaction.source is Source.MANUAL else None,
            flags=Flags(createsNegativeBalance=True) if transaction.creates_negative else None,
            validityDuration=transaction.validity,
        )


def _date(at: datetime | None) -> str | None:
    """A date, left out where there is none: immediate, on_action, unlimited."""
    return None if at is None or at == NEVER else render_instant(at)
