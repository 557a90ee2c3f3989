"""Transactions and balances as files over HTTP: their lines, their names, and what is refused."""

import csv
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, exact, in_path, program_path, refusal
from services.harness import NOW, import_rows
from tallystick.core.programs import ReturnPolicy

RANGE = {"rangeStart": "2026-06-01", "rangeEnd": "2026-07-01"}
LOG_HEADER = (
    "customerprofileid,customersessionid,rulesetid,rulename,programid,type,name,subledgerid,"
    "startdate,expirydate,id,created,amount,archived,campaignid,flags,transactionuuid,"
    "validityduration"
)
BALANCES_HEADER = (
    "loyaltyProgramID,loyaltySubledger,profileIntegrationID,currentBalance,pendingBalance,"
    "expiredBalance,spentBalance,currentTier"
)
DEBTS_HEADER = BALANCES_HEADER.replace(",currentTier", ",negativeBalance,currentTier")
BALANCES = ["export_customer_balances", "export_customer_balance"]


async def log(member: Member, **parameters: str) -> httpx.Response:
    """Ask for a member's log."""
    return await member.api.manager.get(f"{member.path}/export_log", params=RANGE | parameters)


async def balances(member: Member, path: str = BALANCES[0], **parameters: str) -> httpx.Response:
    """Ask for the balances of the member's program."""
    where = f"{program_path(member.program)}/{path}"
    return await member.api.manager.get(where, params=parameters)


def lines(response: httpx.Response) -> list[dict[str, str]]:
    """The lines of a file by the names in its header."""
    assert response.status_code == 200, response.text
    return list(csv.DictReader(response.text.splitlines()))


async def test_a_log_is_a_file_with_the_columns_of_the_contract(ann: Member) -> None:
    await ann.deduct(1.5, name="Voucher")
    answer = await log(ann)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.splitlines()[0] == LOG_HEADER
    first, second = lines(answer)
    assert (first["type"], first["amount"]) == ("addition", "100.00")
    assert (second["type"], second["amount"], second["name"]) == ("subtraction", "1.50", "Voucher")


async def test_a_file_has_a_telling_name(ann: Member) -> None:
    program = ann.program.settings.name.replace(" ", "_")
    answer = await log(ann)
    name = f"{program}-transactions-{ann.name.replace(' ', '_')}-2026-06-01-to-2026-07-01.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    answer = await balances(ann, endDate="2026-08-01T12:30:00+02:00")
    name = f"{program}-balances-2026-08-01T103000Z.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_names_of_members_do_not_break_the_header(api: Api) -> None:
    odd = Member(api=api, program=await api.program(), name='../"x"\u00e9;')
    await import_rows(api.context, odd.program, '"../""x""\u00e9;",1')
    answer = await log(odd)
    disposition = answer.headers["content-disposition"]
    assert disposition.endswith('transactions-x-2026-06-01-to-2026-07-01.csv"')
    assert disposition.count('"') == 2


async def test_a_file_comes_as_text_csv_whatever_is_accepted(ann: Member) -> None:
    where = f"{ann.path}/export_log"
    for accept in ("application/csv", "application/json", "text/csv"):
        answer = await ann.api.manager.get(where, params=RANGE, headers={"Accept": accept})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("parameters", "created"),
    [
        ({}, "2026-06-15 12:00:00"),
        ({"dateFormat": "excel"}, "2026-06-15 12:00:00"),
        ({"dateFormat": "ISO8601"}, "2026-06-15T12:00:00.000000Z"),
    ],
    ids=str,
)
async def test_instants_are_written_as_asked(
    ann: Member, parameters: dict[str, str], created: str
) -> None:
    [line] = lines(await log(ann, **parameters))
    assert line["created"] == created


