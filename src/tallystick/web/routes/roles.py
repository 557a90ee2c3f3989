"""The table of roles: which of them gives which right."""

from tallystick.core.roles import RIGHTS, Right, Role
from tallystick.web.pages import Page
from tallystick.web.right_words import EXPLAINED, LIMITED
from tallystick.web.visits import View, Visit


async def _show_roles(_visit: Visit) -> View:
    """Every right and every role."""
    values = {
        "rights": list(Right),
        "roles": list(Role),
        "given": RIGHTS,
        "explained": EXPLAINED,
        "limited": LIMITED,
    }
    return View(template="roles.html", values=values)


PAGES = (Page(name="roles", path="/account/roles", right=Right.OWN_ACCOUNT, show=_show_roles),)
