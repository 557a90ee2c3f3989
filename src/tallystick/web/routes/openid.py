"""Accounts at the OpenID provider: connecting one's own, and disconnecting."""

from typing import Any

from starlette.responses import Response

from tallystick.core.ids import UserId
from tallystick.core.roles import Right
from tallystick.edges.origin import origin_of
from tallystick.services import openid
from tallystick.services.users import get_user
from tallystick.web.addresses import ME, PEOPLE
from tallystick.web.cookies import START
from tallystick.web.pages import Page
from tallystick.web.rendering import render
from tallystick.web.visits import Note, Redirect, View, Visit


async def identity_values(visit: Visit, user_id: UserId) -> dict[str, Any]:
    """What pages about a person show of their accounts at providers."""
    provider = visit.context.openid
    return {
        "provider": provider.settings.name if provider else "",
        "identities": await openid.list_identities(visit.context, visit.caller, user_id),
    }


async def _connect(visit: Visit) -> Response:
    """The way to the provider, as a link: a form may not lead to another site."""
    provider = openid.provider_of(visit.context)
    start = await openid.start(
        visit.context,
        way_on=ME,
        browser=START.token(visit.request),
        user_id=visit.person.user_id,
        origin=origin_of(visit.request),
    )
    values = {"provider": provider.settings.name, "address": start.address}
    response = await render(visit, View(template="openid_connect.html", values=values))
    START.keep(response, visit.request, start.browser)
    return response


async def _show_disconnect(_visit: Visit) -> View:
    """What disconnecting means."""
    return View(template="openid_disconnect.html", values={"user": None, "back": ME})


async def _disconnect(visit: Visit) -> Redirect:
    """Disconnect the visitor's account."""
    await openid.disconnect(visit.context, visit.caller, visit.person.user_id)
    return _back(visit, ME, "The account is disconnected. Your other sessions are ended.")


async def _show_disconnect_person(visit: Visit) -> View:
    """What disconnecting somebody else means."""
    user = await get_user(visit.context, visit.caller, _user_id(visit))
    values = {"user": user, "back": f"{PEOPLE}/{user.user_id}"}
    return View(template="openid_disconnect.html", values=values)


async def _disconnect_person(visit: Visit) -> Redirect:
    """Disconnect somebody's account."""
    user_id = _user_id(visit)
    await openid.disconnect(visit.context, visit.caller, user_id)
    return _back(visit, f"{PEOPLE}/{user_id}", "The account is disconnected. Sessions are ended.")


def _user_id(visit: Visit) -> UserId:
    return UserId(visit.number_in_path("person", "user"))


def _back(visit: Visit, to: str, text: str) -> Redirect:
    visit.house.doorkeeper.forget_all(lambda _: True)
    return Redirect(to=to, note=Note(text=text))


PAGES = (
    Page(name="openid-connect", path=f"{ME}/openid", right=Right.OWN_ACCOUNT, do=_connect),
    Page(
        name="openid-disconnect",
        path=f"{ME}/openid/disconnect",
        right=Right.OWN_ACCOUNT,
        show=_show_disconnect,
        do=_disconnect,
    ),
    Page(
        name="person-disconnect",
        path=f"{PEOPLE}/{{person}}/disconnect",
        right=Right.PEOPLE,
        show=_show_disconnect_person,
        do=_disconnect_person,
    ),
)
