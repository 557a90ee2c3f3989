"""Customers as back offices know them: by number, page by page, and by what is known of them."""

from typing import Annotated, Any

import msgspec

from tallystick.api.applications import application_id
from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import PageQuery
from tallystick.api.profiles import AttributeValues, ProfileBody, attributes_in, profile_body
from tallystick.core.ids import Environment, IntegrationId
from tallystick.services.applications import get_application
from tallystick.services.profiles import (
    ProfilePage,
    ProfileSearch,
    get_numbered_profile,
    list_profiles,
)

IDS_MAX = 1_000
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Ids = Annotated[list[Id], msgspec.Meta(max_length=IDS_MAX)]
Names = Annotated[list[str], msgspec.Meta(max_length=IDS_MAX)]


class CustomersQuery(PageQuery):
    """Which page, and of which environment."""

    sandbox: bool = False


class ApplicationCustomersQuery(PageQuery):
    """Which page of an application's customers, or the one of that integration id."""

    integrationId: str | None = None
    withTotalResultSize: bool = False


class ApplicationSearchQuery(PageQuery):
    """Which page, and whether to count all."""

    withTotalResultSize: bool = False


class CustomerSearch(msgspec.Struct):
    """Whom to look for: every part that is given has to hold, an attribute exactly."""

    attributes: AttributeValues | None = None
    integrationIDs: Names | None = None
    profileIDs: Ids | None = None


class CustomersBody(msgspec.Struct):
    """A page of customers, by their ids."""

    hasMore: bool
    data: list[ProfileBody]


class ApplicationCustomersBody(msgspec.Struct, omit_defaults=True):
    """A page of an application's customers, and how many there are if that was asked."""

    hasMore: bool
    data: list[ProfileBody]
    totalResultSize: int | None = None


async def get_all(call: Call[CustomersQuery, Nothing]) -> CustomersBody:
    """A page of the customers of an environment."""
    return await _page(call, ProfileSearch())


async def search(call: Call[CustomersQuery, CustomerSearch]) -> CustomersBody:
    """A page of the customers of an environment who have these attributes and ids."""
    return await _page(call, _wanted(call.body))


async def get_one(call: Call[Nothing, Nothing]) -> ProfileBody:
    """A customer, by the number of the profile."""
    found = await get_numbered_profile(call.context, call.known_caller, _customer_id(call))
    return profile_body(found)


async def get_all_of_application(
    call: Call[ApplicationCustomersQuery, Nothing],
) -> ApplicationCustomersBody:
    """A page of an application's customers.

    They are those of its environment, but for who was made by an import and has not been told about
    by any application.
    """
    query = call.query
    names = None if query.integrationId is None else [IntegrationId(query.integrationId)]
    return await _page_of_application(call, ProfileSearch(integration_ids=names))


async def search_in_application(
    call: Call[ApplicationSearchQuery, CustomerSearch],
) -> ApplicationCustomersBody:
    """A page of an application's customers who have these attributes and ids."""
    return await _page_of_application(call, _wanted(call.body))


async def get_one_of_application(call: Call[Nothing, Nothing]) -> ProfileBody:
    """A customer of an application, by the number of the profile."""
    environment = await _environment(call)
    found = await get_numbered_profile(
        call.context, call.known_caller, _customer_id(call), seen_in=environment
    )
    return profile_body(found)


async def _page(
    call: Call[CustomersQuery, Nothing] | Call[CustomersQuery, CustomerSearch],
    wanted: ProfileSearch,
) -> CustomersBody:
    query = call.query
    page = await list_profiles(
        call.context,
        call.known_caller,
        Environment.SANDBOX if query.sandbox else Environment.LIVE,
        wanted,
        page_size=query.pageSize,
        skip=query.skip,
    )
    return CustomersBody(hasMore=page.has_more, data=_bodies(page))


async def _page_of_application(
    call: Call[ApplicationCustomersQuery, Nothing] | Call[ApplicationSearchQuery, CustomerSearch],
    wanted: ProfileSearch,
) -> ApplicationCustomersBody:
    query = call.query
    page = await list_profiles(
        call.context,
        call.known_caller,
        await _environment(call),
        wanted,
        page_size=query.pageSize,
        skip=query.skip,
        seen=True,
        with_total=query.withTotalResultSize,
    )
    return ApplicationCustomersBody(
        hasMore=page.has_more, data=_bodies(page), totalResultSize=page.total
    )


async def _environment(call: Call[Any, Any]) -> Environment:
    """Where the customers of the application in the path are. Errors: NotFound."""
    found = await get_application(call.context, call.known_caller, application_id(call))
    return Environment.SANDBOX if found.settings.sandbox else Environment.LIVE


def _customer_id(call: Call[Nothing, Nothing]) -> int:
    return call.number_in_path("customerId", "customer profile")


def _wanted(body: CustomerSearch) -> ProfileSearch:
    given, names = body.attributes, body.integrationIDs
    return ProfileSearch(
        attributes=None if given is None else attributes_in(given, "attributes"),
        integration_ids=None if names is None else [IntegrationId(each) for each in names],
        profile_ids=body.profileIDs,
    )


def _bodies(page: ProfilePage) -> list[ProfileBody]:
    return [profile_body(profile) for profile in page.profiles]
