"""`getLoyaltyPoints`, the whole ledger of a member that older clients ask for."""

from datetime import timedelta
from typing import Any

import pytest

from api.harness import Api, Member, exact, program_path, refusal
from services.harness import NOW, import_rows

LISTS = ("transactions", "expiringPoints", "activePoints", "pendingPoints", "expiredPoints")


async def ledger_of(member: Member) -> dict[str, Any]:
    """The whole ledger of a member."""
    told: dict[str, Any] = exact(await member.api.manager.get(member.path))
    return told


def short(entries: list[dict[str, Any]]) -> list[tuple[str, str, Any]]:
    """The entries, cut to type, name and amount."""
    return [(each["type"], each["name"], each["amount"]) for each in entries]


@pytest.fixture
async def dan(api: Api) -> Member:
    """Dan has points in every state, and spent some an hour later."""
    program = await api.program()
    dan = Member(api=api, program=program, name=f"dan of {program.id}")
    await import_rows(
        api.context,
        program,
        f"{dan.name},10,,2026-06-20,,soon",
        f"{dan.name},30,,,,never",
        f"{dan.name},40,,2026-06-15T12:30:00Z,,gone",
        f"{dan.name},50,2026-06-16,2026-07-01,,tomorrow",
        f"{dan.name},70,,2026-06-25,shop,in the shop",
        header="customerprofileid,amount,startdate,expirydate,subledgerid,reason",
    )
    api.clock.now = NOW + timedelta(hours=1)
    await dan.deduct(4, name="spent")
    return dan


async def test_each_ledger_has_its_totals_and_its_lists(dan: Member) -> None:
    told = await ledger_of(dan)
    main, shop = told["ledger"], told["subLedgers"].pop("shop")
    assert told["subLedgers"] == {}
    assert {name: main[name] for name in main if name not in LISTS} == {
        "total": 36,
        "totalActivePoints": 36,
        "totalPendingPoints": 50,
        "totalSpentPoints": 4,
        "totalExpiredPoints": 40,
        "totalNegativePoints": 0,
    }
    assert short(main["transactions"]) == [
        ("subtraction", "spent", 4),
        ("expire", "gone", 40),
        ("addition", "tomorrow", 50),
        ("addition", "gone", 40),
        ("addition", "never", 30),
        ("addition", "soon", 10),
    ]
    assert short(main["activePoints"]) == [("addition", "soon", 6), ("addition", "never", 30)]
    assert short(main["pendingPoints"]) == [("addition", "tomorrow", 50)]
    assert short(main["expiredPoints"]) == [("expire", "gone", 40)]
    assert short(main["expiringPoints"]) == [("expiring", "soon", 6), ("expiring", "tomorrow", 50)]
    assert shop["totalActivePoints"] == 70
    assert short(shop["transactions"]) == [("addition", "in the shop", 70)]
    assert short(shop["expiringPoints"]) == [("expiring", "in the shop", 70)]


async def test_dates_that_are_none_are_left_out(dan: Member) -> None:
    main = (await ledger_of(dan))["ledger"]
    never = next(each for each in main["activePoints"] if each["name"] == "never")
    assert never == {
        "created": "2026-06-15T12:00:00Z",
        "programID": dan.program.id,
        "type": "addition",
        "amount": 30,
        "name": "never",
        "subLedgerID": "",
        "customerProfileID": dan.name,
    }
    [tomorrow] = main["pendingPoints"]
    assert tomorrow["startDate"] == "2026-06-16T00:00:00Z"
    assert tomorrow["expiryDate"] == "2026-07-01T00:00:00Z"
    expiry = next(each for each in main["transactions"] if each["type"] == "expire")
    assert expiry["created"] == expiry["expiryDate"] == "2026-06-15T12:30:00Z"


async def test_a_member_without_entries_has_an_empty_main_ledger(api: Api, ann: Member) -> None:
    elsewhere = Member(api=api, program=await api.program(), name=ann.name)
    told = await ledger_of(elsewhere)
    assert told["subLedgers"] == {}
    assert set(map(str, told["ledger"].values())) == {"0", "[]"}


async def test_lists_are_bounded_and_totals_are_not(api: Api) -> None:
    program = await api.program()
    busy = Member(api=api, program=program, name=f"busy in {program.id}")
    rows = [f"{busy.name},1,,2026-07-01" for _ in range(1_005)]
    header = "customerprofileid,amount,startdate,expirydate"
    await import_rows(api.context, program, *rows, header=header)
    main = (await ledger_of(busy))["ledger"]
    assert main["totalActivePoints"] == 1_005
    assert {name: len(main[name]) for name in LISTS} == {
        "transactions": 1_000,
        "expiringPoints": 1_000,
        "activePoints": 1_000,
        "pendingPoints": 0,
        "expiredPoints": 0,
    }


async def test_an_unknown_profile_is_not_found(api: Api, ann: Member) -> None:
    answer = await api.manager.get(f"{program_path(ann.program)}/profile/nobody")
    assert "there is no customer profile 'nobody'" in refusal(answer, 404)["details"]
    assert refusal(await api.shop.get(ann.path), 401)["title"] == "not_signed_in"
