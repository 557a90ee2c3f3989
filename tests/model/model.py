"""A slow and obvious ledger, to hold the real one against.

It keeps nothing but the list of what happened. To tell a balance it opens an empty book and goes
through all of it once more, instant by instant, the way a bookkeeper would:

1. Points can be spent from their start until just before their expiry. Before the start they are
   pending, from the expiry on what is left of them has expired. Points that wait for an action have
   no start yet, but they can expire.
2. A deduction takes points that can be spent: those that expire soonest first; of these those that
   could be spent the longest; of these those that were added first.
3. A deduction that asks for more than can be spent does nothing, unless the account may owe points.
   Then it takes all there are, and the rest is owed.
4. Whoever owes points repays them with the first points that can be spent: at the instant at which
   points are added or at which they start, in the order in which a deduction would take them. The
   points of one file are added together, those of single postings one after the other.
5. Points that were taken, whether for a deduction or for what was owed, are spent.
6. Points that wait for an action get their start from it, one addition after the other. From then
   on they are like points that were added at that instant; a validity that was given as a duration
   runs from there.
7. What was deleted has never been: nobody who asks from then on is told of it.
8. When a file is undone, what is left of its points has never been. Those of its points by which
   something that was owed had been repaid are taken back from then on, and it is owed again.
9. A member's entries never go back in time. What is entered with an earlier instant than the last
   entry stands at the instant of that one.

Amounts are hundredths of points.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from tallystick.core.balances import Balance
from tallystick.core.points import Points
from tallystick.core.validity import EARLIEST, NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Points that can be spent while start_at <= t < expires_at; NEVER is no start or no end."""

    points: int
    start_at: datetime
    expires_at: datetime
    validity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """The addition that stands at `place` among all has got its start, and with it an expiry."""

    place: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """Points that were taken away, or are owed."""

    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedAgain:
    """Points, by the places of their additions, that had repaid something and were taken back."""

    points: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was entered at an instant: additions that came together, or something else."""

    recorded_at: datetime
    happened: tuple[Addition, ...] | Activation | Deduction | OwedAgain
    file: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Of the entry at `index` only so many points of each addition have ever been."""

    at: datetime
    index: int
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What the undo of a file took back, by the states in which it was, and what it left."""

    pending: int = 0
    active: int = 0
    expired: int = 0
    repaid: int = 0
    spent: int = 0

    @property
    def taken(self) -> int:
        """All that was taken back."""
        return self.pending + self.active + self.expired + self.repaid


@dataclass(slots=True, kw_only=True)
class Lot:
    """What is left of the addition that stands at `place` among all."""

    place: int
    start_at: datetime
    expires_at: datetime
    left: int


@dataclass(slots=True, kw_only=True)
class Book:
    """Where an account stands while its history is told; `lots` stand in the order they came."""

    lots: list[Lot] = field(default_factory=list)
    added: list[Lot] = field(default_factory=list)  # by the places of their additions
    repaid: Counter[int] = field(default_factory=Counter)  # by the places of their additions
    owed: int = 0
    spent: int = 0

    def enter(self, entry: Entry) -> None:
        """Do what the entry says. Rules 3 and 4."""
        now, happened = entry.recorded_at, entry.happened
        if isinstance(happened, Activation):
            waiting = self.added[happened.place]
            lot = replace(waiting, start_at=now, expires_at=happened.expires_at)
            self.lots.append(lot)
            waiting.left = 0
            self.repay(now)
            return
        if isinstance(happened, Deduction):
            self.owed += happened.points - self.take(happened.points, now).total()
            return
        if isinstance(happened, OwedAgain):
            self.repaid.subtract(happened.points)
            self.spent -= sum(happened.points.values())
            self.owed += sum(happened.points.values())
            self.repay(now)
            return
        for addition in happened:
            lot = Lot(
                place=len(self.added),
                start_at=addition.start_at,
                expires_at=addition.expires_at,
                left=addition.points,
            )
            self.lots.append(lot)
            self.added.append(lot)
        self.repay(now)

    def repay(self, now: datetime) -> None:
        """Repay what is owed as far as points can be spent. Rule 4."""
        taken = self.take(self.owed, now)
        self.owed -= taken.total()
        self.repaid.update(taken)

    def take(self, points: int, now: datetime) -> Counter[int]:
        """Take up to so many of the points that can be spent; how many by place. Rules 2, 5."""
        missing, all_taken = points, Counter[int]()
        for lot in sorted(self.lots, key=lambda lot: (lot.expires_at, lot.start_at)):
            if lot.start_at <= now < lot.expires_at:
                taken = min(missing, lot.left)
                lot.left -= taken
                missing -= taken
                all_taken[lot.place] += taken
        self.spent += points - missing
        return all_taken

    def left(self, places: range, at: datetime) -> dict[int, Counter[str]]:
        """What is left of these additions, by the state in which it is."""
        found = {place: Counter[str]() for place in places}
        for lot in self.lots:
            if lot.place in found:
                found[lot.place][_state(lot, at)] += lot.left
        return found

    def balance(self, at: datetime) -> Balance:
        """What the book says at its last instant. Rule 1."""
        sums = Counter[str]()
        for lot in self.lots:
            sums[_state(lot, at)] += lot.left
        return Balance(
            pending=Points(sums["pending"]),
            active=Points(sums["active"]),
            spent=Points(self.spent),
            expired=Points(sums["expired"]),
            negative=Points(self.owed),
        )


@dataclass(slots=True, kw_only=True)
class Account:
    """What one member has in one subledger of one program."""

    may_owe: bool
    all_entries: list[Entry] = field(default_factory=list)
    deletions: list[tuple[datetime, int]] = field(default_factory=list)  # when, of how many entries
    undos: list[Undo] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        """What has been entered and not been deleted."""
        return self.standing(known_at=NEVER)

    def standing(self, *, known_at: datetime) -> list[Entry]:
        """What was entered by then, without what was deleted or undone by then. Rules 7, 8."""
        deleted = [count for at, count in self.deletions if at <= known_at]
        entries = list(self.all_entries)
        for undo in (undo for undo in self.undos if undo.at <= known_at):
            entries[undo.index] = _cut(entries[undo.index], undo.kept)
        standing = entries[max(deleted, default=0) :]
        return [entry for entry in standing if entry.recorded_at <= known_at]

    def add(self, *additions: Addition, at: datetime, file: int | None = None) -> None:
        """Enter additions that come together, of a file if they come from one."""
        self.all_entries.append(Entry(recorded_at=at, happened=additions, file=file))

    def undo(self, file: int, *, at: datetime) -> Undone:
        """Undo what stands of a file. Rule 8."""
        sums, book, place = Counter[str](), self.book(at), 0
        first = len(self.all_entries) - len(self.entries)
        for index, entry in enumerate(self.entries, start=first):
            if not isinstance(entry.happened, tuple):
                continue
            places = range(place, place + len(entry.happened))
            place = places.stop
            if entry.file == file:
                left = book.left(places, at)
                repaid = {p: book.repaid[p] for p in places if book.repaid[p]}
                kept = tuple(
                    a.points - left[p].total() for p, a in zip(places, entry.happened, strict=True)
                )
                self.undos.append(Undo(at=at, index=index, kept=kept))
                if repaid:
                    self.all_entries.append(
                        Entry(recorded_at=at, happened=OwedAgain(points=repaid))
                    )
                for states in left.values():
                    sums.update(states)
                sums.update(repaid=sum(repaid.values()))
                sums.update(spent=sum(kept) - sum(repaid.values()))
        return Undone(**sums)

    def awaiting(self, at: datetime) -> dict[int, Addition]:
        """The additions that wait for an action and have not expired, by their places."""
        activated = {e.happened.place for e in self.entries if isinstance(e.happened, Activation)}
        return {
            place: addition
            for place, addition in enumerate(_additions(self.entries))
            if addition.start_at == NEVER
            and addition.expires_at > at
            and addition.points
            and place not in activated
        }

    def activate(self, place: int, *, expires_at: datetime, at: datetime) -> None:
        """Enter an activation. Rule 6."""
        happened = Activation(place=place, expires_at=expires_at)
        self.all_entries.append(Entry(recorded_at=at, happened=happened))

    def delete(self, *, at: datetime) -> bool:
        """Delete everything; whether there was anything. Rule 7."""
        standing = bool(self.entries)
        if standing:
            self.deletions.append((at, len(self.all_entries)))
        return standing

    def deduct(self, points: int, *, at: datetime) -> bool:
        """Enter a deduction if it may be; whether it was. Rule 3."""
        may_be = self.may_owe or points <= self.balance(at).active
        if may_be:
            entry = Entry(recorded_at=at, happened=Deduction(points=points))
            self.all_entries.append(entry)
        return may_be

    def balance(self, at: datetime, *, known_at: datetime = NEVER) -> Balance:
        """The balance at an instant, told from what was entered by `known_at`."""
        return self.book(at, known_at=known_at).balance(at)

    def book(self, at: datetime, *, known_at: datetime = NEVER) -> Book:
        """The history until an instant, told from what was entered by `known_at`."""
        entries = [e for e in self.standing(known_at=known_at) if e.recorded_at <= at]
        book = Book()
        for now in (moment for moment in _moments(entries) if moment <= at):
            book.repay(now)
            for entry in entries:
                if entry.recorded_at == now:
                    book.enter(entry)
        return book

    def boundaries(self) -> set[datetime]:
        """The instants at which the balance can change."""
        ends = {addition.expires_at for addition in _additions(self.entries)}
        ends |= {e.happened.expires_at for e in self.entries if isinstance(e.happened, Activation)}
        return {*_moments(self.entries), *ends} - {NEVER}

    def has_entries(self, *, by: datetime) -> bool:
        """Whether anything was entered by then that was not undone."""
        return self.added(by=by) > 0 or self.deducted(by=by) > 0

    def added(self, *, by: datetime) -> int:
        """All points that were added by then, less those that were taken back by then."""
        entries = [entry for entry in self.entries if entry.recorded_at <= by]
        taken = [
            sum(e.happened.points.values()) for e in entries if isinstance(e.happened, OwedAgain)
        ]
        return sum(addition.points for addition in _additions(entries)) - sum(taken)

    def deducted(self, *, by: datetime) -> int:
        """All points that were deducted by then."""
        entries = [entry for entry in self.entries if entry.recorded_at <= by]
        return sum(e.happened.points for e in entries if isinstance(e.happened, Deduction))


def _state(lot: Lot, at: datetime) -> str:
    """The state of what is left of a lot. Rule 1."""
    if lot.expires_at <= at:
        return "expired"
    return "pending" if at < lot.start_at else "active"


def _cut(entry: Entry, kept: tuple[int, ...]) -> Entry:
    """The entry of additions with so many points of each."""
    assert isinstance(entry.happened, tuple)
    additions = zip(entry.happened, kept, strict=True)
    return replace(entry, happened=tuple(replace(a, points=points) for a, points in additions))


def _additions(entries: list[Entry]) -> list[Addition]:
    return [
        addition
        for entry in entries
        if isinstance(entry.happened, tuple)
        for addition in entry.happened
    ]


def _moments(entries: list[Entry]) -> list[datetime]:
    """When something is entered, and when points start, in order."""
    recorded = {entry.recorded_at for entry in entries}
    return sorted(recorded | {addition.start_at for addition in _additions(entries)})


@dataclass(slots=True, kw_only=True)
class Member:
    """What one member has; `may_owe` names the programs in which points may be owed."""

    may_owe: frozenset[str]
    last_at: datetime = EARLIEST
    accounts: dict[tuple[str, str], Account] = field(default_factory=dict)

    def entry_at(self, now: datetime) -> datetime:
        """The instant at which something is entered that comes in at `now`. Rule 9."""
        return max(now, self.last_at)

    def account(self, program: str, subledger: str) -> Account:
        """The account, which is empty until something is entered."""
        empty = Account(may_owe=program in self.may_owe)
        return self.accounts.setdefault((program, subledger), empty)
