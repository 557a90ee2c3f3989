"""Headers that are an attack, and attacks that would like to become headers or lines of the log."""

import io
import json
import sys
from collections.abc import Iterator

import asyncpg
import httpx
import pytest
import structlog

from api.harness import Api, in_path, program_path, running_api
from attacks.browsing import browser_of, token_of
from attacks.counting import TEXTS, answered, tried
from attacks.marked import Marked
from tallystick.main import _configure_logs
from tallystick.web.cookies import NOTE_COOKIE, SESSION_COOKIE

ODD: dict[str, list[str]] = {
    "Host": ["[", "a b", "\xff", "", "x:y:z", "evil.test/?", "'\"><x>"],
    "HX-Current-URL": ["http://[", "//evil.test/x", "javascript:alert(1)", "\xff", "/" * 9_000],
    "HX-Target": ["'\"><x>", "main#main", "\xff"],
    "Accept": ["", "*", "\xff", "text/html;q=x", "," * 9_000],
    "Accept-Encoding": ["gzip;q=x", "gzip;q=nan", "\xff"],
    "Accept-Language": ["\xff", "xx;q=9", "'\"><x>"],
    "Content-Length": ["\xb2", "-1", "0x10", "9" * 400],
    "Content-Type": ["\xff", "application/x-www-form-urlencoded; charset=utf-7", "x" * 9_000],
    "If-Match": ["\xff", '"', "*", "W/"],
    "If-None-Match": ["\xff", '"', "," * 9_000],
    "Range": ["bytes=9-1", "bytes=-", "lines=1-2", "bytes=" + "0-," * 900, "\xff"],
    "User-Agent": ["\x00", "\x1b[2J", "{{7*7}}", "'; DROP TABLE lot; --", "\xff" * 9_000],
    "X-Forwarded-For": ["\xff", "' OR 1=1 --", "127.0.0.1", "<x>"],
    "X-Forwarded-Proto": ["\xff", "javascript"],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-Original-URL": ["/account/people"],
    "X-Request-Id": ["\xff", "a\tb", "{}", '"', "x" * 9_000],
    "Idempotency-Key": ["\xff", "", "x" * 9_000, "'; DROP TABLE lot; --"],
    "Cookie": [
        f"{NOTE_COOKIE}=tone=good&tone=bad&text=x&text=y",
        f"{NOTE_COOKIE}=tone=good&text=<x>",
        f"{NOTE_COOKIE}=%ff",
        f"{SESSION_COOKIE}=\xff",
        f'{SESSION_COOKIE}="\\000\\377"',
        "=;=;;;",
        "\xff" * 9_000,
    ],
}
PATHS = ("/programs", "/login", "/invite/x", "/account/audit", "/nothing", "/openapi.json")
INJECTED = "x\r\nX-Injected: yes\r\n\r\n<script>"


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_header_is_answered_without_a_fault(
    api: Api, admin_token: str, name: str
) -> None:
    client, signed_in = browser_of(api.app), browser_of(api.app, admin_token)
    for value in ODD[name]:
        header = {name.encode(): value.encode("latin-1")}
        asked = [
            *[await client.get(path, headers=header) for path in PATHS],
            await signed_in.get("/programs", headers=header),
            await client.get("/programs", headers=header | {b"HX-Request": b"true"}),
            await client.post("/login", headers=header, content=b""),
            await api.manager.get("/v1/loyalty_programs", headers=header),
            await api.manager.put("/v1/loyalty_programs/1", headers=header, content=b"{}"),
        ]
        for answer in asked:
            answered(TEXTS, answer)
            assert answer.status_code < 500, (value[:40], answer.request.url, answer.text)
            assert "<x>" not in answer.text


@pytest.mark.parametrize("mark", ["a%0d%0ab", 'x"; filename="evil.html', "..\\..\\x", "a;b,c=d"])
async def test_names_never_become_headers(api: Api, mark: str) -> None:
    """The program's name and the file's are in the names under which files are saved."""
    program = await api.program(name=f"{mark}{api.clock.now}", title=mark)
    member = await api.member(program)
    path = program_path(program)
    sent = await api.manager.post(
        f"{path}/imports",
        content=_upload(f"{mark}\r\nX-Injected: yes.csv"),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        params={"start": "nothing"},
    )
    span = "rangeStart=2026-01-01T00:00:00Z&rangeEnd=2026-07-01T00:00:00Z"
    files = [
        f"{path}/export_customer_balances",
        f"{path}/profile/{in_path(member.name)}/export_log?{span}",
        f"{path}/export_join_dates",
    ]
    if sent.is_success:
        files.append(f"{path}/imports/{sent.json()['id']}/file")
    for file in files:
        answer = answered(TEXTS, await api.manager.get(file))
        assert answer.is_success, answer.text
        assert_one_plain_name(answer)


