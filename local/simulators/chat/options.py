"""What can be chosen when the chat app starts, and what can still be changed while it runs."""

from dataclasses import dataclass

from local.simulators.choices import option


@dataclass(slots=True)
class Options:
    seed: int = option(1, "of the dice that faults are thrown with")
    secret: str = option("whsec_c2ltdWxhdG9yLWNoYXQtc2VjcmV0LTAwMDE=", "of the signatures (Standard Webhooks)")
    workspace: str = option("acme", "the workspace, in tokens that do not ask for another")
    audience: str = option("crm-bridge", "aud of the tokens")
    key_file: str = option("", "where the issuer's private key is kept; made when missing, forgotten when not given")
    public_url: str = option("", "how others reach this simulator; the issuer's name; default is its loopback address")


@dataclass(slots=True)
class Settings:
    """Changeable by `POST /_sim/settings`. The second secret is accepted too, as while a secret is being rotated."""

    secret: str
    second_secret: str = ""
    audience: str = "crm-bridge"
    token_seconds: int = 3600
