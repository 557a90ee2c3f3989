"""`importLoyaltyPoints`: how the file may come, what is refused, and that nothing is half done."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal, running_api
from tallystick.core.programs import Program
from tallystick.services.context import Limits

HEADER = b"customerprofileid,amount\n"
BOUNDARY = b"----a boundary"
FORM = b"multipart/form-data; boundary=" + BOUNDARY


@pytest.fixture
async def program(api: Api) -> Program:
    """A program without members."""
    return await api.program()


async def upload(api: Api, program: Program, file: bytes, **parameters: str) -> httpx.Response:
    """Send a file as a form does."""
    return await api.manager.post(
        f"{program_path(program)}/import_points",
        files={"upFile": ("points.csv", file, "text/csv")},
        params=parameters,
    )


def part(content: bytes, name: bytes = b"upFile", more: bytes = b"") -> bytes:
    """A part of a multipart body."""
    head = b'Content-Disposition: form-data; name="' + name + b'"' + more
    return b"--" + BOUNDARY + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


async def send(
    api: Api, program: Program, body: bytes | AsyncIterator[bytes], kind: bytes = FORM
) -> httpx.Response:
    """Send a multipart body that was written by hand."""
    return await api.manager.post(
        f"{program_path(program)}/import_points",
        content=body,
        headers={b"Content-Type": kind},
    )


async def active(api: Api, program: Program, name: str) -> object:
    """The active points of a member, or None if there is no such member."""
    answer = await Member(api=api, program=program, name=name).balances()
    return None if answer.status_code == 404 else exact(answer)["balance"]["activePoints"]


# How the file may come


async def test_an_import_answers_with_its_record(api: Api, program: Program) -> None:
    answer = exact(await upload(api, program, HEADER + b"imp-a,1\nimp-a,2\nimp-b,3.50\n"))
    assert answer.pop("id") > 0
    assert answer == {
        "created": "2026-06-15T12:00:00Z",
        "accountId": 1,
        "userId": 0,
        "entity": "LoyaltyPoints",
        "amount": 3,
    }
    assert await active(api, program, "imp-a") == 3
    assert await active(api, program, "imp-b") == 3.5


async def test_the_import_of_a_person_bears_their_id(api: Api, program: Program) -> None:
    person = await api.person(is_admin=True)
    answer = await person.post(
        f"{program_path(program)}/import_points", files={"upFile": HEADER + b"imp-p,1"}
    )
    assert exact(answer)["userId"] > 0


async def test_the_text_may_come_as_a_plain_field(api: Api, program: Program) -> None:
    body = part(HEADER + b"plain,5\nplain,6") + END
    assert exact(await send(api, program, body))["amount"] == 2
    assert await active(api, program, "plain") == 11


async def test_the_body_may_come_in_the_smallest_pieces(api: Api, program: Program) -> None:
    named = part(HEADER + b"pieces,5", more=b'; filename="\xc3\xa9.csv"')
    body = part(b"1", b"other") + named + END

    async def pieces() -> AsyncIterator[bytes]:
        for position in range(len(body)):
            yield body[position : position + 1]

    assert exact(await send(api, program, pieces()))["amount"] == 1
    assert await active(api, program, "pieces") == 5


async def test_a_file_may_be_compressed(api: Api, program: Program) -> None:
    assert exact(await upload(api, program, gzip.compress(HEADER + b"gz,5")))["amount"] == 1
    assert await active(api, program, "gz") == 5


@pytest.mark.parametrize(
    "file",
    [
        b"\xef\xbb\xbfcustomerprofileid;amount\r\nexcel;5\r\n",
        "\ufeffAmount\tCustomerProfileId\r\n5\texcel\r\n".encode("utf-16-le"),
        b'amount,"customerprofileid",reason\n5,"excel","a ""b"", c"\n\n,,\n',
    ],
    ids=["excel", "unicode text", "quotes and blank rows"],
)
async def test_files_of_spreadsheets_are_understood(
    api: Api, program: Program, file: bytes
) -> None:
    assert exact(await upload(api, program, file))["amount"] == 1


async def test_all_columns_are_taken(api: Api) -> None:
    program = await api.program(timezone="Europe/Berlin")
    file = (
        b"customerprofileid,amount,startdate,expirydate,subledgerid,reason,validityDuration\n"
        b'cols,1.25,2026-07-01T00:00:00+02:00,2026-08-01,shop-7,"Welcome, Ann",\n'
        b"cols,2,on_action,,,,30D\n"
        b"cols,3,,unlimited,,,\n"
    )
    await upload(api, program, file)
    cols = Member(api=api, program=program, name="cols")
    third, second, first = exact(await cols.transactions())["data"]
    told = [(t["startDate"], t["expiryDate"], t.get("validityDuration"), t["subledgerId"],
             t["name"], str(t["amount"]), t["type"]) for t in (first, second, third)]  # fmt: skip
    assert told == [
        ("2026-06-30T22:00:00Z", "2026-08-01T00:00:00Z", None, "shop-7", "Welcome, Ann",
         "1.25", "addition"),
        ("on_action", "unlimited", "30D", "", "", "2", "addition"),
        ("immediate", "unlimited", None, "", "", "3", "addition"),
    ]  # fmt: skip
    assert len({t["transactionUUID"] for t in (first, second, third)}) == 3


async def test_points_are_added_to_those_that_are_there(api: Api, program: Program) -> None:
    for _ in range(2):
        await upload(api, program, HEADER + b"twice,5")
    assert await active(api, program, "twice") == 10


async def test_a_header_alone_imports_nothing(api: Api, program: Program) -> None:
    assert exact(await upload(api, program, HEADER))["amount"] == 0


@pytest.mark.parametrize("wish", ["true", "False", "FALSE"])
async def test_notifications_may_be_wished_for_in_any_case(
    api: Api, program: Program, wish: str
) -> None:
    answer = await upload(api, program, HEADER, notificationsEnabled=wish)
    assert answer.status_code == 200


async def test_cells_are_kept_as_they_are(api: Api, program: Program) -> None:
    reason = "tab-free \\N \\. back\\slash 'quote' {a,b} \u65e5\u672c \U0001f600 =1+1"
    await upload(api, program, f'customerprofileid,amount,reason\n\\N,1,"{reason}"'.encode())
    assert await Member(api=api, program=program, name="\\N").names() == [reason]


# What is refused


async def test_every_bad_line_is_named_and_nothing_is_written(api: Api, program: Program) -> None:
    file = HEADER + b'bad,5\nbad,0\nbad,"1,250"\n,3\nbad,1.001\nbad,1e5\nbad,6\n'
    answer = await upload(api, program, file)
    assert answer.status_code == 400
    body = answer.json()
    assert "nothing was imported: 5 problems in the file" in body["message"]
    assert [(p["source"], p["title"]) for p in body["errors"]] == [
        ({"line": "3"}, "amount_not_positive"),
        ({"line": "4"}, "amount_separator"),
        ({"line": "5"}, "missing_value"),
        ({"line": "6"}, "amount_too_precise"),
        ({"line": "7"}, "amount_exponent"),
    ]
    assert body["errors"][1]["details"].startswith("line 4, amount: found '1,250'; write no sep")
    assert await active(api, program, "bad") is None


async def test_the_first_hundred_bad_lines_are_shown_and_all_are_counted(
    api: Api, program: Program
) -> None:
    rows = [b"many,%d" % (number % 2) for number in range(5_000)]
    answer = await upload(api, program, HEADER + b"\n".join(rows))
    body = answer.json()
    assert answer.status_code == 400
    assert "2500 problems in the file; the first 100 are listed" in body["message"]
    lines = [problem["source"]["line"] for problem in body["errors"]]
    assert lines == [str(line) for line in range(2, 202, 2)]
    assert await active(api, program, "many") is None


async def test_a_refused_file_leaves_no_subledger_and_no_import(api: Api, program: Program) -> None:
    before = exact(await upload(api, program, HEADER))["id"]
    file = b"customerprofileid,amount,subledgerid\nleft,5,traces\nleft,0,traces\n"
    assert (await upload(api, program, file)).status_code == 400
    assert await active(api, program, "left") is None
    async with api.context.database.reader() as reader:
        subledgers = await reader.fetch(
            "SELECT name FROM subledger WHERE program_id = $1", program.id
        )
        imports = await reader.fetch("SELECT 1 FROM point_import WHERE import_id > $1", before)
    assert ([row["name"] for row in subledgers], imports) == ([""], [])


@pytest.mark.parametrize(
    ("file", "line", "title"),
    [
        (b"", "1", "no_header"),
        (b"name,points\nann,5", "1", "unknown_column"),
        (b"customerprofileid\nann", "1", "missing_column"),
        (b"customerprofileid,amount,amount\nann,5,5", "1", "duplicate_column"),
        (HEADER + b"ann", "2", "too_few_cells"),
        (HEADER + b"ann,5,6", "2", "too_many_cells"),
        (HEADER + b'"ann,5', "2", "broken_quotes"),
        (HEADER + b"an\x00n,5", "2", "control_character"),
        (HEADER + b"an\xffn,5", "2", "not_text"),
        (HEADER + b"\xed\xa0\x80,5", "2", "not_text"),
        (HEADER + b"a" * 10_001 + b",5", "2", "too_long"),
        (HEADER + b"a" * 1_001 + b",5", "2", "too_long"),
        (gzip.compress(HEADER + b"ann,5")[:-9], "2", "damaged_gzip"),
        (b"\x1f\x8b and no more", "1", "damaged_gzip"),
        (b"PK\x03\x04 a spreadsheet", "1", "damaged_zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_bad_file_is_refused_with_its_line(
    api: Api, program: Program, file: bytes, line: str, title: str
) -> None:
    answer = await upload(api, program, file)
    assert answer.status_code == 400
    assert {"line": line} in [problem["source"] for problem in answer.json()["errors"]]
    assert title in [problem["title"] for problem in answer.json()["errors"]]


async def test_a_program_without_subledgers_takes_no_row_with_one(api: Api) -> None:
    program = await api.program(allow_subledger=False)
    file = b"customerprofileid,amount,subledgerid\nann,5,\nann,5,shop\n"
    found = refusal(await upload(api, program, file), 400)
    assert (found["title"], found["line"]) == ("subledger_not_allowed", "3")


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        (b"text/csv", HEADER, "text/csv"),
        (b"application/json", b"{}", "application/json"),
        (b"multipart/form-data", part(HEADER) + END, "multipart/form-data"),
        (b"multipart/form-data; boundary=", part(HEADER) + END, "multipart/form-data"),
        (b"\xff\xfe", b"", ""),
        (b"", b"", ""),
    ],
    ids=["csv", "json", "no boundary", "empty boundary", "no text", "none"],
)
async def test_a_body_that_is_no_form_is_refused(
    api: Api, program: Program, kind: bytes, body: bytes, told: str
) -> None:
    found = refusal(await send(api, program, body, kind), 400)
    assert found["pointer"] == "/upFile"
    assert told in found["details"]
    assert "send multipart/form-data with the CSV in the part upFile" in found["details"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (part(HEADER + b"form,5", b"upfile") + END, "found nothing"),
        (part(HEADER + b"form,5", b"file") + END, "found nothing"),
        (END, "found"),
        (part(HEADER + b"form,5") + part(HEADER + b"form,5") + END, "two parts of that name"),
        (part(HEADER + b"form,5"), "an upload that breaks off"),
        (part(HEADER + b"form,5")[:-10], "an upload that breaks off"),
        (b"", "an upload that breaks off"),
        (b"no boundary at all", "a broken upload"),
        (b"--" + BOUNDARY + b"\r\nX-Long: " + b"x" * 20_000, "a broken upload"),
        (b"--" + BOUNDARY + b"\r\nX" + b"x" * 20_000, "a broken upload"),
        (b"--" + BOUNDARY + b"\r\n\x00: 1\r\n\r\n", "a broken upload"),
        (b"\x00" * 100, "a broken upload"),
    ],
    ids=["other case", "other name", "no part", "two", "no end", "cut short", "empty", "no form",
         "long header", "long header name", "bad header", "zeros"],
)  # fmt: skip
async def test_a_broken_form_is_refused(api: Api, program: Program, body: bytes, told: str) -> None:
    found = refusal(await send(api, program, body), 400)
    assert (found["title"], found["pointer"]) == ("invalid_field", "/upFile")
    assert told in found["details"]
    assert await active(api, program, "form") is None


async def test_what_follows_the_form_is_left_alone(api: Api, program: Program) -> None:
    body = part(HEADER + b"rest,5") + END + b"a postscript"
    assert exact(await send(api, program, body))["amount"] == 1


@pytest.mark.parametrize("over", [0, 1])
async def test_a_file_may_be_as_large_as_the_limit(module_database_url: str, over: int) -> None:
    file = HEADER + b"a,1\n" * 2_000
    limits = Limits(upload_bytes_max=len(file) - over)
    async with running_api(module_database_url, limits=limits) as api:
        answer = await upload(api, await api.program(), file)
    if not over:
        assert exact(answer)["amount"] == 2_000
        return
    found = refusal(answer, 400)
    assert f"found more than {len(file) - 1:,} bytes" in found["details"]


async def test_a_large_form_without_the_file_is_not_kept(module_database_url: str) -> None:
    limits = Limits(upload_bytes_max=1_000)
    async with running_api(module_database_url, limits=limits) as api:
        body = part(b"x" * 2_000, b"other") + part(HEADER + b"small,5") + END
        assert exact(await send(api, await api.program(), body))["amount"] == 1


async def test_a_card_based_program_takes_no_profiles(api: Api) -> None:
    cards = await api.program(card_based=True)
    found = refusal(await upload(api, cards, HEADER), 400)
    assert (found["title"], found["parameter"]) == ("not_supported", "loyaltyProgramId")


async def test_an_unknown_program_takes_no_file(api: Api) -> None:
    files = {"upFile": HEADER}
    answer = await api.manager.post("/v1/loyalty_programs/0/import_points", files=files)
    assert "there is no loyalty program '0'" in refusal(answer, 404)["details"]


async def test_other_requests_are_answered_during_an_import(api: Api, program: Program) -> None:
    rows = b"".join(b"during-%d,1\n" % number for number in range(20_000))
    importing = asyncio.create_task(upload(api, program, HEADER + rows))
    answered = 0
    while not importing.done():
        assert (await api.anybody.get("/readyz")).status_code == 200
        answered += 1
    assert exact(await importing)["amount"] == 20_000
    assert answered > 5
