"""The one way into the ledger: a batch of postings, decided in `core` and written together.

Each posting has an outcome of its own; a refusal never harms its neighbours. Holders are locked
before anything about them is read, so every decision rests on what is true until the commit.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
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
    ApprovalId,
    HolderId,
    ProgramId,
    SubledgerId,
    profile_holder,
    uuid7,
)
from tallystick.core.ledger import NOT_OWING, Entry, Wallet, add, deduct
from tallystick.core.points import decimal_of
from tallystick.core.programs import Program
from tallystick.core.transactions import Kind
from tallystick.core.validity import (
    NEVER,
    Duration,
    Window,
    resolve_window,
)
from tallystick.services.allowances import Allowances, may_not_post, open_allowances
from tallystick.services.asking import ask_to_post, postings_wait
from tallystick.services.changes import member_path, record_change
from tallystick.services.postings import Asked, Outcome, Posted, Posting, Waiting
from tallystick.services.programs import CARDS
from tallystick.store import posting as store
from tallystick.store import programs as program_store
from tallystick.store.closing import touch_days
from tallystick.store.db import Tx
from tallystick.store.roles import Poster

UNKNOWN_SUBLEDGER = SubledgerId(-1)  # stands for one that a refused deduction must not make


WalletName = tuple[ProgramId, SubledgerId]


@dataclass(slots=True, kw_only=True, eq=False)
class _Holder:
    """A locked holder as the batch goes on; `at` is the instant of all it records."""

    id: HolderId
    last_no: int
    at: datetime
    owing_until: datetime
    whole: bool = False  # all its wallets are loaded, with all their lots
    touched: bool = False
    wallets: defaultdict[WalletName, Wallet] = field(default_factory=lambda: defaultdict(Wallet))


@dataclass(slots=True, kw_only=True, eq=False)
class _Case:
    """A posting that points may be written for."""

    posting: Posting
    program: Program
    holder: _Holder
    waits: bool = False  # for a second person
    subledger_id: SubledgerId = UNKNOWN_SUBLEDGER

    @property
    def deducts(self) -> bool:
        return self.posting.kind is Kind.SUBTRACTION

    @property
    def poster(self) -> Poster | None:
        return self.posting.poster

    @property
    def wallet(self) -> Wallet:
        return self.holder.wallets[self.program.id, self.subledger_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Books:
    """Where the decisions of a batch are noted, and what was answered before."""

    batch: store.Batch
    allowances: Allowances
    answers: dict[tuple[HolderId, str], store.Answer]
    uuids: Iterator[UUID]


async def post(tx: Tx, postings: Sequence[Posting], *, now: datetime) -> list[Outcome]:
    """The outcomes of the postings, in their order; written, but for the caller to commit.

    Units: everything is recorded at `now`, or at the holder's last entry if that is later.
    """
    program_ids = sorted({posting.program_id for posting in postings})
    programs = await program_store.find_programs(tx, program_ids)
    posters = {poster for posting in postings if (poster := posting.poster)}
    allowances = await open_allowances(tx, posters, programs, now=now)
    cases = [
        _of_somebody_who_may(allowances, case)
        for case in await _open_cases(tx, postings, programs, now)
    ]
    opened = [case for case in cases if isinstance(case, _Case)]
    await _find_waiting(tx, opened)
    books = _Books(
        batch=store.Batch(),
        allowances=allowances,
        answers=await _find_answers(tx, opened),
        uuids=_uuids(len(opened), now),
    )
    await _find_subledgers(tx, opened)
    await _load_wallets(tx, opened)
    asked = {case: await _ask(tx, books, case, now) for case in opened if case.waits}
    outcomes = [
        (asked.get(case) or _decide(books, case)) if isinstance(case, _Case) else case
        for case in cases
    ]
    _note_holders(books.batch, dict.fromkeys(case.holder for case in opened))
    await store.write_batch(tx, books.batch, now=now)
    await allowances.write(tx)
    if books.batch.transactions:
        await touch_days(tx, {case.program.id: now for case in opened})
    await _record_people(tx, postings, outcomes, now=now)
    return outcomes


async def _record_people(
    tx: Tx, postings: Sequence[Posting], outcomes: Sequence[Outcome], *, now: datetime
) -> None:
    """Write down what people posted by hand; of keys, the transactions themselves tell enough."""
    for posting, outcome in zip(postings, outcomes, strict=True):
        caller = posting.caller
        if caller is None or caller.user_id is None or not isinstance(outcome, Posted):
            continue
        if not outcome.replayed:
            new = _told(posting, outcome)
            await record_change(tx, caller, _path(posting), now=now, new=new)


def _path(posting: Posting) -> str:
    """The path of the operation that posts it."""
    operation = "add_points" if posting.kind is Kind.ADDITION else "deduct_points"
    return f"{member_path(posting.program_id, posting.integration_id)}/{operation}"


def _told(posting: Posting, posted: Posted) -> dict[str, object]:
    """What the record of changes holds of it."""
    return {
        "points": decimal_of(posting.points),
        "name": posting.name,
        "subledgerId": posting.subledger,
        "transactionUUIDs": [str(uuid) for uuid in posted.transaction_uuids],
    }


def _of_somebody_who_may(allowances: Allowances, case: _Case | Outcome) -> _Case | Outcome:
    """The case, or what stands against whoever posts it."""
    if not isinstance(case, _Case) or case.poster is None:
        return case
    if case.poster in allowances.refused:
        return may_not_post()
    return Waiting() if case.poster in allowances.locked else case


def _uuids(postings: int, now: datetime) -> Iterator[UUID]:
    """Enough transaction uuids: a deduction below zero needs two."""
    randomness = os.urandom(20 * postings)
    return (uuid7(now, randomness[i : i + 10]) for i in range(0, len(randomness), 10))


async def _open_cases(
    tx: Tx, postings: Sequence[Posting], programs: dict[ProgramId, Program], now: datetime
) -> list[_Case | Outcome]:
    """Lock the holders; a case for each posting, or what stands against it.

    The checks come in the order in which their refusals win.
    """
    holder_ids = [_holder_id(posting, programs) for posting in postings]
    wanted = sorted({holder_id for holder_id in holder_ids if holder_id})
    holders = {
        holder_id: _Holder(
            id=holder_id,
            last_no=locked.last_no,
            at=max(now, locked.last_at),
            owing_until=locked.owing_until,
        )
        for holder_id, locked in (await store.lock_holders(tx, wanted)).items()
    }
    absent = [holder_id for holder_id in wanted if holder_id not in holders]
    elsewhere = await store.find_holders(tx, absent) if absent else set()
    cases: list[_Case | Outcome] = []
    for posting, holder_id in zip(postings, holder_ids, strict=True):
        program = programs.get(posting.program_id)
        if program is None:
            cases.append(NotFound("loyalty program", str(posting.program_id)))
        elif holder_id is None:
            cases.append(NotSupported("loyaltyProgramId", CARDS))
        elif posting.subledger and not program.settings.allow_subledger:
            cases.append(NotSupported("subledgerId", NO_SUBLEDGERS))
        elif holder_id in holders:
            cases.append(_Case(posting=posting, program=program, holder=holders[holder_id]))
        elif holder_id in elsewhere:
            cases.append(Waiting())
        else:
            cases.append(NotFound("customer profile", posting.integration_id))
    return cases


def _holder_id(posting: Posting, programs: dict[ProgramId, Program]) -> HolderId | None:
    program = programs.get(posting.program_id)
    if program is None or program.settings.card_based:
        return None
    return profile_holder(posting.integration_id, program.environment)


NO_SUBLEDGERS = "this program has no subledgers; leave it out"


async def _find_answers(tx: Tx, cases: Sequence[_Case]) -> dict[tuple[HolderId, str], store.Answer]:
    keys = {
        (case.holder.id, case.posting.idempotency_key)
        for case in cases
        if case.posting.idempotency_key is not None
    }
    return await store.find_answers(tx, sorted(keys)) if keys else {}


async def _find_subledgers(tx: Tx, cases: Sequence[_Case]) -> None:
    """Find them, and make those that an addition or a debt needs."""
    makes: set[program_store.SubledgerName] = set()
    finds: set[program_store.SubledgerName] = set()
    for case in cases:
        needed = not case.waits and (not case.deducts or case.program.may_go_below_zero)
        (makes if needed else finds).add((case.program.id, case.posting.subledger))
    found = await program_store.ensure_subledgers(tx, makes)
    found |= await program_store.find_subledgers(tx, finds - makes)
    for case in cases:
        name = case.program.id, case.posting.subledger
        case.subledger_id = found.get(name, UNKNOWN_SUBLEDGER)


async def _load_wallets(tx: Tx, cases: Sequence[_Case]) -> None:
    """Load whole wallets where debts are or may come to be, else what deductions can reach."""
    reaches: defaultdict[store.WalletKey, int] = defaultdict(int)
    for case in cases:
        holder = case.holder
        if holder.owing_until > holder.at or (case.deducts and case.program.may_go_below_zero):
            holder.whole = True
        elif case.deducts:
            reaches[holder.id, case.program.id, case.subledger_id] += case.posting.points
    holders = {case.holder.id: case.holder for case in cases}
    loaded: dict[store.WalletKey, Wallet] = {}
    if whole := {holder_id: h.at for holder_id, h in sorted(holders.items()) if h.whole}:
        loaded |= await store.load_whole(tx, whole)
    if parts := {
        key: (holders[key[0]].at, reach)
        for key, reach in reaches.items()
        if not holders[key[0]].whole
    }:
        loaded |= await store.load_reachable(tx, parts)
    for (holder_id, program_id, subledger_id), wallet in loaded.items():
        holders[holder_id].wallets[program_id, subledger_id] = wallet


async def _find_waiting(tx: Tx, cases: Sequence[_Case]) -> None:
    """Note which of them wait for a second person."""
    waiting = await postings_wait(tx, [case.posting for case in cases])
    for case, waits in zip(cases, waiting, strict=True):
        case.waits = waits


async def _ask(tx: Tx, books: _Books, case: _Case, now: datetime) -> Outcome:
    """Ask for approval of a posting that could be entered now."""
    if (replayed := _replayed(books, case)) is not None:
        return replayed
    limit = books.allowances.limited.get(case.poster) if case.poster else None
    try:
        if limit is not None:
            limit.check(case.posting.points)
        _entries(case, deepcopy(case.wallet))
    except Refusal as refusal:
        return _noted(books, case, refusal)
    approval_id = await ask_to_post(tx, case.posting, now=now)
    return _noted(books, case, Asked(approval_id=approval_id))


def _decide(books: _Books, case: _Case) -> Outcome:
    if (replayed := _replayed(books, case)) is not None:
        return replayed
    try:
        outcome: Outcome = _enter(books, case)
    except Refusal as refusal:
        outcome = refusal
    return _noted(books, case, outcome)


def _replayed(books: _Books, case: _Case) -> Outcome | None:
    """What the posting's key was answered before."""
    key = case.posting.idempotency_key
    if key is None or (answer := books.answers.get((case.holder.id, key))) is None:
        return None
    return _replay(case.posting, key, answer)


