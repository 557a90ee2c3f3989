"""The keys of other systems: integration keys for shops, management keys for back offices."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tallystick.core.errors import InvalidField, NotFound, shown
from tallystick.core.ids import ApplicationId, UserId
from tallystick.core.programs import NAME_LENGTH_MAX, is_one_line
from tallystick.core.roles import Right
from tallystick.core.validity import render_instant
from tallystick.services.applications import find_application
from tallystick.services.callers import Caller, CallerKind, Endpoint, check_may, secret_digest
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import keys as store
from tallystick.store.db import Tx

LIFE_MAX = timedelta(days=3_660)
EVERYTHING = Endpoint(path="*")
ENDPOINTS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key. Its text is shown once, when it is made, and empty ever after.

    kind: what it is for, never a person. sandbox: the environment of an integration key.
    user_id: who made it, None if a command or another key did.
    endpoints: what a management key opens. disabled: it stopped working with whoever made it.
    used_at: when it was last shown, to the minute; None if it never was.
    """

    key_id: int
    kind: CallerKind
    name: str
    created_at: datetime
    expires_at: datetime
    sandbox: bool
    application_id: ApplicationId | None
    user_id: UserId | None
    endpoints: tuple[Endpoint, ...]
    allowed_application_ids: tuple[ApplicationId, ...]
    used_at: datetime | None
    disabled: bool
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """The wish for a key, `application_id` and `sandbox` for an integration key, the rest not."""

    kind: CallerKind
    name: str
    expires_at: datetime
    sandbox: bool = False
    application_id: ApplicationId | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    allowed_application_ids: tuple[ApplicationId, ...] | None = None


async def create_key(  # noqa: PLR0913 - by name
    context: Context,
    *,
    kind: CallerKind,
    name: str,
    life: timedelta,
    sandbox: bool = False,
    application_id: ApplicationId | None = None,
    allowed_application_ids: tuple[ApplicationId, ...] | None = None,
) -> ApiKey:
    """Make a key for another system, for whoever runs the installation.

    An integration key of an application is of the application's environment; a management key is
    for all applications unless some are named.
    Errors: InvalidField without a name, or for a life that is not above zero; NotFound.
    """
    _check_name("name", name)
    if not timedelta() < life <= LIFE_MAX:
        raise InvalidField("days", str(life.days), f"write a number from 1 to {LIFE_MAX.days}")
    now = context.clock()
    async with context.database.transaction() as tx:
        if application_id is not None:
            sandbox = (await find_application(tx, application_id)).settings.sandbox
        wish = NewKey(
            kind=kind,
            name=name,
            expires_at=now + life,
            sandbox=sandbox,
            application_id=application_id,
            allowed_application_ids=allowed_application_ids,
        )
        return await _insert(context, tx, wish, None, now=now)


async def create_application_key(
    context: Context,
    caller: Caller,
    application_id: ApplicationId,
    *,
    title: str,
    expires_at: datetime,
) -> ApiKey:
    """Make an integration key of an application. Errors: NotAllowed, InvalidField, NotFound."""
    check_may(caller, Right.KEYS)
    now = context.clock()
    _check_name("title", title)
    _check_expiry("expires", expires_at, now)
    async with context.database.transaction() as tx:
        application = await find_application(tx, application_id, caller)
        wish = NewKey(
            kind=CallerKind.INTEGRATION,
            name=title,
            expires_at=expires_at,
            sandbox=application.settings.sandbox,
            application_id=application_id,
        )
        return await _insert(context, tx, wish, caller, now=now)


