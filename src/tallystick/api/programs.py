"""Programs: list and get as in the contract; the rest is left there to pages of its own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from tallystick.api.conditional import check_unchanged
from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import ACCOUNT_ID, instant_in, number_in
from tallystick.core.errors import InvalidField
from tallystick.core.points import ZERO, Points, decimal_of, points_of
from tallystick.core.programs import (
    CardCodeSettings,
    JoinPolicy,
    Program,
    ProgramSettings,
    ReturnPolicy,
    Tier,
    TiersDowngradePolicy,
    TiersExpirationPolicy,
    check_kept,
    freedom,
)
from tallystick.core.validity import render_instant
from tallystick.edges.transactions import Instant
from tallystick.services.programs import (
    Standing,
    Wish,
    create_program,
    delete_program,
    list_programs,
    tell_standings,
    update_program,
)

T = TypeVar("T")


class NewTier(msgspec.Struct):
    """A tier of a new program."""

    name: str
    minPoints: msgspec.Raw


class CardCode(msgspec.Struct):
    """How card codes are made."""

    validCharacters: list[str]
    couponPattern: str


class NewLoyaltyProgram(msgspec.Struct):
    """The body of `createLoyaltyProgram`, the SDK's own model.

    All but the name and the time zone may be left out.
    """

    name: str
    timezone: str
    title: str = ""
    description: str = ""
    cardBased: bool = False
    sandbox: bool = False
    subscribedApplications: list[int] = []
    defaultPending: str = "immediate"
    defaultValidity: str = "unlimited"
    allowSubledger: bool = False
    programJoinPolicy: JoinPolicy | None = None
    returnPolicy: ReturnPolicy = ReturnPolicy.ONLY_PENDING
    tiers: list[NewTier] = []
    tiersExpirationPolicy: TiersExpirationPolicy | None = None
    tierCycleStartDate: Instant | None = None
    tiersExpireIn: str | None = None
    tiersDowngradePolicy: TiersDowngradePolicy | None = None
    usersPerCardLimit: int | None = None
    cardCodeSettings: CardCode | None = None


class ChangedTier(msgspec.Struct):
    """A tier of a program that is changed.

    With the id of a tier that is there, or its name, it is that tier; else it is a new one.
    """

    id: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    minPoints: msgspec.Raw | UnsetType = UNSET


class UpdateLoyaltyProgram(msgspec.Struct):
    """The body of `updateLoyaltyProgram`, the SDK's own model.

    What is left out stays as it is. The last four never change: they may be sent as they are.
    """

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    subscribedApplications: list[int] | UnsetType = UNSET
    defaultPending: str | UnsetType = UNSET
    defaultValidity: str | UnsetType = UNSET
    allowSubledger: bool | UnsetType = UNSET
    programJoinPolicy: JoinPolicy | UnsetType | None = UNSET
    returnPolicy: ReturnPolicy | UnsetType = UNSET
    tiers: list[ChangedTier] | UnsetType = UNSET
    tiersExpirationPolicy: TiersExpirationPolicy | UnsetType | None = UNSET
    tierCycleStartDate: Instant | UnsetType | None = UNSET
    tiersExpireIn: str | UnsetType | None = UNSET
    tiersDowngradePolicy: TiersDowngradePolicy | UnsetType | None = UNSET
    usersPerCardLimit: int | UnsetType | None = UNSET
    cardCodeSettings: CardCode | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    cardBased: bool | UnsetType = UNSET
    sandbox: bool | UnsetType = UNSET


class TierBody(msgspec.Struct):
    """A tier on the wire."""

    id: int
    created: str
    programID: int
    name: str
    minPoints: Decimal


class ProgramBody(msgspec.Struct, omit_defaults=True):
    """The contract's program; optional members that were not chosen are left out."""

    id: int
    created: str
    accountID: int
    name: str
    title: str
    description: str
    timezone: str
    cardBased: bool
    sandbox: bool
    subscribedApplications: list[int]
    defaultPending: str
    defaultValidity: str
    allowSubledger: bool
    returnPolicy: str
    tiers: list[TierBody]
    canUpdateTiers: bool
    canUpdateJoinPolicy: bool
    canUpdateTierExpirationPolicy: bool
    canUpgradeToAdvancedTiers: bool
    canUpdateSubledgers: bool
    programJoinPolicy: str | None = None
    tiersExpirationPolicy: str | None = None
    tierCycleStartDate: str | None = None
    tiersExpireIn: str | None = None
    tiersDowngradePolicy: str | None = None
    usersPerCardLimit: int | None = None
    cardCodeSettings: CardCode | None = None


