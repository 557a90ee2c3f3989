"""How far a caller reaches, and when a doorkeeper asks anew."""

import asyncio
from datetime import timedelta

import pytest

from services.harness import new_settings
from tallystick.core.errors import NotSignedIn
from tallystick.core.ids import ApplicationId, Environment
from tallystick.services.callers import Caller, CallerKind, Doorkeeper, Endpoint
from tallystick.services.context import Context
from tallystick.services.keys import create_key, delete_management_key

DAY = timedelta(days=1)
WEB, TILL, APP = ApplicationId(1), ApplicationId(2), ApplicationId(3)
PERSON = Caller(kind=CallerKind.PERSON)
MANAGEMENT = Caller(kind=CallerKind.MANAGEMENT)
FOR_WEB = Caller(kind=CallerKind.MANAGEMENT, allowed_application_ids=frozenset({WEB}))
SHOP = Caller(kind=CallerKind.INTEGRATION)
SANDBOX_SHOP = Caller(kind=CallerKind.INTEGRATION, sandbox=True)
WEB_SHOP = Caller(kind=CallerKind.INTEGRATION, application_id=WEB)


@pytest.mark.parametrize(
    ("caller", "connected", "sandbox", "reached"),
    [
        (PERSON, (), False, True),
        (PERSON, (TILL,), True, True),
        (MANAGEMENT, (TILL,), True, True),
        (FOR_WEB, (), False, True),
        (FOR_WEB, (), True, True),
        (FOR_WEB, (WEB, TILL), False, True),
        (FOR_WEB, (TILL, APP), False, False),
        (SHOP, (), False, True),
        (SHOP, (TILL,), False, True),
        (SHOP, (), True, False),
        (SANDBOX_SHOP, (), True, True),
        (SANDBOX_SHOP, (TILL,), True, True),
        (SANDBOX_SHOP, (), False, False),
        (WEB_SHOP, (), False, True),
        (WEB_SHOP, (WEB, TILL), False, True),
        (WEB_SHOP, (TILL,), False, False),
        (WEB_SHOP, (WEB,), True, False),
    ],
)
def test_a_caller_reaches_programs_by_environment_and_application(
    caller: Caller, connected: tuple[int, ...], *, sandbox: bool, reached: bool
) -> None:
    settings = new_settings(subscribed_applications=connected, sandbox=sandbox)
    assert caller.reaches_program(settings) is reached


def test_a_key_speaks_of_the_profiles_of_its_environment() -> None:
    assert SHOP.environment is Environment.LIVE
    assert SANDBOX_SHOP.environment is Environment.SANDBOX


@pytest.mark.parametrize(
    ("caller", "administers"),
    [(PERSON, False), (MANAGEMENT, True), (FOR_WEB, True), (SHOP, False)],
)
def test_keys_of_management_administer(caller: Caller, *, administers: bool) -> None:
    assert caller.administers is administers


@pytest.mark.parametrize(
    ("path", "method", "used"),
    [
        ("/v1/users/{userId}", None, True),
        ("/v1/users/{userId}", "PUT", True),
        ("/v1/users/{userId}", "GET", False),
        ("/v1/users/{other}", "PUT", True),
        ("/v1/users/{}", "PUT", True),
        ("/v1/users/7", "PUT", False),
        ("/v1/users", "PUT", False),
        ("/v1/users/{a}/{b}", "PUT", False),
        ("/v1/{a/b}", "PUT", False),
        ("/v1/users/.*", "PUT", False),
    ],
)
def test_an_endpoint_is_a_path_as_the_api_writes_it(
    path: str, method: str | None, *, used: bool
) -> None:
    caller = Caller(kind=CallerKind.MANAGEMENT, endpoints=(Endpoint(path=path, method=method),))
    assert caller.may_use("PUT", "/v1/users/{userId}") is used


def test_without_a_list_everything_is_open_and_with_an_empty_one_nothing() -> None:
    assert MANAGEMENT.may_use("PUT", "/v1/users/{userId}")
    nothing = Caller(kind=CallerKind.MANAGEMENT, endpoints=())
    assert not nothing.may_use("PUT", "/v1/users/{userId}")


async def test_a_doorkeeper_forgets_whom_it_is_told_to(shared: Context) -> None:
    keys = [
        await create_key(shared, kind=CallerKind.MANAGEMENT, name="Till", life=DAY)
        for _ in range(2)
    ]
    doorkeeper = Doorkeeper(shared)
    for key in keys:
        await doorkeeper.identify(f"ManagementKey-v1 {key.key}")
        await delete_management_key(shared, PERSON, key.key_id)
    doorkeeper.forget_all(lambda caller: caller.key_id == keys[0].key_id)
    with pytest.raises(NotSignedIn):
        await doorkeeper.identify(f"ManagementKey-v1 {keys[0].key}")
    assert await doorkeeper.identify(f"ManagementKey-v1 {keys[1].key}")


async def test_who_is_forgotten_while_asked_for_is_not_remembered(shared: Context) -> None:
    key = await create_key(shared, kind=CallerKind.MANAGEMENT, name="Till", life=DAY)
    doorkeeper = Doorkeeper(shared)

    async def forget() -> None:
        doorkeeper.forget_all(lambda _: True)

    await asyncio.gather(doorkeeper.identify(f"ManagementKey-v1 {key.key}"), forget())
    await delete_management_key(shared, PERSON, key.key_id)
    with pytest.raises(NotSignedIn):
        await doorkeeper.identify(f"ManagementKey-v1 {key.key}")
