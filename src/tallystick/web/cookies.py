"""The cookies: who has signed in, who is about to, here or elsewhere, and the next page's note."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tallystick.core.openid import START_LIFE
from tallystick.core.second_factor import SIGN_IN_LIFE
from tallystick.web.visits import TONES, Note

SESSION_COOKIE = "tallystick-session"
SIGN_IN_COOKIE = "tallystick-sign-in"
NOTE_COOKIE = "tallystick-note"
START_COOKIE = "tallystick-openid"


@dataclass(frozen=True, slots=True)
class TokenCookie:
    """A cookie that holds a token; `life`: for how long, None until the browser is closed."""

    name: str
    life: timedelta | None = None

    def token(self, request: Request) -> str | None:
        """What this browser shows."""
        return request.cookies.get(_name(request, self.name))

    def keep(self, response: Response, request: Request, token: str) -> None:
        """Have the browser send the token along from now on."""
        seconds = None if self.life is None else int(self.life.total_seconds())
        _set(response, request, self.name, token, max_age=seconds)

    def forget(self, response: Response, request: Request) -> None:
        """Have the browser forget the token."""
        _set(response, request, self.name, "", max_age=0)


SESSION = TokenCookie(SESSION_COOKIE)  # of whoever has signed in
SIGN_IN = TokenCookie(SIGN_IN_COOKIE, SIGN_IN_LIFE)  # of whoever has yet to show a code
START = TokenCookie(START_COOKIE, START_LIFE)  # of whoever has gone to the provider


def keep_note(response: Response, request: Request, note: Note) -> None:
    """Have the next page show a note."""
    text = urlencode({"tone": note.tone, "text": note.text})
    _set(response, request, NOTE_COOKIE, text, max_age=60)


def take_note(request: Request) -> Note | None:
    """The note to show now."""
    fields = QueryParams(request.cookies.get(_name(request, NOTE_COOKIE), ""))
    tone, text = fields.get("tone", ""), fields.get("text", "")
    known = [each for each in TONES if each == tone]
    return Note(text=text[:500], tone=known[0]) if text and known else None


def forget_note(response: Response, request: Request) -> None:
    """Have the browser forget the note that was shown."""
    _set(response, request, NOTE_COOKIE, "", max_age=0)


def _set(
    response: Response, request: Request, name: str, value: str, *, max_age: int | None
) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=max_age,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _name(request: Request, name: str) -> str:
    """Behind TLS the name carries a prefix by which browsers refuse it from any other origin."""
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"
