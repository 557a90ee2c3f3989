"""Programs and their subledgers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from tallystick.core.errors import AlreadyExists, Busy, NotFound, Refusal
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
from tallystick.store.db import LockTimeout, Reader, Record, Tx, refused_as
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
    await _insert_tiers(tx, program_id, settings.tiers, now=now)
    return ProgramId(program_id)


async def update_program(
    tx: Tx,
    before: Program,
    settings: ProgramSettings,
    tier_ids: Sequence[int | None],
    *,
    now: datetime,
) -> None:
    """Write the settings that can change; a tier with an id of `tier_ids` stays the same one."""
    card = settings.card_code_settings
    await tx.execute(
        _SQL["update_program"],
        before.id,
        settings.title,
        settings.description,
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
    if (settings.tiers, tuple(tier_ids)) != (before.settings.tiers, before.tier_ids):
        await _replace_tiers(tx, before, settings.tiers, tier_ids, now=now)


async def _replace_tiers(
    tx: Tx, before: Program, tiers: Sequence[Tier], tier_ids: Sequence[int | None], *, now: datetime
) -> None:
    """All go and come back, as two of them may have swapped their names."""
    made_at = dict(zip(before.tier_ids, before.tiers_created_at, strict=True))
    pairs = list(zip(tier_ids, tiers, strict=True))
    kept = [(tier_id, tier) for tier_id, tier in pairs if tier_id is not None]
    new = [tier for tier_id, tier in pairs if tier_id is None]
    await tx.execute(_SQL["delete_tiers"], before.id)
    await tx.execute(
        _SQL["insert_kept_tiers"],
        before.id,
        [tier_id for tier_id, _ in kept],
        [made_at[tier_id] for tier_id, _ in kept],
        [tier.name for _, tier in kept],
        [tier.min_points for _, tier in kept],
    )
    await _insert_tiers(tx, before.id, new, now=now)


async def _insert_tiers(
    tx: Tx, program_id: ProgramId, tiers: Sequence[Tier], *, now: datetime
) -> None:
    names, least = [tier.name for tier in tiers], [tier.min_points for tier in tiers]
    await tx.execute(_SQL["insert_tiers"], program_id, now, names, least)


async def delete_program(tx: Tx, program_id: ProgramId) -> None:
    """Delete the program with its tiers, subledgers and exports; nothing else may be left of it."""
    for name in ("delete_tiers", "delete_subledgers", "delete_exports", "delete_program"):
        await tx.execute(_SQL[name], program_id)


async def lock_program(tx: Tx, program_id: ProgramId) -> None:
    """Keep others from changing the program until the end of the transaction."""
    await tx.execute(_SQL["lock_program"], program_id)


async def lock_all_programs(tx: Tx) -> None:
    """Be alone with the programs: nobody posts to any until the end of the transaction.

    Whoever posts has read the program in the same transaction, so nothing can be posted on the
    strength of what is about to change. Errors: Busy if somebody takes long, like an import.
    """
    await tx.execute(_SQL["limit_wait"], "1s")
    try:
        await tx.execute(_SQL["lock_all_programs"])
    except LockTimeout as error:
        raise Busy("the list of programs", retry_after_seconds=5) from error


async def find_with_transactions(
    reader: Reader, program_ids: Collection[ProgramId]
) -> set[ProgramId]:
    """Those of the programs that have any transaction."""
    rows = await reader.fetch(_SQL["programs_with_transactions"], list(program_ids))
    return {row["program_id"] for row in rows}


async def find_use(reader: Reader, program_id: ProgramId) -> list[str]:
    """What the program is needed by, besides applications: transactions, members, ..."""
    row = await reader.fetchrow(_SQL["find_use"], program_id)
    assert row is not None
    return [what for what, is_there in row.items() if is_there]


async def find_applications(tx: Tx, application_ids: Collection[int]) -> dict[int, bool]:
    """Of those applications that exist, whether they are for trying out."""
    rows = await tx.fetch(_SQL["find_applications"], list(application_ids))
    return {row["application_id"]: row["sandbox"] for row in rows}


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
    """The ids of all of them; those that are missing are made. Errors: NotFound."""
    found = await find_subledgers(tx, names)
    if missing := sorted(set(names) - found.keys()):
        programs, texts = [p for p, _ in missing], [name for _, name in missing]
        with refused_as(gone(programs[0])):
            await tx.execute(_SQL["insert_subledgers"], programs, texts)
        found |= await find_subledgers(tx, missing)
    return found


def gone(program_id: ProgramId) -> dict[str, Refusal]:
    """For `refused_as`: what is written belongs to a program that was deleted meanwhile."""
    told = NotFound("loyalty program", str(program_id))
    tables = "subledger", "point_import", "membership"
    return {f"{table}_program_fkey": told for table in tables}


def _program(row: Record) -> Program:
    program_id = ProgramId(row["program_id"])
    read, program = _READ.get(program_id, (None, None))
    if program is None or read != row:
        program = Program(
            id=program_id,
            created_at=row["created_at"],
            settings=_settings(row),
            tier_ids=tuple(row["tier_ids"] or ()),
            tiers_created_at=tuple(row["tier_made"] or ()),
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
