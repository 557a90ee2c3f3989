"""Requests of every kind, made from our own description, against the running application.

Whatever is asked, the server does not break, and its answers are those that the description lists:
status, headers, media type and body. Every other request speaks of things that are there. The seed
is printed; SCHEMATHESIS_SEED chooses another one.
"""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.generated import OPERATIONS, SEED, AnyCase, ask, cases
from api.harness import Api, Member, exact, program_path
from services.harness import NOW, new_name
from tallystick.core.approvals import FourEyes
from tallystick.core.points import Points
from tallystick.core.programs import Program
from tallystick.services.four_eyes import set_four_eyes

EXAMPLES = 20
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An application with one thing of most kinds, and who may ask for what."""

    known: dict[str, str | int]
    spare: dict[str, str | int]  # for requests that delete
    texts: dict[str, Any]
    clients: dict[str | None, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def world(module_api: Api) -> World:
    """A member with points, an application, people and keys."""
    module_api.clock.now = NOW
    application = await module_api.application()
    return World(
        known=await _things(module_api, application["id"]),
        spare={
            **await _things(module_api, application["id"]),
            "loyaltyProgramId": (await module_api.program()).id,
        },
        texts={
            "allowedApplicationIds": [application["id"]],
            "currency": "EUR",
            "defaultPending": "7D",
            "defaultValidity": "12M_U",
            "email": (await module_api.person()).email,
            "endpoints": [{"path": "/v1/loyalty_programs", "method": "GET"}],
            "endDate": "2026-07-01T00:00:00Z",
            "expires": "2027-01-01T00:00:00Z",
            "expiryDate": "2027-01-01T00:00:00Z",
            "pendingDuration": "1D",
            "rangeEnd": "2026-07-01T00:00:00Z",
            "rangeStart": "2026-06-01T00:00:00Z",
            "subscribedApplications": [application["id"]],
            "tiersExpireIn": "1Y",
            "timezone": "Europe/Berlin",
            "title": "Title",
            "upFile": "customerprofileid,amount\nann,1",
            "validityDuration": "1M",
        },
        clients={
            None: module_api.anybody,
            "api_key_v1": module_api.shop,
            "management_key": module_api.manager,
            "manager_auth": await module_api.person(is_admin=True),
            "destroySession": await module_api.person(),
            "destroyOtherSessions": await module_api.person(),
            "changePassword": await module_api.person(),
            "beginSecondFactor": await module_api.person(),
        },
    )


async def _things(api: Api, application_id: int) -> dict[str, str | int]:
    """What can be named in a path."""
    member = await api.member(await api.program())
    keys = f"/v1/applications/{application_id}/api_keys"
    key = await api.manager.post(keys, json={"title": "Till", "expires": "2027-01-01T00:00:00Z"})
    exports = f"/v1/loyalty_programs/{member.program.id}/exports"
    customers = exact(await api.manager.get("/v1/customers/no_total"))["data"]
    return {
        "loyaltyProgramId": member.program.id,
        "integrationId": member.name,
        "applicationId": application_id,
        "customerId": customers[-1]["id"],
        "userId": (await api.person()).id,
        "keyId": exact(key)["id"],
        "roleId": 1,
        "sessionId": 999_999,
        "importId": await _upload(api, member.program),
        "format": "points",
        "exportId": exact(await api.manager.post(exports, json={"kind": "balances"}))["id"],
        "approvalId": await _ask(api, member),
    }


async def _ask(api: Api, member: Member) -> int:
    """A request that waits, in a program where nearly everything does."""
    await set_four_eyes(
        api.context, None, member.program.id, FourEyes(imports_wait=True, points_from=Points(100))
    )
    person = await api.person(member.program)
    return int(exact(await person.put(f"{member.path}/add_points", json={"points": 5}))["id"])


async def _upload(api: Api, program: Program) -> int:
    """A file of points that nothing was done with yet."""
    sent = await api.manager.post(
        f"{program_path(program)}/imports",
        files={"upFile": b"customerprofileid,amount\nann,1\nbob,x"},
        params={"start": "nothing"},
    )
    return int(exact(sent)["id"])


def test_the_seed_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nSCHEMATHESIS_SEED={SEED}")  # noqa: T201 - so that a failure can be repeated


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_every_answer_is_one_of_those_described(
    world: World, name: str, mode: GenerationMode
) -> None:
    for number, case in enumerate(cases(OPERATIONS[name], mode, EXAMPLES)):
        if number % 2:
            speak_of_what_is_there(world, case)
        elif case.method == "DELETE":
            spare_what_is_there(case)
        response = await send(world, case)
        case.validate_response(response, checks=CHECKS)


def speak_of_what_is_there(world: World, case: AnyCase) -> None:
    """Put things into the path that are there, and what a string cannot be by chance elsewhere."""
    known = world.spare if case.method == "DELETE" else world.known
    case.path_parameters.update({name: known[name] for name in case.path_parameters})
    for members in (case.query, case.body):
        if isinstance(members, dict):
            members.update({name: text for name, text in world.texts.items() if name in members})
    if isinstance(case.body, dict) and isinstance(case.body.get("name"), str):
        case.body["name"] = new_name("thing")


def spare_what_is_there(case: AnyCase) -> None:
    """Leave small ids alone: they are of those who ask."""
    for name, value in case.path_parameters.items():
        if isinstance(value, int):
            case.path_parameters[name] = 1_000 + value % 1_000


async def send(world: World, case: AnyCase) -> httpx.Response:
    """The answer to a request, sent by somebody who may."""
    name, security = (case.operation.definition.raw[key] for key in ("operationId", "security"))
    scheme = next(iter(security[0])) if security else None
    return await ask(world.clients.get(name) or world.clients[scheme], case)
