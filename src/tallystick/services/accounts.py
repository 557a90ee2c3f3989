"""People who can sign in, from the first one on."""

from tallystick.core.errors import InvalidField, shown
from tallystick.core.ids import UserId
from tallystick.core.passwords import check_password
from tallystick.core.programs import NAME_LENGTH_MAX, is_one_line
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.services.passwords import hash_of
from tallystick.store import accounts as store


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

    Errors: NotAllowed; InvalidField for the address, the name or a password under 12 characters;
    AlreadyExists.
    """
    check_may(caller, Right.PEOPLE)
    check_email(email)
    check_name(name)
    check_password(password, email=email)
    password_hash = await hash_of(password)
    now = context.clock()
    async with context.database.transaction() as tx:
        user_id = await store.insert_user(
            tx, email=email, name=name, password_hash=password_hash, is_admin=is_admin, now=now
        )
        new = {
            "id": user_id,
            "email": email,
            "name": name,
            "state": "active",
            "isAdmin": is_admin,
            "programRoles": [],
        }
        await record_change(tx, caller, f"/v1/users/{user_id}", now=now, new=new)
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
