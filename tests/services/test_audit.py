"""The audit: changes with who made them and from where, page by page."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.harness import NOW, Clock, new_name
from tallystick.core.accounts import Action, AuditFilter, Origin
from tallystick.core.errors import NotSignedIn
from tallystick.core.ids import UserId
from tallystick.services.accounts import create_user
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import AuditPage, list_actors, list_audit, record_change
from tallystick.services.context import Context
from tallystick.services.keys import create_key
from tallystick.services.sessions import sign_in, sign_out

PASSWORD = "a long password"
ORIGIN = Origin(address="192.0.2.7", request_id="a-request")


async def change(
    context: Context, caller: Caller | None, entity: str, action: Action = Action.CREATED
) -> None:
    """Let somebody change a thing."""
    states = {
        Action.CREATED: (None, {"n": 1}),
        Action.CHANGED: ({"n": 1}, {"n": 2}),
        Action.DELETED: ({"n": 2}, None),
    }
    old, new = states[action]
    async with context.database.transaction() as tx:
        await record_change(tx, caller, entity, now=context.clock(), old=old, new=new)


async def somebody(context: Context, *, name: str = "") -> Caller:
    """A person who asks from ORIGIN."""
    email = f"{new_name('person').replace(' ', '')}@example.com"
    user_id = await create_user(context, email=email, password=PASSWORD, name=name)
    return Caller(kind=CallerKind.PERSON, user_id=user_id, email=email, origin=ORIGIN)


def entities(page: AuditPage) -> list[str]:
    """What the page is about."""
    return [entry.change.entity for entry in page.entries]


async def test_an_entry_tells_who_from_where_and_what(shared: Context) -> None:
    ada = await somebody(shared, name="Ada")
    await change(shared, ada, "/v1/things/1", Action.CHANGED)
    [entry] = (await list_audit(shared, AuditFilter(user_id=ada.user_id))).entries
    assert (entry.name, entry.email, entry.key_name) == ("Ada", ada.email, None)
    assert (entry.change.address, entry.change.request_id) == ("192.0.2.7", "a-request")
    assert entry.change.action is Action.CHANGED
    assert (entry.change.old, entry.change.new) == ('{"n": 1}', '{"n": 2}')
    assert entry.change.recorded_at == NOW


async def test_what_a_command_does_is_told_to_be_a_commands(shared: Context) -> None:
    entity = f"/v1/{new_name('thing')}"
    await change(shared, None, entity)
    [entry] = (await list_audit(shared, AuditFilter(entity=entity, by_command=True))).entries
    assert (entry.email, entry.change.address, entry.change.request_id) == (None, "command", None)


async def test_what_the_server_does_later_has_no_address(shared: Context) -> None:
    ada = replace(await somebody(shared), origin=None)
    await change(shared, ada, "/v1/things/1")
    [entry] = (await list_audit(shared, AuditFilter(user_id=ada.user_id))).entries
    assert (entry.change.address, entry.email) == (None, ada.email)


async def test_a_key_is_told_by_its_name(shared: Context) -> None:
    life = timedelta(days=1)
    key = await create_key(shared, kind=CallerKind.MANAGEMENT, name="Books", life=life)
    caller = Caller(kind=CallerKind.MANAGEMENT, key_id=key.key_id)
    await change(shared, caller, "/v1/things/1")
    [entry] = (await list_audit(shared, AuditFilter(key_id=key.key_id))).entries
    assert (entry.key_name, entry.change.key_id) == ("Books", key.key_id)
    assert (key.key_id, "Books") in (await list_actors(shared)).keys


async def test_people_are_offered_by_name_or_else_by_address(shared: Context) -> None:
    ada, bob = await somebody(shared, name="Ada"), await somebody(shared)
    for person in (ada, bob):
        await change(shared, person, "/v1/things/1")
    people = dict((await list_actors(shared)).people)
    assert people[_id(ada)] == "Ada"
    assert people[_id(bob)] == bob.email


@pytest.mark.parametrize("action", list(Action))
async def test_entries_are_found_by_what_became_of_the_thing(
    shared: Context, action: Action
) -> None:
    entity = f"/v1/{new_name('thing')}"
    for each in Action:
        await change(shared, None, entity, each)
    [entry] = (await list_audit(shared, AuditFilter(entity=entity, action=action))).entries
    assert entry.change.action is action


async def test_entries_are_found_by_the_path_of_a_thing_and_those_below_it(shared: Context) -> None:
    name = new_name("thing").replace(" ", "")
    below, like_it, longer = f"/v1/{name}/1/file", f"/v1/{name}/1%/file", f"/v1/{name}/12"
    for entity in (f"/v1/{name}/1", below, like_it, longer, f"/v2/{name}/1"):
        await change(shared, None, entity)

    async def found(entity: str) -> list[str]:
        return entities(await list_audit(shared, AuditFilter(entity=entity)))

    assert await found(f"/v1/{name}") == [longer, like_it, below, f"/v1/{name}/1"]
    assert await found(f"/v1/{name}/1") == [below, f"/v1/{name}/1"]
    assert await found(f"/v1/{name}/1%") == [like_it]
    assert await found(f"/v1/{name}/_") == []


@pytest.mark.parametrize(("zone", "begins_at"), [("UTC", 0), ("Asia/Tokyo", -9), ("Etc/GMT+8", 8)])
async def test_entries_are_found_by_day_of_a_time_zone(
    shared: Context, clock: Clock, zone: str, begins_at: int
) -> None:
    entity = f"/v1/{new_name('thing')}"
    midnight = NOW.replace(hour=0) + timedelta(hours=begins_at)
    for moment in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(days=1)):
        clock.now = moment
        await change(shared, None, entity)
    wanted = AuditFilter(entity=entity, day=date(2026, 6, 15), zone=zone)
    [entry] = (await list_audit(shared, wanted)).entries
    assert entry.change.recorded_at == midnight


async def test_pages_go_back_and_forth_by_key(shared: Context) -> None:
    stem = f"/v1/{new_name('thing')}"
    for n in range(5):
        await change(shared, None, f"{stem}/{n}")
    wanted = AuditFilter(entity=stem)
    first = await list_audit(shared, wanted, page_size=2)
    assert (entities(first), first.has_newer, first.has_older) == (
        [f"{stem}/4", f"{stem}/3"],
        False,
        True,
    )
    second = await list_audit(
        shared, wanted, page_size=2, before=first.entries[-1].change.change_id
    )
    last = await list_audit(shared, wanted, page_size=2, before=second.entries[-1].change.change_id)
    assert (entities(last), last.has_newer, last.has_older) == ([f"{stem}/0"], True, False)
    back = await list_audit(shared, wanted, page_size=2, after=last.entries[0].change.change_id)
    assert back == second
    back = await list_audit(shared, wanted, page_size=2, after=second.entries[0].change.change_id)
    assert back.entries == first.entries
    assert not back.has_newer


async def test_signing_in_and_out_leaves_entries(shared: Context) -> None:
    ada = await somebody(shared)
    session = await sign_in(shared, email=ada.email, password=PASSWORD, origin=ORIGIN)
    for _ in range(2):  # the second ends nothing
        await sign_out(shared, session.token, origin=ORIGIN)
    page = await list_audit(shared, AuditFilter(user_id=ada.user_id))
    assert entities(page) == ["/v1/sessions", "/v1/sessions"]
    assert [entry.change.action for entry in page.entries] == [Action.DELETED, Action.CREATED]
    assert {entry.change.address for entry in page.entries} == {"192.0.2.7"}


async def test_a_refused_sign_in_leaves_an_entry_with_whose_it_would_have_been(
    shared: Context,
) -> None:
    ada = await somebody(shared)
    with pytest.raises(NotSignedIn):
        await sign_in(shared, email=ada.email, password="a wrong password", origin=ORIGIN)
    [entry] = (await list_audit(shared, AuditFilter(user_id=ada.user_id))).entries
    assert entry.change.new == f'{{"userId": {ada.user_id}, "refused": true}}'
    assert entry.change.address == "192.0.2.7"


async def test_an_address_of_nobody_is_not_written_down(shared: Context) -> None:
    before = await list_audit(shared, AuditFilter(), page_size=1)
    with pytest.raises(NotSignedIn):
        await sign_in(shared, email="a password in the wrong field", password=PASSWORD)
    assert await list_audit(shared, AuditFilter(), page_size=1) == before


def _id(person: Caller) -> UserId:
    assert person.user_id is not None
    return person.user_id
