"""Every case through every client that has the operation, and over plain HTTP."""

import pytest

import parity.cases  # noqa: F401 - it fills the table
from parity.clients import Client
from parity.contract import departures, operations, request_departures
from parity.coverage import ROWS as OPERATIONS
from parity.coverage import lacking, unread
from parity.harness import CASES, Call, Case, World, body_of, header, media_type_of
from parity.matching import differences

HTTP = "http"
NO_CONTENT = 204

ROWS = [
    pytest.param(case, client, id=f"{case} [{client}]")
    for case in CASES
    for client in (HTTP, *OPERATIONS[case.operation].clients)
]


@pytest.mark.parametrize(("case", "client"), ROWS)
async def test_the_answer_is_the_contracts(
    world: World, clients: dict[str, Client], case: Case, client: str
) -> None:
    call = await case.arrange(world)
    if client == HTTP:
        await check_http(world, case, call)
    else:
        await check_client(world, clients[client], client, case, call)


async def check_http(world: World, case: Case, call: Call) -> None:
    """Prove status, media type, schema and content of the raw answer."""
    operation = operations()[case.operation]
    if call.status < 400:
        assert not request_departures(operation, call.arguments, call.body)
    answer = await world.send(
        operation, call.arguments, call.body, headers=header(*key_of(world, case, call))
    )
    told = answer.text
    assert answer.status_code == call.status, told
    body = body_of(answer)
    assert not departures(operation, call.status, media_type_of(answer), body), told
    found = differences(body, call.answer, unread=frozenset())
    assert not found, told
    if call.then:
        await call.then()


def key_of(world: World, case: Case, call: Call) -> tuple[str, str]:
    """The slot and the key of a call."""
    keys = call.keys or {case.slot: world.keys[case.slot]}
    [(slot, key)] = keys.items()
    return slot, key


async def check_client(world: World, client: Client, name: str, case: Case, call: Call) -> None:
    """Prove that the client reads what was meant, or says what it cannot do."""
    body = {} if call.body is None else {"body": call.body}
    told = await client.call(
        operations()[case.operation],
        host=world.host,
        keys=dict([key_of(world, case, call)]),
        arguments=call.arguments,
        **body,
    )
    if lacks := lacking(name, case.operation, call.arguments):
        assert told == {"lacks": lacks}
        return
    if name in case.refuses:
        assert case.refuses[name] in told["refused"]
        return
    if call.status >= 400:
        assert told.get("error", {}).get("status") == call.status, told
        found = told["error"]["body"]
    else:
        assert "ok" in told, told
        found = None if call.status == NO_CONTENT else told["ok"]
    assert not differences(found, call.answer, unread=unread(name, case.operation)), told
    if call.then:
        await call.then()