async def test_both_ends_of_a_range_belong_to_it(api: Api, ann: Member) -> None:
    for minutes in (1, 2, 3):
        api.clock.now = NOW + timedelta(minutes=minutes)
        await ann.add(1, name=str(minutes))
    answer = await log(ann, rangeStart="2026-06-15T12:01:00Z", rangeEnd="2026-06-15T12:02:00Z")
    assert [line["name"] for line in lines(answer)] == ["1", "2"]


async def test_a_log_has_what_people_see(api: Api, ann: Member) -> None:
    """What was deleted is not there, and an activation has given its addition a start."""
    await ann.add(5, name="gone", subledgerId="shop")
    body: dict[str, Any] = {"scope": "SelectedSubledgers", "subledgerIds": ["shop"]}
    answer = await api.shop.post(f"{ann.path}/delete_transactions", json=body)
    assert answer.status_code == 204
    await ann.add(7, name="waited", pendingDuration="on_action", validityDuration="1D")
    newest = exact(await ann.transactions())["data"][0]
    api.clock.now = NOW + timedelta(hours=1)
    body = {"transactionUUIDs": [newest["transactionUUID"]]}
    path = f"{program_path(ann.program)}/activate_points"
    assert (await api.shop.post(path, json=body)).status_code == 200
    told = [(line["name"], line["startdate"], line["expirydate"]) for line in lines(await log(ann))]
    assert told == [
        ("", "immediate", "unlimited"),
        ("waited", "2026-06-15 13:00:00", "2026-06-16 13:00:00"),
    ]


# Balances


@pytest.fixture
async def dan(api: Api) -> Member:
    """Dan has points in every state, in the main ledger, and owes some in the shop."""
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    dan = await api.member(program, points="100")
    await import_rows(
        api.context,
        program,
        f"{dan.name},7,,2026-06-15T12:30:00Z,",
        f"{dan.name},9,2026-06-20,,",
        f"{dan.name},3,,,shop",
        header="customerprofileid,amount,startdate,expirydate,subledgerid",
    )
    api.clock.now = NOW + timedelta(hours=1)
    await dan.deduct(25)
    await dan.deduct(4, subledgerId="shop")
    return dan


def figures(line: dict[str, str]) -> list[str]:
    """What stands behind the member's name."""
    return list(line.values())[3:]


@pytest.mark.parametrize("path", BALANCES)
async def test_balances_have_the_columns_of_the_contract(dan: Member, path: str) -> None:
    answer = await balances(dan, path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    program = dan.program.id
    assert answer.text.splitlines() == [
        BALANCES_HEADER,
        f"{program},,{dan.name},75.00,9.00,7.00,25.00,",
        f"{program},shop,{dan.name},0.00,0.00,0.00,3.00,",
    ]


@pytest.mark.parametrize(
    ("listed", "header", "main", "shop"),
    [
        ("currentBalance", BALANCES_HEADER, "75.00,,,,", "0.00,,,,"),
        ("pendingBalance", BALANCES_HEADER, "75.00,9.00,,,", "0.00,0.00,,,"),
        ("spentBalance, expiredBalance", BALANCES_HEADER,
         "75.00,,7.00,25.00,", "0.00,,0.00,3.00,"),
        ("negativeBalance", DEBTS_HEADER, "75.00,,,,0.00,", "0.00,,,,1.00,"),
        ("currentBalance,pendingBalance,expiredBalance,spentBalance,negativeBalance", DEBTS_HEADER,
         "75.00,9.00,7.00,25.00,0.00,", "0.00,0.00,0.00,3.00,1.00,"),
    ],
    ids=lambda value: value if "Balance" in value and value[0] != "l" else "",
)  # fmt: skip
async def test_columns_that_are_not_listed_are_empty(
    dan: Member, listed: str, header: str, main: str, shop: str
) -> None:
    answer = await balances(dan, balances=listed)
    assert answer.text.splitlines()[0] == header
    assert [",".join(figures(line)) for line in lines(answer)] == [main, shop]


async def test_balances_are_told_at_any_instant(dan: Member) -> None:
    at_first = lines(await balances(dan, endDate="2026-06-15T12:00:00Z"))
    assert [figures(line)[:2] for line in at_first] == [["107.00", "9.00"], ["3.00", "0.00"]]
    later = lines(await balances(dan, endDate="2027-01-01"))
    assert [figures(line)[:2] for line in later] == [["84.00", "0.00"], ["0.00", "0.00"]]


# What is refused, and what is written down


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("rangeStart", "monday"),
        ("rangeEnd", ""),
        ("dateFormat", "iso"),
        ("dateFormat", ""),
    ],
)
async def test_what_cannot_be_asked_of_a_log_is_refused(
    ann: Member, parameter: str, text: str
) -> None:
    problem = refusal(await log(ann, **{parameter: text}), 400)
    assert (problem["title"], problem["parameter"]) == ("invalid_field", parameter)


