"""A second factor: turned on and off, asked for, and no code of it good twice."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.apps import PASSWORD, Holder, code_at, new_holder, new_person, other_than
from services.harness import ADMIN, NOW, Clock
from tallystick.core.accounts import Origin
from tallystick.core.errors import (
    CodeNeeded,
    InUse,
    InvalidField,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooManyAttempts,
)
from tallystick.core.second_factor import RECOVERY_GROUP, RECOVERY_GROUPS, RECOVERY_SIGNS
from tallystick.services.callers import Doorkeeper
from tallystick.services.context import Context
from tallystick.services.links import find_addressee, renew_link, use_link
from tallystick.services.passwords import change_password
from tallystick.services.second_factor import (
    begin_second_factor,
    confirm_second_factor,
    get_second_factor,
    renew_recovery_codes,
    reset_second_factor,
    turn_off_second_factor,
)
from tallystick.services.sessions import Session, sign_in
from tallystick.services.users import delete_user, get_user

STEP = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)
NEW = "battery staple"

Enter = Callable[[str | None], Coroutine[Any, Any, Session]]


@pytest.fixture
async def ada(shared: Context) -> Holder:
    """Somebody with a second factor, whose code of NOW is unused."""
    return await new_holder(shared)


def entering(context: Context, holder: Holder, password: str = PASSWORD) -> Enter:
    """Signs them in, with a code."""
    return lambda code: sign_in(context, email=holder.email, password=password, code=code)


async def refusals(context: Context, holder: Holder) -> int:
    """How many refused sign-ins of theirs are recorded."""
    async with context.database.reader() as reader:
        sql = (
            "SELECT count(*) FROM change WHERE user_id = $1 AND entity = '/v1/sessions'"
            " AND (new ->> 'refused')::boolean"
        )
        return int(await reader.fetchval(sql, holder.id))


async def recorded(context: Context, holder: Holder) -> list[tuple[str, Any, Any]]:
    """The changes of their second factor: what of it, and what it was and is."""
    async with context.database.reader() as reader:
        path = f"/v1/users/{holder.id}/second_factor"
        sql = (
            "SELECT substr(entity, $2), old::text, new::text FROM change"
            " WHERE starts_with(entity, $1) ORDER BY change_id"
        )
        return [tuple(row) for row in await reader.fetch(sql, path, len(path) + 1)]


# Turning it on


async def test_it_is_on_from_its_first_code_and_other_sessions_end(shared: Context) -> None:
    email, mine, caller = await new_person(shared)
    other = await sign_in(shared, email=email, password=PASSWORD)
    setup = await begin_second_factor(shared, caller, password=PASSWORD)
    assert setup.expires_at == NOW + timedelta(minutes=15)
    assert f"secret={setup.secret}" in setup.uri
    assert email.replace("@", "%40") in setup.uri
    assert (await get_second_factor(shared, caller)).since is None
    assert await sign_in(shared, email=email, password=PASSWORD)
    found = await confirm_second_factor(shared, caller, code=code_at(setup.secret, NOW))
    assert len(set(found.codes)) == 10
    state = await get_second_factor(shared, caller)
    assert (state.since, state.codes_left) == (NOW, 10)
    assert (await get_user(shared, ADMIN, mine.user_id)).has_second_factor
    assert await Doorkeeper(shared).identify(f"Bearer {mine.token}")
    with pytest.raises(NotSignedIn):
        await Doorkeeper(shared).identify(f"Bearer {other.token}")


async def test_it_takes_the_password(shared: Context) -> None:
    _, _, caller = await new_person(shared)
    for _ in range(5):
        with pytest.raises(InvalidField) as refused:
            await begin_second_factor(shared, caller, password=NEW)
        assert refused.value.field == "password"
    with pytest.raises(TooManyAttempts):
        await begin_second_factor(shared, caller, password=PASSWORD)


async def test_a_wrong_first_code_leaves_it_off(shared: Context) -> None:
    email, _, caller = await new_person(shared)
    setup = await begin_second_factor(shared, caller, password=PASSWORD)
    for wrong in ("", "12345", "abcdef", other_than(code_at(setup.secret, NOW))):
        with pytest.raises(InvalidField) as refused:
            await confirm_second_factor(shared, caller, code=wrong)
        assert refused.value.field == "code"
    assert await sign_in(shared, email=email, password=PASSWORD)


async def test_a_new_beginning_takes_the_place_of_the_last_one(shared: Context) -> None:
    _, _, caller = await new_person(shared)
    first = await begin_second_factor(shared, caller, password=PASSWORD)
    second = await begin_second_factor(shared, caller, password=PASSWORD)
    assert first.secret != second.secret
    with pytest.raises(InvalidField):
        await confirm_second_factor(shared, caller, code=code_at(first.secret, NOW))
    assert await confirm_second_factor(shared, caller, code=code_at(second.secret, NOW))


async def test_it_has_to_be_confirmed_in_time(shared: Context, clock: Clock) -> None:
    _, _, caller = await new_person(shared)
    setup = await begin_second_factor(shared, caller, password=PASSWORD)
    clock.now = setup.expires_at
    with pytest.raises(NotFound, match="begin anew"):
        await confirm_second_factor(shared, caller, code=code_at(setup.secret, clock.now))


async def test_of_two_who_confirm_at_once_one_gets_recovery_codes(shared: Context) -> None:
    _, _, caller = await new_person(shared)
    setup = await begin_second_factor(shared, caller, password=PASSWORD)
    codes = [code_at(setup.secret, NOW, steps=n) for n in (-1, 0, 1)]
    outcomes = await asyncio.gather(
        *(confirm_second_factor(shared, caller, code=code) for code in codes),
        return_exceptions=True,
    )
    assert sum(isinstance(each, NotFound) for each in outcomes) == 2


async def test_what_is_on_is_not_begun_anew_and_what_is_off_not_turned_off(
    shared: Context, ada: Holder
) -> None:
    with pytest.raises(InUse, match="turn it off first"):
        await begin_second_factor(shared, ada.caller, password=PASSWORD)
    with pytest.raises(NotFound):
        await confirm_second_factor(shared, ada.caller, code=code_at(ada.secret, NOW))
    _, _, caller = await new_person(shared)
    for doing in (turn_off_second_factor, renew_recovery_codes):
        with pytest.raises(NotFound, match="turn it on first"):
            await doing(shared, caller, password=PASSWORD, code="123456")


# Signing in


async def test_the_password_alone_lets_nobody_in(shared: Context, ada: Holder) -> None:
    enter = entering(shared, ada)
    for nothing in (None, ""):
        with pytest.raises(CodeNeeded, match="send as `code`"):
            await enter(nothing)
    with pytest.raises(NotSignedIn, match="code"):
        await enter(other_than(code_at(ada.secret, NOW)))
    assert await refusals(shared, ada) == 3
    assert (await enter(code_at(ada.secret, NOW))).user_id == ada.id


async def test_a_wrong_password_is_answered_as_without_a_second_factor(
    shared: Context, ada: Holder
) -> None:
    email, _, _ = await new_person(shared)
    told = []
    for each in (ada.email, email):
        for code in (None, code_at(ada.secret, NOW)):
            with pytest.raises(NotSignedIn) as refused:
                await sign_in(shared, email=each, password=NEW, code=code)
            told.append(str(refused.value))
    assert len(set(told)) == 1
    assert await entering(shared, ada)(code_at(ada.secret, NOW)), "no code was used up by that"


async def test_who_has_no_second_factor_may_send_a_code(shared: Context) -> None:
    email, _, _ = await new_person(shared)
    assert await sign_in(shared, email=email, password=PASSWORD, code="123456")


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_a_clock_may_be_a_step_off(
    shared: Context, clock: Clock, ada: Holder, steps: int, *, good: bool
) -> None:
    clock.now = NOW + 10 * STEP
    code = code_at(ada.secret, clock.now, steps=steps)
    if good:
        assert await entering(shared, ada)(code)
    else:
        with pytest.raises(NotSignedIn):
            await entering(shared, ada)(code)


async def test_a_step_lasts_to_its_last_instant(shared: Context, clock: Clock, ada: Holder) -> None:
    code, enter = code_at(ada.secret, NOW), entering(shared, ada)
    clock.now = NOW + 2 * STEP
    with pytest.raises(NotSignedIn):
        await enter(code)
    clock.now -= timedelta(microseconds=1)
    assert await enter(code)


async def test_a_code_is_good_once_and_none_before_it(shared: Context, ada: Holder) -> None:
    enter = entering(shared, ada)
    now, following = (code_at(ada.secret, NOW, steps=n) for n in (0, 1))
    assert await enter(following)
    for used in (following, now):
        with pytest.raises(NotSignedIn):
            await enter(used)


async def test_of_many_with_one_code_at_once_one_comes_in(shared: Context, ada: Holder) -> None:
    code = code_at(ada.secret, NOW)
    outcomes = await asyncio.gather(
        *(entering(shared, ada)(code) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(each, Session) for each in outcomes) == 1
    assert sum(isinstance(each, NotSignedIn) for each in outcomes) == 3


async def test_the_code_of_turning_it_on_is_used_up(shared: Context) -> None:
    ada = await new_holder(shared)
    with pytest.raises(NotSignedIn):
        await entering(shared, ada)(code_at(ada.secret, NOW, steps=-1))


async def test_a_recovery_code_is_good_once(shared: Context, ada: Holder) -> None:
    enter, [first, second, *_] = entering(shared, ada), ada.recovery_codes
    assert await enter(first)
    assert await enter(f" {second.upper().replace('-', ' ')} ")
    for used in (first, second):
        with pytest.raises(NotSignedIn):
            await enter(used)
    assert (await get_second_factor(shared, ada.caller)).codes_left == 8


async def test_recovery_codes_have_more_than_fifty_bits(shared: Context, ada: Holder) -> None:
    assert len(RECOVERY_SIGNS) ** (RECOVERY_GROUPS * RECOVERY_GROUP) > 2**50
    for code in ada.recovery_codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [RECOVERY_GROUP] * RECOVERY_GROUPS
        assert set("".join(groups)) <= set(RECOVERY_SIGNS)
    assert len(set("".join(ada.recovery_codes))) > 15


async def test_of_many_with_one_recovery_code_at_once_one_comes_in(
    shared: Context, ada: Holder
) -> None:
    outcomes = await asyncio.gather(
        *(entering(shared, ada)(ada.recovery_codes[0]) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(each, Session) for each in outcomes) == 1


async def test_a_recovery_code_is_of_one_person(shared: Context, ada: Holder) -> None:
    other = await new_holder(shared)
    with pytest.raises(NotSignedIn):
        await entering(shared, ada)(other.recovery_codes[0])


# Guessing


async def guess(context: Context, ada: Holder) -> bool:
    """A wrong code with the right password; whether it was looked at."""
    try:
        await entering(context, ada)(other_than(code_at(ada.secret, context.clock())))
    except NotSignedIn:
        return True
    except TooManyAttempts:
        return False
    raise AssertionError


async def test_after_five_wrong_codes_even_the_right_one_waits(
    shared: Context, clock: Clock, ada: Holder
) -> None:
    assert [await guess(shared, ada) for _ in range(6)] == [True] * 5 + [False]
    with pytest.raises(TooManyAttempts, match="wait 60 seconds"):
        await entering(shared, ada)(code_at(ada.secret, NOW))
    with pytest.raises(TooManyAttempts):
        await entering(shared, ada)(ada.recovery_codes[0])
    clock.now = NOW + MINUTE
    assert await entering(shared, ada)(code_at(ada.secret, clock.now))


async def test_a_right_password_forgets_no_wrong_code(shared: Context, ada: Holder) -> None:
    looked_at = []
    for _ in range(6):
        looked_at.append(await guess(shared, ada))
        for shown in (entering(shared, ada)(None), changed_to_itself(shared, ada)):
            with suppress(CodeNeeded, TooManyAttempts):
                await shown
    assert looked_at == [True] * 5 + [False]


async def changed_to_itself(context: Context, ada: Holder) -> None:
    """Their password again, by changing it to the same."""
    await change_password(context, ada.caller, old=PASSWORD, new=PASSWORD)


async def test_a_right_password_costs_no_attempt(shared: Context, ada: Holder) -> None:
    for _ in range(30):
        with pytest.raises(CodeNeeded):
            await sign_in(
                shared, email=ada.email, password=PASSWORD, origin=Origin(address="192.0.2.61")
            )
    assert await guess(shared, ada)


async def test_a_whole_sign_in_forgets_what_failed_before(
    shared: Context, clock: Clock, ada: Holder
) -> None:
    for round_ in range(3):
        clock.now = NOW + round_ * STEP
        assert [await guess(shared, ada) for _ in range(4)] == [True] * 4
        assert await entering(shared, ada)(code_at(ada.secret, clock.now))


async def test_guesses_at_codes_in_ones_account_are_counted_as_well(
    shared: Context, ada: Holder
) -> None:
    wrong = other_than(code_at(ada.secret, NOW))
    for doing in (turn_off_second_factor, renew_recovery_codes) * 2:
        with pytest.raises(InvalidField) as refused:
            await doing(shared, ada.caller, password=PASSWORD, code=wrong)
        assert refused.value.field == "code"
    assert await guess(shared, ada)
    assert not await guess(shared, ada)


# Turning it off


async def test_turning_it_off_takes_password_and_code(shared: Context, ada: Holder) -> None:
    code = code_at(ada.secret, NOW)
    for password, shown, field in ((NEW, code, "password"), (PASSWORD, "1", "code")):
        with pytest.raises(InvalidField) as refused:
            await turn_off_second_factor(shared, ada.caller, password=password, code=shown)
        assert refused.value.field == field
    await turn_off_second_factor(shared, ada.caller, password=PASSWORD, code=code)
    assert (await get_second_factor(shared, ada.caller)).since is None
    assert await entering(shared, ada)(None)
    assert await Doorkeeper(shared).identify(f"Bearer {ada.session.token}")
    setup = await begin_second_factor(shared, ada.caller, password=PASSWORD)
    assert await confirm_second_factor(shared, ada.caller, code=code_at(setup.secret, NOW))


async def test_new_recovery_codes_make_the_old_ones_void(shared: Context, ada: Holder) -> None:
    [first, second, *_] = ada.recovery_codes
    renewed = await renew_recovery_codes(shared, ada.caller, password=PASSWORD, code=first)
    assert len(renewed.codes) == 10
    with pytest.raises(NotSignedIn):
        await entering(shared, ada)(second)
    assert await entering(shared, ada)(renewed.codes[0])


async def test_an_admin_resets_it_and_sessions_end(shared: Context, ada: Holder) -> None:
    with pytest.raises(NotAllowed):
        await reset_second_factor(shared, ada.caller, ada.id)
    await reset_second_factor(shared, ADMIN, ada.id)
    with pytest.raises(NotSignedIn):
        await Doorkeeper(shared).identify(f"Bearer {ada.session.token}")
    assert not (await get_user(shared, ADMIN, ada.id)).has_second_factor
    assert await entering(shared, ada)(None)
    with pytest.raises(NotFound):
        await reset_second_factor(shared, ADMIN, ada.id)


async def test_nothing_of_it_is_left_of_who_is_deleted(shared: Context, ada: Holder) -> None:
    await delete_user(shared, ADMIN, ada.id)
    async with shared.database.reader() as reader:
        for table in ("second_factor", "recovery_code"):
            sql = f"SELECT count(*) FROM {table} WHERE user_id = $1"  # noqa: S608 - one of two
            assert await reader.fetchval(sql, ada.id) == 0


# Links


async def test_a_link_is_no_way_round_it(shared: Context, ada: Holder) -> None:
    link = await renew_link(shared, ADMIN, ada.id)
    assert (await find_addressee(shared, link.token)).needs_code
    wrong = other_than(code_at(ada.secret, NOW))
    for code in (None, "", wrong):
        with pytest.raises(InvalidField) as refused:
            await use_link(shared, link.token, password=NEW, code=code)
        assert refused.value.field == "code"
    assert await refusals(shared, ada) == 1
    with pytest.raises(NotSignedIn, match="password is wrong"):
        await entering(shared, ada, NEW)(ada.recovery_codes[0])
    code = code_at(ada.secret, NOW)
    assert (await use_link(shared, link.token, password=NEW, code=code)).user_id == ada.id
    assert await entering(shared, ada, NEW)(ada.recovery_codes[0])


async def test_guesses_at_the_code_of_a_link_are_counted(shared: Context, ada: Holder) -> None:
    link = await renew_link(shared, ADMIN, ada.id)
    wrong = other_than(code_at(ada.secret, NOW))
    for _ in range(5):
        with pytest.raises(InvalidField):
            await use_link(shared, link.token, password=NEW, code=wrong)
    with pytest.raises(TooManyAttempts):
        await use_link(shared, link.token, password=NEW, code=code_at(ada.secret, NOW))


# What is kept


async def test_what_was_done_is_recorded_without_secrets(
    shared: Context, clock: Clock, ada: Holder
) -> None:
    await entering(shared, ada)(ada.recovery_codes[0])
    await renew_recovery_codes(shared, ada.caller, password=PASSWORD, code=code_at(ada.secret, NOW))
    clock.now = NOW + STEP
    code = code_at(ada.secret, clock.now)
    await turn_off_second_factor(shared, ada.caller, password=PASSWORD, code=code)
    one = f'{{"id": {ada.id}}}'
    assert await recorded(shared, ada) == [
        ("", None, one),
        ("/recovery_codes", '{"left": 10}', '{"left": 9}'),
        ("/recovery_codes", None, '{"left": 10}'),
        ("", one, None),
    ]


async def test_a_secret_can_be_read_of_its_own_row_by_its_own_installation_only(
    shared: Context, ada: Holder
) -> None:
    other = await new_holder(shared)
    elsewhere = replace(shared, secret=b"another secret of thirty-two bytes or so")
    with pytest.raises(NotSignedIn):
        await entering(elsewhere, ada)(code_at(ada.secret, NOW))
    async with shared.database.transaction() as tx:
        await tx.execute(
            "UPDATE second_factor AS f SET sealed_secret = o.sealed_secret FROM second_factor AS o"
            " WHERE f.user_id = $1 AND o.user_id = $2",
            ada.id,
            other.id,
        )
    for secret in (ada.secret, other.secret):
        with pytest.raises(NotSignedIn):
            await entering(shared, ada)(code_at(secret, NOW))


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1_111_111_109, "081804"), (2_000_000_000, "279037")]
)
def test_the_apps_of_these_tests_show_what_the_standard_says(at: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B
    assert code_at(secret, datetime.fromtimestamp(at, NOW.tzinfo)) == code
