"""How far a caller reaches, and when a doorkeeper asks anew."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.harness import ADMIN, NOW, new_settings
from tallystick.core.errors import NotAllowed, NotFound, NotSignedIn
from tallystick.core.ids import ApplicationId, Environment, ProgramId
from tallystick.core.programs import Program
from tallystick.core.roles import PROGRAM_ROLES, RIGHTS, Right, Role
from tallystick.services.callers import Caller, CallerKind, Doorkeeper, Endpoint, check_may
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


def program_of(**settings: Any) -> Program:
    """A program that is nowhere."""
    return Program(id=ProgramId(1), created_at=NOW, settings=new_settings(**settings), tier_ids=())


@pytest.mark.parametrize(
    ("caller", "connected", "sandbox", "reached"),
    [
        (PERSON, (), False, False),
        (ADMIN, (TILL,), True, True),
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
    program = program_of(subscribed_applications=connected, sandbox=sandbox)
    assert caller.reaches_program(program) is reached


@pytest.mark.parametrize("role", [None, *PROGRAM_ROLES])
def test_a_person_reaches_the_programs_in_which_they_have_a_role(role: Role | None) -> None:
    theirs, other = program_of(), replace(program_of(), id=ProgramId(2))
    person = replace(PERSON, roles={theirs.id: role} if role else {})
    assert person.reaches_program(theirs) is (role is not None)
    assert not person.reaches_program(other)


def test_a_key_speaks_of_the_profiles_of_its_environment() -> None:
    assert SHOP.environment is Environment.LIVE
    assert SANDBOX_SHOP.environment is Environment.SANDBOX


@pytest.mark.parametrize("right", Right)
def test_a_management_key_has_every_right_and_an_integration_key_none(right: Right) -> None:
    for caller in (MANAGEMENT, FOR_WEB, ADMIN):
        assert caller.may(right)
        assert caller.may(right, ProgramId(1))
    assert not SHOP.may(right)
    assert not SHOP.may(right, ProgramId(1))


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("role", PROGRAM_ROLES)
def test_a_person_has_the_rights_of_their_role_where_they_have_it(role: Role, right: Right) -> None:
    person = replace(PERSON, roles={ProgramId(1): role})
    assert person.may(right) is (right in RIGHTS[role])
    assert person.may(right, ProgramId(1)) is (right in RIGHTS[role])
    assert person.may(right, ProgramId(2)) is (right is Right.OWN_ACCOUNT)


def test_a_command_has_every_right() -> None:
    check_may(None, Right.PEOPLE)


def test_a_right_that_is_missing_tells_who_has_it() -> None:
    viewer = replace(PERSON, roles={ProgramId(1): Role.VIEWER})
    with pytest.raises(NotAllowed, match="it takes the role Admin or Analyst; ask an admin"):
        check_may(viewer, Right.EXPORT, ProgramId(1))
    with pytest.raises(NotFound, match="there is no loyalty program '2'"):
        check_may(viewer, Right.EXPORT, ProgramId(2))


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
        await delete_management_key(shared, ADMIN, key.key_id)
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
    await delete_management_key(shared, ADMIN, key.key_id)
    with pytest.raises(NotSignedIn):
        await doorkeeper.identify(f"ManagementKey-v1 {key.key}")
