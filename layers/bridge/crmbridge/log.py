"""One JSON line per outcome, and nothing in it that is somebody's: secrets and people are taken out here, at the end.

A message is a constant phrase, facts are fields: `log.info("delivery queued", platform="hubspot", size=512)`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import orjson
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.types import LogRecord

REDACTED: Final = "[redacted]"
_PRIVATE_WORDS: Final = frozenset({
    "authorization", "body", "bodies", "cookie", "cookies", "credentials", "email", "emails", "fields", "headers",
    "params", "password", "person", "persons", "phone", "phones", "query", "secret", "secrets", "signature", "token",
    "tokens", "verifier",
})  # fmt: skip
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"(/webhooks/[^/\s\"]+/[^/\s\"]+/)[^\s\"?]+"), r"\1" + REDACTED),
    (re.compile(r"(?<![^\s\"'?])(?=[^\s\"'?]*/)([^\s\"'?]++)\?[^\s\"']*"), r"\1?" + REDACTED),
    (re.compile(r"(?<![\w.+%'-])[\w.+%'-]++@[\w-]+(?:\.[\w-]+)+"), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic|zoho-oauthtoken)\s+[\w.~+/=-]+"), r"\1 " + REDACTED),
    (re.compile(r"\b(?:cb_|whsec_|pat-|eyJ)[\w.~+/=-]{8,}"), REDACTED),
    (re.compile(r'(File "[^"\n]+\.py", line \d+)|[A-Za-z0-9_+/=-]{44,}'), lambda found: found[1] or REDACTED),
)
"""Webhook credentials, query strings, e-mail addresses, credentials by their prefix, and by their sheer length (which
a traceback's file may have, too). A run of letters is looked at from its beginning only, so that a long text costs no
square."""


def redacted(value: Any, key: str = "") -> Any:
    """The same shape without secrets: by the name of a field, and by what a text looks like."""
    if key and not _PRIVATE_WORDS.isdisjoint(key.lower().replace("-", "_").split("_")):
        return REDACTED
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, dict):
        return {str(name): redacted(each, str(name)) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else _without_secrets(str(value))


def _without_secrets(text: str) -> str:
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


class _Formatter(LambdaPowertoolsFormatter):
    def serialize(self, log: LogRecord) -> str:
        return orjson.dumps(redacted(dict(log)), default=str).decode()


log: Final = Logger(service="crm-bridge", logger_formatter=_Formatter(serialize_stacktrace=False))
"""Its level is the variable LOG_LEVEL, which Powertools reads by itself."""
