"""Programs and their subledgers."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from tallystick.core.errors import AlreadyExists
from tallystick.core.ids import MAIN_LEDGER, ProgramId, SubledgerId
from tallystick.core.points import Points
from tallystick.core.programs import (
    CardCodeSettings,
    JoinPolicy,
    Program,
    ProgramSettings,
    ReturnPolicy,
    Tier,
    TiersDowngradePolicy,
    TiersExpirationPolicy,
)
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries

_SQL = load_queries("programs")

SubledgerName = tuple[ProgramId, str]

# Programs as they were last read; one whose row is unchanged is not built and checked again.
_READ: dict[ProgramId, tuple[Record, Program]] = {}


async def insert_program(tx: Tx, settings: ProgramSettings, *, now: datetime) -> ProgramId:
    """Insert the program, its tiers and its main ledger; its id comes back.

    Errors: AlreadyExists if the name is taken.
    """
    card = settings.card_code_settings
    with refused_as({"program_name_key": AlreadyExists("program", "name", settings.name)}):
        program_id = await tx.fetchval(
            _SQL["insert_program"],
            now,
            settings.name,
            settings.title,
            settings.description,
            settings.timezone,
            settings.card_based,
            settings.sandbox,
            settings.subscribed_applications,
            settings.default_pending,
            settings.default_validity,
            settings.allow_subledger,
            settings.join_policy and settings.join_policy.value,
            settings.return_policy.value,
            settings.tiers_expiration_policy and settings.tiers_expiration_policy.value,
            settings.tier_cycle_start_date,
            settings.tiers_expire_in,
            settings.tiers_downgrade_policy and settings.tiers_downgrade_policy.value,
            settings.users_per_card_limit,
            card and card.valid_characters,
            card and card.coupon_pattern,
        )
    await tx.execute(_SQL["insert_main_ledger"], program_id)
    await tx.execute(
        _SQL["insert_tiers"],
        program_id,
        now,
        [tier.name for tier in settings.tiers],
        [tier.min_points for tier in settings.tiers],
    )
    return ProgramId(program_id)


async def find_programs(
    reader: Reader, program_ids: Collection[ProgramId]
) -> dict[ProgramId, Program]:
    """The programs that exist, by id, in the order of the ids."""
    rows = await reader.fetch(_SQL["find_programs"], list(program_ids))
    return {row["program_id"]: _program(row) for row in rows}


async def list_programs(reader: Reader) -> list[Program]:
    """All programs in the order of their ids."""
    ids = [row["program_id"] for row in await reader.fetch(_SQL["list_program_ids"])]
    return list((await find_programs(reader, ids)).values())


async def find_program_named(reader: Reader, name: str) -> Program | None:
    """The program of that name, if there is one."""
    program_id = await reader.fetchval(_SQL["find_program_id"], name)
    if program_id is None:
        return None
    return (await find_programs(reader, [program_id])).get(program_id)


async def find_subledgers(
    reader: Reader, names: Collection[SubledgerName]
) -> dict[SubledgerName, SubledgerId]:
    """The ids of the subledgers that exist; the main ledger always does."""
    found: dict[SubledgerName, SubledgerId] = {
        (program_id, name): MAIN_LEDGER for program_id, name in names if not name
    }
    if asked := sorted(set(names) - found.keys()):
        rows = await reader.fetch(
            _SQL["find_subledgers"], [p for p, _ in asked], [name for _, name in asked]
        )
        found |= {(row["program_id"], row["name"]): row["subledger_id"] for row in rows}
    return found


async def ensure_subledgers(
    tx: Tx, names: Collection[SubledgerName]
) -> dict[SubledgerName, SubledgerId]:
    """The ids of all of them; those that are missing are made."""
    found = await find_subledgers(tx, names)
    if missing := sorted(set(names) - found.keys()):
        await tx.execute(
            _SQL["insert_subledgers"], [p for p, _ in missing], [name for _, name in missing]
        )
        found |= await find_subledgers(tx, missing)
    return found


def _program(row: Record) -> Program:
    program_id = ProgramId(row["program_id"])
    read, program = _READ.get(program_id, (None, None))
    if program is None or read != row:
        program = Program(
            id=program_id,
            created_at=row["created_at"],
            settings=_settings(row),
            tier_ids=tuple(row["tier_ids"] or ()),
        )
        _READ[program_id] = row, program
    return program


def _settings(row: Record) -> ProgramSettings:
    join, expiration, downgrade = (
        row["join_policy"],
        row["tiers_expiration_policy"],
        row["tiers_downgrade_policy"],
    )
    settings = ProgramSettings(
        name=row["name"],
        title=row["title"],
        description=row["description"],
        timezone=row["timezone"],
        card_based=row["card_based"],
        sandbox=row["sandbox"],
        subscribed_applications=tuple(row["subscribed_applications"]),
        default_pending=row["default_pending"],
        default_validity=row["default_validity"],
        allow_subledger=row["allow_subledger"],
        join_policy=JoinPolicy(join) if join else None,
        return_policy=ReturnPolicy(row["return_policy"]),
        tiers=_tiers(row),
        tiers_expiration_policy=TiersExpirationPolicy(expiration) if expiration else None,
        tier_cycle_start_date=row["tier_cycle_start_date"],
        tiers_expire_in=row["tiers_expire_in"],
        tiers_downgrade_policy=TiersDowngradePolicy(downgrade) if downgrade else None,
        users_per_card_limit=row["users_per_card_limit"],
    )
    if row["card_coupon_pattern"] is None:
        return settings
    return replace(
        settings,
        card_code_settings=CardCodeSettings(
            valid_characters=tuple(row["card_valid_characters"]),
            coupon_pattern=row["card_coupon_pattern"],
        ),
    )


def _tiers(row: Record) -> tuple[Tier, ...]:
    pairs = zip(row["tier_names"] or (), row["tier_points"] or (), strict=True)
    return tuple(Tier(name=name, min_points=Points(points)) for name, points in pairs)
