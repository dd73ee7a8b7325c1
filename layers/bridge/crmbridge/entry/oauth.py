"""Connecting a CRM in the browser: where to go, and what the person sees when the CRM sends them back."""

from collections.abc import Mapping
from html import escape
from string import Template
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from crmbridge.domain.errors import BridgeError, Refused
from crmbridge.entry import problems
from crmbridge.entry.bare import delivery_of
from crmbridge.entry.http import Ask, Asked, new_router, request_id
from crmbridge.entry.models import Given, Shown
from crmbridge.log import log
from crmbridge.services.finish_connect import finish_connect
from crmbridge.services.mark_uninstalled import mark_uninstalled
from crmbridge.services.start_connect import start_connect

router = new_router()
TAGS = ["Connections"]

PAGE: Final = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}
small{opacity:.75}
</style>
</head><body><h1>$title</h1><p>$text</p><p><small>$note</small></p></body></html>
""")
PAGE_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Start(Given):
    """`return_url` must be allowed by this deployment; without one the person sees a page of ours at the end."""

    return_url: Annotated[str, Field(max_length=2000)] = ""
    scopes: Annotated[list[str], Field(max_length=100, description="Wanted besides the required; empty: all")] = Field(
        default_factory=list
    )
    login_host: Annotated[str, Field(max_length=300, description="A name from the catalogue, or your own domain")] = ""
    reconnect: Annotated[str | None, Field(description="A connection whose authorisation is to be renewed")] = None


class Started(Shown):
    """Send the browser there; the link is good once, for ten minutes."""

    authorize_url: str


@router.post("/v1/oauth/<platform>/start", summary="Begin to connect a CRM", tags=TAGS)
def start(ask: Ask, platform: str, wish: Start) -> Started:
    url = start_connect(
        ask.deps,
        ask.caller,
        platform,
        return_url=wish.return_url,
        scopes=wish.scopes,
        reconnect=wish.reconnect,
        login_host=wish.login_host,
    )
    return Started(authorize_url=url)


@router.get("/v1/oauth/<platform>/callback", summary="Where the CRM sends the browser back", tags=TAGS)
def callback(ask: Ask, platform: str) -> Response[str]:
    """For browsers: a page, or a redirect to `return_url` with `connection` or `error` in its query."""
    query = ask.event.get("queryStringParameters") or {}
    try:
        done = finish_connect(ask.deps, platform, query)
    except BridgeError as error:
        log.warning("connection refused", platform=platform, reason=reason_of(error))
        return refused_page(ask, error)
    if done.return_url:
        return back_to(done.return_url, {"connection": done.connection.id})
    said = f"{done.connection.display_name} is connected, and its records are on their way. You may close this page."
    return page(200, "Connected", said, "")


@router.delete("/v1/oauth/<platform>/callback", summary="Where a CRM tells that the app was removed", tags=TAGS)
def uninstalled(ask: Ask, platform: str) -> Response[str]:
    """For CRMs: proven by our own client credentials."""
    mark_uninstalled(ask.deps, platform, delivery_of(ask.event, ask.deps.public_url, ask.deps.now()))
    return Response(204, "text/plain", "")


def refused_page(ask: Asked, error: BridgeError) -> Response[str]:
    if isinstance(error, Refused) and error.return_url:
        return back_to(error.return_url, {"error": error.reason})
    said = problems.problem(error, request_id(ask.event))
    note = f"Reason: {reason_of(error)}. Request: {said['request_id']}"
    return page(said["status"], "Not connected", said["detail"], note)


def reason_of(error: BridgeError) -> str:
    return error.reason if isinstance(error, Refused) else type(error).__name__


def page(status: int, title: str, text: str, note: str) -> Response[str]:
    shown = PAGE.substitute(title=escape(title), text=escape(text), note=escape(note))
    return Response(status, "text/html; charset=utf-8", shown, dict(PAGE_HEADERS))


def back_to(url: str, said: Mapping[str, str]) -> Response[str]:
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(said))))
    location = urlunsplit(parts._replace(query=query))
    return Response(303, "text/plain", "", {"location": location, "referrer-policy": "no-referrer"})
