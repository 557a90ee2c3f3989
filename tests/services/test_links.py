"""Links by which a person sets a password: an invitation, or a way back in."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.harness import ADMIN, NOW, Clock, new_name, new_program
from tallystick.core.accounts import AuditFilter, Origin, UserState
from tallystick.core.errors import (
    AlreadyExists,
    InUse,
    InvalidField,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from tallystick.core.ids import ProgramId, UserId
from tallystick.core.roles import ProgramRole, Role
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, CallerKind, Doorkeeper
from tallystick.services.changes import list_audit
from tallystick.services.context import Context
from tallystick.services.links import (
    LINK_LIFE,
    Invitation,
    Link,
    find_addressee,
    invite_user,
    renew_link,
    use_link,
)
from tallystick.services.sessions import sign_in
from tallystick.services.users import UserWish, delete_user, get_user, update_user

PASSWORD = "correct horse"
NEW = "battery staple"


def new_email() -> str:
    """An address that nobody has."""
    return f"{new_name('ada').replace(' ', '')}@example.com"


async def invite(context: Context, email: str | None = None, **more: object) -> Link:
    """An invitation of somebody."""
    wish = Invitation(email=email or new_email())
    return await invite_user(context, ADMIN, replace(wish, **more))  # type: ignore[arg-type]  # any of its fields


async def new_user(context: Context) -> tuple[UserId, str]:
    """Somebody who can sign in, and their address."""
    email = new_email()
    return await create_user(context, email=email, password=PASSWORD), email


async def test_an_invitation_lets_somebody_in_as_what_they_were_invited_as(
    shared: Context,
) -> None:
    program, email = await new_program(shared), new_email()
    role = ProgramRole(program_id=program.id, role=Role.ANALYST)
    link = await invite(shared, email, name="Ada", roles=(role,))
    addressee = await find_addressee(shared, link.token)
    assert (addressee.user_id, addressee.email, addressee.name) == (link.user_id, email, "Ada")
    assert addressee.invited
    invited = await get_user(shared, ADMIN, link.user_id)
    assert invited.state is UserState.INVITED
    session = await use_link(shared, link.token, password=NEW)
    caller = await Doorkeeper(shared).identify(f"Bearer {session.token}")
    assert (caller.email, caller.roles) == (email, {program.id: Role.ANALYST})
    assert (await get_user(shared, ADMIN, link.user_id)).state is UserState.ACTIVE
    assert (await sign_in(shared, email=email, password=NEW)).user_id == link.user_id


@pytest.mark.parametrize("password", ["", NEW])
async def test_who_was_invited_is_not_in_yet(shared: Context, password: str) -> None:
    email = new_email()
    await invite(shared, email, is_admin=True)
    with pytest.raises(NotSignedIn):
        await sign_in(shared, email=email, password=password)


async def test_a_link_is_good_once(shared: Context) -> None:
    link = await invite(shared)
    await use_link(shared, link.token, password=NEW)
    for using in (use_link(shared, link.token, password=NEW), find_addressee(shared, link.token)):
        with pytest.raises(NotAllowed, match="used before, or is older than a week"):
            await using


async def test_of_two_who_use_it_at_once_one_comes_in(shared: Context) -> None:
    link = await invite(shared)
    outcomes = await asyncio.gather(
        *(use_link(shared, link.token, password=f"{NEW} {n}") for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, NotAllowed) for each in outcomes) == 3


async def test_a_link_is_good_for_a_week(shared: Context, clock: Clock) -> None:
    link = await invite(shared)
    assert link.expires_at == NOW + LINK_LIFE == NOW + timedelta(days=7)
    clock.now = link.expires_at - timedelta(microseconds=1)
    assert await find_addressee(shared, link.token)
    clock.now = link.expires_at
    with pytest.raises(NotAllowed):
        await use_link(shared, link.token, password=NEW)


async def test_a_new_link_takes_the_place_of_the_last_one(shared: Context) -> None:
    first = await invite(shared)
    second = await renew_link(shared, ADMIN, first.user_id)
    with pytest.raises(NotAllowed):
        await use_link(shared, first.token, password=NEW)
    assert await use_link(shared, second.token, password=NEW)


async def test_a_password_that_cannot_be_one_leaves_the_link_good(shared: Context) -> None:
    email = "a.long.address@example.com"
    link = await invite(shared, email)
    for wrong in ("x" * 11, "x" * 1_001, email, email.upper(), "123456789012"):
        with pytest.raises(InvalidField) as refused:
            await use_link(shared, link.token, password=wrong)
        assert refused.value.field == "password"
    assert await use_link(shared, link.token, password="x y " * 3)


async def test_a_lost_password_is_set_anew_and_ends_all_sessions(shared: Context) -> None:
    user_id, email = await new_user(shared)
    before = await sign_in(shared, email=email, password=PASSWORD)
    link = await renew_link(shared, ADMIN, user_id)
    assert not (await find_addressee(shared, link.token)).invited
    assert await Doorkeeper(shared).identify(f"Bearer {before.token}")
    after = await use_link(shared, link.token, password=NEW)
    with pytest.raises(NotSignedIn):
        await Doorkeeper(shared).identify(f"Bearer {before.token}")
    assert await Doorkeeper(shared).identify(f"Bearer {after.token}")
    with pytest.raises(NotSignedIn):
        await sign_in(shared, email=email, password=PASSWORD)


async def test_the_link_of_somebody_who_is_shut_out_is_void(shared: Context) -> None:
    user_id, _ = await new_user(shared)
    link = await renew_link(shared, ADMIN, user_id)
    await update_user(shared, ADMIN, user_id, UserWish(state=UserState.DEACTIVATED))
    with pytest.raises(NotAllowed):
        await use_link(shared, link.token, password=NEW)
    with pytest.raises(InUse, match="activate the user first"):
        await renew_link(shared, ADMIN, user_id)
    await update_user(shared, ADMIN, user_id, UserWish(state=UserState.ACTIVE))
    link = await renew_link(shared, ADMIN, user_id)
    await delete_user(shared, ADMIN, user_id)
    with pytest.raises(NotAllowed):
        await use_link(shared, link.token, password=NEW)
    with pytest.raises(NotFound):
        await renew_link(shared, ADMIN, user_id)


async def test_nobody_is_made_active_past_their_link(shared: Context) -> None:
    link = await invite(shared)
    with pytest.raises(InvalidField, match="once they have used their link"):
        await update_user(shared, ADMIN, link.user_id, UserWish(state=UserState.ACTIVE))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"name": "a\nb"}, "name"),
        (
            {"roles": (ProgramRole(program_id=ProgramId(999_999), role=Role.VIEWER),)},
            "programRoles[0].loyaltyProgramId",
        ),
    ],
    ids=["email", "name", "roles"],
)
async def test_what_cannot_be_invited_is_refused(
    shared: Context, wrong: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidField) as refused:
        await invite(shared, **wrong)  # type: ignore[arg-type]  # one of them is wrong
    assert refused.value.field == field


async def test_an_address_that_is_taken_is_not_invited(shared: Context) -> None:
    _, email = await new_user(shared)
    with pytest.raises(AlreadyExists):
        await invite(shared, email.upper())


async def test_only_admins_make_links(shared: Context) -> None:
    user_id, email = await new_user(shared)
    person = Caller(kind=CallerKind.PERSON, user_id=user_id, email=email)
    with pytest.raises(NotAllowed):
        await invite_user(shared, person, Invitation(email=new_email()))
    with pytest.raises(NotAllowed):
        await renew_link(shared, person, user_id)


async def test_whoever_uses_a_link_is_recorded_with_where_they_are(shared: Context) -> None:
    link = await invite(shared)
    origin = Origin(address="192.0.2.7", request_id="a-request")
    await use_link(shared, link.token, password=NEW, origin=origin)
    page = await list_audit(shared, AuditFilter(user_id=link.user_id))
    signed_in, active = (entry.change for entry in page.entries)
    for change in (signed_in, active):
        assert (change.address, change.request_id) == ("192.0.2.7", "a-request")


async def test_links_are_recorded_without_their_tokens(shared: Context) -> None:
    link = await invite(shared)
    renewed = await renew_link(shared, ADMIN, link.user_id)
    await use_link(shared, renewed.token, password=NEW)
    async with shared.database.reader() as reader:
        sql = "SELECT entity, to_jsonb(c)::text FROM change AS c WHERE entity LIKE $1 ORDER BY 1"
        rows = await reader.fetch(sql, f"/v1/users/{link.user_id}%")
        rows += await reader.fetch("SELECT '', to_jsonb(l)::text FROM password_link AS l")
    path = f"/v1/users/{link.user_id}"
    assert [row[0] for row in rows if row[0]] == [path, path, f"{path}/password_link"]
    kept = "".join(row[1] for row in rows)
    for secret in (link.token, renewed.token, NEW):
        assert secret not in kept
        assert secret not in repr((link, renewed))
