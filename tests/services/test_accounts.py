"""People, their sessions, and the keys of other systems."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from services.harness import NOW, Clock, new_name
from tallystick.core.errors import AlreadyExists, InvalidField, NotSignedIn
from tallystick.services.accounts import create_user, has_users
from tallystick.services.callers import Caller, CallerKind, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.services.sessions import list_sessions, sign_in, sign_out

PASSWORD = "correct horse"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
async def email(module_context: Context) -> str:
    """The address of somebody who can sign in."""
    await create_user(module_context, email="Ada@example.com", password=PASSWORD, name="Ada")
    return "Ada@example.com"


async def identify(context: Context, authorization: str) -> Caller:
    """Who a process that has not seen them yet takes somebody for."""
    return await Doorkeeper(context).identify(authorization)


# People


async def test_there_is_nobody_at_first(context: Context) -> None:
    assert not await has_users(context)
    assert await create_user(context, email="ada@example.com", password=PASSWORD) == 1
    assert await has_users(context)


@pytest.mark.parametrize(
    "password", ["xyzzy xyzzy ", "x" * 1_000, "\u00fc" * 12, "  spaces count  "]
)
async def test_a_password_has_twelve_to_a_thousand_characters(
    shared: Context, password: str
) -> None:
    email = f"{new_name('user').replace(' ', '')}@example.com"
    user_id = await create_user(shared, email=email, password=password)
    assert (await sign_in(shared, email=email, password=password)).user_id == user_id


@pytest.mark.parametrize(
    ("wrong", "field", "found"),
    [
        ({"email": ""}, "email", "''"),
        ({"email": "ada"}, "email", "'ada'"),
        ({"email": "@example.com"}, "email", "'@example.com'"),
        ({"email": "ada@"}, "email", "'ada@'"),
        ({"email": "a b@example.com"}, "email", "'a b@example.com'"),
        ({"email": "a\x00@example.com"}, "email", r"'a\x00@example.com'"),
        ({"email": "a\ud800@example.com"}, "email", r"'a\ud800@example.com'"),
        ({"email": "a" * 243 + "@example.com"}, "email", "'aaaa"),
        ({"password": "x" * 11}, "password", "11 characters"),
        ({"password": "x" * 1_001}, "password", "1001 characters"),
        ({"password": ""}, "password", "0 characters"),
        ({"name": "a\x00b"}, "name", r"'a\x00b'"),
        ({"name": "x" * 256}, "name", "'xxxx"),
    ],
    ids=str,
)
async def test_what_cannot_be_a_user_is_refused(
    shared: Context, wrong: dict[str, str], field: str, found: str
) -> None:
    wish = {"email": "new@example.com", "password": PASSWORD, **wrong}
    with pytest.raises(InvalidField) as refused:
        await create_user(shared, **wish)  # type: ignore[arg-type]  # one of them is wrong
    assert refused.value.field == field
    assert refused.value.found.startswith(found)
    assert PASSWORD not in str(refused.value)


async def test_an_address_belongs_to_one_user(shared: Context, email: str) -> None:
    with pytest.raises(AlreadyExists):
        await create_user(shared, email=email.upper(), password=PASSWORD)


# Sessions


async def test_a_session_tells_who_signed_in(shared: Context, email: str) -> None:
    session = await sign_in(shared, email=email.lower(), password=PASSWORD)
    assert session.created_at == NOW
    caller = await identify(shared, f"Bearer {session.token}")
    [*_, opened] = sorted(
        each.session_id for each in await list_sessions(shared, caller, session.user_id)
    )
    assert caller == Caller(
        kind=CallerKind.PERSON, user_id=session.user_id, session_id=opened, email=email
    )


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("ada@example.com", "wrong horse battery"),
        ("ada@example.com", PASSWORD.upper()),
        ("ada@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("ada@example.com\x00", PASSWORD),
        ("ada@example.com ", PASSWORD),
    ],
)
async def test_nobody_signs_in_with_less_than_both(
    shared: Context, email: str, address: str, password: str
) -> None:
    with pytest.raises(NotSignedIn, match=r"^the e-mail address or the password is wrong$"):
        await sign_in(shared, email=address, password=password)


async def test_a_hash_that_cannot_be_read_opens_nothing(context: Context) -> None:
    await create_user(context, email="ada@example.com", password=PASSWORD)
    async with context.database.transaction() as tx:
        await tx.execute("UPDATE user_account SET password_hash = 'mislaid'")
    with pytest.raises(NotSignedIn):
        await sign_in(context, email="ada@example.com", password=PASSWORD)


async def test_a_session_lasts_ninety_days(shared: Context, clock: Clock, email: str) -> None:
    token = (await sign_in(shared, email=email, password=PASSWORD)).token
    clock.now = NOW + 90 * DAY - timedelta(microseconds=1)
    assert await identify(shared, f"Bearer {token}")
    clock.now = NOW + 90 * DAY
    with pytest.raises(NotSignedIn, match="unknown or have expired"):
        await identify(shared, f"Bearer {token}")


async def test_sessions_that_have_expired_are_forgotten(context: Context) -> None:
    clock = Clock()
    moved = replace(context, clock=clock)
    await create_user(moved, email="ada@example.com", password=PASSWORD)
    for days in (0, 89, 90):
        clock.now = NOW + days * DAY
        await sign_in(moved, email="ada@example.com", password=PASSWORD)
    async with moved.database.reader() as reader:
        assert await reader.fetchval("SELECT count(*) FROM user_session") == 2


async def test_signing_out_ends_one_session(shared: Context, email: str) -> None:
    first, second = [await sign_in(shared, email=email, password=PASSWORD) for _ in range(2)]
    await sign_out(shared, first.token)
    await sign_out(shared, first.token)
    with pytest.raises(NotSignedIn):
        await identify(shared, f"Bearer {first.token}")
    assert await identify(shared, f"Bearer {second.token}")


async def test_a_doorkeeper_that_is_told_to_forget_asks_anew(shared: Context, email: str) -> None:
    doorkeeper = Doorkeeper(shared)
    token = (await sign_in(shared, email=email, password=PASSWORD)).token
    await doorkeeper.identify(f"Bearer {token}")
    await sign_out(shared, token)
    doorkeeper.forget(f"Bearer {token}")
    doorkeeper.forget("Bearer of nothing")
    with pytest.raises(NotSignedIn):
        await doorkeeper.identify(f"Bearer {token}")


# Keys


@pytest.mark.parametrize("kind", [CallerKind.INTEGRATION, CallerKind.MANAGEMENT])
async def test_a_key_opens_by_its_own_scheme_only(shared: Context, kind: CallerKind) -> None:
    key = await create_key(shared, kind=kind, name="Till", life=DAY)
    caller = await identify(shared, f"{kind.value} {key.key}")
    assert caller == Caller(kind=kind, key_id=key.key_id)
    for other in set(CallerKind) - {kind}:
        with pytest.raises(NotSignedIn, match=f"after '{other.value}' are unknown"):
            await identify(shared, f"{other.value} {key.key}")


async def test_a_key_works_until_it_expires(shared: Context, clock: Clock) -> None:
    key = await create_key(shared, kind=CallerKind.MANAGEMENT, name="Till", life=DAY)
    assert key.expires_at == NOW + DAY
    clock.now = NOW + DAY - timedelta(microseconds=1)
    assert await identify(shared, f"ManagementKey-v1 {key.key}")
    clock.now = NOW + DAY
    with pytest.raises(NotSignedIn):
        await identify(shared, f"ManagementKey-v1 {key.key}")


@pytest.mark.parametrize("life", [timedelta(microseconds=1), 3_660 * DAY])
async def test_a_key_lives_up_to_ten_years(shared: Context, life: timedelta) -> None:
    key = await create_key(shared, kind=CallerKind.INTEGRATION, name="Till", life=life)
    assert key.expires_at == NOW + life


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"life": timedelta()}, "days"),
        ({"life": -DAY}, "days"),
        ({"life": 3_660 * DAY + timedelta(microseconds=1)}, "days"),
        ({"life": timedelta.max}, "days"),
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "\udcff"}, "name"),
    ],
    ids=ascii,
)
async def test_what_cannot_be_a_key_is_refused(
    shared: Context, wrong: dict[str, object], field: str
) -> None:
    wish = {"kind": CallerKind.INTEGRATION, "name": "Till", "life": DAY, **wrong}
    with pytest.raises(InvalidField) as refused:
        await create_key(shared, **wish)  # type: ignore[arg-type]  # one of them is wrong
    assert refused.value.field == field


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer\tx", "\x00", "Bearer\u00a0x"]
)
async def test_credentials_come_with_their_scheme(shared: Context, authorization: str) -> None:
    with pytest.raises(NotSignedIn, match=r"^send the header Authorization with one of"):
        await identify(shared, authorization)


# Secrets


async def test_secrets_are_shown_once_and_never_kept(shared: Context, email: str) -> None:
    session = await sign_in(shared, email=email, password=PASSWORD)
    key = await create_key(shared, kind=CallerKind.INTEGRATION, name="Till", life=DAY)
    assert session.token not in repr(session)
    assert key.key not in repr(key)
    async with shared.database.reader() as reader:
        rows = await reader.fetch("SELECT to_jsonb(u)::text FROM user_account AS u")
        rows += await reader.fetch("SELECT to_jsonb(s)::text FROM user_session AS s")
        rows += await reader.fetch("SELECT to_jsonb(k)::text FROM api_key AS k")
    kept = "".join(row[0] for row in rows)
    assert "$argon2id$" in kept
    for secret in (PASSWORD, session.token, key.key):
        digest = hashlib.sha256(secret.encode()).hexdigest()
        for told in (secret, secret.encode().hex(), digest):
            assert told not in kept


async def test_secrets_are_good_for_one_installation(shared: Context, email: str) -> None:
    other = replace(shared, secret=b"another secret")
    session = await sign_in(shared, email=email, password=PASSWORD)
    key = await create_key(shared, kind=CallerKind.INTEGRATION, name="Till", life=DAY)
    for authorization in (f"Bearer {session.token}", f"ApiKey-v1 {key.key}"):
        assert await identify(shared, authorization)
        with pytest.raises(NotSignedIn):
            await identify(other, authorization)
