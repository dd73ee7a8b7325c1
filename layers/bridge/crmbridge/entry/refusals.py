"""What Powertools and pydantic refuse, in our words: which field, what is wrong with it, and what would be valid."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from crmbridge.domain.errors import Invalid, NotFound, Problem

MAX_NAME: Final = 200
LONGEST_ID: Final = 500


def understood(error: Exception) -> Exception:
    """Other errors as they are."""
    if isinstance(error, RequestValidationError):
        return Invalid(*(Problem(_path(each["loc"]), *_said(each)) for each in error.errors()))
    if isinstance(error, ServiceError) and error.status_code == 404:
        return NotFound("there is no such route")
    return error


def refuse_long_address(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Nothing has such an id, and our store takes no such key."""
    if any(len(part) > LONGEST_ID for part in app.current_event.path.split("/")):
        raise NotFound("there is no such thing")
    return next_middleware(app)


def refuse_unknown_query(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """A filter with a slip of the pen would otherwise be no filter."""
    known = [param.alias for param in app.context["_route"].dependant.query_params]
    unknown = [name for name in app.current_event.query_string_parameters or {} if name not in known]
    if unknown:
        raise Invalid(*(Problem(name[:MAX_NAME], "is not known here", _instead(name, known)) for name in unknown))
    return next_middleware(app)


def _instead(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else f"leave it out; there are {', '.join(known) or 'none'}"


def _path(location: tuple[str | int, ...]) -> str:
    """`("body", "rules", 0, "value")` is `rules[0].value`; a body as a whole is `body`."""
    inner = location[1:] if len(location) > 1 and location[0] in ("body", "query", "path", "header") else location
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner)
    return text.removeprefix(".")


def _said(error: Mapping[str, Any]) -> tuple[str, str]:
    """(what is wrong, what would be valid)"""
    if error["type"] not in _WORDS:
        return str(error.get("msg", "is not valid")).removeprefix("Value error, "), ""
    wrong, fix = _WORDS[error["type"]]
    return wrong, fix.format_map(error.get("ctx") or {})


_TEXT: Final = ("must be a text", "")
_OBJECT: Final = ("must be an object", "")
_WHOLE: Final = ("must be a whole number", "")
_FLAG: Final = ("must be true or false", "")
_CHOICE: Final = ("is not one of those there are", "{expected}")

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is missing", "send it"),
    "extra_forbidden": ("is not known here", "leave it out"),
    "string_type": _TEXT,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "list_type": ("must be a list", ""),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "string_too_short": ("is too short", "at least {min_length} characters"),
    "string_too_long": ("is too long", "at most {max_length} characters"),
    "too_short": ("has too few entries", "at least {min_length}"),
    "too_long": ("has too many entries", "at most {max_length}"),
    "greater_than_equal": ("is too small", "at least {ge}"),
    "less_than_equal": ("is too large", "at most {le}"),
}
"""Of pydantic's types of errors; others are told in its own words."""
