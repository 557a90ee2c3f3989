"""Four eyes: what waits in a program, the requests, and what became of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from tallystick.core.approvals import (
    WISH_OF,
    Approval,
    ApprovalKind,
    ApprovalState,
    Decision,
    FourEyes,
    Wish,
)
from tallystick.core.errors import AlreadyDecided
from tallystick.core.ids import ApprovalId, ProgramId, UserId
from tallystick.store.db import Reader, Record, Tx, refused_as
from tallystick.store.queries import load_queries

_SQL = load_queries("approvals")
_NOBODY = 0  # as a key whose maker is not known is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which requests of a program are wanted."""

    program_id: ProgramId
    kinds: frozenset[ApprovalKind]
    states: frozenset[ApprovalState]

    @property
    def values(self) -> tuple[ProgramId, list[str], list[str]]:
        """The same as the queries take it."""
        kinds, states = [each.value for each in self.kinds], [each.value for each in self.states]
        return self.program_id, sorted(kinds), sorted(states)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Whether anything was ever asked to wait in a program, and how many requests do."""

    is_known: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciders:
    """How many people could decide on imports and settings of a program, and on points."""

    of_files: int
    of_points: int


async def find_four_eyes(
    reader: Reader, program_ids: Collection[ProgramId]
) -> dict[ProgramId, FourEyes]:
    """What waits in these programs; those in which nothing ever did are left out."""
    rows = await reader.fetch(_SQL["find_four_eyes"], list(program_ids))
    return {
        ProgramId(row["program_id"]): FourEyes(
            imports_wait=row["imports_wait"], points_from=row["points_from"]
        )
        for row in rows
    }


async def upsert_four_eyes(tx: Tx, program_id: ProgramId, settings: FourEyes) -> None:
    """Write what waits in a program from now on."""
    values = program_id, settings.imports_wait, settings.points_from
    await tx.execute(_SQL["upsert_four_eyes"], *values)


async def delete_four_eyes(tx: Tx, program_id: ProgramId) -> None:
    """Forget what waits in a program."""
    await tx.execute(_SQL["delete_four_eyes"], program_id)


async def insert_approval(  # noqa: PLR0913 - by name
    tx: Tx,
    program_id: ProgramId,
    kind: ApprovalKind,
    wish: Wish,
    *,
    user_id: UserId | None,
    key_id: int | None,
    now: datetime,
) -> ApprovalId:
    """Insert a request of a person or a key; its number comes back."""
    text = msgspec.json.encode(wish).decode()
    values = program_id, kind.value, text, user_id, key_id, now
    return ApprovalId(await tx.fetchval(_SQL["insert_approval"], *values))


async def lock_approval(tx: Tx, program_id: ProgramId, approval_id: ApprovalId) -> None:
    """Keep others from deciding a request of the program until the end of the transaction."""
    await tx.execute(_SQL["lock_approval"], program_id, approval_id)


async def insert_decision(  # noqa: PLR0913 - by name
    tx: Tx,
    approval: Approval,
    state: ApprovalState,
    *,
    by: UserId | None,
    note: str,
    now: datetime,
    transaction_uuids: Collection[UUID] = (),
) -> None:
    """Write what became of a request. Errors: AlreadyDecided."""
    decided = AlreadyDecided(approval.id, "decided")
    with refused_as({"approval_decision_pkey": decided}):
        await tx.execute(
            _SQL["insert_decision"],
            approval.id,
            approval.asked_by or _NOBODY,
            by or _NOBODY,
            state.value,
            note,
            now,
            list(transaction_uuids),
        )
    await tx.execute(_SQL["end_waiting"], approval.id)


async def find_approval(
    reader: Reader, program_id: ProgramId, approval_id: ApprovalId
) -> Approval | None:
    """A request of the program."""
    row = await reader.fetchrow(_SQL["find_approval"], program_id, approval_id)
    return None if row is None else _approval(row)


async def list_approvals(
    reader: Reader, wanted: Wanted, *, older_than: int | None = None, skip: int = 0, at_most: int
) -> list[Approval]:
    """Requests, the newest first."""
    values = *wanted.values, older_than, skip, at_most
    return list(map(_approval, await reader.fetch(_SQL["list_older"], *values)))


async def list_newer(
    reader: Reader, wanted: Wanted, *, newer_than: int, at_most: int
) -> list[Approval]:
    """Requests from one on that they are newer than, the oldest first."""
    values = *wanted.values, newer_than, at_most
    return list(map(_approval, await reader.fetch(_SQL["list_newer"], *values)))


async def count_approvals(reader: Reader, wanted: Wanted) -> int:
    """How many such requests there are."""
    return int(await reader.fetchval(_SQL["count_approvals"], *wanted.values))


async def list_waiting(
    reader: Reader, program_id: ProgramId, kinds: Collection[ApprovalKind], *, at_most: int
) -> list[Approval]:
    """Requests that wait, the oldest first."""
    words = [each.value for each in kinds]
    rows = await reader.fetch(_SQL["list_waiting"], program_id, words, at_most)
    return list(map(_approval, rows))


async def count_waiting(
    reader: Reader, program_id: ProgramId, kinds: Collection[ApprovalKind], *, user_id: UserId
) -> Waiting:
    """What waits for a person who decides these kinds."""
    words = [each.value for each in kinds]
    row = await reader.fetchrow(_SQL["count_waiting"], program_id, words, user_id)
    assert row is not None
    return Waiting(is_known=row["is_known"], count=row["waiting"])


async def find_waiting_settings(reader: Reader, program_id: ProgramId) -> ApprovalId | None:
    """The request to let less wait that nobody has decided yet."""
    found = await reader.fetchval(_SQL["find_waiting_settings"], program_id)
    return None if found is None else ApprovalId(found)


async def find_by_transaction(reader: Reader, uuid: UUID) -> ApprovalId | None:
    """The request by whose approval a transaction was posted."""
    found = await reader.fetchval(_SQL["find_by_transaction"], uuid)
    return None if found is None else ApprovalId(found)


async def count_deciders(reader: Reader, program_id: ProgramId) -> Deciders:
    """How many people could decide on requests of a program."""
    row = await reader.fetchrow(_SQL["count_deciders"], program_id)
    assert row is not None
    return Deciders(of_files=row["admins"], of_points=row["managers"])


def _approval(row: Record) -> Approval:
    kind = ApprovalKind(row["kind"])
    return Approval(
        id=ApprovalId(row["approval_id"]),
        program_id=ProgramId(row["program_id"]),
        kind=kind,
        wish=msgspec.json.decode(row["wish"], type=WISH_OF[kind]),
        asked_at=row["asked_at"],
        asked_by=row["asked_by"] or None,
        key_id=row["api_key_id"],
        person=row["person"],
        key_name=row["key_name"],
        decision=None if row["verdict"] is None else _decision(row),
    )


def _decision(row: Record) -> Decision:
    return Decision(
        state=ApprovalState(row["verdict"]),
        by=row["decided_by"] or None,
        person=row["decider"],
        at=row["decided_at"],
        note=row["note"],
        transaction_uuids=tuple(row["transaction_uuids"]),
    )
