"""Roles of people in programs, and how many points Support has posted today."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.core.ids import ProgramId, UserId
from tallystick.core.points import Points
from tallystick.core.roles import ProgramRole, Role
from tallystick.store.db import Reader, Record, Tx
from tallystick.store.queries import load_queries

_SQL = load_queries("roles")

Poster = tuple[UserId, ProgramId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What Support may post in a program in a day, and has posted since `day_from`."""

    points_a_day: Points
    posted: Points
    day_from: datetime


async def list_program_roles(
    reader: Reader, user_ids: Collection[UserId]
) -> dict[UserId, tuple[ProgramRole, ...]]:
    """The roles of each of these people, by program; who has none is left out."""
    found: defaultdict[UserId, tuple[ProgramRole, ...]] = defaultdict(tuple)
    for row in await reader.fetch(_SQL["list_program_roles"], list(user_ids)):
        found[row["user_id"]] += (_program_role(row),)
    return dict(found)


async def replace_program_roles(tx: Tx, user_id: UserId, roles: Sequence[ProgramRole]) -> None:
    """Let these be all the roles of a person; what they have posted today stays known."""
    program_ids = [each.program_id for each in roles]
    words, limits = [each.role.value for each in roles], [each.points_a_day for each in roles]
    await tx.execute(_SQL["delete_program_roles"], user_id, program_ids)
    await tx.execute(_SQL["upsert_program_roles"], user_id, program_ids, words, limits)


async def delete_roles_in(tx: Tx, program_id: ProgramId) -> None:
    """Delete everybody's role in a program."""
    await tx.execute(_SQL["delete_roles_in"], program_id)


async def list_role_members(reader: Reader) -> dict[Role, list[UserId]]:
    """Who has each role, in any program."""
    members: dict[Role, list[UserId]] = {role: [] for role in Role}
    for row in await reader.fetch(_SQL["list_role_members"]):
        members[Role(row["role"])].append(row["user_id"])
    return members


async def find_posters(tx: Tx, posters: Sequence[Poster]) -> dict[Poster, Role | None]:
    """What these people are in these programs; who cannot sign in is left out."""
    rows = await tx.fetch(_SQL["find_posters"], *_columns(posters))
    return {_poster(row): None if row["role"] is None else Role(row["role"]) for row in rows}


async def lock_allowances(tx: Tx, posters: Sequence[Poster]) -> dict[Poster, Allowance]:
    """The allowances of those of them who are Support and were free, now locked."""
    rows = await tx.fetch(_SQL["lock_allowances"], *_columns(posters))
    return {_poster(row): _allowance(row) for row in rows}


async def find_allowance(reader: Reader, poster: Poster) -> Allowance | None:
    """The allowance of somebody, None if they are not Support in the program."""
    row = await reader.fetchrow(_SQL["find_allowance"], *poster)
    return None if row is None else _allowance(row)


async def update_allowances(tx: Tx, allowances: dict[Poster, Allowance]) -> None:
    """Write how many points were posted, and since when."""
    await tx.execute(
        _SQL["update_allowances"],
        *_columns(list(allowances)),
        [each.posted for each in allowances.values()],
        [each.day_from for each in allowances.values()],
    )


def _columns(posters: Sequence[Poster]) -> tuple[list[UserId], list[ProgramId]]:
    return [user_id for user_id, _ in posters], [program_id for _, program_id in posters]


def _poster(row: Record) -> Poster:
    return UserId(row["user_id"]), ProgramId(row["program_id"])


def _program_role(row: Record) -> ProgramRole:
    limit = row["points_a_day"]
    return ProgramRole(
        program_id=ProgramId(row["program_id"]),
        role=Role(row["role"]),
        points_a_day=None if limit is None else Points(limit),
    )


def _allowance(row: Record) -> Allowance:
    return Allowance(
        points_a_day=Points(row["points_a_day"]),
        posted=Points(row["posted_points"]),
        day_from=row["day_from"],
    )
