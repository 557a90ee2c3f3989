"""Keys in the browser: shown once, by application, limited to operations, deleted."""

import httpx
from playwright.async_api import Page, expect

from api.harness import new_client
from services.harness import new_name
from web.harness import Site


async def _new_application(page: Page, name: str) -> None:
    """Make an application by its form."""
    await page.goto("/account/keys")
    await page.get_by_role("link", name="New application").first.click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await form.get_by_label("Time zone").fill("Europe/Lisbon")
    await form.get_by_label("Currency").fill("EUR")
    await form.get_by_role("button", name="Make application").click()
    await expect(page.get_by_role("status").filter(has_text=name)).to_be_visible()


async def _new_key(page: Page, application: str, name: str) -> str:
    """Make a key of an application by its form; the key comes back."""
    await page.get_by_role("region", name=application).get_by_role("link", name="New key").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill(name)
    await form.get_by_role("button", name="Make key").click()
    return await page.locator("#once").inner_text()


async def test_a_key_of_a_new_application_lets_in_until_it_is_deleted(site: Site) -> None:
    shop, name = new_name("shop"), new_name("key")
    page = await site.page()
    await _new_application(page, shop)
    key = await _new_key(page, shop, name)
    async with new_client(site.api.app, f"ApiKey-v1 {key}") as client:
        asked = await client.get("/v1/loyalty_programs/1/profile/x/balances")
        assert asked.status_code == httpx.codes.NOT_FOUND
        await page.goto("/account/keys")
        row = page.get_by_role("row").filter(has_text=name)
        await expect(row).to_contain_text("Today, 12:00")  # when it was last used
        await row.get_by_role("link", name="Delete").click()
        await page.get_by_role("button", name="Delete key").click()
        await expect(row).to_have_count(0)
        asked = await client.get("/v1/loyalty_programs/1/profile/x/balances")
        assert asked.status_code == httpx.codes.UNAUTHORIZED


async def test_a_key_is_shown_in_one_answer_that_nothing_keeps(site: Site) -> None:
    shop = new_name("shop")
    page = await site.page()
    await _new_application(page, shop)
    async with page.expect_response(lambda answer: answer.request.method == "POST") as waiting:
        key = await _new_key(page, shop, "Checkout")
    answer = await waiting.value
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert key not in page.url
    assert all(key not in cookie.get("value", "") for cookie in await page.context.cookies())
    for address in ("/account/keys", "/account/audit"):
        await page.goto(address)
        assert key not in await page.content()


async def test_a_management_key_opens_the_operations_it_lists(site: Site) -> None:
    page = await site.page()
    await page.goto("/account/keys/management/new")
    await page.get_by_label("Name").fill("Books")
    await page.get_by_role("textbox", name="Operations").fill(
        "GET /v1/loyalty_programs\n\n/v1/changes"
    )
    await page.get_by_role("button", name="Make key").click()
    key = await page.locator("#once").inner_text()
    async with new_client(site.api.app, f"ManagementKey-v1 {key}") as client:
        assert (await client.get("/v1/loyalty_programs")).is_success
        assert (await client.get("/v1/changes")).is_success
        assert (await client.get("/v1/applications")).status_code == httpx.codes.FORBIDDEN


async def test_a_form_that_is_not_right_keeps_what_was_written_and_says_the_cure(
    site: Site,
) -> None:
    page = await site.page()
    await page.goto("/account/keys/management/new")
    await page.get_by_label("Name").fill("Books")
    await page.get_by_role("textbox", name="Operations").fill("v1/changes")
    await page.get_by_role("button", name="Make key").click()
    await expect(page.get_by_role("textbox", name="Operations")).to_have_value("v1/changes")
    await expect(page.get_by_role("textbox", name="Operations")).to_have_attribute(
        "aria-invalid", "true"
    )
    await expect(page.get_by_text("write a path like /v1/loyalty_programs")).to_be_visible()
    await page.get_by_label("Works until").fill("2026-06-14")
    await page.get_by_role("textbox", name="Operations").fill("/v1/changes")
    await page.get_by_role("button", name="Make key").click()
    await expect(page.get_by_label("Works until")).to_have_attribute("aria-invalid", "true")
    site.faults.clear()  # a browser complains about the status 422


async def test_keys_are_made_without_scripts(site: Site) -> None:
    page = await site.page(java_script_enabled=False)
    await page.goto("/account/keys")
    await page.get_by_role("link", name="New management key").click()
    await page.get_by_label("Name").fill("By hand")
    await page.get_by_label("Everything").check()
    await page.get_by_role("button", name="Make key").click()
    assert len(await page.locator("#once").inner_text()) == 64
