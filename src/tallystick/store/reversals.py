"""Entries about other entries: activations, and the reversals of whole ledgers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tallystick.core.ids import (
    HolderId,
    IntegrationId,
    ProgramId,
    SubledgerId,
    UserId,
)
from tallystick.core.ledger import Lot
from tallystick.store.closing import touch_taken_back
from tallystick.store.db import Tx
from tallystick.store.posting import LockedHolder, WalletKey
from tallystick.store.queries import load_queries

_SQL = load_queries("reversals")

EntryKey = tuple[HolderId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """An entry whose points await activation, and the lot they wait in."""

    holder_id: HolderId
    integration_id: IntegrationId
    wallet: WalletKey
    subledger: str
    lot: Lot
    uuid: UUID
    recorded_at: datetime
    name: str
    session_id: str | None
    user_id: UserId | None
    validity: str | None
    shown_expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """Entry `txn_no` activates entry `of_no` of the same holder at an instant."""

    holder_id: HolderId
    txn_no: int
    of_no: int
    uuid: UUID
    at: datetime
    shown_expires_at: datetime


async def find_transactions(
    tx: Tx, program_id: ProgramId, uuids: Collection[UUID]
) -> dict[UUID, EntryKey]:
    """Where these transactions stand; unknown ones are left out."""
    rows = await tx.fetch(_SQL["find_transactions"], program_id, list(uuids))
    return {row["transaction_uuid"]: (row["holder_id"], row["txn_no"]) for row in rows}


async def find_session(tx: Tx, program_id: ProgramId, session_id: str) -> list[EntryKey]:
    """The entries of a session; empty if the program knows none."""
    rows = await tx.fetch(_SQL["find_session_transactions"], program_id, session_id)
    return [(row["holder_id"], row["txn_no"]) for row in rows]


async def find_awaiting(tx: Tx, entries: Sequence[EntryKey], *, at: datetime) -> list[Awaiting]:
    """Those entries whose points still await activation, by holder in the order of recording."""
    holder_ids, numbers = [entry[0] for entry in entries], [entry[1] for entry in entries]
    rows = await tx.fetch(_SQL["awaiting_activation"], holder_ids, numbers, at)
    return [
        Awaiting(
            holder_id=row["holder_id"],
            integration_id=row["integration_id"],
            wallet=(row["holder_id"], row["program_id"], row["subledger_id"]),
            subledger=row["subledger"],
            lot=Lot(
                lot_no=row["txn_no"],
                start_at=row["start_at"],
                expires_at=row["expires_at"],
                amount=row["amount"],
                remaining=row["remaining"],
            ),
            uuid=row["transaction_uuid"],
            recorded_at=row["recorded_at"],
            name=row["name"],
            session_id=row["session_id"],
            user_id=row["user_id"],
            validity=row["validity"],
            shown_expires_at=row["shown_expires_at"],
        )
        for row in rows
    ]


async def write_activations(tx: Tx, activations: Sequence[Activation]) -> None:
    """Write the entries and close the lots in which the points waited."""
    holder_ids = [a.holder_id for a in activations]
    numbers, of_nos = [a.txn_no for a in activations], [a.of_no for a in activations]
    instants = [a.at for a in activations]
    await tx.execute(
        _SQL["insert_activations"],
        holder_ids,
        numbers,
        of_nos,
        [a.uuid for a in activations],
        instants,
        [a.shown_expires_at for a in activations],
    )
    await tx.execute(_SQL["close_activated_lots"], holder_ids, numbers, of_nos, instants)


async def take_back(  # noqa: PLR0913 - by name
    tx: Tx,
    holder: tuple[HolderId, LockedHolder],
    program_id: ProgramId,
    *,
    subledger_ids: Sequence[SubledgerId] | None,
    now: datetime,
    user_id: UserId | None,
    uuid_prefix: str,
) -> int:
    """Take back all that the holder has in these ledgers, all of the program's if None.

    What comes back is how many transactions that were. Units: `uuid_prefix` are the first 24
    hexadecimal digits of the new transactions' uuids.
    """
    holder_id, locked = holder
    last_no = await tx.fetchval(
        _SQL["take_back_transactions"],
        holder_id,
        program_id,
        subledger_ids,
        now,
        user_id,
        uuid_prefix,
    )
    if last_no is None:
        return 0
    await tx.execute(_SQL["take_back_lots"], holder_id, locked.last_no + 1, last_no)
    await touch_taken_back(tx, holder_id, locked.last_no + 1, last_no)
    return int(last_no - locked.last_no)
