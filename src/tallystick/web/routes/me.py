"""My account: how pages look to me, my password, and where I am signed in."""

from http import HTTPStatus

from starlette.responses import Response

from tallystick.core.accounts import OwnSettings, Theme
from tallystick.core.errors import InvalidField, shown
from tallystick.core.roles import Right
from tallystick.core.validity import list_zones
from tallystick.services.passwords import change_password
from tallystick.services.programs import list_programs
from tallystick.services.second_factor import get_second_factor
from tallystick.services.sessions import end_other_sessions, end_session, list_sessions
from tallystick.services.users import UserWish, update_own_settings, update_user
from tallystick.web.addresses import ME
from tallystick.web.browsers import browser_of
from tallystick.web.pages import Page
from tallystick.web.routes.openid import identity_values
from tallystick.web.showing import LOCALES
from tallystick.web.sign_in import way_on
from tallystick.web.visits import Answer, Note, Redirect, View, Visit

_THEMES = {
    Theme.SYSTEM: "Like the system",
    Theme.LIGHT: "Light",
    Theme.DARK: "Dark",
}


async def _show_me(visit: Visit) -> View:
    """The visitor's own settings, roles and sessions."""
    programs = await list_programs(visit.context, visit.caller)
    values = {
        "titles": {program.id: program.settings.title for program in programs},
        "themes": [(theme.value, words) for theme, words in _THEMES.items()],
        "locales": list(LOCALES.items()),
        "zones": list_zones(),
        "browser_of": browser_of,
        "second_factor": await get_second_factor(visit.context, visit.caller),
        "sessions": await list_sessions(visit.context, visit.caller, visit.person.user_id),
        **await identity_values(visit, visit.person.user_id),
    }
    return View(template="me.html", values=values)


async def _save(visit: Visit) -> Redirect:
    """Keep the visitor's name and settings."""
    form = visit.form
    settings = OwnSettings(
        theme=_theme(visit),
        timezone=form.get("timezone", "").strip() or None,
        locale=form.get("locale", ""),
    )
    if settings.locale not in LOCALES:
        raise InvalidField("locale", shown(settings.locale), f"write one of {', '.join(LOCALES)}")
    wish = UserWish(name=form.get("name", "").strip())
    await update_user(visit.context, visit.caller, visit.person.user_id, wish)
    await update_own_settings(visit.context, visit.caller, settings)
    return Redirect(to=ME, note=Note(text="Your settings are saved."))


async def _choose_theme(visit: Visit) -> Answer:
    """Keep how pages look; back to the page that the button is on, if there is one."""
    old = visit.person.settings
    settings = OwnSettings(theme=_theme(visit), timezone=old.timezone, locale=old.locale)
    await update_own_settings(visit.context, visit.caller, settings)
    if back := visit.form.get("back"):
        return Redirect(to=way_on(back))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _show_password(_visit: Visit) -> View:
    """The form of a new password."""
    return View(template="password.html")


async def _change_password(visit: Visit) -> Redirect:
    """Let the visitor sign in with another password; their other sessions end."""
    form = visit.form
    await change_password(
        visit.context,
        visit.caller,
        old=form.get("oldPassword", ""),
        new=form.get("newPassword", ""),
    )
    return _back(visit, "The new password holds from now on. All other sessions are ended.")


async def _end_session(visit: Visit) -> Redirect:
    """End one of the visitor's sessions."""
    session_id = visit.number_in_path("session", "session")
    await end_session(visit.context, visit.caller, visit.person.user_id, session_id)
    return _back(visit, "The session is ended.")


async def _end_others(visit: Visit) -> Redirect:
    """End all sessions of the visitor but this one."""
    await end_other_sessions(visit.context, visit.caller)
    return _back(visit, "All other sessions are ended.")


def _theme(visit: Visit) -> Theme:
    text = visit.form.get("theme", "")
    known = {theme.value: theme for theme in Theme}
    if text not in known:
        raise InvalidField("theme", shown(text), f"choose one of {', '.join(known)}")
    return known[text]


def _back(visit: Visit, text: str) -> Redirect:
    visit.house.doorkeeper.forget_all(lambda caller: caller.user_id == visit.person.user_id)
    return Redirect(to=ME, note=Note(text=text))


PAGES = (
    Page(name="me", path=ME, right=Right.OWN_ACCOUNT, show=_show_me, do=_save),
    Page(name="theme", path=f"{ME}/theme", right=Right.OWN_ACCOUNT, do=_choose_theme),
    Page(
        name="password",
        path=f"{ME}/password",
        right=Right.OWN_ACCOUNT,
        show=_show_password,
        do=_change_password,
    ),
    Page(
        name="session-end",
        path=f"{ME}/sessions/{{session}}/end",
        right=Right.OWN_ACCOUNT,
        do=_end_session,
    ),
    Page(
        name="other-sessions-end",
        path=f"{ME}/sessions/end",
        right=Right.OWN_ACCOUNT,
        do=_end_others,
    ),
)