async def create_management_key(  # noqa: PLR0913 - by name
    context: Context,
    caller: Caller,
    *,
    name: str,
    expires_at: datetime,
    endpoints: Sequence[Endpoint],
    allowed_application_ids: Sequence[ApplicationId] = (),
) -> ApiKey:
    """Make a management key that opens these endpoints, for these applications or for all.

    Errors: NotAllowed, InvalidField.
    """
    check_may(caller, Right.KEYS)
    now = context.clock()
    _check_name("name", name)
    _check_expiry("expiryDate", expires_at, now)
    _check_endpoints(endpoints)
    async with context.database.transaction() as tx:
        for n, application_id in enumerate(allowed_application_ids):
            await _check_application(tx, f"allowedApplicationIds/{n}", application_id)
        wish = NewKey(
            kind=CallerKind.MANAGEMENT,
            name=name,
            expires_at=expires_at,
            endpoints=None if EVERYTHING in endpoints else tuple(endpoints),
            allowed_application_ids=tuple(allowed_application_ids) or None,
        )
        return await _insert(context, tx, wish, caller, now=now)


async def list_application_keys(
    context: Context, caller: Caller, application_id: ApplicationId
) -> list[ApiKey]:
    """The keys of an application in the order of their ids. Errors: NotAllowed, NotFound."""
    check_may(caller, Right.KEYS)
    async with context.database.snapshot() as reader:
        await find_application(reader, application_id, caller)
        rows = await store.list_keys(
            reader, kind=_word(CallerKind.INTEGRATION), application_id=application_id
        )
    return [_key(row) for row in rows]


async def list_management_keys(context: Context, caller: Caller) -> list[ApiKey]:
    """All management keys in the order of their ids. Errors: NotAllowed."""
    check_may(caller, Right.KEYS)
    async with context.database.reader() as reader:
        rows = await store.list_keys(reader, kind=_word(CallerKind.MANAGEMENT))
    return [_key(row) for row in rows]


async def list_keys(context: Context, caller: Caller) -> list[ApiKey]:
    """All keys of every kind in the order of their ids. Errors: NotAllowed."""
    check_may(caller, Right.KEYS)
    async with context.database.reader() as reader:
        return [_key(row) for row in await store.list_keys(reader)]


async def delete_key(context: Context, caller: Caller, key_id: int) -> None:
    """Delete a key of any kind; it opens nothing any more. Errors: NotAllowed, NotFound."""
    check_may(caller, Right.KEYS)
    now = context.clock()
    async with context.database.transaction() as tx:
        row = await store.delete_key(tx, key_id)
        if row is None:
            raise NotFound("key", str(key_id))
        await _record_end(tx, caller, _key(row), now=now)


async def delete_application_key(
    context: Context, caller: Caller, application_id: ApplicationId, key_id: int
) -> None:
    """Delete a key of an application; it opens nothing any more. Errors: NotAllowed, NotFound."""
    check_may(caller, Right.KEYS)
    async with context.database.transaction() as tx:
        await find_application(tx, application_id, caller)
        await _delete(
            tx,
            caller,
            key_id,
            kind=CallerKind.INTEGRATION,
            application_id=application_id,
            now=context.clock(),
        )


async def delete_management_key(context: Context, caller: Caller, key_id: int) -> None:
    """Delete a management key; it opens nothing any more. Errors: NotAllowed, NotFound."""
    check_may(caller, Right.KEYS)
    async with context.database.transaction() as tx:
        await _delete(tx, caller, key_id, kind=CallerKind.MANAGEMENT, now=context.clock())


async def _insert(
    context: Context, tx: Tx, wish: NewKey, caller: Caller | None, *, now: datetime
) -> ApiKey:
    """Make the key within the transaction, with its change."""
    text = secrets.token_hex(32)
    pairs = None if wish.endpoints is None else tuple((e.path, e.method) for e in wish.endpoints)
    row = store.KeyRow(
        key_id=0,
        kind=_word(wish.kind),
        name=wish.name,
        created_at=now,
        expires_at=wish.expires_at,
        sandbox=wish.sandbox,
        application_id=wish.application_id,
        user_id=caller.user_id if caller else None,
        endpoints=pairs,
        allowed_application_ids=wish.allowed_application_ids,
    )
    key_id = await store.insert_key(tx, row, digest=secret_digest(context, text))
    key = _key(row, key_id=key_id, text=text)
    await record_change(
        tx,
        caller,
        _entity(key),
        now=now,
        new=_told(key),
        application_id=key.application_id,
    )
    return key


