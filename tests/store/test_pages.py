"""Pages of long lists are read through the index that has their order, however often one asks.

A statement that is remembered is planned without its values from the sixth time on; then a list of
this kind is sorted from end to end.
"""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from tallystick.core.ids import HolderId, ProgramId
from tallystick.core.transactions import Source
from tallystick.store.db import Database, Reader
from tallystick.store.transactions import (
    TransactionFilter,
    holder_transactions,
    program_transactions,
)

HOLDER = HolderId(UUID("00000000-0000-5000-8000-000000000001"))
PROGRAM = ProgramId(1)
BUSY_MEMBER = """
INSERT INTO program (created_at, name, title, description, timezone, card_based, sandbox,
  subscribed_applications, default_pending, default_validity, allow_subledger, return_policy)
VALUES (now(), 'p', 'p', '', 'UTC', false, false, '{}', 'immediate', 'unlimited', true,
  'only_pending');
INSERT INTO subledger (program_id, subledger_id, name) VALUES (1, 0, '');
INSERT INTO holder (holder_id, created_at, last_at, sandbox, integration_id)
SELECT CASE n WHEN 1 THEN '00000000-0000-5000-8000-000000000001' ELSE gen_random_uuid() END,
  now(), now(), false, n::text
FROM generate_series(1, 500) AS n;
INSERT INTO transaction_ (holder_id, transaction_uuid, recorded_at, effective_at, shown_expires_at,
  amount, txn_no, program_id, subledger_id, kind, source, creates_negative, name)
SELECT h.holder_id, gen_random_uuid(), '2026-06-01'::timestamptz + n * interval '1 second',
  '2026-06-01', '9999-12-31', 5, n, 1, 0, 1, 1, false, ''
FROM holder AS h,
  generate_series(1, CASE h.integration_id WHEN '1' THEN 20000 ELSE 40 END) AS n;
ANALYZE;
"""
READ = """
SELECT coalesce(sum(seq_tup_read), 0) AS unordered, coalesce(sum(idx_tup_fetch), 0) AS found
FROM pg_stat_xact_user_tables WHERE relname = 'transaction_'
"""
FILTERS = [
    TransactionFilter(),
    TransactionFilter(source=Source.MANUAL),
    TransactionFilter(subledger=""),
    TransactionFilter(from_at=datetime(2026, 6, 1, 0, 0, 5, tzinfo=UTC)),
]


@pytest.fixture
async def database(database_url: str, owner_url: str) -> Database:
    """A database in which one member has very many transactions."""
    connection = await asyncpg.connect(owner_url)
    await connection.execute(BUSY_MEMBER)
    await connection.close()
    return await Database.connect(database_url, size=1)


async def check_reads(reader: Reader, *, at_most: int) -> None:
    """Prove that this transaction has read no more rows of the journal than that."""
    read = await reader.fetchrow(READ)
    assert read is not None
    assert read["unordered"] == 0
    assert read["found"] <= at_most


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
async def test_a_page_reads_no_more_than_the_page(
    database: Database, wanted: TransactionFilter
) -> None:
    async with database.snapshot() as reader:
        for _ in range(8):
            page = await holder_transactions(
                reader, HOLDER, PROGRAM, wanted=wanted, at_most=51, skip=0
            )
            assert page is not None
            assert len(page) == 51
            whole = await program_transactions(reader, PROGRAM, wanted=wanted, at_most=51, skip=0)
            assert len(whole) == 51
        await check_reads(reader, at_most=8 * 2 * 100)
    await database.close()
