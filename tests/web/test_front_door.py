"""The front door leads to the only program there is, else to the list of them."""

from playwright.async_api import expect

from web.harness import Site


async def test_the_front_door_leads_to_the_only_program_or_to_all(site: Site) -> None:
    page = await site.page()
    await page.goto("/")
    await expect(page).to_have_url(f"{site.url}/programs")
    await expect(page.get_by_role("heading", name="No programs yet")).to_be_visible()
    only = await site.api.program()
    await page.goto("/")
    await expect(page).to_have_url(f"{site.url}/programs/{only.id}")
    await page.get_by_role("link", name="Programs").first.click()
    await expect(page).to_have_url(f"{site.url}/programs")
    await site.api.program()
    await page.goto("/")
    await expect(page).to_have_url(f"{site.url}/programs")
