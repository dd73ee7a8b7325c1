"""The page on which a person allows the app into a company, and the way to press its buttons without a person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.simulators.consent import ConsentPage, Unusable, send_back
from local.simulators.pipedrive.company import Company

if TYPE_CHECKING:
    from local.simulators.pipedrive.drive import Drive

PAGE = ConsentPage(
    service="Pipedrive",
    colour="#017737",
    title="Install an app",
    heading="Allow CRM Bridge to use Pipedrive?",
    choose="Choose a company",
    asks="The app can then",
    buttons=("Allow and Install", "Deny"),
    place="company",
    failed="Installation failed",
    carried=("client_id", "redirect_uri", "state"),
)


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
            return PAGE.refuse(str(reason))
        return self._page(wish)

    async def decide(self, request: Request) -> Response:
        wish = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        try:
            self._check(wish)
            if wish.get("decision") == "grant":
                return self._approved(wish, wish.get("company", ""), None)
            return self._denied(wish)
        except Unusable as reason:
            return PAGE.refuse(str(reason))

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
        return send_back(wish, {"code": self.drive.tokens.approve(company, who, wish["redirect_uri"])})

    def _denied(self, wish: dict[str, str]) -> Response:
        return send_back(wish, {"error": self.drive.settings.denial})

    def _company(self, chosen: str) -> Company:
        for company in self.drive.companies.values():
            if chosen in {str(company.id), company.domain}:
                return company
        raise Unusable(f"There is no company {chosen}.")

    def _page(self, wish: dict[str, str]) -> Response:
        first = next(iter(self.drive.companies))
        companies = {str(each): f"{one.name} ({one.host})" for each, one in self.drive.companies.items()}
        return PAGE.show("/oauth/authorize", wish, companies, str(first), sorted(self.drive.tokens.scopes))
