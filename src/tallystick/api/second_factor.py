"""A person's second factor: their own, and its reset by an admin."""

from typing import Annotated

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.users import forget_reach, user_id_in
from tallystick.core.validity import render_instant
from tallystick.services import second_factor as service
from tallystick.services.second_factor import RecoveryCodes

Code = Annotated[str, msgspec.Meta(description="What the app shows now, or a recovery code.")]


class SecondFactorBody(msgspec.Struct, omit_defaults=True):
    """Whether you have a second factor, since when, and how many recovery codes are left."""

    isOn: bool
    recoveryCodesLeft: int
    since: str | None = None


class BeginSecondFactor(msgspec.Struct):
    """Your password, again."""

    password: str


class SecondFactorSetup(msgspec.Struct):
    """What your app is given, by hand or as a picture; shown this once."""

    secret: str
    uri: str
    expires: str


class ConfirmSecondFactor(msgspec.Struct):
    """The first code of your app."""

    code: Annotated[str, msgspec.Meta(description="What the app shows now.")]


class WithSecondFactor(msgspec.Struct):
    """Your password and a code, again."""

    password: str
    code: Code


class RecoveryCodesBody(msgspec.Struct):
    """Codes for when the app is not there, each good once; shown this once."""

    recoveryCodes: list[str]


async def get_own(call: Call[Nothing, Nothing]) -> SecondFactorBody:
    """Whether you have a second factor."""
    found = await service.get_second_factor(call.context, call.known_caller)
    return SecondFactorBody(
        isOn=found.since is not None,
        recoveryCodesLeft=found.codes_left,
        since=render_instant(found.since) if found.since else None,
    )


async def begin(call: Call[Nothing, BeginSecondFactor]) -> SecondFactorSetup:
    """A secret for your app; it is asked for from its first code on."""
    setup = await service.begin_second_factor(
        call.context, call.known_caller, password=call.body.password
    )
    return SecondFactorSetup(
        secret=setup.secret, uri=setup.uri, expires=render_instant(setup.expires_at)
    )


async def confirm(call: Call[Nothing, ConfirmSecondFactor]) -> RecoveryCodesBody:
    """Turn your second factor on by its first code; your other sessions end."""
    found = await service.confirm_second_factor(
        call.context, call.known_caller, code=call.body.code
    )
    forget_reach(call)
    return _codes(found)


async def turn_off(call: Call[Nothing, WithSecondFactor]) -> None:
    """Sign in by your password alone from now on."""
    body = call.body
    await service.turn_off_second_factor(
        call.context, call.known_caller, password=body.password, code=body.code
    )


async def renew_codes(call: Call[Nothing, WithSecondFactor]) -> RecoveryCodesBody:
    """New recovery codes; those you had are void."""
    body = call.body
    found = await service.renew_recovery_codes(
        call.context, call.known_caller, password=body.password, code=body.code
    )
    return _codes(found)


async def reset(call: Call[Nothing, Nothing]) -> None:
    """Let somebody who has lost their second factor do without; their sessions end."""
    await service.reset_second_factor(call.context, call.known_caller, user_id_in(call))
    forget_reach(call)


def _codes(found: RecoveryCodes) -> RecoveryCodesBody:
    return RecoveryCodesBody(recoveryCodes=list(found.codes))
