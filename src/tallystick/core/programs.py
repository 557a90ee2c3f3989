"""A program and its settings: what a person chooses for it, and what goes together.

Settings check themselves when they are made, so there are none that break a rule. Refusals name a
field as the contract spells it. Tiers and card codes are kept and checked here; the ledger does not
act on them. Source: domain sections A1, A2, A3 and A10.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import Environment, ProgramId
from tallystick.core.points import LARGEST, Points, render_points
from tallystick.core.validity import (
    DURATION_FIX,
    Expiry,
    Start,
    is_zone,
    parse_duration,
    parse_expiry,
    parse_start,
    render_instant,
)

NAME_LENGTH_MAX = 255
DESCRIPTION_LENGTH_MAX = 10_000
NUMBER_MAX = 2**31 - 1

# A lone surrogate is no character and PostgreSQL stores no NUL; the others hide or move text.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CODE_PATTERN = re.compile(r"[A-Za-z0-9._%+@#-]{3,100}")
_CODE_CHARACTER = re.compile(r"[A-Za-z0-9._%+@-]")
_LINE_BREAK = re.compile(r"\r?\n|\t")


def is_one_line(text: str) -> bool:
    """Whether `text` can be stored and shown as it is: no line breaks nor other controls."""
    return _CONTROL.search(text) is None


class ReturnPolicy(Enum):
    """Which points a rollback may take back."""

    ONLY_PENDING = "only_pending"
    WITHIN_BALANCE = "within_balance"
    UNLIMITED = "unlimited"


class JoinPolicy(Enum):
    """What makes a member join."""

    NOT_JOIN = "not_join"
    POINTS_ACTIVATED = "points_activated"
    POINTS_EARNED = "points_earned"


class TiersExpirationPolicy(Enum):
    """What the expiry of a tier counts from."""

    TIER_START_DATE = "tier_start_date"
    PROGRAM_JOIN_DATE = "program_join_date"
    CUSTOMER_ATTRIBUTE = "customer_attribute"
    ABSOLUTE_EXPIRATION = "absolute_expiration"


class TiersDowngradePolicy(Enum):
    """Where a member goes whose points no longer reach the tier that expires."""

    ONE_DOWN = "one_down"
    BALANCE_BASED = "balance_based"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A rank that active points from `min_points` (hundredths, 0 for everybody) give."""

    name: str
    min_points: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCodeSettings:
    """How card codes are made: each # of the pattern becomes one of the characters."""

    valid_characters: tuple[str, ...]
    coupon_pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSettings:
    """What a person chooses; None is what was not chosen.

    `title` falls back to the name. The pending time and the validity are kept as they were written.
    Errors: InvalidField for one wrong field: texts, defaults, what the kind of program rules out,
    tiers, their expiry, cards.
    """

    name: str
    title: str = ""
    description: str = ""
    timezone: str
    card_based: bool = False
    sandbox: bool = False
    subscribed_applications: tuple[int, ...] = ()
    default_pending: str = "immediate"
    default_validity: str = "unlimited"
    allow_subledger: bool = False
    join_policy: JoinPolicy | None = None
    return_policy: ReturnPolicy = ReturnPolicy.ONLY_PENDING
    tiers: tuple[Tier, ...] = ()
    tiers_expiration_policy: TiersExpirationPolicy | None = None
    tier_cycle_start_date: datetime | None = None
    tiers_expire_in: str | None = None
    tiers_downgrade_policy: TiersDowngradePolicy | None = None
    users_per_card_limit: int | None = None  # 0 is no limit
    card_code_settings: CardCodeSettings | None = None

    def __post_init__(self) -> None:
        assert self.tier_cycle_start_date is None or self.tier_cycle_start_date.tzinfo is UTC
        if not self.title:
            object.__setattr__(self, "title", self.name)
        _check_identity(self)
        _check_default("defaultPending", self.default_pending, ("immediate", "on_action"))
        _check_default("defaultValidity", self.default_validity, ("unlimited",))
        _check_kind(self)
        _check_tiers(self.tiers)
        _check_tier_expiry(self)
        _check_cards(self)

    @property
    def start(self) -> Start:
        """When points become active if nobody says otherwise."""
        start = parse_start(self.default_pending)
        assert start is not None, self.default_pending
        return start

    @property
    def expiry(self) -> Expiry:
        """When points expire if nobody says otherwise."""
        expiry = parse_expiry(self.default_validity)
        assert expiry is not None, self.default_validity
        return expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A loyalty program as it stands."""

    id: ProgramId
    created_at: datetime
    settings: ProgramSettings
    tier_ids: tuple[int, ...] = ()  # of the settings' tiers, in their order
    tiers_created_at: tuple[datetime, ...] = ()  # the same

    def __post_init__(self) -> None:
        assert self.created_at.tzinfo is UTC, self.created_at

    @property
    def environment(self) -> Environment:
        """Where the program's members live."""
        return Environment.SANDBOX if self.settings.sandbox else Environment.LIVE

    @property
    def may_go_below_zero(self) -> bool:
        """Whether a deduction may take more than is active. Source: domain section A7."""
        unlimited = self.settings.return_policy is ReturnPolicy.UNLIMITED
        return unlimited and not self.settings.card_based


