"""Profiles: made, changed, found and listed; and what one has in all programs."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from tallystick.core.ids import HolderId, IntegrationId
from tallystick.core.profiles import Profile
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.pages import fetch_page
from tallystick.store.queries import load_queries

_SQL = load_queries("profiles")


class Page(NamedTuple):
    """How much of a list is wanted."""

    at_most: int
    skip: int


class Match(NamedTuple):
    """Whom a search is for: all these attributes, and one of these ids where there are any."""

    attributes: str
    holder_ids: Collection[HolderId] | None = None
    profile_ids: Collection[int] | None = None


async def ensure_holders(
    tx: Tx, names: Mapping[HolderId, IntegrationId], *, sandbox: bool, now: datetime
) -> int:
    """Make the holders that are missing; how many comes back. All stay until the end of `tx`."""
    made, missing = 0, sorted(names)
    while True:
        rows = await tx.fetch(_SQL["hold_holders"], missing)
        missing = sorted({*missing} - {row["holder_id"] for row in rows})
        if not missing:
            return made
        made += len(missing)
        integration_ids = [names[holder_id] for holder_id in missing]
        await tx.execute(_SQL["insert_holders"], missing, integration_ids, now, sandbox)


async def lock_attributes(tx: Tx, holder_ids: Collection[HolderId]) -> dict[HolderId, str]:
    """The attributes of those whom an application has seen, as JSON; they stay so until the end."""
    rows = await tx.fetch(_SQL["lock_attributes"], list(holder_ids))
    return {HolderId(row["holder_id"]): row["attributes"] for row in rows}


async def merge_attributes(
    tx: Tx,
    attributes: Mapping[HolderId, str],
    *,
    with_nulls: Collection[HolderId] = (),
    now: datetime,
) -> None:
    """Let these JSON objects take the place of attributes of the same name; null removes one.

    `with_nulls` are those of the holders for whom there is such a null. All holders are held.
    """
    holder_ids = sorted(attributes)
    texts = [attributes[holder_id] for holder_id in holder_ids]
    await tx.execute(_SQL["merge_attributes"], holder_ids, texts, now)
    if with_nulls:
        await tx.execute(_SQL["drop_nulls"], list(with_nulls))


async def find_profiles(
    reader: Reader, holder_ids: Collection[HolderId], *, seen: bool = False
) -> list[Profile]:
    """Those that exist, by id; `seen` leaves out whom no application has seen."""
    return _profiles(await reader.fetch(_SQL["find_profiles"], list(holder_ids)), seen=seen)


async def find_numbered_profiles(
    reader: Reader, profile_ids: Collection[int], *, seen: bool = False
) -> list[Profile]:
    """Those that exist, of either environment, by id."""
    rows = await reader.fetch(_SQL["find_numbered_profiles"], list(profile_ids))
    return _profiles(rows, seen=seen)


async def list_profiles(
    reader: Reader, *, sandbox: bool, seen: bool = False, page: Page
) -> list[Profile]:
    """A page of an environment's profiles, by id."""
    rows = await fetch_page(reader, _SQL["list_profiles"], sandbox, seen, page.at_most, page.skip)
    return _profiles(rows)


async def count_profiles(reader: Reader, *, sandbox: bool, seen: bool = False) -> int:
    """How many profiles an environment has."""
    return int(await reader.fetchval(_SQL["count_profiles"], sandbox, seen))


async def search_profiles(
    reader: Reader, *, sandbox: bool, match: Match, page: Page
) -> list[Profile]:
    """A page of the profiles that match, by id; all have been seen by an application."""
    sql = _SQL["search_profiles"]
    rows = await fetch_page(reader, sql, sandbox, *match, page.at_most, page.skip)
    return _profiles(rows)


async def count_found_profiles(reader: Reader, *, sandbox: bool, match: Match) -> int:
    """How many profiles match."""
    return int(await reader.fetchval(_SQL["count_found_profiles"], sandbox, *match))


class NamedHolder(NamedTuple):
    """A holder and its integration id."""

    holder_id: HolderId
    integration_id: IntegrationId


async def list_holders(  # noqa: PLR0913 - by name
    reader: Reader,
    *,
    sandbox: bool,
    among: Collection[HolderId] | None = None,
    id_prefix: str = "",
    owing_after: datetime | None = None,
    after: str | None = None,
    backwards: bool = False,
    at_most: int,
) -> list[NamedHolder]:
    """Holders of an environment by integration id, from `after` on; backwards, before it.

    among: only these. owing_after: only who may owe points after that instant. Who was erased is
    left out.
    """
    sql = _SQL["holders_before" if backwards else "holders_after"]
    ids = None if among is None else list(among)
    rows = await fetch_page(reader, sql, sandbox, ids, id_prefix, owing_after, after, at_most)
    return [NamedHolder(*row) for row in rows]


def _profiles(rows: list[Record], *, seen: bool = False) -> list[Profile]:
    return [
        Profile(
            id=row["profile_id"],
            holder_id=row["holder_id"],
            integration_id=row["integration_id"],
            created_at=row["created_at"],
            active_at=row["active_at"],
            sandbox=row["sandbox"],
            attributes=row["attributes"],
        )
        for row in rows
        if row["is_seen"] or not seen
    ]
