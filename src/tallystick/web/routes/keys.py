"""The keys of other systems, by application, and the applications. A key is shown once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus

from tallystick.core.accounts import Application, ApplicationSettings
from tallystick.core.errors import InvalidField, NotFound, shown
from tallystick.core.ids import ApplicationId
from tallystick.core.roles import Right
from tallystick.core.validity import list_zones, local_midnight, parse_day
from tallystick.services.applications import (
    create_application,
    get_application,
    list_applications,
)
from tallystick.services.callers import CallerKind, Endpoint
from tallystick.services.keys import (
    ApiKey,
    create_application_key,
    create_management_key,
    delete_key,
    list_keys,
)
from tallystick.web.pages import Page
from tallystick.web.visits import Note, Redirect, View, Visit

KEYS = "/account/keys"

_APPLICATIONS_MAX = 1_000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def _show_keys(visit: Visit) -> View:
    """Every application with its keys, then those of no application, then management keys."""
    keys = await list_keys(visit.context, visit.caller)
    shops = [key for key in keys if key.kind is CallerKind.INTEGRATION]
    values = {
        "applications": await _applications(visit),
        "keys_of": {key.application_id: _of(shops, key.application_id) for key in shops},
        "management": [key for key in keys if key.kind is CallerKind.MANAGEMENT],
    }
    return View(template="keys.html", values=values)


async def _show_new_application(_visit: Visit) -> View:
    """The form of a new application."""
    return View(template="application_new.html", values={"zones": list_zones()})


async def _create_application(visit: Visit) -> Redirect:
    """Make an application; its first key comes next."""
    form = visit.form
    settings = ApplicationSettings(
        name=form.get("name", "").strip(),
        description=form.get("description", "").strip(),
        timezone=form.get("timezone", "").strip(),
        currency=form.get("currency", "").strip(),
        sandbox="sandbox" in form,
    )
    application = await create_application(visit.context, settings, visit.caller)
    note = Note(text=f"{application.settings.name} is there. It needs a key to be let in.")
    return Redirect(to=f"{KEYS}#application-{application.id}", note=note)


async def _show_new_key(visit: Visit) -> View:
    """The form of a new integration key."""
    values = {
        "application": await get_application(visit.context, visit.caller, _application_id(visit)),
        "until": _in_a_year(visit),
    }
    return View(template="key_new.html", values=values)


async def _create_key(visit: Visit) -> View:
    """Make an integration key and show it, this once."""
    key = await create_application_key(
        visit.context,
        visit.caller,
        _application_id(visit),
        title=visit.form.get("title", "").strip(),
        expires_at=_expiry(visit, "expires"),
    )
    return _made(key)


async def _show_new_management_key(visit: Visit) -> View:
    """The form of a new management key."""
    values = {"applications": await _applications(visit), "until": _in_a_year(visit)}
    return View(template="management_key_new.html", values=values)


async def _create_management_key(visit: Visit) -> View:
    """Make a management key and show it, this once."""
    form = visit.form
    everything = form.get("opens") == "everything"
    text = "*" if everything else form.get("endpoints", "")
    try:
        key = await create_management_key(
            visit.context,
            visit.caller,
            name=form.get("name", "").strip(),
            expires_at=_expiry(visit, "expiryDate"),
            endpoints=_endpoints_in(text),
            allowed_application_ids=[
                ApplicationId(int(each)) for each in form.getlist("applications") if each.isdigit()
            ],
        )
    except InvalidField as error:  # the form has one field for all endpoints
        raise InvalidField(error.field.partition("/")[0], error.found, error.fix) from error
    return _made(key)


async def _show_delete(visit: Visit) -> View:
    """What deleting the key means."""
    key_id = visit.number_in_path("key", "key")
    found = [key for key in await list_keys(visit.context, visit.caller) if key.key_id == key_id]
    if not found:
        raise NotFound("key", str(key_id))
    return View(template="key_delete.html", values={"key": found[0]})


async def _delete(visit: Visit) -> Redirect:
    """Delete the key; it opens nothing from now on."""
    key_id = visit.number_in_path("key", "key")
    await delete_key(visit.context, visit.caller, key_id)
    visit.house.doorkeeper.forget_all(lambda caller: caller.key_id == key_id)
    return Redirect(to=KEYS, note=Note(text="The key is deleted. It opens nothing any more."))


def _made(key: ApiKey) -> View:
    return View(template="key_made.html", values={"key": key}, status=HTTPStatus.CREATED)


def _of(keys: Iterable[ApiKey], application_id: ApplicationId | None) -> list[ApiKey]:
    return [key for key in keys if key.application_id == application_id]


async def _applications(visit: Visit) -> list[Application]:
    page = await list_applications(
        visit.context, visit.caller, sort="name", page_size=_APPLICATIONS_MAX, skip=0
    )
    return page.applications


def _application_id(visit: Visit) -> ApplicationId:
    return ApplicationId(visit.number_in_path("application", "application"))


def _in_a_year(visit: Visit) -> str:
    return (visit.show.today + timedelta(days=365)).isoformat()


def _expiry(visit: Visit, field: str) -> datetime:
    """The beginning of the day that was chosen, in the visitor's time zone."""
    text = visit.form.get(field, "")
    day = parse_day(text)
    if day is None:
        raise InvalidField(field, shown(text), "write a day like 2027-06-15")
    return local_midnight(day, visit.show.zone)


def _endpoints_in(text: str) -> list[Endpoint]:
    """Line after line, a method and a path or only a path."""
    endpoints = []
    for line in filter(None, map(str.strip, text.splitlines())):
        first, _, rest = line.partition(" ")
        is_method = bool(rest) and first.upper() in _METHODS
        endpoints.append(
            Endpoint(path=rest.strip(), method=first.upper()) if is_method else Endpoint(path=line)
        )
    return endpoints


PAGES = (
    Page(name="keys", path=KEYS, right=Right.KEYS, show=_show_keys),
    Page(
        name="application-new",
        path=f"{KEYS}/applications/new",
        right=Right.PROGRAMS,
        show=_show_new_application,
        do=_create_application,
    ),
    Page(
        name="key-new",
        path=f"{KEYS}/applications/{{application}}/new",
        right=Right.KEYS,
        show=_show_new_key,
        do=_create_key,
    ),
    Page(
        name="management-key-new",
        path=f"{KEYS}/management/new",
        right=Right.KEYS,
        show=_show_new_management_key,
        do=_create_management_key,
    ),
    Page(
        name="key-delete",
        path=f"{KEYS}/{{key}}/delete",
        right=Right.KEYS,
        show=_show_delete,
        do=_delete,
    ),
)