@dataclass(frozen=True, slots=True, kw_only=True)
class Freedom:
    """Which settings may still change, besides those that always may."""

    subledgers: bool
    join_policy: bool
    tiers: bool
    tier_expiry: bool


def freedom(settings: ProgramSettings, *, has_transactions: bool) -> Freedom:
    """What may still change. Source: domain sections A2 and A10, decision I-22."""
    early = not has_transactions
    of_profiles = early and not settings.card_based
    return Freedom(
        subledgers=early, join_policy=of_profiles, tiers=of_profiles, tier_expiry=of_profiles
    )


def check_change(
    before: ProgramSettings, after: ProgramSettings, *, has_transactions: bool
) -> None:
    """Refuses to change what a program keeps for good, or from its first transaction on.

    Errors: InvalidField. Source: domain sections A2 and A10, decision I-22.
    """
    check_kept(before, {name: getattr(after, name) for name in _KEPT})
    free = freedom(before, has_transactions=has_transactions)
    if not free.subledgers:
        _keep("allowSubledger", before.allow_subledger, after.allow_subledger)
    if not free.join_policy:
        was, wish = (each.join_policy or JoinPolicy.NOT_JOIN for each in (before, after))
        _keep("programJoinPolicy", was, wish)
    if not free.tiers:
        _keep("tiers", _tiers_written(before), _tiers_written(after))
    if not free.tier_expiry:
        policies = before.tiers_expiration_policy, after.tiers_expiration_policy
        downgrades = before.tiers_downgrade_policy, after.tiers_downgrade_policy
        _keep("tiersExpirationPolicy", *policies)
        _keep("tierCycleStartDate", before.tier_cycle_start_date, after.tier_cycle_start_date)
        _keep("tiersExpireIn", before.tiers_expire_in, after.tiers_expire_in)
        _keep("tiersDowngradePolicy", *downgrades)


_KEPT = {"name": "name", "timezone": "timezone", "card_based": "cardBased", "sandbox": "sandbox"}


def check_kept(before: ProgramSettings, chosen: Mapping[str, object]) -> None:
    """Refuses to change what a program keeps for good; `chosen` are settings by name.

    Errors: InvalidField.
    """
    for name, field in _KEPT.items():
        if name in chosen:
            _keep(field, getattr(before, name), chosen[name])


def _tiers_written(settings: ProgramSettings) -> str | None:
    """The tiers in one line, whatever their order."""
    tiers = sorted(settings.tiers, key=lambda tier: tier.min_points)
    texts = (f"{tier.name} from {render_points(tier.min_points)}" for tier in tiers)
    return ", ".join(texts) or None


def check_subscriptions(settings: ProgramSettings, sandboxes: Mapping[int, bool]) -> None:
    """Refuses applications that are not there, or live elsewhere than the program.

    sandboxes: of the applications that exist, whether they are for trying out.
    Errors: InvalidField. Source: domain section A1.
    """
    for number in settings.subscribed_applications:
        if number not in sandboxes:
            fix = "write the ids of applications that exist"
            raise InvalidField("subscribedApplications", str(number), fix)
        if sandboxes[number] is not settings.sandbox:
            there, here = ("sandbox", "live") if sandboxes[number] else ("live", "sandbox")
            found = f"{number}, which is a {there} application"
            fix = f"write {here} applications only, as this program is {here}"
            raise InvalidField("subscribedApplications", found, fix)


def _keep(field: str, was: object, wish: object) -> None:
    if was != wish:
        raise InvalidField(field, _written(wish), f"keep {_written(was)}: it can no longer change")


def _check_identity(settings: ProgramSettings) -> None:
    _check_name("name", settings.name)
    _check_name("title", settings.title)
    description = settings.description
    lines = _LINE_BREAK.split(description)
    if len(description) > DESCRIPTION_LENGTH_MAX or not all(map(is_one_line, lines)):
        fix = f"write at most {DESCRIPTION_LENGTH_MAX} characters, no controls but line breaks"
        raise InvalidField("description", shown(description), fix)
    if not is_zone(settings.timezone):
        fix = "write a name from the IANA time zone database, like Europe/Berlin"
        raise InvalidField("timezone", shown(settings.timezone), fix)
    numbers = settings.subscribed_applications
    if len(set(numbers)) < len(numbers) or not all(1 <= number <= NUMBER_MAX for number in numbers):
        fix = f"write the number of each application once, from 1 to {NUMBER_MAX}"
        raise InvalidField("subscribedApplications", str(list(numbers)), fix)


