"""Four eyes by the API: what waits is answered 202, and decided by somebody else."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, Person, exact, new_client, program_path, refusal
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.core.roles import Role

FILE = b"customerprofileid,amount\nann,5\nben,7.50\n"
AT_WORK = {"checking", "importing", "undoing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Two admins in a program in which all waits that can, and a member with 100 points."""

    api: Api
    program: Program
    member: Member
    ada: Person
    eve: Person

    @property
    def path(self) -> str:
        """Where the program's operations are."""
        return program_path(self.program)

    async def set(self, person: Person, **wanted: Any) -> httpx.Response:
        """Say what waits."""
        body = {"importsWait": True, "pointsFrom": 50, **wanted}
        return await person.put(f"{self.path}/four_eyes", json=body)

    async def add(
        self, person: Person, points: int = 60, *, key: str | None = None
    ) -> httpx.Response:
        """Add points by hand."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"points": points, "name": "Sorry"}
        return await person.put(f"{self.member.path}/add_points", json=body, headers=headers)

    async def decide(
        self, person: httpx.AsyncClient, number: int, what: str = "approve", **body: str
    ) -> httpx.Response:
        """Approve, reject or withdraw a request."""
        return await person.post(f"{self.path}/approvals/{number}/{what}", json=body)

    async def send(
        self, sender: httpx.AsyncClient, path: str = "imports?start=import", file: bytes = FILE
    ) -> httpx.Response:
        """Send a file."""
        return await sender.post(f"{self.path}/{path}", files={"upFile": ("autumn.csv", file)})

    async def checked(self, answer: httpx.Response) -> dict[str, Any]:
        """The request by which a file waits, once that is checked."""
        request = waiting(answer, "import")
        assert (await self.job(request["what"]["importId"]))["state"] == "checked"
        return request

    async def job(self, number: int) -> dict[str, Any]:
        """An import, once nobody works on it."""
        async with asyncio.timeout(30):
            while (  # noqa: ASYNC110 - asked as a client asks
                found := exact(await self.api.manager.get(f"{self.path}/imports/{number}"))
            )["state"] in AT_WORK:
                await asyncio.sleep(0)
        job: dict[str, Any] = found
        return job


@pytest.fixture(scope="module")
async def people(module_api: Api) -> tuple[Person, Person]:
    """Two admins."""
    return await module_api.person(is_admin=True), await module_api.person(is_admin=True)


@pytest.fixture
async def desk(api: Api, people: tuple[Person, Person]) -> Desk:
    """Them, in a program of the test's own."""
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ada, eve = people
    made = Desk(api=api, program=program, member=await api.member(program), ada=ada, eve=eve)
    assert (await made.set(ada)).status_code == 200
    return made


def waiting(answer: httpx.Response, kind: str) -> dict[str, Any]:
    """The request by which something waits."""
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = exact(answer)
    assert (body["kind"], body["state"]) == (kind, "waiting")
    return body


# Points


@pytest.mark.parametrize(
    ("operation", "kind", "left"), [("add", "add", 160), ("deduct", "deduct", 40)]
)
async def test_points_wait_until_somebody_else_approves(
    desk: Desk, operation: str, kind: str, left: int
) -> None:
    body = {"points": 60, "name": "Sorry"}
    answer = await desk.ada.put(f"{desk.member.path}/{operation}_points", json=body)
    request = waiting(answer, kind)
    assert request["userId"] == desk.ada.id
    assert request["what"] == {
        "integrationId": desk.member.name, "points": 60, "name": "Sorry", "subledgerId": ""
    }  # fmt: skip
    assert (await desk.member.balance())["active"] == 100
    done = exact(await desk.decide(desk.eve, request["id"], note="Fine"))
    assert (done["state"], done["decidedBy"], done["note"]) == ("approved", desk.eve.id, "Fine")
    assert len(done["transactionUUIDs"]) == 1
    assert (await desk.member.balance())["active"] == left
    assert exact(await desk.ada.get(f"{desk.path}/approvals/{request['id']}")) == done


