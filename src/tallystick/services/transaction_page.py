"""One transaction: how it came about, what it took or added, and what became of that."""

from dataclasses import dataclass
from uuid import UUID

from tallystick.core.errors import NotFound
from tallystick.core.ids import ApprovalId
from tallystick.core.programs import Program
from tallystick.core.transactions import Amendment, LotState, RecordedTransaction, Taking
from tallystick.services.context import Context
from tallystick.store import transactions as store
from tallystick.store.approvals import find_by_transaction

_ID_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionPage:
    """A transaction as of one moment of the books; everything below is in the order of effect.

    lot: what it made, None for a deduction that active points covered.
    amendments: what later entries made of it.
    took: what it took from the points of other additions.
    taken: what was taken from the points that it added; by itself, when it repaid debts at once.
    repaid: of the debt that it made, what was repaid or will be.
    repays: of other debts, what it repaid.
    approval_id: the request by whose approval it was posted.
    """

    recorded: RecordedTransaction
    lot: LotState | None
    amendments: list[Amendment]
    took: list[Taking]
    taken: list[Taking]
    repaid: list[Taking]
    repays: list[Taking]
    approval_id: ApprovalId | None


async def transaction_page(context: Context, program: Program, name: UUID | int) -> TransactionPage:
    """The transaction of that uuid or id, also one that was taken back.

    Who names the activation or the taking back of a transaction gets that transaction. Errors:
    NotFound.
    """
    now = context.clock()
    async with context.database.snapshot() as reader:
        found = None
        if isinstance(name, UUID) or 0 <= name <= _ID_MAX:
            found = await store.find_transaction(reader, program.id, name)
        if found is None:
            raise NotFound("transaction", str(name))
        holder_id, recorded = found
        lot = await store.find_lot(reader, holder_id, recorded.number, at=now)
        amendments = await store.list_amendments(reader, holder_id, recorded.number)
        takings = await store.list_takings(reader, holder_id, recorded.number)
        approval_id = await find_by_transaction(reader, recorded.transaction.uuid)
    number = recorded.transaction.id
    return TransactionPage(
        recorded=recorded,
        lot=lot,
        amendments=amendments,
        took=[each for each in takings if not each.is_debt and each.lot_of.id != number],
        taken=[each for each in takings if not each.is_debt and each.lot_of.id == number],
        repaid=[each for each in takings if each.is_debt and each.lot_of.id == number],
        repays=[each for each in takings if each.is_debt and each.lot_of.id != number],
        approval_id=approval_id,
    )
