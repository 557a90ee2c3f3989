"""Programs: list and get as in the contract; create, which the contract leaves to its own pages."""

from decimal import Decimal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import ACCOUNT_ID, Instant, instant_in, number_in
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
)
from tallystick.core.validity import render_instant
from tallystick.services.programs import create_program, get_program, list_programs


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
    return program_body(await create_program(call.context, _settings(call.body)))


async def get_one(call: Call[Nothing, Nothing]) -> ProgramBody:
    """One program."""
    return program_body(await get_program(call.context, call.program_id()))


async def get_all(call: Call[Nothing, Nothing]) -> ProgramsBody:
    """All programs in the order of their ids."""
    programs = [program_body(program) for program in await list_programs(call.context)]
    return ProgramsBody(totalResultSize=len(programs), data=programs)


def _settings(body: NewLoyaltyProgram) -> ProgramSettings:
    card = body.cardCodeSettings
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
        card_code_settings=CardCodeSettings(
            valid_characters=tuple(card.validCharacters), coupon_pattern=card.couponPattern
        )
        if card
        else None,
    )


def _least(raw: msgspec.Raw, field: str) -> Points:
    number = number_in(raw, field)
    return points_of(number, field=field) if number else ZERO


def program_body(program: Program) -> ProgramBody:
    """A program on the wire."""
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
                created=created,
                programID=program.id,
                name=tier.name,
                minPoints=decimal_of(tier.min_points),
            )
            for tier_id, tier in zip(program.tier_ids, settings.tiers, strict=True)
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
        canUpdateTiers=False,
        canUpdateJoinPolicy=False,
        canUpdateTierExpirationPolicy=False,
        canUpgradeToAdvancedTiers=False,
        canUpdateSubledgers=False,
    )
