"""The rules of the wire that decide whether an official client works unchanged: domain B0.

Each section is a rule and has its number. Rules 10 and 12, closed enums, no nulls and instants with
their zone, are checked on every raw answer of test_cases; here is shown that the check would see.
"""

import copy
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from parity.clients import COMMANDS, SCHEMES, Client
from parity.contract import departures, error_departures, operations
from parity.coverage import ROWS
from parity.harness import Member, World, body_of, header, media_type_of
from parity.matching import INSTANT, differences
from services.harness import import_rows, new_name
from tallystick.services.callers import CallerKind

BALANCES = "getLoyaltyBalances"
TRANSACTIONS = "getLoyaltyProgramProfileTransactions"
PROGRAMS = "getLoyaltyPrograms"
CSV = "text/csv; charset=utf-8"
JUNE = {"rangeStart": "2026-06-01T00:00:00Z", "rangeEnd": "2026-06-30T00:00:00Z"}


def path_of(member: Member) -> str:
    """Where the member's operations are."""
    return operations()[BALANCES].url(member.arguments).removesuffix("/balances")


async def refused(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The body of a refusal, proved to be the contract's."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert not error_departures(body)
    assert body["StatusCode"] == status
    assert media_type_of(answer) == "application/json"
    return body


# 1: three schemes in one header

ALLOWED = {
    BALANCES: {"api_key_v1"},
    PROGRAMS: {"management_key", "manager_auth"},
}
SLOTS = [(operation, slot) for operation in ALLOWED for slot in SCHEMES]


@pytest.mark.parametrize(("operation", "slot"), SLOTS)
async def test_1_a_scheme_opens_its_own_api(world: World, operation: str, slot: str) -> None:
    ann = await world.member()
    arguments = ann.arguments if operation == BALANCES else {}
    answer = await world.ask(operation, arguments, keys={slot: world.keys[slot]})
    if slot in ALLOWED[operation]:
        assert answer.status_code == 200
        return
    message = (await refused(answer, 401))["message"]
    assert all(SCHEMES[wanted] in message for wanted in ALLOWED[operation])
    assert f"found '{SCHEMES[slot]} ...'" in message


@pytest.mark.parametrize("operation", ALLOWED)
@pytest.mark.parametrize(
    "sent",
    [None, "", "ApiKey-v1", "ApiKey-v1 nonsense", "ManagementKey-v1 nonsense", "Bearer nonsense",
     "Basic YTpi", "nonsense"],
)  # fmt: skip
async def test_1_nothing_else_opens(world: World, operation: str, sent: str | None) -> None:
    ann = await world.member()
    arguments = ann.arguments if operation == BALANCES else {}
    headers = {} if sent is None else {"Authorization": sent}
    answer = await world.send(operations()[operation], arguments, headers=headers)
    assert (await refused(answer, 401))["message"]


@pytest.mark.parametrize("name", COMMANDS)
async def test_1_a_client_reads_that_its_key_is_wrong(
    world: World, clients: dict[str, Client], name: str
) -> None:
    told = await clients[name].call(
        operations()[PROGRAMS], host=world.host, keys={"manager_auth": "nonsense"}, arguments={}
    )
    assert told["error"]["status"] == 401
    assert told["error"]["body"]["message"]


# 2: both keys configured


@pytest.mark.parametrize("name", ["python26", "python9"])
async def test_2_a_client_with_both_keys_is_told_what_is_wrong(
    world: World, clients: dict[str, Client], name: str
) -> None:
    """The next generation sends the integration key everywhere, the stable line the last one."""
    keys = {slot: world.keys[slot] for slot in ("management_key", "api_key_v1")}
    told = await clients[name].call(
        operations()[PROGRAMS], host=world.host, keys=keys, arguments={}
    )
    assert told["error"]["status"] == 401
    assert told["error"]["body"]["message"] == (
        "getLoyaltyPrograms takes the header Authorization with 'Bearer ...' or"
        " 'ManagementKey-v1 ...', found 'ApiKey-v1 ...'"
    )


# 3: CSV files are text/csv, whatever is accepted

EXPORTS = {
    "exportLoyaltyLedger": JUNE,
    "exportLoyaltyBalances": {},
    "exportLoyaltyBalance": {},
    "exportLoyaltyJoinDates": {},
}


@pytest.mark.parametrize("operation", EXPORTS)
@pytest.mark.parametrize("accept", ["application/csv", "application/json", "text/csv", "*/*"])
async def test_3_a_file_is_text_csv_with_a_name(world: World, operation: str, accept: str) -> None:
    ann = await world.member()
    found = operations()[operation]
    headers = header("management_key", world.keys["management_key"]) | {"Accept": accept}
    path = {name: value for name, value in ann.arguments.items() if "{" + name in found.path}
    answer = await world.send(found, {**path, **EXPORTS[operation]}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, CSV)
    assert answer.headers["content-disposition"].startswith("attachment; filename=")


# 4: a file comes as a field or as a file


@pytest.mark.parametrize(
    "part",
    [
        {"data": {}, "files": {"upFile": (None, "{text}")}},
        {"files": {"upFile": ("points.csv", "{text}", "text/csv")}},
        {"files": {"upFile": ("points.csv", "{text}", "application/octet-stream")}},
        {"files": {"upFile": ("points", "{text}")}},
    ],
    ids=["a plain field", "a file", "a file of bytes", "a file without a type"],
)
async def test_4_an_upload_is_a_field_or_a_file(world: World, part: dict[str, Any]) -> None:
    ann = await world.member()
    text = f"customerprofileid,amount\n{ann.name},1\n"
    files = {
        name: tuple(each and each.replace("{text}", text) for each in piece)
        for name, piece in part["files"].items()
    }
    answer = await world.http.post(
        f"/v1/loyalty_programs/{ann.program.id}/import_points",
        files=files,
        headers=header("management_key", world.keys["management_key"]),
    )
    assert answer.status_code == 200, answer.text
    assert await ann.balance() == {"active": 101}


# 5: instants in every form that clients send

INSTANTS = [
    "2026-06-15T12:30:00.000000+0000",
    "2026-06-15T12:30:00+00:00",
    "2026-06-15T14:30:00+0200",
    "2026-06-15T14:30:00+02:00",
    "2026-06-15T12:30:00Z",
    "2026-06-15T12:30:00.000Z",
    "2026-06-15T12:30:00",
    "2026-06-15T12:30:00.123456",
]


async def early(world: World) -> Member:
    """A member who gets points at noon and again an hour later."""
    ann = await world.member("7")
    world.move(hours=1)
    await ann.add(5)
    return ann


@pytest.mark.parametrize("text", INSTANTS)
async def test_5_an_instant_is_read_in_every_form(world: World, text: str) -> None:
    ann = await early(world)
    assert await ann.balance(endDate=text) == {"active": 7}


async def test_5_a_day_is_its_first_moment(world: World) -> None:
    ann = await early(world)
    assert await ann.balance(endDate="2026-06-15") == {}
    assert await ann.balance(endDate="2026-06-16") == {"active": 12}


@pytest.mark.parametrize("name", ["python26", "python9"])
@pytest.mark.parametrize("text", ["2026-06-15T12:30:00", "2026-06-15T12:30:00.123456+00:00"])
async def test_5_a_client_sends_an_instant_with_and_without_a_zone(
    world: World, clients: dict[str, Client], name: str, text: str
) -> None:
    ann = await early(world)
    told = await clients[name].call(
        operations()[BALANCES],
        host=world.host,
        keys={"api_key_v1": world.keys["api_key_v1"]},
        arguments={**ann.arguments, "endDate": text},
    )
    assert told["ok"]["balance"]["activePoints"] == 7


@pytest.mark.parametrize("text", ["", "noon", "2026-06-31", "15.06.2026"])
async def test_5_what_is_no_instant_is_refused(world: World, text: str) -> None:
    ann = await world.member()
    answer = await world.ask(BALANCES, {**ann.arguments, "endDate": text})
    [problem] = (await refused(answer, 400))["errors"]
    assert problem["source"] == {"parameter": "endDate"}


# 6: booleans as each client writes them


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
async def test_6_true_is_true_however_it_is_written(world: World, text: str) -> None:
    ann = await world.member()
    await ann.add(3, pendingDuration="on_action")
    assert [each["amount"] for each in await ann.transactions(awaitsActivation=text)] == [3]


@pytest.mark.parametrize("text", ["false", "False", "FALSE"])
async def test_6_false_is_false_however_it_is_written(world: World, text: str) -> None:
    ann = await world.member()
    answer = await world.ask(BALANCES, {**ann.arguments, "includeTiers": text})
    assert answer.status_code == 200


# 7: lists repeat their parameter


async def test_7_a_repeated_parameter_is_a_list(world: World) -> None:
    ann = await world.member()
    await ann.add(1)
    await ann.add(2)
    uuids = [each["transactionUUID"] for each in await ann.transactions()]
    answer = await world.http.get(
        f"{path_of(ann)}/transactions?transactionUUIDs={uuids[0]}&transactionUUIDs={uuids[2]}",
        headers=header("api_key_v1", world.keys["api_key_v1"]),
    )
    assert [each["amount"] for each in answer.json()["data"]] == [2, 100]


# 8: a segment of a path holds anything

NAMES = ["a/b", "cust/é 1", "a b", "50%", "a%2Fb", "zoë@example.com", "a+b", "?x=1&y=2#z", "日本"]


async def named(world: World, name: str) -> Member:
    """A member of that name with 3 points."""
    ann = Member(world=world, program=await world.program(), name=name)
    await import_rows(world.context, ann.program, f'"{name}",3')
    return ann


@pytest.mark.parametrize("name", NAMES)
async def test_8_a_name_is_one_segment_of_the_path(world: World, name: str) -> None:
    ann = await named(world, name)
    await ann.add(4)
    assert await ann.balance() == {"active": 7}


@pytest.mark.parametrize("client", ROWS["addLoyaltyPoints"].clients)
async def test_8_a_client_reaches_every_name(
    world: World, clients: dict[str, Client], client: str
) -> None:
    for name in NAMES:
        ann = await named(world, name)
        told = await clients[client].call(
            operations()["addLoyaltyPoints"],
            host=world.host,
            keys={"management_key": world.keys["management_key"]},
            arguments=ann.arguments,
            body={"points": 4},
        )
        assert "ok" in told, (name, told)
        assert await ann.balance() == {"active": 7}, name


# 9: a request without a body may say of which kind it is


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "nonsense"])
async def test_9_the_content_type_of_a_get_does_not_matter(world: World, content_type: str) -> None:
    ann = await world.member()
    headers = header("api_key_v1", world.keys["api_key_v1"]) | {"Content-Type": content_type}
    answer = await world.send(operations()[BALANCES], ann.arguments, headers=headers)
    assert answer.status_code == 200


