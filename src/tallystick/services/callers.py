"""Who sends a request, shown by a key or a session, and how far that reaches.

Tokens and keys are random and kept as HMAC-SHA256 digests under the installation's secret, so that
neither can be read back from the database.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from tallystick.core.accounts import Origin
from tallystick.core.errors import NotAllowed, NotFound, NotSignedIn
from tallystick.core.ids import ApplicationId, Environment, ProgramId, UserId
from tallystick.core.programs import Program
from tallystick.core.roles import EVERYBODYS, RIGHTS, Right, Role, who_may
from tallystick.core.sessions import SEEN_EVERY, SessionKind, expiry_of
from tallystick.services.context import Context
from tallystick.services.remembered import Remembered
from tallystick.store import keys as key_store
from tallystick.store import sessions as session_store
from tallystick.store.db import Record
from tallystick.store.roles import list_program_roles

USE_NOTED_EVERY = timedelta(minutes=1)  # a key may be shown thousands of times a second

_PARAMETER = re.compile(r"\{[^{}/]*\}")


class CallerKind(Enum):
    """How somebody has shown who they are; the values are the schemes of `Authorization`."""

    INTEGRATION = "ApiKey-v1"
    MANAGEMENT = "ManagementKey-v1"
    PERSON = "Bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Operations that a management key opens: a path as the API writes it, and one or any method.

    The names of a path's parameters do not matter.
    """

    path: str
    method: str | None = None

    def is_of(self, method: str, path: str) -> bool:
        """Whether this is about the operation of that method and path."""
        same = _PARAMETER.sub("{}", self.path) == _PARAMETER.sub("{}", path)
        return same and self.method in {None, method}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request.

    user_id, session_id, email, is_admin, roles: a person's; a role is that in one program.
    key_id: a key's.
    application_id, sandbox: an integration key's; without an application it is one for all of its
    environment.
    endpoints, allowed_application_ids: what a management key opens; None opens everything.
    origin: where this request came from; None for work that goes on after it.
    """

    kind: CallerKind
    user_id: UserId | None = None
    session_id: int | None = None
    email: str = ""
    is_admin: bool = False
    roles: Mapping[ProgramId, Role] = field(default_factory=dict)
    key_id: int | None = None
    application_id: ApplicationId | None = None
    sandbox: bool = False
    endpoints: tuple[Endpoint, ...] | None = None
    allowed_application_ids: frozenset[ApplicationId] | None = None
    origin: Origin | None = None

    @property
    def environment(self) -> Environment:
        """Where the profiles are that an integration key speaks of."""
        return Environment.SANDBOX if self.sandbox else Environment.LIVE

    def may(self, right: Right, program_id: ProgramId | None = None) -> bool:
        """Whether the caller has the right in the program; without one, in any at all.

        A management key has every right, and its endpoints limit it. An integration key has none:
        what it opens is for no person.
        """
        if self.kind is not CallerKind.PERSON:
            return self.kind is CallerKind.MANAGEMENT
        if self.is_admin:
            return right in RIGHTS[Role.ADMIN]
        if right in EVERYBODYS:
            return True
        if program_id is None:
            return any(right in RIGHTS[role] for role in self.roles.values())
        return program_id in self.roles and right in RIGHTS[self.roles[program_id]]

    def may_use(self, method: str, path: str) -> bool:
        """Whether the operation is among the endpoints that the caller opens."""
        return self.endpoints is None or any(each.is_of(method, path) for each in self.endpoints)

    def reaches_application(self, application_id: ApplicationId) -> bool:
        """Whether the caller may know of this application."""
        allowed = self.allowed_application_ids
        return allowed is None or application_id in allowed

    def reaches_program(self, program: Program) -> bool:
        """Whether the caller may know of a program.

        To keys, a program that lists no applications is open to all of its environment.
        Source: domain section A16.
        """
        settings = program.settings
        if self.kind is CallerKind.PERSON:
            return self.may(Right.SEE, program.id)
        if self.kind is CallerKind.INTEGRATION and self.sandbox is not settings.sandbox:
            return False
        connected = set(settings.subscribed_applications)
        if not connected:
            return True
        if self.application_id is not None:
            return self.application_id in connected
        allowed = self.allowed_application_ids
        return allowed is None or not connected.isdisjoint(allowed)


def check_may(caller: Caller | None, right: Right, program_id: ProgramId | None = None) -> None:
    """Nothing, if whoever calls has the right; a command, which is None, has every right.

    Errors: NotFound for a program that they may not know of; NotAllowed.
    """
    if caller is None or caller.may(right, program_id):
        return
    if program_id is not None and not caller.may(Right.SEE, program_id):
        raise NotFound("loyalty program", str(program_id), hidden=True)
    raise NotAllowed(right.value, f"it takes the role {who_may(right)}; ask an admin for it")


class Doorkeeper:
    """Tells who sends a request, and remembers the answer for a second.

    So a key that is deleted or a session that is ended by another process works for one second more
    at the most. What this process ends, it is told to forget.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: Remembered[str, Caller] = Remembered()

    async def identify(self, authorization: str) -> Caller:
        """Whose credentials an `Authorization` header carries.

        Errors: NotSignedIn if they are missing, malformed, unknown or expired.
        """
        return await self._known.get(authorization, lambda: _identify(self._context, authorization))

    def forget(self, authorization: str) -> None:
        """Ask anew the next time."""
        self._known.forget(authorization)

    def forget_all(self, unwanted: Callable[[Caller], bool]) -> None:
        """Ask anew for every caller of whom this is true."""
        self._known.forget_all(unwanted)


