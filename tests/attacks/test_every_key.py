"""Whatever somebody shows that is no good, no operation and no page answers to it.

The ids in the paths are those of things that are there: with a right key, they would be answered.
"""

import re
import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.harness import PASSWORD, SITE, Api, Person, exact, new_client, new_key, refusal
from attacks.conftest import CANARY
from attacks.counting import KEYS, answered
from attacks.marked import POINTS, Marked
from services.harness import NOW
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS
from tallystick.services.callers import CallerKind
from tallystick.web.cookies import SESSION_COOKIE
from tallystick.web.routes import PAGES

CLOSED = [each for each in OPERATIONS if each.who]
LONG_AGO = NOW - timedelta(days=100)
BODY: Any = {"points": 1, "name": "x", "transactionUUIDs": [], "scope": "AllSubledgers"}


async def call(client: httpx.AsyncClient, operation: Operation, hidden: Marked) -> httpx.Response:
    """What an operation says about the things that are there; it must not be what they are."""
    path = re.sub(r"\{(\w+)\}", lambda name: str(hidden.api[name[1]]), operation.path)
    json = None if operation.method in {"GET", "DELETE"} else BODY
    answer = answered(KEYS, await client.request(operation.method, path, json=json))
    told = answer.text.replace(hidden.member.name, "")
    assert CANARY not in told, operation.id
    assert POINTS not in told, operation.id
    return answer


async def key_of(api: Api, admin: Person, **more: Any) -> tuple[int, str]:
    """The number and the `Authorization` of a management key that an admin makes."""
    body = {"name": "Books", "expiryDate": "2027-01-01T00:00:00Z", "endpoints": [{"path": "*"}]}
    made = exact(await admin.post("/v1/management_keys", json=body | more))
    return made["id"], f"ManagementKey-v1 {made['key']}"


@pytest.fixture(scope="module")
async def spent(module_api: Api, hidden: Marked) -> dict[str, str]:
    """What has worked and does not any more, or not in this way: what it is, and the header."""
    api, context = module_api, module_api.context
    admin, helper = await api.person(is_admin=True), await api.person(is_admin=True)
    lowered = await key_of(api, helper)
    assert (await new_client(api.app, lowered[1]).get("/v1/loyalty_programs")).is_success
    deleted = await key_of(api, admin)
    assert (await new_client(api.app, deleted[1]).get("/v1/loyalty_programs")).is_success
    assert (await admin.delete(f"/v1/management_keys/{deleted[0]}")).is_success
    ended, gone = await api.person(is_admin=True), await api.person(is_admin=True)
    assert (await ended.delete("/v1/sessions")).is_success
    for email in (helper.email, gone.email):
        path = "/v1/users/deactivate"
        assert (await admin.post(path, json={"email": email})).is_success
    api.clock.now = LONG_AGO
    expired = await api.person(is_admin=True)
    short = await new_key(context, CallerKind.MANAGEMENT, life=timedelta(days=1))
    till = await new_key(context, CallerKind.INTEGRATION, life=timedelta(days=1))
    api.clock.now = NOW
    management, shop, session = (
        client.headers["Authorization"].split()[1] for client in (api.manager, api.shop, admin)
    )
    return {
        "nothing": "",
        "a scheme alone": "ManagementKey-v1",
        "another scheme": f"Basic {management}",
        "an integration key as a management key": f"ManagementKey-v1 {shop}",
        "an integration key as a session": f"Bearer {shop}",
        "a management key as an integration key": f"ApiKey-v1 {management}",
        "a management key as a session": f"Bearer {management}",
        "a session as a management key": f"ManagementKey-v1 {session}",
        "a session as an integration key": f"ApiKey-v1 {session}",
        "two keys": f"ManagementKey-v1 {management}, ApiKey-v1 {shop}",
        "half a key": f"ManagementKey-v1 {management[: len(management) // 2]}",
        "a key in capitals": f"ManagementKey-v1 {management.swapcase()}",
        "a made-up session": f"Bearer {secrets.token_urlsafe(32)}",
        "an expired management key": short,
        "an expired integration key": till,
        "a deleted management key": deleted[1],
        "a management key of somebody who was shut out": lowered[1],
        "a session of somebody who was shut out": gone.headers["Authorization"],
        "a session that was ended": ended.headers["Authorization"],
        "an expired session": expired.headers["Authorization"],
    }


async def test_what_is_no_good_opens_no_operation(
    api: Api, hidden: Marked, spent: dict[str, str]
) -> None:
    for what, authorization in spent.items():
        client = new_client(api.app, authorization)
        for operation in CLOSED:
            answer = await call(client, operation, hidden)
            assert refusal(answer, 401)["title"] == "not_signed_in", (what, operation.id)


