"""The account: people, their sessions, and what was done in it."""

from typing import Any

from parity.cases.points import invalid, missing
from parity.harness import PASSWORD, Call, Mark, World, case
from parity.matching import COUNT, ID, INSTANT, LIST, OBJECT, TEXT, has


def user(email: str, **more: Any) -> dict[str, Any]:
    """A user as they are told, with what differs."""
    return {
        "id": ID,
        "created": INSTANT,
        "modified": INSTANT,
        "email": email,
        "accountId": ID,
        "name": "",
        "state": "active",
        "inviteToken": "",
        "policy": OBJECT,
        **more,
    }


# Sessions


@case("createSession", "gives a token", Mark.VERIFIED, "domain B4, F")
async def _(world: World) -> Call:
    return Call(
        arguments={},
        body={"email": world.admin, "password": PASSWORD},
        status=201,
        answer={"userId": ID, "token": TEXT, "created": "2026-06-15T12:00:00Z"},
    )


@case("createSession", "does not tell what is wrong", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    body = {"email": world.admin, "password": "wrong"}
    answer = {"message": TEXT, "StatusCode": 401}
    return Call(arguments={}, body=body, status=401, answer=answer)


@case("destroySession", "ends the session", Mark.VERIFIED, "domain B4", slot="manager_auth")
async def _(world: World) -> Call:
    keys = {"manager_auth": await world.token(world.admin)}

    async def then() -> None:
        answer = await world.ask("getLoyaltyPrograms", {}, keys=keys)
        assert answer.status_code == 401

    return Call(arguments={}, status=204, keys=keys, then=then)


# Users


@case("getUsers", "tells everybody to an admin", Mark.DOCUMENTED, "domain B4, F",
      slot="manager_auth")  # fmt: skip
async def _(world: World) -> Call:
    person = await world.person()
    answer = {
        "totalResultSize": COUNT,
        "data": has(user(person["email"], isAdmin=False), user(world.admin, isAdmin=True)),
    }
    return Call(arguments={"pageSize": 1000, "skip": 0}, answer=answer)


@case("getUsers", "tells others only themselves", Mark.DOCUMENTED, "domain B4, F",
      slot="manager_auth")  # fmt: skip
async def _(world: World) -> Call:
    person = await world.person()
    answer = {"totalResultSize": 1, "data": [user(person["email"])]}
    keys = {"manager_auth": await world.token(person["email"])}
    return Call(arguments={}, keys=keys, answer=answer)


@case("getUser", "tells one", Mark.VERIFIED, "domain B0 11, I-39")
async def _(world: World) -> Call:
    person = await world.person()
    return Call(arguments={"userId": person["id"]}, answer=user(person["email"]))


@case("getUser", "does not find an unknown id", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    return Call(arguments={"userId": 999_999}, status=404, answer=missing())


@case("updateUser", "changes the name", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    person = await world.person()
    arguments = {"userId": person["id"]}
    return Call(arguments=arguments, body={"name": "Ada"}, answer=user(person["email"], name="Ada"))


@case("updateUser", "shuts somebody out", Mark.DOCUMENTED, "domain B4, F")
async def _(world: World) -> Call:
    person = await world.person()
    keys = {"manager_auth": await world.token(person["email"])}

    async def then() -> None:
        answer = await world.ask("getLoyaltyPrograms", {}, keys=keys)
        assert answer.status_code == 401

    return Call(
        arguments={"userId": person["id"]},
        body={"state": "deactivated"},
        answer=user(person["email"], state="deactivated"),
        then=then,
    )


def gone(world: World, person: dict[str, Any]) -> Any:
    """What looks whether the user is no longer there."""

    async def then() -> None:
        answer = await world.ask("getUser", {"userId": person["id"]})
        assert answer.status_code == 404

    return then


@case("deleteUser", "deletes", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    person = await world.person()
    then = gone(world, person)
    return Call(arguments={"userId": person["id"]}, status=204, then=then)


@case("deleteUserByEmail", "deletes", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    person = await world.person()
    then = gone(world, person)
    return Call(arguments={}, body={"email": person["email"]}, status=204, then=then)


def is_in_state(world: World, person: dict[str, Any], state: str) -> Any:
    """What looks whether the user is in the state."""

    async def then() -> None:
        found = await world.done("getUser", {"userId": person["id"]})
        assert found["state"] == state

    return then


@case("deactivateUserByEmail", "shuts somebody out", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    person = await world.person()
    then = is_in_state(world, person, "deactivated")
    return Call(arguments={}, body={"email": person["email"]}, status=204, then=then)


@case("activateUserByEmail", "lets somebody in again", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    person = await world.person()
    body = {"email": person["email"]}
    await world.done("deactivateUserByEmail", {}, body)
    then = is_in_state(world, person, "active")
    return Call(arguments={}, body=body, status=204, then=then)


# Roles


@case("listAllRolesV2", "tells the roles", Mark.DOCUMENTED, "domain B4, F")
async def _(world: World) -> Call:
    return Call(
        arguments={},
        answer={
            "totalResultSize": COUNT,
            "data": has({"id": ID, "created": INSTANT, "modified": INSTANT, "accountId": ID}),
        },
    )


@case("getRoleV2", "tells one", Mark.DOCUMENTED, "domain B4, F")
async def _(world: World) -> Call:
    roles = await world.done("listAllRolesV2", {})
    role = roles["data"][0]
    return Call(arguments={"roleId": role["id"]}, answer={"id": role["id"], "name": role["name"]})


@case("getRoleV2", "does not find an unknown id", Mark.ASSUMED, "domain B0")
async def _(world: World) -> Call:
    return Call(arguments={"roleId": 999_999}, status=404, answer=missing())


# What was done


@case("getExports", "tells which files were taken out", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await world.member()
    await world.export("exportLoyaltyBalances", {"loyaltyProgramId": ann.program.id})
    told = {
        "id": ID,
        "created": INSTANT,
        "accountId": ID,
        "userId": COUNT,
        "entity": "LoyaltyLedger",
        "filter": OBJECT,
    }
    arguments = {"entity": "LoyaltyLedger", "pageSize": 1000}
    return Call(arguments=arguments, answer={"totalResultSize": COUNT, "data": has(told)})


@case("getExports", "tells which logs were taken out", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    ann = await world.member()
    span = {"rangeStart": "2026-06-01T00:00:00Z", "rangeEnd": "2026-07-01T00:00:00Z"}
    await world.export("exportLoyaltyLedger", {**ann.arguments, **span})
    told = {"entity": "LoyaltyLedgerLog", "filter": OBJECT}
    answer = {"totalResultSize": COUNT, "data": has(told)}
    return Call(arguments={"entity": "LoyaltyLedgerLog"}, answer=answer)


@case("getExports", "refuses a page of nothing", Mark.DOCUMENTED, "contract",
      refuses={"python26": "page_size", "python9": "page_size"})  # fmt: skip
async def _(world: World) -> Call:
    answer = invalid(parameter="pageSize")
    return Call(arguments={"pageSize": 0}, status=400, answer=answer)


@case("getChanges", "tells who changed what", Mark.DOCUMENTED, "domain B4, F",
      slot="manager_auth")  # fmt: skip
async def _(world: World) -> Call:
    person = await world.person()
    path = f"/v1/users/{person['id']}"
    await world.done("updateUser", {"userId": person["id"]}, {"name": "Ada"})
    told = {"id": ID, "created": INSTANT, "userId": COUNT, "entity": path, "new": OBJECT}
    return Call(
        arguments={"entityPath": path, "withTotalResultSize": True},
        answer={"totalResultSize": COUNT, "data": has(told)},
    )


@case("getChanges", "leaves out what was before", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    arguments = {
        "createdAfter": "2026-06-01T00:00:00+00:00",
        "createdBefore": "2026-07-01T00:00:00+00:00",
        "includeOld": False,
        "pageSize": 5,
    }
    return Call(arguments=arguments, answer={"data": LIST})


@case("getChanges", "tells what one person changed", Mark.DOCUMENTED, "domain B4")
async def _(world: World) -> Call:
    person = await world.person()
    keys = {"manager_auth": await world.token(person["email"])}
    await world.ask("updateUser", {"userId": person["id"]}, {"name": "Ada"}, keys=keys)
    told = {
        "userId": person["id"],
        "entity": f"/v1/users/{person['id']}",
        "old": {"name": ""},
        "new": {"name": "Ada"},
    }
    return Call(
        arguments={"userId": person["id"], "entityPath": "/v1/users/", "pageSize": 1000},
        answer={"hasMore": False, "data": [told]},
    )
