"""HTTP as bytes: how large the head of a request may be, and how long it may take to come.

Beneath an application there is no other place for it: the parser keeps what has come of a head for
as long as the client cares to go on.
"""

from asyncio import Transport
from asyncio.events import TimerHandle
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tallystick.edges.noting import note_refused
from tallystick.edges.refusals import refusal_body

HEAD_BYTES_MAX = 65_536
HEADERS_MAX = 100
HEAD_SECONDS = 15
LINGER_SECONDS = 1


class _TooLargeError(Exception):
    """The head of a request is larger than we take."""


class CarefulProtocol(HttpToolsProtocol):
    """One connection, closed if the head of a request is too large or too long on its way."""

    head_seconds: float = HEAD_SECONDS

    _timer: TimerHandle | None = None
    _head_bytes = 0  # as they came, with what may follow in the same packet
    _header_bytes = 0
    _in_head = True
    _too_large = False
    _refused = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # the library narrows it as well
        """Begin to wait for a first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those of a head are counted, those of a body are not."""
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX and not self._refused:
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head, self._header_bytes = True, 0
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. Errors: _TooLargeError, which ends the parsing."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        size = self._header_bytes + len(self.url)
        if len(self.headers) > HEADERS_MAX or size > HEAD_BYTES_MAX:
            self._too_large = True
            raise _TooLargeError

    def on_headers_complete(self) -> None:
        """End a head; its time is over only for the next one."""
        self._stop_waiting()
        self._in_head, self._head_bytes = False, 0
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the library's signature
        """Say in our own words what is wrong with a request that no application will see."""
        if self._too_large:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            told = f"send at most {HEADERS_MAX} headers and {HEAD_BYTES_MAX:,} bytes of them"
        else:
            status, told = HTTPStatus.BAD_REQUEST, "this is not HTTP"
        self._refuse(status, told)

    def _refuse(self, status: HTTPStatus, told: str) -> None:
        """Answer, and close a moment later: what is still on its way would undo the answer."""
        note_refused({"client": self.client}, status.name.lower())
        self._refused = True
        self._stop_waiting()
        body = refusal_body(status, told)
        head = (
            f"HTTP/1.1 {status} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _await_head(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._await_head()  # what came before it is still being answered
        elif self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "the head of the request did not come in time")
        else:
            self.transport.close()