@pytest.mark.parametrize("parameter", ["rangeStart", "rangeEnd"])
async def test_a_log_needs_its_range(ann: Member, parameter: str) -> None:
    given = {name: text for name, text in RANGE.items() if name != parameter}
    answer = await ann.api.manager.get(f"{ann.path}/export_log", params=given)
    assert refusal(answer, 400)["parameter"] == parameter


@pytest.mark.parametrize("path", BALANCES)
@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("endDate", "monday"),
        ("balances", ""),
        ("balances", "activePoints"),
        ("balances", "pendingBalance,,spentBalance"),
        ("balances", "PendingBalance"),
    ],
)
async def test_what_cannot_be_asked_of_balances_is_refused(
    ann: Member, path: str, parameter: str, text: str
) -> None:
    problem = refusal(await balances(ann, path, **{parameter: text}), 400)
    assert (problem["title"], problem["parameter"]) == ("invalid_field", parameter)


async def test_an_unknown_profile_or_program_is_not_found(api: Api, ann: Member) -> None:
    nobody = f"{program_path(ann.program)}/profile/{in_path('no/body')}/export_log"
    answer = await api.manager.get(nobody, params=RANGE)
    assert "there is no customer profile 'no/body'" in refusal(answer, 404)["details"]
    answer = await api.manager.get("/v1/loyalty_programs/999999/export_customer_balances")
    assert refusal(answer, 404)["title"] == "not_found"


async def test_managers_and_shops_take_no_files_out(ann: Member) -> None:
    person = await ann.api.person(ann.program)
    for path in (f"{ann.path}/export_log", f"{program_path(ann.program)}/{BALANCES[0]}"):
        assert refusal(await person.get(path, params=RANGE), 403)["title"] == "not_allowed"
        assert refusal(await ann.api.shop.get(path, params=RANGE), 401)["title"] == "not_signed_in"


async def test_it_is_written_down_who_took_what(ann: Member) -> None:
    await log(ann, dateFormat="ISO8601")
    await balances(ann, balances="spentBalance", endDate="2026-08-01")
    async with ann.api.context.database.reader() as reader:
        rows = await reader.fetch(
            "SELECT entity, filter, api_key_id FROM data_export WHERE program_id = $1"
            " ORDER BY export_id",
            ann.program.id,
        )
    [of_log, of_balances] = rows
    assert of_log["entity"] == "LoyaltyLedgerLog"
    for text in (ann.name, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", "ISO8601"):
        assert text in of_log["filter"]
    assert of_balances["entity"] == "LoyaltyLedger"
    for text in ("2026-08-01T00:00:00Z", "spentBalance"):
        assert text in of_balances["filter"]
    assert of_log["api_key_id"] == of_balances["api_key_id"] is not None


async def test_a_look_at_the_headers_takes_nothing(ann: Member) -> None:
    answer = await ann.api.manager.head(f"{ann.path}/export_log", params=RANGE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    async with ann.api.context.database.reader() as reader:
        rows = await reader.fetch("SELECT FROM data_export WHERE program_id = $1", ann.program.id)
    assert rows == []
