"""The record of files that were taken out of the books."""

from typing import Annotated, Literal

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import PageQuery
from tallystick.api.wire import ACCOUNT_ID
from tallystick.core.accounts import Export, ExportEntity
from tallystick.core.validity import render_instant
from tallystick.services.exports import ExportPage, list_exports

Entity = Literal[
    "Coupon",
    "Referral",
    "Effect",
    "CustomerSession",
    "LoyaltyLedger",
    "LoyaltyLedgerLog",
    "Collection",
    "AudienceMembership",
]
Number = Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)]
OfNone = Annotated[
    Number, msgspec.Meta(description="Exports here are of programs, so with this there are none.")
]


class ExportsQuery(PageQuery):
    """Which exports."""

    applicationId: OfNone | None = None
    campaignId: OfNone | None = None
    entity: Entity | None = None


class ExportBody(msgspec.Struct):
    """An export and what chose its rows. `userId` 0: a key or a command asked for it."""

    id: int
    created: str
    accountId: int
    userId: int
    entity: ExportEntity
    filter: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


class ExportsBody(msgspec.Struct):
    """A page of exports."""

    totalResultSize: int
    data: list[ExportBody]


async def get_all(call: Call[ExportsQuery, Nothing]) -> ExportsBody:
    """A page of the exports that were made."""
    query = call.query
    page = ExportPage(exports=[], total=0)
    if query.applicationId is None and query.campaignId is None:
        page = await list_exports(
            call.context,
            call.known_caller,
            query.entity,
            page_size=query.pageSize,
            skip=query.skip,
        )
    return ExportsBody(totalResultSize=page.total, data=[_body(each) for each in page.exports])


def _body(export: Export) -> ExportBody:
    return ExportBody(
        id=export.export_id,
        created=render_instant(export.recorded_at),
        accountId=ACCOUNT_ID,
        userId=export.user_id or 0,
        entity=export.entity,
        filter=msgspec.Raw(export.filter_.encode()),
    )
