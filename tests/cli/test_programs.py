"""`tallystick program`."""

import json
from datetime import UTC, datetime

import pytest

from cli.harness import Tallystick, sandbox_applications

CREATE = ("program", "create", "--name", "Club", "--timezone", "Europe/Berlin")


def test_the_id_alone_is_on_stdout(tallystick: Tallystick) -> None:
    assert tallystick(*CREATE) == (
        0, "1\n", "The program 'Club' is there; import points with --program 'Club'.\n"
    )  # fmt: skip


def test_settings_that_are_left_out_have_their_defaults(tallystick: Tallystick) -> None:
    made = tallystick(*CREATE, "--json")
    assert made.err == ""
    assert json.loads(made.out) == {
        "id": 1,
        "created_at": "2026-06-15T12:00:00Z",
        "name": "Club",
        "title": "Club",
        "description": "",
        "timezone": "Europe/Berlin",
        "card_based": False,
        "sandbox": False,
        "subscribed_applications": [],
        "default_pending": "immediate",
        "default_validity": "unlimited",
        "allow_subledger": False,
        "join_policy": None,
        "return_policy": "only_pending",
        "tiers": [],
        "tiers_expiration_policy": None,
        "tier_cycle_start_date": None,
        "tiers_expire_in": None,
        "tiers_downgrade_policy": None,
        "users_per_card_limit": None,
        "card_code_settings": None,
    }


def test_every_setting_of_profiles_can_be_chosen(tallystick: Tallystick, database_url: str) -> None:
    numbers = sandbox_applications(database_url, 2)
    made = tallystick(
        *CREATE, "--title", "The Club", "--description", "For members", "--sandbox",
        "--application", str(numbers[1]), "--application", str(numbers[0]),
        "--pending", "14D", "--validity", "12M_U",
        "--allow-subledger", "--join-policy", "points_earned", "--return-policy", "unlimited",
        "--tier", "Bronze=0", "--tier", "Gold=1000.50",
        "--tiers-expiration-policy", "absolute_expiration",
        "--tier-cycle-start", "2027-01-01T00:00:00Z", "--tiers-expire-in", "1Y",
        "--tiers-downgrade-policy", "one_down", "--json",
    )  # fmt: skip
    chosen = json.loads(made.out, parse_float=str)
    assert chosen["title"] == "The Club"
    assert chosen["description"] == "For members"
    assert chosen["sandbox"] is True
    assert chosen["subscribed_applications"] == numbers[::-1]
    assert (chosen["default_pending"], chosen["default_validity"]) == ("14D", "12M_U")
    assert chosen["allow_subledger"] is True
    assert (chosen["join_policy"], chosen["return_policy"]) == ("points_earned", "unlimited")
    assert [(tier["name"], tier["min_points"]) for tier in chosen["tiers"]] == [
        ("Bronze", "0.00"),
        ("Gold", "1000.50"),
    ]
    assert chosen["tiers_expiration_policy"] == "absolute_expiration"
    start = datetime.fromisoformat(chosen["tier_cycle_start_date"])
    assert start == datetime(2027, 1, 1, tzinfo=UTC)
    assert (chosen["tiers_expire_in"], chosen["tiers_downgrade_policy"]) == ("1Y", "one_down")


def test_every_setting_of_cards_can_be_chosen(tallystick: Tallystick) -> None:
    made = tallystick(
        *CREATE, "--card-based", "--users-per-card-limit", "2", "--card-characters", "AB12",
        "--card-pattern", "CARD-####", "--json",
    )  # fmt: skip
    chosen = json.loads(made.out)
    assert chosen["card_based"] is True
    assert chosen["users_per_card_limit"] == 2
    assert chosen["card_code_settings"] == {
        "valid_characters": ["A", "B", "1", "2"],
        "coupon_pattern": "CARD-####",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--name", " "], "--name: found ' '; write one line"),
        (["--timezone", "Berlin"], "--timezone: found 'Berlin'; write a name from the IANA"),
        (["--application", "0"], "--application: found [0]; write the number of each"),
        (["--pending", "soon"], "--pending: found 'soon'; write immediate, on_action or"),
        (["--validity", "1Y"], "--validity: found '1Y'; write unlimited or"),
        (["--tier", "Gold"], "--tier: found 'Gold'; write NAME=POINTS, like Gold=1000"),
        (["--tier", "Gold=-1"], "--tier: found 'Gold=-1'; write NAME=POINTS"),
        (["--tier", "=1"], "--tier: found '=1'; write NAME=POINTS"),
        (["--tier", "A=1", "--tier", "B=1"], "--tier: found 1.00; give each tier a number"),
        (["--tiers-expire-in", "1Y"], "--tiers-expire-in: found '1Y'; leave it out, or"),
        (["--tier-cycle-start", "May"], "--tier-cycle-start: found 'May'; write an instant"),
        (["--users-per-card-limit", "2"], "--users-per-card-limit: found '2'; leave it out"),
        (["--card-based", "--card-characters", "AB"], "--card-pattern: found ''; write 3 to"),
        (["--card-based", "--card-pattern", "A###"], "--card-characters: found ''; write"),
        (["--card-based", "--join-policy", "points_earned"], "--join-policy: found 'points_e"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_option(
    arguments: list[str], said: str, tallystick: Tallystick
) -> None:
    refused = tallystick(*CREATE, *arguments)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith(said)
    assert refused.err.count("\n") == 1


def test_a_second_program_of_the_name_is_refused(tallystick: Tallystick) -> None:
    tallystick(*CREATE)
    assert tallystick(*CREATE) == (
        1, "", "there is already a program with the name 'Club'; choose another\n"
    )  # fmt: skip


def test_programs_are_listed_in_columns(tallystick: Tallystick) -> None:
    tallystick(*CREATE)
    tallystick("program", "create", "--name", "Go", "--timezone", "UTC", "--allow-subledger")
    assert tallystick("program", "list").out == (
        "id  name  time zone      pending    validity   subledgers  environment\n"
        "1   Club  Europe/Berlin  immediate  unlimited  no          live\n"
        "2   Go    UTC            immediate  unlimited  yes         live\n"
    )


def test_programs_are_listed_as_json(tallystick: Tallystick) -> None:
    assert tallystick("program", "list", "--json") == (0, "[]\n", "")
    made = [json.loads(tallystick(*CREATE, "--json").out)]
    assert json.loads(tallystick("program", "list", "--json").out) == made
