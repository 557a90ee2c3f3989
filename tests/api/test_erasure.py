"""`deleteCustomerData`: what a shop sees of it, and what is kept under keys."""

from typing import Any

from api.harness import Api, Member, exact, in_path, new_client, new_key, refusal
from services.harness import new_name
from tallystick.services.callers import CallerKind


def path(name: str) -> str:
    """What a shop deletes."""
    return f"/v1/customer_data/{in_path(name)}"


async def test_a_customer_is_forgotten(ann: Member) -> None:
    response = await ann.api.shop.delete(path(ann.name))
    assert (response.status_code, response.content) == (204, b"")
    inventory = f"/v1/customer_profiles/{in_path(ann.name)}/inventory"
    for answer in (
        await ann.api.shop.get(inventory),
        await ann.balances(),
        await ann.transactions(),
        await ann.add(5),
        await ann.api.shop.delete(path(ann.name)),
    ):
        assert refusal(answer, 404)["title"] == "not_found"


async def test_a_customer_who_is_unknown_cannot_be_forgotten(api: Api) -> None:
    assert refusal(await api.shop.delete(path(new_name("nobody"))), 404)["title"] == "not_found"


async def test_a_key_forgets_in_its_own_environment(api: Api) -> None:
    ann = await api.member(await api.program())
    key = await new_key(api.context, CallerKind.INTEGRATION, sandbox=True)
    sandbox = new_client(api.app, key)
    assert (await sandbox.delete(path(ann.name))).status_code == 404
    await sandbox.put(f"/v2/customer_profiles/{in_path(ann.name)}", json={})
    assert (await sandbox.delete(path(ann.name))).status_code == 204
    assert await ann.balance() == {"active": 100}


async def test_back_offices_know_the_forgotten_by_no_number(api: Api) -> None:
    name = new_name("ann")
    body = {"attributes": {"a": name}, "responseContent": ["customerProfile"]}
    answer = await api.shop.put(f"/v2/customer_profiles/{in_path(name)}", json=body)
    number = exact(answer)["customerProfile"]["id"]
    await api.shop.delete(path(name))
    listed = exact(await api.manager.get("/v1/customers/no_total"))["data"]
    assert not [each for each in listed if each["integrationId"].startswith("erased")]
    assert (await api.manager.get(f"/v1/customers/{number}")).status_code == 404
    assert (await api.manager.get(f"/v1/customers/{number + 1}")).status_code == 404
    search: dict[str, Any] = {"attributes": {"a": name}}
    assert exact(await api.manager.post("/v1/customer_search/no_total", json=search))["data"] == []


async def test_an_answer_under_a_key_is_forgotten_and_its_request_not_done_again(api: Api) -> None:
    for name in (new_name("ann"), new_name('née "ann"')):
        other = new_name("bob")
        for each in (name, other):
            body = {"attributes": {"a": 1}, "responseContent": ["customerProfile"]}
            request = api.shop.build_request(
                "PUT",
                f"/v2/customer_profiles/{in_path(each)}",
                json=body,
                headers={"Idempotency-Key": f"key of {each}".encode().hex()},
            )
            if each == name:
                first = request
            await api.shop.send(request)
        await api.shop.delete(path(name))
        assert refusal(await api.shop.send(first), 422)["title"] == "key_reused"
        again = await api.shop.send(request)
        assert exact(again)["customerProfile"]["integrationId"] == other
        assert again.headers["Idempotency-Replayed"] == "true"
