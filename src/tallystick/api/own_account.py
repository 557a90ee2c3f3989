"""What people change of their own account: the password, and how pages look to them."""

from typing import Literal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.users import forget_reach
from tallystick.core.accounts import OwnSettings, Theme
from tallystick.services.passwords import change_password
from tallystick.services.users import get_user, update_own_settings


class ChangePassword(msgspec.Struct):
    """The password that you sign in with now, and the one from now on."""

    oldPassword: str
    newPassword: str


class OwnSettingsBody(msgspec.Struct, omit_defaults=True):
    """How pages look to you. Without `timezone` they show that of the program."""

    theme: Literal["system", "light", "dark"]
    locale: str
    timezone: str | None = None


async def put_password(call: Call[Nothing, ChangePassword]) -> None:
    """Sign in with another password from now on; all of your other sessions end."""
    body = call.body
    await change_password(
        call.context, call.known_caller, old=body.oldPassword, new=body.newPassword
    )
    forget_reach(call)


async def get_settings(call: Call[Nothing, Nothing]) -> OwnSettingsBody:
    """What you chose for yourself."""
    user_id = call.known_caller.user_id
    assert user_id is not None
    user = await get_user(call.context, call.known_caller, user_id)
    return _body(user.settings)


async def put_settings(call: Call[Nothing, OwnSettingsBody]) -> OwnSettingsBody:
    """Choose for yourself."""
    body = call.body
    settings = OwnSettings(theme=Theme(body.theme), timezone=body.timezone, locale=body.locale)
    await update_own_settings(call.context, call.known_caller, settings)
    return _body(settings)


def _body(settings: OwnSettings) -> OwnSettingsBody:
    return OwnSettingsBody(
        theme=settings.theme.value,
        locale=settings.locale,
        timezone=settings.timezone,
    )
