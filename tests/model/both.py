"""Takes every step in the real ledger and in the model, and compares what the two say."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from model.histories import (
    DAY,
    MEMBERS,
    ORIGIN,
    OWING,
    STORE,
    STRICT,
    TICK,
    Activate,
    Add,
    Again,
    Deduct,
    Delete,
    Import,
    Post,
    Step,
    Undo,
    Wait,
    WaitUntil,
)
from model.model import Account, Addition, Member, Undone
from model.real import RealLedger, said
from tallystick.core.balances import Balance
from tallystick.core.errors import AlreadyUndone, InsufficientPoints, InvalidField, NotSupported
from tallystick.core.ids import ImportId
from tallystick.core.points import Points, render_points
from tallystick.core.validity import (
    Keyword,
    end_of_days,
    parse_expiry,
    parse_start,
    resolve_window,
)
from tallystick.services.postings import Outcome, Posted, Posting
from tallystick.services.undo import UndoReport

KINDS = [kind.name for kind in fields(Balance)]
AT_AND_BEFORE = (timedelta(0), TICK)  # a boundary belongs to what begins there


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered at `known_at` to the question for a balance at `at`."""

    name: str
    program: str
    at: datetime
    known_at: datetime
    balances: dict[str, Balance]


@dataclass(slots=True)
class Both:
    """The real ledger and the model, at the same point of one history."""

    real: RealLedger
    members: dict[str, Member] = field(
        default_factory=lambda: {name: Member(may_owe=frozenset({OWING})) for name in MEMBERS}
    )
    answers: list[Answer] = field(default_factory=list)
    sent: list[tuple[Posting, Outcome]] = field(default_factory=list)
    files: list[ImportId] = field(default_factory=list)
    programs: dict[ImportId, str] = field(default_factory=dict)  # of the files
    undone: set[ImportId] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """The instant that the clock shows."""
        return self.real.clock.now

    async def start(self) -> None:
        """Empty the ledger and import the first points of every member."""
        await self.real.start()
        for program in self.real.programs:
            first = [Add(name, program, "", 20_00, "immediate", "5D") for name in MEMBERS]
            await self.take(Import(tuple(first)))

    async def take(self, step: Step) -> None:
        """Take the step in both; compare what it has changed, and that it changed nothing else."""
        match step:
            case Post(batch=batch, behind=behind):
                await self._post(batch, now=self.now - behind)
            case Again(index=index):
                await self._post_again(index)
            case Import(rows=rows):
                await self._import(rows)
            case Undo(back=back, below_zero=below_zero):
                await self._undo(back, below_zero=below_zero)
            case Activate(member=member, program=program):
                await self._activate(member, program)
            case Delete(member=member, program=program, subledger=subledger):
                await self._delete(member, program, subledger)
            case Wait(time=time):
                await self._wait(self.now + time)
            case WaitUntil(boundaries=boundaries, before=before):
                until = [self.now, *self._ahead()[:boundaries]][-1]
                await self._wait(max(self.now, until - before))
        await self._compare_all()

    # Steps

    async def _post(self, batch: tuple[Add | Deduct, ...], *, now: datetime) -> None:
        expected = [self._model_posting(wish, now) for wish in batch]
        postings = [self.real.posting(wish) for wish in batch]
        outcomes = await self.real.post(postings, now=now)
        assert expected == list(map(said, outcomes))
        self.sent = list(zip(postings, outcomes, strict=True))
        await self._compare_members({(wish.member, wish.program) for wish in batch})

    def _model_posting(self, wish: Add | Deduct, now: datetime) -> str:
        member, parts = self.members[wish.member], 1
        account, at = member.account(wish.program, wish.subledger), member.entry_at(now)
        if isinstance(wish, Add):
            addition = self._addition(wish, at)
            if addition is None:
                return "no window"
            account.add(addition, at=at)
        else:
            active = account.balance(at, known_at=at).active
            if not account.deduct(wish.points, at=at):
                return f"only {render_points(active)} active"
            parts = 2 if 0 < active < wish.points else 1  # what is covered, what is owed
        self._note_entry(wish.member, at)
        return f"done in {parts}"

    def _addition(self, wish: Add, at: datetime) -> Addition | None:
        """What the wish says, read at an instant; None if the points would expire before the start.

        Words and durations are read by `core/validity.py`, which has tests of its own.
        """
        settings = self.real.programs[wish.program].settings
        start = parse_start(wish.start) or settings.start
        expiry = parse_expiry(wish.expiry) or settings.expiry
        try:
            window = resolve_window(start, expiry, at=at, zone=settings.timezone)
        except InvalidField:
            return None
        return Addition(
            points=wish.points,
            start_at=window.start_at,
            expires_at=window.expires_at,
            validity=window.validity,
        )

    def _note_entry(self, name: str, at: datetime) -> None:
        """Keep only the answers that still stand: those known before the entry."""
        self.members[name].last_at = at
        self.answers = [a for a in self.answers if a.name != name or a.known_at < at]

    async def _post_again(self, index: int) -> None:
        """Send a posting once more; it is answered as before, and nothing changes."""
        remembered = [
            (posting, outcome)
            for posting, outcome in self.sent
            if isinstance(outcome, Posted | InsufficientPoints)
        ]
        for posting, outcome in remembered[index : index + 1]:
            [found] = await self.real.post([posting], now=self.now)
            expected = replace(outcome, replayed=True) if isinstance(outcome, Posted) else outcome
            assert repr(expected) == repr(found)

    async def _import(self, rows: tuple[Add, ...]) -> None:
        rows = tuple(replace(row, program=rows[0].program) for row in rows)
        expected = all(self._addition(row, self.now) for row in rows)
        file = await self.real.import_file(rows)
        assert expected == (file is not None)
        if file is not None:
            self.files.append(file)
            self.programs[file] = rows[0].program
            self._model_import(rows, file)
        await self._compare_members({(row.member, row.program) for row in rows})

    def _model_import(self, rows: tuple[Add, ...], file: ImportId) -> None:
        """Enter the file: all rows of an account are added together."""
        for key in {(row.member, row.program, row.subledger) for row in rows}:
            own = [row for row in rows if (row.member, row.program, row.subledger) == key]
            at = self.members[key[0]].entry_at(self.now)
            additions = filter(None, (self._addition(row, at) for row in own))
            self.members[key[0]].account(*key[1:]).add(*additions, at=at, file=file)
            self._note_entry(key[0], at)

    async def _undo(self, back: int, *, below_zero: bool) -> None:
        file = self.files[-1 - back % len(self.files)]
        program = self.programs[file]
        preview = await self.real.preview_undo(program, file)
        below = self._foreseen_below_zero(program, file)
        if below_zero and program == STRICT:
            expected: object = NotSupported
        elif file in self.undone:
            expected = AlreadyUndone
        else:
            expected = UndoReport
            self.undone.add(file)
            undone = self._model_undo(program, file, below_zero=below_zero)
            for kind in fields(Undone):
                found = getattr(preview, kind.name)
                assert sum(getattr(each, kind.name) for each in undone) == found, kind.name
            assert below == (preview.below_zero_count, preview.below_zero)
        report = await self.real.undo(program, file, below_zero=below_zero)
        assert expected is type(report)
        if isinstance(report, UndoReport):
            taken, spent = (sum(getattr(u, name) for u in undone) for name in ("taken", "spent"))
            assert (taken, spent) == (report.amount, report.spent)
        await self._compare_members({(name, program) for name in MEMBERS})

    def _model_undo(self, program: str, file: ImportId, *, below_zero: bool) -> list[Undone]:
        """Undo the file in all accounts of the program, and deduct what was spent if so chosen."""
        all_undone = []
        for name in MEMBERS:
            at, changed = self.members[name].entry_at(self.now), False
            for account in self._accounts(name, program).values():
                undone = account.undo(file, at=at)
                all_undone.append(undone)
                if below_zero and undone.spent:
                    account.deduct(undone.spent, at=at)
                changed |= bool(undone.taken or (below_zero and undone.spent))
            if changed:
                self._note_entry(name, at)
        return all_undone

    def _foreseen_below_zero(self, program: str, file: ImportId) -> tuple[int, int]:
        """In how many accounts more would be owed if what was spent were deducted; how much."""
        more = []
        for name in MEMBERS:
            at = self.members[name].entry_at(self.now)
            for account in self._accounts(name, program).values():
                tried = replace(
                    account,
                    may_owe=True,
                    all_entries=list(account.all_entries),
                    undos=list(account.undos),
                )
                if spent := tried.undo(file, at=at).spent:
                    tried.deduct(spent, at=at)
                    more.append(tried.balance(at).negative - account.balance(at).negative)
        return sum(map(bool, more)), sum(more)

    async def _activate(self, name: str, program: str) -> None:
        at, zone = self.members[name].entry_at(self.now), self.real.programs[program].settings
        expected = 0
        for account in self._accounts(name, program).values():
            for place, addition in account.awaiting(at).items():
                expires_at = addition.expires_at
                if addition.validity and (runs := parse_expiry(addition.validity)):
                    expires_at = resolve_window(
                        Keyword.IMMEDIATE, runs, at=at, zone=zone.timezone
                    ).expires_at
                account.activate(place, expires_at=expires_at, at=at)
                expected += addition.points
        assert expected == await self.real.activate(name, program)
        if expected:
            self._note_entry(name, at)
        await self._compare_members({(name, program)})

    async def _delete(self, name: str, program: str, subledger: str | None) -> None:
        at = self.members[name].entry_at(self.now)
        accounts = self._accounts(name, program)
        chosen = accounts.values() if subledger is None else [accounts[subledger]]
        if sum([account.delete(at=at) for account in chosen]):
            self._note_entry(name, at)
        await self.real.delete(name, program, subledger)
        await self._compare_members({(name, program)})

    async def _wait(self, until: datetime) -> None:
        """Let the clock go on; what was foreseen has come, as nothing happened in between."""
        accounts = [(name, program) for name in MEMBERS for program in self.real.programs]
        foreseen = [await self.real.balances(*account, at=until) for account in accounts]
        self.real.clock.now = until
        assert foreseen == [await self.real.balances(*account) for account in accounts]

    # Comparisons

    async def _compare_members(self, touched: set[tuple[str, str]]) -> None:
        """Compare the members whom a step has touched, at the instants around now."""
        for name, program in sorted(touched):
            boundaries = _sorted_boundaries(self._accounts(name, program).values())
            past = [at for at in boundaries if at <= self.now][-3:]
            ahead = [at for at in boundaries if at > self.now][:3]
            around = {at - before for at in (*past, *ahead) for before in AT_AND_BEFORE}
            for at in sorted({*around, self.now, self.now + 400 * DAY}):
                await self._compare_member(name, program, at=at)

    async def _compare_member(self, name: str, program: str, *, at: datetime) -> None:
        accounts = self._accounts(name, program)
        expected = {
            subledger: account.balance(at)
            for subledger, account in accounts.items()
            if not subledger or account.has_entries(by=at)
        }
        found = await self.real.balances(name, program, at=at)
        assert expected == found, f"{name} in {program} at {at}, now {self.now}"
        for subledger, balance in found.items():
            _assert_sound(accounts[subledger], balance, at)
        if at >= self.now:
            self.answers.append(Answer(name, program, at, self.now, found))

    async def _compare_all(self) -> None:
        """Compare everybody, now and at the next change, through the export."""
        for program in self.real.programs:
            for at in (self.now, *self._ahead()[:1]):
                expected = {
                    (name, subledger): account.balance(at)
                    for name in MEMBERS
                    for subledger, account in self._accounts(name, program).items()
                    if account.has_entries(by=at)
                }
                assert expected == await self.real.exported(program, at=at), f"{program} at {at}"

    async def finish(self) -> None:
        """Compare all that the history leaves behind."""
        boundaries = _sorted_boundaries(self._all_accounts())
        for at in sorted(at - before for at in boundaries for before in AT_AND_BEFORE):
            await self._compare_totals(at=at, known_at=at)
            await self._compare_totals(at=self.now, known_at=at)
        for a in self.answers:
            found = await self.real.balances(a.name, a.program, at=a.at, known_at=a.known_at)
            assert a.balances == found, f"{a.name} in {a.program} at {a.at} known at {a.known_at}"
        middle = ORIGIN + (self.now - ORIGIN) / 2
        for name in MEMBERS:
            for program in self.real.programs:
                await self._compare_days(name, program, at=self.now)
                await self._compare_days(name, program, at=middle)
        broken = await self.real.broken_promises()
        assert not broken, broken

    async def _compare_totals(self, *, at: datetime, known_at: datetime) -> None:
        for program in self.real.programs:
            accounts = [a for name in MEMBERS for a in self._accounts(name, program).values()]
            balances = [account.balance(at, known_at=known_at) for account in accounts]
            sums = {kind: Points(sum(getattr(b, kind) for b in balances)) for kind in KINDS}
            totals = await self.real.totals(program, at=at, known_at=known_at)
            assert Balance(**sums) == totals, f"{program} at {at} as known at {known_at}"

    async def _compare_days(self, name: str, program: str, *, at: datetime) -> None:
        """Compare the projection from an instant on with the balances as its days are ending."""
        ends = end_of_days(at, self.real.programs[program].settings.timezone, 31)
        for subledger, days in (await self.real.days(name, program, at=at)).items():
            account = self._accounts(name, program)[subledger]
            active = account.balance(at, known_at=at).active
            for (day, ends_at), found in zip(ends, days, strict=True):
                left = account.balance(ends_at - TICK, known_at=at).active
                where = f"{name} in {program} {subledger} on {day}, from {at} on"
                assert (day, left) == (found.day, found.projected), where
                assert active + found.activating - found.expiring == left, where

    def _accounts(self, name: str, program: str) -> dict[str, Account]:
        return {key: self.members[name].account(program, key) for key in ("", STORE)}

    def _all_accounts(self) -> Iterable[Account]:
        return (a for member in self.members.values() for a in member.accounts.values())

    def _ahead(self) -> list[datetime]:
        return [at for at in _sorted_boundaries(self._all_accounts()) if at > self.now]


def _sorted_boundaries(accounts: Iterable[Account]) -> list[datetime]:
    return sorted({at for account in accounts for at in account.boundaries()})


def _assert_sound(account: Account, balance: Balance, at: datetime) -> None:
    """The promises that every right balance keeps, whatever the model may say."""
    parts = [getattr(balance, kind) for kind in KINDS]
    assert min(parts) >= 0, f"{balance} at {at}"
    assert not (balance.negative and balance.active), f"{balance} at {at}"
    kept = balance.pending + balance.active + balance.spent + balance.expired
    assert account.added(by=at) == kept, f"{balance} at {at}"
    assert account.deducted(by=at) == balance.spent + balance.negative, f"{balance} at {at}"
