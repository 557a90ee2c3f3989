"""Program settings: what may be chosen, alone and together, and what may change later."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tallystick.core.errors import InvalidField
from tallystick.core.ids import Environment, ProgramId
from tallystick.core.points import LARGEST, ZERO, Points
from tallystick.core.programs import (
    DESCRIPTION_LENGTH_MAX,
    NAME_LENGTH_MAX,
    CardCodeSettings,
    JoinPolicy,
    Program,
    ProgramSettings,
    ReturnPolicy,
    Tier,
    TiersDowngradePolicy,
    TiersExpirationPolicy,
    check_change,
    check_subscriptions,
    freedom,
    is_one_line,
)
from tallystick.core.validity import Duration, Keyword

CYCLE_START = datetime(2027, 1, 1, tzinfo=UTC)
SILVER, GOLD = Tier(name="Silver", min_points=ZERO), Tier(name="Gold", min_points=Points(10_000))
CODES = CardCodeSettings(valid_characters=("A", "B", "7"), coupon_pattern="CARD-####")
CARDS = {"card_based": True}
BY_DATE = {"tiers_expiration_policy": TiersExpirationPolicy.CUSTOMER_ATTRIBUTE}
BY_JOIN = {"tiers_expiration_policy": TiersExpirationPolicy.PROGRAM_JOIN_DATE}
BY_START = {"tiers_expiration_policy": TiersExpirationPolicy.TIER_START_DATE}
BY_CYCLE = {"tiers_expiration_policy": TiersExpirationPolicy.ABSOLUTE_EXPIRATION}
ONE_DOWN = {"tiers_downgrade_policy": TiersDowngradePolicy.ONE_DOWN}
A_YEAR = {"tiers_expire_in": "1Y"}


def settings(**chosen: Any) -> ProgramSettings:
    return ProgramSettings(**{"name": "club", "timezone": "Europe/Berlin", **chosen})


def program(**chosen: Any) -> Program:
    made_at = datetime(2026, 11, 23, tzinfo=UTC)
    return Program(id=ProgramId(3), created_at=made_at, settings=settings(**chosen))


def tier(name: str, hundredths: int) -> Tier:
    return Tier(name=name, min_points=Points(hundredths))


def codes(characters: str, pattern: str = "CARD-####") -> dict[str, object]:
    chosen = CardCodeSettings(valid_characters=tuple(characters), coupon_pattern=pattern)
    return {**CARDS, "card_code_settings": chosen}


def test_what_nobody_chose_is_the_documented_default() -> None:
    assert settings() == ProgramSettings(
        name="club",
        title="club",
        description="",
        timezone="Europe/Berlin",
        card_based=False,
        sandbox=False,
        subscribed_applications=(),
        default_pending="immediate",
        default_validity="unlimited",
        allow_subledger=False,
        join_policy=None,
        return_policy=ReturnPolicy.ONLY_PENDING,
        tiers=(),
        tiers_expiration_policy=None,
        tier_cycle_start_date=None,
        tiers_expire_in=None,
        tiers_downgrade_policy=None,
        users_per_card_limit=None,
        card_code_settings=None,
    )


@pytest.mark.parametrize(
    "chosen",
    [
        {"name": "c"},
        {"name": "ü" * NAME_LENGTH_MAX},
        {"title": "The club of 1 €"},
        {"description": "two\r\nlines,\nand\ta tab"},
        {"description": "x" * DESCRIPTION_LENGTH_MAX},
        {"timezone": "UTC"},
        {"sandbox": True},
        {"subscribed_applications": (132, 97)},
        {"default_pending": "on_action"},
        {"default_pending": "40m"},
        {"default_pending": "5D_D", "default_validity": "12M_U"},
        {"default_validity": "2W_U"},
        {"allow_subledger": True},
        *({"join_policy": policy} for policy in JoinPolicy),
        *({"return_policy": policy} for policy in ReturnPolicy),
        {"tiers": (GOLD, SILVER, tier("Diamond", LARGEST))},
        {"tiers": (SILVER,), **BY_START, **A_YEAR, **ONE_DOWN},
        {"tiers": (SILVER,), **BY_JOIN, **A_YEAR, **ONE_DOWN},
        {"tiers": (SILVER,), **BY_DATE, **ONE_DOWN},
        {"tiers": (SILVER,), **BY_DATE, **A_YEAR, **ONE_DOWN},
        {**BY_CYCLE, **A_YEAR, **ONE_DOWN, "tier_cycle_start_date": CYCLE_START},
        {**BY_START, **ONE_DOWN, "tiers_expire_in": "27W_U"},
        CARDS,
        {**CARDS, "join_policy": JoinPolicy.NOT_JOIN},
        {**CARDS, "users_per_card_limit": 0, "card_code_settings": CODES},
        {**CARDS, "users_per_card_limit": 5},
        codes("A", "###"),
        codes("aZ9._%+@-", "x" * 100),
    ],
)
def test_these_settings_may_be_chosen(chosen: dict[str, Any]) -> None:
    made = settings(**chosen)
    assert chosen == {field: getattr(made, field) for field in chosen}


@pytest.mark.parametrize(
    ("field", "found", "chosen"),
    [
        # Texts
        ("name", "''", {"name": ""}),
        ("name", "'  '", {"name": "  "}),
        ("name", r"'a\nb'", {"name": "a\nb"}),
        ("name", None, {"name": "x" * (NAME_LENGTH_MAX + 1)}),
        ("name", r"'\ud800'", {"name": "\ud800"}),
        ("title", r"'\x00'", {"title": "\0"}),
        ("description", r"'a\x00'", {"description": "a\0"}),
        ("description", None, {"description": "x" * (DESCRIPTION_LENGTH_MAX + 1)}),
        ("timezone", "''", {"timezone": ""}),
        ("timezone", "'Berlin'", {"timezone": "Berlin"}),
        ("timezone", "'+01:00'", {"timezone": "+01:00"}),
        ("subscribedApplications", "[0]", {"subscribed_applications": (0,)}),
        ("subscribedApplications", "[7, 7]", {"subscribed_applications": (7, 7)}),
        # Defaults
        ("defaultPending", "''", {"default_pending": ""}),
        ("defaultPending", "'unlimited'", {"default_pending": "unlimited"}),
        ("defaultPending", "'5'", {"default_pending": "5"}),
        ("defaultPending", "'5W_D'", {"default_pending": "5W_D"}),
        ("defaultPending", "'1Y'", {"default_pending": "1Y"}),
        ("defaultPending", "'2027-01-01'", {"default_pending": "2027-01-01"}),
        ("defaultValidity", "'immediate'", {"default_validity": "immediate"}),
        ("defaultValidity", "'1Y_U'", {"default_validity": "1Y_U"}),
        ("defaultValidity", "'0D'", {"default_validity": "0D"}),
        ("defaultValidity", "'2027-01-01'", {"default_validity": "2027-01-01"}),
        # What only one kind of program has
        (
            "programJoinPolicy",
            "'points_earned'",
            {**CARDS, "join_policy": JoinPolicy.POINTS_EARNED},
        ),
        ("returnPolicy", "'unlimited'", {**CARDS, "return_policy": ReturnPolicy.UNLIMITED}),
        ("tiers", "'Silver, Gold'", {**CARDS, "tiers": (SILVER, GOLD)}),
        ("tiersExpirationPolicy", "'tier_start_date'", {**CARDS, **BY_START, **A_YEAR, **ONE_DOWN}),
        ("usersPerCardLimit", "'0'", {"users_per_card_limit": 0}),
        ("cardCodeSettings", "'CARD-####'", {"card_code_settings": CODES}),
        # Tiers
        ("tiers[0].name", "''", {"tiers": (tier("", 1),)}),
        ("tiers[1].name", "'Gold'", {"tiers": (GOLD, tier("Gold", 1))}),
        ("tiers[1].minPoints", "100.00", {"tiers": (GOLD, tier("Or", 10_000))}),
        ("tiers[0].minPoints", "-0.01", {"tiers": (tier("Less", -1),)}),
        ("tiers[0].minPoints", "1000000000000.00", {"tiers": (tier("More", LARGEST + 1),)}),
        # Their expiry
        ("tiersExpireIn", "'1Y'", A_YEAR),
        ("tiersDowngradePolicy", "'one_down'", ONE_DOWN),
        (
            "tierCycleStartDate",
            "2027-01-01T00:00:00Z",
            {"tier_cycle_start_date": CYCLE_START},
        ),
        ("tierCycleStartDate", "nothing", {**BY_CYCLE, **A_YEAR, **ONE_DOWN}),
        (
            "tierCycleStartDate",
            "2027-01-01T00:00:00Z",
            {**BY_JOIN, **A_YEAR, **ONE_DOWN, "tier_cycle_start_date": CYCLE_START},
        ),
        ("tiersExpireIn", "nothing", {**BY_START, **ONE_DOWN}),
        ("tiersExpireIn", "'unlimited'", {**BY_START, **ONE_DOWN, "tiers_expire_in": "unlimited"}),
        ("tiersExpireIn", "''", {**BY_DATE, **ONE_DOWN, "tiers_expire_in": ""}),
        ("tiersDowngradePolicy", "nothing", {**BY_START, **A_YEAR}),
        # Cards
        ("usersPerCardLimit", "-1", {**CARDS, "users_per_card_limit": -1}),
        ("cardCodeSettings.couponPattern", "'##'", codes("AB", "##")),
        ("cardCodeSettings.couponPattern", "'CARD ###'", codes("AB", "CARD ###")),
        ("cardCodeSettings.couponPattern", None, codes("AB", "#" * 101)),
        ("cardCodeSettings.validCharacters", "''", codes("")),
        ("cardCodeSettings.validCharacters", "'AA'", codes("AA")),
        ("cardCodeSettings.validCharacters", "'A#'", codes("A#")),
        ("cardCodeSettings.validCharacters", "'Ä'", codes("Ä")),
    ],
)
def test_these_settings_are_refused(field: str, found: str | None, chosen: dict[str, Any]) -> None:
    with pytest.raises(InvalidField) as refused:
        settings(**chosen)
    assert field == refused.value.field
    assert found in {None, refused.value.found}
    assert refused.value.fix


def test_a_character_of_a_card_code_is_a_single_one() -> None:
    chosen = CardCodeSettings(valid_characters=("AB",), coupon_pattern="CARD-####")
    with pytest.raises(InvalidField, match=r"^cardCodeSettings\.validCharacters: found 'AB'"):
        settings(card_based=True, card_code_settings=chosen)


def test_a_tier_cycle_starts_at_an_instant_in_utc() -> None:
    with pytest.raises(AssertionError):
        settings(tier_cycle_start_date=datetime(2027, 1, 1))  # noqa: DTZ001 - the fault under test


def test_a_program_was_created_at_an_instant_in_utc() -> None:
    with pytest.raises(AssertionError):
        replace(program(), created_at=datetime(2027, 1, 1))  # noqa: DTZ001 - the fault under test


def test_a_title_of_its_own_is_kept() -> None:
    assert settings(title="The club").title == "The club"


@pytest.mark.parametrize(
    ("start", "expiry", "chosen"),
    [
        (Keyword.IMMEDIATE, Keyword.UNLIMITED, {}),
        (Keyword.ON_ACTION, Duration(30, "D"), {"default_validity": "30D"}),
        (Duration(1, "M", "U"), Keyword.UNLIMITED, {"default_pending": "1M_U"}),
    ],
)
def test_defaults_are_understood(start: object, expiry: object, chosen: dict[str, str]) -> None:
    pending = {"default_pending": "on_action"} if start is Keyword.ON_ACTION else {}
    made = settings(**pending, **chosen)
    assert (start, expiry) == (made.start, made.expiry)


@pytest.mark.parametrize(
    ("environment", "sandbox"), [(Environment.LIVE, False), (Environment.SANDBOX, True)]
)
def test_a_program_has_one_environment(environment: Environment, *, sandbox: bool) -> None:
    assert environment is program(sandbox=sandbox).environment


@pytest.mark.parametrize(
    ("may", "policy"),
    [
        (False, ReturnPolicy.ONLY_PENDING),
        (False, ReturnPolicy.WITHIN_BALANCE),
        (True, ReturnPolicy.UNLIMITED),
    ],
)
def test_only_the_unlimited_return_policy_goes_below_zero(
    policy: ReturnPolicy, *, may: bool
) -> None:
    assert may is program(return_policy=policy).may_go_below_zero


def test_cards_never_go_below_zero() -> None:
    assert not program(card_based=True).may_go_below_zero


@pytest.mark.parametrize(
    ("field", "wish", "keep", "changed", "has_transactions"),
    [
        ("name", "'guild'", "'club'", {"name": "guild"}, False),
        ("timezone", "'UTC'", "'Europe/Berlin'", {"timezone": "UTC"}, False),
        ("cardBased", "true", "false", {"card_based": True}, False),
        ("sandbox", "true", "false", {"sandbox": True}, False),
        ("allowSubledger", "true", "false", {"allow_subledger": True}, True),
        (
            "programJoinPolicy",
            "'points_earned'",
            "'not_join'",
            {"join_policy": JoinPolicy.POINTS_EARNED},
            True,
        ),
        ("tiers", "'Silver from 0.00'", "nothing", {"tiers": (SILVER,)}, True),
        (
            "tiersExpirationPolicy",
            "'program_join_date'",
            "nothing",
            {**BY_JOIN, **A_YEAR, **ONE_DOWN},
            True,
        ),
    ],
)
def test_settled_settings_do_not_change(
    field: str, wish: str, keep: str, changed: dict[str, Any], *, has_transactions: bool
) -> None:
    before = settings()
    with pytest.raises(InvalidField) as refused:
        check_change(before, settings(**changed), has_transactions=has_transactions)
    assert (field, wish) == (refused.value.field, refused.value.found)
    assert f"keep {keep}" in refused.value.fix


@pytest.mark.parametrize(
    ("changed", "has_transactions"),
    [
        ({"title": "The club", "description": "new", "default_validity": "1M"}, True),
        ({"return_policy": ReturnPolicy.UNLIMITED}, True),
        ({"join_policy": JoinPolicy.NOT_JOIN}, True),
        ({"join_policy": JoinPolicy.POINTS_EARNED, "allow_subledger": True}, False),
    ],
)
def test_other_settings_may_change(changed: dict[str, Any], *, has_transactions: bool) -> None:
    check_change(settings(), settings(**changed), has_transactions=has_transactions)


def test_tiers_in_another_order_are_the_same_tiers() -> None:
    before, after = settings(tiers=(SILVER, GOLD)), settings(tiers=(GOLD, SILVER))
    check_change(before, after, has_transactions=True)


@pytest.mark.parametrize(
    ("chosen", "has_transactions", "free"),
    [
        ({}, False, {"subledgers", "join_policy", "tiers", "tier_expiry"}),
        ({}, True, set()),
        (CARDS, False, {"subledgers"}),
        (CARDS, True, set()),
    ],
)
def test_what_may_still_change_is_told(
    chosen: dict[str, Any], free: set[str], *, has_transactions: bool
) -> None:
    told = freedom(settings(**chosen), has_transactions=has_transactions)
    assert {name for name, may in asdict(told).items() if may} == free


@pytest.mark.parametrize(
    ("sandbox", "numbers", "found", "fix"),
    [
        (False, (1, 2), "2, which is a sandbox application", "live applications only"),
        (True, (2, 1), "1, which is a live application", "sandbox applications only"),
        (False, (1, 3), "3", "applications that exist"),
    ],
)
def test_a_program_serves_applications_of_its_own_environment(
    numbers: tuple[int, ...], found: str, fix: str, *, sandbox: bool
) -> None:
    chosen = settings(sandbox=sandbox, subscribed_applications=numbers)
    with pytest.raises(InvalidField) as refused:
        check_subscriptions(chosen, {1: False, 2: True})
    assert (refused.value.field, refused.value.found) == ("subscribedApplications", found)
    assert fix in refused.value.fix


def test_applications_of_the_same_environment_are_taken() -> None:
    check_subscriptions(settings(subscribed_applications=(1,)), {1: False})
    check_subscriptions(settings(), {})


@pytest.mark.parametrize(
    ("one_line", "text"),
    [
        (True, ""),
        (True, "Zoë's 1 € 👩‍🚀\xa0"),
        (False, "a\nb"),
        (False, "a\tb"),
        (False, "\0"),
        (False, "\x7f"),
        (False, "\x85"),
        (False, "\udce9"),
    ],
)
def test_one_line_has_no_controls(text: str, *, one_line: bool) -> None:
    assert one_line is is_one_line(text)


@pytest.mark.parametrize(
    "wrong",
    [{"subscribed_applications": (2**31,)}, {"card_based": True, "users_per_card_limit": 2**31}],
    ids=["application", "users per card"],
)
def test_a_number_that_the_database_cannot_keep_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidField, match="2147483647"):
        ProgramSettings(name="shop", timezone="UTC", **wrong)
