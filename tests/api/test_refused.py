"""Whoever wants more than they may is in the log, without the names that their request held."""

from typing import Any

import asyncpg
import httpx
from structlog.testing import capture_logs

from api.harness import Api, Member, new_client, program_path, running_api
from services.harness import new_name

MEMBER = "/v1/loyalty_programs/{loyaltyProgramId}/profile/{integrationId}"
SAME = {"Sec-Fetch-Site": "same-origin"}


async def told(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> dict[str, Any]:
    """The only line that a request leaves in the log, which is about the request."""
    with capture_logs() as lines:
        answer = await client.request(method, path, **more)
    assert answer.status_code >= 400
    [line] = lines
    assert (line["event"], line["log_level"]) == ("a request was refused", "warning")
    assert line["method"] == method
    return dict(line)


def browser(api: Api) -> httpx.AsyncClient:
    """A client of pages, whose refusals are pages as well."""
    transport = httpx.ASGITransport(api.app)
    return httpx.AsyncClient(transport=transport, base_url="http://tallystick.test")


async def test_wrong_credentials_are_told(api: Api, ann: Member) -> None:
    client = new_client(api.app, "ApiKey-v1 a-secret-of-somebody")
    line = await told(client, "GET", f"{ann.path}/balances")
    assert (line["code"], line["path"]) == ("not_signed_in", f"{MEMBER}/balances")
    assert (line["user_id"], line["key_id"]) == (None, None)
    assert "a-secret-of-somebody" not in str(line)
    assert ann.name not in str(line)


async def test_a_right_that_is_missing_is_told_with_who_lacks_it(api: Api) -> None:
    viewer = await api.person(await api.program())
    line = await told(viewer, "POST", "/v1/loyalty_programs", json={"name": "x", "timezone": "UTC"})
    assert (line["code"], line["user_id"]) == ("not_allowed", viewer.id)
    assert line["path"] == "/v1/loyalty_programs"


async def test_what_one_may_not_know_of_is_told_apart_from_what_is_not_there(
    api: Api, ann: Member
) -> None:
    stranger = await api.person(await api.program())
    line = await told(stranger, "GET", program_path(ann.program))
    assert (line["code"], line["user_id"]) == ("hidden", stranger.id)
    with capture_logs() as lines:
        answer = await api.manager.get("/v1/loyalty_programs/99999999")
        unknown = await api.shop.get(f"{program_path(ann.program)}/profile/nobody/balances")
    assert (answer.status_code, unknown.status_code) == (404, 404)
    assert lines == []


async def test_an_application_out_of_reach_is_told_with_the_key(api: Api) -> None:
    own, other = await api.application(), await api.application()
    program = await api.program(subscribed_applications=(own["id"],))
    shop = await api.shop_of(other["id"])
    line = await told(shop, "GET", f"{program_path(program)}/profile/x/balances")
    assert line["code"] == "hidden"
    assert line["key_id"] is not None


async def test_what_was_right_or_only_wrong_leaves_nothing(api: Api, ann: Member) -> None:
    with capture_logs() as lines:
        assert (await ann.balances()).status_code == 200
        assert (await ann.add("no amount")).status_code == 400
    assert lines == []


async def test_a_wrong_password_is_told_from_where_and_not_for_whom(api: Api) -> None:
    body = {"email": "typed-in-the-wrong-field", "password": "a wrong password"}
    with capture_logs() as lines:
        await api.anybody.post("/v1/sessions", json=body)
        answer = await browser(api).post("/login", data=body, headers=SAME)
    assert answer.status_code == 401
    events = [line["event"] for line in lines]
    assert events.count("an attempt to sign in failed") == 2
    assert {line["address"] for line in lines} == {"127.0.0.1"}
    assert "wrong" not in str(lines)


async def test_guessing_that_is_stopped_is_told(api: Api) -> None:
    body = {"email": f"{new_name('nobody')}@example.com", "password": "a wrong password"}
    with capture_logs() as lines:
        for _ in range(6):
            answer = await api.anybody.post("/v1/sessions", json=body)
    assert answer.status_code == 429
    assert lines[-2]["event"] == "an attempt to sign in has to wait"
    assert lines[-1]["code"] == "too_many_attempts"


async def test_a_link_that_is_not_good_is_told_without_its_token(api: Api) -> None:
    line = await told(browser(api), "GET", "/invite/a-token-of-somebody")
    assert (line["code"], line["path"]) == ("not_allowed", "/invite/{token}")
    assert "a-token-of-somebody" not in str(line)


async def test_a_form_of_another_site_is_told(api: Api) -> None:
    line = await told(browser(api), "POST", "/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert (line["code"], line["path"]) == ("not_allowed", "/logout")


async def test_a_session_that_has_ended_is_told_and_no_session_is_not(api: Api) -> None:
    with capture_logs() as lines:
        answer = await browser(api).get("/programs")
    assert (answer.status_code, lines) == (303, [])
    with capture_logs() as lines:
        cookie = {"Cookie": "tallystick-session=long-ago"}
        await browser(api).get("/programs", headers=cookie)
    [line] = lines
    assert line["code"] == "not_signed_in"
    assert "long-ago" not in str(line)


async def test_a_fault_does_not_tell_the_token_of_a_link(database_url: str, owner_url: str) -> None:
    async with running_api(database_url) as api:
        owner = await asyncpg.connect(owner_url)
        await owner.execute("DROP TABLE password_link")
        await owner.close()
        with capture_logs() as lines:
            answer = await browser(api).get("/invite/a-token-of-somebody")
    assert answer.status_code == 500
    [line] = lines
    assert (line["event"], line["path"]) == ("a page failed", "/invite/{token}")
    assert "a-token-of-somebody" not in str(line)
