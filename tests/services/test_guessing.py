"""Guessing at passwords: the sixth guess waits, and many at once are no way round."""

import asyncio
from datetime import timedelta

import pytest

from attacks.counting import GUESSES, tried
from services.harness import NOW, Clock, new_name
from tallystick.core.accounts import Origin
from tallystick.core.errors import NotSignedIn, TooManyAttempts
from tallystick.services.accounts import create_user
from tallystick.services.context import Context
from tallystick.services.sessions import Session, sign_in

PASSWORD = "correct horse"
SECOND = timedelta(seconds=1)


async def new_email(context: Context) -> str:
    """The address of somebody who can sign in."""
    email = f"{new_name('ada').replace(' ', '')}@example.com"
    await create_user(context, email=email, password=PASSWORD)
    return email


async def guess(context: Context, email: str, address: str | None = None) -> int:
    """A wrong guess; the seconds to wait if it was not even looked at."""
    tried(GUESSES, refused=True)
    try:
        await sign_in(context, email=email, password="wrong horse", origin=Origin(address=address))
    except NotSignedIn:
        return 0
    except TooManyAttempts as refused:
        return refused.retry_after_seconds
    raise AssertionError


@pytest.mark.parametrize("known", [True, False])
async def test_after_five_wrong_guesses_even_the_right_one_waits(
    shared: Context, clock: Clock, *, known: bool
) -> None:
    email = await new_email(shared) if known else f"{new_name('nobody')}@example.com"
    assert [await guess(shared, email) for _ in range(6)] == [0, 0, 0, 0, 0, 60]
    with pytest.raises(TooManyAttempts, match="wait 60 seconds"):
        await sign_in(shared, email=email.upper(), password=PASSWORD)
    clock.now = NOW + 60 * SECOND
    assert [await guess(shared, email) for _ in range(2)] == [0, 120]


async def test_a_success_clears_what_failed_before(shared: Context) -> None:
    email = await new_email(shared)
    for _ in range(3):
        assert [await guess(shared, email) for _ in range(4)] == [0] * 4
        await sign_in(shared, email=email, password=PASSWORD)


async def test_guesses_at_many_people_from_one_place_wait_as_well(shared: Context) -> None:
    emails = [f"{new_name('nobody')}@example.com" for _ in range(21)]
    waits = [await guess(shared, each, "192.0.2.1") for each in emails]
    assert waits == [0] * 20 + [60]
    assert await guess(shared, emails[0], "192.0.2.2") == 0


async def test_who_knows_one_password_cannot_clear_the_place(shared: Context) -> None:
    email, origin = await new_email(shared), Origin(address="192.0.2.3")
    for _ in range(19):
        assert await guess(shared, f"{new_name('nobody')}@example.com", "192.0.2.3") == 0
    await sign_in(shared, email=email, password=PASSWORD, origin=origin)
    assert await guess(shared, f"{new_name('nobody')}@example.com", "192.0.2.3") == 0
    with pytest.raises(TooManyAttempts):
        await sign_in(shared, email=email, password=PASSWORD, origin=origin)


async def test_guesses_at_one_instant_are_counted_one_by_one(shared: Context) -> None:
    email = await new_email(shared)
    waits = await asyncio.gather(*(guess(shared, email, "192.0.2.4") for _ in range(12)))
    assert sorted(waits) == [0] * 5 + [60] * 7


async def test_nothing_that_was_typed_is_kept(shared: Context) -> None:
    await guess(shared, "typed-in-the-wrong-field", "192.0.2.5")
    async with shared.database.reader() as reader:
        rows = await reader.fetch("SELECT to_jsonb(f)::text FROM sign_in_failure AS f")
    kept = "".join(row[0] for row in rows)
    for typed in ("typed-in-the-wrong-field", "192.0.2.5"):
        assert typed not in kept
        assert typed.encode().hex() not in kept


async def test_old_failures_are_forgotten(shared: Context, clock: Clock) -> None:
    nobody, email = f"{new_name('nobody')}@example.com", await new_email(shared)
    await guess(shared, nobody)
    clock.now = NOW + timedelta(hours=1)
    session = await sign_in(shared, email=email, password=PASSWORD)
    assert isinstance(session, Session)
    async with shared.database.reader() as reader:
        sql = "SELECT count(*) FROM sign_in_failure WHERE last_at <= $1"
        assert await reader.fetchval(sql, NOW) == 0
