"""Passwords, keys, tokens and second factors are nowhere but where they are shown once.

Every table, every line of the log and every answer is searched for them.
"""

import base64
import re
import traceback
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.harness import PASSWORD, Api, exact, new_client, refusal, running_api
from api.stored import everything_stored
from services.apps import code_at
from tallystick.api.operations import Operation
from tallystick.api.routes import OPERATIONS

PATH = re.compile(r"\{\w+\}")
EXPIRES = "2027-01-01T00:00:00Z"
WRONG = "a wrong password, as secret as a right one"


@pytest.fixture
async def own(database_url: str) -> AsyncIterator[Api]:
    """An application on a database of the test's own."""
    async with running_api(database_url) as api:
        yield api


async def secrets_of(api: Api) -> dict[str, str]:
    """One of each kind, all of them in use: what it is, and its text."""
    ada = await api.person(is_admin=True)
    body = {"name": "Books", "expiryDate": EXPIRES, "endpoints": [{"path": "*"}]}
    management = exact(await ada.post("/v1/management_keys", json=body))
    application = await api.application()
    path = f"/v1/applications/{application['id']}/api_keys"
    integration = exact(await ada.post(path, json={"title": "Till", "expires": EXPIRES}))
    refused = await api.anybody.post("/v1/sessions", json={"email": ada.email, "password": WRONG})
    refusal(refused, 401)
    begun = exact(await ada.post("/v1/own/second_factor", json={"password": PASSWORD}))
    first = {"code": code_at(begun["secret"], api.clock.now)}
    confirmed = exact(await ada.post("/v1/own/second_factor/confirm", json=first))
    [used, left, *_] = confirmed["recoveryCodes"]
    body = {"email": ada.email, "password": PASSWORD, "code": used}
    exact(await api.anybody.post("/v1/sessions", json=body))
    return {
        "the secret of a second factor": begun["secret"],
        "its bytes": base64.b32decode(begun["secret"]).hex(),
        "a recovery code": left,
        "a recovery code that was used": used,
        "a recovery code as it is compared": left.replace("-", ""),
        "a password": PASSWORD,
        "a wrong password": WRONG,
        "a token": ada.headers["Authorization"].removeprefix("Bearer "),
        "an integration key": integration["key"],
        "a management key": management["key"],
        "the key of a command": api.manager.headers["Authorization"].split()[1],
    }


async def call_all(api: Api, authorization: str, secret: str) -> str:
    """What all operations say to whoever shows this, with secrets in wrong places."""
    client, said = new_client(api.app, authorization), []
    for operation in OPERATIONS:
        if operation.id == "destroySession":
            continue
        answer = await client.request(operation.method, **_request(operation, secret))
        said.append(answer.text)
    return "\n".join(said)


def _request(operation: Operation, secret: str) -> dict[str, Any]:
    body = {"password": secret, "email": "nobody@example.com"}
    return {
        "url": PATH.sub("1", operation.path),
        "json": None if operation.method in {"GET", "DELETE"} else body,
    }


def told(line: Any) -> str:
    """A line of the log, with the traceback that it ends in."""
    error = line.get("exc_info")
    shown = traceback.format_exception(error) if isinstance(error, BaseException) else []
    return f"{line}{''.join(shown)}"


async def test_no_secret_is_stored_logged_or_told_twice(own: Api, owner_url: str) -> None:
    with capture_logs() as lines:
        secrets = await secrets_of(own)
        shown = {
            f"Bearer {secrets['a token']}",
            f"ManagementKey-v1 {secrets['a management key']}",
            f"ApiKey-v1 {secrets['an integration key']}",
            f"Bearer {secrets['a management key']}",  # as what it is not
            secrets["a token"],  # as nothing at all
            "",
        }
        said = [await call_all(own, each, secrets["a token"]) for each in sorted(shown)]
    stored = await everything_stored(owner_url)
    log = "\n".join(map(told, lines))
    for kind, secret in secrets.items():
        assert secret not in stored, kind
        assert secret not in log, kind
        assert not any(secret in answer for answer in said), kind


async def test_no_secret_is_told_when_the_server_is_at_fault(own: Api, owner_url: str) -> None:
    secrets = await secrets_of(own)
    owner = await asyncpg.connect(owner_url)
    await owner.execute("DROP TABLE program CASCADE; DROP TABLE change")
    await owner.close()
    with capture_logs() as lines:
        token = secrets["a token"]
        said = await call_all(own, f"Bearer {token}", token)
        answer = await own.anybody.post(
            "/v1/sessions", json={"email": "ada@example.com", "password": WRONG}
        )
    log = "\n".join(map(told, lines))
    assert "UndefinedTable" in log
    assert "Traceback" not in said + answer.text
    assert "UndefinedTable" not in said + answer.text
    for kind, secret in secrets.items():
        assert secret not in log + said + answer.text, kind
