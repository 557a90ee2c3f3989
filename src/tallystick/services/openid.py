"""Signing in at the OpenID provider, and which of its accounts is whose.

A browser goes to the provider with a state and comes back with it and a code. The state is kept as
a digest together with one of what the browser shows in a cookie, for ten minutes and one use; nonce
and verifier are worked out from it under the installation's secret.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from tallystick.core.accounts import Origin, User, UserState
from tallystick.core.errors import InUse, NotAllowed, NotFound, ProviderFailed, TooManyAttempts
from tallystick.core.ids import UserId
from tallystick.core.openid import START_LIFE, STARTS_MAX, Identity, OpenIdSettings, Proof
from tallystick.core.roles import Right
from tallystick.core.sessions import SessionKind
from tallystick.core.validity import render_instant
from tallystick.services.callers import Caller, CallerKind, check_may, secret_digest
from tallystick.services.changes import record_change, record_sign_in
from tallystick.services.context import Context
from tallystick.services.openid_provider import OpenIdProvider
from tallystick.services.sessions import Session, open_session
from tallystick.services.users import lock_user, told_user
from tallystick.store import accounts as people_store
from tallystick.store import openid as store
from tallystick.store.db import Tx
from tallystick.store.sessions import delete_user_sessions

WAY = "openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where to send a browser, and what it has to show when it is back."""

    address: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a browser brings back: the parameters of the address, empty where there is none."""

    state: str = field(repr=False)
    browser: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Somebody who is back at the right moment with the right browser.

    user_id: who had signed in already and connects an account; None for who signs in.
    """

    way_on: str
    user_id: UserId | None


def provider_of(context: Context) -> OpenIdProvider:
    """The provider. Errors: NotFound if none is set."""
    if context.openid is None:
        raise NotFound("page", "/login/openid", "signing in at a provider is not set up here")
    return context.openid


async def start(
    context: Context,
    *,
    way_on: str,
    browser: str | None,
    user_id: UserId | None = None,
    origin: Origin,
) -> Start:
    """Send a browser to the provider; `browser` is what it shows from another start, if it does.

    Errors: NotFound if no provider is set; TooManyAttempts; ProviderFailed.
    """
    provider = provider_of(context)
    state, browser = secrets.token_urlsafe(32), browser or secrets.token_urlsafe(32)
    now = context.clock()
    async with context.database.transaction() as tx:
        if await store.count_starts(tx, origin.address, now=now) >= STARTS_MAX:
            raise TooManyAttempts(int(START_LIFE.total_seconds()))
        await store.insert_start(
            tx,
            state_digest=secret_digest(context, state),
            browser_digest=secret_digest(context, browser),
            user_id=user_id,
            way_on=way_on,
            address=origin.address,
            expires_at=now + START_LIFE,
        )
    address = provider.authorization_address(
        await provider.metadata(),
        state=state,
        nonce=_derived(context, "nonce", state),
        verifier=_derived(context, "verifier", state),
    )
    return Start(address=address, browser=browser)


async def take_back(context: Context, brought: Return) -> Back:
    """Who is back; their state is used up now.

    Errors: NotFound if no provider is set; NotAllowed.
    """
    provider = provider_of(context)
    async with context.database.transaction() as tx:
        found = await store.take_start(
            tx,
            state_digest=secret_digest(context, brought.state),
            browser_digest=secret_digest(context, brought.browser),
            now=context.clock(),
        )
    if found is None:
        fix = "begin again: it took more than ten minutes, was used before, or began elsewhere"
        raise _not(provider.settings, fix)
    user_id = found["user_id"]
    return Back(way_on=found["way_on"], user_id=None if user_id is None else UserId(user_id))


async def sign_in(context: Context, brought: Return, *, origin: Origin) -> Session:
    """A new session of a browser for whom the provider has let in.

    Errors: NotAllowed; ProviderFailed.
    """
    settings = provider_of(context).settings
    proof = await _proof(context, brought)
    async with context.database.transaction() as tx:
        user = await _known(context, tx, proof, origin)
        if user.state is not UserState.DEACTIVATED:
            await _let_in(tx, user, now=context.clock(), origin=origin)
            return await open_session(
                context, tx, user.user_id, kind=SessionKind.BROWSER, origin=origin, way=WAY
            )
        now = context.clock()
        await record_sign_in(tx, user.user_id, now=now, origin=origin, refused=True, way=WAY)
    raise _not(settings, "you are deactivated; ask an admin")


async def connect(context: Context, caller: Caller, brought: Return) -> None:
    """Let the caller sign in from now on as whom the provider has let in.

    Errors: NotAllowed; ProviderFailed.
    """
    check_may(caller, Right.OWN_ACCOUNT)
    assert caller.user_id is not None
    settings = provider_of(context).settings
    proof = await _proof(context, brought)
    async with context.database.transaction() as tx:
        user, _ = await lock_user(tx, caller.user_id)
        owner = await store.find_identity(tx, settings.issuer, proof.subject)
        if owner not in {None, user.user_id}:
            raise _taken(settings)
        await _connect(context, tx, user, proof, caller)


async def list_identities(context: Context, caller: Caller, user_id: UserId) -> list[Identity]:
    """As whom providers know somebody. Errors: NotFound for somebody else."""
    _check_whose(caller, user_id)
    async with context.database.reader() as reader:
        return await store.list_identities(reader, user_id)


