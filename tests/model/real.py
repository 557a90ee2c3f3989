"""The real ledger in the words of the histories: services on PostgreSQL and a clock that stands."""

import csv
import io
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from model.histories import ORIGIN, OWING, STRICT, Add, Deduct
from tallystick.core.balances import Balance, ProjectedDay
from tallystick.core.errors import (
    AlreadyUndone,
    InsufficientPoints,
    InvalidField,
    InvalidFile,
    NotSupported,
    Refusal,
)
from tallystick.core.ids import ImportId, IntegrationId
from tallystick.core.points import Points, render_points
from tallystick.core.programs import Program, ProgramSettings, ReturnPolicy
from tallystick.core.transactions import Kind
from tallystick.core.validity import parse_duration, parse_expiry, parse_start
from tallystick.services.activation import activate_transactions
from tallystick.services.balances import (
    member_balances,
    program_totals,
    project_days,
)
from tallystick.services.context import Context
from tallystick.services.deletion import delete_transactions
from tallystick.services.export_files import export_file
from tallystick.services.export_kinds import BalancesWish
from tallystick.services.imports import import_points
from tallystick.services.posting import post
from tallystick.services.postings import Outcome, Posted, Posting
from tallystick.services.programs import create_program
from tallystick.services.transactions import TransactionFilter, list_transactions
from tallystick.services.undo import UndoPreview, UndoReport, preview_undo, undo_import
from tallystick.services.verify import Finding, verify
from tallystick.store.db import Database

PROGRAMS = (
    ProgramSettings(
        name=OWING,
        timezone="Europe/Berlin",
        allow_subledger=True,
        return_policy=ReturnPolicy.UNLIMITED,
    ),
    ProgramSettings(
        name=STRICT,
        timezone="America/New_York",
        allow_subledger=True,
        return_policy=ReturnPolicy.WITHIN_BALANCE,
        default_pending="1D",
        default_validity="1W_U",
    ),
)
HEADER = "customerprofileid,amount,startdate,expirydate,validityDuration,subledgerid"
WIPE = """
DELETE FROM reversal; DELETE FROM allocation; DELETE FROM lot; DELETE FROM idempotency;
DELETE FROM transaction_; DELETE FROM membership; DELETE FROM profile;
DELETE FROM day_figures; DELETE FROM day_closing; DELETE FROM day_touch;
DELETE FROM holder; DELETE FROM import_undo; DELETE FROM point_import;
DELETE FROM subledger WHERE subledger_id <> 0;
"""


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = ORIGIN

    def __call__(self) -> datetime:
        return self.now


def said(outcome: Outcome) -> str:
    """What a posting was answered, in the words of the model."""
    match outcome:
        case Posted(transaction_uuids=uuids):
            return f"done in {len(uuids)}"
        case InsufficientPoints(active=active):
            return f"only {active} active"
        case InvalidField():
            return "no window"
    raise AssertionError(outcome)


