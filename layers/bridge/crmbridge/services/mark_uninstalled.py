"""A CRM tells that the app was removed from an account: its connections need reconnecting, and nothing is asked."""

from crmbridge.domain.changes import Delivery
from crmbridge.domain.connections import Health
from crmbridge.domain.errors import NotFound
from crmbridge.services.keep_tokens import require_reconnect
from crmbridge.services.ports import Deps


def mark_uninstalled(deps: Deps, platform_name: str, delivery: Delivery) -> int:
    """Return how many connections are concerned. Raises BadSignature or MalformedPayload for what proves nothing, and
    NotFound where the CRM does not tell."""
    platform = deps.platform(platform_name)
    if platform.oauth.uninstalled is None:
        raise NotFound(f"{platform.title} does not tell here when the app is removed")
    account = platform.oauth.uninstalled(delivery, deps.vault.app(platform.name))
    note = f"the app was removed from this {platform.title} account: install it again by reconnecting"
    concerned = [
        connection
        for connection in deps.connections.of_account(platform.name, account)
        if connection.auth == "oauth" and connection.health is Health.CONNECTED
    ]
    for connection in concerned:
        require_reconnect(deps, connection, note)
    return len(concerned)
