"""A file that is sent in a form, written down piece by piece while it comes."""

from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from tallystick.core.errors import InvalidField

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # there for types only

FIELD = "upFile"
_FIX = f"send multipart/form-data with the CSV in the part {FIELD}, as curl -F {FIELD}=@points.csv"


class Upload:
    """Writes the part `upFile` of a multipart body to a file, piece by piece.

    The part may be a file or a plain field: the contract's clients send a field (domain B0-4).
    """

    def __init__(self, file: BinaryIO, *, bytes_max: int) -> None:
        self.file_name = "upload.csv"
        self.size = 0
        self._hash = sha256()
        self._file = file
        self._bytes_max = bytes_max
        self._header_name = self._header_value = b""
        self._disposition = b""
        self._found = self._wanted = self._ended = False

    async def receive(self, request: Request) -> None:
        """Receive the whole body; the file stands at its beginning then.

        Errors: InvalidField if there is no such part, or too much of it.
        """
        kind, options = parse_options_header(request.headers.get("Content-Type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise InvalidField(FIELD, f"a body of type {kind.decode('latin-1')!r}", _FIX)
        parser = MultipartParser(boundary, self._callbacks())
        try:
            async for piece in request.stream():
                parser.write(piece)
        except MultipartParseError as error:
            raise InvalidField(FIELD, f"a broken upload ({error})", _FIX) from error
        if not self._ended:
            raise InvalidField(FIELD, "an upload that breaks off", "send it again")
        if not self._found:
            raise InvalidField(FIELD, "nothing", _FIX)
        self._file.seek(0)

    def digest(self) -> bytes:
        """The SHA-256 of the part."""
        return self._hash.digest()

    def _callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_end": self._on_end,
        }

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._wanted = options.get(b"name") == FIELD.encode()
        if not self._wanted:
            return
        if self._found:
            raise InvalidField(FIELD, "two parts of that name", "send one file at a time")
        self._found = True
        if name := options.get(b"filename", b"").decode("utf-8", "replace"):
            self.file_name = "".join(c for c in name if c.isprintable())[:255]

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._wanted:
            return
        self._file.write(data[start:end])
        self._hash.update(data[start:end])
        self.size += end - start
        if self.size > self._bytes_max:
            fix = f"send at most {self._bytes_max:,} bytes; a .gz file may hold more rows"
            raise InvalidField(FIELD, f"more than {self._bytes_max:,} bytes", fix)

    def _on_end(self) -> None:
        self._ended = True
