"""My second factor: turned on step by step, turned off, and its recovery codes."""

from http import HTTPStatus

import segno

from tallystick.core.roles import Right
from tallystick.core.second_factor import grouped
from tallystick.services.second_factor import (
    RecoveryCodes,
    begin_second_factor,
    confirm_second_factor,
    renew_recovery_codes,
    turn_off_second_factor,
)
from tallystick.web.addresses import ME
from tallystick.web.pages import Page
from tallystick.web.visits import Note, Redirect, View, Visit

_QUIET_ZONE = 4  # modules of white around the code, as readers want them


async def _show_begin(_visit: Visit) -> View:
    """The password, asked for again."""
    return View(template="second_factor_on.html")


async def _begin(visit: Visit) -> View:
    """The secret for the app, shown this once, and a field for its first code."""
    password = visit.form.get("password", "")
    setup = await begin_second_factor(visit.context, visit.caller, password=password)
    values = {"setup": setup, "secret": grouped(setup.secret), "picture": _picture(setup.uri)}
    return View(template="second_factor_scan.html", values=values, status=HTTPStatus.CREATED)


async def _show_confirm(_visit: Visit) -> View:
    """The first code alone, after one that was wrong."""
    return View(template="second_factor_confirm.html")


async def _confirm(visit: Visit) -> View:
    """Turn it on; the recovery codes, shown this once."""
    code = visit.form.get("code", "")
    found = await confirm_second_factor(visit.context, visit.caller, code=code)
    visit.house.doorkeeper.forget_all(lambda caller: caller.user_id == visit.person.user_id)
    return _codes(found)


async def _show_off(_visit: Visit) -> View:
    """Password and code, asked for again."""
    return View(template="second_factor_off.html")


async def _turn_off(visit: Visit) -> Redirect:
    """Sign in by the password alone from now on."""
    form = visit.form
    await turn_off_second_factor(
        visit.context,
        visit.caller,
        password=form.get("password", ""),
        code=form.get("code", ""),
    )
    return Redirect(to=ME, note=Note(text="Your second factor is off."))


async def _show_renew(_visit: Visit) -> View:
    """Password and code, asked for again."""
    return View(template="recovery_codes_new.html")


async def _renew(visit: Visit) -> View:
    """New recovery codes, shown this once."""
    form = visit.form
    found = await renew_recovery_codes(
        visit.context,
        visit.caller,
        password=form.get("password", ""),
        code=form.get("code", ""),
    )
    return _codes(found)


def _codes(found: RecoveryCodes) -> View:
    values = {"codes": found.codes}
    return View(template="recovery_codes.html", values=values, status=HTTPStatus.CREATED)


def _picture(uri: str) -> str:
    """The address of a picture that holds itself, dark on light in either theme."""
    code = segno.make(uri, error="m", micro=False)
    return code.svg_data_uri(border=_QUIET_ZONE, dark="#000", light="#fff", omitsize=True)


PAGES = (
    Page(
        name="second-factor",
        path=f"{ME}/second-factor",
        right=Right.OWN_ACCOUNT,
        show=_show_begin,
        do=_begin,
    ),
    Page(
        name="second-factor-confirm",
        path=f"{ME}/second-factor/confirm",
        right=Right.OWN_ACCOUNT,
        show=_show_confirm,
        do=_confirm,
    ),
    Page(
        name="second-factor-off",
        path=f"{ME}/second-factor/off",
        right=Right.OWN_ACCOUNT,
        show=_show_off,
        do=_turn_off,
    ),
    Page(
        name="recovery-codes",
        path=f"{ME}/recovery-codes",
        right=Right.OWN_ACCOUNT,
        show=_show_renew,
        do=_renew,
    ),
)
