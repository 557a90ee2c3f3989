"""All that a member has in a program at once: balances, transactions and unused points."""

from dataclasses import dataclass
from datetime import datetime

from tallystick.core.balances import Balance
from tallystick.core.errors import NotFound
from tallystick.core.ids import HolderId, IntegrationId, profile_holder
from tallystick.core.programs import Program
from tallystick.core.transactions import PointsStatus, Transaction, UnusedPoints
from tallystick.services.context import Context
from tallystick.store import balances as balances_store
from tallystick.store import transactions as transactions_store
from tallystick.store import unused_points as points_store
from tallystick.store.db import Reader

LIST_LENGTH_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FullLedger:
    """What a member has in a program at `at`, over all its ledgers.

    Each list has at most LIST_LENGTH_MAX entries: the newest transactions, and of the unused points
    those that expire first, or for the expired ones last. The balances count everything.
    """

    at: datetime
    balances: dict[str, Balance]
    transactions: list[Transaction]
    active: list[UnusedPoints]
    pending: list[UnusedPoints]
    expired: list[UnusedPoints]


async def full_ledger(
    context: Context, program: Program, integration_id: IntegrationId
) -> FullLedger:
    """The ledger of a member as it stands, all of it seen at one moment. Errors: NotFound."""
    now = context.clock()
    holder_id = profile_holder(integration_id, program.environment)
    async with context.database.snapshot() as reader:
        balances = await balances_store.holder_balances(
            reader, holder_id, program.id, at=now, known_at=now
        )
        if balances is None:
            raise NotFound("customer profile", integration_id)
        transactions = await transactions_store.holder_transactions(
            reader,
            holder_id,
            program.id,
            wanted=transactions_store.TransactionFilter(),
            at_most=LIST_LENGTH_MAX,
            skip=0,
        )
        view = _View(reader=reader, holder_id=holder_id, program=program, at=now)
        return FullLedger(
            at=now,
            balances={"": Balance()} | balances,
            transactions=transactions or [],
            active=await view.unused(PointsStatus.ACTIVE, "expiryDate"),
            pending=await view.unused(PointsStatus.PENDING, "expiryDate"),
            expired=await view.unused(PointsStatus.EXPIRED, "-expiryDate"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The moment at which a member's points are looked at."""

    reader: Reader
    holder_id: HolderId
    program: Program
    at: datetime

    async def unused(self, status: PointsStatus, sort: str) -> list[UnusedPoints]:
        return await points_store.unused_points(
            self.reader,
            self.holder_id,
            self.program.id,
            at=self.at,
            wanted=points_store.PointsFilter(status=status, sort=sort),
            at_most=LIST_LENGTH_MAX,
        )