def _noted(books: _Books, case: _Case, outcome: Outcome) -> Outcome:
    """The outcome, kept under the posting's key."""
    key, holder_id = case.posting.idempotency_key, case.holder.id
    if key is not None and (kept := _kept(case.posting, outcome)):
        books.answers[holder_id, key] = books.batch.answers[holder_id, key] = kept
    return outcome


def _enter(books: _Books, case: _Case) -> Posted:
    """Enter what whoever posts may post today."""
    limit = books.allowances.limited.get(case.poster) if case.poster else None
    if limit is None:
        return _enter_entries(books, case)
    limit.check(case.posting.points)
    posted = _enter_entries(books, case)
    limit.note(case.posting.points)
    return posted


def _enter_entries(books: _Books, case: _Case) -> Posted:
    """Let the core decide, and note its entries."""
    entries, window = _entries(case, case.wallet)
    holder = case.holder
    holder.last_no += len(entries)
    holder.touched = True
    return Posted(transaction_uuids=tuple(_note(books, case, entry, window) for entry in entries))


def _entries(case: _Case, wallet: Wallet) -> tuple[list[Entry], Window | None]:
    """What the core makes of a posting in the wallet, and the window of an addition."""
    points, at, txn_no = case.posting.points, case.holder.at, case.holder.last_no + 1
    if case.deducts:
        below_zero = case.program.may_go_below_zero
        return deduct(wallet, points, txn_no=txn_no, at=at, below_zero=below_zero), None
    window = _window(case)
    return [add(wallet, points, window, txn_no=txn_no, at=at)], window


