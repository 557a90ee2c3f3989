"""The one way into the ledger: a batch of postings, decided in `core` and written together.

Each posting has an outcome of its own; a refusal never harms its neighbours. Holders are locked
before anything about them is read, so every decision rests on what is true until the commit.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import msgspec

from tallystick.core.errors import (
    InsufficientPoints,
    KeyReused,
    NotFound,
    NotSupported,
    Refusal,
)
from tallystick.core.ids import (
    HolderId,
    IntegrationId,
    ProgramId,
    SubledgerId,
    UserId,
    profile_holder,
    uuid7,
)
from tallystick.core.ledger import NOT_OWING, Entry, Wallet, add, deduct
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind, Source
from tallystick.core.validity import NEVER, Expiry, Start, Window, resolve_window
from tallystick.services.programs import CARDS
from tallystick.store import posting as store
from tallystick.store import programs as program_store
from tallystick.store.db import Tx

UNKNOWN_SUBLEDGER = SubledgerId(-1)  # stands for one that a refused deduction must not make


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The wish to add or deduct points; `start` and `expiry` None mean the program's defaults."""

    program_id: ProgramId
    integration_id: IntegrationId
    kind: Kind
    points: Points
    name: str = ""
    subledger: str = ""
    start: Start | None = None
    expiry: Expiry | None = None
    source: Source = Source.MANUAL
    user_id: UserId | None = None
    session_id: str | None = None
    idempotency_key: str | None = None

    def fingerprint(self) -> bytes:
        """What makes this request the same as another one under the same idempotency key."""
        wish = replace(self, idempotency_key=None, user_id=None)
        return hashlib.sha256(repr(wish).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The transactions that a posting made, or had made when its key was first sent."""

    transaction_uuids: tuple[UUID, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The holder was locked by another transaction; nothing was decided, post again."""


Outcome = Posted | Refusal | Waiting


@dataclass(slots=True, kw_only=True)
class _Holder:
    """A locked holder as the batch goes on; `at` is the instant of all it records."""

    last_no: int
    at: datetime
    owing_until: datetime
    touched: bool = False


@dataclass(slots=True, kw_only=True)
class _State:
    """All that the decisions of one batch rest on and lead to."""

    now: datetime
    uuids: Iterator[UUID]
    programs: dict[ProgramId, Program]
    subledgers: dict[program_store.SubledgerName, SubledgerId]
    holders: dict[HolderId, _Holder] = field(default_factory=dict)
    waiting: set[HolderId] = field(default_factory=set)
    answers: dict[tuple[HolderId, str], store.Answer] = field(default_factory=dict)
    wallets: defaultdict[store.WalletKey, Wallet] = field(
        default_factory=lambda: defaultdict(Wallet)
    )
    whole: set[HolderId] = field(default_factory=set)
    batch: store.Batch = field(default_factory=store.Batch)


async def post(tx: Tx, postings: Sequence[Posting], *, now: datetime) -> list[Outcome]:
    """The outcomes of the postings, in their order; written, but for the caller to commit.

    Units: everything is recorded at `now`, or at the holder's last entry if that is later.
    """
    program_ids = sorted({posting.program_id for posting in postings})
    programs = await program_store.find_programs(tx, program_ids)
    addressed = [(posting, _holder_id(posting, programs)) for posting in postings]
    state = _State(now=now, programs=programs, subledgers={}, uuids=_uuids(len(postings), now))
    await _lock(tx, state, sorted({h for _, h in addressed if h}))
    await _find_answers(tx, state, addressed)
    await _find_subledgers(tx, state, postings)
    await _load_wallets(tx, state, addressed)
    outcomes = [_outcome(state, posting, holder_id) for posting, holder_id in addressed]
    _note_holders(state)
    await store.write_batch(tx, state.batch, now=now)
    return outcomes


def _holder_id(posting: Posting, programs: dict[ProgramId, Program]) -> HolderId | None:
    program = programs.get(posting.program_id)
    if program is None or program.settings.card_based:
        return None
    return profile_holder(posting.integration_id, program.environment)


def _uuids(postings: int, now: datetime) -> Iterator[UUID]:
    """Enough transaction uuids: a deduction below zero needs two."""
    randomness = os.urandom(20 * postings)
    return (uuid7(now, randomness[i : i + 10]) for i in range(0, len(randomness), 10))


async def _lock(tx: Tx, state: _State, holder_ids: list[HolderId]) -> None:
    for holder_id, locked in (await store.lock_holders(tx, holder_ids)).items():
        state.holders[holder_id] = _Holder(
            last_no=locked.last_no,
            at=max(state.now, locked.last_at),
            owing_until=locked.owing_until,
        )
    if absent := [holder_id for holder_id in holder_ids if holder_id not in state.holders]:
        state.waiting = await store.find_holders(tx, absent)


Addressed = Sequence[tuple[Posting, HolderId | None]]


async def _find_answers(tx: Tx, state: _State, addressed: Addressed) -> None:
    keys = {
        (holder_id, posting.idempotency_key)
        for posting, holder_id in addressed
        if posting.idempotency_key is not None and holder_id in state.holders
    }
    if keys:
        state.answers = await store.find_answers(tx, sorted(keys))


async def _find_subledgers(tx: Tx, state: _State, postings: Sequence[Posting]) -> None:
    """Find them, and make those that an addition or a debt needs where the program allows it."""
    makes: set[program_store.SubledgerName] = set()
    finds: set[program_store.SubledgerName] = set()
    for posting in postings:
        program = state.programs.get(posting.program_id)
        if program is None or (posting.subledger and not program.settings.allow_subledger):
            continue
        needed = posting.kind is Kind.ADDITION or program.may_go_below_zero
        (makes if needed else finds).add((posting.program_id, posting.subledger))
    state.subledgers = await program_store.ensure_subledgers(tx, makes)
    if finds := finds - makes:
        state.subledgers |= await program_store.find_subledgers(tx, finds)


async def _load_wallets(tx: Tx, state: _State, addressed: Addressed) -> None:
    """Load whole wallets where debts are or may come to be, else what deductions can reach."""
    reaches: defaultdict[store.WalletKey, int] = defaultdict(int)
    for posting, holder_id in addressed:
        holder = state.holders.get(holder_id) if holder_id else None
        if holder is None or holder_id is None:
            continue
        deduction = posting.kind is Kind.SUBTRACTION
        below_zero = state.programs[posting.program_id].may_go_below_zero
        if holder.owing_until > holder.at or (deduction and below_zero):
            state.whole.add(holder_id)
        elif deduction and (key := _wallet_key(state, posting, holder_id)):
            reaches[key] += posting.points
    if state.whole:
        whole = {holder_id: state.holders[holder_id].at for holder_id in sorted(state.whole)}
        state.wallets = await store.load_whole(tx, whole)
    if parts := {
        key: (state.holders[key[0]].at, reach)
        for key, reach in reaches.items()
        if key[0] not in state.whole
    }:
        state.wallets |= await store.load_reachable(tx, parts)


def _wallet_key(state: _State, posting: Posting, holder_id: HolderId) -> store.WalletKey | None:
    subledger_id = state.subledgers.get((posting.program_id, posting.subledger))
    return None if subledger_id is None else (holder_id, posting.program_id, subledger_id)


def _outcome(state: _State, posting: Posting, holder_id: HolderId | None) -> Outcome:
    """Decide one posting."""
    key = posting.idempotency_key
    if stopped := _guard(state, posting, holder_id):
        return stopped
    assert holder_id is not None
    if key is not None and (answer := state.answers.get((holder_id, key))):
        return _replay(posting, key, answer)
    try:
        outcome: Outcome = _enter(state, posting, holder_id)
    except Refusal as refusal:
        outcome = refusal
    if key is not None:
        _remember(state, posting, holder_id, key, outcome)
    return outcome


def _guard(state: _State, posting: Posting, holder_id: HolderId | None) -> Refusal | Waiting | None:
    """What stands against the posting before points are looked at, in the order that wins."""
    program = state.programs.get(posting.program_id)
    if program is None:
        return NotFound("loyalty program", str(posting.program_id))
    if program.settings.card_based:
        return NotSupported("loyaltyProgramId", CARDS)
    if posting.subledger and not program.settings.allow_subledger:
        return NotSupported("subledgerId", NO_SUBLEDGERS)
    if holder_id in state.waiting:
        return Waiting()
    if holder_id not in state.holders:
        return NotFound("customer profile", posting.integration_id)
    return None


NO_SUBLEDGERS = "this program has no subledgers; leave it out"


def _enter(state: _State, posting: Posting, holder_id: HolderId) -> Posted:
    program, holder = state.programs[posting.program_id], state.holders[holder_id]
    key = _wallet_key(state, posting, holder_id) or (holder_id, program.id, UNKNOWN_SUBLEDGER)
    wallet, window = state.wallets[key], None
    if posting.kind is Kind.ADDITION:
        window = _window(program, posting, holder.at)
        entries = [add(wallet, posting.points, window, txn_no=holder.last_no + 1, at=holder.at)]
    else:
        entries = deduct(
            wallet,
            posting.points,
            txn_no=holder.last_no + 1,
            at=holder.at,
            below_zero=program.may_go_below_zero,
        )
    holder.last_no += len(entries)
    holder.touched = True
    return Posted(
        transaction_uuids=tuple(
            _note(state, posting, key, entry, window, holder.at) for entry in entries
        )
    )


def _window(program: Program, posting: Posting, at: datetime) -> Window:
    settings = program.settings
    return resolve_window(
        settings.start if posting.start is None else posting.start,
        settings.expiry if posting.expiry is None else posting.expiry,
        at=at,
        zone=settings.timezone,
    )


def _note(  # noqa: PLR0913, PLR0917 - an entry and all it belongs to
    state: _State,
    posting: Posting,
    key: store.WalletKey,
    entry: Entry,
    window: Window | None,
    at: datetime,
) -> UUID:
    """Note the rows of an entry; the transaction's uuid comes back."""
    batch, transaction_uuid = state.batch, next(state.uuids)
    batch.transactions.append(
        store.transaction_row(
            key,
            txn_no=entry.txn_no,
            transaction_uuid=transaction_uuid,
            kind=posting.kind,
            source=posting.source,
            amount=entry.amount,
            at=at,
            shown_start_at=window.shown_start_at if window else None,
            shown_expires_at=window.shown_expires_at if window else NEVER,
            creates_negative=entry.lot is not None and entry.lot.amount < 0,
            validity=window.validity if window else None,
            name=posting.name,
            user_id=posting.user_id,
            session_id=posting.session_id,
        )
    )
    if entry.lot is not None:
        batch.add_lot(key, entry.lot, at=at)
    batch.add_allocations(key, entry.allocations, txn_no=entry.txn_no, at=at)
    return transaction_uuid


def _note_holders(state: _State) -> None:
    """Note where the numbers, the clock and the debts of each holder have come to."""
    owing: defaultdict[HolderId, datetime] = defaultdict(lambda: NOT_OWING)
    for (holder_id, *_), wallet in state.wallets.items():
        owing[holder_id] = max(owing[holder_id], wallet.owing_until())
    for holder_id, holder in state.holders.items():
        if holder.touched:
            whole = holder_id in state.whole
            state.batch.holders[holder_id] = store.LockedHolder(
                last_no=holder.last_no,
                last_at=holder.at,
                owing_until=owing[holder_id] if whole else holder.owing_until,
            )


class _StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept under an idempotency key: transactions, or points asked for and active."""

    transactions: tuple[UUID, ...] = ()
    asked: str | None = None
    active: str | None = None


def _remember(
    state: _State, posting: Posting, holder_id: HolderId, key: str, outcome: Outcome
) -> None:
    """Keep what was posted, and refusals for lack of points; other refusals would come again."""
    match outcome:
        case Posted(transaction_uuids=uuids):
            stored = _StoredAnswer(transactions=uuids)
        case InsufficientPoints(asked=asked, active=active):
            stored = _StoredAnswer(asked=asked, active=active)
        case _:
            return
    answer = store.Answer(
        fingerprint=posting.fingerprint(), answer=msgspec.json.encode(stored).decode()
    )
    state.answers[holder_id, key] = state.batch.answers[holder_id, key] = answer


def _replay(posting: Posting, key: str, answer: store.Answer) -> Outcome:
    if answer.fingerprint != posting.fingerprint():
        return KeyReused(key)
    stored = msgspec.json.decode(answer.answer, type=_StoredAnswer)
    if stored.asked is not None and stored.active is not None:
        return InsufficientPoints(asked=stored.asked, active=stored.active)
    return Posted(transaction_uuids=stored.transactions, replayed=True)
