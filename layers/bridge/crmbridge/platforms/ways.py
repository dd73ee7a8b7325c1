"""Ways to connect an account without a consent page: what an admin is asked for, and how that becomes tokens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from crmbridge.domain.connections import AppCredentials, TokenSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing to give. `pattern` is matched in full; `secret` ones are shown to nobody again; `choices`: one of."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    multiline: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()


class AskTokens(Protocol):
    """The CRM's token endpoint, in its own dialect: a form for tokens. Raises what `platforms.oauth.refresh` raises.

    `auth_url`: another host than usual, which the tokens then remember; `app`: other credentials than our app's, for
    clients that the customer has made."""

    @property
    def app(self) -> AppCredentials: ...

    @property
    def now(self) -> datetime: ...

    def __call__(
        self, form: Mapping[str, str], *, auth_url: str = "", app: AppCredentials | None = None
    ) -> TokenSet: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """`grant` makes the first tokens of what was given; what later ones are made of is kept in `TokenSet.given`, in the
    vault. `renew` makes them where there is no refresh token (a new assertion), or where the client is the customer's
    own; None: by the refresh token, and without one the connection needs reconnecting when the token ends."""

    title: str
    description: str
    inputs: tuple[Input, ...]
    grant: Callable[[AskTokens, Mapping[str, str]], TokenSet]
    renew: Callable[[AskTokens, TokenSet], TokenSet] | None = None


TOKEN: Final = "token"  # noqa: S105 - the name of the way, and of what it asks for


def token_way(title: str, description: str, *, label: str = "Token", pattern: str = "") -> Way:
    """A token that somebody made by hand in the CRM, and that does not end by itself."""
    asked = Input(name=TOKEN, label=label, help="Made by an admin of the CRM", secret=True, pattern=pattern)
    return Way(title=title, description=description, inputs=(asked,), grant=_as_it_is)


def _as_it_is(ask: AskTokens, given: Mapping[str, str]) -> TokenSet:  # noqa: ARG001 - nobody needs to be asked
    return TokenSet(access_token=given[TOKEN])


def bearer(auth: str, token: str) -> Mapping[str, str]:  # noqa: ARG001 - the same for every way
    """RFC 6750: what most CRMs expect."""
    return {"Authorization": f"Bearer {token}"}
