"""The role that serves requests may add to what is written once, and never change or delete it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from conftest import PASSWORD, Server
from tallystick.core.errors import CannotStart
from tallystick.store.db import Connection, Database
from tallystick.store.migrate import migrate

NOW = datetime(2026, 11, 29, tzinfo=UTC)
APPEND_ONLY = (
    "change", "data_export", "transaction_", "allocation", "reversal", "idempotency",
    "point_import", "join_date_import", "import_undo", "lot", "holder",
    "approval", "approval_decision",
)  # fmt: skip
UPDATE = "UPDATE {} SET {} = DEFAULT WHERE false"
COLUMNS = "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0"


@pytest.fixture
async def role(database_url: str) -> AsyncIterator[Connection]:
    """A connection of the role that serves requests."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Connection]:
    """A connection of the owner."""
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_is_written_once_cannot_be_deleted(role: Connection, table: str) -> None:
    for statement in ("DELETE FROM {}", "TRUNCATE {}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(statement.format(table))


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_is_written_once_cannot_be_changed_but_for_what_can_be_worked_out_again(
    role: Connection, table: str
) -> None:
    changeable = {
        "lot": {"remaining"},
        "holder": {"last_no", "last_at", "owing_until"},
        "approval": {"waits"},
    }
    for (column,) in await role.fetch(COLUMNS, table):
        statement = UPDATE.format(table, column)
        if column in changeable.get(table, set()):
            await role.execute(statement)
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (n int)",
        "ALTER TABLE change ADD COLUMN mine int",
        "DROP TABLE change",
        "CREATE FUNCTION mine () RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX mine ON change (entity)",
        "CREATE RULE mine AS ON INSERT TO change DO INSTEAD NOTHING",
        "INSERT INTO schema_migration VALUES ('9999_tomorrow', now())",
        "CREATE ROLE mine SUPERUSER",
        "SET ROLE tallystick",
        "SET session_replication_role = replica",
        "COPY change TO PROGRAM 'cat'",
    ],
)  # fmt: skip
async def test_the_role_cannot_make_itself_more_than_it_is(
    role: Connection, statement: str
) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await role.execute(statement)
    assert refusal.value.sqlstate in {"42501", "22023"}, refusal.value


async def test_every_table_and_view_has_a_place_in_the_list(role: Connection) -> None:
    """Whoever adds one adds it to `sql/rights.sql`."""
    unknown = await role.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v')"
        " AND relnamespace = current_schema()::regnamespace"
        " AND relname <> 'import_turn' AND NOT has_table_privilege(oid, 'SELECT')"
    )
    assert unknown == []


async def test_a_start_brings_the_rights_to_the_list(
    owner: Connection, owner_url: str, database_url: str, role: Connection
) -> None:
    name = await role.fetchval("SELECT current_user")
    await owner.execute(f"GRANT DELETE ON change TO {name}; REVOKE INSERT ON change FROM {name}")
    await role.execute("DELETE FROM change")
    await _migrate(owner_url, database_url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute("DELETE FROM change")
    await role.execute("INSERT INTO change (recorded_at, entity) VALUES (now(), '/v1/things/1')")


async def test_only_the_role_may_erase(owner: Connection) -> None:
    for function in ("erase_holder", "erase_records"):
        [grants] = await owner.fetchrow(
            "SELECT proacl::text FROM pg_proc WHERE proname = $1", function
        ) or [None]
        assert "=X/" not in str(grants).replace("tallystick=X/", "").replace("tests=X/", "")


async def test_one_role_will_do_where_there_is_nothing_to_migrate(
    owner: Connection, database_url: str
) -> None:
    assert await _migrate(database_url, None) == []
    await owner.execute("DELETE FROM schema_migration WHERE name = '0010_append_only'")
    with pytest.raises(CannotStart, match="set TALLYSTICK_OWNER_URL") as refusal:
        await _migrate(database_url, None)
    assert "\n" not in str(refusal.value)


async def test_an_owner_who_is_no_superuser_will_do(server: Server, owner_url: str) -> None:
    """The role has to be there: only a superuser can make it."""
    name = urlsplit(owner_url).path[1:]
    parts = urlsplit(owner_url)
    _, _, place = parts.netloc.rpartition("@")
    books, owner, role = f"{name}_books", f"{name}_owner", f"{name}_role"
    urls = [
        urlunsplit(parts._replace(netloc=f"{each}:{PASSWORD}@{place}", path=f"/{books}"))
        for each in (owner, role)
    ]
    await server.execute(
        f"CREATE ROLE {owner} LOGIN PASSWORD '{PASSWORD}'", f"CREATE DATABASE {books} OWNER {owner}"
    )
    try:
        with pytest.raises(CannotStart, match="make the role of TALLYSTICK_DATABASE_URL"):
            await _migrate(*urls)
        await server.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        assert "0010_append_only" in await _migrate(*urls)
        connection = await asyncpg.connect(urls[1])
        assert await connection.fetchval("SELECT count(*) FROM change") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM change")
        await connection.close()
    finally:
        await server.execute(
            f"DROP DATABASE {books}", f"DROP ROLE {owner}", f"DROP ROLE IF EXISTS {role}"
        )


async def test_two_roles_have_to_be_named(owner_url: str) -> None:
    with pytest.raises(CannotStart, match="names no role"):
        await _migrate(owner_url, "postgresql:///tallystick")


async def _migrate(url: str, application_url: str | None) -> list[str]:
    database = await Database.connect(url, size=1)
    try:
        return await migrate(database, now=NOW, application_url=application_url)
    finally:
        await database.close()
