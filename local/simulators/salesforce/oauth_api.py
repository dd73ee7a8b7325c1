"""OAuth as Salesforce does it: token, revocation, introspection, who am I; and the SOAP login that older tools use."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.salesforce.errors import OAuthRefused
from local.simulators.salesforce.jwt_bearer import JWT_BEARER, session_from
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.tokens import Approval, Session

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

REFRESHING = {"refresh_token", "offline_access"}
SOAP_LOGIN = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope \
xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Body>\
<loginResponse><result><metadataServerUrl>{url}</metadataServerUrl><passwordExpired>false</passwordExpired>\
<sandbox>{sandbox}</sandbox><serverUrl>{url}</serverUrl><sessionId>{session}</sessionId><userId>{user}</userId>\
<userInfo><organizationId>{org}</organizationId><userId>{user}</userId></userInfo></result></loginResponse>\
</soapenv:Body></soapenv:Envelope>"""
SOAP_FAULT = """<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope \
xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body>\
<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode><faultstring>INVALID_LOGIN: {text}</faultstring><detail>\
<sf:LoginFault><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>{text}</sf:exceptionMessage>\
</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""


@dataclass(slots=True)
class OAuthApi:
    cloud: "Cloud"

    def routes(self) -> list[Route]:
        return [
            Route("/services/oauth2/token", self.token, methods=["POST"]),
            Route("/services/oauth2/revoke", self.revoke, methods=["GET", "POST"]),
            Route("/services/oauth2/introspect", self.introspect, methods=["POST"]),
            Route("/services/oauth2/userinfo", self.userinfo, methods=["GET", "POST"]),
            Route("/id/{org}/{user}", self.identity, methods=["GET"]),
            Route("/services/Soap/u/{version}", self.soap_login, methods=["POST"]),
        ]

    async def token(self, request: Request) -> Response:
        try:
            return _json(self._token(await _form(request), request))
        except OAuthRefused as refused:
            return _json(refused.body, refused.status)

    async def revoke(self, request: Request) -> Response:
        form = await _form(request)
        if self.cloud.tokens.revoke(form.get("token", "")):
            return Response(None, 200)
        return _json(OAuthRefused("unsupported_token_type", "this token type is not supported").body, 400)

    async def introspect(self, request: Request) -> Response:
        form = await _form(request)
        try:
            self._check_client(form)
        except OAuthRefused as refused:
            return _json(refused.body, 401)
        token, tokens = form.get("token", ""), self.cloud.tokens
        held = tokens.approvals.get(token)
        if held:
            return _json({"active": True, "token_type": "refresh_token", **self._introspected(held)})
        session = tokens.sessions.get(token)
        if session is None or not tokens.is_live(session):
            return _json({"active": False})
        now = self.cloud.clock.now_ms() // 1000
        times = {"exp": session.expires_ms // 1000, "iat": now, "nbf": now}
        return _json({"active": True, "token_type": "access_token", **self._introspected(session), **times})

    async def userinfo(self, request: Request) -> Response:
        return self._about(request, self._person)

    async def identity(self, request: Request) -> Response:
        """What the `id` of a token answer leads to: the same facts by other names."""
        return self._about(request, self._identity)

    def _about(self, request: Request, facts: Callable[[Session], dict[str, Any]]) -> Response:
        authorization = request.headers.get("authorization", "")
        session = self.cloud.tokens.sessions.get(authorization.partition(" ")[2])
        if session is None or not self.cloud.tokens.is_live(session):
            text = "Bad_OAuth_Token" if authorization else "Missing_OAuth_Token"
            return Response(text, 403, media_type="text/html")
        return _json(facts(session))

    async def soap_login(self, request: Request) -> Response:
        text = (await request.body()).decode("utf-8", "replace")
        given = {name: unescape(value) for name, value in re.findall(r"<(?:\w+:)?(username|password)>([^<]*)<", text)}
        try:
            org = self._org_of(given.get("username", ""), given.get("password", ""), request)
        except OAuthRefused:
            fault = SOAP_FAULT.format(text="Invalid username, password, security token; or user locked out.")
            return Response(fault, 500, media_type="text/xml")
        session = self.cloud.tokens.issue(org, org.user_id, frozenset({"api", "full"}))
        version = request.path_params["version"]
        url = f"{self.cloud.instance_url(org)}/services/Soap/u/{version}/{org.facts.id[:15]}"
        sandbox = str(org.facts.sandbox).lower()
        body = SOAP_LOGIN.format(url=escape(url), sandbox=sandbox, session=session.token, user=org.user_id,
                                 org=org.facts.id)  # fmt: skip
        return Response(body, 200, media_type="text/xml")

    def _token(self, form: dict[str, str], request: Request) -> dict[str, Any]:
        kind = form.get("grant_type", "")
        if kind == JWT_BEARER:
            answer = self._answer(session_from(self.cloud, form.get("assertion", ""), request))
            return {name: value for name, value in answer.items() if name not in {"signature", "issued_at"}}
        self._check_client(form)
        if kind == "authorization_code":
            code = self.cloud.tokens.use_code(form.get("code", ""), form.get("redirect_uri", ""),
                                              form.get("code_verifier"))  # fmt: skip
            return self._granted(code.org, code.user_id, code.scopes)
        if kind == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        if kind == "password":
            org = self._org_of(form.get("username", ""), form.get("password", ""), request)
            return self._answer(self.cloud.tokens.issue(org, org.user_id, frozenset({"api", "full"})))
        if kind == "client_credentials":
            return self._own_token(request)
        raise OAuthRefused("unsupported_grant_type", "grant type not supported")

    def _granted(self, org: Org, user_id: str, scopes: frozenset[str]) -> dict[str, Any]:
        if not scopes & REFRESHING:
            return self._answer(self.cloud.tokens.issue(org, user_id, scopes))
        approval = self.cloud.tokens.keep(org, user_id, scopes)
        session = self.cloud.tokens.issue(org, user_id, scopes, approval.refresh_token)
        return self._answer(session) | {"refresh_token": approval.refresh_token}

    def _refreshed(self, refresh_token: str) -> dict[str, Any]:
        tokens, settings = self.cloud.tokens, self.cloud.settings
        approval = tokens.approvals.get(refresh_token)
        if approval is None:
            raise OAuthRefused("invalid_grant", "expired access/refresh token")
        self._check_usable(approval)
        approval.refreshed_ms = self.cloud.clock.now_ms()
        fresh = tokens.rotate(approval) if settings.refresh_returns == "rotated" else approval
        session = tokens.issue(fresh.org, fresh.user_id, fresh.scopes, fresh.refresh_token)
        shown = {"same": fresh.refresh_token, "rotated": fresh.refresh_token, "empty": ""}
        extra = shown.get(settings.refresh_returns)
        return self._answer(session) | ({} if extra is None else {"refresh_token": extra})

    def _check_usable(self, approval: Approval) -> None:
        busy = approval.refreshed_ms + self.cloud.settings.refresh_busy_seconds * 1000
        user = approval.org.stores["User"].rows[approval.user_id]
        if self.cloud.settings.app_blocked:
            raise OAuthRefused("OAUTH_APP_BLOCKED", "this app is blocked by admin")
        if not user.get("IsActive"):
            raise OAuthRefused("invalid_grant", "inactive user")
        if busy > self.cloud.clock.now_ms():
            raise OAuthRefused("invalid_grant", "token request is already being processed")

    def _own_token(self, request: Request) -> dict[str, Any]:
        """Client credentials run as one chosen user, and only at the org's own address."""
        org = self.cloud.org_at(request)
        if org is None:
            raise OAuthRefused("invalid_grant", "request not supported on this domain")
        return self._answer(self.cloud.tokens.issue(org, org.user_id, frozenset({"api"})))

    def _org_of(self, username: str, password: str, request: Request) -> Org:
        org = self.cloud.org_of_user(username, request)
        if org is None or not password.startswith(self.cloud.options.password):
            raise OAuthRefused("invalid_grant", "authentication failure")
        return org

    def _check_client(self, form: dict[str, str]) -> None:
        if form.get("client_id") != self.cloud.options.client_id:
            raise OAuthRefused("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != self.cloud.options.client_secret:
            raise OAuthRefused("invalid_client", "invalid client credentials")

    def _answer(self, session: Session) -> dict[str, Any]:
        """There is no `expires_in`: the org's session timeout decides, and moves with every use."""
        issued, identity = str(self.cloud.clock.now_ms()), self.cloud.identity_url(session)
        digest = hmac.new(self.cloud.options.client_secret.encode(), (identity + issued).encode(), hashlib.sha256)
        return {
            "access_token": session.token,
            "signature": base64.b64encode(digest.digest()).decode(),
            "scope": " ".join(sorted(session.scopes)),
            "instance_url": self.cloud.instance_url(session.org),
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }

    def _introspected(self, held: Approval | Session) -> dict[str, Any]:
        user = held.org.stores["User"].rows[held.user_id]
        return {
            "scope": " ".join(sorted(held.scopes)),
            "client_id": self.cloud.options.client_id,
            "username": user["Username"],
            "sub": f"{self.cloud.public_url}/id/{held.org.facts.id}/{held.user_id}",
        }

    def _identity(self, session: Session) -> dict[str, Any]:
        person = self._person(session)
        same = ("user_id", "organization_id", "email", "email_verified", "active", "user_type", "urls")
        return {
            "id": person["sub"],
            "asserted_user": True,
            "username": person["preferred_username"],
            "nick_name": person["nickname"],
            "display_name": person["name"],
            "first_name": person["given_name"],
            "last_name": person["family_name"],
            "timezone": person["zoneinfo"],
            **{name: person[name] for name in same},
        }

    def _person(self, session: Session) -> dict[str, Any]:
        user, facts = session.org.stores["User"].rows[session.user_id], session.org.facts
        rest = f"{self.cloud.instance_url(session.org)}/services/data/v{{version}}/"
        return {
            "sub": self.cloud.identity_url(session),
            "user_id": session.user_id,
            "organization_id": facts.id,
            "preferred_username": user["Username"],
            "nickname": user.get("Alias"),
            "name": user["Name"],
            "given_name": user.get("FirstName"),
            "family_name": user["LastName"],
            "email": user["Email"],
            "email_verified": True,
            "zoneinfo": facts.time_zone,
            "locale": facts.locale,
            "language": facts.locale[:2],
            "active": bool(user.get("IsActive")),
            "user_type": "STANDARD",
            "is_app_installed": True,
            "urls": {"rest": rest, "sobjects": f"{rest}sobjects/", "query": f"{rest}query/",
                     "custom_domain": f"https://{facts.domain}.my.salesforce.com"},
        }  # fmt: skip


def _json(content: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
    return Response(orjson.dumps(content), status, headers, media_type="application/json;charset=UTF-8")


async def _form(request: Request) -> dict[str, str]:
    """Parameters in the body or in the address, credentials also by HTTP Basic."""
    body = (await request.body()).decode("utf-8", "replace")
    form = {**request.query_params, **dict(parse_qsl(body, keep_blank_values=True))}
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        name, _, secret = base64.b64decode(text + "==").decode("utf-8", "replace").partition(":")
        form |= {"client_id": name, "client_secret": secret}
    return form
