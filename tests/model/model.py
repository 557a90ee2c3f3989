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
8. A member's entries never go back in time. What is entered with an earlier instant than the last
   entry stands at the instant of that one.

Amounts are hundredths of points.
"""

from dataclasses import dataclass, field
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
class Entry:
    """What was entered at an instant: additions that came together, or something else."""

    recorded_at: datetime
    happened: tuple[Addition, ...] | Activation | Deduction


@dataclass(slots=True, kw_only=True)
class Lot:
    """What is left of an addition."""

    start_at: datetime
    expires_at: datetime
    left: int


@dataclass(slots=True, kw_only=True)
class Book:
    """Where an account stands while its history is told; `lots` stand in the order they came."""

    lots: list[Lot] = field(default_factory=list)
    added: list[Lot] = field(default_factory=list)  # by the places of their additions
    owed: int = 0
    spent: int = 0

    def enter(self, entry: Entry) -> None:
        """Do what the entry says. Rules 3 and 4."""
        now, happened = entry.recorded_at, entry.happened
        if isinstance(happened, Activation):
            waiting = self.added[happened.place]
            self.lots.append(Lot(start_at=now, expires_at=happened.expires_at, left=waiting.left))
            waiting.left = 0
            self.repay(now)
            return
        if isinstance(happened, Deduction):
            self.owed += happened.points - self.take(happened.points, now)
            return
        for addition in happened:
            lot = Lot(
                start_at=addition.start_at, expires_at=addition.expires_at, left=addition.points
            )
            self.lots.append(lot)
            self.added.append(lot)
        self.repay(now)

    def repay(self, now: datetime) -> None:
        """Repay what is owed as far as points can be spent. Rule 4."""
        self.owed -= self.take(self.owed, now)

    def take(self, points: int, now: datetime) -> int:
        """Take up to so many of the points that can be spent; how many there were. Rules 2, 5."""
        missing = points
        for lot in sorted(self.lots, key=lambda lot: (lot.expires_at, lot.start_at)):
            if lot.start_at <= now < lot.expires_at:
                taken = min(missing, lot.left)
                lot.left -= taken
                missing -= taken
        self.spent += points - missing
        return points - missing

    def balance(self, at: datetime) -> Balance:
        """What the book says at its last instant. Rule 1."""
        expired = sum(lot.left for lot in self.lots if lot.expires_at <= at)
        pending = sum(lot.left for lot in self.lots if at < lot.start_at and at < lot.expires_at)
        active = sum(lot.left for lot in self.lots if lot.start_at <= at < lot.expires_at)
        return Balance(
            pending=Points(pending),
            active=Points(active),
            spent=Points(self.spent),
            expired=Points(expired),
            negative=Points(self.owed),
        )


@dataclass(slots=True, kw_only=True)
class Account:
    """What one member has in one subledger of one program."""

    may_owe: bool
    all_entries: list[Entry] = field(default_factory=list)
    deletions: list[tuple[datetime, int]] = field(default_factory=list)  # when, of how many entries

    @property
    def entries(self) -> list[Entry]:
        """What has been entered and not been deleted."""
        return self.standing(known_at=NEVER)

    def standing(self, *, known_at: datetime) -> list[Entry]:
        """What was entered by then, without what was deleted by then. Rule 7."""
        deleted = [count for at, count in self.deletions if at <= known_at]
        standing = self.all_entries[max(deleted, default=0) :]
        return [entry for entry in standing if entry.recorded_at <= known_at]

    def add(self, *additions: Addition, at: datetime) -> None:
        """Enter additions that come together."""
        self.all_entries.append(Entry(recorded_at=at, happened=additions))

    def awaiting(self, at: datetime) -> dict[int, Addition]:
        """The additions that wait for an action and have not expired, by their places."""
        activated = {e.happened.place for e in self.entries if isinstance(e.happened, Activation)}
        return {
            place: addition
            for place, addition in enumerate(_additions(self.entries))
            if addition.start_at == NEVER and addition.expires_at > at and place not in activated
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
        entries = [e for e in self.standing(known_at=known_at) if e.recorded_at <= at]
        book = Book()
        for now in (moment for moment in _moments(entries) if moment <= at):
            book.repay(now)
            for entry in entries:
                if entry.recorded_at == now:
                    book.enter(entry)
        return book.balance(at)

    def boundaries(self) -> set[datetime]:
        """The instants at which the balance can change."""
        ends = {addition.expires_at for addition in _additions(self.entries)}
        ends |= {e.happened.expires_at for e in self.entries if isinstance(e.happened, Activation)}
        return {*_moments(self.entries), *ends} - {NEVER}

    def has_entries(self, *, by: datetime) -> bool:
        """Whether anything was entered by then."""
        return any(entry.recorded_at <= by for entry in self.entries)

    def added(self, *, by: datetime) -> int:
        """All points that were added by then."""
        entries = [entry for entry in self.entries if entry.recorded_at <= by]
        return sum(addition.points for addition in _additions(entries))

    def deducted(self, *, by: datetime) -> int:
        """All points that were deducted by then."""
        entries = [entry for entry in self.entries if entry.recorded_at <= by]
        return sum(e.happened.points for e in entries if isinstance(e.happened, Deduction))


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
        """The instant at which something is entered that comes in at `now`. Rule 8."""
        return max(now, self.last_at)

    def account(self, program: str, subledger: str) -> Account:
        """The account, which is empty until something is entered."""
        empty = Account(may_owe=program in self.may_owe)
        return self.accounts.setdefault((program, subledger), empty)