async def _delete(  # noqa: PLR0913 - by name
    tx: Tx,
    caller: Caller,
    key_id: int,
    *,
    kind: CallerKind,
    application_id: ApplicationId | None = None,
    now: datetime,
) -> None:
    row = await store.delete_key(tx, key_id, kind=_word(kind), application_id=application_id)
    if row is None:
        raise NotFound(f"{_word(kind)} key", str(key_id))
    await _record_end(tx, caller, _key(row), now=now)


async def _record_end(tx: Tx, caller: Caller, key: ApiKey, *, now: datetime) -> None:
    await record_change(
        tx,
        caller,
        _entity(key),
        now=now,
        old=_told(key),
        application_id=key.application_id,
    )


def _key(row: store.KeyRow, *, key_id: int | None = None, text: str = "") -> ApiKey:
    opened = (("*", None),) if row.endpoints is None else row.endpoints
    return ApiKey(
        key_id=row.key_id if key_id is None else key_id,
        kind=CallerKind[row.kind.upper()],
        name=row.name,
        created_at=row.created_at,
        expires_at=row.expires_at,
        sandbox=row.sandbox,
        application_id=row.application_id,
        user_id=row.user_id,
        endpoints=tuple(Endpoint(path=path, method=method) for path, method in opened),
        allowed_application_ids=row.allowed_application_ids or (),
        used_at=row.used_at,
        disabled=row.disabled,
        key=text,
    )


def _word(kind: CallerKind) -> str:
    """The word by which the store knows the kind of key."""
    return kind.name.lower()


def _entity(key: ApiKey) -> str:
    """The path of the key in the API; a key for a whole environment has none of its own."""
    if key.kind is CallerKind.MANAGEMENT:
        return f"/v1/management_keys/{key.key_id}"
    if key.application_id is None:
        return f"/v1/api_keys/{key.key_id}"
    return f"/v1/applications/{key.application_id}/api_keys/{key.key_id}"


def _told(key: ApiKey) -> dict[str, object]:
    """What the record of changes holds of a key, which is all but the key itself."""
    expires = render_instant(key.expires_at)
    if key.kind is CallerKind.INTEGRATION:
        return {"id": key.key_id, "title": key.name, "expires": expires}
    return {
        "id": key.key_id,
        "name": key.name,
        "expiryDate": expires,
        "endpoints": [{"path": each.path, "method": each.method} for each in key.endpoints],
        "allowedApplicationIds": list(key.allowed_application_ids),
    }


def _check_name(field: str, name: str) -> None:
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not is_one_line(name):
        fix = f"write what the key is for, one line of up to {NAME_LENGTH_MAX} characters"
        raise InvalidField(field, shown(name), fix)


def _check_expiry(field: str, expires_at: datetime, now: datetime) -> None:
    if not timedelta() < expires_at - now <= LIFE_MAX:
        fix = f"write an instant that lies ahead, at most {LIFE_MAX.days:,} days"
        raise InvalidField(field, render_instant(expires_at), fix)


def _check_endpoints(endpoints: Sequence[Endpoint]) -> None:
    if not 0 < len(endpoints) <= ENDPOINTS_MAX:
        fix = f"list 1 to {ENDPOINTS_MAX} endpoints that the key may use"
        raise InvalidField("endpoints", f"{len(endpoints)} of them", fix)
    for n, each in enumerate(endpoints):
        is_path = each.path.startswith("/") and len(each.path) <= 1_000 and is_one_line(each.path)
        if each != EVERYTHING and not is_path:
            fix = "write a path like /v1/loyalty_programs/{loyaltyProgramId}, or * for all"
            raise InvalidField(f"endpoints/{n}/path", shown(each.path), fix)


async def _check_application(tx: Tx, field: str, application_id: ApplicationId) -> None:
    try:
        await find_application(tx, application_id)
    except NotFound as error:
        raise InvalidField(field, str(application_id), "write the id of an application") from error
