"""The roles in the contract's words, and that what they tell is what they do."""

import pytest

from api.harness import Api, exact, refusal
from tallystick.api.routes import OPERATIONS
from tallystick.core.roles import RIGHTS, Role
from tallystick.services.callers import CallerKind

NAMES = ["Admin", "Manager", "Support", "Analyst", "Viewer"]


async def test_there_are_five_roles(api: Api) -> None:
    found = exact(await api.manager.get("/v2/roles"))
    assert found["totalResultSize"] == 5
    assert [(each["id"], each["name"]) for each in found["data"]] == [*enumerate(NAMES, start=1)]
    for role in found["data"]:
        assert role.keys() == {
            "id", "created", "modified", "accountId", "name", "description", "permissions",
            "members", "isReadonly",
        }  # fmt: skip
        assert role["isReadonly"] is True
        assert role["permissions"].keys() == {"permissionSets"}
        assert exact(await api.manager.get(f"/v2/roles/{role['id']}")) == role


async def test_a_role_tells_who_has_it_in_any_program(api: Api) -> None:
    program = await api.program()
    people = {role: await api.person(program, role) for role in Role if role is not Role.ADMIN} | {
        Role.ADMIN: await api.person(is_admin=True)
    }
    nobody = await api.person()
    told = [set(each["members"]) for each in exact(await api.manager.get("/v2/roles"))["data"]]
    for role, members in zip(Role, told, strict=True):
        assert members & {each.id for each in (*people.values(), nobody)} == {people[role].id}


async def test_a_role_tells_the_operations_that_it_opens(api: Api) -> None:
    for number, role in enumerate(Role, start=1):
        found = exact(await api.manager.get(f"/v2/roles/{number}"))
        [told] = found["permissions"]["permissionSets"]
        assert told["name"] == found["name"] == role.value.capitalize()
        assert set(told["logicalOperations"]) == {
            each.id
            for each in OPERATIONS
            if CallerKind.PERSON in each.who and each.right in RIGHTS[role]
        }


@pytest.mark.parametrize("number", ["0", "6", "x", "99999999999"])
async def test_a_role_that_is_not_there_is_not_found(api: Api, number: str) -> None:
    found = refusal(await api.manager.get(f"/v2/roles/{number}"), 404)
    assert found["details"] == f"there is no role '{number}'"


async def test_roles_cannot_be_changed(api: Api) -> None:
    assert (await api.manager.put("/v2/roles/2", json={})).status_code == 405