# 10 and 12: closed enums, no nulls, instants with their zone

SPOILED: list[tuple[str, Any]] = [
    ("type", "expire"),
    ("amount", "3.00"),
    ("transactionUUID", None),
    ("customerSessionId", None),
    ("created", "2026-06-15T12:00:00"),
    ("created", "2022-01-02T15:04:05Z07:00"),
    ("name", "x" * 256),
    ("transactionUuid", "018f0000-0000-7000-8000-000000000000"),
]


@pytest.mark.parametrize(("member", "value"), SPOILED, ids=lambda part: str(part)[:30])
async def test_10_the_check_of_answers_sees(world: World, member: str, value: Any) -> None:
    ann = await world.member()
    operation = operations()[TRANSACTIONS]
    good = body_of(await world.ask(TRANSACTIONS, ann.arguments))
    assert not departures(operation, 200, "application/json", good)
    bad = copy.deepcopy(good)
    bad["data"][0][member] = value
    assert departures(operation, 200, "application/json", bad)


# 11: what is easily forgotten and trips a client


async def test_11_a_program_has_what_clients_require(world: World) -> None:
    program = await world.program()
    told = await world.done("getLoyaltyProgram", {"loyaltyProgramId": program.id})
    assert told["description"] == ""
    assert told["sandbox"] is False
    assert told["subscribedApplications"] == []
    assert {"title", "defaultValidity", "defaultPending", "allowSubledger"} <= told.keys()


