"""The staging and writing of the undo of an import; see `sql/undo.sql`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.errors import AlreadyUndone
from tallystick.core.ids import (
    HolderId,
    ImportId,
    IntegrationId,
    ProgramId,
    SubledgerId,
    UserId,
)
from tallystick.core.ledger import Wallet
from tallystick.core.points import Points
from tallystick.store.db import Reader, Tx, refused_as
from tallystick.store.posting import WalletKey, read_lot
from tallystick.store.queries import load_queries

_SQL = load_queries("undo")

UuidRange = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """When and by whom an import was undone, and whether what was spent was deducted."""

    recorded_at: datetime
    user_id: UserId | None
    below_zero: bool
    amount: Points
    spent: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """When an import was recorded, and its undo if there is one."""

    recorded_at: datetime
    undone: Undone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What staged additions come to: how many stand, of how many something is taken back."""

    row_count: int
    taken_count: int
    member_count: int
    pending: Points
    active: Points
    expired: Points
    repaid: Points
    spent: Points

    @property
    def taken(self) -> Points:
        """All that is taken back."""
        return Points(self.pending + self.active + self.expired + self.repaid)


@dataclass(frozen=True, slots=True, kw_only=True)
class BelowZero:
    """What a member would owe in a ledger beyond what is owed today."""

    integration_id: IntegrationId
    subledger: str
    points: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedWallet:
    """A wallet in which points of the import were spent, or whose holder owes points.

    newest_no: the last entry that takes something back from it, None if there is none.
    """

    holder_id: HolderId
    subledger_id: SubledgerId
    at: datetime
    last_no: int
    newest_no: int | None
    repaid: Points
    spent: Points


async def find_import(reader: Reader, program_id: ProgramId, import_id: ImportId) -> Import | None:
    """The import, None if the program has none of that id."""
    row = await reader.fetchrow(_SQL["find_import"], program_id, import_id)
    if row is None:
        return None
    undone = None
    if row["undone_at"] is not None:
        undone = Undone(
            recorded_at=row["undone_at"],
            user_id=row["undone_by"],
            below_zero=row["below_zero"],
            amount=Points(row["amount"]),
            spent=Points(row["spent"]),
        )
    return Import(recorded_at=row["recorded_at"], undone=undone)


async def stage_holders(tx: Tx, import_id: ImportId, uuids: UuidRange) -> None:
    """Note the members of the import whose transactions lie in this range."""
    await tx.execute(_SQL["give_room"])
    await tx.execute(_SQL["create_holders"])
    await tx.execute(_SQL["stage_holders"], import_id, *uuids)
    await tx.execute(_SQL["analyze_holders"])


async def lock_holders(tx: Tx) -> None:
    """Lock the members that were noted, waiting for those that others hold."""
    await tx.execute(_SQL["lock_holders"])


async def stage_entries(
    tx: Tx, program_id: ProgramId, import_id: ImportId, uuids: UuidRange, *, now: datetime
) -> Sums:
    """Stage what still stands of the import, and sum it up."""
    await tx.execute(_SQL["create_entries"])
    await tx.execute(_SQL["stage_entries"], import_id, *uuids, now, program_id)
    await tx.execute(_SQL["analyze_entries"])
    await tx.execute(_SQL["create_wallets"])
    await tx.execute(_SQL["stage_wallets"])
    row = await tx.fetchrow(_SQL["sum_entries"])
    assert row is not None
    return Sums(**row)


async def list_below_zero(
    tx: Tx, program_id: ProgramId, *, at_most: int
) -> tuple[list[BelowZero], int, Points]:
    """Who would owe the most if what was spent were deducted; how many, and how much, in all."""
    rows = await tx.fetch(_SQL["list_below_zero"], program_id, at_most)
    first = [
        BelowZero(
            integration_id=row["integration_id"],
            subledger=row["subledger"],
            points=Points(row["points"]),
        )
        for row in rows
    ]
    if not rows:
        return first, 0, Points(0)
    return first, rows[0]["in_all"], Points(rows[0]["points_in_all"])


async def take_back(
    tx: Tx,
    program_id: ProgramId,
    import_id: ImportId,
    *,
    user_id: UserId | None,
    uuid_prefix: str,
) -> None:
    """Write the opposites of what was staged, and close its lots.

    Units: `uuid_prefix` are the first 24 hexadecimal digits of the new transactions' uuids.
    """
    await tx.execute(_SQL["enter_opposites"], import_id, program_id, user_id, uuid_prefix)
    await tx.execute(_SQL["number_holders"])
    await tx.execute(_SQL["take_back_unspent"], program_id)
    await tx.execute(_SQL["take_back_more"], program_id)
    await tx.execute(_SQL["close_lots"])


async def next_wallets(tx: Tx, after: HolderId, *, holders_at_most: int) -> list[TouchedWallet]:
    """The wallets of the next members whom the core must settle, by holder."""
    rows = await tx.fetch(_SQL["next_wallets"], after, holders_at_most)
    return [TouchedWallet(**row) for row in rows]


async def add_repaid_debts(
    tx: Tx, program_id: ProgramId, wallets: Mapping[WalletKey, Wallet]
) -> None:
    """Put the debts that are repaid in full into these wallets of the program, in their order."""
    holder_ids = list({key[0] for key in wallets})
    for row in await tx.fetch(_SQL["repaid_debts"], holder_ids, program_id):
        wallet = wallets.get((row["holder_id"], row["program_id"], row["subledger_id"]))
        if wallet and all(debt.lot_no != row["lot_no"] for debt in wallet.debts):
            wallet.debts.append(read_lot(row))
    for wallet in wallets.values():
        wallet.debts.sort(key=lambda debt: debt.lot_no)


async def insert_undo(  # noqa: PLR0913 - by name
    tx: Tx,
    import_id: ImportId,
    sums: Sums,
    *,
    now: datetime,
    user_id: UserId | None,
    key_id: int | None,
    below_zero: bool,
) -> None:
    """Insert the undo's own row. Errors: AlreadyUndone."""
    with refused_as({"import_undo_pkey": AlreadyUndone(import_id)}):
        await tx.execute(
            _SQL["insert_undo"],
            import_id,
            now,
            user_id,
            key_id,
            sums.taken_count,
            sums.taken,
            sums.repaid,
            sums.spent,
            below_zero,
        )
