"""People: all of them, inviting somebody, and one person with what they may do."""

from http import HTTPStatus

from tallystick.core.accounts import User, UserState
from tallystick.core.ids import UserId
from tallystick.core.roles import Right
from tallystick.services.links import Invitation, Link, invite_user, renew_link
from tallystick.services.programs import list_programs
from tallystick.services.second_factor import reset_second_factor
from tallystick.services.sessions import end_session, list_sessions
from tallystick.services.users import UserWish, delete_user, get_user, list_users, update_user
from tallystick.web.addresses import PEOPLE
from tallystick.web.browsers import browser_of
from tallystick.web.entrance import public_url
from tallystick.web.pages import Page
from tallystick.web.person_form import chosen_roles, fields_of, role_values
from tallystick.web.routes.openid import identity_values
from tallystick.web.visits import Note, Redirect, View, Visit

PERSON = f"{PEOPLE}/{{person}}"

_PEOPLE_A_PAGE = 50


async def _show_people(visit: Visit) -> View:
    """Everybody, by their addresses."""
    skip = visit.number("skip") or 0
    page = await list_users(
        visit.context, visit.caller, sort="email", page_size=_PEOPLE_A_PAGE, skip=skip
    )
    values = {
        "page": page,
        "skip": skip,
        "page_size": _PEOPLE_A_PAGE,
        "titles": await _titles(visit),
    }
    return View(template="people.html", values=values)


async def _show_invite(visit: Visit) -> View:
    """The form for somebody new."""
    programs = await list_programs(visit.context, visit.caller)
    values = {"fields": fields_of(programs), **role_values(programs, ())}
    return View(template="person_new.html", values=values)


async def _invite(visit: Visit) -> View:
    """Invite somebody and show the link, this once."""
    programs = await list_programs(visit.context, visit.caller)
    is_admin = "isAdmin" in visit.form
    wish = Invitation(
        email=visit.form.get("email", "").strip(),
        name=visit.form.get("name", "").strip(),
        is_admin=is_admin,
        roles=() if is_admin else chosen_roles(visit, programs),
    )
    return await _made(visit, await invite_user(visit.context, visit.caller, wish))


async def _show_person(visit: Visit) -> View:
    """A person: what they may do, and where they are signed in."""
    user = await _user(visit)
    programs = await list_programs(visit.context, visit.caller)
    values = {
        "user": user,
        "browser_of": browser_of,
        "sessions": await list_sessions(visit.context, visit.caller, user.user_id),
        **await identity_values(visit, user.user_id),
        "fields": fields_of(programs),
        **role_values(programs, user.roles),
    }
    return View(template="person.html", values=values)


async def _change(visit: Visit) -> Redirect:
    """Change what a person is called and may do."""
    user = await _user(visit)
    programs = await list_programs(visit.context, visit.caller)
    is_admin = "isAdmin" in visit.form
    wish = UserWish(
        name=visit.form.get("name", "").strip(),
        is_admin=is_admin,
        roles=user.roles if is_admin else chosen_roles(visit, programs),
    )
    await update_user(visit.context, visit.caller, user.user_id, wish)
    return _back(visit, user.user_id, "The changes are saved. They hold from now on.")


async def _let_in(visit: Visit) -> Redirect:
    """Let somebody sign in again."""
    user = await _user(visit)
    wish = UserWish(state=UserState.ACTIVE)
    await update_user(visit.context, visit.caller, user.user_id, wish)
    return _back(visit, user.user_id, f"{user.name or user.email} can sign in again.")


async def _show_shut_out(visit: Visit) -> View:
    """What deactivating a person means."""
    return View(template="person_deactivate.html", values={"user": await _user(visit)})


async def _shut_out(visit: Visit) -> Redirect:
    """Let somebody sign in no more, and end their sessions."""
    user = await _user(visit)
    wish = UserWish(state=UserState.DEACTIVATED)
    await update_user(visit.context, visit.caller, user.user_id, wish)
    return _back(
        visit,
        user.user_id,
        f"{user.name or user.email} can\N{RIGHT SINGLE QUOTATION MARK}t sign in any more.",
    )


