"""The role that serves requests: made if need be, and given what it may do and no more."""

from urllib.parse import unquote, urlsplit

from tallystick.core.errors import CannotStart
from tallystick.store.db import Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("rights")


async def grant_rights(tx: Tx, url: str) -> None:
    """Give the role of that URL the rights that `sql/rights.sql` lists, and take all others.

    tx: as the owner of the tables. Errors: CannotStart if the URL names no role.
    """
    parts = urlsplit(url)
    if not parts.username:
        raise CannotStart(
            "TALLYSTICK_DATABASE_URL names no role, and with TALLYSTICK_OWNER_URL it has to; write"
            " postgresql://role:password@host:5432/database"
        )
    role, password = unquote(parts.username), unquote(parts.password or "")
    found = await tx.fetchrow(_SQL["find_role"], role)
    assert found is not None
    if not found["is_there"] or found["asked_by_superuser"]:
        made = await tx.fetchval(_SQL["role_statement"], found["is_there"], role, password)
        await tx.execute(made)
    for row in await tx.fetch(_SQL["rights_statements"], role):
        await tx.execute(row["statement"])
