"""The page on which a person lets the app into her team, and the way to approve without a person."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from local.simulators.slack.options import BOT_SCOPES, USER_SCOPES

if TYPE_CHECKING:
    from local.simulators.slack.workplace import Workplace

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Permissions - Slack simulator</title>
<style>body{{font:16px/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d1c1d}}
h1{{font-size:1.4rem}}
fieldset{{border:1px solid #ddd;border-radius:8px;margin:1rem 0}}
label{{display:block;padding:.3rem}}
button{{font:inherit;padding:.5rem 1.2rem;border-radius:4px;border:1px solid #007a5a;background:#fff;color:#007a5a}}
button[value=grant]{{background:#007a5a;color:#fff}}</style></head><body>
<h1>CRM Bridge is requesting permission to access a Slack workspace</h1>
<p>This is the local simulator: no real workspace is touched.</p>
<form method="post" action="/oauth/v2/authorize">{hidden}
<fieldset><legend>Workspace</legend>{teams}</fieldset>
<fieldset><legend>What will CRM Bridge be able to do?</legend><ul>{scopes}</ul></fieldset>
<button name="decision" value="grant">Allow</button> <button name="decision" value="deny">Cancel</button>
</form></body></html>"""
CARRIED = ("client_id", "redirect_uri", "scope", "user_scope", "state", "team")


class Unusable(ValueError):
    """Slack shows an error instead of sending the person back."""


@dataclass(slots=True)
class AuthorizePages:
    place: "Workplace"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/v2/authorize", self.show, methods=["GET"]),
            Route("/oauth/v2/authorize", self.decide, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """`?_sim_approve=<team>` (`&_sim_user=`) and `?_sim_deny=1` answer as if the button had been pressed."""
        wish = dict(request.query_params)
        try:
            self._check(wish)
            if "_sim_deny" in wish:
                return _back(wish, {"error": "access_denied"})
            if "_sim_approve" in wish:
                return self._approved(wish, wish["_sim_approve"], wish.get("_sim_user", ""))
        except Unusable as reason:
            return _error_page(str(reason))
        return HTMLResponse(self._page(wish))

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            self._check(wish)
            if wish.get("decision") != "grant":
                return _back(wish, {"error": "access_denied"})
            return self._approved(wish, wish.get("chosen", ""), "")
        except Unusable as reason:
            return _error_page(str(reason))

    def _check(self, wish: dict[str, str]) -> None:
        if wish.get("client_id") != self.place.options.client_id:
            raise Unusable("Invalid client_id parameter")
        if urlsplit(wish.get("redirect_uri", "")).scheme not in {"http", "https"}:
            raise Unusable("redirect_uri did not match any configured URIs.")
        unknown = sorted({*_listed(wish, "scope")} - {*BOT_SCOPES}) + sorted(
            {*_listed(wish, "user_scope")} - {*USER_SCOPES}
        )
        if unknown:
            raise Unusable(f"Invalid permissions requested: {', '.join(unknown)}")
        if not _listed(wish, "scope") and not _listed(wish, "user_scope"):
            raise Unusable("No scopes requested")

    def _approved(self, wish: dict[str, str], chosen: str, user: str) -> Response:
        team = self.place.teams.get(chosen)
        if team is None:
            raise Unusable(f"There is no workspace {chosen}.")
        person = user or next(each.id for each in team.users.values() if each.admin)
        if person not in team.users:
            raise Unusable(f"There is nobody called {person} in {chosen}.")
        scopes, more = _listed(wish, "scope"), _listed(wish, "user_scope")
        return _back(wish, {"code": self.place.tokens.approve(team, person, wish["redirect_uri"], scopes, more)})

    def _page(self, wish: dict[str, str]) -> str:
        first = wish.get("team") or next(iter(self.place.teams))
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(wish[name])}">' for name in CARRIED if name in wish
        )
        teams = "".join(
            f'<label><input type="radio" name="chosen" value="{each}"{" checked" if each == first else ""}> '
            f"{escape(team.name)} ({each})</label>"
            for each, team in self.place.teams.items()
        )
        asked = [*_listed(wish, "scope"), *_listed(wish, "user_scope")]
        return PAGE.format(hidden=hidden, teams=teams, scopes="".join(f"<li>{escape(each)}</li>" for each in asked))


def _listed(wish: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(wish.get(name, "").replace(",", " ").split())


def _back(wish: dict[str, str], sent: dict[str, str]) -> Response:
    parameters = sent | ({"state": wish["state"]} if "state" in wish else {})
    joint = "&" if urlsplit(wish["redirect_uri"]).query else "?"
    return RedirectResponse(f"{wish['redirect_uri']}{joint}{urlencode(parameters)}", 302)


def _error_page(reason: str) -> Response:
    title = "Something went wrong when authorizing this app"
    return HTMLResponse(f"<!DOCTYPE html><title>Slack</title><h1>{title}</h1><p>{escape(reason)}</p>", 400)
