"""The page on which a person lets the app into a portal, and the way to approve without a person."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.simulators.hubspot.options import scopes_from
from local.simulators.hubspot.portal import Portal

if TYPE_CHECKING:
    from local.simulators.hubspot.hub import Hub

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Connect an app - HubSpot simulator</title>
<style>body{{font:16px/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#213343}}
h1{{font-size:1.4rem}}
fieldset{{border:1px solid #cbd6e2;border-radius:4px;margin:1rem 0}}
label{{display:block;padding:.3rem}}
button{{font:inherit;padding:.5rem 1.2rem;border-radius:4px;border:1px solid #ff5c35;background:#fff;color:#ff5c35}}
button[value=grant]{{background:#ff5c35;color:#fff}}</style></head><body>
<h1>Connect CRM Bridge to HubSpot</h1><p>This is the local simulator: no real account is touched.</p>
<form method="post" action="/oauth/authorize">{hidden}
<fieldset><legend>Choose an account</legend>{portals}</fieldset>
<fieldset><legend>The app asks for</legend><ul>{scopes}</ul></fieldset>
<button name="decision" value="grant">Connect app</button> <button name="decision" value="deny">Cancel</button>
</form></body></html>"""
CARRIED = ("client_id", "redirect_uri", "scope", "optional_scope", "state")


class Unusable(ValueError):
    """The install page shows an error instead of sending the person back."""


@dataclass(slots=True)
class AuthorizePages:
    hub: "Hub"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/authorize", self.show, methods=["GET"]),
            Route("/oauth/authorize", self.decide, methods=["POST"]),
            Route("/oauth/{portal:int}/authorize", self.show, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<portal>` and `?_sim_deny=1` answer as if the person had pressed the button."""
        wish = dict(request.query_params)
        try:
            self._check(wish)
            if "_sim_deny" in wish:
                return _back(wish, _denied())
            if "_sim_approve" in wish:
                return self._approved(wish, wish["_sim_approve"])
        except Unusable as reason:
            return _error_page(str(reason))
        return HTMLResponse(self._page(wish, request.path_params.get("portal")))

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            self._check(wish)
            return (
                self._approved(wish, wish.get("portal", ""))
                if wish.get("decision") == "grant"
                else _back(wish, _denied())
            )
        except Unusable as reason:
            return _error_page(str(reason))

    def _check(self, wish: dict[str, str]) -> None:
        if wish.get("client_id") != self.hub.options.client_id:
            raise Unusable("No app was found with this client id.")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("The redirect URL is missing or not one of the app's.")
        allowed = scopes_from(self.hub.options.app_scopes)
        unknown = sorted({*wish.get("scope", "").split(), *wish.get("optional_scope", "").split()} - allowed)
        if unknown or not wish.get("scope"):
            raise Unusable(
                f"The scopes do not match what the app declares: {' '.join(unknown) or 'none were asked for'}."
            )

    def _approved(self, wish: dict[str, str], chosen: str) -> Response:
        portal = self._portal(chosen)
        scopes = [*wish["scope"].split(), *wish.get("optional_scope", "").split()]
        code = self.hub.tokens.approve(portal, wish["redirect_uri"], {"oauth", *scopes})
        return _back(wish, {"code": code})

    def _portal(self, chosen: str) -> Portal:
        portal = self.hub.portals.get(int(chosen)) if chosen.isdecimal() else None
        if portal is None:
            raise Unusable(f"There is no account {chosen}.")
        return portal

    def _page(self, wish: dict[str, str], preselected: int | None) -> str:
        first = preselected or next(iter(self.hub.portals))
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(wish[name])}">' for name in CARRIED if name in wish
        )
        portals = "".join(
            f'<label><input type="radio" name="portal" value="{each}"{" checked" if each == first else ""}> '
            f"{escape(portal.account.domain)} ({each})</label>"
            for each, portal in self.hub.portals.items()
        )
        asked = [*wish["scope"].split(), *wish.get("optional_scope", "").split()]
        return PAGE.format(hidden=hidden, portals=portals, scopes="".join(f"<li>{escape(each)}</li>" for each in asked))


def _denied() -> dict[str, str]:
    return {"error": "access_denied", "error_description": "The user denied access"}


def _back(wish: dict[str, str], answer: dict[str, str]) -> Response:
    parameters = answer | ({"state": wish["state"]} if "state" in wish else {})
    joint = "&" if urlsplit(wish["redirect_uri"]).query else "?"
    return RedirectResponse(f"{wish['redirect_uri']}{joint}{urlencode(parameters)}", 302)


def _error_page(reason: str) -> Response:
    body = f"<!DOCTYPE html><title>Authorization failed</title><h1>Authorization failed</h1><p>{escape(reason)}</p>"
    return HTMLResponse(body, 400)
