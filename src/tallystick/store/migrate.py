"""Brings a database to the schema of this version: forward only, each step in its transaction."""

from datetime import datetime
from importlib.resources import files

import asyncpg

from tallystick.core.errors import CannotStart
from tallystick.store.db import Database, Reader, Tx
from tallystick.store.queries import load_queries
from tallystick.store.rights import grant_rights

_SQL = load_queries("migrate")


async def migrate(
    database: Database, *, now: datetime, application_url: str | None = None
) -> list[str]:
    """The names of the steps that were applied, in order; empty when there was nothing to do.

    application_url: whose role gets its rights; None if it is the one that migrates. With nothing
    to do a role without rights of its own will do as well.
    Errors: CannotStart if the database was written by a newer version, or the role may not do it.
    """
    async with database.reader() as reader:
        missing = await _missing(reader)
    if not missing and application_url is None:
        return []
    try:
        async with database.transaction() as tx:
            await tx.execute(_SQL["create_migration"])
            await tx.execute(_SQL["lock_migration"])
            missing = await _missing(tx)
            for name, sql in missing.items():
                await _apply(tx, name, sql, now)
            if application_url is not None:
                await grant_rights(tx, application_url)
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotStart(
            f"the role of the database may not do what is needed: {error}; set TALLYSTICK_OWNER_URL"
            " to the role that owns its tables, and make the role of TALLYSTICK_DATABASE_URL if it"
            " is not there"
        ) from error
    return list(missing)


async def _missing(reader: Reader) -> dict[str, str]:
    """The steps that are to be applied, in order."""
    done: set[str] = set()
    if await reader.fetchval(_SQL["has_migrations"]):
        done = {row["name"] for row in await reader.fetch(_SQL["list_migrations"])}
    steps = _steps()
    if unknown := done - steps.keys():
        raise CannotStart(
            f"the database was made by a newer Tallystick ({max(unknown)} is not known here);"
            " run that version, or point TALLYSTICK_DATABASE_URL at another database"
        )
    return {name: sql for name, sql in steps.items() if name not in done}


async def _apply(tx: Tx, name: str, sql: str, now: datetime) -> None:
    await tx.execute(_SQL["limit_lock_wait"])
    await tx.execute(sql)
    await tx.execute(_SQL["record_migration"], name, now)


def _steps() -> dict[str, str]:
    folder = files(__package__).joinpath("migrations")
    found = {
        entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }
    return dict(sorted(found.items()))
