"""How a refusal is told on a page: what was not possible, and one way on."""

from dataclasses import dataclass
from http import HTTPStatus

from tallystick.core import errors

STATUS_OF: dict[type[errors.Refusal], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.AlreadyExists: HTTPStatus.CONFLICT,
    errors.AlreadyUndone: HTTPStatus.CONFLICT,
    errors.AlreadyDecided: HTTPStatus.CONFLICT,
    errors.NotNow: HTTPStatus.CONFLICT,
    errors.InUse: HTTPStatus.CONFLICT,
    errors.StateChanged: HTTPStatus.CONFLICT,
    errors.InsufficientPoints: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotSignedIn: HTTPStatus.UNAUTHORIZED,
    errors.CodeNeeded: HTTPStatus.UNAUTHORIZED,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.OutcomeUnknown: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ProviderFailed: HTTPStatus.BAD_GATEWAY,
}

_TITLES: dict[type[errors.Refusal], str] = {
    errors.NotFound: "There is no such thing here",
    errors.NotAllowed: "This isn\N{RIGHT SINGLE QUOTATION MARK}t yours to see or do",
    errors.Busy: "There is too much to do right now",
    errors.OutcomeUnknown: "The database went away",
    errors.ProviderFailed: "Signing in elsewhere failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorry:
    """What a page says that could not be shown; `again` offers to try once more."""

    title: str
    text: str
    again: bool = False


def sorry_for(refusal: errors.Refusal) -> Sorry:
    """What is said of a refusal that has no form to be shown in."""
    title = _TITLES.get(type(refusal), "This wasn\N{RIGHT SINGLE QUOTATION MARK}t possible")
    again = isinstance(refusal, errors.Busy | errors.OutcomeUnknown)
    return Sorry(title=title, text=sentence(str(refusal)), again=again)


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
