"""Programs: made, found, listed, changed and deleted."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tallystick.core.errors import InUse, InvalidField, NotFound, NotSupported
from tallystick.core.ids import ApplicationId, ProgramId
from tallystick.core.points import decimal_of
from tallystick.core.programs import (
    Program,
    ProgramSettings,
    check_change,
    check_subscriptions,
)
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import programs as store
from tallystick.store.approvals import delete_four_eyes
from tallystick.store.db import Reader, Tx
from tallystick.store.roles import delete_roles_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a program shall be; `tier_ids` are those of its tiers, None for one that is new."""

    settings: ProgramSettings
    tier_ids: tuple[int | None, ...]


class Standing(NamedTuple):
    """A program, and whether points were ever posted in it."""

    program: Program
    has_transactions: bool


async def create_program(
    context: Context, settings: ProgramSettings, *, caller: Caller | None = None
) -> Program:
    """Make a program with its main ledger and tiers.

    Errors: NotAllowed; AlreadyExists if the name is taken, InvalidField for an application that is
    not there.
    """
    check_may(caller, Right.PROGRAMS)
    now = context.clock()
    return await context.database.write(
        lambda tx: create_program_within(tx, settings, now=now, caller=caller)
    )


async def create_program_within(
    tx: Tx, settings: ProgramSettings, *, now: datetime, caller: Caller | None
) -> Program:
    """The same within a transaction that the caller commits, for somebody who may."""
    program = await enter_program(tx, settings, now=now, caller=caller)
    path, new = _path(program.id), _facts(program.settings)
    await record_change(tx, caller, path, now=now, new=new)
    return program


async def enter_program(
    tx: Tx, settings: ProgramSettings, *, now: datetime, caller: Caller | None = None
) -> Program:
    """Make a program within a transaction that the caller commits.

    Errors: AlreadyExists, InvalidField.
    """
    await _check_subscriptions(tx, settings, caller)
    program_id = await store.insert_program(tx, settings, now=now)
    return await _found(tx, program_id)


async def update_program(
    context: Context,
    program_id: ProgramId,
    *,
    wish: Callable[[Program], Wish],
    check: Callable[[Standing], None],
    caller: Caller | None = None,
) -> Standing:
    """Change a program to what `wish` makes of it, if `check` lets what is there now pass.

    Errors: NotFound, NotAllowed, what the two raise, InvalidField for what can no longer change.
    """
    check_may(caller, Right.PROGRAMS, program_id)
    now = context.clock()

    async def update(tx: Tx) -> Standing:
        await store.lock_program(tx, program_id)
        before = await _found(tx, program_id)
        wanted = wish(before)
        if _is_for_early_days(before.settings, wanted.settings):
            await store.lock_all_programs(tx)
        [standing] = await _standings(tx, [before])
        check(standing)
        has_transactions = standing.has_transactions
        check_change(before.settings, wanted.settings, has_transactions=has_transactions)
        kept = before.settings.subscribed_applications
        await _check_subscriptions(tx, wanted.settings, caller, kept=kept)
        await store.update_program(tx, before, wanted.settings, wanted.tier_ids, now=now)
        after = await _found(tx, program_id)
        old, new = _facts(before.settings), _facts(after.settings)
        if old != new:
            await record_change(tx, caller, _path(program_id), now=now, old=old, new=new)
        return Standing(after, has_transactions)

    standing = await context.database.write(update)
    context.known_programs.forget(program_id)
    return standing


def _is_for_early_days(before: ProgramSettings, after: ProgramSettings) -> bool:
    """Whether the change is one that a first transaction rules out."""
    try:
        check_change(before, after, has_transactions=True)
    except InvalidField:
        return True
    return False


async def delete_program(
    context: Context,
    program_id: ProgramId,
    *,
    check: Callable[[Standing], None],
    caller: Caller | None = None,
) -> None:
    """Delete a program that nothing was ever posted in, if `check` lets it pass.

    Errors: NotFound; NotAllowed; what `check` raises; InUse, as a ledger forgets nothing, and while
    applications use the program.
    """
    check_may(caller, Right.PROGRAMS, program_id)
    now = context.clock()

    async def delete(tx: Tx) -> None:
        await store.lock_all_programs(tx)
        program = await _found(tx, program_id)
        [standing] = await _standings(tx, [program])
        check(standing)
        await _check_unused(tx, program)
        await delete_roles_in(tx, program_id)
        await delete_four_eyes(tx, program_id)
        await store.delete_program(tx, program_id)
        old = _facts(program.settings)
        await record_change(tx, caller, _path(program_id), now=now, old=old)

    await context.database.write(delete)
    context.known_programs.forget(program_id)


async def _check_unused(tx: Tx, program: Program) -> None:
    kind, name = "loyalty program", program.settings.name
    if use := await store.find_use(tx, program.id):
        fix = "keep it: what was once recorded stays, so such a program cannot be deleted"
        raise InUse(kind, name, " and ".join(use), fix)
    if numbers := program.settings.subscribed_applications:
        found = "the subscribed applications " + ", ".join(map(str, numbers))
        raise InUse(kind, name, found, "first update it with subscribedApplications []")


