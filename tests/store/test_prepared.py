"""Every named query is valid on the migrated schema, and the hot ones are carried by their keys."""

from collections.abc import Iterator
from importlib.resources import files

import asyncpg
import pytest

from tallystick.store.queries import load_queries

NOUNS = sorted(
    entry.name.removesuffix(".sql")
    for entry in files("tallystick.store").joinpath("sql").iterdir()
    if entry.name.endswith(".sql")
)
UTILITY = ("LOCK", "ANALYZE", "CREATE", "SET")  # statements that PostgreSQL does not prepare

# What the staging table of an import looks like to the queries that read it.
STAGED = load_queries("imports")["create_staging"]


def queries() -> Iterator[tuple[str, str]]:
    for noun in NOUNS:
        for name, sql in load_queries(noun).items():
            statement = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
            yield f"{noun}.{name}", statement.strip()


@pytest.mark.parametrize(("name", "sql"), list(queries()))
async def test_a_query_is_valid_on_the_schema(
    module_database_url: str, name: str, sql: str
) -> None:
    connection = await asyncpg.connect(module_database_url)
    try:
        async with connection.transaction():
            if "import_row" in sql and name != "imports.create_staging":
                await connection.execute(STAGED)
            if sql.startswith(UTILITY):
                await connection.execute(sql)
            else:
                await connection.prepare(sql)
    finally:
        await connection.close()


HOT = [
    ("posting", "lock_holders", "uuid[]", "ARRAY['{0}']::uuid[]"),
    ("posting", "find_answers", "uuid[], text[]", "ARRAY['{0}']::uuid[], '{{k}}'"),
    (
        "posting",
        "reachable_lots",
        "uuid[], int[], int[], timestamptz[], bigint[]",
        "ARRAY['{0}']::uuid[], '{{1}}', '{{0}}', ARRAY[now()], '{{5}}'",
    ),
    ("posting", "whole_lots", "uuid[], timestamptz[]", "ARRAY['{0}']::uuid[], ARRAY[now()]"),
    (
        "balances",
        "holder_balances",
        "uuid, int, timestamptz, timestamptz",
        "'{0}', 1, now(), now()",
    ),
    (
        "transactions",
        "holder_transactions",
        (
            "uuid, int, text, smallint, timestamptz, timestamptz, timestamptz, text[], uuid[], int,"
            " int"
        ),
        "'{0}', 1, null, null, null, null, null, null, null, 50, 0",
    ),
]
MANY_HOLDERS = """
INSERT INTO holder (holder_id, created_at, last_at, sandbox, integration_id)
SELECT md5(n::text)::uuid, now(), now(), false, n::text FROM generate_series(1, 5000) AS n;
INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at, shown_expires_at,
  amount, txn_no, program_id, subledger_id, kind, source, creates_negative, name)
SELECT md5((n % 5000 + 1)::text)::uuid, gen_random_uuid(), now(), now(), '9999-12-31', 5,
  n / 5000 + 1, 1, 0, 1, 1, false, '' FROM generate_series(0, 49999) AS n;
INSERT INTO lot (holder_id, recorded_at, effective_at, start_at, expires_at, amount, remaining,
  lot_no, program_id, subledger_id)
SELECT holder_id, recorded_at, recorded_at, recorded_at, '9999-12-31', 5, 5, txn_no, 1, 0
FROM transaction_;
INSERT INTO allocation (holder_id, recorded_at, effective_at, start_at, expires_at, amount, lot_no,
  txn_no, seq, program_id, subledger_id, debt)
SELECT holder_id, recorded_at, recorded_at, start_at, expires_at, 1, lot_no, lot_no, 1, 1, 0, false
FROM lot;
INSERT INTO idempotency (holder_id, recorded_at, key, fingerprint, answer)
SELECT holder_id, now(), 'k', '', '{}' FROM holder;
ANALYZE;
"""


async def test_hot_queries_read_no_table_from_end_to_end(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(MANY_HOLDERS)
    holder_id = await connection.fetchval("SELECT holder_id FROM holder WHERE integration_id = '7'")
    for noun, name, types, values in HOT:
        sql = load_queries(noun)[name]
        await connection.execute(f"PREPARE {name} ({types}) AS {sql}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE {name} ({values.format(holder_id)})")
        plan = "\n".join(row[0] for row in rows)
        for table in ("holder", "transaction_", "lot", "allocation", "idempotency"):
            assert f"Seq Scan on {table} " not in plan, plan
    await connection.close()