def _window(case: _Case) -> Window:
    posting, settings = case.posting, case.program.settings
    return resolve_window(
        settings.start if posting.start is None else posting.start,
        settings.expiry if posting.expiry is None else posting.expiry,
        at=case.holder.at,
        zone=settings.timezone,
        start_field="pendingDuration" if isinstance(posting.start, Duration) else "pendingUntil",
        expiry_field="validityDuration" if isinstance(posting.expiry, Duration) else "validUntil",
    )


def _note(books: _Books, case: _Case, entry: Entry, window: Window | None) -> UUID:
    """Note the rows of an entry; the transaction's uuid comes back."""
    posting, holder, lot = case.posting, case.holder, entry.lot
    key, transaction_uuid = (holder.id, case.program.id, case.subledger_id), next(books.uuids)
    books.batch.transactions.append(
        store.transaction_row(
            key,
            txn_no=entry.txn_no,
            transaction_uuid=transaction_uuid,
            kind=posting.kind,
            source=posting.source,
            amount=entry.amount,
            at=holder.at,
            shown_start_at=window.shown_start_at if window else None,
            shown_expires_at=window.shown_expires_at if window else NEVER,
            creates_negative=lot is not None and lot.amount < 0,
            validity=window.validity if window else None,
            name=posting.name,
            user_id=posting.caller.user_id if posting.caller else None,
            session_id=posting.session_id,
        )
    )
    if lot is not None:
        books.batch.lots.append((key, lot, holder.at))
    if entry.allocations:
        books.batch.add_allocations(key, entry.allocations, txn_no=entry.txn_no, at=holder.at)
    return transaction_uuid


