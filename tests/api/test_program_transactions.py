"""`getLoyaltyProgramTransactions`, and the managers' view of one member."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW, import_rows
from tallystick.core.ids import IntegrationId
from tallystick.core.points import Points
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.transactions import Kind, Source
from tallystick.services.posting import post
from tallystick.services.postings import Posting

SECOND = timedelta(seconds=1)


async def ask(api: Api, program: Program, **parameters: Any) -> httpx.Response:
    """Ask for the transactions of a program."""
    return await api.manager.get(f"{program_path(program)}/transactions", params=parameters)


async def names(api: Api, program: Program, **parameters: Any) -> list[str]:
    """The names of the transactions that come back."""
    return [each["name"] for each in exact(await ask(api, program, **parameters))["data"]]


# Shapes


async def test_an_imported_addition_names_its_member_and_its_import(api: Api, ann: Member) -> None:
    [told] = exact(await ask(api, ann.program))["data"]
    assert UUID(told.pop("transactionUUID")).version == 7
    assert told.pop("id") > 0
    assert told.pop("importId") > 0
    assert told == {
        "created": "2026-06-15T12:00:00Z",
        "programId": ann.program.id,
        "type": "addition",
        "name": "",
        "startDate": "immediate",
        "expiryDate": "unlimited",
        "subledgerId": "",
        "amount": 100,
        "customerProfileId": ann.name,
    }


async def test_what_a_person_did_by_hand_names_them(api: Api, ann: Member) -> None:
    person = await api.person(ann.program)
    body = {"points": 7, "subledgerId": "shop", "validityDuration": "1D"}
    assert (await person.put(f"{ann.path}/add_points", json=body)).status_code == 204
    told = exact(await ask(api, ann.program))["data"][0]
    assert told["userId"] == person.id
    assert told["userEmail"] == person.email
    assert told["subledgerId"] == "shop"
    assert told["expiryDate"] == "2026-06-16T12:00:00Z"
    assert "importId" not in told


async def test_what_a_key_did_names_nobody(api: Api, ann: Member) -> None:
    await ann.add(1)
    told = exact(await ask(api, ann.program))["data"][0]
    assert not {"userId", "userEmail", "importId", "customerSessionId", "flags"} & told.keys()


async def test_a_deduction_below_zero_is_flagged(api: Api) -> None:
    owing = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(owing, points="50")
    await ann.deduct(70)
    newest, before, _ = exact(await ask(api, owing))["data"]
    assert newest["flags"] == {"createsNegativeBalance": True}
    assert (newest["type"], newest["amount"]) == ("subtraction", 20)
    assert "flags" not in before


# Order, pages, filters


async def test_the_newest_of_all_members_comes_first(api: Api, ann: Member) -> None:
    bea = await api.member(ann.program)
    for seconds, member in enumerate([bea, ann, bea, ann], start=1):
        api.clock.now = NOW + seconds * SECOND
        await member.add(1, name=f"{seconds}")
    page = exact(await ask(api, ann.program))["data"]
    assert [each["name"] for each in page] == ["4", "3", "2", "1", "", ""]
    whose = [ann.name, bea.name, ann.name, bea.name]
    assert [each["customerProfileId"] for each in page[:4]] == whose
    ids = [each["id"] for each in page]
    assert ids == sorted(ids, reverse=True)


async def test_pages_follow_one_another_also_within_an_instant(api: Api) -> None:
    program = await api.program()
    rows = [f"p{program.id}-{n % 3},1,{n}" for n in range(7)]
    await import_rows(api.context, program, *rows, header="customerprofileid,amount,reason")
    whole = await names(api, program, pageSize=1000)
    assert sorted(whole) == [str(n) for n in range(7)]
    told, skip, has_more = [], 0, True
    while has_more:
        page = exact(await ask(api, program, pageSize=3, skip=skip))
        told += [each["name"] for each in page["data"]]
        skip, has_more = skip + 3, page["hasMore"]
    assert told == whole
    assert exact(await ask(api, program, skip=7)) == {"hasMore": False, "data": []}


@pytest.fixture
async def cal(api: Api) -> Member:
    """Cal has a transaction of every kind, each a second after the other."""
    cal = await api.member(await api.program())
    steps: list[Callable[[], Any]] = [
        lambda: cal.add(1, name="manual"),
        lambda: cal.add(1, name="shop", subledgerId="shop"),
        lambda: cal.add(1, name="waits", pendingDuration="on_action"),
        lambda: cal.deduct(1, name="deducted"),
    ]
    for seconds, step in enumerate(steps, start=1):
        api.clock.now = NOW + seconds * SECOND
        assert (await step()).status_code == 204
    posting = Posting(
        program_id=cal.program.id,
        integration_id=IntegrationId(cal.name),
        kind=Kind.ADDITION,
        points=Points(1_00),
        name="s-1",
        source=Source.SESSION,
        session_id="s-1",
    )
    async with api.context.database.transaction() as tx:
        await post(tx, [posting], now=api.clock.now + SECOND)
    return cal


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["s-1", "deducted", "waits", "shop", "manual", ""]),
        ({"loyaltyTransactionType": "manual"}, ["deducted", "waits", "shop", "manual"]),
        ({"loyaltyTransactionType": "session"}, ["s-1"]),
        ({"loyaltyTransactionType": "import"}, [""]),
        ({"subledgerId": "shop"}, ["shop"]),
        ({"subledgerId": ""}, ["s-1", "deducted", "waits", "manual", ""]),
        ({"subledgerId": "unknown"}, []),
        ({"customerSessionIDs": ["s-1", "s-2"]}, ["s-1"]),
        ({"awaitsActivation": "true"}, ["waits"]),
        ({"startDate": "2026-06-15T12:00:01Z", "endDate": "2026-06-15T12:00:02Z"},
         ["shop", "manual"]),
        ({"startDate": "2026-06-16"}, []),
        ({"transactionUUIDs": "00000000-0000-7000-8000-000000000000"}, []),
        ({"loyaltyTransactionType": "manual", "subledgerId": "shop"}, ["shop"]),
    ],
)  # fmt: skip
async def test_transactions_can_be_filtered(
    api: Api, cal: Member, parameters: dict[str, Any], expected: list[str]
) -> None:
    assert await names(api, cal.program, **parameters) == expected


async def test_what_was_activated_awaits_nothing_any_more(api: Api, cal: Member) -> None:
    [waits] = exact(await ask(api, cal.program, awaitsActivation="true"))["data"]
    assert waits["startDate"] == "on_action"
    body = {"transactionUUIDs": [waits["transactionUUID"]]}
    path = f"{program_path(cal.program)}/activate_points"
    assert (await api.shop.post(path, json=body)).status_code == 200
    assert await names(api, cal.program, awaitsActivation="true") == []
    assert await cal.names(awaitsActivation="true") == []
    [told] = exact(await ask(api, cal.program, transactionUUIDs=waits["transactionUUID"]))["data"]
    assert told["startDate"] == "2026-06-15T12:00:05Z"
    assert (told["id"], told["name"]) == (waits["id"], "waits")


async def test_what_was_deleted_is_not_told(api: Api, cal: Member) -> None:
    body = {"scope": "SelectedSubledgers", "subledgerIds": [""]}
    path = f"{cal.path}/delete_transactions"
    assert (await api.shop.post(path, json=body)).status_code == 204
    assert await names(api, cal.program) == ["shop"]
    assert await cal.names() == ["shop"]


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("pageSize", "0"),
        ("pageSize", "1001"),
        ("skip", "-1"),
        ("loyaltyTransactionType", "expire"),
        ("startDate", "monday"),
        ("endDate", ""),
        ("transactionUUIDs", "1"),
        ("awaitsActivation", "false"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    api: Api, ann: Member, parameter: str, text: str
) -> None:
    problem = refusal(await ask(api, ann.program, **{parameter: text}), 400)
    assert (problem["title"], problem["parameter"]) == ("invalid_field", parameter)


async def test_an_unknown_program_is_not_found(api: Api) -> None:
    answer = await api.manager.get("/v1/loyalty_programs/999999/transactions")
    assert refusal(answer, 404)["title"] == "not_found"


# The managers' view of a member


async def test_managers_see_what_shops_see(api: Api, cal: Member) -> None:
    for shops, managers in (
        ("transactions", "ledger_transactions"),
        ("balances", "ledger_balances"),
    ):
        for parameters in ({}, {"subledgerId": ""}, {"subledgerId": "shop"}):
            of_shop = await api.shop.get(f"{cal.path}/{shops}", params=parameters)
            of_manager = await api.manager.get(f"{cal.path}/{managers}", params=parameters)
            assert exact(of_shop) == exact(of_manager)


async def test_each_view_is_for_its_own_keys(api: Api, cal: Member) -> None:
    for path in ("transactions", "balances", "points"):
        assert refusal(await api.manager.get(f"{cal.path}/{path}"), 401)["title"] == "not_signed_in"
    for path in ("ledger_transactions", "ledger_balances"):
        assert refusal(await api.shop.get(f"{cal.path}/{path}"), 401)["title"] == "not_signed_in"


async def test_managers_are_told_of_unknown_profiles(api: Api, ann: Member) -> None:
    nobody = f"{program_path(ann.program)}/profile/nobody"
    for path in ("ledger_transactions", "ledger_balances"):
        assert refusal(await api.manager.get(f"{nobody}/{path}"), 404)["title"] == "not_found"
