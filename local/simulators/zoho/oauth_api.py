"""`/oauth/v2/token` and its revocation: mistakes are answered with HTTP 200."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.zoho.centres import START, Centre
from local.simulators.zoho.org import Org
from local.simulators.zoho.tokens import Access, Code, Throttled

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite


class BadGrant(Exception):
    """Its text is the `error` of the answer."""


def _answer(content: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json;charset=UTF-8")


def access_denied() -> Response:
    """The token endpoint's throttle: nothing is wrong with the refresh token."""
    text = "You have made too many requests continuously. Please try again after some time."
    return _answer({"error_description": text, "error": "Access Denied", "status": "failure"}, 400)


@dataclass(slots=True)
class OAuthApi:
    suite: "Suite"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/v2/token", self.token, methods=["POST"]),
            Route("/oauth/v2/token/revoke", self.revoke, methods=["POST", "GET"]),
        ]

    async def token(self, request: Request) -> Response:
        wish = await _parameters(request)
        try:
            self._check_client(wish, self._centre(request))
            if wish.get("grant_type") == "authorization_code":
                return self._first(wish, self._centre(request))
            if wish.get("grant_type") == "refresh_token":
                return self._again(wish, self._centre(request))
            raise BadGrant("unsupported_grant_type" if wish.get("grant_type") else "invalid_request")
        except BadGrant as bad:
            return _answer({"error": str(bad)})
        except Throttled:
            return access_denied()

    async def revoke(self, request: Request) -> Response:
        token = (await _parameters(request)).get("token", "")
        known = self.suite.tokens.grants.get(token) or self.suite.tokens.accesses.get(token)
        if known is None or known.org.facts.centre is not self._centre(request):
            return _answer({"error": "invalid_token"}, 400)
        self.suite.tokens.revoke(token)
        return _answer({"status": "success"})

    def _first(self, wish: dict[str, str], centre: Centre) -> Response:
        code = self._code(wish.get("code", ""), centre)
        if code.redirect_uri is not None and code.redirect_uri != wish.get("redirect_uri"):
            raise BadGrant("invalid_redirect_uri")
        if not code.offline:
            return _answer(self._body(self.suite.tokens.issue(code)))
        grant = self.suite.tokens.grant(code)
        body = self._body(self.suite.tokens.refresh(grant))
        return _answer({"access_token": body.pop("access_token"), "refresh_token": grant.refresh_token, **body})

    def _again(self, wish: dict[str, str], centre: Centre) -> Response:
        grant = self.suite.tokens.grants.get(wish.get("refresh_token", ""))
        if grant is None or grant.org.facts.centre is not centre:
            raise BadGrant("invalid_code")
        return _answer(self._body(self.suite.tokens.refresh(grant)))

    def _code(self, text: str, centre: Centre) -> Code:
        """A code is known in its own data centre only, where a wrong attempt uses it up."""
        held = self.suite.tokens.codes.get(text)
        code = self.suite.tokens.take_code(text) if held and held.org.facts.centre is centre else None
        if code is None:
            raise BadGrant("invalid_code")
        return code

    def _body(self, access: Access) -> dict[str, Any]:
        return {
            "access_token": access.token,
            "scope": " ".join(access.scopes),
            "api_domain": self.suite.api_domain(access.org.facts.centre),
            "token_type": "Bearer",
            "expires_in": self.suite.settings.token_seconds,
        }

    def _check_client(self, wish: dict[str, str], centre: Centre) -> None:
        """Without multi-DC the app exists where it was registered and nowhere else."""
        if wish.get("client_id") != self.suite.options.client_id:
            raise BadGrant("invalid_client")
        if centre is not START and not self.suite.settings.multi_dc:
            raise BadGrant("invalid_client")
        if wish.get("client_secret") != self.suite.secret(centre):
            raise BadGrant("invalid_client_secret")

    def _centre(self, request: Request) -> Centre:
        """The bare address counts as accounts.zoho.com."""
        return self.suite.centre_of(request) or START


async def _parameters(request: Request) -> dict[str, str]:
    """From the query or from a form; Zoho takes either."""
    body = (await request.body()).decode("utf-8", "replace")
    return {**dict(request.query_params), **dict(parse_qsl(body, keep_blank_values=True))}


def known_scopes(text: str) -> list[str]:
    """Scopes are separated by commas; blanks between them are forgiven."""
    return [each for each in text.replace(" ", ",").split(",") if each]


def orgs_reachable(suite: "Suite", centre: Centre) -> list[Org]:
    """accounts.zoho.com sends people on to where their account is, but not to China."""
    orgs = list(suite.orgs.values())
    if centre is START:
        return [org for org in orgs if org.facts.centre.name != "cn"]
    return [org for org in orgs if org.facts.centre is centre]