async def test_11_an_invite_token_is_an_empty_text(world: World) -> None:
    person = await world.person()
    assert (await world.done("getUser", {"userId": person["id"]}))["inviteToken"] == ""


async def test_11_the_inventory_has_what_clients_require(world: World) -> None:
    ann = await world.member()
    told = await world.done(
        "getCustomerInventory", {"integrationId": ann.name, "profile": True, "loyalty": True}
    )
    ledger = told["loyalty"]["programs"][str(ann.program.id)]["ledger"]
    assert (ledger["expiredBalance"], ledger["spentBalance"]) == (0, 0)
    required = {"attributes", "closedSessions", "totalSales", "lastActivity"}
    assert required <= told["profile"].keys()


async def test_11_an_updated_profile_has_its_lists(world: World) -> None:
    told = await world.done("updateCustomerProfileV2", {"integrationId": new_name("zoe")}, {})
    assert (told["effects"], told["createdCoupons"], told["createdReferrals"]) == ([], [], [])


@pytest.mark.parametrize("client", ROWS[TRANSACTIONS].clients)
async def test_11_a_client_reads_the_longest_name(
    world: World, clients: dict[str, Client], client: str
) -> None:
    ann = await world.member()
    await ann.add(1, name="é" * 255)
    told = await clients[client].call(
        operations()[TRANSACTIONS],
        host=world.host,
        keys={"api_key_v1": world.keys["api_key_v1"]},
        arguments=ann.arguments,
    )
    assert told["ok"]["data"][0]["name"] == "é" * 255


