"""Files of every format over HTTP: what is in them, which rows are wanted, and what is refused."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import openpyxl
import pytest
from pyarrow import parquet

from api.harness import Api, Member, exact, program_path, refusal, running_api
from services.harness import NOW, import_rows
from tallystick.core.exports import FileFormat
from tallystick.core.programs import ReturnPolicy

FORMATS = [each.value for each in FileFormat]
HOSTILE = "=\U0001f600<b>\u0645\u0631\u062d\u0628\u0627</b>"


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """An application of the test's own: its members have names that others have, too."""
    async with running_api(database_url) as api:
        yield api


@pytest.fixture
async def eve(api: Api) -> Member:
    """Eve has a name and a reason that mean something to others."""
    eve = Member(api=api, program=await api.program(), name=f"{HOSTILE} eve")
    header = "customerprofileid,amount,expirydate,subledgerid,reason"
    rows = f'"{eve.name}",1234.5,2026-07-01T00:00:00Z,,"{HOSTILE}"', f'"{eve.name}",2,,shop,'
    await import_rows(api.context, eve.program, *rows, header=header)
    return eve


async def ask(member: Member, path: str, **parameters: Any) -> httpx.Response:
    """Ask for a file about the member's program."""
    where = f"{program_path(member.program)}/{path}"
    return await member.api.manager.get(where, params=parameters)


async def log(member: Member, **parameters: Any) -> list[dict[str, str]]:
    answer = await ask(member, "export_log", **parameters)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def names(member: Member, **parameters: Any) -> list[str]:
    return [line["name"] for line in await log(member, **parameters)]


def records(answer: httpx.Response, file_format: str) -> list[dict[str, Any]]:
    """The rows of a file by the names of its columns, points as they are."""
    assert answer.status_code == 200, answer.text
    if file_format == "csv":
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))
    if file_format == "ndjson":
        return [json.loads(line, parse_float=Decimal) for line in answer.text.splitlines()]
    if file_format == "parquet":
        found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(answer.content)).to_pylist()
        return found
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    head, *rows = book.worksheets[0].iter_rows(values_only=True)
    book.close()
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


@pytest.mark.parametrize("file_format", FORMATS)
async def test_balances_come_in_every_format(eve: Member, file_format: str) -> None:
    answer = await ask(eve, "export_customer_balances", format=file_format, details=True)
    kind = FileFormat(file_format).media_type
    assert answer.headers["content-type"].removesuffix("; charset=utf-8") == kind
    assert answer.headers["content-disposition"].endswith(f'.{file_format}"')
    main, shop = records(answer, file_format)
    assert main["profileIntegrationID"] == shop["profileIntegrationID"] == eve.name
    assert shop["loyaltySubledger"] == "shop"
    assert Decimal(str(main["currentBalance"])) == Decimal("1234.5")
    assert Decimal(str(main["nextExpiryPoints"])) == Decimal("1234.5")
    assert str(main["nextExpiry"])[:10] == "2026-07-01"


@pytest.mark.parametrize("path", ["export_log", "profile"])
@pytest.mark.parametrize("file_format", FORMATS)
async def test_logs_come_in_every_format(eve: Member, path: str, file_format: str) -> None:
    where = f"{eve.path}/export_log" if path == "profile" else None
    wanted = {"rangeStart": "2026-06-01", "rangeEnd": "2026-07-01", "format": file_format}
    where = where or f"{program_path(eve.program)}/export_log"
    first, second = records(await eve.api.manager.get(where, params=wanted), file_format)
    assert (first["customerprofileid"], first["name"]) == (eve.name, HOSTILE)
    assert Decimal(str(first["amount"])) == Decimal("1234.5")
    assert str(first["created"]).replace("T", " ")[:19] == "2026-06-15 12:00:00"
    assert second["subledgerid"] == "shop"
    assert len(first) == 18


@pytest.mark.parametrize("file_format", FORMATS)
async def test_what_expires_comes_in_every_format(eve: Member, file_format: str) -> None:
    wanted = {"rangeStart": "2026-07-01", "rangeEnd": "2026-07-31", "format": file_format}
    [row] = records(await ask(eve, "export_expiring", **wanted), file_format)
    assert str(row["date"])[:10] == "2026-07-01"
    assert Decimal(str(row["expiringPoints"])) == Decimal("1234.5")


async def test_text_is_harmless_where_that_is_asked_for(eve: Member) -> None:
    [line, _] = await log(eve, safe=True)
    assert (line["name"], line["customerprofileid"]) == (f"'{HOSTILE}", f"'{eve.name}")
    [line, _] = await log(eve)
    assert line["name"] == HOSTILE
    answer = await ask(eve, "export_log", format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert not [c for row in book.worksheets[0].iter_rows() for c in row if c.data_type == "f"]
    book.close()


# Which transactions


@pytest.fixture
async def dan(api: Api) -> Member:
    """Dan had points by hand and by file, in two ledgers, and so had somebody else."""
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    dan = await api.member(program, points="100", name="dan")
    api.clock.now = NOW + timedelta(hours=1)
    await dan.add(5, name="by hand", subledgerId="shop")
    await dan.deduct(2, name="spent")
    await api.member(program, points="7", name="fay")
    return dan


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, ["", "by hand", "spent", ""]),
        ({"type": "addition"}, ["", "by hand", ""]),
        ({"type": "subtraction"}, ["spent"]),
        ({"loyaltyTransactionType": "manual"}, ["by hand", "spent"]),
        ({"loyaltyTransactionType": "import"}, ["", ""]),
        ({"loyaltyTransactionType": "session"}, []),
        ({"subledgerId": "shop"}, ["by hand"]),
        ({"subledgerId": ""}, ["", "spent", ""]),
        ({"subledgerId": "unknown"}, []),
        ({"rangeStart": "2026-06-15T13:00:00Z"}, ["by hand", "spent", ""]),
        ({"rangeEnd": "2026-06-15T12:00:00Z"}, [""]),
        ({"rangeStart": "2026-06-16"}, []),
        ({"integrationIds": ["dan"]}, ["", "by hand", "spent"]),
        ({"integrationIds": ["fay", "dan", "fay"]}, ["", "by hand", "spent", ""]),
        ({"integrationIds": ["fay"], "loyaltyTransactionType": "manual"}, []),
    ],
    ids=str,
)
async def test_a_program_log_is_filtered(
    dan: Member, parameters: dict[str, Any], told: list[str]
) -> None:
    assert await names(dan, **parameters) == told


