"""Every query is one the database understands, and the hot ones are carried by their indexes."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tallystick.store.db import Connection
from tallystick.store.queries import load_queries
from tidy.queries import SQL_FOLDER, queries
from tidy.tree import files

NAMES = [(query.noun, query.name) for query in queries()]
SQL = {path.stem: load_queries(path.stem) for path in files(SQL_FOLDER, ".sql")}

AT = datetime(2026, 6, 15, tzinfo=UTC)
LATER = datetime(2027, 6, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
async def connection(module_owner_url: str) -> AsyncIterator[Connection]:
    """A connection to the module's database."""
    connection = await asyncpg.connect(module_owner_url)
    yield connection
    await connection.close()


@pytest.mark.parametrize(("noun", "name"), NAMES, ids=[" ".join(each) for each in NAMES])
async def test_every_query_can_be_prepared(connection: Connection, noun: str, name: str) -> None:
    async with connection.transaction():
        await connection.execute(SQL["imports"]["create_staging"])
        await connection.execute(SQL["joining"]["create_staging"])
        for table in ("create_holders", "create_entries", "create_wallets"):
            await connection.execute(SQL["undo"][table])
        statement = await connection.prepare(SQL[noun][name])
    assert "unknown" not in {parameter.name for parameter in statement.get_parameters()}


# Plans

# Twenty thousand holders, each with four additions, a deduction, bookings ahead and a key.
BOOKS = """
INSERT INTO program (created_at, name, title, description, timezone, card_based, sandbox,
  subscribed_applications, default_pending, default_validity, allow_subledger, return_policy)
SELECT '2026-06-15 00:00+00', 'program ' || n, '', '', 'UTC', false, false, '{}', '', '', true,
  'unlimited'
FROM generate_series(1, 3) AS n;

INSERT INTO subledger (program_id, subledger_id, name)
SELECT program_id, n, CASE n WHEN 0 THEN '' ELSE 'shop ' || n END
FROM program, generate_series(0, 4) AS n;

INSERT INTO holder (holder_id, created_at, last_at, last_no, sandbox, integration_id)
SELECT md5(n::text)::uuid, '2026-06-15 00:00+00', '2026-06-15 00:00+00', 5, false, 'member ' || n
FROM generate_series(1, 20000) AS n;

INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at,
  shown_expires_at, amount, txn_no, program_id, subledger_id, kind, source, creates_negative, name)
SELECT holder_id, md5(holder_id::text || n)::uuid, created_at, created_at,
  '9999-12-31 00:00+00', 100, n, 1 + n % 3, n % 5, CASE WHEN n > 4 THEN 2 ELSE 1 END, 1, false,
  'Purchase'
FROM holder, generate_series(1, 5) AS n;

INSERT INTO lot (holder_id, recorded_at, effective_at, start_at, expires_at, amount, remaining,
  lot_no, program_id, subledger_id)
SELECT holder_id, recorded_at, effective_at, recorded_at, shown_expires_at, amount, 50, txn_no,
  program_id, subledger_id
FROM transaction_
WHERE kind = 1;

INSERT INTO allocation (holder_id, recorded_at, effective_at, start_at, expires_at, amount, lot_no,
  txn_no, seq, program_id, subledger_id, debt)
SELECT holder_id, recorded_at, effective_at + lot_no % 2 * interval '1 day', start_at, expires_at,
  10, lot_no, 5, lot_no, program_id, subledger_id, false
FROM lot;

INSERT INTO idempotency (holder_id, recorded_at, key, fingerprint, answer)
SELECT holder_id, created_at, 'key 1', '', '{}'
FROM holder;
"""


@pytest.fixture(scope="module")
async def books(connection: Connection) -> Connection:
    """A connection to a database with many rows, of which the planner knows."""
    await connection.execute(BOOKS)
    await connection.execute("VACUUM ANALYZE")
    return connection


