"""`createSession` and `destroySession`."""

from datetime import timedelta
from typing import Any

import pytest

from api.harness import Api, exact, new_client, refusal
from services.harness import NOW, new_name
from tallystick.services.accounts import create_user

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
async def email(module_api: Api) -> str:
    """The address of somebody who can sign in."""
    email = "Ada@example.com"
    await create_user(module_api.context, email=email, password=PASSWORD)
    return email


async def sign_in(api: Api, email: str) -> dict[str, Any]:
    """The answer to who signs in."""
    body = {"email": email, "password": PASSWORD}
    answer = await api.anybody.post("/v1/sessions", json=body)
    assert answer.status_code == 201
    session: dict[str, Any] = exact(answer)
    return session


async def test_signing_in_answers_with_a_token(api: Api, email: str) -> None:
    session = await sign_in(api, email.upper())
    assert session.keys() == {"userId", "token", "created"}
    assert session["userId"] > 0
    assert session["created"] == "2026-06-15T12:00:00Z"
    assert len(session["token"]) >= 43
    client = new_client(api.app, f"Bearer {session['token']}")
    assert (await client.get("/v1/users")).status_code == 200


async def test_each_session_has_a_token_of_its_own(api: Api, email: str) -> None:
    first, second = [await sign_in(api, email) for _ in range(2)]
    assert first["token"] != second["token"]


@pytest.mark.parametrize(
    ("who", "password"),
    [("{email}", "wrong horse"), ("{email}", ""), ("nobody@example.com", PASSWORD), ("", "")],
    ids=["wrong password", "no password", "unknown address", "nothing"],
)
async def test_what_is_wrong_about_a_sign_in_is_not_told(
    api: Api, email: str, who: str, password: str
) -> None:
    body = {"email": who.format(email=email), "password": password}
    found = refusal(await api.anybody.post("/v1/sessions", json=body), 401)
    assert found == {
        "title": "not_signed_in",
        "details": "the e-mail address or the password is wrong",
    }


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"password": PASSWORD}, "/email"),
        ({"email": "ada@example.com"}, "/password"),
        ({"email": 1, "password": PASSWORD}, "/email"),
        ({"email": "ada@example.com", "password": None}, "/password"),
        ([], ""),
    ],
    ids=str,
)
async def test_a_sign_in_names_both(api: Api, body: Any, pointer: str) -> None:
    found = refusal(await api.anybody.post("/v1/sessions", json=body), 400)
    assert ("invalid_field", pointer) == (found["title"], found["pointer"])


async def test_signing_out_ends_this_session_at_once(api: Api, email: str) -> None:
    clients = [
        new_client(api.app, f"Bearer {(await sign_in(api, email))['token']}") for _ in range(2)
    ]
    for client in clients:
        assert (await client.get("/v1/users")).status_code == 200
    answer = await clients[0].delete("/v1/sessions")
    assert (answer.status_code, answer.content) == (204, b"")
    refusal(await clients[0].get("/v1/users"), 401)
    refusal(await clients[0].delete("/v1/sessions"), 401)
    assert (await clients[1].get("/v1/users")).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER  "])
async def test_signing_out_reads_the_header_as_signing_in_does(
    api: Api, email: str, scheme: str
) -> None:
    token = (await sign_in(api, email))["token"]
    assert (await new_client(api.app, f"{scheme} {token}").delete("/v1/sessions")).is_success
    refusal(await new_client(api.app, f"Bearer {token}").get("/v1/users"), 401)


async def test_guessing_is_told_how_long_to_wait(api: Api) -> None:
    body = {"email": f"{new_name('nobody')}@example.com", "password": "wrong"}
    for _ in range(5):
        refusal(await api.anybody.post("/v1/sessions", json=body), 401)
    answer = await api.anybody.post("/v1/sessions", json=body)
    assert refusal(answer, 429)["title"] == "too_many_attempts"
    assert answer.headers["retry-after"] == "60"


async def test_a_session_lasts_ninety_days(api: Api, email: str) -> None:
    token = (await sign_in(api, email))["token"]
    api.clock.now = NOW + timedelta(days=90)
    refusal(await new_client(api.app, f"Bearer {token}").get("/v1/users"), 401)
    api.clock.now = NOW + timedelta(days=90, microseconds=-1)
    client = new_client(api.app, f"Bearer {token}")
    assert (await client.get("/v1/users")).status_code == 200