@dataclass(slots=True)
class RealLedger:
    """The programs of the histories in a database that its owner empties for each of them."""

    context: Context
    owner: Database
    clock: Clock
    programs: dict[str, Program] = field(default_factory=dict)
    keys: "count[int]" = field(default_factory=count)

    async def create_programs(self) -> None:
        """Make the programs, once for all histories."""
        for settings in PROGRAMS:
            self.programs[settings.name] = await create_program(self.context, settings)

    async def start(self) -> None:
        """Go back to the first instant of a history, with nobody and nothing in the books."""
        self.clock.now = ORIGIN
        async with self.owner.transaction() as tx:
            await tx.execute(WIPE)

    def posting(self, wish: Add | Deduct) -> Posting:
        """The wish with an idempotency key of its own."""
        posting = Posting(
            program_id=self.programs[wish.program].id,
            integration_id=IntegrationId(wish.member),
            kind=Kind.SUBTRACTION,
            points=Points(wish.points),
            subledger=wish.subledger,
            idempotency_key=f"key {next(self.keys)}",
        )
        if isinstance(wish, Deduct):
            return posting
        start, expiry = parse_start(wish.start), parse_expiry(wish.expiry)
        return replace(posting, kind=Kind.ADDITION, start=start, expiry=expiry)

    async def post(self, postings: list[Posting], *, now: datetime) -> list[Outcome]:
        """Post a batch by a clock that says `now`."""
        async with self.context.database.transaction() as tx:
            return await post(tx, postings, now=now)

    async def import_file(self, rows: tuple[Add, ...]) -> ImportId | None:
        """Import a file with these rows; None if it was refused."""
        file = io.BytesIO("\n".join([HEADER, *map(_line, rows)]).encode())
        program = self.programs[rows[0].program]
        try:
            report = await import_points(self.context, program, file, file_name="points.csv")
        except InvalidFile:
            return None
        assert (len(rows), sum(row.points for row in rows)) == (report.row_count, report.amount)
        return report.import_id

    async def preview_undo(self, program: str, import_id: ImportId) -> UndoPreview:
        """What the undo of an import would take back."""
        return await preview_undo(self.context, self.programs[program], import_id)

    async def undo(
        self, program: str, import_id: ImportId, *, below_zero: bool
    ) -> UndoReport | Refusal:
        """Undo an import, or be refused."""
        try:
            return await undo_import(
                self.context, self.programs[program], import_id, below_zero=below_zero
            )
        except (AlreadyUndone, NotSupported) as refusal:
            return refusal

    async def activate(self, name: str, program: str) -> int:
        """Activate all that waits; how many points that were."""
        member = IntegrationId(name)
        wanted = TransactionFilter(awaiting_activation_at=self.clock())
        page = await list_transactions(
            self.context, self.programs[program], member, wanted=wanted, page_size=1000, skip=0
        )
        uuids = [transaction.uuid for transaction in page.transactions]
        activated = await activate_transactions(self.context, self.programs[program], uuids)
        return sum(each.amount for each in activated)

    async def delete(self, name: str, program: str, subledger: str | None) -> None:
        """Delete a member's transactions."""
        chosen = None if subledger is None else [subledger]
        await delete_transactions(
            self.context, self.programs[program], IntegrationId(name), subledgers=chosen
        )

    async def balances(
        self,
        name: str,
        program: str,
        *,
        at: datetime | None = None,
        known_at: datetime | None = None,
    ) -> dict[str, Balance]:
        """A member's balances by subledger."""
        member = IntegrationId(name)
        return await member_balances(
            self.context, self.programs[program], member, at=at, known_at=known_at
        )

    async def exported(self, program: str, *, at: datetime) -> dict[tuple[str, str], Balance]:
        """The balances file by member and subledger."""
        output = io.BytesIO()

        async def write(piece: bytes) -> None:
            output.write(piece)

        wish = BalancesWish(at=at)
        await export_file(self.context, self.programs[program], wish, output=write)
        lines = csv.DictReader(io.StringIO(output.getvalue().decode()))
        return {
            (line["profileIntegrationID"], line["loyaltySubledger"]): Balance(
                pending=_points(line["pendingBalance"]),
                active=_points(line["currentBalance"]),
                spent=_points(line["spentBalance"]),
                expired=_points(line["expiredBalance"]),
                negative=_points(line["negativeBalance"]),
            )
            for line in lines
        }

    async def totals(
        self, program: str, *, at: datetime, known_at: datetime | None = None
    ) -> Balance:
        """The sums of a program."""
        return await program_totals(self.context, self.programs[program], at=at, known_at=known_at)

    async def days(self, name: str, program: str, *, at: datetime) -> dict[str, list[ProjectedDay]]:
        """The projection of the longest time there is."""
        member = IntegrationId(name)
        return await project_days(self.context, self.programs[program], member, days=31, at=at)

    async def broken_promises(self) -> list[Finding]:
        """What `verify` has to say against the books."""
        return [finding async for finding in verify(self.context) if finding.offenders]


def _line(row: Add) -> str:
    """The row as it stands in a file."""
    runs = parse_duration(row.expiry) is not None
    expiry, validity = ("", row.expiry) if runs else (row.expiry, "")
    amount = render_points(row.points)
    return f"{row.member},{amount},{row.start},{expiry},{validity},{row.subledger}"


def _points(cell: str) -> Points:
    """The hundredths of a cell with two decimals."""
    whole, hundredths = cell.split(".")
    assert len(hundredths) == 2, cell
    return Points(int(whole + hundredths))
