"""A file is asked for, written on the server, and fetched whole or in parts while it is kept."""

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from api.harness import Api, Member, exact, program_path, refusal, running_api
from services.harness import NOW, import_rows
from tallystick.core.accounts import AuditFilter
from tallystick.core.exports import FileFormat
from tallystick.services.changes import list_audit
from tallystick.services.context import Limits
from tallystick.services.export_work import remove_old_exports
from tallystick.store.db import Connection

FORMATS = [each.value for each in FileFormat]
AT_REST = {"written", "failed", "expired"}


def path_of(member: Member, job: dict[str, Any] | None = None, more: str = "") -> str:
    place = f"{program_path(member.program)}/exports"
    return place if job is None else f"{place}/{job['id']}{more}"


async def asked(member: Member, kind: str = "balances", **more: Any) -> dict[str, Any]:
    """A job that was just made."""
    answer = await member.api.manager.post(path_of(member), json={"kind": kind, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = exact(answer)
    return made


async def ended(member: Member, job: dict[str, Any]) -> dict[str, Any]:
    """The job once nothing is done with it any more."""
    async with asyncio.timeout(30):
        while (  # noqa: ASYNC110 - asked as a client asks
            found := exact(await member.api.manager.get(path_of(member, job)))
        )["state"] not in AT_REST:
            await asyncio.sleep(0)
    made: dict[str, Any] = found
    return made


async def written(member: Member, kind: str = "balances", **more: Any) -> dict[str, Any]:
    """A job whose file is there."""
    job = await ended(member, await asked(member, kind, **more))
    assert job["state"] == "written", job
    return job


async def fetch(member: Member, job: dict[str, Any], **headers: str) -> httpx.Response:
    return await member.api.manager.get(path_of(member, job, "/file"), headers=headers)


async def test_the_dashboard_is_a_kind_of_file_like_others(ann: Member) -> None:
    ann.api.clock.now = NOW + timedelta(days=2)
    days = {"rangeStart": "2026-06-15", "rangeEnd": "2026-06-16", "figures": "totals"}
    job = await written(ann, "dashboard", parameters=days)
    at_once = await ann.api.manager.get(
        f"{program_path(ann.program)}/dashboard/export", params=days
    )
    assert (await fetch(ann, job)).text == at_once.text
    manifest = exact(await ann.api.manager.get(path_of(ann, job, "/manifest")))
    assert (manifest["rows"], manifest["sums"]["totalActivePoints"]) == (2, 200)


@pytest.mark.parametrize("file_format", FORMATS)
async def test_a_file_is_written_and_its_manifest_is_true(ann: Member, file_format: str) -> None:
    await ann.deduct(1.5)
    job = await written(ann, format=file_format, parameters={"endDate": "2026-06-20"})
    assert (job["kind"], job["format"]) == ("balances", file_format)
    manifest = exact(await ann.api.manager.get(path_of(ann, job, "/manifest")))
    file = await fetch(ann, job)
    assert file.status_code == 200
    media_type = FileFormat(file_format).media_type
    assert file.headers["content-type"].removesuffix("; charset=utf-8") == media_type
    assert manifest["fileSize"] == len(file.content) == job["progress"]["bytesDone"]
    assert manifest["sha256"] == hashlib.sha256(file.content).hexdigest()
    assert (manifest["rows"], manifest["knownAt"]) == (1, "2026-06-15T12:00:00Z")
    assert {name: str(value) for name, value in manifest["sums"].items()} == {
        "currentBalance": "98.50",
        "pendingBalance": "0.00",
        "expiredBalance": "0.00",
        "spentBalance": "1.50",
    }
    assert manifest["parameters"]["endDate"] == "2026-06-20T00:00:00Z"
    assert f'filename="{manifest["fileName"]}"' in file.headers["content-disposition"]


@pytest.mark.parametrize(
    ("kind", "parameters", "path"),
    [
        ("balances", {"details": True}, "export_customer_balances"),
        ("transactions", {"type": "addition", "integrationIds": ["a", "b"]}, "export_log"),
        ("expiring", {"rangeStart": "2026-06-15", "rangeEnd": "2026-07-15"}, "export_expiring"),
    ],
)
@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
async def test_a_job_writes_what_a_stream_would(
    api: Api, kind: str, parameters: dict[str, Any], path: str, file_format: str
) -> None:
    program = await api.program()
    header = "customerprofileid,amount,expirydate"
    rows = "a,1.25,2026-07-01", "b,3,2026-07-02", "c,4,"
    await import_rows(api.context, program, *rows, header=header)
    member = Member(api=api, program=program, name="a")
    job = await written(member, kind, parameters=parameters, format=file_format)
    query = {**parameters, "format": file_format}
    streamed = await api.manager.get(f"{program_path(program)}/{path}", params=query)
    assert (await fetch(member, job)).text == streamed.text
    manifest = exact(await api.manager.get(path_of(member, job, "/manifest")))
    lines = [
        json.loads(line, parse_float=str) for line in streamed.text.splitlines()
    ] if file_format == "ndjson" else list(csv.DictReader(io.StringIO(streamed.text)))  # fmt: skip
    for name, total in manifest["sums"].items():
        assert total == sum(Decimal(line[name] or 0) for line in lines)
    assert manifest["rows"] == len(lines)


async def test_jobs_are_listed_the_newest_first(ann: Member) -> None:
    jobs = [await written(ann) for _ in range(3)]
    page = exact(await ann.api.manager.get(path_of(ann), params={"pageSize": 2}))
    assert page["totalResultSize"] == 3
    assert [each["id"] for each in page["data"]] == [jobs[2]["id"], jobs[1]["id"]]
    page = exact(await ann.api.manager.get(path_of(ann), params={"skip": 2}))
    assert [each["id"] for each in page["data"]] == [jobs[0]["id"]]


async def test_a_job_is_one_of_all_exports(ann: Member) -> None:
    job = await written(ann, "transactions", parameters={"type": "addition"})
    found = exact(await ann.api.manager.get("/v1/exports"))["data"][-1]
    assert (found["id"], found["entity"]) == (job["id"], "LoyaltyLedgerLog")
    assert found["filter"]["type"] == "addition"


async def test_a_file_is_exact_text_where_that_is_asked_for(api: Api) -> None:
    member = await api.member(await api.program(), name="=1+1")
    job = await written(member, safe=True)
    assert ",'=1+1," in (await fetch(member, job)).text


# Parts of a file


@pytest.mark.parametrize(
    ("wanted", "first", "end"),
    [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-5", -5, None), ("Bytes=3-3", 3, 4)],
)
async def test_a_part_can_be_fetched(ann: Member, wanted: str, first: int, end: int | None) -> None:
    job = await written(ann)
    whole = (await fetch(ann, job)).content
    answer = await fetch(ann, job, Range=wanted)
    assert answer.status_code == 206
    assert answer.content == whole[first:end]
    begin = first % len(whole)
    assert answer.headers["content-range"] == (
        f"bytes {begin}-{begin + len(answer.content) - 1}/{len(whole)}"
    )
    assert answer.headers["accept-ranges"] == "bytes"


async def test_parts_of_a_file_make_the_whole(ann: Member) -> None:
    job = await written(ann)
    whole = await fetch(ann, job)
    first = await fetch(ann, job, Range="bytes=0-99")
    tag = first.headers["etag"]
    rest = await fetch(ann, job, Range="bytes=100-", **{"If-Range": tag})
    assert rest.status_code == 206
    assert first.content + rest.content == whole.content
    changed = await fetch(ann, job, Range="bytes=100-", **{"If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, whole.content)


async def test_several_parts_come_in_one_answer(ann: Member) -> None:
    job = await written(ann)
    answer = await fetch(ann, job, Range="bytes=0-4,10-14,5000000-")
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert answer.content.count(b"Content-Range: bytes") == 2
    overlapping = await fetch(ann, job, Range="bytes=0-4,3-9")
    assert len(overlapping.content) == 10


@pytest.mark.parametrize("wanted", ["bytes", "lines=1-2", "bytes=a-b", "bytes=9-3", "bytes=,"])
async def test_a_range_that_cannot_be_read_is_left_alone(ann: Member, wanted: str) -> None:
    job = await written(ann)
    whole = await fetch(ann, job)
    answer = await fetch(ann, job, Range=wanted)
    assert (answer.status_code, answer.content) == (200, whole.content)


@pytest.mark.parametrize("wanted", ["bytes=5000000-", "bytes=-0"])
async def test_a_range_beyond_the_end_is_refused(ann: Member, wanted: str) -> None:
    job = await written(ann)
    answer = await fetch(ann, job, Range=wanted)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{job['progress']['bytesDone']}"


async def test_a_look_at_the_headers_gives_the_size(ann: Member) -> None:
    job = await written(ann)
    answer = await ann.api.manager.head(path_of(ann, job, "/file"))
    assert int(answer.headers["content-length"]) == job["progress"]["bytesDone"]
    assert answer.content == b""


# What is refused


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "dashboards"}, "/kind"),
        ({}, "/kind"),
        ({"kind": "balances", "format": "pdf"}, "/format"),
        ({"kind": "balances", "parameters": {"endDate": "monday"}}, "/parameters/endDate"),
        ({"kind": "balances", "parameters": {"balances": "all"}}, "/parameters/balances"),
        ({"kind": "balances", "parameters": {"enddate": "2026-01-01"}}, "/parameters"),
        ({"kind": "balances", "parameters": {"format": "csv"}}, "/parameters"),
        ({"kind": "balances", "parameters": {"endDate": "a\nb"}}, "/parameters/endDate"),
        ({"kind": "transactions", "parameters": {"type": "earned"}}, "/parameters/type"),
        ({"kind": "transactions", "parameters": {"importId": 1.5}}, "/parameters/importId"),
        ({"kind": "expiring"}, "/parameters/rangeStart"),
        ({"kind": "expiring", "parameters": {"rangeStart": "2026-06-02", "rangeEnd": "2026-06-01"}},
         "/parameters/rangeEnd"),
    ],
    ids=str,
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused(
    ann: Member, body: dict[str, Any], pointer: str
) -> None:
    problem = refusal(await ann.api.manager.post(path_of(ann), json=body), 400)
    assert (problem["title"], problem["pointer"]) == ("invalid_field", pointer)


async def test_a_profile_that_is_not_there_makes_no_job(ann: Member) -> None:
    body = {"kind": "transactions", "parameters": {"integrationIds": ["nobody"]}}
    answer = await ann.api.manager.post(path_of(ann), json=body)
    assert refusal(answer, 404)["title"] == "not_found"
    assert exact(await ann.api.manager.get(path_of(ann)))["totalResultSize"] == 0


@pytest.mark.parametrize("more", ["", "/manifest", "/file"])
async def test_a_job_of_another_program_is_not_found(api: Api, ann: Member, more: str) -> None:
    job = await written(ann)
    elsewhere = replace(ann, program=await api.program())
    answer = await api.manager.get(path_of(elsewhere, job, more))
    assert refusal(answer, 404)["title"] == "not_found"
    assert refusal(await api.manager.delete(path_of(elsewhere, job)), 404)
    assert (await fetch(ann, job)).status_code == 200


async def test_managers_and_shops_have_no_jobs(ann: Member) -> None:
    person = await ann.api.person(ann.program)
    assert refusal(await person.get(path_of(ann)), 403)["title"] == "not_allowed"
    body = {"kind": "balances"}
    assert refusal(await person.post(path_of(ann), json=body), 403)["title"] == "not_allowed"
    assert refusal(await ann.api.shop.get(path_of(ann)), 401)["title"] == "not_signed_in"


async def test_the_same_request_makes_one_job(ann: Member) -> None:
    made = [
        await ann.api.manager.post(
            path_of(ann), json={"kind": "balances"}, headers={"Idempotency-Key": "nightly"}
        )
        for _ in range(2)
    ]
    assert exact(made[0])["id"] == exact(made[1])["id"]
    assert exact(await ann.api.manager.get(path_of(ann)))["totalResultSize"] == 1


# Deleting, keeping, breaking off


async def test_a_deleted_file_is_gone(ann: Member) -> None:
    job = await written(ann)
    path = ann.api.context.export_folder / str(job["id"])
    assert there(path)
    assert (await ann.api.manager.delete(path_of(ann, job))).status_code == 204
    assert refusal(await fetch(ann, job), 404)
    assert not there(path)
    assert exact(await ann.api.manager.get("/v1/exports"))["data"][-1]["id"] == job["id"]


def there(path: Path) -> bool:
    return path.exists()


async def test_a_file_is_kept_for_so_many_days(api: Api, ann: Member) -> None:
    job = await written(ann)
    api.clock.now = NOW + timedelta(days=7)
    await remove_old_exports(api.context)
    assert (await fetch(ann, job)).status_code == 200
    api.clock.now += timedelta(seconds=1)
    await remove_old_exports(api.context)
    assert exact(await api.manager.get(path_of(ann, job)))["state"] == "expired"
    problem = refusal(await fetch(ann, job), 400)
    assert (problem["title"], "not kept" in problem["details"]) == ("not_supported", True)
    manifest = exact(await api.manager.get(path_of(ann, job, "/manifest")))
    assert manifest["rows"] == 1


async def test_files_that_no_job_knows_are_removed(api: Api, ann: Member) -> None:
    job = await written(ann)
    stray = api.context.export_folder / "999999"
    stray.write_bytes(b"what a deletion left")
    await remove_old_exports(api.context)
    assert not there(stray)
    assert (await fetch(ann, job)).status_code == 200


async def test_files_of_nothing_do_not_keep_a_program(api: Api) -> None:
    member = Member(api=api, program=await api.program(), name="nobody")
    await written(member)
    assert (await api.manager.delete(program_path(member.program))).status_code == 204


async def test_a_folder_that_cannot_be_written_fails_the_job(
    database_url: str, tmp_path: Path
) -> None:
    async with running_api(database_url) as api:
        ann = await api.member(await api.program())
        object.__setattr__(api.context, "export_folder", tmp_path / "absent")
        job = await ended(ann, await asked(ann))
        assert job["state"] == "failed"
        assert job["failure"] == "the file cannot be written (No such file or directory)"
        for more in ("/file", "/manifest"):
            problem = refusal(await api.manager.get(path_of(ann, job, more)), 400)
            assert "cannot be written" in problem["details"]


@pytest.fixture
async def outsider(owner_url: str) -> AsyncIterator[Connection]:
    outsider = await asyncpg.connect(owner_url)
    yield outsider
    await outsider.close()


@pytest.fixture
async def held(database_url: str, outsider: Connection) -> AsyncIterator[Member]:
    """Ann in an application whose files cannot be read from the books while a lock is held."""
    async with running_api(database_url, limits=Limits(export_jobs_max=1)) as api:
        yield await api.member(await api.program())


HELD_UP = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def until(outsider: Connection, *, held_up: bool) -> None:
    async with asyncio.timeout(10):
        while bool(await outsider.fetch(HELD_UP)) != held_up:
            pass


async def test_a_job_that_is_deleted_ends_its_query(held: Member, outsider: Connection) -> None:
    async with outsider.transaction():
        await outsider.execute("LOCK TABLE lot")
        job = await asked(held)
        await until(outsider, held_up=True)
        for more in ("/file", "/manifest"):
            answer = await held.api.manager.get(path_of(held, job, more))
            assert refusal(answer, 409)["title"] == "in_use"
        assert (await held.api.manager.delete(path_of(held, job))).status_code == 204
        await until(outsider, held_up=False)
    assert refusal(await held.api.manager.get(path_of(held, job)), 404)
    assert list_of(held.api.context.export_folder) == []
    assert (await written(held))["state"] == "written"


def list_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_so_many_are_written_at_a_time(held: Member, outsider: Connection) -> None:
    async with outsider.transaction():
        await outsider.execute("LOCK TABLE lot")
        first = await asked(held)
        await until(outsider, held_up=True)
        second = await asked(held)
        found = exact(await held.api.manager.get(path_of(held, second)))
        assert (found["state"], "begun" in found) == ("writing", False)
    for job in (first, second):
        assert (await ended(held, job))["state"] == "written"


async def test_what_is_asked_fetched_and_deleted_leaves_changes(ann: Member) -> None:
    job = await written(ann)
    await ann.api.manager.head(path_of(ann, job, "/file"))  # fetches nothing
    await fetch(ann, job)
    await ann.api.manager.delete(path_of(ann, job))
    path = f"/v1/exports/{job['id']}"
    page = await list_audit(ann.api.context, AuditFilter(entity=path))
    told = [(entry.change.entity, entry.change.action.value) for entry in page.entries[::-1]]
    assert told == [(path, "created"), (f"{path}/file", "created"), (path, "deleted")]