def _upload(name: str) -> bytes:
    return (
        f'--b\r\nContent-Disposition: form-data; name="upFile"; filename="{name}"\r\n\r\n'
        "customerprofileid,amount\nann,1\r\n--b--\r\n"
    ).encode()


def assert_one_plain_name(answer: httpx.Response) -> None:
    """A file is saved under a name that no system takes for anything else."""
    [said] = answer.headers.get_list("Content-Disposition")
    start, name, end = said.split('"')
    assert (start, end) == ("attachment; filename=", "")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert not name.startswith(".")
    assert "X-Injected" not in answer.headers


@pytest.mark.parametrize(
    "text", [INJECTED, "%0d%0aX-Injected:%20yes", "\nX-Injected: yes", "é\x00"]
)
async def test_what_is_sent_never_becomes_a_header(
    api: Api, admin_token: str, hidden: Marked, text: str
) -> None:
    """Where an answer leads, and the note that it keeps, come from what was sent."""
    admin = browser_of(api.app, admin_token)
    program = hidden.pages["program"]
    answers = [
        await admin.get(f"/login?next={in_path('/' + text)}"),
        await admin.post("/login", data={"next": f"/{text}", "email": text, "password": "x"}),
        await browser_of(api.app).get(f"/programs/{in_path(text)}?q={in_path(text)}"),
        await browser_of(api.app).get(
            "/programs",
            headers={"HX-Request": "true", "HX-Current-URL": f"http://x/{in_path(text)}"},
        ),
        await admin.post("/programs/new", data={"name": text, "timezone": text}),
        await admin.get(f"/programs/{program}/members/{in_path(text)}"),
    ]
    for answer in answers:
        answered(TEXTS, answer)
        assert answer.status_code < 500
        assert "X-Injected" not in answer.headers
        for _, value in answer.headers.raw:
            assert not set(value) & set(b"\r\n\x00"), answer.request.url


# The log


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the server writes on stderr, by the configuration that it has."""
    before, said = structlog.get_config(), io.StringIO()
    stderr, sys.stderr = sys.stderr, said
    try:
        _configure_logs()
    finally:
        sys.stderr = stderr
    yield said
    structlog.configure(**before)


FORGED = '{"event": "signed in", "level": "info", "user": "root"}'
OURS = {"event", "level", "timestamp", "request_id", "method", "path", "exception"}
LINES = (
    f"x\n{FORGED}",
    f"x\r\n{FORGED}\r\n",
    f'x"}}\n{FORGED}',
    '", "user": "root", "x": "',
    "\x1b[2J\x1b[31mroot\x07",
    "\u2028\u2029\x85\x0b\x0c",
    "${jndi:ldap://x} %s %n {0}",
)


async def test_nothing_that_is_sent_becomes_a_line_of_the_log(
    database_url: str, owner_url: str, log: io.StringIO
) -> None:
    """Each fault is one line, which is one object whose members are those that we write."""
    async with running_api(database_url) as api:
        page = browser_of(api.app, token_of(await api.person(is_admin=True)))
        owner = await asyncpg.connect(owner_url)
        await owner.execute("DROP TABLE program CASCADE; DROP TABLE user_session CASCADE")
        await owner.close()
        faults = 0
        for text in LINES:
            path = f"/v1/loyalty_programs/1/profile/{in_path(text)}/transactions"
            headers = {b"User-Agent": text.encode("latin-1", "replace"), b"X-Request-Id": b"till-7"}
            for answer in (
                await api.shop.get(path, params={"x": text}, headers=headers),
                await page.get(f"/programs/1/members/{in_path(text)}", headers=headers),
            ):
                tried(TEXTS, refused=True)
                faults += answer.status_code == 500
    lines = log.getvalue().split("\n")[:-1]
    assert faults
    assert len(lines) == faults
    for line in lines:
        told = json.loads(line)
        assert told.keys() <= {
            "event",
            "level",
            "timestamp",
            "request_id",
            "method",
            "path",
            "exception",
        }
        assert told["level"] == "error"
        assert line.isprintable()