async def test_a_key_sent_twice_is_answered_twice_and_asks_once(desk: Desk) -> None:
    first, again = [await desk.add(desk.ada, key="receipt-1") for _ in range(2)]
    assert waiting(first, "add") == waiting(again, "add")
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_nobody_approves_or_rejects_their_own(desk: Desk) -> None:
    request = waiting(await desk.add(desk.ada), "add")
    for what in ("approve", "reject"):
        found = refusal(await desk.decide(desk.ada, request["id"], what), 403)
        assert found["title"] == "not_allowed"
    assert exact(await desk.decide(desk.ada, request["id"], "withdraw"))["state"] == "withdrawn"


async def test_what_was_decided_is_decided(desk: Desk) -> None:
    request = waiting(await desk.add(desk.ada), "add")
    assert exact(await desk.decide(desk.eve, request["id"], "reject"))["state"] == "rejected"
    for person, what in ((desk.eve, "approve"), (desk.eve, "reject"), (desk.ada, "withdraw")):
        found = refusal(await desk.decide(person, request["id"], what), 409)
        assert found["title"] == "already_decided"
    assert (await desk.member.balance())["active"] == 100


async def test_what_cannot_be_done_now_waits_on(desk: Desk, api: Api) -> None:
    program = await api.program()
    strict = Desk(
        api=api, program=program, member=await api.member(program), ada=desk.ada, eve=desk.eve
    )
    await strict.set(desk.ada)
    body = {"points": 60}
    request = waiting(
        await desk.ada.put(f"{strict.member.path}/deduct_points", json=body), "deduct"
    )
    assert (await strict.member.deduct(90)).is_success
    found = refusal(await strict.decide(desk.eve, request["id"]), 409)
    assert found["title"] == "not_now"
    assert "only 10.00 are active" in found["details"]
    assert (
        exact(await desk.eve.get(f"{strict.path}/approvals/{request['id']}"))["state"] == "waiting"
    )


async def test_a_batch_of_a_person_that_comes_to_the_limit_is_refused(desk: Desk) -> None:
    wish = {"operation": "add", "integrationId": desk.member.name, "points": 30}
    answer = await desk.ada.post(f"{desk.path}/points/batch", json={"postings": [wish, wish]})
    assert refusal(answer, 400)["title"] == "not_supported"
    by_key = await desk.api.manager.post(f"{desk.path}/points/batch", json={"postings": [wish] * 9})
    assert (exact(by_key)["posted"], exact(by_key)["waiting"]) == (9, 0)


async def test_keys_post_points_at_once(desk: Desk) -> None:
    assert (await desk.member.add(5000)).status_code == 204


# Lists


async def test_requests_are_listed_the_newest_first_and_by_state(desk: Desk) -> None:
    numbers = [waiting(await desk.add(desk.ada, 60 + n), "add")["id"] for n in range(3)]
    await desk.decide(desk.eve, numbers[1], "reject")
    path = f"{desk.path}/approvals"
    for query, found in (
        ({}, numbers[::-1]),
        ({"state": "waiting"}, [numbers[2], numbers[0]]),
        ({"state": "rejected"}, [numbers[1]]),
        ({"pageSize": 1, "skip": 1}, [numbers[1]]),
    ):
        page = exact(await desk.eve.get(path, params=query))
        assert [each["id"] for each in page["data"]] == found
    assert exact(await desk.eve.get(path, params={"pageSize": 1}))["totalResultSize"] == 3


async def test_files_and_settings_are_shown_to_admins_only(desk: Desk, api: Api) -> None:
    points = waiting(await desk.add(desk.ada), "add")["id"]
    file = waiting(await desk.send(desk.ada), "import")["id"]
    settings = waiting(await desk.set(desk.ada, importsWait=False), "settings")["id"]
    support = await api.person(desk.program, Role.SUPPORT)
    for person, seen in ((support, [points]), (desk.eve, [settings, file, points])):
        page = exact(await person.get(f"{desk.path}/approvals"))
        assert [each["id"] for each in page["data"]] == seen
    for number in (file, settings):
        refusal(await support.get(f"{desk.path}/approvals/{number}"), 403)


# Imports and undos


