"""The database alone refuses a wrong ledger, and every rule it has bears a name of ours."""

import asyncpg
import pytest

GOOD = """
INSERT INTO program (created_at, name, title, description, timezone, card_based, sandbox,
  subscribed_applications, default_pending, default_validity, allow_subledger, return_policy)
VALUES (now(), 'p', 'p', '', 'UTC', false, false, '{}', 'immediate', 'unlimited', false,
  'only_pending');
INSERT INTO subledger (program_id, subledger_id, name) VALUES (1, 0, '');
INSERT INTO holder (holder_id, created_at, last_at, sandbox, integration_id)
VALUES ('00000000-0000-0000-0000-000000000001', now(), now(), false, 'ann');
INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at, shown_expires_at,
  amount, txn_no, program_id, subledger_id, kind, source, creates_negative, name)
VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), '2026-01-01', '2026-01-01',
  '9999-12-31', 100, 1, 1, 0, 1, 1, false, '');
INSERT INTO lot (holder_id, recorded_at, effective_at, start_at, expires_at, amount, remaining,
  lot_no, program_id, subledger_id)
VALUES ('00000000-0000-0000-0000-000000000001', '2026-01-01', '2026-01-01', '2026-02-01',
  '2026-03-01', 100, 60, 1, 1, 0);
INSERT INTO allocation (holder_id, recorded_at, effective_at, start_at, expires_at, amount, lot_no,
  txn_no, seq, program_id, subledger_id, debt)
VALUES ('00000000-0000-0000-0000-000000000001', '2026-02-02', '2026-02-02', '2026-02-01',
  '2026-03-01', 40, 1, 1, 1, 1, 0, false);
INSERT INTO idempotency (holder_id, recorded_at, key, fingerprint, answer)
VALUES ('00000000-0000-0000-0000-000000000001', now(), 'k', '', '{}');
INSERT INTO point_import (program_id, recorded_at, file_name, file_digest, row_count, amount)
VALUES (1, now(), 'x', '', 1, 1);
INSERT INTO tier (program_id, created_at, name, min_points) VALUES (1, now(), 'Gold', 5);
INSERT INTO user_account (created_at, email, name, password_hash, is_admin)
VALUES (now(), 'ada@example.com', '', 'x', true);
INSERT INTO api_key (created_at, expires_at, kind, name, sandbox, key_digest)
VALUES (now(), now() + interval '1 day', 'management', 'x', false, 'd');
"""

WRONG = [
    ("UPDATE lot SET remaining = 101", "lot_remaining_within_amount"),
    ("UPDATE lot SET remaining = -1", "lot_remaining_within_amount"),
    ("UPDATE lot SET amount = 0, remaining = 0", "lot_amount_not_zero"),
    ("UPDATE lot SET expires_at = start_at", "lot_window_not_empty"),
    ("UPDATE lot SET amount = -100, remaining = -60", "lot_debt_never_expires"),
    ("UPDATE lot SET lot_no = 2", "allocation_lot_fkey"),
    ("INSERT INTO lot SELECT * FROM lot", "lot_pkey"),
    ("DELETE FROM transaction_", "_fkey"),
    ("UPDATE transaction_ SET amount = 0", "transaction_amount_in_range"),
    ("UPDATE transaction_ SET amount = 100000000000000", "transaction_amount_in_range"),
    ("UPDATE transaction_ SET kind = 3", "transaction_kind_known"),
    ("UPDATE transaction_ SET source = 0", "transaction_source_known"),
    ("UPDATE transaction_ SET creates_negative = true", "transaction_negative_is_subtraction"),
    ("DELETE FROM holder", "transaction_holder_fkey"),
    ("UPDATE holder SET last_no = -1", "holder_last_no_not_negative"),
    ("UPDATE allocation SET amount = 0", "allocation_amount_not_zero"),
    ("UPDATE allocation SET effective_at = '2026-01-31'", "allocation_"),
    ("UPDATE allocation SET effective_at = '2026-03-01'", "allocation_while_lot_is_active"),
    ("UPDATE allocation SET recorded_at = '2026-02-03'", "allocation_never_back_dated"),
    ("UPDATE allocation SET txn_no = 9", "allocation_transaction_fkey"),
    ("UPDATE idempotency SET key = ''", "idempotency_key_length"),
    ("INSERT INTO idempotency SELECT * FROM idempotency", "idempotency_pkey"),
    ("UPDATE program SET name = ''", "program_name_filled"),
    ("UPDATE program SET return_policy = 'none'", "program_return_policy_known"),
    ("UPDATE program SET join_policy = 'always'", "program_join_policy_known"),
    ("UPDATE program SET users_per_card_limit = -1", "program_users_per_card_limit_not_negative"),
    ("DELETE FROM program", "_program_fkey"),
    ("UPDATE subledger SET name = 'x'", "subledger_main_is_unnamed"),
    ("UPDATE tier SET min_points = -1", "tier_min_points_in_range"),
    (
        "INSERT INTO tier (program_id, created_at, name, min_points) VALUES (1, now(), 'Gold', 6)",
        "tier_name_key",
    ),
    (
        "INSERT INTO tier (program_id, created_at, name, min_points) VALUES (1, now(), 'Tin', 5)",
        "tier_min_points_key",
    ),
    ("UPDATE point_import SET row_count = -1", "point_import_counts_not_negative"),
    (
        (
            "INSERT INTO user_account (created_at, email, name, password_hash, is_admin)"
            " VALUES (now(), 'ADA@example.com', '', 'x', true)"
        ),
        "user_account_email_key",
    ),
    ("UPDATE api_key SET kind = 'master'", "api_key_kind_known"),
    ("UPDATE api_key SET expires_at = created_at", "api_key_expires_after_creation"),
]


@pytest.mark.parametrize(("statement", "rule"), WRONG)
async def test_the_database_refuses_what_breaks_a_rule(
    module_database_url: str, statement: str, rule: str
) -> None:
    connection = await asyncpg.connect(module_database_url)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("ALTER SEQUENCE program_program_id_seq RESTART")
        await connection.execute(GOOD)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=rule):
            await connection.execute(statement)
        await transaction.rollback()
    finally:
        await connection.close()


async def test_every_constraint_bears_a_name_of_ours(module_database_url: str) -> None:
    connection = await asyncpg.connect(module_database_url)
    made_up = await connection.fetch(
        """
        SELECT conrelid::regclass::text AS in_table, conname
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
          AND contype <> 'n'
          AND (conname ~ '_check[0-9]*$' OR conname ~ '_fkey[0-9]+$')
        """
    )
    await connection.close()
    assert made_up == []


async def test_no_column_holds_binary_fractions(module_database_url: str) -> None:
    connection = await asyncpg.connect(module_database_url)
    found = await connection.fetch(
        """
        SELECT table_name, column_name
        FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type IN ('real', 'double precision')
        """
    )
    await connection.close()
    assert found == []


async def test_spending_a_lot_touches_no_index(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(GOOD)
    await connection.execute("UPDATE lot SET remaining = 50")
    await connection.execute("SELECT pg_stat_force_next_flush()")
    hot = await connection.fetchrow(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'lot'"
    )
    await connection.close()
    assert hot is not None
    assert tuple(hot) == (1, 1)
