"""The codes of a second factor: made, compared, and used up.

The secret that an app's codes follow from is kept encrypted, under a key that follows from the
secret of the installation, for one person: in the row of another it cannot be read. Recovery codes
are kept as digests.
"""

import base64
import secrets
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tallystick.core import second_factor as core
from tallystick.core.errors import InvalidField
from tallystick.core.ids import UserId
from tallystick.services.callers import Caller, secret_digest
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import second_factor as store
from tallystick.store.db import Tx
from tallystick.store.second_factor import StoredFactor

ISSUER = "Tallystick"
_NONCE_BYTES = 12


def wrong_code() -> InvalidField:
    """The refusal of a code that is not good, or not any more."""
    fix = "write the one that the app shows now, which is good once, or a recovery code"
    return InvalidField("code", "another code", fix)


def new_secret() -> bytes:
    """A secret for an app."""
    return secrets.token_bytes(20)  # as long as the digest that codes are cut from


def secret_text(secret: bytes) -> str:
    """The secret as people type it into an app."""
    return base64.b32encode(secret).decode()


def setup_uri(secret: bytes, email: str) -> str:
    """The secret as an app takes it from a picture."""
    return _totp(secret).get_provisioning_uri(email, ISSUER)


def seal(context: Context, user_id: UserId, secret: bytes) -> bytes:
    """What is kept of a secret."""
    nonce = secrets.token_bytes(12)
    return nonce + _cipher(context).encrypt(nonce, secret, _whose(user_id))


async def use_app_code(  # noqa: PLR0913 - by name
    context: Context, tx: Tx, user_id: UserId, factor: StoredFactor, code: str, *, now: datetime
) -> bool:
    """Whether an app shows the code; it and all before it are good no more then."""
    bare = core.bare(code)
    if not core.is_from_app(bare):
        return False
    step = _step_of(context, user_id, factor, bare, now)
    return step is not None and await store.use_step(tx, user_id, step)


async def use_code(  # noqa: PLR0913 - by name
    context: Context, tx: Tx, caller: Caller, factor: StoredFactor, code: str, *, now: datetime
) -> bool:
    """Whether it is a code of the caller's app or a recovery code; it is good no more then."""
    assert caller.user_id is not None
    if await use_app_code(context, tx, caller.user_id, factor, code, now=now):
        return True
    digest = recovery_digest(context, caller.user_id, code)
    if not await store.use_recovery_code(tx, caller.user_id, digest):
        return False
    left = await store.count_recovery_codes(tx, caller.user_id)
    path = f"/v1/users/{caller.user_id}/second_factor/recovery_codes"
    await record_change(tx, caller, path, now=now, old={"left": left + 1}, new={"left": left})
    return True


def new_recovery_codes() -> tuple[str, ...]:
    """Codes to be kept on paper, in groups."""
    return tuple(
        "-".join(
            "".join(secrets.choice(core.RECOVERY_SIGNS) for _ in range(core.RECOVERY_GROUP))
            for _ in range(core.RECOVERY_GROUPS)
        )
        for _ in range(core.RECOVERY_CODES)
    )


def recovery_digest(context: Context, user_id: UserId, code: str) -> bytes:
    """What is kept of a recovery code."""
    return secret_digest(context, f"recovery code of {user_id} {core.bare(code)!a}")


def _step_of(
    context: Context, user_id: UserId, factor: StoredFactor, bare: str, now: datetime
) -> int | None:
    """The step whose code it is; each is compared, and none tells by its time how near it was."""
    secret = _opened(context, user_id, factor.sealed_secret)
    if secret is None:
        return None
    totp, found = _totp(secret), None
    for step in core.steps_at(now):
        if bytes_eq(totp.generate(step * core.STEP_SECONDS), bare.encode()):
            found = step
    return found


def _opened(context: Context, user_id: UserId, sealed: bytes) -> bytes | None:
    """The secret; None if the installation has another secret now, or it was kept for another."""
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return _cipher(context).decrypt(nonce, text, _whose(user_id))
    except InvalidTag:
        return None


def _cipher(context: Context) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"second factors")
    return AESGCM(derived.derive(context.secret))


def _whose(user_id: UserId) -> bytes:
    return f"user {user_id}".encode()


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, core.DIGITS, SHA1(), core.STEP_SECONDS)  # noqa: S303 - as all apps have it