async def test_an_import_is_checked_and_waits_and_is_done_once_approved(desk: Desk) -> None:
    request = waiting(await desk.send(desk.ada), "import")
    number = request["what"]["importId"]
    assert request["what"] == {
        "importId": number, "fileName": "autumn.csv", "goodRowsOnly": False
    }  # fmt: skip
    job = await desk.job(number)
    assert (job["state"], job["approvalId"]) == ("checked", request["id"])
    assert job["finding"]["goodRows"] == 2
    for what in ("start", "undo"):
        again = await desk.ada.post(f"{desk.path}/imports/{number}/{what}")
        assert refusal(again, 409)["title"] == "in_use"
    gone = refusal(await desk.ada.delete(f"{desk.path}/imports/{number}"), 409)
    assert f"approval {request['id']}, which waits" in gone["details"]
    exact(await desk.decide(desk.eve, request["id"]))
    job = await desk.job(number)
    assert (job["state"], job["importedRows"]) == ("imported", 2)
    assert "approvalId" not in job


async def test_a_file_that_was_checked_waits_when_it_is_started(desk: Desk) -> None:
    bad = FILE + b"cleo,x\n"
    sent = exact(await desk.send(desk.ada, "imports", bad))
    await desk.job(sent["id"])
    start = f"{desk.path}/imports/{sent['id']}/start?goodRowsOnly=true"
    request = waiting(await desk.ada.post(start), "import")
    assert request["what"]["goodRowsOnly"] is True
    checked = await desk.ada.post(f"{desk.path}/imports/{sent['id']}/check")
    assert checked.status_code == 200
    assert (await desk.job(sent["id"]))["approvalId"] == request["id"]
    exact(await desk.decide(desk.eve, request["id"]))
    job = await desk.job(sent["id"])
    assert (job["state"], job["importedRows"], job["problemCount"]) == ("imported", 2, 1)


@pytest.mark.parametrize("what", ["reject", "withdraw"])
async def test_a_file_that_no_longer_waits_is_as_before(desk: Desk, what: str) -> None:
    request = waiting(await desk.send(desk.ada), "import")
    number = request["what"]["importId"]
    await desk.job(number)
    person = desk.eve if what == "reject" else desk.ada
    exact(await desk.decide(person, request["id"], what))
    job = await desk.job(number)
    assert job["state"] == "checked"
    assert "approvalId" not in job
    waiting(await desk.ada.post(f"{desk.path}/imports/{number}/start"), "import")


@pytest.mark.parametrize("below_zero", [False, True])
async def test_an_undo_waits(desk: Desk, *, below_zero: bool) -> None:
    request = await desk.checked(await desk.send(desk.ada))
    exact(await desk.decide(desk.eve, request["id"]))
    number = request["what"]["importId"]
    await desk.job(number)
    ben = Member(api=desk.api, program=desk.program, name="ben")
    assert (await ben.deduct(7)).is_success
    path = f"{desk.path}/imports/{number}/undo?belowZero={str(below_zero).lower()}"
    undo = waiting(await desk.eve.post(path), "undo")
    assert undo["what"]["belowZero"] is below_zero
    assert refusal(await desk.ada.post(path), 409)["title"] == "in_use"
    assert (await desk.job(number))["state"] == "imported"
    exact(await desk.decide(desk.ada, undo["id"]))
    assert (await desk.job(number))["state"] == "undone"
    assert ("negative" in await ben.balance()) is below_zero


async def test_join_dates_wait_as_well(desk: Desk) -> None:
    file = f"customerprofileid,newjoindate\n{desk.member.name},2020-01-01T00:00:00Z\n".encode()
    answer = await desk.send(desk.ada, "import_join_dates", file)
    body = exact(answer)
    assert answer.status_code == 202
    assert (body["entity"], body["amount"]) == ("LoyaltyJoinDates", 0)
    await desk.job(body["id"])
    exact(await desk.decide(desk.eve, body["approval"]["id"]))
    assert (await desk.job(body["id"]))["state"] == "imported"


async def test_the_contracts_import_waits_in_the_contracts_words(desk: Desk) -> None:
    answer = await desk.send(desk.ada, "import_points")
    body = exact(answer)
    assert answer.status_code == 202
    assert (body["entity"], body["amount"], body["userId"]) == ("LoyaltyPoints", 0, desk.ada.id)
    assert body["approval"]["what"]["importId"] == body["id"]
    await desk.job(body["id"])
    exact(await desk.decide(desk.eve, body["approval"]["id"]))
    assert (await desk.job(body["id"]))["importedRows"] == 2


