"""Whoever shows what does not work, or works elsewhere, is told nothing of what is here."""

import re
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, in_path, new_client, new_key, program_path
from attacks.counting import KEYS as KEYS_TRIED
from attacks.counting import answered
from services.harness import NOW, new_name
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS
from tallystick.services.callers import CallerKind

CLOSED = [operation for operation in OPERATIONS if operation.who]
KEYS = {
    kind: [operation for operation in CLOSED if kind in operation.who]
    for kind in (CallerKind.INTEGRATION, CallerKind.MANAGEMENT)
}
ABOUT_PROGRAMS = [each for each in CLOSED if "{loyaltyProgramId}" in each.path]


def path_of(operation: Operation, member: Member) -> str:
    """Where the operation is for the member."""
    known = {
        "loyaltyProgramId": str(member.program.id),
        "integrationId": in_path(member.name),
        "format": "points",
    }
    return re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "1"), operation.path)


async def call(client: httpx.AsyncClient, operation: Operation, member: Member) -> httpx.Response:
    """The answer for the member."""
    body: Any = {"points": 1, "transactionUUIDs": [], "scope": "AllSubledgers"}
    answer = await client.request(
        operation.method,
        path_of(operation, member),
        json=None if operation.method in {"GET", "DELETE"} else body,
    )
    return answered(KEYS_TRIED, answer)


def check_tells_nothing(answer: httpx.Response, member: Member) -> None:
    """Nothing of the member, of the program or of their points is in the answer."""
    assert member.name not in answer.text
    assert member.program.settings.name not in answer.text
    assert "123.45" not in answer.text


@pytest.fixture
async def known(api: Api) -> Member:
    """A member whom others would like to know, with points whose number stands out."""
    return await api.member(await api.program(), points="123.45", name=new_name("known"))


@pytest.mark.parametrize("kind", KEYS)
async def test_an_expired_key_opens_no_operation(api: Api, known: Member, kind: CallerKind) -> None:
    client = new_client(api.app, await new_key(api.context, kind, life=timedelta(days=1)))
    api.clock.now = NOW + timedelta(days=1)
    for operation in KEYS[kind]:
        answer = await call(client, operation, known)
        assert answer.status_code == 401, operation.id
        check_tells_nothing(answer, known)


@pytest.mark.parametrize("kind", KEYS)
async def test_a_key_that_was_never_made_opens_no_operation(
    api: Api, known: Member, kind: CallerKind
) -> None:
    client = new_client(api.app, f"{kind.value} {secrets.token_hex(32)}")
    for operation in KEYS[kind]:
        answer = await call(client, operation, known)
        assert answer.status_code == 401, operation.id
        check_tells_nothing(answer, known)


async def test_a_revoked_key_opens_no_operation(api: Api, known: Member) -> None:
    application = await api.application()
    client = await api.shop_of(application["id"])
    path = f"/v1/applications/{application['id']}/api_keys"
    [key] = (await api.manager.get(path)).json()["data"]
    assert (await client.get(f"{known.path}/balances")).status_code == 200
    assert (await api.manager.delete(f"{path}/{key['id']}")).status_code == 204
    for operation in KEYS[CallerKind.INTEGRATION]:
        answer = await call(client, operation, known)
        assert answer.status_code == 401, operation.id
        check_tells_nothing(answer, known)


async def test_a_session_that_was_ended_opens_no_operation(api: Api, known: Member) -> None:
    admin = await api.person(is_admin=True)
    assert (await admin.delete("/v1/sessions")).status_code == 204
    for operation in CLOSED:
        if CallerKind.PERSON in operation.who:
            answer = await call(admin, operation, known)
            assert answer.status_code == 401, operation.id
            check_tells_nothing(answer, known)


async def test_a_key_of_another_application_does_not_know_the_program(api: Api) -> None:
    own, other = await api.application(), await api.application()
    program = await api.program(subscribed_applications=(own["id"],))
    member = await api.member(program, points="123.45", name=new_name("known"))
    client = await api.shop_of(other["id"])
    for operation in ABOUT_PROGRAMS:
        if CallerKind.INTEGRATION in operation.who:
            answer = await call(client, operation, member)
            assert answer.status_code in {400, 404}, operation.id
            check_tells_nothing(answer, member)
    assert (await (await api.shop_of(own["id"])).get(f"{member.path}/balances")).status_code == 200


async def test_a_management_key_for_another_application_does_not_know_the_program(
    api: Api,
) -> None:
    own, other = await api.application(), await api.application()
    program = await api.program(subscribed_applications=(own["id"],))
    member = await api.member(program, points="123.45", name=new_name("known"))
    key = await new_key(api.context, CallerKind.MANAGEMENT, allowed_application_ids=(other["id"],))
    client = new_client(api.app, key)
    for operation in ABOUT_PROGRAMS:
        if CallerKind.MANAGEMENT in operation.who:
            answer = await call(client, operation, member)
            assert answer.status_code in {400, 404}, (operation.id, answer.status_code)
            check_tells_nothing(answer, member)


@pytest.mark.parametrize("sandbox", [True, False])
async def test_a_key_of_one_environment_does_not_know_the_other(api: Api, *, sandbox: bool) -> None:
    program = await api.program(sandbox=sandbox)
    member = await api.member(program, points="123.45", name=new_name("known"))
    key = await new_key(api.context, CallerKind.INTEGRATION, sandbox=not sandbox)
    client = new_client(api.app, key)
    for operation in ABOUT_PROGRAMS:
        if CallerKind.INTEGRATION in operation.who:
            answer = await call(client, operation, member)
            assert answer.status_code in {400, 404}, operation.id
            check_tells_nothing(answer, member)


async def test_a_right_name_under_a_wrong_program_is_not_found(api: Api, known: Member) -> None:
    other = await api.program()
    path = f"{program_path(other)}/profile/{in_path(known.name)}/transactions"
    answer = await api.shop.get(path)
    assert "123.45" not in answer.text