class ProgramsBody(msgspec.Struct):
    """All programs; the contract knows no pages of them."""

    totalResultSize: int
    data: list[ProgramBody]


async def post_program(call: Call[Nothing, NewLoyaltyProgram]) -> ProgramBody:
    """Make a program."""
    program = await create_program(call.context, _settings(call.body), caller=call.caller)
    return program_body(Standing(program, has_transactions=False))


async def get_one(call: Call[Nothing, Nothing]) -> ProgramBody:
    """One program."""
    return program_body(await _standing(call))


async def get_all(call: Call[Nothing, Nothing]) -> ProgramsBody:
    """All programs that you may know of, in the order of their ids."""
    programs = await list_programs(call.context, call.known_caller)
    bodies = [program_body(each) for each in await tell_standings(call.context, programs)]
    return ProgramsBody(totalResultSize=len(bodies), data=bodies)


async def put_program(call: Call[Nothing, UpdateLoyaltyProgram]) -> ProgramBody:
    """Change a program's settings.

    What is left out of the body stays as it is. Subledgers, the join policy, tiers and their expiry
    can change until the first transaction; `canUpdate...` of the answer tells. With the header
    `If-Match`, nothing changes unless the program is still the one whose ETag it holds.
    """
    program = await call.program()
    return program_body(
        await update_program(
            call.context,
            program.id,
            wish=lambda before: _wish(before, call.body),
            check=lambda standing: check_unchanged(call.request, program_body(standing)),
            caller=call.caller,
        )
    )


async def delete_one(call: Call[Nothing, Nothing]) -> None:
    """Delete a program that was never used.

    A program in which anything was ever recorded is kept, and so is one that applications use. With
    the header `If-Match`, nothing goes unless the program is still the one whose ETag it holds.
    """
    program = await call.program()
    await delete_program(
        call.context,
        program.id,
        check=lambda standing: check_unchanged(call.request, program_body(standing)),
        caller=call.caller,
    )


async def _standing(call: Call[Nothing, Nothing]) -> Standing:
    [standing] = await tell_standings(call.context, [await call.program()])
    return standing


def _settings(body: NewLoyaltyProgram) -> ProgramSettings:
    return ProgramSettings(
        name=body.name,
        title=body.title,
        description=body.description,
        timezone=body.timezone,
        card_based=body.cardBased,
        sandbox=body.sandbox,
        subscribed_applications=tuple(body.subscribedApplications),
        default_pending=body.defaultPending,
        default_validity=body.defaultValidity,
        allow_subledger=body.allowSubledger,
        join_policy=body.programJoinPolicy,
        return_policy=body.returnPolicy,
        tiers=tuple(
            Tier(name=tier.name, min_points=_least(tier.minPoints, f"tiers[{n}].minPoints"))
            for n, tier in enumerate(body.tiers)
        ),
        tiers_expiration_policy=body.tiersExpirationPolicy,
        tier_cycle_start_date=instant_in(body.tierCycleStartDate, "tierCycleStartDate"),
        tiers_expire_in=body.tiersExpireIn,
        tiers_downgrade_policy=body.tiersDowngradePolicy,
        users_per_card_limit=body.usersPerCardLimit,
        card_code_settings=_card_code(body.cardCodeSettings),
    )


def _wish(program: Program, body: UpdateLoyaltyProgram) -> Wish:
    """The program as the body wants it. Errors: InvalidField."""
    tiers, tier_ids = _changed_tiers(program, body.tiers)
    given: dict[str, object] = {
        "name": body.name,
        "timezone": body.timezone,
        "card_based": body.cardBased,
        "sandbox": body.sandbox,
        "title": body.title,
        "description": body.description,
        "subscribed_applications": _if_given(body.subscribedApplications, tuple),
        "default_pending": body.defaultPending,
        "default_validity": body.defaultValidity,
        "allow_subledger": body.allowSubledger,
        "join_policy": body.programJoinPolicy,
        "return_policy": body.returnPolicy,
        "tiers_expiration_policy": body.tiersExpirationPolicy,
        "tier_cycle_start_date": _if_given(
            body.tierCycleStartDate, lambda text: instant_in(text, "tierCycleStartDate")
        ),
        "tiers_expire_in": body.tiersExpireIn,
        "tiers_downgrade_policy": body.tiersDowngradePolicy,
        "users_per_card_limit": body.usersPerCardLimit,
        "card_code_settings": _if_given(body.cardCodeSettings, _card_code),
    }
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not UNSET}
    check_kept(program.settings, chosen)
    return Wish(settings=replace(program.settings, tiers=tiers, **chosen), tier_ids=tier_ids)


