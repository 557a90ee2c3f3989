"""Unfinished sign-ins: a password was shown by page and no code yet, and that opens nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.apps import PASSWORD, Holder, code_at, new_holder, new_person, other_than
from services.harness import ADMIN, NOW, Clock
from tallystick.core.accounts import Origin, UserState
from tallystick.core.errors import InvalidField, NotSignedIn, TooManyAttempts
from tallystick.services.callers import Doorkeeper
from tallystick.services.context import Context
from tallystick.services.passwords import change_password
from tallystick.services.second_factor import reset_second_factor, turn_off_second_factor
from tallystick.services.sessions import Session, end_other_sessions, list_sessions, sign_in
from tallystick.services.unfinished import (
    Unfinished,
    check_unfinished,
    finish_sign_in,
    start_sign_in,
)
from tallystick.services.users import UserWish, delete_user, update_user

FIREFOX = Origin(address="192.0.2.71", user_agent="Firefox")
NEW = "battery staple"


@pytest.fixture
async def ada(shared: Context) -> Holder:
    """Somebody with a second factor, whose code of NOW is unused."""
    return await new_holder(shared)


async def start(context: Context, holder: Holder) -> str:
    """The token of an unfinished sign-in of theirs."""
    found = await start_sign_in(context, email=holder.email, password=PASSWORD, origin=FIREFOX)
    assert isinstance(found, Unfinished)
    assert found.token not in repr(found)
    return found.token


async def finish(context: Context, token: str, code: str) -> Session:
    """The session that it becomes."""
    return await finish_sign_in(context, token, code=code, origin=FIREFOX)


async def test_without_a_second_factor_there_is_a_session_at_once(shared: Context) -> None:
    email, _, _ = await new_person(shared)
    found = await start_sign_in(shared, email=email, password=PASSWORD, origin=FIREFOX)
    assert isinstance(found, Session)


async def test_a_wrong_password_begins_nothing(shared: Context, ada: Holder) -> None:
    with pytest.raises(NotSignedIn, match="the password is wrong"):
        await start_sign_in(shared, email=ada.email, password=NEW, origin=FIREFOX)


async def test_a_code_finishes_it_as_the_session_of_a_browser(shared: Context, ada: Holder) -> None:
    token = await start(shared, ada)
    await check_unfinished(shared, token)
    session = await finish(shared, token, code_at(ada.secret, NOW))
    assert session.token != token
    caller = await Doorkeeper(shared).identify(f"Bearer {session.token}")
    [found] = [
        each
        for each in await list_sessions(shared, caller, ada.id)
        if each.session_id == caller.session_id
    ]
    assert (found.kind.value, found.address, found.user_agent) == (
        "browser",
        FIREFOX.address,
        FIREFOX.user_agent,
    )


async def test_it_opens_nothing(shared: Context, ada: Holder) -> None:
    token = await start(shared, ada)
    with pytest.raises(NotSignedIn):
        await Doorkeeper(shared).identify(f"Bearer {token}")


async def test_a_session_finishes_nothing(shared: Context, ada: Holder) -> None:
    for token in (ada.session.token, "", "x" * 43):
        with pytest.raises(NotSignedIn):
            await finish(shared, token, code_at(ada.secret, NOW))


async def test_it_is_used_once(shared: Context, ada: Holder) -> None:
    token = await start(shared, ada)
    assert await finish(shared, token, code_at(ada.secret, NOW))
    with pytest.raises(NotSignedIn, match="sign in again"):
        await finish(shared, token, ada.recovery_codes[0])


async def test_of_two_codes_for_it_at_once_one_is_used(shared: Context, ada: Holder) -> None:
    token = await start(shared, ada)
    outcomes = await asyncio.gather(
        *(finish(shared, token, code) for code in ada.recovery_codes[:3]), return_exceptions=True
    )
    assert sum(isinstance(each, Session) for each in outcomes) == 1
    assert sum(isinstance(each, NotSignedIn) for each in outcomes) == 2
    spare = [
        code
        for code, outcome in zip(ada.recovery_codes, outcomes, strict=False)
        if not isinstance(outcome, Session)
    ]
    assert await finish(shared, await start(shared, ada), spare[0])


async def test_a_wrong_code_leaves_it(shared: Context, ada: Holder) -> None:
    token = await start(shared, ada)
    with pytest.raises(InvalidField) as refused:
        await finish(shared, token, other_than(code_at(ada.secret, NOW)))
    assert refused.value.field == "code"
    assert await finish(shared, token, code_at(ada.secret, NOW))


async def test_it_lasts_five_minutes(shared: Context, clock: Clock, ada: Holder) -> None:
    token = await start(shared, ada)
    clock.now = NOW + timedelta(minutes=5)
    for doing in (
        check_unfinished(shared, token),
        finish(shared, token, code_at(ada.secret, clock.now)),
    ):
        with pytest.raises(NotSignedIn, match="five minutes"):
            await doing
    clock.now -= timedelta(microseconds=1)
    assert await finish(shared, token, code_at(ada.secret, clock.now))


async def test_wrong_codes_are_counted_whatever_is_begun_anew(shared: Context, ada: Holder) -> None:
    wrong = other_than(code_at(ada.secret, NOW))
    for _ in range(5):
        token = await start(shared, ada)
        with pytest.raises(InvalidField):
            await finish(shared, token, wrong)
    with pytest.raises(TooManyAttempts):
        await finish(shared, token, code_at(ada.secret, NOW))
    with pytest.raises(TooManyAttempts):
        await start(shared, ada)


async def change(context: Context, ada: Holder) -> None:
    """Another password."""
    await change_password(context, ada.caller, old=PASSWORD, new=NEW)


async def end_others(context: Context, ada: Holder) -> None:
    """End all other sessions."""
    await end_other_sessions(context, ada.caller)


async def shut_out(context: Context, ada: Holder) -> None:
    """Deactivate them."""
    await update_user(context, ADMIN, ada.id, UserWish(state=UserState.DEACTIVATED))


async def delete(context: Context, ada: Holder) -> None:
    """Delete them."""
    await delete_user(context, ADMIN, ada.id)


async def reset(context: Context, ada: Holder) -> None:
    """Take the second factor away."""
    await reset_second_factor(context, ADMIN, ada.id)


async def turn_off(context: Context, ada: Holder) -> None:
    """Turn it off."""
    code = code_at(ada.secret, NOW)
    await turn_off_second_factor(context, ada.caller, password=PASSWORD, code=code)


@pytest.mark.parametrize("doing", [change, end_others, shut_out, delete, reset, turn_off])
async def test_it_ends_where_sessions_end_and_with_the_factor(
    shared: Context, ada: Holder, doing: Callable[[Context, Holder], Awaitable[None]]
) -> None:
    token = await start(shared, ada)
    await doing(shared, ada)
    with pytest.raises(NotSignedIn):
        await finish(shared, token, ada.recovery_codes[0])


async def test_its_token_is_not_kept(shared: Context, ada: Holder) -> None:
    token = await start(shared, ada)
    async with shared.database.reader() as reader:
        rows = await reader.fetch("SELECT to_jsonb(u)::text FROM unfinished_sign_in AS u")
    assert rows
    assert token not in "".join(row[0] for row in rows)


async def test_old_ones_are_cleared_away(shared: Context, clock: Clock, ada: Holder) -> None:
    await start(shared, ada)
    clock.now = NOW + timedelta(hours=1)
    await start(shared, ada)
    async with shared.database.reader() as reader:
        sql = "SELECT count(*) FROM unfinished_sign_in WHERE expires_at <= $1"
        assert await reader.fetchval(sql, clock.now) == 0
    assert await sign_in(shared, email=ada.email, password=PASSWORD, code=ada.recovery_codes[0])
