"""Profiles: told about by other systems, found, listed and searched."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import msgspec

from tallystick.core.errors import NotFound
from tallystick.core.ids import Environment, HolderId, IntegrationId, profile_holder
from tallystick.core.profiles import Profile
from tallystick.core.roles import Right
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_changes
from tallystick.services.context import Context
from tallystick.store import profiles as store
from tallystick.store.changes import NewChange
from tallystick.store.db import Reader, Tx

Attributes = Mapping[str, msgspec.Raw]  # the JSON of each; null says that it is to go

_NULL = b"null"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePage:
    """Profiles by id, whether more follow, and how many there are in all if that was asked."""

    profiles: list[Profile]
    has_more: bool
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSearch:
    """Whom to look for: each part that is given has to hold."""

    attributes: Attributes | None = None
    integration_ids: Collection[IntegrationId] | None = None
    profile_ids: Collection[int] | None = None


async def update_profiles(
    context: Context,
    environment: Environment,
    updates: Sequence[tuple[IntegrationId, Attributes]],
    *,
    caller: Caller | None = None,
    dry: bool = False,
) -> list[Profile]:
    """What the profiles are now, in the order of the updates; those that are missing are made.

    An attribute takes the place of one of the same name; null removes it. What has changed is
    written down as done by the caller. `dry` tells what would be, and nothing is written.
    """
    now = context.clock()
    merged: dict[IntegrationId, dict[str, msgspec.Raw]] = {}
    for integration_id, attributes in updates:
        merged.setdefault(integration_id, {}).update(attributes)

    async def work(tx: Tx) -> dict[HolderId, Profile]:
        names = await _hold(tx, environment, merged, now=now)
        before = await store.lock_attributes(tx, names)  # after the holders, as erasures do it
        profiles = await _merge(tx, names, merged, now=now)
        changes = [
            change
            for holder_id in names
            if (change := _change(before.get(holder_id), profiles[holder_id]))
        ]
        if changes:
            await record_changes(tx, caller, changes, now=now)
        return profiles

    profiles = await (context.database.rehearse(work) if dry else context.database.write(work))
    return [profiles[profile_holder(each, environment)] for each, _ in updates]


def _change(before: str | None, profile: Profile) -> NewChange | None:
    """What is to be written down: a profile that is new, or attributes that are not as before."""
    path = f"/v2/customer_profiles/{quote(profile.integration_id, safe='')}"
    old = msgspec.json.decode(before or b"{}", type=dict[str, msgspec.Raw])
    new = msgspec.json.decode(profile.attributes, type=dict[str, msgspec.Raw])
    if before is None:
        return NewChange(path, None, {"attributes": new})
    names = [name for name in old | new if old.get(name) != new.get(name)]
    if not names:
        return None
    was, became = ({name: each[name] for name in names if name in each} for each in (old, new))
    return NewChange(path, {"attributes": was}, {"attributes": became})


async def enter_profiles(
    tx: Tx,
    environment: Environment,
    attributes: Mapping[IntegrationId, Attributes],
    *,
    now: datetime,
) -> dict[HolderId, Profile]:
    """Make or change profiles within a transaction that the caller commits; they stay until then.

    What comes back is as it is now, by holder.
    """
    names = await _hold(tx, environment, attributes, now=now)
    return await _merge(tx, names, attributes, now=now)


async def _hold(
    tx: Tx, environment: Environment, integration_ids: Iterable[IntegrationId], *, now: datetime
) -> dict[HolderId, IntegrationId]:
    """The holders of these ids, who stay until the commit; those that are missing are made."""
    names = {profile_holder(each, environment): each for each in integration_ids}
    sandbox = environment is Environment.SANDBOX
    await store.ensure_holders(tx, names, sandbox=sandbox, now=now)
    return names


async def _merge(
    tx: Tx,
    names: Mapping[HolderId, IntegrationId],
    attributes: Mapping[IntegrationId, Attributes],
    *,
    now: datetime,
) -> dict[HolderId, Profile]:
    """What the profiles of holders who are held are now, with these attributes."""
    await store.merge_attributes(
        tx,
        {holder_id: _text(attributes[name]) for holder_id, name in names.items()},
        with_nulls=[holder_id for holder_id, name in names.items() if _unsets(attributes[name])],
        now=now,
    )
    found = await store.find_profiles(tx, names)
    return {profile.holder_id: profile for profile in found}


def _text(attributes: Attributes) -> str:
    return msgspec.json.encode(attributes).decode()


def _unsets(attributes: Attributes) -> bool:
    return any(bytes(each) == _NULL for each in attributes.values())


async def get_profile(
    context: Context, environment: Environment, integration_id: IntegrationId
) -> Profile:
    """The profile of that name. Errors: NotFound."""
    async with context.database.reader() as reader:
        return await find_profile(reader, environment, integration_id)


async def find_profile(
    reader: Reader, environment: Environment, integration_id: IntegrationId
) -> Profile:
    """The same on a connection that is there. Errors: NotFound."""
    found = await store.find_profiles(reader, [profile_holder(integration_id, environment)])
    if not found:
        raise NotFound("customer profile", integration_id)
    return found[0]


async def get_numbered_profile(
    context: Context, caller: Caller, profile_id: int, *, seen_in: Environment | None = None
) -> Profile:
    """The profile of that id; with `seen_in`, if an application of that environment has seen it.

    Errors: NotAllowed, NotFound.
    """
    check_may(caller, Right.CUSTOMERS)
    async with context.database.reader() as reader:
        found = await store.find_numbered_profiles(reader, [profile_id], seen=seen_in is not None)
    if not found or (seen_in and found[0].sandbox is not (seen_in is Environment.SANDBOX)):
        raise NotFound("customer profile", str(profile_id))
    return found[0]


async def list_profiles(  # noqa: PLR0913 - by name
    context: Context,
    caller: Caller,
    environment: Environment,
    wanted: ProfileSearch,
    *,
    page_size: int,
    skip: int,
    seen: bool = False,
    with_total: bool = False,
) -> ProfilePage:
    """A page of an environment's profiles that are wanted.

    seen: only those that an application has seen; who was made by an import has not been.
    Errors: NotAllowed.
    """
    check_may(caller, Right.CUSTOMERS)
    page = store.Page(page_size + 1, skip)
    sandbox = environment is Environment.SANDBOX
    total: int | None = None
    async with context.database.snapshot() as reader:
        if wanted.attributes is not None:
            match = store.Match(
                _text(wanted.attributes), _holders(wanted, environment), wanted.profile_ids
            )
            found = await store.search_profiles(reader, sandbox=sandbox, match=match, page=page)
            if with_total:
                total = await store.count_found_profiles(reader, sandbox=sandbox, match=match)
        elif wanted.integration_ids is not None or wanted.profile_ids is not None:
            named = await _find_named(reader, environment, wanted, seen=seen)
            total = len(named) if with_total else None
            found = named[skip : skip + page.at_most]
        else:
            found = await store.list_profiles(reader, sandbox=sandbox, seen=seen, page=page)
            if with_total:
                total = await store.count_profiles(reader, sandbox=sandbox, seen=seen)
    return ProfilePage(profiles=found[:page_size], has_more=len(found) > page_size, total=total)


def _holders(wanted: ProfileSearch, environment: Environment) -> list[HolderId] | None:
    if wanted.integration_ids is None:
        return None
    return [profile_holder(each, environment) for each in wanted.integration_ids]


async def _find_named(
    reader: Reader, environment: Environment, wanted: ProfileSearch, *, seen: bool
) -> list[Profile]:
    """All profiles with one of the ids; there are no more than were asked for."""
    holder_ids, profile_ids = _holders(wanted, environment), wanted.profile_ids
    if holder_ids is None:
        assert profile_ids is not None
        found = await store.find_numbered_profiles(reader, profile_ids, seen=seen)
    else:
        found = await store.find_profiles(reader, holder_ids, seen=seen)
    sandbox = environment is Environment.SANDBOX
    return [
        profile
        for profile in found
        if profile.sandbox is sandbox and (profile_ids is None or profile.id in profile_ids)
    ]