# 13: one client wants the id of a program as text here, as a number there


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("exportLoyaltyBalances", {}),
        ("getLoyaltyProgram", {}),
        ("getLoyaltyPoints", {"integrationId": ""}),
        ("exportLoyaltyLedger", {"integrationId": "", **JUNE}),
        ("getLoyaltyProgramTransactions", {}),
    ],
)
async def test_13_a_program_is_reached_by_text_and_by_number(
    world: World, clients: dict[str, Client], operation: str, more: Mapping[str, str]
) -> None:
    ann = await world.member()
    arguments = {"loyaltyProgramId": ann.program.id, **more}
    arguments |= {"integrationId": ann.name} if "integrationId" in more else {}
    told = await clients["python26"].call(
        operations()[operation],
        host=world.host,
        keys={"management_key": world.keys["management_key"]},
        arguments=arguments,
    )
    assert "ok" in told, told


# 14: amounts are checked here, as clients let some wrong ones through


@pytest.mark.parametrize("operation", ["addLoyaltyPoints", "removeLoyaltyPoints"])
@pytest.mark.parametrize("points", [0, -1, 1_000_000_000_000, 0.001, "1", None, True])
async def test_14_a_wrong_amount_is_refused(world: World, operation: str, points: Any) -> None:
    ann = await world.member()
    answer = await world.ask(operation, ann.arguments, {"points": points})
    [problem] = (await refused(answer, 400))["errors"]
    assert problem["source"] == {"pointer": "/points"}
    assert await ann.balance() == {"active": 100}


@pytest.mark.parametrize("client", ["python26", "node4", "node5"])
@pytest.mark.parametrize("points", [0, -1])
async def test_14_a_client_reads_that_its_amount_is_wrong(
    world: World, clients: dict[str, Client], client: str, points: int
) -> None:
    ann = await world.member()
    told = await clients[client].call(
        operations()["addLoyaltyPoints"],
        host=world.host,
        keys={"management_key": world.keys["management_key"]},
        arguments=ann.arguments,
        body={"points": points},
    )
    assert told["error"]["status"] == 400
    assert told["error"]["body"]["errors"][0]["source"] == {"pointer": "/points"}


# 15: paths begin at the root


@pytest.mark.parametrize("prefix", ["/api", "/v1", "/talon-one"])
async def test_15_there_is_no_prefix(world: World, prefix: str) -> None:
    answer = await world.http.get(
        f"{prefix}/v1/loyalty_programs",
        headers=header("management_key", world.keys["management_key"]),
    )
    await refused(answer, 404)


# The error body: pointer, parameter, line


async def test_a_refusal_points_at_the_member_the_parameter_or_the_line(world: World) -> None:
    ann = await world.member()
    found = [
        await world.ask("addLoyaltyPoints", ann.arguments, {"points": 1, "subledgerId": 7}),
        await world.ask(TRANSACTIONS, {**ann.arguments, "skip": -1}),
        await world.ask(
            "importLoyaltyPoints",
            {"loyaltyProgramId": ann.program.id, "upFile": "customerprofileid,amount\nann,x\n"},
        ),
    ]
    sources = [(await refused(answer, 400))["errors"][0]["source"] for answer in found]
    assert sources == [{"pointer": "/subledgerId"}, {"parameter": "skip"}, {"line": "2"}]


