"""OAuth as Pipedrive does it: Basic client credentials, form bodies, a refresh token that stays, revocation."""

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.pipedrive.errors import Refused, no_grant, refusal, respond
from local.simulators.pipedrive.tokens import Install

if TYPE_CHECKING:
    from local.simulators.pipedrive.drive import Drive

FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class OAuthApi:
    drive: "Drive"

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/token/", self.token, methods=["POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        try:
            return respond(self._token(await self._form(request)))
        except Refused as reason:
            return refusal(reason)

    async def revoke(self, request: Request) -> Response:
        """A refresh token takes the app with it, an access token only itself; an unknown one is fine too.

        The vendor's own client escapes an access token twice.
        """
        try:
            form = await self._form(request)
        except Refused as reason:
            return refusal(reason)
        token = form.get("token", "")
        install = self.drive.tokens.installs.get(token)
        if install:
            self.drive.uninstall(install, told=self.drive.settings.revoke_calls_back)
        else:
            self.drive.tokens.revoke(unquote(token))
        return respond({"success": True})

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            code = self.drive.tokens.use_code(form.get("code", ""), form.get("redirect_uri", ""))
            if code is None:
                raise no_grant("invalid_grant", "Invalid grant: authorization code is invalid")
            return self._granted(self.drive.tokens.install(code))
        if kind == "refresh_token":
            install = self.drive.tokens.refresh(form.get("refresh_token", ""))
            if install is None:
                raise no_grant("invalid_grant", "Invalid grant: refresh token is invalid")
            return self._granted(install)
        raise no_grant("unsupported_grant_type", "Unsupported grant type: `grant_type` is invalid")

    def _granted(self, install: Install) -> dict[str, Any]:
        grant = self.drive.tokens.issue(install)
        settings = self.drive.settings
        return {
            "access_token": grant.token,
            "token_type": "Bearer",
            "expires_in": settings.token_seconds - 1,
            "refresh_token": install.refresh_token,
            "scope": settings.scope_separator.join(sorted(grant.scopes or ())),
            "api_domain": self.drive.api_domain(install.company),
        }

    async def _form(self, request: Request) -> dict[str, str]:
        """The client's credentials come as Basic auth, or (frowned upon) in the body."""
        if not request.headers.get("content-type", "").startswith(FORM):
            raise no_grant("invalid_request", f"Invalid request: content must be {FORM}")
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        header = request.headers.get("authorization")
        client = (form.get("client_id", ""), form.get("client_secret", "")) if header is None else _basic(header)
        if client != (self.drive.options.client_id, self.drive.options.client_secret):
            raise no_grant("invalid_client", "Invalid client: client is invalid")
        return form


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = password = ""
    if scheme.lower() != "basic":
        raise no_grant("invalid_client", "Invalid client: HTTP Basic authentication is required")
    return unquote(user), unquote(password)