# For each hot query its arguments, for ten members or one, and the indexes that carry it.
TEN = 10
HOT: dict[tuple[str, str], tuple[list[Any], set[str]]] = {
    ("posting", "lock_holders"): (["holders"], {"holder_pkey"}),
    ("posting", "find_holders"): (["holders"], {"holder_pkey"}),
    ("posting", "find_answers"): (["holders", ["key 1"] * TEN], {"idempotency_pkey"}),
    ("posting", "reachable_lots"): (
        ["holders", [1] * TEN, [0] * TEN, [AT] * TEN, [10] * TEN],
        {"lot_pkey"},
    ),
    ("posting", "whole_lots"): (["holders", [AT] * TEN], {"lot_pkey", "allocation_pkey"}),
    ("posting", "planned_allocations"): (["holders", [AT] * TEN], {"allocation_pkey"}),
    ("posting", "update_holders"): (
        ["holders", [8] * TEN, [AT] * TEN, [AT] * TEN],
        {"holder_pkey"},
    ),
    ("posting", "update_lots"): (["holders", [1] * TEN, [0] * TEN], {"lot_pkey"}),
    ("balances", "holder_balances"): (
        [[LATER], LATER, "holder", 1],
        {"holder_pkey", "lot_pkey", "allocation_pkey"},
    ),
    ("balances", "holder_days"): (["holder", 1, AT, [LATER]], {"lot_pkey", "allocation_pkey"}),
    ("transactions", "find_holder"): (["holder"], {"holder_pkey"}),
    ("transactions", "holder_transactions"): (
        ["holder", 1, None, None, None, None, None, None, None, 51, 0],
        {"transaction_pkey", "transaction_of_idx"},
    ),
}
hot = pytest.mark.parametrize(("noun", "name"), HOT, ids=[name for _, name in HOT])


@hot
async def test_a_hot_query_reads_by_its_primary_keys(
    books: Connection, noun: str, name: str
) -> None:
    arguments, indexes = HOT[noun, name]
    ids = await books.fetch("SELECT holder_id FROM holder ORDER BY holder_id LIMIT $1", TEN)
    holders = [row["holder_id"] for row in ids]
    named = {"holders": holders, "holder": holders[0]}
    values = [named[each] if isinstance(each, str) else each for each in arguments]
    sql = f"EXPLAIN (FORMAT JSON) {SQL[noun][name]}"
    assert_carried(await books.fetchval(sql, *values), indexes)


@hot
async def test_a_hot_query_reads_by_its_primary_keys_whatever_its_arguments(
    books: Connection, noun: str, name: str
) -> None:
    arguments, indexes = HOT[noun, name]
    nulls = ", ".join(["NULL"] * len(arguments))
    async with books.transaction():
        await books.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await books.execute(f"PREPARE hot AS {SQL[noun][name]}")
        plan = await books.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot ({nulls})")
        await books.execute("DEALLOCATE hot")
    assert_carried(plan, indexes)


@pytest.mark.parametrize(
    ("noun", "name"), [("balances", "holder_balances"), ("balances", "holder_days")]
)
async def test_balances_read_nothing_but_indexes(books: Connection, noun: str, name: str) -> None:
    arguments, _ = HOT[noun, name]
    values = [UUID(int=0) if each == "holder" else each for each in arguments]
    plan = await books.fetchval(f"EXPLAIN (FORMAT JSON) {SQL[noun][name]}", *values)
    for node in nodes(json.loads(plan)[0]["Plan"]):
        if node.get("Relation Name") in {"lot", "allocation"}:
            assert node["Node Type"] == "Index Only Scan"


def assert_carried(plan: str, indexes: set[str]) -> None:
    """Prove that a plan reads the holders' tables by these indexes and in no other way."""
    found = list(nodes(json.loads(plan)[0]["Plan"]))
    scanned = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"}
    assert not scanned & {"holder", "transaction_", "lot", "allocation", "idempotency"}
    used = {node["Index Name"] for node in found if "Index Name" in node}
    assert used - {"subledger_pkey", "subledger_name_key"} == indexes


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The node of a plan and all below it."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)