# What is not there

BODIES: dict[str, Any] = {
    "addLoyaltyPoints": {"points": 1},
    "removeLoyaltyPoints": {"points": 1},
    "activateLoyaltyPoints": {"sessionId": "s"},
    "deleteLoyaltyTransactionsFromLedgers": {"scope": "AllSubledgers"},
}
FILES = {
    "importLoyaltyPoints": "customerprofileid,amount\nann,1\n",
    "importLoyaltyJoinDates": "customerprofileid,newjoindate\nann,2026-01-01T00:00:00Z\n",
}
PROFILES = [row.operation for row in ROWS.values() if row.area == "profiles"]
OF_PROGRAMS = [name for name in PROFILES if "{loyaltyProgramId}" in operations()[name].path]
OF_MEMBERS = [name for name in OF_PROGRAMS if "{integrationId}" in operations()[name].path]


def asked(operation: str, **path: Any) -> dict[str, Any]:
    """The least that an operation on a program takes."""
    spans = {"rangeStart", "rangeEnd"} & {each.name for each in operations()[operation].parameters}
    upload = {"upFile": FILES[operation]} if operation in FILES else {}
    return {**path, **{name: JUNE[name] for name in spans}, **upload}


@pytest.mark.parametrize("operation", OF_PROGRAMS)
async def test_an_unknown_program_is_not_found(world: World, operation: str) -> None:
    arguments = asked(operation, loyaltyProgramId=999_999, integrationId="ann")
    if operation not in OF_MEMBERS:
        del arguments["integrationId"]
    answer = await world.ask(operation, arguments, BODIES.get(operation))
    assert "999999" in (await refused(answer, 404))["message"]


@pytest.mark.parametrize("operation", [each for each in OF_MEMBERS if each != "joinLoyaltyProgram"])
async def test_an_unknown_profile_is_not_found(world: World, operation: str) -> None:
    program = await world.program()
    arguments = asked(operation, loyaltyProgramId=program.id, integrationId="nobody")
    answer = await world.ask(operation, arguments, BODIES.get(operation))
    assert "nobody" in (await refused(answer, 404))["message"]


# Pages

PAGED = [
    name for name in PROFILES if any(p.name == "pageSize" for p in operations()[name].parameters)
]


@pytest.mark.parametrize("operation", PAGED)
@pytest.mark.parametrize(
    ("parameter", "text"),
    [("pageSize", "0"), ("pageSize", "1001"), ("pageSize", "abc"), ("pageSize", "-1"),
     ("skip", "-1"), ("skip", "abc")],
)  # fmt: skip
async def test_an_impossible_page_is_refused(
    world: World, operation: str, parameter: str, text: str
) -> None:
    ann = await world.member()
    application = await world.application()
    known = {**ann.arguments, "applicationId": application["id"]}
    path = {
        name: value for name, value in known.items() if "{" + name in operations()[operation].path
    }
    answer = await world.ask(operation, {**path, parameter: text})
    [problem] = (await refused(answer, 400))["errors"]
    assert problem["source"] == {"parameter": parameter}


# Other environments, other applications, other endpoints


async def test_a_key_of_the_sandbox_does_not_find_what_is_live(world: World) -> None:
    ann = await world.member()
    key = await world.key(CallerKind.INTEGRATION, sandbox=True)
    answer = await world.ask(BALANCES, ann.arguments, keys={"api_key_v1": key})
    await refused(answer, 404)


async def test_the_same_name_is_another_person_in_the_sandbox(world: World) -> None:
    ann = await world.member()
    there = await world.program(sandbox=True)
    await import_rows(world.context, there, f"{ann.name},7")
    key = await world.key(CallerKind.INTEGRATION, sandbox=True)
    arguments = {"loyaltyProgramId": there.id, "integrationId": ann.name}
    answer = await world.ask(BALANCES, arguments, keys={"api_key_v1": key})
    assert answer.json()["balance"]["activePoints"] == 7
    assert await ann.balance() == {"active": 100}


