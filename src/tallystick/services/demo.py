"""A program with a year of points to look at, the same for everybody: from a seed, not from chance.

It is written by the same code as any other points, at instants that lie in the past.
"""

import io
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from tallystick.core.ids import IntegrationId, ProgramId
from tallystick.core.points import Points
from tallystick.core.programs import JoinPolicy, Program, ProgramSettings, ReturnPolicy, Tier
from tallystick.core.transactions import Kind, Source
from tallystick.services.context import Context
from tallystick.services.imports import ImportFile, enter_points
from tallystick.services.posting import post
from tallystick.services.postings import Posting
from tallystick.services.programs import enter_program
from tallystick.store.db import Tx

MEMBERS = [IntegrationId(f"member-{number:03}") for number in range(1, 151)]
DAYS = 365
STORES = ["", "", "", "online", "bakery"]  # most points go to the main ledger

SETTINGS = ProgramSettings(
    name="demo",
    title="Corner Shop Rewards",
    description="A point for every euro; active after a week, for half a year.",
    timezone="Europe/Berlin",
    default_pending="7D",
    default_validity="6M_U",
    allow_subledger=True,
    join_policy=JoinPolicy.POINTS_EARNED,
    return_policy=ReturnPolicy.UNLIMITED,
    tiers=(
        Tier(name="Bronze", min_points=Points(0)),
        Tier(name="Silver", min_points=Points(500_00)),
        Tier(name="Gold", min_points=Points(1_500_00)),
    ),
)


async def make_demo(context: Context) -> Program:
    """The demo program with its year of points, made in one transaction."""
    now = context.clock()
    async with context.database.transaction() as tx:
        return await enter_demo(tx, now=now)


async def enter_demo(tx: Tx, *, now: datetime) -> Program:
    """The same within a transaction that the caller commits. Errors: AlreadyExists."""
    began = now - timedelta(days=DAYS)
    program = await enter_program(tx, SETTINGS, now=began)
    welcome = ImportFile(io.BytesIO(_welcome_file().encode()), file_name="welcome.csv")
    await enter_points(tx, program, welcome, now=began)
    for at, postings in _year(program.id, began, now):
        await post(tx, postings, now=at)
    return program


def _welcome_file() -> str:
    rows = [f"{member},50,immediate,unlimited,Welcome bonus" for member in MEMBERS]
    return "\n".join(["customerprofileid,amount,startdate,expirydate,reason", *rows, ""])


def _year(
    program_id: ProgramId, began: datetime, now: datetime
) -> Iterator[tuple[datetime, list[Posting]]]:
    """What a shop posts on each day, around noon and in the evening."""
    chance = random.Random(2026)  # noqa: S311 - a fixed seed is the point
    for day in range(DAYS):
        for hours in (12, 19):
            at = began + timedelta(days=day, hours=hours, minutes=chance.randrange(60))
            postings = [_purchase(program_id, chance) for _ in range(chance.randint(6, 14))]
            postings += [_redemption(program_id, chance) for _ in range(chance.randint(0, 2))]
            if chance.random() < 0.04:
                postings.append(_correction(program_id, chance))
            if at < now:
                yield at, postings


def _member(chance: random.Random) -> IntegrationId:
    """Some members come far more often than others."""
    return MEMBERS[min(int(chance.paretovariate(0.6)) - 1, len(MEMBERS) - 1)]


def _purchase(program_id: ProgramId, chance: random.Random) -> Posting:
    receipt = chance.randrange(100_000, 999_999)
    return Posting(
        program_id=program_id,
        integration_id=_member(chance),
        kind=Kind.ADDITION,
        points=Points(chance.randrange(1_50, 90_00)),
        name=f"Purchase {receipt}",
        subledger=chance.choice(STORES),
        source=Source.SESSION,
        session_id=f"receipt-{receipt}",
    )


def _redemption(program_id: ProgramId, chance: random.Random) -> Posting:
    receipt = chance.randrange(100_000, 999_999)
    return Posting(
        program_id=program_id,
        integration_id=_member(chance),
        kind=Kind.SUBTRACTION,
        points=Points(chance.choice([10_00, 20_00, 50_00])),
        name=f"Voucher {receipt}",
        source=Source.SESSION,
        session_id=f"receipt-{receipt}",
    )


def _correction(program_id: ProgramId, chance: random.Random) -> Posting:
    return Posting(
        program_id=program_id,
        integration_id=_member(chance),
        kind=Kind.SUBTRACTION,
        points=Points(chance.randrange(100_00, 400_00)),
        name="Correction by support",
    )
