"""Reads what a batch of postings needs and writes what it decided; see `sql/posting.sql`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tallystick.core.errors import Busy
from tallystick.core.ids import HolderId, ProgramId, SubledgerId
from tallystick.core.ledger import Allocation, Lot, Wallet
from tallystick.store.db import LockTimeout, Record, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("posting")

WalletKey = tuple[HolderId, ProgramId, SubledgerId]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedHolder:
    """A holder whose row is ours until the transaction ends."""

    last_no: int
    last_at: datetime
    owing_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an idempotency key stands for: the request's fingerprint and the answer as JSON."""

    fingerprint: bytes
    answer: str


@dataclass(slots=True, kw_only=True)
class Batch:
    """The rows of one batch, collected before anything is written.

    A lot's `remaining` is read when the batch is written.
    """

    transactions: list[tuple[Any, ...]] = field(default_factory=list)
    lots: list[tuple[WalletKey, Lot, datetime]] = field(default_factory=list)
    allocations: list[tuple[Any, ...]] = field(default_factory=list)
    changed: dict[tuple[HolderId, int], Lot] = field(default_factory=dict)
    holders: dict[HolderId, LockedHolder] = field(default_factory=dict)
    answers: dict[tuple[HolderId, str], Answer] = field(default_factory=dict)

    def add_allocations(
        self, key: WalletKey, allocations: Sequence[Allocation], *, txn_no: int, at: datetime
    ) -> None:
        """Note the allocations that transaction `txn_no` caused, recorded at `at`."""
        holder_id, program_id, subledger_id = key
        for seq, a in enumerate(allocations, start=1):
            lot = a.lot
            self.changed[holder_id, lot.lot_no] = lot
            self.allocations.append(
                (
                    holder_id,
                    lot.lot_no,
                    txn_no,
                    seq,
                    program_id,
                    subledger_id,
                    at,
                    a.effective_at,
                    lot.start_at,
                    lot.expires_at,
                    a.amount,
                    lot.amount < 0,
                )
            )


async def lock_holders(tx: Tx, holder_ids: Collection[HolderId]) -> dict[HolderId, LockedHolder]:
    """The holders that exist and were free, now locked."""
    return _locked(await tx.fetch(_SQL["lock_holders"], list(holder_ids)))


async def wait_for_holders(
    tx: Tx, holder_ids: Collection[HolderId], *, at_most_seconds: int
) -> dict[HolderId, LockedHolder]:
    """The holders that exist, locked. Errors: Busy if somebody else holds one for too long."""
    await tx.execute(_SQL["limit_wait"], f"{at_most_seconds}s")
    try:
        return _locked(await tx.fetch(_SQL["wait_for_holders"], list(holder_ids)))
    except LockTimeout as error:
        raise Busy("the member") from error


def _locked(rows: Iterable[Record]) -> dict[HolderId, LockedHolder]:
    return {
        row["holder_id"]: LockedHolder(
            last_no=row["last_no"], last_at=row["last_at"], owing_until=row["owing_until"]
        )
        for row in rows
    }


async def find_holders(tx: Tx, holder_ids: Collection[HolderId]) -> set[HolderId]:
    """Those that exist, whoever holds their locks."""
    rows = await tx.fetch(_SQL["find_holders"], list(holder_ids))
    return {row["holder_id"] for row in rows}


async def find_answers(
    tx: Tx, keys: Sequence[tuple[HolderId, str]]
) -> dict[tuple[HolderId, str], Answer]:
    """What was answered under these keys; keys that are new are left out."""
    rows = await tx.fetch(_SQL["find_answers"], [h for h, _ in keys], [k for _, k in keys])
    return {
        (row["holder_id"], row["key"]): Answer(fingerprint=row["fingerprint"], answer=row["answer"])
        for row in rows
    }


async def load_reachable(
    tx: Tx, reaches: Mapping[WalletKey, tuple[datetime, int]]
) -> dict[WalletKey, Wallet]:
    """Wallets with the active lots that deductions of so many points in all can touch."""
    wallets = {key: Wallet() for key in reaches}
    rows = await tx.fetch(
        _SQL["reachable_lots"],
        [key[0] for key in reaches],
        [key[1] for key in reaches],
        [key[2] for key in reaches],
        [at for at, _ in reaches.values()],
        [reach for _, reach in reaches.values()],
    )
    for row in rows:
        wallet = wallets[row["holder_id"], row["program_id"], row["subledger_id"]]
        if not wallet.lots:
            wallet.unseen = row["active"]
        wallet.unseen -= row["remaining"]
        wallet.lots.append(read_lot(row))
    return wallets