async def test_a_key_of_one_application_does_not_find_the_programs_of_another(
    world: World,
) -> None:
    mine, other = [await world.application() for _ in range(2)]
    ann = await world.member(subscribed_applications=(mine["id"],))
    statuses = []
    for application in (mine, other):
        key = await world.key(CallerKind.INTEGRATION, application_id=application["id"])
        answer = await world.ask(BALANCES, ann.arguments, keys={"api_key_v1": key})
        statuses.append(answer.status_code)
    assert statuses == [200, 404]


async def test_a_management_key_opens_the_endpoints_that_it_lists(world: World) -> None:
    body = {
        "name": "Export",
        "expiryDate": "2026-12-31T00:00:00Z",
        "endpoints": [{"path": "/v1/loyalty_programs", "method": "GET"}],
    }
    made = await world.http.post(
        "/v1/management_keys",
        json=body,
        headers=header("manager_auth", world.keys["manager_auth"]),
    )
    keys = {"management_key": made.json()["key"]}
    assert (await world.ask(PROGRAMS, {}, keys=keys)).status_code == 200
    await refused(await world.ask("getUsers", {}, keys=keys), 403)


def test_names_of_paths_are_quoted_as_clients_do() -> None:
    """The clients write `cust%2F%C3%A9%201`; the harness does the same."""
    url = operations()[BALANCES].url({"loyaltyProgramId": 1, "integrationId": "cust/é 1"})
    assert url == f"/v1/loyalty_programs/1/profile/{quote('cust/é 1', safe='')}/balances"
    assert "cust%2F%C3%A9%201" in url


# Projected balances, which an older contract had and no client of today can ask for: B3


async def test_the_days_ahead_are_projected_ledger_by_ledger(world: World) -> None:
    ann = await world.member("10", timezone="Europe/Berlin")
    await ann.add(5, validUntil="2026-06-16T10:00:00Z", subledgerId="shop")
    await ann.add(3, pendingUntil="2026-06-17T10:00:00Z")
    answer = await world.http.get(
        f"/v1/customer_profiles/{ann.name}/inventory",
        params={"loyalty": "true", "loyaltyProjectionEndDate": "2026-06-17T23:00:00+02:00"},
        headers=header("api_key_v1", world.keys["api_key_v1"]),
    )
    program = answer.json()["loyalty"]["programs"][str(ann.program.id)]
    main, shop = program["ledger"]["projection"], program["subLedgers"]["shop"]["projection"]
    assert (main["totalExpiringPoints"], main["totalActivatingPoints"]) == (0, 3)
    assert (shop["totalExpiringPoints"], shop["totalActivatingPoints"]) == (5, 0)
    days = [
        {"date": INSTANT, "expiringPoints": 0, "activatingPoints": 0, "projectedBalance": 10},
        {"date": INSTANT, "expiringPoints": 0, "activatingPoints": 3, "projectedBalance": 13},
    ]
    assert not differences(main["projections"], days, unread=frozenset())


@pytest.mark.parametrize("end", ["2026-06-14T00:00:00Z", "2026-07-18T00:00:00Z", "soon"])
async def test_a_projection_reaches_from_now_for_31_days(world: World, end: str) -> None:
    ann = await world.member()
    answer = await world.http.get(
        f"/v1/customer_profiles/{ann.name}/inventory",
        params={"loyalty": "true", "loyaltyProjectionEndDate": end},
        headers=header("api_key_v1", world.keys["api_key_v1"]),
    )
    [problem] = (await refused(answer, 400))["errors"]
    assert problem["source"] == {"parameter": "loyaltyProjectionEndDate"}


# Requests that are repeated: domain A15


async def test_a_repeated_update_of_a_profile_has_its_first_answer(world: World) -> None:
    operation = operations()["updateCustomerProfileV2"]
    headers = header("api_key_v1", world.keys["api_key_v1"]) | {"Idempotency-Key": new_name("key")}
    body = {"attributes": {"Visits": 1}, "responseContent": ["customerProfile"]}
    arguments = {"integrationId": new_name("zoe")}
    first = await world.send(operation, arguments, body, headers=headers)
    world.move(hours=1)
    again = await world.send(operation, arguments, body, headers=headers)
    assert first.status_code == 200
    assert again.json() == first.json()
