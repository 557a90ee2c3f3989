"""The audit in the browser: who did what, filtered, in the time zone of whoever looks."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from services.harness import NOW, new_name
from tallystick.core.accounts import Change, Origin, OwnSettings
from tallystick.core.ids import UserId
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import record_change
from tallystick.services.users import update_own_settings
from tallystick.web.audit_words import Difference, differences, thing_of
from web.harness import Site

FROM = Origin(address="192.0.2.7", request_id="request-1")


async def _change(
    site: Site, entity: str, email: str | None = None, **states: dict[str, object]
) -> None:
    """Let somebody, or a command, change a thing."""
    context, caller = site.api.context, None
    if email is not None:
        user_id = await site.user_id(email)
        caller = Caller(kind=CallerKind.PERSON, user_id=user_id, email=email, origin=FROM)
    old, new = states.get("old"), states.get("new")
    if not states:
        new = {"n": 1}
    async with context.database.transaction() as tx:
        await record_change(tx, caller, entity, now=context.clock(), old=old, new=new)


def _thing() -> str:
    return f"/v1/{new_name('thing').replace(' ', '')}"


async def _rows(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in await page.locator("tbody tr").all_inner_texts()]


async def test_an_entry_tells_when_who_what_and_from_where(site: Site) -> None:
    email, thing = await site.person(), _thing()
    await _change(site, thing, email, old={"pointsPerDay": 100}, new={"pointsPerDay": 200})
    page = await site.page()
    await page.goto(f"/account/audit?object={thing}")
    [row] = await _rows(page)
    for each in ("Today, 12:00", email, "Changed", "Points per day", "192.0.2.7", "request-1"):
        assert each in row
    await expect(page.locator("del")).to_have_text("was 100")
    await expect(page.locator("ins")).to_have_text("is 200")


async def test_entries_are_filtered_by_person_action_and_day_and_the_address_says_so(
    site: Site,
) -> None:
    email, thing = await site.person(), _thing()
    await _change(site, thing)
    await _change(site, thing, email)
    await _change(site, thing, email, old={"n": 1})
    site.api.clock.now = NOW + timedelta(days=1)
    await _change(site, thing, email)
    site.api.clock.now = NOW
    page = await site.page()
    await page.goto(f"/account/audit?object={thing}")
    form = page.get_by_role("search", name="Entries")
    await form.get_by_label("Who").select_option(label=email)
    await form.get_by_label("Action").select_option("Created")
    await form.get_by_label("Day").fill("2026-06-15")
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_url("**/account/audit?*day=2026-06-15*")
    assert len(await _rows(page)) == 1
    assert f"who=person-{await site.user_id(email)}" in page.url
    await page.get_by_role("link", name="Clear").click()
    await expect(page).to_have_url(f"{site.url}/account/audit")


async def test_a_filter_that_nothing_passes_says_so(site: Site) -> None:
    page = await site.page()
    await page.goto(f"/account/audit?object={_thing()}")
    await expect(page.get_by_role("heading", name="Nothing was done that fits")).to_be_visible()
    await page.get_by_role("link", name="Show all").click()
    await expect(page.get_by_role("heading", name="Entries")).to_be_visible()


async def test_newer_and_older_go_back_and_forth(site: Site) -> None:
    thing = _thing()
    for n in range(53):
        await _change(site, f"{thing}/{n}")
    page = await site.page()
    await page.goto(f"/account/audit?object={thing}")
    first = await _rows(page)
    await page.get_by_role("link", name="Older").click()
    await page.wait_for_url("**before=*")
    assert (len(first), len(await _rows(page))) == (50, 3)
    await page.get_by_role("link", name="Newer").click()
    await page.wait_for_url("**after=*")
    assert await _rows(page) == first


async def test_times_and_days_are_those_of_the_visitors_time_zone(site: Site) -> None:
    email, thing = await site.person(is_admin=True), _thing()
    user_id = await site.user_id(email)
    caller = Caller(kind=CallerKind.PERSON, user_id=user_id, email=email)
    await update_own_settings(site.api.context, caller, OwnSettings(timezone="Asia/Tokyo"))
    site.api.clock.now = NOW.replace(hour=20)
    await _change(site, thing)
    page = await site.page(email)
    await page.goto(f"/account/audit?object={thing}&day=2026-06-16")
    [row] = await _rows(page)
    assert "05:00" in row
    await expect(page.get_by_text("1 on this page, times in Asia/Tokyo")).to_be_visible()


@pytest.mark.parametrize(
    "parameters", ["who=x", "who=person-", "day=x", "action=x", "before=x", "before=2&after=1"]
)
async def test_a_filter_that_cannot_be_is_refused(site: Site, parameters: str) -> None:
    page = await site.page()
    answer = await page.request.get(f"/account/audit?{parameters}")
    assert answer.status == 400


async def test_html_in_a_state_is_shown_as_text(site: Site) -> None:
    thing = _thing()
    await _change(site, thing, old={"name": "a"}, new={"name": "<b id=evil>\N{PARTY POPPER}</b>"})
    page = await site.page()
    await page.goto(f"/account/audit?object={thing}")
    await expect(page.locator("ins")).to_contain_text("<b id=evil>")
    await expect(page.locator("#evil")).to_have_count(0)


def _told(old: str | None, new: str | None) -> Change:
    return Change(
        change_id=1,
        recorded_at=NOW,
        user_id=UserId(1),
        key_id=None,
        application_id=None,
        entity="/v1/users/1",
        address=None,
        request_id=None,
        old=old,
        new=new,
    )


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        pytest.param('{"a": 1, "b": 2}', '{"a": 1, "b": 3}', ("B", "2", "3"), id="changed only"),
        pytest.param(None, '{"isAdmin": true}', ("Is admin", None, "yes"), id="created"),
        pytest.param('{"name": ""}', None, ("Name", "—", None), id="deleted"),
        pytest.param(
            '{"in": {"it": 1.10}}', '{"in": {"it": 1.2}}', ("In: it", "1.10", "1.2"), id="within"
        ),
        pytest.param(
            '{"roles": []}',
            '{"roles": [{"role": "viewer"}, {"role": "support"}]}',
            ("Roles", "—", "role viewer; role support"),
            id="lists",
        ),
    ],
)
def test_differences_are_the_fields_that_changed(
    old: str | None, new: str | None, found: tuple[str, str | None, str | None]
) -> None:
    field, before, after = found
    assert differences(_told(old, new)) == [Difference(field=field, before=before, after=after)]


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        ("/v1/users/3", "Person 3"),
        ("/v1/users/3/password", "Person 3 · Password"),
        ("/v1/loyalty_programs/2/imports/9/undo", "Program 2 · Import 9 · Undo"),
        (
            "/v1/loyalty_programs/2/profile/a%2Fb/add_points",
            "Program 2 · Member a/b · Points added",
        ),
        ("/v1/odd_things/1", "Odd things 1"),
    ],
)
def test_a_path_is_told_in_words(entity: str, words: str) -> None:
    assert thing_of(entity) == words
