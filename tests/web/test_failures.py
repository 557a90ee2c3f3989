"""What a page shows when the server refuses, fails, is slow or is gone."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from api.harness import PASSWORD
from tallystick.core.programs import Program
from tallystick.services.export_jobs import list_export_jobs
from tallystick.services.sessions import sign_in, sign_out
from tallystick.web.cookies import SESSION_COOKIE
from web.harness import ADMIN, Site

SORRY = "<!doctype html><title>Sorry</title><h1>This page didn't load</h1><p>The log says more.</p>"
SILENCE = "The server did not answer"
Answer = Callable[[Route], Awaitable[None]]


@pytest.fixture
async def program(site: Site) -> Program:
    """A program without anything in it."""
    return await site.api.program()


async def fail(route: Route) -> None:
    await route.fulfill(status=500, content_type="text/html", body=SORRY)


async def fail_on_the_way(route: Route) -> None:
    await route.fulfill(status=502, content_type="text/html", body="<html>Bad gateway</html>")


async def break_off(route: Route) -> None:
    await route.abort("connectionreset")


def opener(page: Page) -> Locator:
    """What loads a part of a page: the form of an export."""
    return page.get_by_role("main").get_by_role("link", name="Export", exact=True).first


async def test_a_part_of_a_page_for_a_session_that_has_ended_leads_to_sign_in_and_back(
    site: Site, program: Program
) -> None:
    ended = await sign_in(site.api.context, email=ADMIN, password=PASSWORD)
    await sign_out(site.api.context, ended.token)
    page = await site.page()
    await page.goto(f"/programs/{program.id}/exports?new=1")
    await page.context.add_cookies(
        [{"name": SESSION_COOKIE, "value": ended.token, "url": site.url}]
    )
    await opener(page).click()
    await page.get_by_label("E-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page).to_have_url(f"{site.url}/programs/{program.id}/exports?new=1")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (fail, "This page didn't load. The log says more."),
        (fail_on_the_way, SILENCE),
        (break_off, SILENCE),
    ],
)
async def test_what_fails_is_said_and_forgotten_once_it_works(
    site: Site, program: Program, answer: Answer, said: str
) -> None:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/exports")
    await page.route("**/new", answer)
    await opener(page).click()
    alert = page.get_by_role("main").get_by_role("alert")
    await expect(alert).to_contain_text(said)
    await expect(alert.get_by_role("button", name="Reload the page")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.unroute("**/new")
    await opener(page).click()
    await expect(page.get_by_role("dialog", name="Export")).to_be_visible()
    await expect(alert).to_have_count(0)
    site.faults.clear()  # a browser complains about what failed


@pytest.mark.parametrize("answer", [fail, break_off])
async def test_a_form_in_a_dialog_that_fails_says_so_there_and_can_be_sent_again(
    site: Site, program: Program, answer: Answer
) -> None:
    page = await site.page()
    await page.goto(f"/programs/{program.id}/exports")
    await opener(page).click()
    dialog = page.get_by_role("dialog", name="Export")
    send = dialog.get_by_role("button", name="Export", exact=True)
    await page.route("**/new?kind=*", answer)
    await send.click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await page.unroute("**/new?kind=*")
    await send.click()
    await expect(dialog).not_to_be_visible()
    await expect(page.locator("#exports tr.new")).to_have_count(1)
    site.faults.clear()  # a browser complains about what failed


# What a page looked like when it was left, kept for the one that comes next.
REMEMBER = """addEventListener("beforeunload", () => setTimeout(() => {
  sessionStorage.leaving = document.documentElement.matches(".leaving");
  sessionStorage.busy = document.querySelectorAll("button[aria-busy=true]").length;
}))"""


class Slow:
    """A server that answers once it is told to; counts what was sent meanwhile."""

    def __init__(self, method: str) -> None:
        self.goes_on = asyncio.Event()
        self.sent: list[Request] = []
        self._method = method

    async def answer(self, route: Route) -> None:
        """Hold requests of the method back."""
        if route.request.method == self._method:
            self.sent.append(route.request)
            await self.goes_on.wait()
        await route.continue_()


async def test_a_form_is_sent_once_however_often_it_is_pressed(
    site: Site, program: Program
) -> None:
    page, slow = await site.page(), Slow("POST")
    await page.goto(f"/programs/{program.id}/exports/new?kind=balances")
    await page.route("**/new?kind=*", slow.answer)
    button = page.get_by_role("button", name="Export", exact=True)
    await button.dblclick()
    await expect(button).to_have_attribute("aria-busy", "true")
    await button.click()
    slow.goes_on.set()
    await expect(page.locator("#exports tr.new")).to_have_count(1)
    jobs = await list_export_jobs(site.api.context, program.id, page_size=5, skip=0)
    assert (len(slow.sent), jobs.total) == (1, 1)


async def test_a_form_of_a_whole_page_is_sent_once_too(site: Site) -> None:
    page, slow = await site.page(email=None), Slow("POST")
    await page.add_init_script(REMEMBER)
    await page.goto("/login")
    await page.route("**/login", slow.answer)
    await page.get_by_label("E-mail").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    button = page.get_by_role("button", name="Sign in")
    await button.evaluate("button => void setTimeout(() => { button.click(); button.click(); })")
    slow.goes_on.set()
    await expect(page).to_have_url(f"{site.url}/programs")
    assert len(slow.sent) == 1
    assert await page.evaluate("sessionStorage.busy") == "1"


async def test_a_page_that_takes_long_to_leave_shows_that_it_does(
    site: Site, program: Program
) -> None:
    page = await site.page()
    await page.add_init_script(REMEMBER)
    await page.goto(f"/programs/{program.id}/exports")
    await page.get_by_label("Breadcrumb").get_by_role("link", name="Programs").click()
    await expect(page).to_have_url(f"{site.url}/programs")
    assert await page.evaluate("sessionStorage.leaving") == "true"
    await expect(page.locator("html.leaving")).to_have_count(0)
