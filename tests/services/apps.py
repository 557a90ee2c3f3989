"""An app that shows codes, written down a second time from RFC 6238, and people who have one."""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass
from datetime import datetime

from services.harness import new_name
from tallystick.core.ids import UserId
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.second_factor import begin_second_factor, confirm_second_factor
from tallystick.services.sessions import Session, sign_in

PASSWORD = "correct horse"


def code_at(secret: str, now: datetime, *, steps: int = 0) -> str:
    """What an app with that secret shows, that many half minutes from now."""
    counter = int(now.timestamp()) // 30 + steps
    key = base64.b32decode(secret.replace(" ", ""))
    digest = hmac.digest(key, struct.pack(">Q", counter), hashlib.sha1)
    [number] = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def other_than(code: str) -> str:
    """Six other digits."""
    return "".join(str((int(digit) + 5) % 10) for digit in code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody with a second factor, and the session in which they have turned it on."""

    email: str
    caller: Caller
    session: Session
    secret: str
    recovery_codes: tuple[str, ...]

    @property
    def id(self) -> UserId:
        assert self.caller.user_id is not None
        return self.caller.user_id


async def new_person(context: Context) -> tuple[str, Session, Caller]:
    """Somebody who has signed in by their password."""
    email = f"{new_name('ada').replace(' ', '')}@example.com"
    await create_user(context, email=email, password=PASSWORD)
    session = await sign_in(context, email=email, password=PASSWORD)
    return email, session, await Doorkeeper(context).identify(f"Bearer {session.token}")


async def new_holder(context: Context) -> Holder:
    """Somebody who has turned a second factor on, by the code of the step before this one."""
    email, session, caller = await new_person(context)
    setup = await begin_second_factor(context, caller, password=PASSWORD)
    code = code_at(setup.secret, context.clock(), steps=-1)
    found = await confirm_second_factor(context, caller, code=code)
    return Holder(
        email=email,
        caller=caller,
        session=session,
        secret=setup.secret,
        recovery_codes=found.codes,
    )