async def test_an_import_by_a_key_waits_and_any_admin_approves(desk: Desk) -> None:
    request = await desk.checked(await desk.send(desk.api.manager))
    assert request["userId"] == 0
    assert request["managementKeyId"] > 0
    found = await desk.api.manager.post(f"{desk.path}/approvals/{request['id']}/approve", json={})
    assert refusal(found, 401)["title"] == "not_signed_in"
    exact(await desk.decide(desk.ada, request["id"]))
    assert (await desk.job(request["what"]["importId"]))["state"] == "imported"


async def test_who_made_a_key_does_not_approve_what_it_sends(desk: Desk) -> None:
    made = exact(
        await desk.ada.post(
            "/v1/management_keys",
            json={
                "name": "Files",
                "expiryDate": "2027-01-01T00:00:00Z",
                "endpoints": [{"path": "/v1/loyalty_programs/{loyaltyProgramId}/imports"}],
            },
        )
    )
    client = new_client(desk.api.app, f"ManagementKey-v1 {made['key']}")
    request = await desk.checked(await desk.send(client))
    assert (request["userId"], request["managementKeyId"]) == (0, made["id"])
    found = refusal(await desk.decide(desk.ada, request["id"]), 403)
    assert "or a key that you made" in found["details"]
    exact(await desk.decide(desk.eve, request["id"]))


async def test_a_key_withdraws_what_it_has_sent(desk: Desk) -> None:
    request = waiting(await desk.send(desk.api.manager), "import")
    done = exact(await desk.decide(desk.api.manager, request["id"], "withdraw"))
    assert (done["state"], done["decidedBy"]) == ("withdrawn", 0)


async def test_a_manager_decides_on_points_and_not_on_files(desk: Desk, api: Api) -> None:
    manager = await api.person(desk.program, Role.MANAGER)
    file, points = await desk.send(desk.ada), await desk.add(desk.ada)
    refusal(await desk.decide(manager, waiting(file, "import")["id"]), 403)
    exact(await desk.decide(manager, waiting(points, "add")["id"]))


# What waits


async def test_nothing_waits_by_default(api: Api) -> None:
    program = await api.program()
    person = await api.person(program, Role.MANAGER)
    found = exact(await person.get(f"{program_path(program)}/four_eyes"))
    assert found == {"importsWait": False, "pointsFrom": None}


async def test_to_let_less_wait_waits_for_another_admin(desk: Desk) -> None:
    request = waiting(await desk.set(desk.ada, importsWait=False, pointsFrom=None), "settings")
    assert request["what"] == {"fourEyes": {"importsWait": False, "pointsFrom": None}}
    assert refusal(await desk.set(desk.eve, pointsFrom=51), 409)["title"] == "in_use"
    refusal(await desk.decide(desk.ada, request["id"]), 403)
    waiting(await desk.add(desk.ada), "add")
    exact(await desk.decide(desk.eve, request["id"]))
    assert (await desk.add(desk.ada)).status_code == 204


async def test_to_let_more_wait_is_done_at_once_and_voids_what_was_asked(desk: Desk) -> None:
    request = waiting(await desk.set(desk.ada, pointsFrom=500), "settings")
    assert exact(await desk.set(desk.eve, pointsFrom=20))["pointsFrom"] == 20
    found = refusal(await desk.decide(desk.eve, request["id"]), 409)
    assert "what waits here was changed since" in found["details"]
    assert exact(await desk.decide(desk.eve, request["id"], "reject"))["state"] == "rejected"


@pytest.mark.parametrize("limit", [0, -1, 0.001, "x", 1e15])
async def test_a_limit_is_an_amount_of_points(desk: Desk, limit: object) -> None:
    refusal(await desk.set(desk.ada, pointsFrom=limit), 400)


async def test_a_program_with_requests_is_kept(api: Api, people: tuple[Person, Person]) -> None:
    program = await api.program()
    ada, _ = people
    path = program_path(program)
    for wanted in ({"importsWait": True, "pointsFrom": 5}, {"importsWait": False, "pointsFrom": 5}):
        await ada.put(f"{path}/four_eyes", json=wanted)
    assert refusal(await ada.delete(path), 409)["title"] == "in_use"
    other = await api.program()
    await ada.put(f"{program_path(other)}/four_eyes", json={"importsWait": True, "pointsFrom": 5})
    assert (await ada.delete(program_path(other))).status_code == 204
