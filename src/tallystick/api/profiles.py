"""Profiles as shops know them: told about, looked at with all they have, forgotten."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import msgspec
from starlette.responses import Response

from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import ACCOUNT_ID, instant_in
from tallystick.core.balances import Balance, ProjectedDay
from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import IntegrationId
from tallystick.core.points import decimal_of
from tallystick.core.profiles import Profile
from tallystick.core.programs import is_one_line
from tallystick.core.texts import INTEGRATION_ID_LENGTH_MAX
from tallystick.core.validity import render_instant, render_local_instant
from tallystick.edges.transactions import Instant
from tallystick.services.erasure import erase_customer
from tallystick.services.inventory import ProgramShare, get_inventory, list_shares
from tallystick.services.profiles import Attributes, update_profiles

PROFILES_MAX = 1_000
BODY_BYTES_MAX = 10_000_000  # of an update of so many
ATTRIBUTE_NAME_LENGTH_MAX = 255

AttributeValues = Annotated[
    dict[str, msgspec.Raw],
    msgspec.Meta(description="Whatever is known of the customer, by name."),
]
ResponseContent = Literal[
    "customerProfile",
    "triggeredCampaigns",
    "loyalty",
    "event",
    "awardedGiveaways",
    "ruleFailureReasons",
    "campaignEligibility",
    "achievements",
]


class AudiencesChanges(msgspec.Struct):
    """Audiences to join and to leave; there are none yet, so nothing comes of it."""

    adds: list[int] = []
    deletes: list[int] = []


class ProfileUpdate(msgspec.Struct):
    """What is told about a customer; an attribute that is null is removed."""

    attributes: AttributeValues = {}
    audiencesChanges: AudiencesChanges | None = None
    responseContent: list[ResponseContent] = []
    evaluableCampaignIds: list[int] = []


class NamedProfileUpdate(msgspec.Struct):
    """The same for one of many customers."""

    integrationId: Annotated[str, msgspec.Meta(max_length=INTEGRATION_ID_LENGTH_MAX)]
    attributes: AttributeValues = {}


class ProfilesUpdate(msgspec.Struct):
    """What is told about up to 1,000 customers."""

    customerProfiles: Annotated[list[NamedProfileUpdate], msgspec.Meta(max_length=PROFILES_MAX)]


class ProfileBody(msgspec.Struct):
    """A customer. Sessions are not kept yet, so there are no sales."""

    id: int
    created: Instant
    integrationId: str
    attributes: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
    accountId: int
    closedSessions: int
    totalSales: int
    audienceMemberships: list[Any]
    lastActivity: Instant
    sandbox: bool


class ProjectedDayBody(msgspec.Struct):
    """What will have become active and expired by the end of a day, and what is left then.

    `date` is the last second of the day in the program's time zone.
    """

    date: Instant
    expiringPoints: Decimal
    activatingPoints: Decimal
    projectedBalance: Decimal


class ProjectionBody(msgspec.Struct):
    """The days ahead, and what they bring in all."""

    projections: list[ProjectedDayBody]
    totalExpiringPoints: Decimal
    totalActivatingPoints: Decimal


class LedgerBody(msgspec.Struct, omit_defaults=True):
    """What a ledger holds. Expired and spent points are not told here, as in the contract."""

    currentBalance: Decimal
    pendingBalance: Decimal
    negativeBalance: Decimal
    expiredBalance: Decimal
    spentBalance: Decimal
    tentativeCurrentBalance: Decimal
    tentativePendingBalance: Decimal
    tentativeNegativeBalance: Decimal
    projection: ProjectionBody | None = None


class ProgramLedgersBody(msgspec.Struct, omit_defaults=True):
    """What a customer has in a program; the join date is in the program's time zone."""

    id: int
    title: str
    name: str
    ledger: LedgerBody
    subLedgers: dict[str, LedgerBody]
    joinDate: Instant | None = None


class LoyaltyBody(msgspec.Struct):
    """What a customer has in programs, by their ids."""

    programs: dict[str, ProgramLedgersBody]
    cards: list[Any]


class ProfileUpdateBody(msgspec.Struct, omit_defaults=True):
    """What came of it: no rule runs, so there are no effects; and what `responseContent` names."""

    effects: list[Any]
    createdCoupons: list[Any]
    createdReferrals: list[Any]
    customerProfile: ProfileBody | None = None
    loyalty: LoyaltyBody | None = None
    triggeredCampaigns: list[Any] | None = None
    awardedGiveaways: list[Any] | None = None
    ruleFailureReasons: list[Any] | None = None
    campaignEligibility: list[Any] | None = None


class ProfileStateBody(msgspec.Struct):
    """One of the customers of an update."""

    customerProfile: ProfileBody


