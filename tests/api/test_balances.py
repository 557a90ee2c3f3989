"""`getLoyaltyBalances`: shapes, instants in every form, subledgers, and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW
from tallystick.core.programs import ReturnPolicy

ZEROS = {
    "activePoints": 0,
    "pendingPoints": 0,
    "spentPoints": 0,
    "expiredPoints": 0,
    "negativePoints": 0,
}
HUNDRED = {**ZEROS, "activePoints": 100}


async def test_a_balance_has_five_kinds_of_points_and_nothing_else(ann: Member) -> None:
    assert exact(await ann.balances()) == {"balance": HUNDRED, "subledgerBalances": {}}


async def test_each_kind_of_points_is_told(api: Api) -> None:
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(program, points="10")
    await ann.add(20, pendingDuration="1D")
    await ann.add(30, validityDuration="1h")
    api.clock.now = NOW + timedelta(hours=2)
    assert await ann.balance() == {"active": 10, "pending": 20, "expired": 30}
    await ann.deduct(15)
    assert await ann.balance() == {"pending": 20, "expired": 30, "spent": 10, "negative": 5}


# Instants


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-01T10:00:00Z",
        "2026-07-01t10:00:00z",
        "2026-07-01T10:00:00.000000+0000",
        "2026-07-01T10:00:00.5Z",
        "2026-07-01T10:00:00.999999999Z",
        "2026-07-01T10:00:00+00:00",
        "2026-07-01T10:00:00-0000",
        "2026-07-01T12:30:00+02:30",
        "2026-07-01T04:15:00-0545",
        "2026-07-01T10:00:00",
        "2026-07-01T10:00:00.000000",
        "2026-07-01T10:00",
        " 2026-07-01T10:00:00Z ",
    ],
)
async def test_an_instant_is_read_in_every_form_that_clients_send(ann: Member, text: str) -> None:
    added = await ann.add(7, pendingUntil="2026-07-01T10:00:00Z", validUntil="2026-07-01T10:00:01Z")
    assert added.status_code == 204
    assert await ann.balance(endDate=text) == {"active": 107}


async def test_a_date_alone_is_its_midnight_in_utc(ann: Member) -> None:
    await ann.add(7, pendingUntil="2026-07-01", validUntil="2026-07-01T00:00:01Z")
    assert await ann.balance(endDate="2026-07-01") == {"active": 107}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1782892800",
        "2026-02-30",
        "2026-07-01 10:00:00Z",
        "2026-07-01T10:00:00 02:00",
        "2026-07-01T24:00:00Z",
        "2026-07-01T10:00:00Z07:00",
        "01/07/2026",
        "1899-12-31T23:59:59Z",
        "9999-01-01T00:00:00Z",
        "\u0662\u0660\u0662\u0666-07-01",
    ],
)
@pytest.mark.parametrize("parameter", ["endDate", "asKnownAt"])
async def test_what_is_no_instant_is_refused(ann: Member, parameter: str, text: str) -> None:
    found = refusal(await ann.balances(**{parameter: text}), 400)
    assert ("invalid_field", parameter) == (found["title"], found["parameter"])
    assert "write an instant like 2026-" in found["details"]


async def test_a_balance_in_the_past_leaves_out_what_came_later(api: Api, ann: Member) -> None:
    api.clock.now = NOW + timedelta(days=2)
    await ann.deduct(40)
    assert await ann.balance() == {"active": 60, "spent": 40}
    assert await ann.balance(endDate="2026-06-16") == {"active": 100}
    assert await ann.balance(endDate="2026-06-15T11:59:59Z") == {}


async def test_a_balance_in_the_future_is_a_forecast(ann: Member) -> None:
    await ann.add(5, pendingDuration="30D", validityDuration="1D")
    assert await ann.balance() == {"active": 100, "pending": 5}
    assert await ann.balance(endDate="2026-07-15T12:00:00Z") == {"active": 105}
    assert await ann.balance(endDate="2026-07-16T12:00:00Z") == {"active": 100, "expired": 5}


async def test_a_balance_can_be_asked_as_it_was_known_before(api: Api, ann: Member) -> None:
    api.clock.now = NOW + timedelta(days=2)
    await ann.add(5)
    later = {"endDate": "2026-08-01"}
    assert await ann.balance(**later) == {"active": 105}
    assert await ann.balance(**later, asKnownAt="2026-06-16") == {"active": 100}


# Subledgers


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"balance": HUNDRED, "subledgerBalances": {"shop": {**ZEROS, "activePoints": 5}}}),
        ({"subledgerId": "shop"}, {"subledgerBalances": {"shop": {**ZEROS, "activePoints": 5}}}),
        ({"subledgerId": ""}, {"balance": HUNDRED}),
        ({"subledgerId": "other"}, {"subledgerBalances": {"other": ZEROS}}),
    ],
    ids=["all", "one", "main", "unknown"],
)
async def test_a_subledger_can_be_asked_for(
    ann: Member, parameters: dict[str, str], expected: dict[str, Any]
) -> None:
    await ann.add(5, subledgerId="shop")
    assert exact(await ann.balances(**parameters)) == expected


async def test_subledgers_of_other_programs_are_not_told(api: Api, ann: Member) -> None:
    other = await api.member(await api.program(), points="1", name=ann.name)
    await other.add(2, subledgerId="elsewhere")
    assert exact(await ann.balances()) == {"balance": HUNDRED, "subledgerBalances": {}}


# Parameters


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "false", "False", "FALSE"])
@pytest.mark.parametrize("parameter", ["includeTiers", "includeProjectedTier"])
async def test_a_boolean_is_read_in_any_case(ann: Member, parameter: str, text: str) -> None:
    assert exact(await ann.balances(**{parameter: text}))["balance"] == HUNDRED


@pytest.mark.parametrize("text", ["yes", "", "2", "tru\u0435"])
async def test_what_is_no_boolean_is_refused(ann: Member, text: str) -> None:
    assert refusal(await ann.balances(includeTiers=text), 400)["parameter"] == "includeTiers"


async def test_unknown_parameters_are_left_alone(ann: Member) -> None:
    assert exact(await ann.balances(pageSize="none"))["balance"] == HUNDRED


async def test_a_content_type_without_a_body_is_left_alone(api: Api, ann: Member) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.shop.get(f"{ann.path}/balances", headers=headers)
    assert exact(answer)["balance"] == HUNDRED


# Who and what is not there


async def test_an_unknown_profile_is_not_found(api: Api, ann: Member) -> None:
    answer = await api.shop.get(f"{program_path(ann.program)}/profile/nobody%2F1/balances")
    found = refusal(answer, 404)
    assert found["title"] == "not_found"
    assert found["details"] == "there is no customer profile 'nobody/1'"


@pytest.mark.parametrize(
    "program",
    ["0", "999999999", "2147483648", "9" * 30, "-1", "1.0", "abc", "%20", "%D9%A1", "1%00", "%2F"],
)
async def test_an_unknown_program_is_not_found(api: Api, ann: Member, program: str) -> None:
    answer = await api.shop.get(f"/v1/loyalty_programs/{program}/profile/{ann.name}/balances")
    assert "there is no loyalty program" in refusal(answer, 404)["details"]


async def test_a_card_based_program_has_no_profiles(api: Api) -> None:
    cards = await api.program(card_based=True)
    found = refusal(await Member(api=api, program=cards, name="ann").balances(), 400)
    assert (found["title"], found["parameter"]) == ("not_supported", "loyaltyProgramId")


async def test_a_profile_lives_in_one_environment(api: Api, ann: Member) -> None:
    sandbox = Member(api=api, program=await api.program(sandbox=True), name=ann.name)
    refusal(await sandbox.balances(), 404)
