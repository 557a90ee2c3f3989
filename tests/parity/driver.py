"""Runs an official Python client: one request a line on stdin, one answer a line on stdout.

The folder that holds the client comes as the only argument. A request names an operation as the
contract does; the client's own method is called with the client's own model as the body, and what
it returns comes back as JSON that the client made of its models. `answer` tells all outcomes.
"""

import importlib
import inspect
import json
import re
import sys
from datetime import datetime
from typing import Annotated, Any, get_args, get_origin

_MODEL = re.compile(r":param (\w+) body:")
_CLIENTS: dict[str, Any] = {}


def answer(talon_one: Any, request: dict[str, Any]) -> dict[str, Any]:
    """What the client does with a request.

    Shape: `{"ok": ...}`, what its method returned; `{"error": {"status", "body"}}`, what it raised
    at an answer; `{"refused": ...}`, what it raised by itself; `{"lacks": [...]}`, the operation or
    the arguments that it does not know. `{"known": [[api, operation], ...]}` asks which it has.
    """
    if "known" in request:
        return {"ok": [name for api, name in request["known"] if _method(talon_one, api, name)]}
    method = _method(talon_one, request["api"], request["operation"])
    if method is None:
        return {"lacks": [request["operation"]]}
    taken = _parameters(method)
    if lacking := [name for name in request["arguments"] if _snake(name) not in taken]:
        return {"lacks": lacking}
    return _outcome(talon_one, request, method)


def _outcome(talon_one: Any, request: dict[str, Any], method: Any) -> dict[str, Any]:
    client = _client(talon_one, request)
    bound = getattr(_api(talon_one, request["api"])(client), method.__name__)
    taken = _parameters(method)
    try:
        given = {
            _snake(name): _typed(_value(value), taken[_snake(name)])
            for name, value in request["arguments"].items()
        }
        if "body" in request:
            given |= _body(client, method, request["body"])
        return {"ok": client.sanitize_for_serialization(bound(**given))}
    except talon_one.ApiException as error:
        if not error.status:
            return {"refused": f"{type(error).__name__}: {error}"}
        return {"error": {"status": error.status, "body": json.loads(error.body or "null")}}
    except Exception as error:  # noqa: BLE001 - what the client raises by itself is an outcome
        return {"refused": f"{type(error).__name__}: {error}"}


def _client(talon_one: Any, request: dict[str, Any]) -> Any:
    """A client of these credentials, kept with its connections for the next request.

    The next generation has a slot for each scheme; the stable line has one for the header.
    """
    key = json.dumps([request["host"], request["auth"]])
    if key not in _CLIENTS:
        configuration = talon_one.Configuration(host=request["host"])
        slots = request["auth"]
        if not hasattr(configuration, "ignore_operation_servers"):
            slots = {"Authorization": list(slots.values())[-1]}
        configuration.api_key = {slot: secret for slot, (_, secret) in slots.items()}
        configuration.api_key_prefix = {slot: scheme for slot, (scheme, _) in slots.items()}
        _CLIENTS[key] = talon_one.ApiClient(configuration)
    return _CLIENTS[key]


def _api(talon_one: Any, api: str) -> Any:
    return getattr(talon_one, f"{api.title()}Api")


def _method(talon_one: Any, api: str, operation: str) -> Any:
    return getattr(_api(talon_one, api), _snake(operation), None)


def _parameters(method: Any) -> dict[str, Any]:
    """The names of a method's parameters with their annotations; none where they are not told."""
    found = {
        name: each.annotation
        for name, each in inspect.signature(method).parameters.items()
        if not name.startswith("_") and name not in {"self", "kwargs"}
    }
    for name in re.findall(r":param \w+ (\w+):", method.__doc__ or ""):
        found.setdefault(name, None)
    return found


def _body(client: Any, method: Any, body: Any) -> dict[str, Any]:
    """The parameter of the body with the client's own model of it."""
    if named := _MODEL.search(method.__doc__ or ""):
        deserialize = client._ApiClient__deserialize  # its one way to make models
        return {"body": deserialize(body, named[1])}
    for name, annotation in _parameters(method).items():
        model = _type(annotation)
        if hasattr(model, "from_dict"):
            return {name: model.from_dict(body)}
    raise TypeError(f"{method.__name__} takes no body")


def _typed(value: Any, annotation: Any) -> Any:
    """The number of a program as text, where the client wants it so."""
    return str(value) if isinstance(value, int) and _type(annotation) is str else value


def _type(annotation: Any) -> Any:
    """The type that an annotation comes down to."""
    while get_origin(annotation) is Annotated or type(None) in get_args(annotation):
        annotation = get_args(annotation)[0]
    return annotation


def _value(value: Any) -> Any:
    """An argument; `{"instant": text}` is a moment in the client's language."""
    return datetime.fromisoformat(value["instant"]) if isinstance(value, dict) else value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def main() -> None:
    """Answer until stdin ends."""
    sys.path.insert(0, sys.argv[1])
    talon_one = importlib.import_module("talon_one")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(talon_one, json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
