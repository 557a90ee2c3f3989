"""Why the time of an answer says nothing of a secret: the same is done either way.

`bench/timing.py` measures it.
"""

import secrets

import pytest
from argon2 import PasswordHasher, extract_parameters

from attacks.counting import GUESSES, tried
from tallystick.core.errors import NotSignedIn
from tallystick.services.accounts import create_user
from tallystick.services.callers import secret_digest
from tallystick.services.context import Context
from tallystick.services.sessions import sign_in
from tallystick.store.queries import load_queries

KNOWN, UNKNOWN = "ada@example.com", "nobody@example.com"


@pytest.fixture
async def staffed(context: Context) -> Context:
    """Where one person can sign in."""
    await create_user(context, email=KNOWN, password="a long password")
    return context


async def guess(context: Context, email: str) -> None:
    """One wrong password."""
    tried(GUESSES, refused=True)
    with pytest.raises(NotSignedIn, match="the e-mail address or the password is wrong"):
        await sign_in(context, email=email, password="wrong")


async def written(context: Context, email: str) -> int:
    """How many transactions a guess writes; the least of three, for the database has its own."""
    last = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    found: list[int] = []
    for _ in range(3):
        async with context.database.reader() as reader:
            before = await reader.fetchval(last)
        await guess(context, email)
        async with context.database.reader() as reader:
            found.append(await reader.fetchval(last) - before)
    return min(found)


async def test_a_guess_writes_as_much_whether_there_is_somebody_or_not(staffed: Context) -> None:
    assert await written(staffed, KNOWN) == await written(staffed, UNKNOWN) == 2


async def test_a_guess_is_hashed_alike_whether_there_is_somebody_or_not(
    staffed: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed, verify = [], PasswordHasher.verify

    def noted(hasher: PasswordHasher, kept: str, password: str) -> bool:
        hashed.append(extract_parameters(kept))
        return verify(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    for email in (KNOWN, UNKNOWN, "not an address"):
        await guess(staffed, email)
    assert len(hashed) == 3
    assert hashed == hashed[:1] * 3


def test_a_key_that_is_nearly_right_is_looked_up_by_something_else_altogether() -> None:
    """What is compared is a digest under the secret, of which nobody outside can choose a part."""
    context = Context(database=None, secret=secrets.token_bytes(32))  # type: ignore[arg-type]  # none is asked
    key = secrets.token_hex(32)
    right = secret_digest(context, key)
    for position in range(len(key)):
        near = key[:position] + ("0" if key[position] != "0" else "1") + key[position + 1 :]
        found = secret_digest(context, near)
        tried(GUESSES, refused=True)
        assert sum(one == other for one, other in zip(right, found, strict=True)) < 8


@pytest.mark.parametrize(("noun", "query"), [("keys", "find_key"), ("sessions", "find_session")])
def test_keys_and_sessions_are_found_by_their_digest_alone(noun: str, query: str) -> None:
    sql = load_queries(noun)[query]
    assert "digest = $1" in " ".join(sql.split())
