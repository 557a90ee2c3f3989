"""The database alone refuses a wrong ledger, and tells by a name of ours what was wrong."""

import re
from collections.abc import AsyncIterator
from typing import Any, cast

import asyncpg
import pytest

from tallystick.store.db import Connection
from tidy.tree import PACKAGE, files, text

# A small ledger that is right: an addition of 10.00, of which 4.00 were deducted.
RIGHT = """
INSERT INTO program (created_at, name, title, description, timezone, card_based, sandbox,
  subscribed_applications, default_pending, default_validity, allow_subledger, return_policy)
SELECT '2026-06-15', name, '', '', 'UTC', false, false, '{}', '', '', true, 'unlimited'
FROM unnest('{shop,bakery}'::text[]) AS u (name);

INSERT INTO subledger (program_id, subledger_id, name)
VALUES (1, 0, ''), (1, 7, 'store'), (1, 8, 'online');

INSERT INTO tier (program_id, created_at, name, min_points)
VALUES (1, '2026-06-15', 'All', 0), (1, '2026-06-15', 'Gold', 900);

INSERT INTO user_account (created_at, email, name, password_hash, is_admin)
SELECT '2026-06-15', name || '@example.com', name, '', true
FROM unnest('{ada,bob}'::text[]) AS u (name);

INSERT INTO user_session (token_digest, user_id, created_at, seen_at, expires_at)
VALUES ('t', 1, '2026-06-15', '2026-06-15', '2026-06-16'),
  ('u', 1, '2026-06-15', '2026-06-15', '2026-06-16');

INSERT INTO api_key (created_at, expires_at, kind, name, sandbox, key_digest)
VALUES ('2026-06-15', '2026-06-16', 'integration', '', false, 'd'),
  ('2026-06-15', '2026-06-16', 'management', '', false, 'e');

INSERT INTO application (created_at, modified_at, name, description, timezone, currency,
  case_sensitivity, sandbox)
SELECT '2026-06-15', '2026-06-15', name, '', 'UTC', 'EUR', 'sensitive', false
FROM unnest('{web,till}'::text[]) AS u (name);

INSERT INTO change (recorded_at, user_id, entity)
VALUES ('2026-06-15', 1, '/v1/users/2');

INSERT INTO data_export (recorded_at, user_id, program_id, entity, filter)
VALUES ('2026-06-15', 1, 1, 'LoyaltyLedger', '{}');

INSERT INTO point_import (import_id, program_id, recorded_at, file_name, file_digest, row_count,
  amount)
VALUES (1, 1, '2026-06-15', '', '', 0, 0);

INSERT INTO import_turn (import_id)
VALUES (1);

INSERT INTO import_undo (import_id, recorded_at, row_count, amount, repaid, spent, below_zero)
VALUES (1, '2026-06-15', 0, 0, 0, 0, false);

INSERT INTO holder (holder_id, created_at, last_at, last_no, sandbox, integration_id)
VALUES (md5('ann')::uuid, '2026-06-15', '2026-06-15', 2, false, 'ann');

INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at,
  shown_expires_at, amount, txn_no, program_id, subledger_id, kind, source, creates_negative, name)
SELECT holder_id, md5(txn_no::text)::uuid, last_at, last_at, '2026-06-16', amount, txn_no, 1, 0,
  txn_no, 1, false, ''
FROM holder, (VALUES (1, 1000), (2, 400)) AS v (txn_no, amount);

INSERT INTO lot (holder_id, recorded_at, effective_at, start_at, expires_at, amount, remaining,
  lot_no, program_id, subledger_id)
SELECT holder_id, last_at, last_at, last_at, '2026-06-16', 1000, 600, 1, 1, 0
FROM holder;

INSERT INTO allocation (holder_id, recorded_at, effective_at, start_at, expires_at, amount, lot_no,
  txn_no, seq, program_id, subledger_id, debt)
SELECT holder_id, recorded_at, effective_at, start_at, expires_at, 400, 1, 2, 1, 1, 0, false
FROM lot;

INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at,
  shown_expires_at, amount, txn_no, of_no, program_id, subledger_id, kind, source,
  creates_negative, name)
SELECT holder_id, md5('3')::uuid, last_at, last_at, '2026-06-16', 400, 3, 2, 1, 0, 1, 1, false, ''
FROM holder;

INSERT INTO reversal (holder_id, recorded_at, effective_at, start_at, expires_at, amount, spent,
  lot_no, txn_no, seq, program_id, subledger_id, debt)
SELECT holder_id, recorded_at, effective_at, start_at, expires_at, 400, -400, 1, 3, 1, 1, 0, false
FROM allocation;

INSERT INTO kept_answer (owner, key, recorded_at, fingerprint)
VALUES ('user 1', 'k-1', '2026-06-15', '');

INSERT INTO idempotency (holder_id, recorded_at, key, fingerprint, answer)
SELECT holder_id, last_at, 'k-1', '', '{}'
FROM holder;

INSERT INTO profile (holder_id, modified_at, attributes)
SELECT holder_id, last_at, '{}'
FROM holder;

INSERT INTO membership (holder_id, program_id, joined_at)
SELECT holder_id, 1, last_at
FROM holder;

INSERT INTO join_date_import (import_id, program_id, recorded_at, file_name, file_digest, row_count)
VALUES (1, 1, '2026-06-15', '', '', 0);

INSERT INTO import_job (program_id, format, state, file_name, file_bytes, file_digest, file_kept,
  created_at)
VALUES (1, 'points', 'uploaded', '', 0, '', false, '2026-06-15');

INSERT INTO four_eyes (program_id, imports_wait, points_from)
VALUES (1, true, 100);

INSERT INTO approval (program_id, kind, wish, asked_by, api_key_id, asked_at, waits)
VALUES (1, 'add', '{}', 1, NULL, '2026-06-15', false),
  (1, 'import', '{}', 0, 2, '2026-06-15', true);

INSERT INTO approval_decision (approval_id, asked_by, decided_by, verdict, note, decided_at,
  transaction_uuids)
VALUES (1, 1, 2, 'approved', '', '2026-06-15', '{00000000-0000-0000-0000-000000000001}');

UPDATE import_job
SET approval_id = 2;

INSERT INTO day_figures (program_id, subledger_id, starts_at, ends_at, pending, active, spent,
  expired, negative, members, new_members, earned_manually, earned_by_imports, earned_by_sessions,
  spent_manually, spent_by_imports, spent_by_sessions)
VALUES (1, -1, '2026-06-15', '2026-06-16', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

INSERT INTO day_closing (program_id, closed_until)
VALUES (1, '2026-06-16');

INSERT INTO outlook (program_id, subledger_id, at, until, due_at, expiring, expiring_members,
  largest, activating, activating_members, owed, owing_members)
VALUES (1, -1, '2026-06-15', '2026-07-17', '2026-06-15', 0, 0, 0, 0, 0, 0, 0);

INSERT INTO day_touch (program_id, from_at)
VALUES (1, '2026-06-15');

INSERT INTO export_job (export_id, program_id, kind, wish, format, safe, state, file_name,
  created_at)
SELECT export_id, 1, 'balances', '{}', 'csv', false, 'writing', '', recorded_at
FROM data_export;

INSERT INTO program_role (user_id, program_id, role, points_a_day)
VALUES (1, 1, 'support', 100), (1, 2, 'viewer', NULL);

INSERT INTO password_link (user_id, token_digest, created_at, expires_at)
SELECT user_id, email::bytea, created_at, '2026-06-16'
FROM user_account;

INSERT INTO second_factor (user_id, sealed_secret, begun_at)
VALUES (1, 's', '2026-06-15'), (2, 's', '2026-06-15');

INSERT INTO recovery_code (user_id, code_digest)
VALUES (1, 'c');

INSERT INTO unfinished_sign_in (token_digest, user_id, created_at, expires_at)
VALUES ('t', 1, '2026-06-15', '2026-06-16');

INSERT INTO identity (user_id, issuer, subject, email, connected_at)
SELECT user_id, 'https://login.example.com', email, email, created_at
FROM user_account;

INSERT INTO openid_start (state_digest, browser_digest, user_id, way_on, expires_at)
VALUES ('s', 'b', 1, '/', '2026-06-16');

INSERT INTO sign_in_failure (subject_digest, failures, last_at, refused_until)
VALUES ('s', 1, '2026-06-15', '2026-06-15');

INSERT INTO schema_migration (name, applied_at)
VALUES ('0000_test', '2026-06-15');
"""

