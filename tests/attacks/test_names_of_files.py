"""Names and paths that lead elsewhere: nothing is read or written outside the folders for files."""

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.harness import Api, exact, program_path, running_api
from attacks.counting import PATHS, answered, tried
from attacks.test_headers import assert_one_plain_name
from edges.wire import listening, said, status_of
from tallystick.api.routes import OPERATIONS
from web.import_files import at_rest

NAMES = (
    "../../x",
    "..\\..\\x",
    "/etc/passwd",
    "C:\\Windows\\win.ini",
    "\\\\server\\share\\x",
    "x\x00.csv",
    "a/b/../../../x.csv",
    ".",
    "..",
    "~/.ssh/authorized_keys",
    "CON",
    "NUL.csv",
    "aux.csv.",
    "x:stream.csv",
    "\uff0e\uff0e\uff0fx",
    "\u2024\u2024/x",
    "\u202ecsv.exe",
    "%2e%2e%2fx",
    "..%c0%afx",
    "$(touch x).csv",
    "-rf.csv",
    "x" * 5_000,
    ".htaccess",
    "",
)
KEPT = re.compile(r"imports/[0-9]+(\.problems)?", re.ASCII)
CSV = b"customerprofileid,amount\nann,1\n"
SECRET = b"the secret of a file that is not to be read"


def tree(folder: Path) -> set[str]:
    """All that is in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
async def caged(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Api, Path]]:
    """The application, whose folders lie in a folder of the test's own, beside a secret."""
    cage = tmp_path_factory.mktemp("cage")
    (cage / "secret.txt").write_bytes(SECRET)
    async with running_api(module_database_url, folder=cage) as api:
        yield api, cage


def multipart(name: str, content: bytes) -> bytes:
    """A form with a file of that name, byte by byte as it is."""
    head = f'--b\r\nContent-Disposition: form-data; name="upFile"; filename="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n--b--\r\n"


def zipped(name: str) -> bytes:
    """A zip file with one member of that name."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name or "x"), CSV)
    return file.getvalue()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:20]))
async def test_a_file_is_kept_under_its_number_whatever_it_is_called(
    caged: tuple[Api, Path], name: str
) -> None:
    api, cage = caged
    program = await api.program(name=f"{name[:30]}{len(tree(cage))}".replace("\x00", ""))
    imports = f"{program_path(program)}/imports"
    before = tree(cage)
    for content in (CSV, zipped(name)):
        answer = answered(
            PATHS,
            await api.manager.post(
                imports,
                content=multipart(name, content),
                headers={"Content-Type": "multipart/form-data; boundary=b"},
            ),
        )
        assert answer.status_code in {201, 202, 400}, answer.text
        if answer.is_success:
            import_id = await at_rest(api, program, exact(answer)["id"])
            for file in ("file", "report"):
                fetched = await api.manager.get(f"{imports}/{import_id}/{file}")
                assert fetched.is_success, fetched.text
                assert_one_plain_name(fetched)
                assert SECRET not in fetched.content
    made = tree(cage) - before
    assert [each for each in made if not KEPT.fullmatch(each)] == []


OTHERS = (
    "..%2f..%2fsecret.txt", "../../secret.txt", "..\\..\\secret.txt", "%2e%2e/%2e%2e/secret.txt",
    "%252e%252e%252fsecret.txt", "..;/secret.txt", "%c0%ae%c0%ae/secret.txt", "1/../../secret.txt",
    "%00", "1%00.csv", "1%2f..%2f1", "/etc/passwd", "//etc/passwd", "....//x",
)  # fmt: skip


@pytest.mark.parametrize("where", ["/static/", "/static/vendor/", "/", "/docs/"])
async def test_no_address_leads_out_of_the_files_that_are_served(
    caged: tuple[Api, Path], where: str
) -> None:
    """Over a socket, as no client of ours would send these."""
    api, _ = caged
    async with listening(api.app) as port:
        for other in OTHERS:
            if (where + other).startswith("/."):
                continue
            head = f"GET {where}{other} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode()
            answer = await said(port, head)
            tried(PATHS, refused=True)
            assert status_of(answer) in {400, 404, 405}, (where, other, answer[:200])
            assert SECRET not in answer
            assert b"root:" not in answer


async def test_no_id_in_a_path_leads_to_another_file(caged: tuple[Api, Path]) -> None:
    api, cage = caged
    program = await api.program()
    before = tree(cage)
    key = api.manager.headers["Authorization"]
    async with listening(api.app) as port:
        for operation in OPERATIONS:
            for name in ("{importId}", "{exportId}", "{format}"):
                if name in operation.path:
                    for other in OTHERS:
                        path = operation.path.replace("{loyaltyProgramId}", str(program.id))
                        path = path.replace(name, other)
                        head = f"{operation.method} {path} HTTP/1.1\r\nhost: x\r\n"
                        more = f"authorization: {key}\r\nconnection: close\r\n\r\n"
                        answer = await said(port, (head + more).encode())
                        tried(PATHS, refused=True)
                        assert status_of(answer) in {400, 404, 405}, (path, answer[:200])
                        assert SECRET not in answer
    await asyncio.sleep(0)
    assert tree(cage) == before
