"""The two roles, and that what they tell is what they do."""

import pytest

from api.harness import Api, exact, refusal
from tallystick.api.routes import OPERATIONS
from tallystick.services.callers import CallerKind


async def test_there_are_admins_and_managers(api: Api) -> None:
    admin, person = await api.person(is_admin=True), await api.person()
    found = exact(await admin.get("/v2/roles"))
    assert found["totalResultSize"] == 2
    one, two = found["data"]
    assert (one["id"], one["name"], two["id"], two["name"]) == (1, "Admin", 2, "Manager")
    assert admin.id in one["members"]
    assert person.id in two["members"]
    assert not set(one["members"]) & set(two["members"])
    for role in (one, two):
        assert role.keys() == {
            "id", "created", "modified", "accountId", "name", "description", "permissions",
            "members", "isReadonly",
        }  # fmt: skip
        assert role["isReadonly"] is True
        assert role["permissions"].keys() == {"permissionSets"}
        assert exact(await admin.get(f"/v2/roles/{role['id']}")) == role


async def test_a_role_tells_the_operations_that_it_opens(api: Api) -> None:
    person = {each.id for each in OPERATIONS if CallerKind.PERSON in each.who}
    for_admins = {each.id for each in OPERATIONS if each.admin}
    for number, opened in ((1, person), (2, person - for_admins)):
        role = exact(await api.manager.get(f"/v2/roles/{number}"))
        [told] = role["permissions"]["permissionSets"]
        assert told["name"] == role["name"]
        assert set(told["logicalOperations"]) == opened


@pytest.mark.parametrize("number", ["0", "3", "x", "99999999999"])
async def test_a_role_that_is_not_there_is_not_found(api: Api, number: str) -> None:
    found = refusal(await api.manager.get(f"/v2/roles/{number}"), 404)
    assert found["details"] == f"there is no role '{number}'"


async def test_roles_cannot_be_changed(api: Api) -> None:
    assert (await api.manager.put("/v2/roles/2", json={})).status_code == 405