async def disconnect(context: Context, caller: Caller, user_id: UserId) -> None:
    """Take from somebody all accounts at providers; their sessions end, but that of the caller.

    Errors: NotFound for somebody else, and if there is none; InUse for who disconnects themselves
    and has no password.
    """
    _check_whose(caller, user_id)
    now = context.clock()
    async with context.database.transaction() as tx:
        user, _ = await lock_user(tx, user_id)
        known = await store.list_identities(tx, user_id)
        if not known:
            raise NotFound("connected account", user.email)
        if caller.user_id == user_id and not await _has_password(tx, user_id):
            fix = "ask an admin for a link and set a password first"
            raise InUse("connected account", user.email, "no other way to sign in", fix)
        await store.delete_identities(tx, user_id)
        await delete_user_sessions(tx, user_id, but=caller.session_id)
        path = _path(user_id)
        await record_change(tx, caller, path, now=now, old={"identities": _told(known)})


def _derived(context: Context, what: str, state: str) -> str:
    """A secret that goes with a state, so that none need be kept."""
    return secret_digest(context, f"openid {what} {state}").hex()


async def _proof(context: Context, brought: Return) -> Proof:
    """Whom the provider has let in. Errors: NotAllowed if it has not; ProviderFailed."""
    provider = provider_of(context)
    if brought.issuer and brought.issuer != provider.settings.issuer:
        raise _not(provider.settings, "begin again: the answer came from another provider")
    if brought.error == "access_denied":
        raise _not(provider.settings, "it was cancelled there; begin again")
    if brought.error or not brought.code:
        raise ProviderFailed(provider.settings.name, "it let nobody in")
    return await provider.redeem(
        brought.code,
        issuer=brought.issuer,
        nonce=_derived(context, "nonce", brought.state),
        verifier=_derived(context, "verifier", brought.state),
        now=context.clock(),
    )


async def _known(context: Context, tx: Tx, proof: Proof, origin: Origin) -> User:
    """The user, locked: by the identity, or the first time by the address. Errors: NotAllowed."""
    settings = provider_of(context).settings
    user_id = await store.find_identity(tx, settings.issuer, proof.subject)
    if user_id is not None:
        user, _ = await lock_user(tx, user_id)
        return user
    if not proof.email:
        fix = "it has not confirmed an e-mail address of yours; sign in with your password, and"
        raise _not(settings, f"{fix} connect it on the page My account")
    user_id = await people_store.find_user_id(tx, proof.email)
    if user_id is None:
        raise _not(settings, f"nobody was invited as {proof.email}; ask an admin to invite you")
    user, _ = await lock_user(tx, user_id)
    if user.state is not UserState.DEACTIVATED:
        await _connect(context, tx, user, proof, _themselves(user, origin))
    return user


async def _connect(context: Context, tx: Tx, user: User, proof: Proof, caller: Caller) -> None:
    """Connect the account to a user, who is locked. Errors: NotAllowed if they have another."""
    settings, now = provider_of(context).settings, context.clock()
    for known in await store.list_identities(tx, user.user_id):
        if (known.issuer, known.subject) == (settings.issuer, proof.subject):
            return
        if known.issuer == settings.issuer:
            fix = f"{user.email} signs in with another account there; disconnect that one first"
            raise _not(settings, fix)
    identity = Identity(
        issuer=settings.issuer, subject=proof.subject, email=proof.email, connected_at=now
    )
    await store.insert_identity(tx, user.user_id, identity)
    new = {"identities": _told([identity])}
    await record_change(tx, caller, _path(user.user_id), now=now, new=new)


async def _let_in(tx: Tx, user: User, *, now: datetime, origin: Origin) -> None:
    """Whoever was invited is active from now on, and their link opens nothing any more."""
    if user.state is not UserState.INVITED:
        return
    active = replace(user, state=UserState.ACTIVE, modified_at=now)
    await people_store.update_user(tx, active)
    await people_store.delete_link(tx, user.user_id)
    path, old, new = f"/v1/users/{user.user_id}", told_user(user), told_user(active)
    await record_change(tx, _themselves(user, origin), path, now=now, old=old, new=new)


async def _has_password(tx: Tx, user_id: UserId) -> bool:
    found = await people_store.find_password(tx, user_id)
    return found is not None and found["password_hash"] != ""


def _themselves(user: User, origin: Origin) -> Caller:
    return Caller(kind=CallerKind.PERSON, user_id=user.user_id, email=user.email, origin=origin)


def _check_whose(caller: Caller, user_id: UserId) -> None:
    if caller.user_id != user_id and not caller.may(Right.PEOPLE):
        raise NotFound("user", str(user_id))


def _path(user_id: UserId) -> str:
    return f"/v1/users/{user_id}/identities"


def _told(identities: list[Identity]) -> list[dict[str, str]]:
    return [
        {
            "issuer": each.issuer,
            "subject": each.subject,
            "email": each.email,
            "connected": render_instant(each.connected_at),
        }
        for each in identities
    ]


def _not(settings: OpenIdSettings, fix: str) -> NotAllowed:
    return NotAllowed(f"come in by {settings.name}", fix)


def _taken(settings: OpenIdSettings) -> NotAllowed:
    return NotAllowed(f"connect this account of {settings.name}", "it is somebody else's here")