class ProfilesUpdateBody(msgspec.Struct):
    """The customers of an update, in its order."""

    integrationStates: list[ProfileStateBody]


class InventoryBody(msgspec.Struct, omit_defaults=True):
    """The parts that were asked for."""

    profile: ProfileBody | None = None
    loyalty: LoyaltyBody | None = None
    referrals: list[Any] | None = None
    coupons: list[Any] | None = None
    giveaways: list[Any] | None = None
    achievements: list[Any] | None = None


class ProfileUpdateQuery(msgspec.Struct):
    """The parameters of `updateCustomerProfileV2`."""

    runRuleEngine: bool = False
    dry: bool = False


class ProfilesUpdateQuery(msgspec.Struct):
    """The parameter of `updateCustomerProfilesV2`."""

    silent: Literal["yes", "no"] = "yes"


class InventoryQuery(msgspec.Struct):
    """The parameters of `getCustomerInventory`; the last one is of an older contract."""

    profile: bool = False
    referrals: bool = False
    coupons: bool = False
    loyalty: bool = False
    giveaways: bool = False
    achievements: bool = False
    loyaltyProjectionEndDate: Instant | None = None


async def update_one(call: Call[ProfileUpdateQuery, ProfileUpdate]) -> ProfileUpdateBody:
    """Make a customer profile, or change its attributes.

    Attributes that are named take the place of what they were, null removes one, the others stay.
    No rule engine runs, so that there are no effects. With `dry` nothing is written.
    """
    body, caller = call.body, call.known_caller
    integration_id = new_integration_id(unquote(call.request.path_params["integrationId"]))
    update = integration_id, attributes_in(body.attributes, "attributes")
    [profile] = await update_profiles(
        call.context, caller.environment, [update], caller=caller, dry=call.query.dry
    )
    wanted: set[str] = {*body.responseContent}
    loyalty = None
    if "loyalty" in wanted:
        loyalty = loyalty_body(await list_shares(call.context, caller, integration_id))
    return ProfileUpdateBody(
        effects=[],
        createdCoupons=[],
        createdReferrals=[],
        customerProfile=profile_body(profile) if "customerProfile" in wanted else None,
        loyalty=loyalty,
        triggeredCampaigns=_none_of("triggeredCampaigns", wanted),
        awardedGiveaways=_none_of("awardedGiveaways", wanted),
        ruleFailureReasons=_none_of("ruleFailureReasons", wanted),
        campaignEligibility=_none_of("campaignEligibility", wanted),
    )


def _none_of(part: str, wanted: set[str]) -> list[Any] | None:
    """A list of things that there are none of, where it is asked for."""
    return [] if part in wanted else None


async def update_many(
    call: Call[ProfilesUpdateQuery, ProfilesUpdate],
) -> ProfilesUpdateBody | Response:
    """Make or change up to 1,000 customer profiles, all or none.

    With `silent=yes`, which is what happens without it, the answer is 204; else the profiles come
    back in the order of the request.
    """
    updates = [
        (
            new_integration_id(each.integrationId, f"customerProfiles[{n}].integrationId"),
            attributes_in(each.attributes, f"customerProfiles[{n}].attributes"),
        )
        for n, each in enumerate(call.body.customerProfiles)
    ]
    caller = call.known_caller
    profiles = await update_profiles(call.context, caller.environment, updates, caller=caller)
    if call.query.silent == "yes":
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return ProfilesUpdateBody(
        integrationStates=[
            ProfileStateBody(customerProfile=profile_body(profile)) for profile in profiles
        ]
    )


async def get_customer_inventory(call: Call[InventoryQuery, Nothing]) -> InventoryBody:
    """A customer with the parts that are asked for.

    `loyalty` has every program in which there are entries or which the customer has joined, as far
    as the key reaches. `loyaltyProjectionEndDate` adds to each ledger what the days up to then
    bring, 31 at most.
    """
    query = call.query
    until = instant_in(query.loyaltyProjectionEndDate, "loyaltyProjectionEndDate")
    inventory = await get_inventory(
        call.context,
        call.known_caller,
        call.integration_id(),
        with_shares=query.loyalty,
        until=until,
    )
    return InventoryBody(
        profile=profile_body(inventory.profile) if query.profile else None,
        loyalty=loyalty_body(inventory.shares) if query.loyalty else None,
        referrals=[] if query.referrals else None,
        coupons=[] if query.coupons else None,
        giveaways=[] if query.giveaways else None,
        achievements=[] if query.achievements else None,
    )


async def delete_customer_data(call: Call[Nothing, Nothing]) -> None:
    """Forget a customer of the key's environment.

    Attributes, names and session ids go. What was added and deducted stays, as of somebody who is
    called erased and a number, so that the sums of a program stay what they are. The same
    integration id is nobody's then.
    """
    caller = call.known_caller
    await erase_customer(call.context, caller.environment, call.integration_id(), caller=caller)


