"""The page on which a person allows the app into a company, and the way to press its buttons without a person."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.simulators.pipedrive.company import Company

if TYPE_CHECKING:
    from local.simulators.pipedrive.drive import Drive

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Install an app - Pipedrive simulator</title>
<style>body{{font:16px/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#192435}}
h1{{font-size:1.4rem}} fieldset{{border:1px solid #d1d4d9;border-radius:4px;margin:1rem 0}}
label{{display:block;padding:.3rem}}
button{{font:inherit;padding:.5rem 1.2rem;border-radius:4px;border:1px solid #017737;background:#fff;color:#017737}}
button[value=allow]{{background:#017737;color:#fff}}</style></head><body>
<h1>Allow CRM Bridge to use Pipedrive?</h1><p>This is the local simulator: no real account is touched.</p>
<form method="post" action="/oauth/authorize">{hidden}
<fieldset><legend>Choose a company</legend>{companies}</fieldset>
<fieldset><legend>The app can then</legend><ul>{scopes}</ul></fieldset>
<button name="decision" value="allow">Allow and Install</button> <button name="decision" value="deny">Deny</button>
</form></body></html>"""
CARRIED = ("client_id", "redirect_uri", "state")


class Unusable(ValueError):
    """The page shows an error instead of sending the person back."""


@dataclass(slots=True)
class AuthorizePages:
    drive: "Drive"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/authorize", self.show, methods=["GET"]),
            Route("/oauth/authorize", self.decide, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """`_sim_approve=<company>` (with `_sim_user=<id>`) and `_sim_deny=1` press a button."""
        wish = dict(request.query_params)
        try:
            self._check(wish)
            if "_sim_deny" in wish:
                return self._denied(wish)
            if "_sim_approve" in wish:
                return self._approved(wish, wish["_sim_approve"], wish.get("_sim_user"))
        except Unusable as reason:
            return _error_page(str(reason))
        return HTMLResponse(self._page(wish))

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            self._check(wish)
            if wish.get("decision") == "allow":
                return self._approved(wish, wish.get("company", ""), None)
            return self._denied(wish)
        except Unusable as reason:
            return _error_page(str(reason))

    def _check(self, wish: dict[str, str]) -> None:
        """Scopes are not asked for here; PKCE is unknown, and its parameters change nothing."""
        if wish.get("client_id") != self.drive.options.client_id:
            raise Unusable("There is no app with this client id.")
        registered = self.drive.options.callback_url
        if registered and wish.get("redirect_uri", registered) != registered:
            raise Unusable("The redirect URI is not the app's callback URL.")
        wish.setdefault("redirect_uri", registered)
        if urlsplit(wish["redirect_uri"]).scheme not in {"http", "https"}:
            raise Unusable("The redirect URI is missing.")

    def _approved(self, wish: dict[str, str], chosen: str, user: str | None) -> Response:
        company = self._company(chosen)
        who = int(user) if user and user.isdecimal() else company.admin.id
        if who not in company.users or not company.users[who].active:
            raise Unusable(f"There is no active user {user} in this company.")
        return _back(wish, {"code": self.drive.tokens.approve(company, who, wish["redirect_uri"])})

    def _denied(self, wish: dict[str, str]) -> Response:
        return _back(wish, {"error": self.drive.settings.denial})

    def _company(self, chosen: str) -> Company:
        for company in self.drive.companies.values():
            if chosen in {str(company.id), company.domain}:
                return company
        raise Unusable(f"There is no company {chosen}.")

    def _page(self, wish: dict[str, str]) -> str:
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(wish[name])}">' for name in CARRIED if name in wish
        )
        first = next(iter(self.drive.companies))
        companies = "".join(
            f'<label><input type="radio" name="company" value="{number}"{" checked" if number == first else ""}> '
            f"{escape(company.name)} ({escape(company.host)})</label>"
            for number, company in self.drive.companies.items()
        )
        scopes = "".join(f"<li>{escape(each)}</li>" for each in sorted(self.drive.tokens.scopes))
        return PAGE.format(hidden=hidden, companies=companies, scopes=scopes)


def _back(wish: dict[str, str], answer: dict[str, str]) -> Response:
    parameters = answer | ({"state": wish["state"]} if "state" in wish else {})
    joint = "&" if urlsplit(wish["redirect_uri"]).query else "?"
    return RedirectResponse(f"{wish['redirect_uri']}{joint}{urlencode(parameters)}", 302)


def _error_page(reason: str) -> Response:
    body = f"<!DOCTYPE html><title>Installation failed</title><h1>Installation failed</h1><p>{escape(reason)}</p>"
    return HTMLResponse(body, 400)
