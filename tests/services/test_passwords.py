"""A person changes their own password, and their own settings."""

import pytest

from services.harness import new_name
from tallystick.core.accounts import OwnSettings, Theme
from tallystick.core.errors import InvalidField, NotSignedIn, TooManyAttempts
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.passwords import change_password
from tallystick.services.sessions import sign_in
from tallystick.services.users import get_user, update_own_settings

OLD, NEW = "correct horse", "battery staple"


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