async def load_whole(
    tx: Tx, holders: Mapping[HolderId, datetime]
) -> defaultdict[WalletKey, Wallet]:
    """All wallets of these holders, whole, with what is booked ahead; empty ones appear on use."""
    wallets: defaultdict[WalletKey, Wallet] = defaultdict(Wallet)
    arguments = list(holders), list(holders.values())
    for row in await tx.fetch(_SQL["whole_lots"], *arguments):
        wallet = wallets[row["holder_id"], row["program_id"], row["subledger_id"]]
        lot = read_lot(row)
        (wallet.debts if lot.amount < 0 else wallet.lots).append(lot)
    for wallet in wallets.values():
        wallet.debts.sort(key=lambda debt: debt.lot_no)
    for row in await tx.fetch(_SQL["planned_allocations"], *arguments):
        wallet = wallets[row["holder_id"], row["program_id"], row["subledger_id"]]
        wallet.planned[row["lot_no"], row["effective_at"]] = row["amount"]
    return wallets


def read_lot(row: Record) -> Lot:
    """A lot from a row that has its columns."""
    return Lot(
        lot_no=row["lot_no"],
        start_at=row["start_at"],
        expires_at=row["expires_at"],
        amount=row["amount"],
        remaining=row["remaining"],
    )


async def write_batch(tx: Tx, batch: Batch, *, now: datetime) -> None:
    """Write the rows of a batch; the holders are locked."""
    if batch.holders:
        await tx.execute(_SQL["update_holders"], *_holder_columns(batch))
    if batch.transactions:
        await tx.execute(_SQL["insert_transactions"], *_columns(batch.transactions))
    if batch.lots:
        await tx.execute(_SQL["insert_lots"], *_columns(_lot_rows(batch)))
    if batch.allocations:
        await tx.execute(_SQL["insert_allocations"], *_columns(batch.allocations))
    if changed := _changed_rows(batch):
        await tx.execute(_SQL["update_lots"], *_columns(changed))
    if batch.answers:
        await _write_answers(tx, batch, now)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))


def _holder_columns(batch: Batch) -> list[tuple[Any, ...]]:
    return _columns(
        [(holder_id, h.last_no, h.last_at, h.owing_until) for holder_id, h in batch.holders.items()]
    )


def _lot_rows(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (
            *key[:1],
            lot.lot_no,
            *key[1:],
            at,
            lot.start_at,
            lot.expires_at,
            lot.amount,
            lot.remaining,
        )
        for key, lot, at in batch.lots
    ]


def _changed_rows(batch: Batch) -> list[tuple[HolderId, int, int]]:
    new = {(key[0], lot.lot_no) for key, lot, _ in batch.lots}
    return [
        (holder_id, lot_no, lot.remaining)
        for (holder_id, lot_no), lot in batch.changed.items()
        if (holder_id, lot_no) not in new
    ]


async def _write_answers(tx: Tx, batch: Batch, now: datetime) -> None:
    holder_ids, keys = zip(*batch.answers, strict=True)
    await tx.execute(
        _SQL["insert_answers"],
        holder_ids,
        keys,
        now,
        [answer.fingerprint for answer in batch.answers.values()],
        [answer.answer for answer in batch.answers.values()],
    )


def transaction_row(  # noqa: PLR0913 - one argument a column, by name
    key: WalletKey,
    *,
    txn_no: int,
    transaction_uuid: UUID,
    kind: int,
    source: int,
    amount: int,
    at: datetime,
    shown_start_at: datetime | None,
    shown_expires_at: datetime,
    creates_negative: bool,
    validity: str | None,
    name: str,
    user_id: int | None,
    session_id: str | None,
) -> tuple[Any, ...]:
    """A row for `Batch.transactions`, in the order of the query's columns."""
    holder_id, program_id, subledger_id = key
    return (
        holder_id,
        txn_no,
        transaction_uuid,
        program_id,
        subledger_id,
        kind,
        source,
        amount,
        at,
        shown_start_at,
        shown_expires_at,
        creates_negative,
        validity,
        name,
        user_id,
        session_id,
    )
