"""Attacks that were stored in every text there is, looked at on every page in a real browser.

The browser is told to leave our policy aside, so that whatever became part of a page would run.
"""

from urllib.parse import urlencode

import pytest
from playwright.async_api import Page as BrowserPage

from attacks.counting import TEXTS, tried
from attacks.marked import Marked, make_marked
from services.harness import NOW
from tallystick.web.pages import Page
from tallystick.web.routes import PAGES
from web.harness import Site

ATTACKS = {
    "tags": "'\"></td></textarea></title></select><svg onload=window.ran=1><x-mark onx-mark=1>"
    "<img src=/x onerror=window.ran=1><script>window.ran=1</script>{{7*7}}",
    "lines": "javascript:window.ran=1//`${window.ran=1}`\\' onfocus=window.ran=1 autofocus x-mark",
}
SHOWN = [page for page in PAGES if page.show and not page.is_file]
LOOK = """() => ({
    ran: window.ran,
    marks: document.querySelectorAll('x-mark, [onx-mark], [onload], [onerror], [onfocus]').length,
    links: [...document.querySelectorAll('[href], [src], [action], [formaction]')]
        .map((e) => ['href', 'src', 'action', 'formaction'].map((n) => e.getAttribute(n) ?? ''))
        .flat()
        .filter((to) => /^\\s*(javascript|data:text|vbscript):/i.test(to)).length,
})"""
TOLD = """() => [document.body.innerText, ...document.querySelectorAll('input, textarea')]
    .map((e) => e.value ?? e).join('\\n')"""
HARMLESS = {"ran": None, "marks": 0, "links": 0}

# Pages that show no text that anybody has entered.
WITHOUT = {
    "application-new", "me", "openid-disconnect", "password", "program-new",
    "recovery-codes", "roles", "second-factor", "second-factor-confirm", "second-factor-off",
}  # fmt: skip


async def look(page: BrowserPage, name: str) -> None:
    """Prove that nothing has run or could, also by what the page opens, points at and focuses."""
    for each in await page.get_by_role("button", expanded=False).all():
        if await each.is_visible():
            await each.click()
    assert {"ran": None} | await page.evaluate(LOOK) == HARMLESS, name


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_was_stored_is_shown_as_text_and_nothing_of_it_runs(
    site: Site, attack: str
) -> None:
    site.api.clock.now = NOW
    mark = ATTACKS[attack]
    hidden: Marked = await make_marked(site.api, mark)
    page = await site.page(bypass_csp=True)
    page.on("dialog", lambda dialog: site.faults.append(dialog.message))
    told = set()
    for each in SHOWN:
        answer = await page.goto(address_of(each, hidden))
        assert answer is not None
        assert answer.ok, (each.name, await answer.text())
        await look(page, each.name)
        tried(TEXTS, refused=False)
        if mark[:20] in await page.evaluate(TOLD):
            told.add(each.name)
    assert {each.name for each in SHOWN} - told == WITHOUT


def address_of(page: Page, hidden: Marked) -> str:
    """Where a page is, about what bears the attack in its texts."""
    address = page.path.format(**hidden.pages | hidden.own.get(page.name, {}))
    return f"{address}?{urlencode({'q': hidden.mark})}" if page.name == "find" else address
