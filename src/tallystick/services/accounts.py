"""People who can sign in, from the first one on."""

from dataclasses import dataclass, field
from datetime import datetime

from tallystick.core.accounts import Origin
from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import UserId
from tallystick.core.programs import NAME_LENGTH_MAX, is_one_line
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, CallerKind, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.passwords import check_new_password, hash_of
from tallystick.store import accounts as store
from tallystick.store.db import Tx


async def create_user(  # noqa: PLR0913 - by name
    context: Context,
    *,
    email: str,
    password: str,
    name: str = "",
    is_admin: bool = False,
    caller: Caller | None = None,
) -> UserId:
    """Make a user who can sign in; the id comes back.

    Errors: NotAllowed; InvalidField for the address, the name or what cannot be a password;
    AlreadyExists.
    """
    check_may(caller, Right.PEOPLE)
    new = await new_user(email=email, password=password, name=name, is_admin=is_admin)
    now = context.clock()
    async with context.database.transaction() as tx:
        return await enter_user(tx, new, now=now, caller=caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody who is to be made a user."""

    email: str
    name: str
    password_hash: str = field(repr=False)
    is_admin: bool


async def new_user(*, email: str, password: str, name: str, is_admin: bool) -> NewUser:
    """The user as checked, with the password's hash, which is slow to work out on purpose.

    Errors: InvalidField.
    """
    check_email(email)
    check_name(name)
    check_new_password(password, email=email)
    password_hash = await hash_of(password)
    return NewUser(email=email, name=name, password_hash=password_hash, is_admin=is_admin)


async def enter_user(
    tx: Tx,
    new: NewUser,
    *,
    now: datetime,
    caller: Caller | None = None,
    by_themselves: Origin | None = None,
) -> UserId:
    """Make a user within a transaction that the caller commits. Errors: AlreadyExists.

    by_themselves: where somebody sits who makes themselves a user; there is no caller then.
    """
    user_id = await store.insert_user(
        tx,
        email=new.email,
        name=new.name,
        password_hash=new.password_hash,
        is_admin=new.is_admin,
        now=now,
    )
    told = {
        "id": user_id,
        "email": new.email,
        "name": new.name,
        "state": "active",
        "isAdmin": new.is_admin,
        "programRoles": [],
    }
    if by_themselves is not None:
        caller = Caller(kind=CallerKind.PERSON, user_id=user_id, origin=by_themselves)
    await record_change(tx, caller, f"/v1/users/{user_id}", now=now, new=told)
    return user_id


def check_email(email: str) -> None:
    """Refuse what cannot be an address. Errors: InvalidField."""
    if not _is_address(email):
        raise InvalidField("email", shown(email), "write an address like ada@example.com")


def check_name(name: str) -> None:
    """Refuse what cannot be a person's name. Errors: InvalidField."""
    if len(name) > NAME_LENGTH_MAX or not is_one_line(name):
        fix = f"write one line of at most {NAME_LENGTH_MAX} characters"
        raise InvalidField("name", shown(name), fix)


def _is_address(email: str) -> bool:
    local, _, domain = email.partition("@")
    spaced = any(character.isspace() for character in email)
    return bool(local and domain) and len(email) <= 254 and not spaced and is_one_line(email)


async def has_users(context: Context) -> bool:
    """Whether anybody can sign in yet."""
    async with context.database.reader() as reader:
        return await store.has_users(reader)