async def _renew(visit: Visit) -> View:
    """A new link by which somebody sets their password, shown this once."""
    return await _made(visit, await renew_link(visit.context, visit.caller, _user_id(visit)))


async def _show_reset(visit: Visit) -> View:
    """What resetting a person's second factor means."""
    return View(template="person_second_factor.html", values={"user": await _user(visit)})


async def _reset(visit: Visit) -> Redirect:
    """Take a person's second factor away, and end their sessions."""
    user = await _user(visit)
    await reset_second_factor(visit.context, visit.caller, user.user_id)
    text = f"{user.name or user.email} signs in without a second factor now."
    return _back(visit, user.user_id, text)


async def _show_delete(visit: Visit) -> View:
    """What deleting a person means."""
    return View(template="person_delete.html", values={"user": await _user(visit)})


async def _delete(visit: Visit) -> Redirect:
    """Delete a person."""
    user = await _user(visit)
    await delete_user(visit.context, visit.caller, user.user_id)
    _forget(visit)
    return Redirect(to=PEOPLE, note=Note(text=f"{user.name or user.email} is deleted."))


async def _end_session(visit: Visit) -> Redirect:
    """End one of somebody's sessions."""
    user_id, session_id = _user_id(visit), visit.number_in_path("session", "session")
    await end_session(visit.context, visit.caller, user_id, session_id)
    return _back(visit, user_id, "The session is ended.")


async def _titles(visit: Visit) -> dict[int, str]:
    """What the programs that the visitor may see are called."""
    programs = await list_programs(visit.context, visit.caller)
    return {program.id: program.settings.title for program in programs}


async def _user(visit: Visit) -> User:
    return await get_user(visit.context, visit.caller, _user_id(visit))


def _user_id(visit: Visit) -> UserId:
    return UserId(visit.number_in_path("person", "user"))


async def _made(visit: Visit, link: Link) -> View:
    values = {
        "user": await get_user(visit.context, visit.caller, link.user_id),
        "link": link,
        "address": f"{public_url(visit.request)}/invite/{link.token}",
    }
    return View(template="link_made.html", values=values, status=HTTPStatus.CREATED)


def _back(visit: Visit, user_id: UserId, text: str) -> Redirect:
    _forget(visit)
    return Redirect(to=f"{PEOPLE}/{user_id}", note=Note(text=text))


def _forget(visit: Visit) -> None:
    """Ask anew who everybody is: what somebody may do, or that they are in, may have changed."""
    visit.house.doorkeeper.forget_all(lambda _: True)


PAGES = (
    Page(name="people", path=PEOPLE, right=Right.PEOPLE, show=_show_people),
    Page(
        name="person-new",
        path=f"{PEOPLE}/new",
        right=Right.PEOPLE,
        show=_show_invite,
        do=_invite,
    ),
    Page(name="person", path=PERSON, right=Right.PEOPLE, show=_show_person, do=_change),
    Page(name="person-activate", path=f"{PERSON}/activate", right=Right.PEOPLE, do=_let_in),
    Page(
        name="person-deactivate",
        path=f"{PERSON}/deactivate",
        right=Right.PEOPLE,
        show=_show_shut_out,
        do=_shut_out,
    ),
    Page(name="person-link", path=f"{PERSON}/link", right=Right.PEOPLE, do=_renew),
    Page(
        name="person-second-factor",
        path=f"{PERSON}/second-factor",
        right=Right.PEOPLE,
        show=_show_reset,
        do=_reset,
    ),
    Page(
        name="person-delete",
        path=f"{PERSON}/delete",
        right=Right.PEOPLE,
        show=_show_delete,
        do=_delete,
    ),
    Page(
        name="person-session-end",
        path=f"{PERSON}/sessions/{{session}}/end",
        right=Right.PEOPLE,
        do=_end_session,
    ),
)