AGAIN = "INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM {0}"

# Each constraint, with statements of which each breaks this one before any other.
WRONG: dict[str, list[str]] = {
    "program_pkey": [AGAIN.format("program")],
    "program_name_key": ["UPDATE program SET name = 'shop'"],
    "program_name_filled": ["UPDATE program SET name = ''"],
    "program_join_policy_known": ["UPDATE program SET join_policy = 'sometimes'"],
    "program_return_policy_known": ["UPDATE program SET return_policy = 'UNLIMITED'"],
    "program_users_per_card_limit_not_negative": ["UPDATE program SET users_per_card_limit = -1"],
    "tier_pkey": [AGAIN.format("tier")],
    "tier_name_key": ["UPDATE tier SET name = 'All'"],
    "tier_min_points_key": ["UPDATE tier SET min_points = 0"],
    "tier_min_points_in_range": [
        "UPDATE tier SET min_points = -1",
        "UPDATE tier SET min_points = 100000000000000",
    ],
    "tier_program_fkey": ["UPDATE tier SET program_id = 3"],
    "subledger_pkey": [AGAIN.format("subledger")],
    "subledger_name_key": ["UPDATE subledger SET name = 'store' WHERE subledger_id <> 0"],
    "subledger_main_is_unnamed": [
        "UPDATE subledger SET name = 'main' WHERE subledger_id = 0",
        "UPDATE subledger SET name = '' WHERE subledger_id = 7",
    ],
    "subledger_program_fkey": ["UPDATE subledger SET program_id = 3"],
    "user_account_pkey": [AGAIN.format("user_account")],
    "user_account_email_key": ["UPDATE user_account SET email = 'ADA@example.com'"],
    "user_session_pkey": [AGAIN.format("user_session")],
    "user_session_user_fkey": ["UPDATE user_session SET user_id = 3", "DELETE FROM user_account"],
    "user_account_state_known": ["UPDATE user_account SET state = 'asked'"],
    "application_pkey": [AGAIN.format("application")],
    "application_name_key": ["UPDATE application SET name = 'web'"],
    "application_name_filled": ["UPDATE application SET name = ''"],
    "application_case_sensitivity_known": ["UPDATE application SET case_sensitivity = 'upper'"],
    "change_pkey": [AGAIN.format("change")],
    "data_export_pkey": [AGAIN.format("data_export")],
    "api_key_application_fkey": [
        "UPDATE api_key SET application_id = 3 WHERE kind = 'integration'"
    ],
    "api_key_user_fkey": ["UPDATE api_key SET user_id = 3"],
    "api_key_binds_its_kind": [
        "UPDATE api_key SET application_id = 1 WHERE kind = 'management'",
        "UPDATE api_key SET endpoints = '[]' WHERE kind = 'integration'",
        "UPDATE api_key SET allowed_application_ids = '{1}' WHERE kind = 'integration'",
    ],
    "api_key_pkey": [AGAIN.format("api_key")],
    "api_key_digest_key": ["UPDATE api_key SET key_digest = 'd'"],
    "api_key_kind_known": ["UPDATE api_key SET kind = 'admin'"],
    "api_key_expires_after_creation": ["UPDATE api_key SET expires_at = created_at"],
    "point_import_pkey": [AGAIN.format("point_import")],
    "point_import_counts_not_negative": [
        "UPDATE point_import SET row_count = -1",
        "UPDATE point_import SET amount = -1",
    ],
    "point_import_program_fkey": ["UPDATE point_import SET program_id = 3"],
    "holder_pkey": [AGAIN.format("holder")],
    "holder_last_no_not_negative": ["UPDATE holder SET last_no = -1"],
    "transaction_pkey": ["UPDATE transaction_ SET txn_no = 1"],
    "transaction_amount_in_range": [
        "UPDATE transaction_ SET amount = 0",
        "UPDATE transaction_ SET amount = -1",
        "UPDATE transaction_ SET amount = 100000000000000",
    ],
    "transaction_kind_known": [
        "UPDATE transaction_ SET kind = 0",
        "UPDATE transaction_ SET kind = 5",
    ],
    "transaction_reduces_another": ["UPDATE transaction_ SET kind = 4 WHERE of_no IS NULL"],
    "import_turn_pkey": [AGAIN.format("import_turn")],
    "import_undo_pkey": [AGAIN.format("import_undo")],
    "import_undo_import_fkey": ["UPDATE import_undo SET import_id = 3"],
    "import_undo_sums_not_negative": [
        "UPDATE import_undo SET row_count = -1",
        "UPDATE import_undo SET repaid = -1",
        "UPDATE import_undo SET amount = repaid - 1",
        "UPDATE import_undo SET spent = -1",
    ],
    "transaction_source_known": [
        "UPDATE transaction_ SET source = 0",
        "UPDATE transaction_ SET source = 4",
    ],
    "transaction_negative_is_subtraction": [
        "UPDATE transaction_ SET creates_negative = true WHERE kind = 1"
    ],
    "transaction_holder_fkey": [
        "UPDATE holder SET holder_id = md5('bob')::uuid",
        "DELETE FROM holder",
    ],
    "lot_pkey": [AGAIN.format("lot")],
    "lot_amount_not_zero": ["UPDATE lot SET amount = 0, remaining = 0"],
    "lot_remaining_within_amount": [
        "UPDATE lot SET remaining = -1",
        "UPDATE lot SET remaining = 1001",
        "UPDATE lot SET amount = -1000, remaining = 1, expires_at = '9999-12-31 00:00+00'",
        "UPDATE lot SET amount = -1000, remaining = -1001, expires_at = '9999-12-31 00:00+00'",
    ],
    "lot_window_not_empty": [
        "UPDATE lot SET expires_at = start_at",
        "UPDATE lot SET expires_at = start_at - interval '1 microsecond'",
    ],
    "lot_debt_never_expires": ["UPDATE lot SET amount = -1000, remaining = 0"],
    "lot_transaction_fkey": [
        "DELETE FROM reversal; DELETE FROM allocation; UPDATE lot SET lot_no = 9",
        "DELETE FROM reversal; DELETE FROM allocation; DELETE FROM transaction_ WHERE txn_no = 1",
    ],
    "allocation_pkey": [AGAIN.format("allocation")],
    "allocation_amount_not_zero": ["UPDATE allocation SET amount = 0"],
    "allocation_while_lot_is_active": [
        "UPDATE allocation SET effective_at = expires_at",
        "UPDATE allocation SET start_at = effective_at + interval '1 microsecond'",
    ],
    "allocation_never_back_dated": [
        "UPDATE allocation SET recorded_at = effective_at + interval '1 microsecond'"
    ],
    "allocation_lot_fkey": ["UPDATE allocation SET lot_no = 2", "DELETE FROM lot"],
    "allocation_transaction_fkey": [
        "UPDATE allocation SET txn_no = 9",
        "DELETE FROM transaction_ WHERE txn_no = 2",
    ],
    "transaction_activates_another": ["UPDATE transaction_ SET kind = 3 WHERE of_no IS NULL"],
    "transaction_of_an_earlier_one": ["UPDATE transaction_ SET of_no = txn_no"],
    "reversal_pkey": [AGAIN.format("reversal")],
    "reversal_not_empty": ["UPDATE reversal SET amount = 0, spent = 0"],
    "kept_answer_pkey": [AGAIN.format("kept_answer")],
    "kept_answer_key_length": [
        "UPDATE kept_answer SET key = ''",
        "UPDATE kept_answer SET key = repeat('k', 256)",
    ],
    "idempotency_pkey": [AGAIN.format("idempotency")],
    "idempotency_key_length": [
        "UPDATE idempotency SET key = ''",
        "UPDATE idempotency SET key = repeat('k', 256)",
    ],
    "holder_profile_key": [
        """
        INSERT INTO holder (holder_id, profile_id, created_at, last_at, sandbox, integration_id)
        OVERRIDING SYSTEM VALUE
        SELECT md5('bob')::uuid, profile_id, created_at, last_at, sandbox, 'bob' FROM holder
        """
    ],
    "profile_pkey": [AGAIN.format("profile")],
    "profile_holder_fkey": ["UPDATE profile SET holder_id = md5('bob')::uuid"],
    "membership_pkey": [AGAIN.format("membership")],
    "membership_holder_fkey": ["UPDATE membership SET holder_id = md5('bob')::uuid"],
    "membership_program_fkey": ["UPDATE membership SET program_id = 3"],
    "join_date_import_pkey": [AGAIN.format("join_date_import")],
    "join_date_import_program_fkey": ["UPDATE join_date_import SET program_id = 3"],
    "join_date_import_count_not_negative": ["UPDATE join_date_import SET row_count = -1"],
    "import_job_pkey": [AGAIN.format("import_job")],
    "import_job_program_fkey": ["UPDATE import_job SET program_id = 3"],
    "import_job_state_known": ["UPDATE import_job SET state = 'waiting'"],
    "day_figures_pkey": [AGAIN.format("day_figures")],
    "day_figures_program_fkey": ["UPDATE day_figures SET program_id = 3"],
    "day_figures_end_after_start": ["UPDATE day_figures SET ends_at = starts_at"],
    "day_closing_pkey": [AGAIN.format("day_closing")],
    "day_closing_program_fkey": ["UPDATE day_closing SET program_id = 3"],
    "outlook_pkey": [AGAIN.format("outlook")],
    "outlook_program_fkey": ["UPDATE outlook SET program_id = 3"],
    "outlook_until_after_at": ["UPDATE outlook SET until = at"],
    "day_touch_pkey": [AGAIN.format("day_touch")],
    "day_touch_program_fkey": ["UPDATE day_touch SET program_id = 3"],
    "export_job_pkey": [AGAIN.format("export_job")],
    "export_job_export_fkey": ["UPDATE export_job SET export_id = 99"],
    "export_job_program_fkey": ["UPDATE export_job SET program_id = 3"],
    "export_job_state_known": ["UPDATE export_job SET state = 'waiting'"],
    "export_job_format_known": ["UPDATE export_job SET format = 'pdf'"],
    "export_job_written_is_known": [
        "UPDATE export_job SET state = 'written'",
        "UPDATE export_job SET state = 'expired'",
    ],
    "program_role_pkey": [AGAIN.format("program_role")],
    "program_role_user_fkey": ["UPDATE program_role SET user_id = 99"],
    "program_role_program_fkey": ["UPDATE program_role SET program_id = 3 WHERE program_id = 1"],
    "program_role_known": [
        "UPDATE program_role SET role = 'admin', points_a_day = NULL",
        "UPDATE program_role SET role = 'Viewer' WHERE program_id = 2",
    ],
    "program_role_limits_support": [
        "UPDATE program_role SET points_a_day = NULL",
        "UPDATE program_role SET role = 'viewer'",
    ],
    "program_role_points_in_range": [
        "UPDATE program_role SET points_a_day = 0 WHERE program_id = 1",
        "UPDATE program_role SET points_a_day = 100000000000000 WHERE program_id = 1",
        "UPDATE program_role SET posted_points = -1",
    ],
    "user_account_theme_known": ["UPDATE user_account SET theme = 'Dark'"],
    "password_link_pkey": ["UPDATE password_link SET user_id = 1"],
    "password_link_digest_key": ["UPDATE password_link SET token_digest = 'x'"],
    "password_link_user_fkey": ["UPDATE password_link SET user_id = user_id + 97"],
    "user_session_id_key": [
        """
        INSERT INTO user_session
          (token_digest, session_id, user_id, created_at, seen_at, expires_at)
        OVERRIDING SYSTEM VALUE
        SELECT 'v', session_id, user_id, created_at, seen_at, expires_at
        FROM user_session
        LIMIT 1
        """
    ],
    "user_session_kind_known": ["UPDATE user_session SET kind = 'cookie'"],
    "second_factor_pkey": ["UPDATE second_factor SET user_id = 1"],
    "second_factor_user_fkey": ["UPDATE second_factor SET user_id = 97 WHERE user_id = 2"],
    "recovery_code_pkey": [AGAIN.format("recovery_code")],
    "recovery_code_factor_fkey": [
        "UPDATE recovery_code SET user_id = 97",
        "DELETE FROM second_factor",
    ],
    "unfinished_sign_in_pkey": [AGAIN.format("unfinished_sign_in")],
    "unfinished_sign_in_user_fkey": ["UPDATE unfinished_sign_in SET user_id = 97"],
    "identity_pkey": ["UPDATE identity SET user_id = 1"],
    "identity_subject_key": ["UPDATE identity SET subject = 'x'"],
    "identity_user_fkey": ["UPDATE identity SET user_id = user_id + 97"],
    "openid_start_pkey": [AGAIN.format("openid_start")],
    "openid_start_user_fkey": ["UPDATE openid_start SET user_id = 97"],
    "sign_in_failure_pkey": [AGAIN.format("sign_in_failure")],
    "sign_in_failure_not_negative": ["UPDATE sign_in_failure SET failures = -1"],
    "four_eyes_pkey": [AGAIN.format("four_eyes")],
    "four_eyes_program_fkey": ["UPDATE four_eyes SET program_id = 97"],
    "four_eyes_points_in_range": [
        "UPDATE four_eyes SET points_from = 0",
        "UPDATE four_eyes SET points_from = 100000000000000",
    ],
    "approval_pkey": [AGAIN.format("approval")],
    "approval_id_key": [
        """
        INSERT INTO approval (approval_id, program_id, kind, wish, asked_by, asked_at)
        OVERRIDING SYSTEM VALUE
        SELECT approval_id, program_id, kind, wish, 97, asked_at
        FROM approval
        """
    ],
    "approval_program_fkey": ["UPDATE approval SET program_id = 97"],
    "approval_kind_known": ["UPDATE approval SET kind = 'erase' WHERE api_key_id IS NULL"],
    "approval_of_somebody": ["UPDATE approval SET asked_by = 0, api_key_id = NULL WHERE waits"],
    "approval_of_keys_is_of_files": ["UPDATE approval SET kind = 'add' WHERE api_key_id = 2"],
    "approval_decision_pkey": [AGAIN.format("approval_decision")],
    "approval_decision_approval_fkey": [
        "UPDATE approval_decision SET approval_id = 97",
        "UPDATE approval_decision SET asked_by = 3",
    ],
    "approval_decision_verdict_known": [
        "UPDATE approval_decision SET verdict = 'waiting', transaction_uuids = '{}'"
    ],
    "approval_decision_takes_four_eyes": [
        "UPDATE approval_decision SET decided_by = 1",
        "UPDATE approval_decision SET verdict = 'withdrawn', transaction_uuids = '{}'",
    ],
    "approval_decision_posts_if_approved": [
        "UPDATE approval_decision SET verdict = 'rejected'",
        "UPDATE approval_decision SET verdict = 'withdrawn', decided_by = asked_by",
    ],
    "import_job_approval_fkey": ["UPDATE import_job SET approval_id = 97"],
    "import_job_waits_or_is_done": [
        "UPDATE import_job SET state = 'importing'",
        "UPDATE import_job SET state = 'undoing'",
    ],
    "schema_migration_pkey": [AGAIN.format("schema_migration")],
}