_NOT_IN_POINTERS = re.compile(r"[][/.~]")
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def new_integration_id(text: str, field: str = "integrationId") -> IntegrationId:
    """The name of a profile that is made if it is not there. Errors: InvalidField."""
    if not 0 < len(text) <= INTEGRATION_ID_LENGTH_MAX or not is_one_line(text):
        fix = f"write one line of 1 to {INTEGRATION_ID_LENGTH_MAX} characters"
        raise InvalidField(field, shown(text), fix)
    return IntegrationId(text)


def attributes_in(given: Mapping[str, msgspec.Raw], field: str) -> Attributes:
    """Attributes that can be kept.

    Errors: InvalidField for a name that is empty or too long, and for what PostgreSQL cannot keep.
    """
    for name, raw in given.items():
        if not 0 < len(name) <= ATTRIBUTE_NAME_LENGTH_MAX or _UNFIT.search(name):
            fix = f"write names of 1 to {ATTRIBUTE_NAME_LENGTH_MAX} characters"
            raise InvalidField(field, shown(name), fix)
        if not _is_fit(raw):
            fix = "write text without NUL, numbers that a double can hold, and no deep nesting"
            where = field if _NOT_IN_POINTERS.search(name) else f"{field}/{name}"
            raise InvalidField(
                where, shown(f"{name}: {bytes(raw).decode('utf-8', 'replace')}"), fix
            )
    return given


def _is_fit(raw: msgspec.Raw) -> bool:
    try:
        return not any(map(_UNFIT.search, _texts(msgspec.json.decode(raw))))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _texts(value: Any) -> Sequence[str]:
    """All texts in a JSON value, the names of members among them."""
    match value:
        case str():
            return [value]
        case list():
            return [text for each in value for text in _texts(each)]
        case dict():
            return [*value, *(text for each in value.values() for text in _texts(each))]
    return []


def profile_body(profile: Profile) -> ProfileBody:
    """A profile on the wire."""
    return ProfileBody(
        id=profile.id,
        created=render_instant(profile.created_at),
        integrationId=profile.integration_id,
        attributes=msgspec.Raw(profile.attributes.encode()),
        accountId=ACCOUNT_ID,
        closedSessions=0,
        totalSales=0,
        audienceMemberships=[],
        lastActivity=render_instant(profile.active_at),
        sandbox=profile.sandbox,
    )


def loyalty_body(shares: Sequence[ProgramShare]) -> LoyaltyBody:
    """What somebody has in programs, on the wire."""
    return LoyaltyBody(
        programs={str(each.program.id): _share_body(each) for each in shares}, cards=[]
    )


def _share_body(share: ProgramShare) -> ProgramLedgersBody:
    settings, days, joined_at = share.program.settings, share.days or {}, share.joined_at
    ledgers = {
        name: _ledger_body(balance, days.get(name), settings.timezone)
        for name, balance in share.balances.items()
        if not name or balance.active or balance.pending or balance.negative
    }
    return ProgramLedgersBody(
        id=share.program.id,
        title=settings.title,
        name=settings.name,
        ledger=ledgers.pop(""),
        subLedgers=ledgers,
        joinDate=render_local_instant(joined_at, settings.timezone) if joined_at else None,
    )


def _ledger_body(balance: Balance, days: Sequence[ProjectedDay] | None, zone: str) -> LedgerBody:
    current, pending, negative, none = map(
        decimal_of, (balance.active, balance.pending, balance.negative, 0)
    )
    return LedgerBody(
        currentBalance=current,
        pendingBalance=pending,
        negativeBalance=negative,
        expiredBalance=none,
        spentBalance=none,
        tentativeCurrentBalance=current,
        tentativePendingBalance=pending,
        tentativeNegativeBalance=negative,
        projection=None if days is None else _projection_body(days, zone),
    )


def _projection_body(days: Sequence[ProjectedDay], zone: str) -> ProjectionBody:
    """The days are cumulative, so the last one has the totals. Source: decision I-2."""
    rows = [
        ProjectedDayBody(
            date=render_local_instant(day.ends_at - timedelta(seconds=1), zone),
            expiringPoints=decimal_of(day.expiring),
            activatingPoints=decimal_of(day.activating),
            projectedBalance=decimal_of(day.projected),
        )
        for day in days
    ]
    none = decimal_of(0)
    return ProjectionBody(
        projections=rows,
        totalExpiringPoints=rows[-1].expiringPoints if rows else none,
        totalActivatingPoints=rows[-1].activatingPoints if rows else none,
    )