async def test_a_program_log_can_be_that_of_an_import(dan: Member) -> None:
    page = exact(await ask(dan, "transactions", loyaltyTransactionType="import"))
    by_member = {each["customerProfileId"]: each["importId"] for each in page["data"]}
    [line] = await log(dan, importId=by_member["fay"])
    assert (line["customerprofileid"], line["amount"]) == ("fay", "7.00")
    assert await log(dan, importId=999_999) == []


async def test_the_log_of_a_member_is_that_of_the_program(dan: Member) -> None:
    wanted = {"rangeStart": "2026-06-01", "rangeEnd": "2026-07-01"}
    answer = await dan.api.manager.get(f"{dan.path}/export_log", params=wanted)
    assert answer.text == (await ask(dan, "export_log", integrationIds=["dan"])).text


# The moment, and what is noted


async def test_a_file_tells_its_moment(dan: Member) -> None:
    answer = await ask(dan, "export_customer_balances")
    assert answer.headers["tallystick-known-at"] == "2026-06-15T13:00:00Z"


async def test_balances_can_be_as_they_were_known(api: Api, dan: Member) -> None:
    answer = await ask(dan, "export_customer_balances", asKnownAt="2026-06-15T12:30:00Z")
    assert [row["currentBalance"] for row in records(answer, "csv")] == ["100.00"]


async def test_it_is_written_down_what_was_asked_for(dan: Member) -> None:
    await log(dan, type="addition", integrationIds=["dan", "fay"])
    await ask(dan, "export_expiring", rangeStart="2026-07-01", rangeEnd="2026-07-31")
    async with dan.api.context.database.reader() as reader:
        rows = await reader.fetch(
            "SELECT entity, filter FROM data_export WHERE program_id = $1 ORDER BY export_id",
            dan.program.id,
        )
    [of_log, of_expiring] = rows
    assert (of_log["entity"], of_expiring["entity"]) == ("LoyaltyLedgerLog", "LoyaltyLedger")
    assert json.loads(of_log["filter"])["integrationIds"] == ["dan", "fay"]
    assert json.loads(of_expiring["filter"])["rangeStart"] == "2026-07-01"


# What is refused


@pytest.mark.parametrize(
    ("path", "parameter", "text"),
    [
        ("export_log", "format", "pdf"),
        ("export_log", "rangeStart", "monday"),
        ("export_log", "type", "earned"),
        ("export_log", "loyaltyTransactionType", "api"),
        ("export_log", "importId", "first"),
        ("export_log", "importId", "0"),
        ("export_customer_balances", "safe", "maybe"),
        ("export_customer_balances", "asKnownAt", "monday"),
        ("export_expiring", "rangeStart", "monday"),
        ("export_expiring", "rangeEnd", "2026-05-01"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    dan: Member, path: str, parameter: str, text: str
) -> None:
    given = {"rangeStart": "2026-06-15", "rangeEnd": "2026-06-16"} if "expiring" in path else {}
    problem = refusal(await ask(dan, path, **{**given, parameter: text}), 400)
    assert (problem["title"], problem["parameter"]) == ("invalid_field", parameter)


@pytest.mark.parametrize("parameter", ["rangeStart", "rangeEnd"])
async def test_what_expires_needs_its_days(dan: Member, parameter: str) -> None:
    given = {"rangeStart": "2026-06-15", "rangeEnd": "2026-06-16"}
    del given[parameter]
    assert refusal(await ask(dan, "export_expiring", **given), 400)["parameter"] == parameter


async def test_a_profile_that_is_not_there_is_named(dan: Member) -> None:
    answer = await ask(dan, "export_log", integrationIds=["dan", "nobody"])
    assert "there is no customer profile 'nobody'" in refusal(answer, 404)["details"]


@pytest.mark.parametrize("path", ["export_log", "export_expiring"])
async def test_managers_and_shops_take_no_files_out(dan: Member, path: str) -> None:
    person, where = await dan.api.person(dan.program), f"{program_path(dan.program)}/{path}"
    wanted = {"rangeStart": "2026-06-15", "rangeEnd": "2026-06-16"}
    assert refusal(await person.get(where, params=wanted), 403)["title"] == "not_allowed"
    assert refusal(await dan.api.shop.get(where, params=wanted), 401)["title"] == "not_signed_in"


async def test_others_are_served_while_a_workbook_is_made(api: Api, dan: Member) -> None:
    await import_rows(api.context, dan.program, *(f"x{n},1" for n in range(20_000)))
    asking = asyncio.create_task(ask(dan, "export_log", format="xlsx"))
    served = 0
    while not asking.done():
        assert (await dan.balances()).status_code == 200
        served += 1
    assert len(records(await asking, "xlsx")) == 20_004
    assert served > 5
