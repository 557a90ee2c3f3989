"""Keys of applications and of management; the contract has models of them and no operations.

The text of a key is in the answer that makes it and nowhere else.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from tallystick.api.applications import application_id
from tallystick.api.operations import Call, Nothing
from tallystick.api.wire import ACCOUNT_ID, instant_in
from tallystick.core.errors import NotSupported
from tallystick.core.ids import ApplicationId
from tallystick.core.validity import render_instant
from tallystick.edges.transactions import Instant
from tallystick.services import keys as service
from tallystick.services.callers import Endpoint
from tallystick.services.keys import ApiKey

Path = Annotated[
    str, msgspec.Meta(description="A path as it stands in this description, or * for everything.")
]
Method = Annotated[str, msgspec.Meta(pattern="^(GET|POST|PUT|PATCH|DELETE)$")]


class CreateApplicationAPIKey(msgspec.Struct):
    """A new integration key of an application."""

    title: str
    expires: Instant
    platform: str | None = None
    type: str | None = None
    timeOffset: int | None = None


class ApplicationAPIKey(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An integration key of an application, without its text.

    `lastUsed`, to the minute, is left out if it never was.
    """

    id: int
    created: str
    title: str
    expires: str
    createdBy: int
    accountID: int
    applicationID: int
    lastUsed: str | None = None


class NewApplicationAPIKey(ApplicationAPIKey, kw_only=True):
    """An integration key that was just made. `key` is its text, shown this once."""

    key: str


class ApplicationAPIKeysBody(msgspec.Struct):
    """The integration keys of an application."""

    totalResultSize: int
    data: list[ApplicationAPIKey]


class EndpointBody(msgspec.Struct, omit_defaults=True):
    """Operations that a key opens: a path, and a method if only one is meant."""

    path: Path
    method: Method | None = None


class CreateManagementKey(msgspec.Struct):
    """A new management key. Without `allowedApplicationIds` it is for all applications."""

    name: str
    expiryDate: Instant
    endpoints: list[EndpointBody]
    allowedApplicationIds: list[int] | None = None


class ManagementKey(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A management key, without its text. `disabled`: whoever made it can no longer sign in.

    `lastUsed`, to the minute, is left out if it never was.
    """

    id: int
    created: str
    name: str
    expiryDate: str
    endpoints: list[EndpointBody]
    allowedApplicationIds: list[int]
    createdBy: int
    accountID: int
    disabled: bool
    lastUsed: str | None = None


class NewManagementKey(ManagementKey, kw_only=True):
    """A management key that was just made. `key` is its text, shown this once."""

    key: str


class ManagementKeysBody(msgspec.Struct):
    """All management keys."""

    totalResultSize: int
    data: list[ManagementKey]


async def post_application_key(
    call: Call[Nothing, CreateApplicationAPIKey],
) -> NewApplicationAPIKey:
    """Make an integration key of an application.

    It opens the environment of the application, and there the programs that are connected to it or
    to none.
    """
    body = call.body
    _refuse_special(body)
    made = await service.create_application_key(
        call.context,
        call.known_caller,
        application_id(call),
        title=body.title,
        expires_at=_instant(body.expires, "expires"),
    )
    return NewApplicationAPIKey(**msgspec.structs.asdict(_application_key(made)), key=made.key)


async def get_application_keys(call: Call[Nothing, Nothing]) -> ApplicationAPIKeysBody:
    """The integration keys of an application."""
    found = await service.list_application_keys(
        call.context, call.known_caller, application_id(call)
    )
    data = [_application_key(key) for key in found]
    return ApplicationAPIKeysBody(totalResultSize=len(data), data=data)


async def delete_application_key(call: Call[Nothing, Nothing]) -> None:
    """Delete an integration key of an application; it opens nothing any more."""
    key_id = call.number_in_path("keyId", "integration key")
    await service.delete_application_key(
        call.context, call.known_caller, application_id(call), key_id
    )
    call.house.doorkeeper.forget_all(lambda caller: caller.key_id == key_id)


async def post_management_key(call: Call[Nothing, CreateManagementKey]) -> NewManagementKey:
    """Make a management key that opens the endpoints that are listed, and no others."""
    body = call.body
    made = await service.create_management_key(
        call.context,
        call.known_caller,
        name=body.name,
        expires_at=_instant(body.expiryDate, "expiryDate"),
        endpoints=[Endpoint(path=each.path, method=each.method) for each in body.endpoints],
        allowed_application_ids=[ApplicationId(n) for n in body.allowedApplicationIds or ()],
    )
    return NewManagementKey(**msgspec.structs.asdict(_management_key(made)), key=made.key)


async def get_management_keys(call: Call[Nothing, Nothing]) -> ManagementKeysBody:
    """All management keys, also those that have expired or are disabled."""
    found = await service.list_management_keys(call.context, call.known_caller)
    data = [_management_key(key) for key in found]
    return ManagementKeysBody(totalResultSize=len(data), data=data)


async def delete_management_key(call: Call[Nothing, Nothing]) -> None:
    """Delete a management key; it opens nothing any more."""
    key_id = call.number_in_path("keyId", "management key")
    await service.delete_management_key(call.context, call.known_caller, key_id)
    call.house.doorkeeper.forget_all(lambda caller: caller.key_id == key_id)


def _instant(text: str, field: str) -> datetime:
    instant = instant_in(text, field)
    assert instant is not None
    return instant


def _refuse_special(body: CreateApplicationAPIKey) -> None:
    """Refuse keys that would open less, or something else, in the contract than they do here."""
    if body.platform not in {None, "", "none"}:
        raise NotSupported("platform", "keys here are for any system; write none or leave it out")
    if body.type not in {None, ""}:
        raise NotSupported("type", "keys here are not for dry requests only; leave it out")
    if body.timeOffset:
        raise NotSupported("timeOffset", "keys here have no time of their own; leave it out")


def _application_key(key: ApiKey) -> ApplicationAPIKey:
    assert key.application_id is not None
    return ApplicationAPIKey(
        id=key.key_id,
        created=render_instant(key.created_at),
        title=key.name,
        expires=render_instant(key.expires_at),
        createdBy=key.user_id or 0,
        accountID=ACCOUNT_ID,
        applicationID=key.application_id,
        lastUsed=_shown(key.used_at),
    )


def _management_key(key: ApiKey) -> ManagementKey:
    return ManagementKey(
        id=key.key_id,
        created=render_instant(key.created_at),
        name=key.name,
        expiryDate=render_instant(key.expires_at),
        endpoints=[EndpointBody(path=each.path, method=each.method) for each in key.endpoints],
        allowedApplicationIds=list(key.allowed_application_ids),
        createdBy=key.user_id or 0,
        accountID=ACCOUNT_ID,
        disabled=key.disabled,
        lastUsed=_shown(key.used_at),
    )


def _shown(used_at: datetime | None) -> str | None:
    return None if used_at is None else render_instant(used_at)
