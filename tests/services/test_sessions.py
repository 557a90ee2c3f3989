"""Sessions: each has a token of its own, is seen, listed and ended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.harness import ADMIN, NOW, Clock, new_name
from tallystick.core.accounts import Origin
from tallystick.core.errors import NotFound, NotSignedIn
from tallystick.core.ids import UserId
from tallystick.core.sessions import SessionKind
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, Doorkeeper
from tallystick.services.context import Context
from tallystick.services.sessions import (
    Session,
    end_other_sessions,
    end_session,
    list_sessions,
    sign_in,
)

PASSWORD = "correct horse"
FIREFOX = Origin(address="192.0.2.7", user_agent="Firefox")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
async def email(shared: Context) -> str:
    """The address of somebody who can sign in."""
    email = f"{new_name('ada').replace(' ', '')}@example.com"
    await create_user(shared, email=email, password=PASSWORD)
    return email


async def enter(
    context: Context, email: str, browser: Origin | None = None
) -> tuple[Session, Caller]:
    """A new session, of a browser or of a program, and who it says that its holder is."""
    kind = SessionKind.BROWSER if browser else SessionKind.BEARER
    session = await sign_in(context, email=email, password=PASSWORD, kind=kind, origin=browser)
    return session, await identify(context, session)


async def identify(context: Context, session: Session) -> Caller:
    """Whom a process that has not seen the token yet takes its holder for."""
    return await Doorkeeper(context).identify(f"Bearer {session.token}")


async def test_every_sign_in_has_a_token_of_its_own(shared: Context, email: str) -> None:
    sessions = [(await enter(shared, email))[0] for _ in range(3)]
    assert len({each.token for each in sessions}) == 3
    for each in sessions:
        assert await identify(shared, each)


async def test_a_session_tells_where_it_is(shared: Context, clock: Clock, email: str) -> None:
    _, caller = await enter(shared, email, FIREFOX)
    clock.now = NOW + MINUTE
    program = Origin(user_agent="x" * 300)
    await sign_in(shared, email=email, password=PASSWORD, origin=program)
    assert caller.user_id is not None
    other, mine = await list_sessions(shared, caller, caller.user_id)
    assert (mine.session_id, mine.kind) == (caller.session_id, SessionKind.BROWSER)
    assert (mine.created_at, mine.seen_at, mine.expires_at) == (NOW, NOW, NOW + 12 * HOUR)
    assert (mine.address, mine.user_agent) == ("192.0.2.7", "Firefox")
    assert (other.kind, other.address, other.user_agent) == (SessionKind.BEARER, None, "x" * 200)
    assert other.expires_at == clock.now + 90 * DAY


@pytest.mark.parametrize("user_agent", ["a\x00b", "a\nb", "a\ud800"], ids=ascii)
async def test_what_cannot_be_shown_of_a_browser_is_left_out(
    shared: Context, email: str, user_agent: str
) -> None:
    _, caller = await enter(shared, email, replace(FIREFOX, user_agent=user_agent))
    assert caller.user_id is not None
    [session] = await list_sessions(shared, caller, caller.user_id)
    assert session.user_agent == ""


async def test_a_browser_is_out_when_it_was_idle_for_twelve_hours(
    shared: Context, clock: Clock, email: str
) -> None:
    session, _ = await enter(shared, email, FIREFOX)
    clock.now = NOW + 12 * HOUR - TICK
    assert await identify(shared, session)
    clock.now += 12 * HOUR - TICK
    assert await identify(shared, session)
    clock.now += 12 * HOUR
    with pytest.raises(NotSignedIn):
        await identify(shared, session)


async def test_a_browser_is_out_after_fourteen_days_however_busy(
    shared: Context, clock: Clock, email: str
) -> None:
    session, _ = await enter(shared, email, FIREFOX)
    for hours in range(10, 14 * 24, 10):
        clock.now = NOW + hours * HOUR
        assert await identify(shared, session)
    clock.now = NOW + 14 * DAY - TICK
    assert await identify(shared, session)
    clock.now = NOW + 14 * DAY
    with pytest.raises(NotSignedIn):
        await identify(shared, session)


@pytest.mark.parametrize(
    ("later", "seen"), [(MINUTE - TICK, timedelta()), (MINUTE, MINUTE), (DAY, DAY)], ids=str
)
async def test_a_session_is_seen_once_a_minute_at_most(
    shared: Context, clock: Clock, email: str, later: timedelta, seen: timedelta
) -> None:
    session, caller = await enter(shared, email)
    clock.now = NOW + later
    await identify(shared, session)
    assert caller.user_id is not None
    [found] = await list_sessions(shared, caller, caller.user_id)
    assert found.seen_at == NOW + seen
    assert found.expires_at == NOW + 90 * DAY


async def test_a_session_is_ended_from_another_one(shared: Context, email: str) -> None:
    kept, caller = await enter(shared, email)
    lost, other = await enter(shared, email, FIREFOX)
    assert caller.user_id is not None
    assert other.session_id is not None
    await end_session(shared, caller, caller.user_id, other.session_id)
    with pytest.raises(NotSignedIn):
        await identify(shared, lost)
    assert await identify(shared, kept)
    with pytest.raises(NotFound, match="there is no session"):
        await end_session(shared, caller, caller.user_id, other.session_id)


async def test_all_other_sessions_are_ended_at_once(shared: Context, email: str) -> None:
    sessions = [await enter(shared, email) for _ in range(3)]
    kept, caller = sessions[1]
    assert await end_other_sessions(shared, caller) == 2
    assert await end_other_sessions(shared, caller) == 0
    assert await identify(shared, kept)
    for lost in (sessions[0][0], sessions[2][0]):
        with pytest.raises(NotSignedIn):
            await identify(shared, lost)


async def test_sessions_of_somebody_else_are_for_admins(shared: Context, email: str) -> None:
    _, caller = await enter(shared, email)
    stranger_email = f"{new_name('bob').replace(' ', '')}@example.com"
    await create_user(shared, email=stranger_email, password=PASSWORD)
    _, stranger = await enter(shared, stranger_email)
    assert caller.user_id is not None
    assert caller.session_id is not None
    with pytest.raises(NotFound, match="there is no user"):
        await list_sessions(shared, stranger, caller.user_id)
    with pytest.raises(NotFound, match="there is no user"):
        await end_session(shared, stranger, caller.user_id, caller.session_id)
    assert stranger.user_id is not None
    with pytest.raises(NotFound, match="there is no session"):
        await end_session(shared, stranger, stranger.user_id, caller.session_id)
    assert len(await list_sessions(shared, ADMIN, caller.user_id)) == 1
    await end_session(shared, ADMIN, caller.user_id, caller.session_id)
    assert await list_sessions(shared, ADMIN, caller.user_id) == []


async def test_the_end_of_sessions_is_recorded_without_their_tokens(
    shared: Context, email: str
) -> None:
    session, caller = await enter(shared, email, FIREFOX)
    _, other = await enter(shared, email)
    assert caller.session_id is not None
    await end_session(shared, other, UserId(caller.user_id or 0), caller.session_id)
    async with shared.database.reader() as reader:
        sql = "SELECT old::text FROM change WHERE entity = $1"
        entity = f"/v1/users/{caller.user_id}/sessions/{caller.session_id}"
        [[old]] = await reader.fetch(sql, entity)
    assert '"address": "192.0.2.7"' in old
    assert session.token not in old
