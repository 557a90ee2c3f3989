"""The record of changes: what is written, by whom, and how it is found again."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.harness import Api, Person, exact, in_path, program_path, refusal
from services.harness import NOW, new_name
from tallystick.core.accounts import Action, AuditFilter, Change
from tallystick.core.ids import UserId
from tallystick.services.accounts import create_user
from tallystick.services.activation import activate_transactions
from tallystick.services.callers import Caller, CallerKind
from tallystick.services.changes import list_audit

EXPIRES = "2027-01-01T00:00:00Z"
CHANGES = "/v1/changes"


@pytest.fixture(scope="module")
async def admin(module_api: Api) -> Person:
    """Somebody who administers."""
    return await module_api.person(is_admin=True)


async def changes(api: Api, **parameters: Any) -> list[dict[str, Any]]:
    """The changes that come back."""
    found: list[dict[str, Any]] = exact(await api.manager.get(CHANGES, params=parameters))["data"]
    return found


async def test_a_change_tells_who_what_and_when(api: Api, admin: Person) -> None:
    body = {"name": new_name("application"), "timezone": "UTC", "currency": "EUR"}
    made = exact(await admin.post("/v1/applications", json=body))
    [change] = await changes(api, entityPath=f"/applications/{made['id']}")
    del made["modified"], made["accountId"], made["loyaltyPrograms"]
    assert change == {
        "id": change["id"],
        "created": "2026-06-15T12:00:00Z",
        "userId": admin.id,
        "applicationId": made["id"],
        "entity": f"/v1/applications/{made['id']}",
        "new": made,
    }


async def test_a_change_by_a_key_names_the_key(api: Api) -> None:
    made = await api.application()
    [change] = await changes(api, applicationId=made["id"])
    assert change["userId"] == 0
    assert change["managementKeyId"] > 0
    assert change in await changes(api, managementKeyId=change["managementKeyId"])
    assert change not in await changes(api, managementKeyId=999999)


async def test_a_change_by_a_command_names_nobody(api: Api) -> None:
    email = f"{new_name('bob').replace(' ', '')}@example.com"
    number = await create_user(api.context, email=email, password="a long password")
    [change] = await changes(api, entityPath=f"/v1/users/{number}")
    assert change["userId"] == 0
    assert "managementKeyId" not in change
    new = {"id": number, "email": email, "name": "", "state": "active", "isAdmin": False}
    assert change["new"] == {**new, "programRoles": []}


async def test_users_leave_what_they_were_and_became(api: Api, admin: Person) -> None:
    person = await api.person()
    path = f"/v1/users/{person.id}"
    await admin.put(path, json={"name": "Ada", "isAdmin": True})
    await admin.put(path, json={"name": "Ada"})  # nothing changes
    await admin.delete(path)
    made, changed, gone = await changes(api, entityPath=path)
    told = {"id": person.id, "email": person.email, "state": "active", "programRoles": []}
    assert made["new"] == {**told, "name": "", "isAdmin": False}
    assert changed["old"] == made["new"]
    assert changed["new"] == gone["old"] == {**told, "name": "Ada", "isAdmin": True}
    assert "old" not in made
    assert "new" not in gone
    assert changed["userId"] == gone["userId"] == admin.id
    found = await changes(api, entityPath=path, includeOld=False)
    assert not any("old" in change for change in found)
    assert len(found) == 3


async def test_keys_leave_all_but_their_text(api: Api, admin: Person) -> None:
    number = (await api.application())["id"]
    path = f"/v1/applications/{number}/api_keys"
    made = exact(await admin.post(path, json={"title": "Till", "expires": EXPIRES}))
    await admin.delete(f"{path}/{made['id']}")
    first, last = await changes(api, entityPath=path)
    assert first["entity"] == last["entity"] == f"{path}/{made['id']}"
    assert first["new"] == last["old"] == {"id": made["id"], "title": "Till", "expires": EXPIRES}
    body = {"name": "Books", "expiryDate": EXPIRES, "endpoints": [{"path": "/v1/users"}]}
    managing = exact(await admin.post("/v1/management_keys", json=body))
    [change] = await changes(api, entityPath=f"/v1/management_keys/{managing['id']}")
    assert change["new"]["endpoints"] == [{"path": "/v1/users", "method": None}]
    text = (await api.manager.get(CHANGES)).text
    assert made["key"] not in text
    assert managing["key"] not in text
    assert "argon2" not in text


async def test_programs_and_imports_leave_changes(api: Api, admin: Person) -> None:
    program = await api.program()
    path = program_path(program)
    file = "customerprofileid,amount\nann,5\nbob,5\n"
    sent = exact(await admin.post(f"{path}/import_points", files={"upFile": ("a.csv", file)}))
    made, imported = await changes(api, entityPath=path.upper())
    assert made["new"]["name"] == program.settings.name
    assert imported["entity"] == f"{path}/import_points"
    assert imported["new"] == {"id": sent["id"], "entity": "LoyaltyPoints", "amount": 2}
    assert imported["userId"] == sent["userId"] == admin.id


async def test_what_is_refused_leaves_no_change(api: Api, admin: Person) -> None:
    path = program_path(await api.program())
    file = "customerprofileid,amount\nann,-5\n"
    answer = await admin.post(f"{path}/import_points", files={"upFile": ("a.csv", file)})
    assert answer.status_code == 400
    assert len(await changes(api, entityPath=path)) == 1


async def test_changes_are_found_by_user_and_time(api: Api) -> None:
    person = await api.person(is_admin=True)
    body = {"timezone": "UTC", "currency": "EUR"}
    for days in range(3):
        api.clock.now = NOW + timedelta(days=days)
        await person.post("/v1/applications", json={"name": new_name("application"), **body})
    mine = {"userId": person.id, "entityPath": "/v1/applications"}
    found = await changes(api, **mine)
    dates = [change["created"][:10] for change in found]
    assert dates == ["2026-06-15", "2026-06-16", "2026-06-17"]
    for bounds, kept in (
        ({"createdAfter": "2026-06-15T12:00:00Z"}, found[1:]),
        ({"createdBefore": "2026-06-17T12:00:00Z"}, found[:2]),
        ({"createdAfter": "2026-06-16", "createdBefore": "2026-06-17T00:00:00+01:00"}, found[1:2]),
    ):
        assert await changes(api, **mine, **bounds) == kept


async def test_changes_come_in_pages_either_way(api: Api) -> None:
    for _ in range(3):
        await api.application()
    everything = exact(await api.manager.get(CHANGES))
    ids = [change["id"] for change in everything["data"]]
    assert ids == sorted(ids)
    assert everything["hasMore"] is False
    assert "totalResultSize" not in everything
    parameters: dict[str, Any] = {"pageSize": 2, "skip": 1, "sort": "-created"}
    page = exact(await api.manager.get(CHANGES, params=parameters))
    assert page["hasMore"] is True
    assert [change["id"] for change in page["data"]] == ids[::-1][1:3]
    counted = exact(
        await api.manager.get(CHANGES, params={**parameters, "withTotalResultSize": "True"})
    )
    assert counted == {**page, "totalResultSize": len(ids)}


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("applicationId", "x"),
        ("applicationId", str(2**31)),
        ("userId", "-1"),
        ("managementKeyId", str(2**70)),
        ("createdAfter", "yesterday"),
        ("sort", "entity"),
        ("includeOld", "maybe"),
        ("entityPath", "a\x00b"),
    ],
)
async def test_a_wrong_filter_is_refused(api: Api, parameter: str, value: str) -> None:
    answer = await api.manager.get(CHANGES, params={parameter: value})
    assert refusal(answer, 400)["parameter"] == parameter


# Exports


async def test_exports_are_listed_with_what_chose_their_rows(api: Api, admin: Person) -> None:
    member = await api.member(await api.program())
    path = f"{program_path(member.program)}/export_customer_balances"
    before = exact(await admin.get("/v1/exports"))["totalResultSize"]
    answer = await admin.get(path, params={"endDate": "2026-06-14T00:00:00Z"})
    assert answer.status_code == 200
    await api.manager.get(path)
    found = exact(await admin.get("/v1/exports", params={"skip": before}))
    assert found["totalResultSize"] == before + 2
    first, second = found["data"]
    assert first == {
        "id": first["id"],
        "created": "2026-06-15T12:00:00Z",
        "accountId": 1,
        "userId": admin.id,
        "entity": "LoyaltyLedger",
        "filter": first["filter"],
    }
    assert "2026-06-14T00:00:00Z" in first["filter"].values()
    assert second["userId"] == 0


@pytest.mark.parametrize(
    "parameters", [{"entity": "Coupon"}, {"applicationId": "1"}, {"campaignId": "1"}], ids=str
)
async def test_exports_of_other_things_are_none(api: Api, parameters: dict[str, str]) -> None:
    await api.manager.get(f"{program_path(await api.program())}/export_customer_balances")
    found = exact(await api.manager.get("/v1/exports", params=parameters))
    assert found == {"totalResultSize": 0, "data": []}


@pytest.mark.parametrize(("parameter", "value"), [("entity", "Card"), ("pageSize", "1001")])
async def test_a_wrong_wish_for_exports_is_refused(api: Api, parameter: str, value: str) -> None:
    answer = await api.manager.get("/v1/exports", params={parameter: value})
    assert refusal(answer, 400)["parameter"] == parameter


# Where from


async def entries(api: Api, **wanted: Any) -> list[Change]:
    """What the audit has, the oldest first."""
    page = await list_audit(api.context, AuditFilter(**wanted), page_size=1_000)
    return [entry.change for entry in page.entries[::-1]]


async def test_a_change_tells_the_address_and_the_id_of_its_request(
    api: Api, admin: Person
) -> None:
    body = {"name": new_name("application"), "timezone": "UTC", "currency": "EUR"}
    answer = await admin.post("/v1/applications", json=body, headers={"X-Request-Id": "till-7"})
    [change] = await entries(api, entity=f"/v1/applications/{answer.json()['id']}")
    assert (change.address, change.request_id) == ("127.0.0.1", "till-7")
    assert answer.headers["X-Request-Id"] == "till-7"


async def test_what_people_post_by_hand_leaves_changes_and_what_keys_post_does_not(
    api: Api, admin: Person
) -> None:
    ann = await api.member(await api.program(), name=new_name("ann of"))
    await ann.add(5)
    for operation, points in (("add_points", 7), ("deduct_points", 2.5)):
        body = {"points": points, "name": "Sorry"}
        await admin.put(
            f"{ann.path}/{operation}", json=body, headers={"Idempotency-Key": operation}
        )
        await admin.put(
            f"{ann.path}/{operation}", json=body, headers={"Idempotency-Key": operation}
        )
    added, deducted = await entries(api, entity=ann.path)
    assert (added.entity, deducted.entity) == (
        f"{ann.path}/add_points",
        f"{ann.path}/deduct_points",
    )
    assert (added.user_id, added.address) == (admin.id, "127.0.0.1")
    told = json.loads(deducted.new or "")
    assert (told["points"], told["name"], told["subledgerId"]) == (2.5, "Sorry", "")
    shown = exact(await ann.transactions(pageSize=1))["data"][0]
    assert told["transactionUUIDs"] == [shown["transactionUUID"]]


async def test_what_is_activated_by_hand_leaves_a_change(api: Api, admin: Person) -> None:
    ann = await api.member(await api.program(), name=new_name("ann of"))
    await ann.add(5, pendingDuration="on_action")
    uuid = exact(await ann.transactions(pageSize=1))["data"][0]["transactionUUID"]
    await activate_transactions(
        api.context,
        ann.program,
        [UUID(uuid)],
        caller=Caller(kind=CallerKind.PERSON, user_id=UserId(admin.id)),
    )
    [change] = await entries(api, entity=ann.path)
    assert (change.entity, change.user_id) == (f"{ann.path}/activate_points", admin.id)
    assert json.loads(change.new or "") == {
        "points": 5,
        "name": "",
        "subledgerId": "",
        "transactionUUID": uuid,
    }


async def test_joining_and_deletions_by_keys_leave_changes(api: Api) -> None:
    program = await api.program()
    ann = await api.member(program, name=new_name("ann of"))
    await api.shop.post(f"{ann.path}/join")
    assert (await api.shop.post(f"{ann.path}/join")).status_code == 400
    everything = {"scope": "AllSubledgers"}
    await api.shop.post(f"{ann.path}/delete_transactions", json=everything)
    joined, deleted = await entries(api, entity=ann.path)
    assert joined.entity == f"{ann.path}/join"
    assert json.loads(joined.new or "") == {"joinDate": "2026-06-15T12:00:00Z"}
    assert json.loads(deleted.new or "") == {"transactions": 1, "subledgerIds": "all"}
    assert deleted.key_id == joined.key_id
    assert deleted.key_id is not None
    assert deleted.address == "127.0.0.1"


async def test_attributes_leave_what_they_were_and_became(api: Api) -> None:
    name = new_name("ann of")
    path = f"/v2/customer_profiles/{in_path(name)}"
    first = {"Name": "Ann", "Age": 30, "City": "Bern"}
    await api.shop.put(path, json={"attributes": first})
    await api.shop.put(path, json={"attributes": first})  # nothing changes
    await api.shop.put(path, params={"dry": "true"}, json={"attributes": {"Age": 50}})
    both = [
        {"integrationId": name, "attributes": {"Age": 31, "City": None}},
        {"integrationId": f"{name} 2", "attributes": {}},
    ]
    await api.shop.put("/v2/customer_profiles", json={"customerProfiles": both})
    made, changed = await entries(api, entity=path)
    assert json.loads(made.new or "") == {"attributes": first}
    assert json.loads(changed.old or "") == {"attributes": {"Age": 30, "City": "Bern"}}
    assert json.loads(changed.new or "") == {"attributes": {"Age": 31}}
    assert made.key_id == changed.key_id
    [other] = await entries(api, entity=f"/v2/customer_profiles/{in_path(name + ' 2')}")
    assert json.loads(other.new or "") == {"attributes": {}}


async def test_attributes_of_who_is_erased_are_no_longer_in_the_changes(api: Api) -> None:
    name = new_name("ann of")
    path = f"/v2/customer_profiles/{in_path(name)}"
    await api.shop.put(path, json={"attributes": {"Name": "Ann Unlike"}})
    await api.shop.delete(f"/v1/customer_data/{in_path(name)}")
    assert await entries(api, entity=path) == []
    everything = await entries(api)
    assert any(change.entity.startswith("/v2/customer_profiles/erased-") for change in everything)
    assert not any("Ann Unlike" in (change.new or "") for change in everything)


async def test_imports_that_are_sent_started_and_deleted_leave_changes(
    api: Api, admin: Person
) -> None:
    path = f"{program_path(await api.program())}/imports"
    file = {"upFile": ("points.csv", "customerprofileid,amount\nann,-5\n")}
    sent = exact(await admin.post(path, params={"start": "nothing"}, files=file))
    own = f"{path}/{sent['id']}"
    assert (await admin.delete(own)).status_code == 204
    made, gone = await entries(api, entity=own)
    assert json.loads(made.new or "") == {
        "id": sent["id"],
        "state": "uploaded",
        "format": "points",
        "fileName": "points.csv",
    }
    assert (gone.action, gone.user_id) == (Action.DELETED, admin.id)
    sent = exact(await admin.post(path, params={"start": "nothing"}, files=file))
    exact(await admin.post(f"{path}/{sent['id']}/start"))
    _, started = await entries(api, entity=f"{path}/{sent['id']}")
    assert json.loads(started.new or "")["state"] == "importing"
    assert (started.user_id, started.address) == (admin.id, "127.0.0.1")


async def test_exports_leave_changes_that_name_no_member(api: Api, admin: Person) -> None:
    ann = await api.member(await api.program())
    await admin.get(f"{ann.path}/transactions")
    await admin.get(f"{program_path(ann.program)}/export_customer_balances")
    change = (await entries(api, entity="/v1/exports", user_id=admin.id))[-1]
    assert json.loads(change.new or "") == {
        "id": int(change.entity.rpartition("/")[2]),
        "entity": "LoyaltyLedger",
        "programId": ann.program.id,
    }