def _note_holders(batch: store.Batch, holders: Iterable[_Holder]) -> None:
    """Note where the numbers, the clock and the debts of each holder have come to."""
    for holder in holders:
        if holder.touched:
            batch.holders[holder.id] = store.LockedHolder(
                last_no=holder.last_no,
                last_at=holder.at,
                owing_until=owing_until(holder.wallets.values())
                if holder.whole
                else holder.owing_until,
            )


def owing_until(wallets: Iterable[Wallet]) -> datetime:
    """The instant from which a holder with these wallets, all of them whole, owes nothing."""
    return max((wallet.owing_until() for wallet in wallets), default=NOT_OWING)


class _StoredAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept under an idempotency key.

    That is transactions, a request for approval, or points asked for and active.
    """

    transactions: tuple[UUID, ...] = ()
    approval: ApprovalId | None = None
    asked: str | None = None
    active: str | None = None


def _kept(posting: Posting, outcome: Outcome) -> store.Answer | None:
    """What is kept: what was posted, and refusals for lack of points; others would come again."""
    match outcome:
        case Posted(transaction_uuids=uuids):
            stored = _StoredAnswer(transactions=uuids)
        case Asked(approval_id=approval_id):
            stored = _StoredAnswer(approval=approval_id)
        case InsufficientPoints(asked=asked, active=active):
            stored = _StoredAnswer(asked=asked, active=active)
        case _:
            return None
    answer = msgspec.json.encode(stored).decode()
    return store.Answer(fingerprint=posting.fingerprint(), answer=answer)


def _replay(posting: Posting, key: str, answer: store.Answer) -> Outcome:
    if answer.fingerprint != posting.fingerprint():
        return KeyReused(key)
    stored = msgspec.json.decode(answer.answer, type=_StoredAnswer)
    if stored.asked is not None and stored.active is not None:
        return InsufficientPoints(asked=stored.asked, active=stored.active)
    if stored.approval is not None:
        return Asked(approval_id=stored.approval, replayed=True)
    return Posted(transaction_uuids=stored.transactions, replayed=True)