def _if_given(value: T | UnsetType, read: Callable[[T], object]) -> object:
    return UNSET if isinstance(value, UnsetType) else read(value)


def _changed_tiers(
    program: Program, wanted: list[ChangedTier] | UnsetType
) -> tuple[tuple[Tier, ...], tuple[int | None, ...]]:
    """All tiers as they shall be, and their ids, None for one that is new. Errors: InvalidField."""
    known = dict(zip(program.tier_ids, program.settings.tiers, strict=True))
    if isinstance(wanted, UnsetType):
        return tuple(known.values()), tuple(known)
    tiers: list[Tier] = []
    ids: list[int | None] = []
    for number, each in enumerate(wanted):
        field = f"tiers[{number}]"
        tier_id = _tier_id(known, each)
        if tier_id is not None and (tier_id not in known or tier_id in ids):
            fix = "write the id of a tier of this program, each once, or none for a new tier"
            raise InvalidField(f"{field}.id", str(tier_id), fix)
        tiers.append(_changed_tier(None if tier_id is None else known[tier_id], each, field))
        ids.append(tier_id)
    return tuple(tiers), tuple(ids)


def _tier_id(known: Mapping[int, Tier], wanted: ChangedTier) -> int | None:
    """The id of the tier that is meant; one without an id is known by its name."""
    if not isinstance(wanted.id, UnsetType):
        return wanted.id
    return next((tier_id for tier_id, tier in known.items() if tier.name == wanted.name), None)


def _changed_tier(before: Tier | None, wanted: ChangedTier, field: str) -> Tier:
    name, least = wanted.name, wanted.minPoints
    if before is None and (isinstance(name, UnsetType) or isinstance(least, UnsetType)):
        missing = "name" if isinstance(name, UnsetType) else "minPoints"
        raise InvalidField(f"{field}.{missing}", "nothing", "write it: a new tier needs it")
    tier = before or Tier(name="", min_points=ZERO)
    if not isinstance(name, UnsetType):
        tier = replace(tier, name=name)
    if not isinstance(least, UnsetType):
        tier = replace(tier, min_points=_least(least, f"{field}.minPoints"))
    return tier


def _card_code(card: CardCode | None) -> CardCodeSettings | None:
    if card is None:
        return None
    characters = tuple(card.validCharacters)
    return CardCodeSettings(valid_characters=characters, coupon_pattern=card.couponPattern)


def _least(raw: msgspec.Raw, field: str) -> Points:
    number = number_in(raw, field)
    return points_of(number, field=field) if number else ZERO


def program_body(standing: Standing) -> ProgramBody:
    """A program on the wire."""
    program, has_transactions = standing
    free = freedom(program.settings, has_transactions=has_transactions)
    settings, card = program.settings, program.settings.card_code_settings
    created = render_instant(program.created_at)
    cycle = settings.tier_cycle_start_date
    expiration, downgrade = settings.tiers_expiration_policy, settings.tiers_downgrade_policy
    return ProgramBody(
        id=program.id,
        created=created,
        accountID=ACCOUNT_ID,
        name=settings.name,
        title=settings.title,
        description=settings.description,
        timezone=settings.timezone,
        cardBased=settings.card_based,
        sandbox=settings.sandbox,
        subscribedApplications=list(settings.subscribed_applications),
        defaultPending=settings.default_pending,
        defaultValidity=settings.default_validity,
        allowSubledger=settings.allow_subledger,
        programJoinPolicy=settings.join_policy and settings.join_policy.value,
        returnPolicy=settings.return_policy.value,
        tiers=[
            TierBody(
                id=tier_id,
                created=render_instant(made_at),
                programID=program.id,
                name=tier.name,
                minPoints=decimal_of(tier.min_points),
            )
            for tier_id, made_at, tier in zip(
                program.tier_ids, program.tiers_created_at, settings.tiers, strict=True
            )
        ],
        tiersExpirationPolicy=expiration and expiration.value,
        tierCycleStartDate=render_instant(cycle) if cycle else None,
        tiersExpireIn=settings.tiers_expire_in,
        tiersDowngradePolicy=downgrade and downgrade.value,
        usersPerCardLimit=settings.users_per_card_limit,
        cardCodeSettings=CardCode(
            validCharacters=list(card.valid_characters), couponPattern=card.coupon_pattern
        )
        if card
        else None,
        canUpdateTiers=free.tiers,
        canUpdateJoinPolicy=free.join_policy,
        canUpdateTierExpirationPolicy=free.tier_expiry,
        canUpgradeToAdvancedTiers=free.tier_expiry and expiration is None,
        canUpdateSubledgers=free.subledgers,
    )
