"""Requests made from our description, sent by everybody in turn, about what is not theirs.

A program of others has a word in each of its texts. Whoever may not see the program is never shown
the word, whatever they ask for, and nobody is answered with a fault.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from urllib.parse import unquote

import httpx
import pytest
from schemathesis import GenerationMode

from api.generated import OPERATIONS, AnyCase, ask, cases
from api.harness import Api, new_client, new_key
from attacks.conftest import CANARY
from attacks.marked import POINTS, Marked
from services.harness import ADMIN, NOW
from tallystick.core.roles import PROGRAM_ROLES, Role
from tallystick.services.callers import CallerKind, Endpoint
from tallystick.services.keys import create_management_key

EXAMPLES = 3
ENDS_ITSELF = {"destroySession", "destroyOtherSessions", "changePassword", "usePasswordLink"}
ASKED = {name: each for name, each in OPERATIONS.items() if name not in ENDS_ITSELF}

SHOP = "a shop of another application"
FAR = "a management key for another application"
EVERYTHING_OF_ALL = ("getCustomerProfile", "getCustomerProfiles", "getCustomersByAttributes",
    "getUser", "getUsers", "updateUser", "getUserSessions", "getChanges")  # fmt: skip

# What belongs to no program, and who may know of it: applications, profiles of an environment, and
# what a management key that opens everything reads of the whole installation.
SHARED = {
    *(
        (role.value, name)
        for role in PROGRAM_ROLES
        for name in ("getApplication", "getApplications")
    ),
    *((SHOP, name) for name in ("updateCustomerProfileV2", "updateCustomerProfilesV2")),
    *((FAR, name) for name in EVERYTHING_OF_ALL),
}
SECRETS = (CANARY, POINTS)
OF_PROGRAM = (f"{CANARY} program", f"{CANARY} title", POINTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Everybody, by a word for who they are. blind: they may know nothing of the program."""

    blind: dict[str, httpx.AsyncClient]
    seeing: dict[str, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def crowd(module_api: Api, hidden: Marked) -> Crowd:
    """Each role in another program, nobody's role, and each kind of key that is not good here."""
    api, context = module_api, module_api.context
    own = await api.program()
    application = await api.application()
    blind = {role.value: await api.person(own, role) for role in PROGRAM_ROLES}
    far = await new_key(
        context, CallerKind.MANAGEMENT, allowed_application_ids=(application["id"],)
    )
    narrow = await create_management_key(
        context,
        ADMIN,
        name="Narrow",
        expires_at=NOW + timedelta(days=9),
        endpoints=[Endpoint(path="/v1/applications", method="POST")],
        allowed_application_ids=[application["id"]],
    )
    api.clock.now = NOW - timedelta(days=2)
    short = await new_key(context, CallerKind.MANAGEMENT, life=timedelta(days=1))
    api.clock.now = NOW
    return Crowd(
        blind={
            **blind,
            "nobody": await api.person(),
            "no key": new_client(api.app),
            "a key that has expired": new_client(api.app, short),
            SHOP: await api.shop_of(application["id"]),
            "a key of the sandbox": new_client(
                api.app, await new_key(context, CallerKind.INTEGRATION, sandbox=True)
            ),
            FAR: new_client(api.app, far),
            "a key that makes applications only": new_client(
                api.app, f"ManagementKey-v1 {narrow.key}"
            ),
        },
        seeing={Role.ADMIN.value: await api.person(is_admin=True), "a management key": api.manager},
    )


@pytest.fixture(scope="module")
def generated() -> list[AnyCase]:
    """The same requests for everybody."""
    return [
        case
        for operation in ASKED.values()
        for case in cases(operation, GenerationMode.POSITIVE, EXAMPLES)
    ]


def speak_of(hidden: Marked, case: AnyCase) -> None:
    """Put what is hidden wherever the request names something."""
    case.path_parameters.update({name: hidden.api[name] for name in case.path_parameters})
    applications = "subscribedApplications", "allowedApplicationIds"
    for members in (case.query, case.body):
        if isinstance(members, dict):
            named = {name: [hidden.api["applicationId"]] for name in applications}
            members.update({name: ids for name, ids in named.items() if name in members})


def told(answer: httpx.Response, hidden: Marked) -> str:
    """What an answer says, but for the name that its own request said before."""
    said = f"{answer.text}\n{answer.headers}"
    asked = unquote(str(answer.request.url)) + answer.request.content.decode("utf-8", "replace")
    return said.replace(hidden.member.name, "") if hidden.member.name in asked else said


async def test_nobody_is_told_what_they_may_not_know_whatever_they_ask(
    crowd: Crowd, hidden: Marked, generated: list[AnyCase]
) -> None:
    for who, client in crowd.blind.items():
        for case in generated:
            speak_of(hidden, case)
            if who == SHOP and case.method == "DELETE":  # of its whole environment it may erase
                continue
            answer, name = await ask(client, case), case.operation.definition.raw["operationId"]
            assert answer.status_code < 500, (who, name, answer.text)
            if (who, name) not in SHARED:
                assert not any(each in told(answer, hidden) for each in SECRETS), (who, name)
            elif name != "getChanges":
                assert not any(each in told(answer, hidden) for each in OF_PROGRAM), (who, name)
    assert (await hidden.member.balance())["active"] > Decimal(POINTS)


async def test_whoever_may_see_everything_is_told_and_never_by_a_fault(
    crowd: Crowd, hidden: Marked, generated: list[AnyCase]
) -> None:
    for who, client in crowd.seeing.items():
        found = set()
        for case in generated:
            if case.method == "GET":
                speak_of(hidden, case)
                answer = await ask(client, case)
                assert answer.status_code < 500, (who, case.path, answer.text)
                if CANARY in told(answer, hidden):
                    found.add(case.operation.definition.raw["operationId"])
        assert len(found) > 20, (who, found)
