"""`addLoyaltyPoints` and `removeLoyaltyPoints`: amounts, windows, subledgers, and refusals."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW
from tallystick.core.programs import ReturnPolicy

both = pytest.mark.parametrize("operation", ["add_points", "deduct_points"])

LARGEST = "999999999999.99"


# Amounts


async def test_a_posting_is_answered_without_a_body(ann: Member) -> None:
    for answer in (await ann.add(5), await ann.deduct(5)):
        assert (answer.status_code, answer.content) == (204, b"")
        assert not {"content-type", "idempotency-replayed"} & answer.headers.keys()
    assert await ann.balance() == {"active": 100, "spent": 5}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("12345678901.23", "12345678901.23"),
        ("0.1", "0.10"),
        ("0.01", "0.01"),
        ("0.29", "0.29"),
        ("1.10", "1.10"),
        ("7.000", "7"),
        (LARGEST, LARGEST),
        ("1e2", "100"),
        ("1.5E+1", "15"),
        ("25e-2", "0.25"),
        ("  3 ", "3"),
    ],
)
async def test_amounts_come_back_digit_by_digit(ann: Member, written: str, told: str) -> None:
    answer = await ann.put("add_points", f'{{"points":{written}}}'.encode())
    assert answer.status_code == 204
    assert f'"amount":{Decimal(told)},' in (await ann.transactions(pageSize=1)).text
    assert f'"activePoints":{Decimal(told) + 100},' in (await ann.balances()).text


async def test_sums_are_exact(ann: Member) -> None:
    for points in ("0.1", "0.2", LARGEST, LARGEST):
        await ann.put("add_points", f'{{"points":{points}}}'.encode())
    await ann.put("deduct_points", b'{"points":100.29}')
    assert '"activePoints":1999999999999.99,' in (await ann.balances()).text


@both
@pytest.mark.parametrize(
    "points",
    [
        "0",
        "0.00",
        "-0",
        "-1",
        "-0.01",
        "1.001",
        "0.005",
        "1e-3",
        "1." + "0" * 80 + "1",
        "1000000000000",
        "999999999999.991",
        "1e13",
        "1e400",
        "1e-400",
        "1e9999",
        "9" * 200,
        '"5"',
        '""',
        "null",
        "true",
        "[]",
        "{}",
        "[5]",
        '"\\u0000"',
        '"NaN"',
    ],
)
async def test_what_is_no_amount_is_refused(ann: Member, operation: str, points: str) -> None:
    found = refusal(await ann.put(operation, f'{{"points":{points}}}'.encode()), 400)
    assert (found["title"], found["pointer"]) == ("invalid_field", "/points")
    assert "write an amount from 0.01 to 999999999999.99" in found["details"]
    assert await ann.balance() == {"active": 100}


@both
@pytest.mark.parametrize("points", ["NaN", "Infinity", "-Infinity", "+5", ".5", "5.", "05", "1_0"])
async def test_what_json_does_not_know_is_refused(ann: Member, operation: str, points: str) -> None:
    found = refusal(await ann.put(operation, f'{{"points":{points}}}'.encode()), 400)
    assert found["pointer"] in {"", "/points"}
    assert await ann.balance() == {"active": 100}


@both
async def test_points_are_needed(ann: Member, operation: str) -> None:
    found = refusal(await ann.put(operation, {"name": "no points"}), 400)
    assert found["pointer"] == "/points"


# Deducting


async def test_a_deduction_beyond_the_active_points_books_nothing(ann: Member) -> None:
    await ann.add(50, pendingDuration="1D")
    await ann.add(50, subledgerId="shop")
    found = refusal(await ann.deduct(100.01), 400)
    assert (found["title"], found["pointer"]) == ("insufficient_points", "/points")
    assert "found 100.01, but only 100.00 are active" in found["details"]
    assert await ann.balance() == {"active": 100, "pending": 50}


async def test_all_active_points_can_be_deducted(ann: Member) -> None:
    assert (await ann.deduct(100)).status_code == 204
    assert await ann.balance() == {"spent": 100}


async def test_a_deduction_of_an_unknown_subledger_finds_nothing(ann: Member) -> None:
    found = refusal(await ann.deduct(1, subledgerId="new"), 400)
    assert "only 0.00 are active" in found["details"]
    assert "new" not in exact(await ann.balances())["subledgerBalances"]


async def test_a_deduction_takes_what_expires_soonest(api: Api, ann: Member) -> None:
    await ann.add(10, validityDuration="1D")
    await ann.deduct(10)
    api.clock.now = NOW + timedelta(days=2)
    assert await ann.balance() == {"active": 100, "spent": 10}


async def test_points_may_be_owed_where_the_program_says_so(api: Api) -> None:
    owing = await api.member(await api.program(return_policy=ReturnPolicy.UNLIMITED))
    await owing.deduct(130)
    assert await owing.balance() == {"spent": 100, "negative": 30}
    await owing.add(50)
    assert await owing.balance() == {"active": 20, "spent": 130}


# Start and expiry


@pytest.mark.parametrize(
    ("given", "start", "expiry"),
    [
        ({}, "2026-06-16T12:00:00Z", "2026-07-16T23:59:59Z"),
        ({"pendingDuration": "immediate"}, "immediate", "2026-07-15T23:59:59Z"),
        ({"validityDuration": "unlimited"}, "2026-06-16T12:00:00Z", "unlimited"),
        ({"pendingDuration": "90s"}, "2026-06-15T12:01:30Z", "2026-07-15T23:59:59Z"),
        ({"pendingDuration": "1D_D"}, "2026-06-16T00:00:00Z", "2026-07-16T23:59:59Z"),
        ({"validUntil": "2030-01-01"}, "2026-06-16T12:00:00Z", "2030-01-01T00:00:00Z"),
        (
            {"pendingUntil": "2026-06-20T10:00:00+0200", "validityDuration": "1Y_U"},
            "2026-06-20T08:00:00Z",
            "2027-12-31T23:59:59Z",
        ),
        (
            {"pendingDuration": None, "validUntil": None, "name": None, "subledgerId": None},
            "2026-06-16T12:00:00Z",
            "2026-07-16T23:59:59Z",
        ),
    ],
)
async def test_what_is_not_given_is_the_programs_default(
    api: Api, given: dict[str, Any], start: str, expiry: str
) -> None:
    program = await api.program(default_pending="1D", default_validity="30D_U")
    ann = await api.member(program)
    assert (await ann.add(1, **given)).status_code == 204
    told = exact(await ann.transactions(pageSize=1))["data"][0]
    assert (told["startDate"], told["expiryDate"]) == (start, expiry)


async def test_days_are_rounded_in_the_programs_time_zone(api: Api) -> None:
    ann = await api.member(await api.program(timezone="America/New_York"))
    await ann.add(1, validityDuration="1D_U")
    told = exact(await ann.transactions(pageSize=1))["data"][0]
    assert told["expiryDate"] == "2026-06-17T03:59:59Z"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"pendingDuration": "1D", "pendingUntil": "2026-07-01"}, "pendingUntil"),
        ({"validityDuration": "1D", "validUntil": "2026-07-01"}, "validUntil"),
        ({"pendingDuration": "unlimited"}, "pendingDuration"),
        ({"pendingDuration": "soon"}, "pendingDuration"),
        ({"pendingDuration": ""}, "pendingDuration"),
        ({"pendingDuration": "0D"}, "pendingDuration"),
        ({"pendingDuration": "9999999D"}, "pendingDuration"),
        ({"pendingDuration": "2026-07-01"}, "pendingDuration"),
        ({"validityDuration": "immediate"}, "validityDuration"),
        ({"validityDuration": "1h_U"}, "validityDuration"),
        ({"validityDuration": "1d"}, "validityDuration"),
        ({"validityDuration": 30}, "validityDuration"),
        ({"pendingUntil": "tomorrow"}, "pendingUntil"),
        ({"pendingUntil": ""}, "pendingUntil"),
        ({"validUntil": "2026-06-15T11:59:59Z"}, "validUntil"),
        ({"validUntil": "2026-06-15T12:00:00Z"}, "validUntil"),
        ({"pendingUntil": "2026-08-01", "validUntil": "2026-07-01"}, "validUntil"),
        ({"validUntil": "unlimited"}, "validUntil"),
        ({"applicationId": "one"}, "applicationId"),
        ({"subledgerId": 7}, "subledgerId"),
        ({"subledgerId": "x" * 65}, "subledgerId"),
        ({"subledgerId": "a\nb"}, "subledgerId"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": ["x"]}, "name"),
    ],
)
async def test_a_wrong_field_of_an_addition_is_named(
    ann: Member, given: dict[str, Any], field: str
) -> None:
    found = refusal(await ann.add(1, **given), 400)
    assert ("invalid_field", f"/{field}") == (found["title"], found["pointer"])
    assert await ann.balance() == {"active": 100}


@pytest.mark.parametrize("field", ["name", "subledgerId"])
async def test_a_wrong_field_of_a_deduction_is_named(ann: Member, field: str) -> None:
    found = refusal(await ann.deduct(1, **{field: "x" * 256}), 400)
    assert found["pointer"] == f"/{field}"


async def test_texts_may_be_as_long_as_the_contract_says(ann: Member) -> None:
    assert (await ann.add(1, name="\U0001f600" * 255, subledgerId="\u00fc" * 64)).status_code == 204
    told = exact(await ann.transactions(pageSize=1))["data"][0]
    assert (told["name"], told["subledgerId"]) == ("\U0001f600" * 255, "\u00fc" * 64)


async def test_unknown_members_of_a_body_are_left_alone(ann: Member) -> None:
    assert (await ann.add(1, later={"version": 2})).status_code == 204


# What there is


@both
async def test_an_unknown_profile_is_not_made(api: Api, ann: Member, operation: str) -> None:
    nobody = Member(api=api, program=ann.program, name="nobody at all")
    found = refusal(await nobody.put(operation, {"points": 1}), 404)
    assert "there is no customer profile 'nobody at all'" in found["details"]
    refusal(await nobody.balances(), 404)


@both
async def test_an_unknown_program_is_not_found(api: Api, ann: Member, operation: str) -> None:
    path = ann.path.replace(program_path(ann.program), "/v1/loyalty_programs/999999")
    answer = await api.manager.put(f"{path}/{operation}", json={"points": 1})
    assert "there is no loyalty program '999999'" in refusal(answer, 404)["details"]


@both
async def test_a_program_without_subledgers_takes_none(api: Api, operation: str) -> None:
    ann = await api.member(await api.program(allow_subledger=False))
    found = refusal(await ann.put(operation, {"points": 1, "subledgerId": "shop"}), 400)
    assert (found["title"], found["pointer"]) == ("not_supported", "/subledgerId")
    assert (await ann.put(operation, {"points": 1, "subledgerId": ""})).status_code == 204


@both
async def test_a_card_based_program_takes_no_profiles(api: Api, operation: str) -> None:
    ann = Member(api=api, program=await api.program(card_based=True), name="ann")
    found = refusal(await ann.put(operation, {"points": 1}), 400)
    assert (found["title"], found["parameter"]) == ("not_supported", "loyaltyProgramId")


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "/",
        "..",
        ".",
        "Zo\u00eb M\u00fcller",
        " ".join("abc"),
        "100%",
        "%2F",
        "a+b",
        "?x=1&y",
        "#1",
        "\u65e5\u672c\u8a9e",
        "\U0001f600",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "caf\u00e9 \u2013 e\u0301",
        "a\u00a0b",
        "balances",
        "x" * 1000,
        "\u00fc" * 1000,
    ],
    ids=ascii,
)
async def test_any_imported_profile_can_be_addressed(api: Api, ann: Member, name: str) -> None:
    member = await api.member(ann.program, name=name, points="5")
    assert (await member.add(7)).status_code == 204
    assert (await member.deduct(2)).status_code == 204
    assert await member.balance() == {"active": 10, "spent": 2}
    assert len(await member.names()) == 3


# Idempotency


@both
async def test_the_same_request_with_the_same_key_is_posted_once(
    ann: Member, operation: str
) -> None:
    body = {"points": 10, "name": "once"}
    first = await ann.put(operation, body, key="k-1")
    again = await ann.put(operation, body, key="k-1")
    assert (first.status_code, again.status_code) == (204, 204)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await ann.names() == ["once", ""]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("add_points", {"points": 11}),
        ("add_points", {"points": 10, "name": "other"}),
        ("add_points", {"points": 10, "subledgerId": "shop"}),
        ("add_points", {"points": 10, "validityDuration": "1D"}),
        ("deduct_points", {"points": 10}),
    ],
    ids=["points", "name", "subledger", "validity", "direction"],
)
async def test_a_key_stands_for_one_request(
    ann: Member, operation: str, body: dict[str, Any]
) -> None:
    await ann.put("add_points", {"points": 10}, key="k-1")
    found = refusal(await ann.put(operation, body, key="k-1"), 422)
    assert found["title"] == "key_reused"
    assert "'k-1'" in found["details"]
    assert await ann.balance() == {"active": 110}


async def test_a_key_belongs_to_a_member(api: Api, ann: Member) -> None:
    bea = await api.member(ann.program)
    for member in (ann, bea):
        assert (await member.put("add_points", {"points": 1}, key="k-1")).status_code == 204
        assert await member.balance() == {"active": 101}


async def test_a_key_is_good_for_ever(api: Api, ann: Member) -> None:
    await ann.put("add_points", {"points": 1}, key="k-1")
    api.clock.now = NOW + timedelta(days=3650)
    again = await ann.put("add_points", {"points": 1}, key="k-1")
    assert again.headers["idempotency-replayed"] == "true"
    assert await ann.balance() == {"active": 101}


async def test_a_refused_deduction_stays_refused_under_its_key(ann: Member) -> None:
    first = await ann.put("deduct_points", {"points": 150}, key="k-1")
    await ann.add(100)
    again = await ann.put("deduct_points", {"points": 150}, key="k-1")
    assert (again.status_code, again.content) == (400, first.content)
    assert (await ann.put("deduct_points", {"points": 150}, key="k-2")).status_code == 204


async def test_an_invalid_request_does_not_use_up_its_key(ann: Member) -> None:
    refusal(await ann.put("add_points", {"points": 0}, key="k-1"), 400)
    assert (await ann.put("add_points", {"points": 1}, key="k-1")).status_code == 204


@pytest.mark.parametrize("key", ["k", "k" * 255, "a b", "\u00e9", "5f0c0a52-31c9-4f6a-a1d2-0e8"])
async def test_a_key_is_any_short_text(ann: Member, key: str) -> None:
    for _ in range(2):
        assert (await ann.put("add_points", {"points": 1}, key=key)).status_code == 204
    assert await ann.balance() == {"active": 101}


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "a\x00b", "\x7f"], ids=ascii)
async def test_what_is_no_key_is_refused(ann: Member, key: str) -> None:
    found = refusal(await ann.put("add_points", {"points": 1}, key=key), 400)
    assert (found["title"], found["parameter"]) == ("invalid_field", "Idempotency-Key")
    assert await ann.balance() == {"active": 100}


# At once


async def test_of_twenty_deductions_of_everything_at_once_one_succeeds(ann: Member) -> None:
    answers = await asyncio.gather(*(ann.deduct(100) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [204] + [400] * 19
    assert await ann.balance() == {"spent": 100}


async def test_a_request_that_is_sent_twenty_times_at_once_is_posted_once(ann: Member) -> None:
    wish = {"points": 1, "name": "once"}
    answers = await asyncio.gather(*(ann.put("add_points", wish, key="k-1") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {204}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 19
    assert await ann.names() == ["once", ""]
