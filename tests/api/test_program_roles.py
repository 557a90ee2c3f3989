"""Roles in programs over the API: who gives them, what cannot be one, and what the record tells."""

from typing import Any

import pytest

from api.harness import Api, Member, exact, refusal
from tallystick.core.roles import Role


def path_of(user_id: int) -> str:
    """Where a user's roles are."""
    return f"/v1/users/{user_id}/program_roles"


async def test_roles_are_given_program_by_program(api: Api) -> None:
    person, one, two = await api.person(), await api.program(), await api.program()
    given = [
        {"loyaltyProgramId": one.id, "role": "support", "pointsPerDay": 250.5},
        {"loyaltyProgramId": two.id, "role": "viewer"},
    ]
    answer = await api.manager.put(path_of(person.id), json={"programRoles": given[::-1]})
    assert exact(answer) == exact(await person.get(path_of(person.id)))
    assert answer.json() == {"programRoles": given}
    told = exact(await person.get(f"/v1/users/{person.id}"))
    assert (told["isAdmin"], told["roles"]) == (False, [3, 5])


async def test_giving_the_same_roles_again_changes_nothing(api: Api) -> None:
    program = await api.program()
    person = await api.person(program, Role.SUPPORT)
    roles = exact(await person.get(path_of(person.id)))
    before = exact(await api.manager.get("/v1/changes", params={"sort": "-id"}))["data"][0]
    given = {"programRoles": [{**roles["programRoles"][0], "pointsPerDay": 100}]}
    exact(await api.manager.put(path_of(person.id), json=given))
    assert exact(await api.manager.get("/v1/changes", params={"sort": "-id"}))["data"][0] == before


async def test_a_change_of_roles_is_recorded_with_before_and_after(api: Api) -> None:
    program = await api.program()
    person = await api.person(program, Role.SUPPORT)
    given = {"programRoles": [{"loyaltyProgramId": program.id, "role": "manager"}]}
    exact(await api.manager.put(path_of(person.id), json=given))
    [change] = exact(await api.manager.get("/v1/changes", params={"sort": "-id", "pageSize": 1}))[
        "data"
    ]
    assert change["entity"] == f"/v1/users/{person.id}"
    assert change["old"]["programRoles"] == [
        {"loyaltyProgramId": program.id, "role": "support", "pointsPerDay": 100}
    ]
    assert change["new"]["programRoles"] == given["programRoles"]


@pytest.mark.parametrize(
    ("role", "field"),
    [
        ({"role": "admin"}, "/programRoles/0/role"),
        ({"role": "support"}, "/programRoles/0/pointsPerDay"),
        ({"role": "support", "pointsPerDay": 0}, "/programRoles/0/pointsPerDay"),
        ({"role": "support", "pointsPerDay": -1}, "/programRoles/0/pointsPerDay"),
        ({"role": "support", "pointsPerDay": 0.001}, "/programRoles/0/pointsPerDay"),
        ({"role": "support", "pointsPerDay": 1e12}, "/programRoles/0/pointsPerDay"),
        ({"role": "viewer", "pointsPerDay": 1}, "/programRoles/0/pointsPerDay"),
        ({"role": "viewer", "loyaltyProgramId": 999999}, "/programRoles/0/loyaltyProgramId"),
        ({"role": "viewer", "loyaltyProgramId": 2**40}, "/programRoles/0/loyaltyProgramId"),
    ],
    ids=str,
)
async def test_what_cannot_be_a_role_is_refused(api: Api, role: dict[str, Any], field: str) -> None:
    person, program = await api.person(), await api.program()
    body = {"programRoles": [{"loyaltyProgramId": program.id, **role}]}
    assert refusal(await api.manager.put(path_of(person.id), json=body), 400)["pointer"] == field


async def test_a_program_has_one_role_for_a_person(api: Api) -> None:
    person, program = await api.person(), await api.program()
    twice = [{"loyaltyProgramId": program.id, "role": role} for role in ("viewer", "analyst")]
    answer = await api.manager.put(path_of(person.id), json={"programRoles": twice})
    assert refusal(answer, 400)["pointer"] == "/programRoles/1/loyaltyProgramId"


async def test_nobody_but_an_admin_gives_roles(api: Api) -> None:
    program = await api.program()
    person, other = await api.person(program), await api.person()
    for number in (person.id, other.id):
        answer = await person.put(path_of(number), json={"programRoles": []})
        assert refusal(answer, 403)["title"] == "not_allowed"
    assert (await person.get(path_of(other.id))).status_code == 404


async def test_support_posts_up_to_their_points_a_day(api: Api, ann: Member) -> None:
    support = await api.person(ann.program, Role.SUPPORT)
    add, deduct = f"{ann.path}/add_points", f"{ann.path}/deduct_points"
    assert (await support.put(add, json={"points": 60})).status_code == 204
    assert (await support.put(deduct, json={"points": 40})).status_code == 204
    found = refusal(await support.put(add, json={"points": 0.01}), 403)
    assert found["details"] == (
        "you may not add or deduct 0.01 points; of your 100.00 a day 0.00 are left today;"
        " ask a manager to do it, or an admin for more"
    )
    assert await ann.balance() == {"active": 120, "spent": 40}


async def test_a_batch_of_support_is_entered_as_far_as_it_goes(api: Api, ann: Member) -> None:
    support = await api.person(ann.program, Role.SUPPORT)
    one = {"operation": "add", "integrationId": ann.name, "points": 40}
    path = f"/v1/loyalty_programs/{ann.program.id}/points/batch"
    answer = exact(await support.post(path, json={"postings": [one] * 3}))
    assert [each["status"] for each in answer["outcomes"]] == ["posted", "posted", "refused"]
    assert answer["outcomes"][2]["error"]["title"] == "not_allowed"
