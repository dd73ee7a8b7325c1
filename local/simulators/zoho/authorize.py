"""The page on which a person lets the app into an org, and the way to approve without a person."""

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.simulators.zoho.centres import START
from local.simulators.zoho.oauth_api import known_scopes, orgs_reachable
from local.simulators.zoho.org import Org

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Connect - Zoho simulator</title>
<style>body{{font:16px/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#222}}
h1{{font-size:1.4rem}}
fieldset{{border:1px solid #ddd;border-radius:4px;margin:1rem 0}}
label{{display:block;padding:.3rem}}
button{{font:inherit;padding:.5rem 1.2rem;border-radius:4px;border:1px solid #226db4;background:#fff;color:#226db4}}
button[value=grant]{{background:#226db4;color:#fff}}</style></head><body>
<h1>CRM Bridge would like to access your Zoho CRM</h1><p>This is the local simulator: no real account is touched.</p>
<form method="post" action="{action}">{hidden}
<fieldset><legend>Sign in to</legend>{orgs}</fieldset>
<fieldset><legend>The app asks for</legend><ul>{scopes}</ul></fieldset>
<button name="decision" value="grant">Accept</button> <button name="decision" value="deny">Reject</button>
</form></body></html>"""
CARRIED = ("client_id", "redirect_uri", "response_type", "scope", "access_type", "prompt", "state")
PATH = "/oauth/v2/auth"
SCOPE = re.compile(r"ZohoCRM(\.\w+){1,3}|AaaServer\.profile\.Read|ZohoSearch\.securesearch\.READ", re.IGNORECASE)


class Unusable(ValueError):
    """The page shows an error instead of sending the person back."""


@dataclass(slots=True)
class AuthorizePages:
    suite: "Suite"

    def routes(self) -> list[Route]:
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.decide, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<org>` and `?_sim_deny=1` press the button; `&_sim_user=<id or e-mail>` is who does."""
        wish = dict(request.query_params)
        return self._answered(wish, wish, request)

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        pressed = {"_sim_approve": wish.get("org", "")} if wish.get("decision") == "grant" else {"_sim_deny": "1"}
        return self._answered(wish, pressed, request)

    def _answered(self, wish: dict[str, str], pressed: dict[str, str], request: Request) -> Response:
        try:
            self._check(wish)
            if "_sim_deny" in pressed:
                return _back(wish, {"error": "access_denied"})
            if "_sim_approve" in pressed:
                return self._approved(wish, self._org(pressed["_sim_approve"], request), wish.get("_sim_user"))
            return HTMLResponse(self._page(wish, request))
        except Unusable as reason:
            body = f"<!DOCTYPE html><title>Error</title><h1>ERROR_{escape(str(reason))}</h1><p>Invalid request.</p>"
            return HTMLResponse(body, 400)

    def _check(self, wish: dict[str, str]) -> None:
        scopes = known_scopes(wish.get("scope", ""))
        if wish.get("client_id") != self.suite.options.client_id:
            raise Unusable("invalid_client")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("invalid_redirect_uri")
        if wish.get("response_type") != "code":
            raise Unusable("invalid_response_type")
        if not scopes or not all(SCOPE.fullmatch(each) for each in scopes):
            raise Unusable("invalid_scope")

    def _approved(self, wish: dict[str, str], org: Org, who: str | None) -> Response:
        """A refresh token comes with offline access; the second time only if consent is asked for again."""
        named = (each for each in org.users.values() if who in (each.id, each.email))
        user = next(named, None) if who else org.me()
        if user is None:
            raise Unusable("invalid_user")
        again = self.suite.tokens.has_grant(org, user.id)
        offline = wish.get("access_type") == "offline" and (not again or wish.get("prompt") == "consent")
        scopes = known_scopes(wish["scope"])
        code = self.suite.tokens.approve(org, user.id, wish["redirect_uri"], scopes, offline=offline)
        centre = org.facts.centre
        server = self.suite.accounts_server(centre)
        return _back(wish, {"code": code, "location": centre.name, "accounts-server": server})

    def _org(self, chosen: str, request: Request) -> Org:
        centre = self.suite.centre_of(request) or START
        org = self.suite.org(chosen)
        if org not in orgs_reachable(self.suite, centre):
            raise Unusable("no_such_account_here")
        return org

    def _page(self, wish: dict[str, str], request: Request) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(wish[name])}">' for name in CARRIED if name in wish
        )
        orgs = "".join(
            f'<label><input type="radio" name="org" value="{org.facts.id}"{" checked" if not place else ""}> '
            f"{escape(org.facts.name)} ({org.facts.centre.name}, {org.facts.id})</label>"
            for place, org in enumerate(orgs_reachable(self.suite, self.suite.centre_of(request) or START))
        )
        scopes = "".join(f"<li>{escape(each)}</li>" for each in known_scopes(wish["scope"]))
        action = f"{request.scope.get('sim.prefix', '')}{PATH}"
        return PAGE.format(action=action, hidden=hidden, orgs=orgs, scopes=scopes)


def _back(wish: dict[str, str], answer: dict[str, str]) -> Response:
    parameters = answer | ({"state": wish["state"]} if "state" in wish else {})
    joint = "&" if urlsplit(wish["redirect_uri"]).query else "?"
    return RedirectResponse(f"{wish['redirect_uri']}{joint}{urlencode(parameters)}", 302)