async def _identify(context: Context, authorization: str) -> Caller:
    scheme, _, secret = authorization.partition(" ")
    schemes = {kind.value.lower(): kind for kind in CallerKind}
    kind = schemes.get(scheme.lower())
    if kind is None or not secret:
        wanted = ", ".join(f"'{kind.value} ...'" for kind in CallerKind)
        raise NotSignedIn(f"send the header Authorization with one of {wanted}")
    digest = secret_digest(context, secret.strip())
    finding = _find_person if kind is CallerKind.PERSON else _find_key
    caller = await finding(context, digest)
    if caller is None or caller.kind is not kind:
        raise NotSignedIn(f"the credentials after '{kind.value}' are unknown or have expired")
    return caller


async def _find_person(context: Context, digest: bytes) -> Caller | None:
    now = context.clock()
    async with context.database.reader() as reader:
        session = await session_store.find_session(reader, digest, now=now)
        if session is None:
            return None
        user_id = UserId(session["user_id"])
        roles = (await list_program_roles(reader, [user_id])).get(user_id, ())
    if now - session["seen_at"] >= SEEN_EVERY:
        await _see(context, session, now)
    return Caller(
        kind=CallerKind.PERSON,
        user_id=user_id,
        session_id=session["session_id"],
        email=session["email"],
        is_admin=session["is_admin"],
        roles={each.program_id: each.role for each in roles},
    )


async def _see(context: Context, session: Record, now: datetime) -> None:
    """Write down that a session is in use, which lets one of a browser go on."""
    kind = SessionKind(session["kind"])
    expires_at = expiry_of(kind, created_at=session["created_at"], seen_at=now)
    session_id = session["session_id"]
    async with context.database.transaction() as tx:
        await session_store.see_session(tx, session_id, now=now, expires_at=expires_at)


async def _find_key(context: Context, digest: bytes) -> Caller | None:
    now = context.clock()
    async with context.database.reader() as reader:
        key = await key_store.find_key(reader, digest, now=now)
    if key is None:
        return None
    if key.used_at is None or now - key.used_at >= USE_NOTED_EVERY:
        async with context.database.transaction() as tx:
            await key_store.note_use(tx, key.key_id, now=now)
    allowed = key.allowed_application_ids
    return Caller(
        kind=CallerKind[key.kind.upper()],
        key_id=key.key_id,
        application_id=key.application_id,
        sandbox=key.sandbox,
        endpoints=None if key.endpoints is None else endpoints_of(key.endpoints),
        allowed_application_ids=None if allowed is None else frozenset(allowed),
    )


def endpoints_of(pairs: tuple[tuple[str, str | None], ...]) -> tuple[Endpoint, ...]:
    """Endpoints as they are stored: path and method, pair by pair."""
    return tuple(Endpoint(path=path, method=method) for path, method in pairs)


def secret_digest(context: Context, secret: str) -> bytes:
    """What is kept of a token or key."""
    return hmac.digest(context.secret, secret.encode(), hashlib.sha256)