async def _check_subscriptions(
    tx: Tx, settings: ProgramSettings, caller: Caller | None, *, kept: Iterable[int] = ()
) -> None:
    """Refuse applications that are not there for whoever calls, besides those that are kept."""
    wanted = set(settings.subscribed_applications)
    if new := wanted.difference(kept):
        found = await store.find_applications(tx, sorted(new))
        known = {
            number: sandbox
            for number, sandbox in found.items()
            if caller is None or caller.reaches_application(ApplicationId(number))
        }
        check_subscriptions(settings, known | dict.fromkeys(wanted - new, settings.sandbox))


async def tell_standings(context: Context, programs: Sequence[Program]) -> list[Standing]:
    """Whether points were ever posted in these programs."""
    async with context.database.reader() as reader:
        return await _standings(reader, programs)


async def _standings(reader: Reader, programs: Sequence[Program]) -> list[Standing]:
    busy = await store.find_with_transactions(reader, [program.id for program in programs])
    return [Standing(program, program.id in busy) for program in programs]


async def list_programs(context: Context, caller: Caller | None = None) -> list[Program]:
    """The programs that whoever calls may know of, in the order of their ids."""
    async with context.database.reader() as reader:
        programs = await store.list_programs(reader)
    return [each for each in programs if caller is None or caller.reaches_program(each)]


async def get_program(context: Context, program_id: ProgramId) -> Program:
    """The program. Errors: NotFound."""
    async with context.database.reader() as reader:
        return await _found(reader, program_id)


async def get_program_for(
    context: Context, caller: Caller, program_id: ProgramId, right: Right | None = None
) -> Program:
    """The program as it was a second ago, if whoever calls may know of it, and has the right there.

    Errors: NotFound, the same for a program that is not there and for one they may not know;
    NotAllowed without the right.
    """
    program = await context.known_programs.get(program_id, lambda: get_program(context, program_id))
    if not caller.reaches_program(program):
        raise NotFound("loyalty program", str(program_id), hidden=True)
    if right is not None:
        check_may(caller, right, program_id)
    return program


def check_profiles(program: Program) -> Program:
    """The same program, if its points belong to customer profiles. Errors: NotSupported."""
    if program.settings.card_based:
        raise NotSupported("loyaltyProgramId", CARDS)
    return program


async def get_profile_program(context: Context, program_id: ProgramId) -> Program:
    """The program, whose points belong to customer profiles. Errors: NotFound, NotSupported."""
    return check_profiles(await get_program(context, program_id))


async def get_program_named(context: Context, name: str) -> Program:
    """The program of that name. Errors: NotFound, with the names there are."""
    async with context.database.reader() as reader:
        program = await store.find_program_named(reader, name)
        if program is not None:
            return program
        names = [program.settings.name for program in await store.list_programs(reader)]
    there_are = f"there are {', '.join(names[:10])}" if names else "there are none yet"
    raise NotFound("loyalty program", name, there_are)


async def _found(reader: Reader, program_id: ProgramId) -> Program:
    program = (await store.find_programs(reader, [program_id])).get(program_id)
    if program is None:
        raise NotFound("loyalty program", str(program_id))
    return program


CARDS = "this program is card-based; this version keeps points of customer profiles only"


def _path(program_id: ProgramId) -> str:
    return f"/v1/loyalty_programs/{program_id}"


def _facts(settings: ProgramSettings) -> dict[str, object]:
    """The settings as the record of changes tells them: those that were chosen."""
    card = settings.card_code_settings
    told: dict[str, object] = {
        "name": settings.name,
        "title": settings.title,
        "description": settings.description,
        "timezone": settings.timezone,
        "cardBased": settings.card_based,
        "sandbox": settings.sandbox,
        "subscribedApplications": list(settings.subscribed_applications),
        "defaultPending": settings.default_pending,
        "defaultValidity": settings.default_validity,
        "allowSubledger": settings.allow_subledger,
        "programJoinPolicy": settings.join_policy,
        "returnPolicy": settings.return_policy,
        "tiers": [
            {"name": tier.name, "minPoints": decimal_of(tier.min_points)} for tier in settings.tiers
        ],
        "tiersExpirationPolicy": settings.tiers_expiration_policy,
        "tierCycleStartDate": settings.tier_cycle_start_date,
        "tiersExpireIn": settings.tiers_expire_in,
        "tiersDowngradePolicy": settings.tiers_downgrade_policy,
        "usersPerCardLimit": settings.users_per_card_limit,
        "cardCodeSettings": card
        and {
            "validCharacters": list(card.valid_characters),
            "couponPattern": card.coupon_pattern,
        },
    }
    return {name: value for name, value in told.items() if value is not None}
