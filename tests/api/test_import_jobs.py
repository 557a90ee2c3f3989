"""A file is sent once and then checked, imported and undone on the server, whoever waits or not."""

import asyncio
import hashlib
import re
from typing import Any

import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal, running_api
from tallystick.core.programs import Program, ReturnPolicy
from tallystick.services.context import Limits

HEADER = "customerprofileid,amount\n"
DONE = {"uploaded", "checked", "imported", "failed", "undone"}


@pytest.fixture
async def program(api: Api) -> Program:
    """A program without members."""
    return await api.program()


def path_of(program: Program, job: dict[str, Any] | None = None, more: str = "") -> str:
    place = f"{program_path(program)}/imports"
    return place if job is None else f"{place}/{job['id']}{more}"


async def send(api: Api, program: Program, text: str | bytes, **query: Any) -> dict[str, Any]:
    """Send a file; the job when nothing is done with it any more."""
    file = text.encode() if isinstance(text, str) else text
    answer = await api.manager.post(
        path_of(program), files={"upFile": ("points.csv", file)}, params=query
    )
    assert answer.status_code == 201, answer.text
    return await ended(api, program, exact(answer))


async def ended(api: Api, program: Program, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it is at rest."""
    async with asyncio.timeout(30):
        while (  # noqa: ASYNC110 - asked as a client asks
            found := exact(await api.manager.get(path_of(program, job)))
        )["state"] not in DONE:
            await asyncio.sleep(0)
    made: dict[str, Any] = found
    return made


async def do(api: Api, program: Program, job: dict[str, Any], what: str, **query: Any) -> Any:
    """Ask for work on a job; the job once it is done."""
    answer = await api.manager.post(path_of(program, job, f"/{what}"), params=query)
    return await ended(api, program, exact(answer))


async def points_of(api: Api, program: Program, name: str) -> dict[str, Any] | None:
    """What the member has; None if there is no such member."""
    member = Member(api=api, program=program, name=name)
    return None if (await member.balances()).status_code == 404 else await member.balance()


async def test_a_check_says_what_an_import_would_do_and_writes_nothing(
    api: Api, program: Program
) -> None:
    await api.member(program, name="known")
    file = (
        "customerprofileid,amount,startdate,expirydate,subledgerid\n"
        "known,1.50,,,\n"
        "new,2,2026-07-01T00:00:00Z,,shop\n"
        "new,4,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z,\n"
    )
    job = await send(api, program, file)
    assert job["state"] == "checked"
    found = job["finding"]
    assert (found["goodRows"], found["badRows"], found["problemCount"]) == (3, 0, 0)
    effects = {name: float(value) for name, value in found["effects"].items()}
    assert effects == {
        "points": 7.5,
        "activePoints": 1.5,
        "pendingPoints": 2,
        "expiredPoints": 4,
        "repaidPoints": 0,
        "members": 2,
        "newMembers": 1,
        "newSubledgers": 1,
    }
    assert (await points_of(api, program, "known")) == {"active": 100}
    assert await points_of(api, program, "new") is None


async def test_what_a_check_foretells_is_what_the_import_does(api: Api, program: Program) -> None:
    """Accident 28: the preview said three rows were right, and nothing was imported."""
    file = HEADER + "ann,1\nbob,2\ncid,x\ndan,4\n"
    job = await send(api, program, file)
    assert (job["finding"]["goodRows"], job["finding"]["badRows"]) == (3, 1)
    assert (await do(api, program, job, "start"))["state"] == "failed"
    assert await points_of(api, program, "dan") is None
    done = await do(api, program, job, "start", goodRowsOnly=True)
    assert (done["state"], done["importedRows"], done["problemCount"]) == ("imported", 3, 1)
    assert float(done["importedPoints"]) == float(job["finding"]["effects"]["points"]) == 7
    assert (await points_of(api, program, "dan")) == {"active": 4}


@pytest.mark.parametrize(
    ("header", "matched"),
    [
        (
            " Amount ;CustomerProfileId;colour;Line",
            [(" Amount ", "amount"), ("CustomerProfileId", "customerprofileid"), ("colour", ""),
             ("Line", "")],
        ),
        ('"amount', []),
        ("", []),
    ],
)  # fmt: skip
async def test_a_check_says_what_the_header_is_taken_for(
    api: Api, program: Program, header: str, matched: list[tuple[str, str]]
) -> None:
    job = await send(api, program, f"{header}\n5;ann;red;1\n")
    found = [(each["found"], each["column"]) for each in job["finding"]["columns"]]
    assert found == matched


async def test_problems_are_grouped_by_cause(api: Api, program: Program) -> None:
    file = HEADER + "ann,x\nbob,y\n,1\ncid,z\n"
    groups = (await send(api, program, file))["finding"]["problems"]
    assert [(g["code"], g["column"], g["count"], g["lines"]) for g in groups] == [
        ("invalid_amount", "amount", 3, [2, 3, 5]),
        ("missing_value", "customerprofileid", 1, [4]),
    ]
    assert groups[0]["example"]["found"] == "'x'"
    assert groups[0]["example"]["fix"]


async def test_a_problem_in_the_header_refuses_all_rows_whatever_is_asked(
    api: Api, program: Program
) -> None:
    file = "customerprofileid,points\nann,1\n"
    job = await send(api, program, file, start="import", goodRowsOnly=True)
    assert job["state"] == "failed"
    assert job["finding"]["refusesAll"]
    assert "nothing was imported" in job["failure"]


@pytest.mark.parametrize(
    ("rows", "code", "lines"),
    [
        ("ann,1,,\nann,1,,\nann,1,,\n", "repeated_row", [3, 4]),
        ("ann,1,2026-06-01T00:00:00Z,\n", "starts_in_past", [2]),
        ("ann,1,,2026-06-20T00:00:00Z\n", "expires_soon", [2]),
        ("ann,1,2020-01-01T00:00:00Z,2021-01-01T00:00:00Z\n", "already_expired", [2]),
        ("".join(f"m{n},1,,\n" for n in range(9)) + "ann,52620,,\n", "unusually_large", [11]),
    ],
)
async def test_good_rows_that_may_be_a_mistake_are_warned_of(
    api: Api, program: Program, rows: str, code: str, lines: list[int]
) -> None:
    job = await send(api, program, "customerprofileid,amount,startdate,expirydate\n" + rows)
    warned = {each["code"]: each for each in job["finding"]["warnings"]}
    assert warned[code]["what"]
    assert warned[code]["lines"] == lines[-len(warned[code]["lines"]) :]
    assert job["finding"]["problemCount"] == 0


async def test_the_same_file_is_known_again(api: Api, program: Program) -> None:
    """Accident 35: three tries of one file were three copies of its rows."""
    first = await send(api, program, HEADER + "ann,1\n", start="import")
    again = await send(api, program, HEADER + "ann,1\n")
    assert again["finding"]["sameFileAs"] == [first["id"]]
    assert again["sha256"] == hashlib.sha256(HEADER.encode() + b"ann,1\n").hexdigest()
    assert (await points_of(api, program, "ann")) == {"active": 1}


async def test_a_refused_file_leaves_nothing_however_often_it_is_sent(
    api: Api, program: Program
) -> None:
    """Accident 35, the other half: a failed file kept the rows above its fault."""
    for _ in range(3):
        job = await send(api, program, HEADER + "eve,1\nbob,x\n", start="import")
        assert job["state"] == "failed"
    assert await points_of(api, program, "eve") is None


async def test_a_number_with_a_comma_is_refused_with_its_cure(api: Api, program: Program) -> None:
    """Accident 51: "52,620" became another number, and there was no way back."""
    job = await send(api, program, HEADER + 'ann,"52,620"\n', start="import")
    [group] = job["finding"]["problems"]
    assert (job["state"], group["code"]) == ("failed", "amount_separator")
    assert "no separators" in group["example"]["fix"]


async def test_an_import_is_a_job_and_no_request(api: Api, program: Program) -> None:
    """Accident 26: more than a hundred users took longer than a proxy waits."""
    file = HEADER + "".join(f"m{n},1\n" for n in range(5_000))
    answer = exact(
        await api.manager.post(
            path_of(program), files={"upFile": file.encode()}, params={"start": "import"}
        )
    )
    assert answer["state"] in {"importing", "imported"}
    done = await ended(api, program, answer)
    assert done["importedRows"] == 5_000
    assert done["progress"]["bytesDone"] == done["progress"]["bytesTotal"] == len(file)


async def test_debts_that_are_repaid_are_foretold(api: Api) -> None:
    program = await api.program(return_policy=ReturnPolicy.UNLIMITED)
    ann = await api.member(program, points="10", name="owing")
    await ann.deduct(50)
    rows = "owing,25,2026-07-01T00:00:00Z\nowing,5,\n"
    file = "customerprofileid,amount,startdate\n" + rows
    job = await send(api, program, file)
    assert float(job["finding"]["effects"]["repaidPoints"]) == 30
    assert await ann.balance() == {"spent": 10, "negative": 40}
    await do(api, program, job, "start")
    api.clock.now = api.clock.now.replace(month=8)
    assert (await ann.balance())["negative"] == 10


async def test_an_import_is_undone_as_one(api: Api, program: Program) -> None:
    ann = await api.member(program, name="undoing", points="7")
    job = await send(api, program, HEADER + "undoing,10\nother,5\n", start="import")
    preview = exact(await api.manager.get(path_of(program, job, "/undo")))
    assert (preview["rows"], preview["members"], preview["activePoints"]) == (2, 2, 15)
    assert (await do(api, program, job, "undo"))["state"] == "undone"
    assert await ann.balance() == {"active": 7}
    again = await api.manager.post(path_of(program, job, "/undo"))
    assert refusal(again, 409)["title"] in {"in_use", "already_undone"}


async def test_join_dates_are_checked_and_imported(api: Api, program: Program) -> None:
    ann = await api.member(program)
    file = f"customerprofileid,newjoindate\n{ann.name},2024-02-14T08:00:00Z\nnobody,2024-02-14\n"
    job = await send(api, program, file, format="join-dates")
    assert [group["code"] for group in job["finding"]["problems"]] == ["unknown_profile"]
    assert (await do(api, program, job, "start"))["state"] == "failed"
    done = await do(api, program, job, "start", goodRowsOnly=True)
    assert (done["state"], done["importedRows"]) == ("imported", 1)
    refused = await api.manager.post(path_of(program, job, "/undo"))
    assert refusal(refused, 400)["title"] == "not_supported"


async def test_the_contracts_imports_are_in_the_history(api: Api, program: Program) -> None:
    files = {"upFile": (HEADER + "ann,1\n").encode()}
    made = exact(await api.manager.post(f"{program_path(program)}/import_points", files=files))
    files = {"upFile": b"customerprofileid,newjoindate\nann,2024-02-14\n"}
    await api.manager.post(f"{program_path(program)}/import_join_dates", files=files)
    page = exact(await api.manager.get(path_of(program)))
    assert page["totalResultSize"] == 2
    assert [(job["format"], job["state"]) for job in page["data"]] == [
        ("join-dates", "imported"),
        ("points", "imported"),
    ]
    assert page["data"][1]["id"] == made["id"]
    assert not page["data"][1]["fileKept"]


async def test_the_list_has_pages(api: Api, program: Program) -> None:
    jobs = [await send(api, program, HEADER, start="nothing") for _ in range(3)]
    page = exact(await api.manager.get(path_of(program), params={"pageSize": 2, "skip": 1}))
    assert [job["id"] for job in page["data"]] == [jobs[1]["id"], jobs[0]["id"]]
    assert page["totalResultSize"] == 3


async def test_the_original_can_be_fetched_and_the_problems_too(api: Api, program: Program) -> None:
    file = HEADER + "ann,1\nbob,x\n"
    job = await send(api, program, file)
    original = await api.manager.get(path_of(program, job, "/file"))
    assert original.text == file
    assert 'filename="points.csv"' in original.headers["content-disposition"]
    report = await api.manager.get(path_of(program, job, "/report"))
    assert report.status_code == 200
    lines = report.text.splitlines()
    assert len(lines) == 2
    assert "bob,x" in lines[1]


@pytest.mark.parametrize(
    "name", ["../../secret-key", "/etc/passwd", "..\\..\\x.csv", "a\nb.csv", '"; x="y', "x" * 300]
)
async def test_the_name_of_a_file_leads_nowhere(api: Api, program: Program, name: str) -> None:
    folder = api.context.import_folder
    files = {"upFile": (name, (HEADER + "ann,1\n").encode())}
    answer = await api.manager.post(path_of(program), files=files)
    if answer.status_code == 201:
        job = await ended(api, program, exact(answer))
        original = await api.manager.get(path_of(program, job, "/file"))
        assert original.text == HEADER + "ann,1\n"
        told = original.headers["content-disposition"]
        assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._-]+"', told)
        assert (folder / str(job["id"])).read_text() == HEADER + "ann,1\n"
    else:
        refusal(answer, 400)
    names = {each.name for each in folder.rglob("*")}
    assert all(re.fullmatch(r"[0-9]+(\.[a-z-]+)?|[0-9a-f]{32}\.part", each) for each in names), (
        names
    )
    assert not (folder.parent / "secret-key").exists()


async def test_whoever_fetches_a_file_is_written_down(api: Api, program: Program) -> None:
    job = await send(api, program, HEADER + "ann,1\n")
    await api.manager.head(path_of(program, job, "/file"))
    for part in ("/file", "/report"):
        assert (await api.manager.get(path_of(program, job, part))).status_code == 200
        wanted = {"entityPath": path_of(program, job, part)}
        [change] = exact(await api.manager.get("/v1/changes", params=wanted))["data"]
        assert change["new"] == {"id": job["id"], "fileName": "points.csv"}
        assert change["managementKeyId"] > 0


async def test_a_mended_report_is_imported_as_it_is(api: Api, program: Program) -> None:
    job = await send(api, program, HEADER + "ann,1\nbob,x\n", start="import", goodRowsOnly=True)
    report = await api.manager.get(path_of(program, job, "/report"))
    mended = report.text.replace("bob,x", "bob,2")
    again = await send(api, program, mended, start="import")
    assert (again["state"], again["importedRows"]) == ("imported", 1)
    assert await points_of(api, program, "bob") == {"active": 2}


async def test_what_was_never_imported_can_be_deleted(api: Api, program: Program) -> None:
    job = await send(api, program, HEADER + "ann,1\n")
    assert (await api.manager.delete(path_of(program, job))).status_code == 204
    assert (await api.manager.get(path_of(program, job))).status_code == 404
    assert list(api.context.import_folder.glob(f"{job['id']}*")) == []


async def test_what_was_imported_cannot_be_deleted_or_imported_again(
    api: Api, program: Program
) -> None:
    job = await send(api, program, HEADER + "ann,1\n", start="import")
    assert refusal(await api.manager.delete(path_of(program, job)), 409)["title"] == "in_use"
    again = await api.manager.post(path_of(program, job, "/start"))
    assert "the state imported" in refusal(again, 409)["details"]
    assert await points_of(api, program, "ann") == {"active": 1}


@pytest.mark.parametrize("name", ["points", "join-dates"])
async def test_a_sample_can_be_imported(api: Api, name: str) -> None:
    program = await api.program()
    sample = await api.manager.get(f"/v1/import_samples/{name}")
    assert sample.headers["content-type"].startswith("text/csv")
    job = await send(api, program, sample.content, format=name)
    codes = {group["code"] for group in job["finding"]["problems"]}
    assert codes <= ({"unknown_profile"} if name == "join-dates" else set())


async def test_an_unknown_sample_names_the_known_ones(api: Api) -> None:
    found = refusal(await api.manager.get("/v1/import_samples/tiers"), 404)
    assert "points, join-dates" in found["details"]


async def test_an_import_of_another_program_is_not_found(api: Api, program: Program) -> None:
    job = await send(api, program, HEADER, start="nothing")
    other = await api.program()
    assert (await api.manager.get(path_of(other, job))).status_code == 404


async def test_a_broken_upload_leaves_no_file(api: Api, program: Program) -> None:
    before = set(api.context.import_folder.iterdir())
    answer = await api.manager.post(path_of(program), files={"other": b"x"})
    assert refusal(answer, 400)["pointer"] == "/upFile"
    assert set(api.context.import_folder.iterdir()) == before


async def test_too_much_is_refused_before_it_is_a_job(database_url: str) -> None:
    async with running_api(database_url, limits=Limits(upload_bytes_max=100)) as api:
        program = await api.program()
        answer = await api.manager.post(path_of(program), files={"upFile": b"x" * 101})
        assert "at most 100 bytes" in refusal(answer, 400)["details"]
        assert exact(await api.manager.get(path_of(program)))["totalResultSize"] == 0


async def test_managers_that_are_no_admins_may_not_import(api: Api, program: Program) -> None:
    person: httpx.AsyncClient = await api.person(program)
    assert (await person.get(path_of(program))).status_code == 403