def _check_name(field: str, name: str) -> None:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not is_one_line(name):
        fix = f"write one line of 1 to {NAME_LENGTH_MAX} characters"
        raise InvalidField(field, shown(name), fix)


def _check_default(field: str, text: str, words: tuple[str, ...]) -> None:
    """A default counts in months at most; years are documented for single additions only."""
    duration = parse_duration(text)
    if text not in words and (duration is None or duration.unit == "Y"):
        fix = f"write {', '.join(words)} or a duration of up to months, like 30D or 12M_U"
        raise InvalidField(field, shown(text), fix)


def _check_kind(settings: ProgramSettings) -> None:
    """Profiles have tiers, join and owe points; cards have users and codes."""
    if settings.card_based:
        joins = settings.join_policy not in {None, JoinPolicy.NOT_JOIN}
        returns = settings.return_policy is not ReturnPolicy.ONLY_PENDING
        _refuse_given(
            "leave it out: only profiles have it, and this program is card-based",
            programJoinPolicy=settings.join_policy if joins else None,
            returnPolicy=settings.return_policy if returns else None,
            tiers=", ".join(tier.name for tier in settings.tiers) or None,
            tiersExpirationPolicy=settings.tiers_expiration_policy,
        )
    else:
        codes = settings.card_code_settings
        _refuse_given(
            "leave it out: only cards have it, and this program is profile-based",
            usersPerCardLimit=settings.users_per_card_limit,
            cardCodeSettings=codes.coupon_pattern if codes else None,
        )


def _check_tiers(tiers: tuple[Tier, ...]) -> None:
    names: set[str] = set()
    thresholds: set[Points] = set()
    for index, tier in enumerate(tiers):
        _check_name(f"tiers[{index}].name", tier.name)
        if tier.name in names:
            fix = "give each tier a name of its own"
            raise InvalidField(f"tiers[{index}].name", shown(tier.name), fix)
        if not 0 <= tier.min_points <= LARGEST or tier.min_points in thresholds:
            fix = "give each tier a number of its own, from 0 to 999999999999.99"
            raise InvalidField(f"tiers[{index}].minPoints", render_points(tier.min_points), fix)
        names.add(tier.name)
        thresholds.add(tier.min_points)


def _check_tier_expiry(settings: ProgramSettings) -> None:
    """Either tiers follow the balance at once, or all of policy, time and direction are chosen."""
    policy = settings.tiers_expiration_policy
    if policy is None:
        _refuse_given(
            "leave it out, or write a tiersExpirationPolicy too",
            tierCycleStartDate=settings.tier_cycle_start_date,
            tiersExpireIn=settings.tiers_expire_in,
            tiersDowngradePolicy=settings.tiers_downgrade_policy,
        )
        return
    cycles = policy is TiersExpirationPolicy.ABSOLUTE_EXPIRATION
    if cycles is (settings.tier_cycle_start_date is None):
        fix = "write an instant for absolute_expiration, and for that only"
        raise InvalidField("tierCycleStartDate", _written(settings.tier_cycle_start_date), fix)
    dated = policy is TiersExpirationPolicy.CUSTOMER_ATTRIBUTE  # the attribute holds the expiry
    expire_in = settings.tiers_expire_in
    if parse_duration(expire_in or "") is None and not (dated and expire_in is None):
        raise InvalidField("tiersExpireIn", _written(expire_in), DURATION_FIX)
    if settings.tiers_downgrade_policy is None:
        raise InvalidField("tiersDowngradePolicy", "nothing", "write one_down or balance_based")


def _check_cards(settings: ProgramSettings) -> None:
    limit = settings.users_per_card_limit
    if limit is not None and not 0 <= limit <= NUMBER_MAX:
        fix = f"write how many may share a card, at most {NUMBER_MAX}, or 0 for any number"
        raise InvalidField("usersPerCardLimit", str(limit), fix)
    codes = settings.card_code_settings
    if codes is None:
        return
    if _CODE_PATTERN.fullmatch(codes.coupon_pattern) is None:
        fix = "write 3 to 100 letters, digits or ._%+@#- in which # is a random character"
        raise InvalidField("cardCodeSettings.couponPattern", shown(codes.coupon_pattern), fix)
    characters = codes.valid_characters
    single = all(map(_CODE_CHARACTER.fullmatch, characters))
    if not characters or not single or len(set(characters)) < len(characters):
        fix = "write different single characters, each a letter, a digit or one of ._%+@-"
        raise InvalidField("cardCodeSettings.validCharacters", shown("".join(characters)), fix)


def _refuse_given(fix: str, **fields: object) -> None:
    for field, found in fields.items():
        if found is not None:
            raise InvalidField(field, _written(found), fix)


def _written(setting: object) -> str:
    """A setting as a person wrote it."""
    if setting is None:
        return "nothing"
    if isinstance(setting, bool):
        return str(setting).lower()
    if isinstance(setting, datetime):
        return render_instant(setting)
    return shown(str(setting.value if isinstance(setting, Enum) else setting))
