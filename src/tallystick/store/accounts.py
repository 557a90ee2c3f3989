"""Users; passwords and tokens arrive here as hashes and digests."""

from datetime import datetime

from tallystick.core.accounts import OwnSettings, Theme, User, UserState
from tallystick.core.errors import AlreadyExists
from tallystick.core.ids import UserId
from tallystick.core.roles import ProgramRole
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries
from tallystick.store.roles import list_program_roles

_SQL = load_queries("accounts")


async def insert_user(  # noqa: PLR0913 - by name
    tx: Tx,
    *,
    email: str,
    name: str,
    password_hash: str,
    is_admin: bool,
    now: datetime,
    state: UserState = UserState.ACTIVE,
) -> UserId:
    """Insert a user; the id comes back.

    Errors: AlreadyExists if the e-mail address is taken, in whatever case.
    """
    with refused_as({"user_account_email_key": AlreadyExists("user", "email", email)}):
        return UserId(
            await tx.fetchval(
                _SQL["insert_user"], now, email, name, password_hash, is_admin, state.value
            )
        )


async def lock_users(tx: Tx) -> None:
    """Keep everybody else from making or changing users until the transaction ends."""
    await tx.execute(_SQL["lock_users"])


async def has_users(reader: Reader) -> bool:
    """Whether there is any user yet."""
    return bool(await reader.fetchval(_SQL["has_users"]))


async def find_user(reader: Reader, email: str) -> Record | None:
    """`user_id` and `password_hash` of the active user with this e-mail address."""
    return await reader.fetchrow(_SQL["find_user"], email)


async def find_user_id(reader: Reader, email: str) -> UserId | None:
    """The user with this e-mail address, active or deactivated."""
    user_id = await reader.fetchval(_SQL["find_user_id"], email)
    return None if user_id is None else UserId(user_id)


async def list_users(
    reader: Reader, *, only: UserId | None, sort: str, skip: int, at_most: int
) -> list[User]:
    """A page of users, or of the only one; `sort` is a word of the query, - in front for down."""
    rows = await reader.fetch(_SQL["list_users"], only, sort, skip, at_most)
    roles = await list_program_roles(reader, [row["user_id"] for row in rows])
    return [_user(row, roles.get(row["user_id"], ())) for row in rows]


async def count_users(reader: Reader, *, only: UserId | None) -> int:
    """How many users there are."""
    return int(await reader.fetchval(_SQL["count_users"], only))


async def lock_user(tx: Tx, user_id: UserId) -> tuple[User | None, list[UserId]]:
    """The user, and all active admins; until the transaction ends nobody changes either."""
    rows = await tx.fetch(_SQL["lock_user"], user_id)
    roles = (await list_program_roles(tx, [user_id])).get(user_id, ())
    users = [_user(row, roles if row["user_id"] == user_id else ()) for row in rows]
    admins = [user.user_id for user in users if user.administers]
    return next((user for user in users if user.user_id == user_id), None), admins


async def lock_person(tx: Tx, user_id: UserId) -> None:
    """Let nobody change whether a user has a second factor until the transaction ends."""
    await tx.execute(_SQL["lock_person"], user_id)


async def update_user(tx: Tx, user: User) -> None:
    """Write name, state and admin of a user, and when they were modified."""
    await tx.execute(
        _SQL["update_user"],
        user.user_id,
        user.modified_at,
        user.name,
        user.state.value,
        user.is_admin,
    )


async def delete_user(tx: Tx, user_id: UserId, *, now: datetime) -> None:
    """Mark a user as deleted and forget the password; the address is free again."""
    await tx.execute(_SQL["delete_user"], user_id, now)


async def note_sign_in(tx: Tx, user_id: UserId, *, now: datetime) -> None:
    """Write down when the user signed in last."""
    await tx.execute(_SQL["note_sign_in"], user_id, now)


async def find_password(reader: Reader, user_id: UserId) -> Record | None:
    """`email` and `password_hash` of an active user."""
    return await reader.fetchrow(_SQL["find_password"], user_id)


async def set_password(tx: Tx, user_id: UserId, password_hash: str, *, now: datetime) -> None:
    """Write the password of a user, who is active from now on."""
    await tx.execute(_SQL["set_password"], user_id, now, password_hash)


async def update_own_settings(
    tx: Tx, user_id: UserId, settings: OwnSettings, *, now: datetime
) -> None:
    """Write what a user chose for themselves."""
    await tx.execute(
        _SQL["update_own_settings"],
        user_id,
        now,
        settings.theme.value,
        settings.timezone,
        settings.locale,
    )


async def replace_link(
    tx: Tx, user_id: UserId, token_digest: bytes, *, now: datetime, expires_at: datetime
) -> None:
    """Let this be the one link of a user."""
    await tx.execute(_SQL["replace_link"], user_id, token_digest, now, expires_at)


async def find_link(reader: Reader, token_digest: bytes, *, now: datetime) -> Record | None:
    """`user_id`, `email`, `name`, `state`, `has_second_factor` of whoever the link is for."""
    return await reader.fetchrow(_SQL["find_link"], token_digest, now)


async def take_link(tx: Tx, token_digest: bytes, *, now: datetime) -> UserId | None:
    """Whose link it was; it is gone now. None if there was none."""
    user_id = await tx.fetchval(_SQL["take_link"], token_digest, now)
    return None if user_id is None else UserId(user_id)


async def delete_link(tx: Tx, user_id: UserId) -> None:
    """Delete the link of a user, if there is one."""
    await tx.execute(_SQL["delete_link"], user_id)


def _user(row: Record, roles: tuple[ProgramRole, ...]) -> User:
    return User(
        user_id=UserId(row["user_id"]),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        signed_in_at=row["signed_in_at"],
        email=row["email"],
        name=row["name"],
        state=UserState(row["state"]),
        is_admin=row["is_admin"],
        has_second_factor=row["has_second_factor"],
        roles=roles,
        settings=OwnSettings(
            theme=Theme(row["theme"]), timezone=row["timezone"], locale=row["locale"]
        ),
    )
