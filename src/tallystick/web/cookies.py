"""The cookies: who has signed in, who is about to, here or elsewhere, and the next page's note."""

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


def session_token(request: Request) -> str | None:
    """The token of whoever has signed in with this browser."""
    return request.cookies.get(_name(request, SESSION_COOKIE))


def keep_session(response: Response, request: Request, token: str) -> None:
    """Have the browser send the token along until it is closed or the session ends."""
    _set(response, request, SESSION_COOKIE, token, max_age=None)


def forget_session(response: Response, request: Request) -> None:
    """Have the browser forget the token."""
    _set(response, request, SESSION_COOKIE, "", max_age=0)


def sign_in_token(request: Request) -> str | None:
    """The token of whoever has begun to sign in with this browser."""
    return request.cookies.get(_name(request, SIGN_IN_COOKIE))


def keep_sign_in(response: Response, request: Request, token: str) -> None:
    """Have the browser send the token along while a code can be shown with it."""
    seconds = int(SIGN_IN_LIFE.total_seconds())
    _set(response, request, SIGN_IN_COOKIE, token, max_age=seconds)


def forget_sign_in(response: Response, request: Request) -> None:
    """Have the browser forget that somebody has begun to sign in."""
    _set(response, request, SIGN_IN_COOKIE, "", max_age=0)


def start_token(request: Request) -> str | None:
    """What this browser shows when it is back from the provider."""
    return request.cookies.get(_name(request, START_COOKIE))


def keep_start(response: Response, request: Request, token: str) -> None:
    """Have the browser show this when it is back; a link from elsewhere brings it along."""
    _set(response, request, START_COOKIE, token, max_age=int(START_LIFE.total_seconds()))


def forget_start(response: Response, request: Request) -> None:
    """Have the browser forget that it was on the way."""
    _set(response, request, START_COOKIE, "", max_age=0)


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
