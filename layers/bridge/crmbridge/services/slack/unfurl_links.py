"""Links to CRM records, as everybody in a channel may see what they lead to."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from crmbridge.chat.slack.api import SlackRefused
from crmbridge.chat.slack.cards import public_card
from crmbridge.domain.records import Json, RecordKey, State
from crmbridge.services.follow_record import follow_record
from crmbridge.services.ports import Deps
from crmbridge.services.show_records import show_records
from crmbridge.services.slack.open_slack import Slack

MARK: Final = "RECORD-ID"
MOST: Final = 10
LONGEST_ID: Final = 200
"""As in the API. Whoever writes in a channel may write an address that no table has a key for."""
TOO_LATE: Final = frozenset(
    {"cannot_unfurl_message", "cannot_unfurl_url", "cannot_find_message", "cannot_find_channel"}
)
"""The message was deleted, or its author wants no preview."""


@dataclass(frozen=True, slots=True)
class Page:
    """What addresses of a kind of records look like: `key` has no id, which stands between `before` and `behind`."""

    key: RecordKey
    before: str
    behind: str
    usual: Callable[[str], str]


def record_at(deps: Deps, workspace: str, url: str) -> RecordKey | None:
    """The record whose address in its CRM this is."""
    return next((found for page in _pages(deps, workspace) if (found := _named(page, url))), None)


def unfurl_links(deps: Deps, slack: Slack, event: Mapping[str, Any]) -> None:
    urls = [str(link.get("url")) for link in event.get("links") or () if isinstance(link, Mapping)][:MOST]
    pages = list(_pages(deps, slack.workspace)) if urls else []
    cards = {url: card for url in urls if (card := _card(deps, slack, pages, url))}
    if not cards:
        return
    try:
        slack.api.call("chat.unfurl", **_place(event), unfurls={url: {"blocks": card} for url, card in cards.items()})
    except SlackRefused as refused:
        if refused.code not in TOO_LATE:
            raise


def _place(event: Mapping[str, Any]) -> dict[str, Json]:
    """As Slack names the message itself, where it does."""
    if event.get("unfurl_id") and event.get("source"):
        return {"unfurl_id": event["unfurl_id"], "source": event["source"]}
    return {"channel": event.get("channel"), "ts": event.get("message_ts")}


def _card(deps: Deps, slack: Slack, pages: list[Page], url: str) -> list[dict[str, Json]] | None:
    key = next((found for page in pages if (found := _named(page, url))), None)
    stored = follow_record(deps, key) if key else None
    if stored is None or stored.record.state is not State.LIVE:
        return None
    return public_card(show_records(deps, [stored])[0], amounts=slack.installation.shows_amounts)


def _pages(deps: Deps, workspace: str) -> Iterator[Page]:
    """What addresses of records look like, from how they are made."""
    for connection in deps.connections.list(workspace):
        platform = deps.platform(connection.platform)
        directories = deps.connections.directories(workspace, connection.id)
        if directories is None:
            continue
        for object in platform.objects:
            before, _, behind = platform.record_url(directories.account, object, MARK).partition(MARK)
            if before:
                yield Page(RecordKey(workspace, connection.id, object, ""), before, behind, platform.page_url)


def _named(page: Page, url: str) -> RecordKey | None:
    """Whatever tab or filter stands behind the id is of no interest, unless it is there that the id stands."""
    bare = page.usual(url if "#" in page.before else _without_query(url))
    if not bare.casefold().startswith(page.before.casefold()):
        return None
    id, slash, rest = bare[len(page.before) :].partition("/")
    if not 0 < len(id) <= LONGEST_ID or not (slash + rest).startswith(page.behind):
        return None
    return page.key._replace(external_id=unquote(id))


def _without_query(url: str) -> str:
    try:
        return urlsplit(url)._replace(query="", fragment="").geturl()
    except ValueError:
        return ""