@pytest.fixture(scope="module")
async def connection(module_owner_url: str) -> AsyncIterator[Connection]:
    """A connection to a database with a small ledger that is right."""
    connection = await asyncpg.connect(module_owner_url)
    await connection.execute(RIGHT)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [(constraint, statement) for constraint in WRONG for statement in WRONG[constraint]],
)
async def test_the_database_refuses_a_wrong_ledger(
    connection: Connection, constraint: str, statement: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        async with connection.transaction():
            await connection.execute(statement)
    assert cast("Any", refused.value).constraint_name == constraint


async def test_every_constraint_is_tried_here(connection: Connection) -> None:
    assert await constraints(connection) == WRONG.keys()


async def test_every_constraint_and_index_has_a_name_of_ours(connection: Connection) -> None:
    sql = [*files(PACKAGE / "store/migrations", ".sql"), PACKAGE / "store/sql/migrate.sql"]
    named = re.findall(r"\b(?:CONSTRAINT|INDEX)\s+([a-z_]+)", "\n".join(map(text, sql)))
    indexes = await connection.fetch("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
    found = await constraints(connection) | {row["indexname"] for row in indexes}
    dropped = {"reversal_lot_fkey", "reversal_transaction_fkey", "reversal_lot_idx"}
    assert found == set(named) - dropped


async def constraints(connection: Connection) -> set[str]:
    """The names of all checks, keys and unique indexes; "not null" speaks for itself."""
    rows = await connection.fetch(
        """
        SELECT conname AS name
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
        UNION
        SELECT i.relname
        FROM pg_index AS x
        JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indisunique AND i.relnamespace = 'public'::regnamespace
        """
    )
    return {row["name"] for row in rows}


async def test_amounts_are_whole_and_instants_have_their_zone(connection: Connection) -> None:
    rows = await connection.fetch(
        "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public'"
    )
    assert {row["data_type"] for row in rows} == {
        "ARRAY", "bigint", "boolean", "bytea", "integer", "jsonb", "smallint", "text",
        "timestamp with time zone", "uuid",
    }  # fmt: skip


async def test_what_changes_with_every_posting_is_in_no_index(connection: Connection) -> None:
    rows = await connection.fetch(
        """
        SELECT c.relname || '.' || a.attname AS name
        FROM pg_index AS x
        JOIN pg_class AS c ON c.oid = x.indrelid
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
        WHERE c.relname IN ('lot', 'holder')
        """
    )
    indexed = {row["name"] for row in rows}
    assert "lot.holder_id" in indexed
    assert not indexed & {"lot.remaining", "holder.last_no", "holder.last_at", "holder.owing_until"}


async def test_spending_a_lot_touches_no_index(connection: Connection) -> None:
    updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'lot'"
    counts = []
    async with connection.transaction():
        for _ in range(2):
            counts.append(await connection.fetchrow(updates))
            await connection.execute("UPDATE lot SET remaining = remaining - 1")
    before, after = map(tuple, filter(None, counts))
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


async def test_nothing_runs_inside_the_database_but_what_erases_a_person(
    connection: Connection,
) -> None:
    rows = await connection.fetch(
        """
        SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal
        UNION
        SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        """
    )
    assert {row["name"] for row in rows} == {"erase_holder", "erase_records"}
