"""Brings a database to the schema of this version: forward only, each step in its transaction."""

from datetime import datetime
from importlib.resources import files

from tallystick.core.errors import CannotStart
from tallystick.store.db import Database, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("migrate")


async def migrate(database: Database, *, now: datetime) -> list[str]:
    """The names of the steps that were applied, in order; empty when there was nothing to do.

    Errors: CannotStart if the database was written by a newer version.
    """
    async with database.transaction() as tx:
        await tx.execute(_SQL["create_migration"])
        await tx.execute(_SQL["lock_migration"])
        done = {row["name"] for row in await tx.fetch(_SQL["list_migrations"])}
        steps = _steps()
        if unknown := done - steps.keys():
            raise CannotStart(
                f"the database was made by a newer Tallystick ({max(unknown)} is not known here);"
                " run that version, or point TALLYSTICK_DATABASE_URL at another database"
            )
        applied = [name for name in steps if name not in done]
        for name in applied:
            await _apply(tx, name, steps[name], now)
    return applied


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
