"""OAuth as HubSpot does it: token, refresh, introspection and revocation, in the dated and the legacy dialects."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.hubspot.api import found, no_content, open_route
from local.simulators.hubspot.errors import ApiError, not_found
from local.simulators.hubspot.tokens import USER_ID, Grant, Install

if TYPE_CHECKING:
    from local.simulators.hubspot.hub import Hub

APP_TOKEN_SECONDS = 3600


def refused_grant(error: str, status: str, message: str) -> ApiError:
    """Today's errors carry the RFC's fields and HubSpot's older ones side by side."""
    return ApiError(400, {"error": error, "error_description": message, "status": status, "message": message})


@dataclass(slots=True)
class OAuthApi:
    hub: "Hub"

    def routes(self) -> list[Route]:
        return [
            open_route("/oauth/v1/token", self.legacy_token, ["POST"]),
            open_route("/oauth/dated/token", self.token, ["POST"]),
            open_route("/oauth/dated/token/introspect", self.introspect, ["POST"]),
            open_route("/oauth/dated/token/revoke", self.revoke, ["POST"]),
            open_route("/oauth/v1/access-tokens/{token}", self.describe_access, ["GET"]),
            open_route("/oauth/v1/refresh-tokens/{token}", self.describe_refresh, ["GET"]),
            open_route("/oauth/v1/refresh-tokens/{token}", self.delete_refresh, ["DELETE"]),
        ]

    async def token(self, request: Request) -> Response:
        return found(self._token(await _form(request)))

    async def legacy_token(self, request: Request) -> Response:
        """The first version knows four fields only."""
        body = self._token(await _form(request))
        return found({name: body[name] for name in ("token_type", "access_token", "refresh_token", "expires_in")})

    async def introspect(self, request: Request) -> Response:
        form = await _form(request)
        self._check_client(form)
        token = form.get("token", "")
        grant, install = self.hub.tokens.grants.get(token), self.hub.tokens.installs.get(token)
        if install:
            return found({"active": True, "token_use": "refresh_token", **self._facts(install, token)})
        if grant is None or not self._is_live(grant):
            return found({"active": False})
        facts = {"active": True, "token_use": "access_token", "expires_in": self._seconds_left(grant)}
        return found({**facts, **self._facts(grant, token)})

    async def revoke(self, request: Request) -> Response:
        form = await _form(request)
        self._check_client(form)
        self.hub.tokens.revoke(form.get("token", ""))
        return found({})

    async def describe_access(self, request: Request) -> Response:
        grant = self.hub.tokens.grants.get(request.path_params["token"])
        if grant is None or not self._is_live(grant):
            raise not_found()
        return found(
            {**self._facts(grant, grant.token), "expires_in": self._seconds_left(grant), "token_type": "access"}
        )

    async def describe_refresh(self, request: Request) -> Response:
        install = self.hub.tokens.installs.get(request.path_params["token"])
        if install is None:
            raise not_found()
        return found({**self._facts(install, install.refresh_token), "token_type": "refresh"})

    async def delete_refresh(self, request: Request) -> Response:
        if not self.hub.tokens.revoke_refresh(request.path_params["token"]):
            raise not_found()
        return no_content()

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        self._check_client(form)
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            return self._granted(self._from_code(form))
        if kind == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        if kind == "client_credentials":
            return self._app_token(form)
        raise refused_grant("unsupported_grant_type", "BAD_GRANT_TYPE", f"unsupported grant_type: {kind}")

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("client_id") != self.hub.options.client_id:
            raise refused_grant("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        if form.get("client_secret") != self.hub.options.client_secret:
            raise refused_grant("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")

    def _from_code(self, form: dict[str, str]) -> Install:
        text, redirect_uri = form.get("code", ""), form.get("redirect_uri", "")
        known = self.hub.tokens.codes.get(text)
        code = self.hub.tokens.use_code(text, redirect_uri)
        if code:
            return self.hub.tokens.install(code)
        if known and known.redirect_uri != redirect_uri:
            raise refused_grant("invalid_grant", "BAD_REDIRECT_URI", "missing or invalid redirect uri")
        raise refused_grant("invalid_grant", "BAD_AUTH_CODE", "missing or invalid auth code")

    def _refreshed(self, refresh_token: str) -> dict[str, Any]:
        install = self.hub.tokens.installs.get(refresh_token)
        if install is None:
            raise refused_grant("invalid_grant", "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        how = self.hub.settings.refresh_returns
        body = self._granted(self.hub.tokens.rotate(install) if how == "rotated" else install)
        return body | {"refresh_token": ""} if how == "empty" else body

    def _granted(self, install: Install) -> dict[str, Any]:
        grant = self.hub.tokens.issue(install)
        return {
            "token_type": "bearer",
            "access_token": grant.token,
            "refresh_token": install.refresh_token,
            "expires_in": self.hub.settings.token_seconds,
            "hub_id": install.portal.account.id,
            "user_id": USER_ID,
            "scopes": sorted(install.scopes),
            "token_use": "access_token",
        }

    def _app_token(self, form: dict[str, str]) -> dict[str, Any]:
        """A token of the app itself; it opens no portal, so no CRM route knows it."""
        body = {"token_type": "bearer", "access_token": "app-level-token", "refresh_token": None}
        return body | {
            "expires_in": APP_TOKEN_SECONDS,
            "scopes": form.get("scope", "").split(),
            "token_use": "app_token",
        }

    def _facts(self, held: Grant | Install, token: str) -> dict[str, Any]:
        account = held.portal.account
        return {
            "token": token,
            "token_type": "bearer",
            "hub_id": account.id,
            "hub_domain": account.domain,
            "app_id": self.hub.options.app_id,
            "client_id": self.hub.options.client_id,
            "user": f"admin@{account.domain}",
            "user_id": USER_ID,
            "scopes": sorted(held.scopes),
            "is_private_distribution": False,
        }

    def _is_live(self, grant: Grant) -> bool:
        return not grant.revoked and self._seconds_left(grant) > 0

    def _seconds_left(self, grant: Grant) -> int:
        if grant.expires_ms is None:
            return self.hub.settings.token_seconds
        return (grant.expires_ms - self.hub.clock.now_ms()) // 1000


async def _form(request: Request) -> dict[str, str]:
    """Credentials are looked for in a form body and nowhere else."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise ApiError(415, {"message": "Unsupported Media Type: expected application/x-www-form-urlencoded"})
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