async def test_a_key_of_the_wrong_kind_opens_no_operation(api: Api, hidden: Marked) -> None:
    for kind, client in ((CallerKind.INTEGRATION, api.shop), (CallerKind.MANAGEMENT, api.manager)):
        for operation in CLOSED:
            if kind not in operation.who:
                refusal(await call(client, operation, hidden), 401)


@pytest.mark.parametrize("opened", ["/v1/users", "/v1/nothing_like_this"])
async def test_a_key_for_other_endpoints_opens_no_operation(
    api: Api, hidden: Marked, opened: str
) -> None:
    admin = await api.person(is_admin=True)
    _, authorization = await key_of(api, admin, endpoints=[{"path": opened, "method": "GET"}])
    client = new_client(api.app, authorization)
    for operation in CLOSED:
        if CallerKind.MANAGEMENT in operation.who and (operation.method, operation.path) != (
            "GET",
            opened,
        ):
            refusal(await call(client, operation, hidden), 403)


async def test_a_shop_does_not_know_programs_that_are_not_its_own(api: Api, hidden: Marked) -> None:
    application = await api.application()
    sandbox = await new_key(api.context, CallerKind.INTEGRATION, sandbox=True)
    for client in (await api.shop_of(application["id"]), new_client(api.app, sandbox)):
        for operation in CLOSED:
            if CallerKind.INTEGRATION in operation.who and "{loyaltyProgramId}" in operation.path:
                assert (await call(client, operation, hidden)).status_code in {400, 404}


async def test_nobody_reads_what_is_about_somebody_else(api: Api, hidden: Marked) -> None:
    """Somebody without a role, and a viewer of another program, on what names a person or a key."""
    viewer = await api.person(await api.program())
    for client in (viewer, await api.person()):
        for operation in CLOSED:
            named = {"{userId}", "{keyId}", "{customerId}", "{loyaltyProgramId}"}
            if CallerKind.PERSON in operation.who and any(n in operation.path for n in named):
                answer = await call(client, operation, hidden)
                assert answer.status_code in {400, 403, 404}, operation.id


# Pages


@pytest.fixture
async def browsers(api: Api) -> dict[str, httpx.AsyncClient]:
    """What a browser may send that is no session of anybody who may come in."""
    ended, gone = await api.person(is_admin=True), await api.person(is_admin=True)
    assert (await ended.delete("/v1/sessions")).is_success
    assert (await api.manager.post("/v1/users/deactivate", json={"email": gone.email})).is_success
    api.clock.now = LONG_AGO
    expired = await api.person(is_admin=True)
    api.clock.now = NOW
    good = (await api.person(is_admin=True)).headers["Authorization"].split()[1]
    management, shop = (each.headers["Authorization"] for each in (api.manager, api.shop))
    values = {
        "nothing": None,
        "empty": "",
        "made up": secrets.token_urlsafe(32),
        "a management key": management.split()[1],
        "a management key with its scheme": management,
        "an integration key": shop.split()[1],
        "an ended session": ended.headers["Authorization"].split()[1],
        "an expired session": expired.headers["Authorization"].split()[1],
        "a session of somebody who was shut out": gone.headers["Authorization"].split()[1],
        "half a session": good[:20],
        "a password": PASSWORD.replace(" ", ""),
    }
    return {
        what: httpx.AsyncClient(
            transport=httpx.ASGITransport(api.app),
            base_url=SITE,
            cookies={} if value is None else {SESSION_COOKIE: value},
            headers={"Origin": SITE},
        )
        for what, value in values.items()
    }


async def test_what_is_no_session_opens_no_page(
    hidden: Marked, browsers: dict[str, httpx.AsyncClient]
) -> None:
    for what, client in browsers.items():
        for page in PAGES:
            for method in page.methods:
                answer = answered(
                    KEYS, await client.request(method, page.path.format(**hidden.pages))
                )
                assert answer.status_code == 303, (what, page.name, method)
                assert answer.headers["Location"].startswith("/login"), (what, page.name)
                assert answer.text == ""


async def test_a_right_header_opens_no_page_and_a_right_cookie_no_operation(
    api: Api, hidden: Marked
) -> None:
    """Each face has its own way in, so that no other site can have a browser call the API."""
    admin = await api.person(is_admin=True)
    token = admin.headers["Authorization"].split()[1]
    for page in PAGES:
        if page.show is not None:
            answer = answered(KEYS, await admin.get(page.path.format(**hidden.pages)))
            assert answer.headers["Location"].startswith("/login"), page.name
    client = new_client(api.app)
    client.cookies.set(SESSION_COOKIE, token)
    for operation in CLOSED:
        refusal(await call(client, operation, hidden), 401)
