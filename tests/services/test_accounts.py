"""People sign in, keys are told apart, and the database holds no secret that works."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from operator import add

import pytest

from tallystick.core.errors import AlreadyExists, InvalidField, NotSignedIn
from tallystick.services.accounts import (
    SESSION_LIFE,
    CallerKind,
    Doorkeeper,
    create_key,
    create_user,
    sign_in,
    sign_out,
)
from tallystick.services.context import Context

EMAIL, PASSWORD = "Ada@example.com", "correct horse battery"
DAY = timedelta(days=1)


async def test_a_person_signs_in_in_whatever_case_and_out_again(context: Context) -> None:
    user_id = await create_user(context, email=EMAIL, password=PASSWORD, is_admin=True)
    session = await sign_in(context, email="ada@EXAMPLE.com", password=PASSWORD)
    caller = await Doorkeeper(context).identify(f"Bearer {session.token}")
    assert (caller.kind, caller.user_id) == (CallerKind.PERSON, user_id)
    await sign_out(context, session.token)
    with pytest.raises(NotSignedIn):
        await Doorkeeper(context).identify(f"Bearer {session.token}")


async def test_a_wrong_address_and_a_wrong_password_are_refused_alike(context: Context) -> None:
    await create_user(context, email=EMAIL, password=PASSWORD)
    told = set()
    for email, password in [(EMAIL, "guess"), ("bob@example.com", PASSWORD)]:
        with pytest.raises(NotSignedIn) as refusal:
            await sign_in(context, email=email, password=password)
        told.add(str(refusal.value))
    assert len(told) == 1


async def test_a_session_ends_after_three_months(context: Context) -> None:
    await create_user(context, email=EMAIL, password=PASSWORD)
    session = await sign_in(context, email=EMAIL, password=PASSWORD)
    for later, known in [(SESSION_LIFE - DAY, True), (SESSION_LIFE, False)]:
        then = replace(context, clock=partial(add, session.created_at, later))
        if known:
            await Doorkeeper(then).identify(f"Bearer {session.token}")
        else:
            with pytest.raises(NotSignedIn):
                await Doorkeeper(then).identify(f"Bearer {session.token}")


@pytest.mark.parametrize("kind", [CallerKind.INTEGRATION, CallerKind.MANAGEMENT])
async def test_a_key_is_known_by_its_own_scheme_until_it_expires(
    context: Context, kind: CallerKind
) -> None:
    key = await create_key(context, kind=kind, name="till", life=DAY)
    assert (await Doorkeeper(context).identify(f"{kind.value} {key.key}")).kind is kind
    for other in set(CallerKind) - {kind}:
        with pytest.raises(NotSignedIn):
            await Doorkeeper(context).identify(f"{other.value} {key.key}")
    with pytest.raises(NotSignedIn):
        await Doorkeeper(replace(context, clock=lambda: key.expires_at)).identify(
            f"{kind.value} {key.key}"
        )


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "ApiKey-v1 nope", "x y z"]
)
async def test_credentials_that_are_none_are_refused(context: Context, header: str) -> None:
    with pytest.raises(NotSignedIn):
        await Doorkeeper(context).identify(header)


async def test_no_secret_can_be_read_back_from_the_database(context: Context) -> None:
    await create_user(context, email=EMAIL, password=PASSWORD)
    session = await sign_in(context, email=EMAIL, password=PASSWORD)
    key = await create_key(context, kind=CallerKind.MANAGEMENT, name="till", life=DAY)
    kept = ""
    async with context.database.reader() as reader:
        for table in ("user_account", "user_session", "api_key"):
            rows = await reader.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} AS t")  # noqa: S608 - three known names
            kept += "".join(row["row"] for row in rows)
    assert "argon2id" in kept
    for secret in (PASSWORD, session.token, key.key):
        assert secret not in kept
        assert secret.encode().hex() not in kept


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("ada", "long enough a password", "email"),
        ("ada@", "long enough a password", "email"),
        ("a b@example.com", "long enough a password", "email"),
        ("ada@example.com", "short", "password"),
        ("ada@example.com", "x" * 1_001, "password"),
    ],
)
async def test_a_user_that_cannot_be_is_refused(
    context: Context, email: str, password: str, field: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        await create_user(context, email=email, password=password)
    assert refusal.value.field == field


async def test_an_address_is_taken_once_in_whatever_case(context: Context) -> None:
    await create_user(context, email=EMAIL, password=PASSWORD)
    with pytest.raises(AlreadyExists):
        await create_user(context, email="ADA@EXAMPLE.COM", password=PASSWORD)
