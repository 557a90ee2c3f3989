"""`tallystick user` and `tallystick key`."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.harness import Outcome, Tallystick, opened
from services.apps import code_at
from tallystick.core.accounts import ApplicationSettings
from tallystick.core.errors import CodeNeeded, NotSignedIn
from tallystick.core.ids import UserId
from tallystick.core.roles import ProgramRole, Role
from tallystick.services.applications import create_application
from tallystick.services.callers import Caller, CallerKind, Doorkeeper
from tallystick.services.links import use_link
from tallystick.services.second_factor import begin_second_factor, confirm_second_factor
from tallystick.services.sessions import sign_in
from tallystick.services.users import get_user

USER = ("user", "create", "--email", "ada@example.com")
KEY = ("key", "create", "--name", "Web shop")
PASSWORD = "analytical engine"


def _signs_in(url: str, password: str) -> bool:
    async def attempt() -> bool:
        async with opened(url) as context:
            try:
                await sign_in(context, email="ada@example.com", password=password)
            except (NotSignedIn, CodeNeeded):
                return False
            return True

    return asyncio.run(attempt())


def _caller(url: str, authorization: str) -> Caller:
    async def identify() -> Caller:
        async with opened(url) as context:
            return await Doorkeeper(context).identify(authorization)

    return asyncio.run(identify())


def test_a_password_from_stdin_signs_in(tallystick: Tallystick, database_url: str) -> None:
    made = tallystick(*USER, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert made == (0, "1\n", "ada@example.com can sign in; the user's id is 1.\n")
    assert _signs_in(database_url, PASSWORD)
    assert not _signs_in(database_url, f"{PASSWORD}\n")


def test_a_link_lets_somebody_in_who_has_lost_the_password(
    tallystick: Tallystick, database_url: str
) -> None:
    tallystick(*USER, "--generate-password")
    made = tallystick("user", "link", "--email", "ADA@example.com")
    assert made.code == 0
    assert made.err.startswith("Pass it on to ADA@example.com; it is good once, until 20")
    assert not _signs_in(database_url, PASSWORD)
    asyncio.run(_use(database_url, made.out.removesuffix("\n")))
    assert _signs_in(database_url, PASSWORD)


@pytest.mark.parametrize(
    ("options", "told", "role", "limit"),
    [
        (("--role", "analyst"), "Analyst", Role.ANALYST, None),
        (("--role", "support", "--points-per-day", "500.50"), "Support", Role.SUPPORT, 500_50),
    ],
    ids=("analyst", "support"),
)
def test_a_role_is_given_in_one_program_and_taken_away(
    tallystick: Tallystick,
    database_url: str,
    options: tuple[str, ...],
    told: str,
    role: Role,
    limit: int | None,
) -> None:
    tallystick(*USER, "--password-stdin", stdin=PASSWORD)
    for name in ("Club", "Shop"):
        tallystick("program", "create", "--name", name, "--timezone", "UTC")
    assert _give(tallystick, "Shop", "--role", "viewer").code == 0
    given = _give(tallystick, "Club", *options)
    assert given == (0, "", f"ada@example.com is {told} in 'Club' now.\n")
    club, shop = _roles(database_url)
    assert (shop.role, club.role, club.points_a_day) == (Role.VIEWER, role, limit)
    assert _give(tallystick, "Club", "--none").err == "ada@example.com is nobody in 'Club' now.\n"
    assert _roles(database_url) == (shop,)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "write --role or --none"),
        (("--none", "--role", "viewer"), "write --role or --none"),
        (("--role", "admin"), "admin"),
        (("--role", "support"), "--points-per-day: found nothing"),
        (("--role", "viewer", "--points-per-day", "5"), "--points-per-day: found 5"),
        (("--role", "support", "--points-per-day", "x"), "--points-per-day: found 'x'"),
    ],
    ids=("nothing", "both", "admin", "no limit", "limit too many", "no limit at all"),
)
def test_a_role_that_cannot_be_is_refused(
    tallystick: Tallystick, options: tuple[str, ...], said: str
) -> None:
    tallystick(*USER, "--password-stdin", stdin=PASSWORD)
    tallystick("program", "create", "--name", "Club", "--timezone", "UTC")
    refused = _give(tallystick, "Club", *options)
    assert refused.code != 0
    assert said in refused.err


def _give(tallystick: Tallystick, program: str, *options: str) -> Outcome:
    return tallystick("user", "role", "--email", "ada@example.com", "--program", program, *options)


def _roles(url: str) -> tuple[ProgramRole, ...]:
    async def ask() -> tuple[ProgramRole, ...]:
        async with opened(url) as context:
            admin = Caller(kind=CallerKind.PERSON, is_admin=True)
            return (await get_user(context, admin, UserId(1))).roles

    return asyncio.run(ask())


def test_there_is_no_link_for_nobody(tallystick: Tallystick) -> None:
    made = tallystick("user", "link", "--email", "ada@example.com")
    assert (made.code, made.out) == (1, "")
    assert "there is no user 'ada@example.com'" in made.err


def test_a_second_factor_that_is_lost_is_reset(tallystick: Tallystick, database_url: str) -> None:
    reset = "user", "reset-second-factor", "--email", "ADA@example.com"
    tallystick(*USER, "--password-stdin", stdin=f"{PASSWORD}\n")
    refused = tallystick(*reset)
    assert (refused.code, refused.out) == (1, "")
    assert "there is no second factor of 'ada@example.com'" in refused.err
    asyncio.run(_turn_on(database_url))
    assert not _signs_in(database_url, PASSWORD)
    done = tallystick(*reset)
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("ADA@example.com signs in without a second factor now")
    assert _signs_in(database_url, PASSWORD)


async def _turn_on(url: str) -> None:
    async with opened(url) as context:
        session = await sign_in(context, email="ada@example.com", password=PASSWORD)
        caller = await Doorkeeper(context).identify(f"Bearer {session.token}")
        setup = await begin_second_factor(context, caller, password=PASSWORD)
        code = code_at(setup.secret, context.clock())
        await confirm_second_factor(context, caller, code=code)


async def _use(url: str, token: str) -> None:
    async with opened(url) as context:
        await use_link(context, token, password=PASSWORD)


def test_a_made_password_is_alone_on_stdout(tallystick: Tallystick, database_url: str) -> None:
    made = tallystick(*USER, "--generate-password", "--admin", "--name", "Ada Byron")
    assert made.code == 0
    assert made.err == "ada@example.com can sign in and administer; the user's id is 1.\n"
    assert _signs_in(database_url, made.out.removesuffix("\n"))


@pytest.mark.parametrize(
    ("again", "code", "told"),
    [
        (PASSWORD, 0, "ada@example.com can sign in; the user's id is 1."),
        ("analytical engin", 1, "password: found two that differ; write the same one twice"),
    ],
)
def test_a_terminal_is_asked_twice_and_shows_no_password(
    again: str, code: int, told: str, tallystick: Tallystick, database_url: str
) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.harness", database_url, *USER],
        cwd=Path(__file__).parents[1],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = _read_until(ours, "Password: ")
    os.write(ours, f"{PASSWORD}\n".encode())
    shown += _read_until(ours, "The same again: ")
    os.write(ours, f"{again}\n".encode())
    shown += _read_until(ours, told)
    assert process.wait() == code
    os.close(ours)
    assert "analytical" not in shown


def _read_until(terminal: int, text: str) -> str:
    shown = ""
    while text not in shown:
        shown += os.read(terminal, 1024).decode()
    return shown


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        (["--password-stdin"], "too short", 1, "password: found 9 characters; write at least 12"),
        (["--password-stdin"], "", 1, "password: found 0 characters; write at least 12"),
        (["--password-stdin", "--email", "ada"], PASSWORD, 1, "email: found 'ada'; write an addr"),
        (["--password-stdin", "--generate-password"], "", 2, "leave one of the two out"),
        ([], PASSWORD, 2, "write --password-stdin or --generate-password"),
    ],
)
def test_a_user_who_cannot_be_made_is_refused(
    arguments: list[str], stdin: str, code: int, said: str, tallystick: Tallystick
) -> None:
    refused = tallystick(*USER, *arguments, stdin=stdin)
    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err


def test_a_second_user_of_the_address_is_refused(tallystick: Tallystick) -> None:
    tallystick(*USER, "--generate-password")
    refused = tallystick(*USER, "--generate-password")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("there is already a user with the ")


@pytest.mark.parametrize(
    ("kind", "scheme"), [("integration", "ApiKey-v1"), ("management", "ManagementKey-v1")]
)
def test_a_key_is_alone_on_stdout_and_opens_its_part(
    kind: str, scheme: str, tallystick: Tallystick, database_url: str
) -> None:
    made = tallystick(*KEY, "--kind", kind)
    assert made.code == 0
    assert made.err == (
        "Keep this key for 'Web shop', it is shown this once; it works for 365 days.\n"
        f"Send it as the header 'Authorization: {scheme} KEY'.\n"
    )
    key = made.out.removesuffix("\n")
    assert _caller(database_url, f"{scheme} {key}").kind.name.lower() == kind


def test_a_key_of_an_application_has_the_applications_environment(
    tallystick: Tallystick, database_url: str
) -> None:
    async def make() -> int:
        async with opened(database_url) as context:
            settings = ApplicationSettings(name="Web", timezone="UTC", currency="EUR", sandbox=True)
            return (await create_application(context, settings)).id

    number = asyncio.run(make())
    made = tallystick(*KEY, "--kind", "integration", "--application", str(number))
    assert made.code == 0
    caller = _caller(database_url, f"ApiKey-v1 {made.out.strip()}")
    assert (caller.application_id, caller.sandbox) == (number, True)


def test_a_key_as_json_tells_when_it_ends(tallystick: Tallystick) -> None:
    made = tallystick(*KEY, "--kind", "integration", "--days", "30", "--sandbox", "--json")
    assert (made.code, made.err) == (0, "")
    told = json.loads(made.out)
    assert len(told.pop("key")) == 64
    assert told == {"id": 1, "expires_at": "2026-07-15T12:00:00Z"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--kind", "integration", "--name", " "], 1, "name: found ' '; write what the key is for"),
        (["--kind", "integration", "--application", "7"], 1, "there is no application '7'"),
        (["--kind", "integration", "--application", str(2**40)], 1, "there is no application"),
        (["--kind", "management", "--application", "7"], 2, "a management key is for everything"),
        (["--kind", "management", "--sandbox"], 2, "a management key is for everything"),
        (["--kind", "other"], 2, "'other' is not one of 'integration', 'management'"),
        (["--kind", "integration", "--days", "0"], 2, "--days"),
        (["--kind", "integration", "--days", "3661"], 2, "--days"),
        ([], 2, "Missing option '--kind'"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused(
    arguments: list[str], code: int, said: str, tallystick: Tallystick
) -> None:
    refused = tallystick(*KEY, *arguments)
    assert (refused.code, refused.out) == (code, "")
    assert said in refused.err
