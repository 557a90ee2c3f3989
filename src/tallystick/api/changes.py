"""The record of who changed what."""

from typing import Annotated

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import SortedQuery, sort_in
from tallystick.api.wire import instant_in
from tallystick.core.accounts import Change, ChangeFilter
from tallystick.core.validity import render_instant
from tallystick.edges.transactions import Instant
from tallystick.services.changes import list_changes

Thing = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
EntityPath = Annotated[
    str,
    msgspec.Meta(description="Only changes with this in the path of their entity, in any case."),
]
Number = Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)]


class ChangesQuery(SortedQuery):
    """Which changes; `sort` takes id and created, which are the same order."""

    applicationId: Number | None = None
    entityPath: EntityPath | None = None
    userId: Number | None = None
    createdBefore: Instant | None = None
    createdAfter: Instant | None = None
    withTotalResultSize: bool = False
    managementKeyId: Number | None = None
    includeOld: bool = True


class ChangeBody(msgspec.Struct, omit_defaults=True):
    """A change of an entity, which is named by its path. `userId` 0: a key or a command did it."""

    id: int
    created: str
    userId: int
    entity: str
    applicationId: int | None = None
    old: Thing | None = None
    new: Thing | None = None
    managementKeyId: int | None = None


class ChangesBody(msgspec.Struct, omit_defaults=True):
    """A page of changes. `totalResultSize` is there if `withTotalResultSize` asked for it."""

    data: list[ChangeBody]
    hasMore: bool | None = None
    totalResultSize: int | None = None


async def get_all(call: Call[ChangesQuery, Nothing]) -> ChangesBody:
    """A page of the changes that were made to programs, applications, keys and users."""
    query = call.query
    sort = sort_in(query.sort, {"id", "created"})
    page = await list_changes(
        call.context,
        ChangeFilter(
            application_id=query.applicationId,
            entity=query.entityPath,
            user_id=query.userId,
            key_id=query.managementKeyId,
            after=instant_in(query.createdAfter, "createdAfter"),
            before=instant_in(query.createdBefore, "createdBefore"),
            with_old=query.includeOld,
        ),
        newest_first=sort.startswith("-"),
        page_size=query.pageSize,
        skip=query.skip,
        with_total=query.withTotalResultSize,
    )
    data = [_body(change) for change in page.changes]
    return ChangesBody(data=data, hasMore=page.has_more, totalResultSize=page.total)


def _body(change: Change) -> ChangeBody:
    return ChangeBody(
        id=change.change_id,
        created=render_instant(change.recorded_at),
        userId=change.user_id or 0,
        entity=change.entity,
        applicationId=change.application_id,
        old=_json(change.old),
        new=_json(change.new),
        managementKeyId=change.key_id,
    )


def _json(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())
