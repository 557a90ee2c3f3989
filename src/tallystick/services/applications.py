"""Applications: made, found and listed."""

from dataclasses import dataclass

from tallystick.core.accounts import Application, ApplicationSettings
from tallystick.core.errors import NotAllowed, NotFound
from tallystick.core.ids import ApplicationId
from tallystick.core.programs import NUMBER_MAX
from tallystick.core.roles import Right
from tallystick.core.validity import render_instant
from tallystick.services.callers import Caller, check_may
from tallystick.services.changes import record_change
from tallystick.services.context import Context
from tallystick.store import applications as store
from tallystick.store.db import Reader

SORTS = frozenset({"id", "created", "modified", "name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationPage:
    """Applications, and how many there are on all pages."""

    applications: list[Application]
    total: int


async def create_application(
    context: Context, settings: ApplicationSettings, caller: Caller | None = None
) -> Application:
    """Make an application.

    Errors: AlreadyExists if the name is taken; NotAllowed, also for a key that is limited
    to other applications.
    """
    check_may(caller, Right.PROGRAMS)
    if caller is not None and caller.allowed_application_ids is not None:
        fix = "this key is for some applications only; use one that is for all"
        raise NotAllowed("make an application with this key", fix)
    now = context.clock()
    async with context.database.transaction() as tx:
        application = await store.insert_application(tx, settings, now=now)
        await record_change(
            tx,
            caller,
            f"/v1/applications/{application.id}",
            now=now,
            new=_told(application),
            application_id=application.id,
        )
    return application


async def list_applications(
    context: Context, caller: Caller, *, sort: str, page_size: int, skip: int
) -> ApplicationPage:
    """A page of the applications that the caller reaches. Errors: NotAllowed."""
    check_may(caller, Right.SEE)
    only = caller.allowed_application_ids
    async with context.database.snapshot() as reader:
        return ApplicationPage(
            applications=await store.list_applications(
                reader, only=only, sort=sort, skip=skip, at_most=page_size
            ),
            total=await store.count_applications(reader, only=only),
        )


async def get_application(
    context: Context, caller: Caller, application_id: ApplicationId
) -> Application:
    """The application. Errors: NotAllowed; NotFound, also if the caller does not reach it."""
    check_may(caller, Right.SEE)
    async with context.database.reader() as reader:
        return await find_application(reader, application_id, caller)


async def find_application(
    reader: Reader, application_id: ApplicationId, caller: Caller | None = None
) -> Application:
    """The application, if the caller reaches it; a command reaches all. Errors: NotFound."""
    reached = caller is None or caller.reaches_application(application_id)
    only = [application_id] if reached and 0 < application_id <= NUMBER_MAX else []
    found = await store.list_applications(reader, only=only, at_most=1)
    if not found:
        raise NotFound("application", str(application_id), hidden=not reached)
    return found[0]


def _told(application: Application) -> dict[str, object]:
    """What the record of changes holds of an application."""
    settings = application.settings
    return {
        "id": application.id,
        "created": render_instant(application.created_at),
        "name": settings.name,
        "description": settings.description,
        "timezone": settings.timezone,
        "currency": settings.currency,
        "caseSensitivity": settings.case_sensitivity.value,
        "sandbox": settings.sandbox,
    }
