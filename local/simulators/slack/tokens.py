"""Who may do what: bot and user tokens, and the codes that they are exchanged for."""

import hashlib
from dataclasses import dataclass, field

from local.simulators.clock import Clock
from local.simulators.slack.errors import SlackError
from local.simulators.slack.team import Team

CODE_SECONDS = 600


@dataclass(slots=True)
class Token:
    """`user` is the bot's own for a bot token."""

    text: str
    team: Team
    user: str
    scopes: tuple[str, ...]
    revoked: bool = False

    @property
    def is_bot(self) -> bool:
        return self.user == self.team.bot

    @property
    def provided(self) -> str:
        return ",".join(self.scopes)


@dataclass(frozen=True, slots=True)
class Code:
    team: Team
    user: str
    redirect_uri: str
    scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    expires: float


@dataclass(slots=True)
class Tokens:
    clock: Clock
    seed: int
    held: dict[str, Token] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    _made: int = 0

    def add(self, text: str, team: Team, user: str, scopes: tuple[str, ...]) -> Token:
        self.held[text] = Token(text, team, user, scopes)
        return self.held[text]

    def find(self, text: str) -> Token:
        if not text:
            raise SlackError("not_authed")
        token = self.held.get(text)
        if token is None:
            raise SlackError("invalid_auth")
        if token.revoked:
            raise SlackError("token_revoked")
        user = token.team.users.get(token.user)
        if user is None or user.deleted:
            raise SlackError("account_inactive")
        return token

    def approve(
        self, team: Team, user: str, redirect_uri: str, scopes: tuple[str, ...], user_scopes: tuple[str, ...]
    ) -> str:
        text = f"{self._new('code')}.{self._new('code')}"
        expires = self.clock.now() + CODE_SECONDS
        self.codes[text] = Code(team, user, redirect_uri, scopes, user_scopes, expires)
        return text

    def use_code(self, text: str, redirect_uri: str) -> Code:
        """A code works once."""
        if text in self.used:
            raise SlackError("code_already_used")
        code = self.codes.pop(text, None)
        if code is None or code.expires <= self.clock.now():
            raise SlackError("invalid_code")
        self.used.add(text)
        if code.redirect_uri and redirect_uri and code.redirect_uri != redirect_uri:
            raise SlackError("bad_redirect_uri")
        return code

    def install(self, code: Code) -> Token:
        """The bot of a team keeps its token as long as the app is there; what it may do only grows."""
        held = next((each for each in self.of(code.team) if each.is_bot), None)
        if held:
            held.scopes = tuple(dict.fromkeys((*held.scopes, *code.scopes)))
            return held
        return self.add(f"xoxb-{self._new('bot')}", code.team, code.team.bot, code.scopes)

    def user_token(self, code: Code) -> Token:
        held = next((each for each in self.of(code.team) if each.user == code.user), None)
        return held or self.add(f"xoxp-{self._new('user')}", code.team, code.user, code.user_scopes)

    def of(self, team: Team) -> list[Token]:
        return [each for each in self.held.values() if each.team is team and not each.revoked]

    def revoke_all(self, team: Team) -> list[Token]:
        ended = self.of(team)
        for token in ended:
            token.revoked = True
        return ended

    def _new(self, purpose: str) -> str:
        self._made += 1
        return hashlib.sha256(f"{self.seed}:{purpose}:{self._made}".encode()).hexdigest()[:48]
