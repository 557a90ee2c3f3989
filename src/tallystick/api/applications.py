"""Applications: list and get as in the contract; create, which the contract leaves to its pages."""

from typing import Annotated, Any

import msgspec

from tallystick.api.operations import Call, Nothing
from tallystick.api.paging import SortedQuery, sort_in
from tallystick.api.programs import ProgramBody, program_body
from tallystick.api.wire import ACCOUNT_ID
from tallystick.core.accounts import Application, ApplicationSettings, CaseSensitivity
from tallystick.core.ids import ApplicationId
from tallystick.core.validity import render_instant
from tallystick.services import applications as service
from tallystick.services.programs import Standing, list_programs, tell_standings


class NewApplication(msgspec.Struct):
    """A new application; members of the contract that are not listed here have no effect."""

    name: str
    timezone: str
    currency: Annotated[str, msgspec.Meta(description="The currency of its prices, like EUR.")]
    description: str = ""
    caseSensitivity: CaseSensitivity = CaseSensitivity.SENSITIVE
    sandbox: bool = False


class ApplicationBody(msgspec.Struct):
    """An application, with the loyalty programs that are connected to it."""

    id: int
    created: str
    modified: str
    accountId: int
    name: str
    description: str
    timezone: str
    currency: str
    caseSensitivity: CaseSensitivity
    sandbox: bool
    loyaltyPrograms: list[ProgramBody]


class ApplicationsBody(msgspec.Struct):
    """A page of applications."""

    totalResultSize: int
    data: list[ApplicationBody]


def application_id(call: Call[Nothing, Any]) -> ApplicationId:
    """The application named in the path. Errors: NotFound if it is no possible id."""
    return ApplicationId(call.number_in_path("applicationId", "application"))


async def post_application(call: Call[Nothing, NewApplication]) -> ApplicationBody:
    """Make an application, for its own integration keys and to connect programs to."""
    body = call.body
    settings = ApplicationSettings(
        name=body.name,
        description=body.description,
        timezone=body.timezone,
        currency=body.currency,
        case_sensitivity=body.caseSensitivity,
        sandbox=body.sandbox,
    )
    made = await service.create_application(call.context, settings, call.known_caller)
    return _body(made, [])


async def get_one(call: Call[Nothing, Nothing]) -> ApplicationBody:
    """One application."""
    found = await service.get_application(call.context, call.known_caller, application_id(call))
    return _body(found, await _standings(call))


async def get_all(call: Call[SortedQuery, Nothing]) -> ApplicationsBody:
    """A page of the applications."""
    query = call.query
    page = await service.list_applications(
        call.context,
        call.known_caller,
        sort=sort_in(query.sort, service.SORTS),
        page_size=query.pageSize,
        skip=query.skip,
    )
    standings = await _standings(call)
    data = [_body(application, standings) for application in page.applications]
    return ApplicationsBody(totalResultSize=page.total, data=data)


async def _standings(call: Call[Any, Nothing]) -> list[Standing]:
    """The programs that are connected to any application, as far as the caller may know them."""
    programs = await list_programs(call.context, call.known_caller)
    connected = [program for program in programs if program.settings.subscribed_applications]
    return await tell_standings(call.context, connected)


def _body(application: Application, standings: list[Standing]) -> ApplicationBody:
    """An application on the wire; of the programs, those that list it."""
    settings = application.settings
    return ApplicationBody(
        id=application.id,
        created=render_instant(application.created_at),
        modified=render_instant(application.modified_at),
        accountId=ACCOUNT_ID,
        name=settings.name,
        description=settings.description,
        timezone=settings.timezone,
        currency=settings.currency,
        caseSensitivity=settings.case_sensitivity,
        sandbox=settings.sandbox,
        loyaltyPrograms=[
            program_body(standing)
            for standing in standings
            if application.id in standing.program.settings.subscribed_applications
        ],
    )
