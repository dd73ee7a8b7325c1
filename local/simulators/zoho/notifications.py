"""Tells channels what changed: one POST for a run of alike changes, with the channel's token and no signature."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import orjson

from local.simulators.deliveries import Event, Post
from local.simulators.simulator import BadCommand
from local.simulators.zoho.channels import Channel
from local.simulators.zoho.options import Settings
from local.simulators.zoho.org import Org
from local.simulators.zoho.store import Row
from local.simulators.zoho.values import shown

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

SEEN = {"create": "insert", "edit": "update", "delete": "delete"}
FIRST_GAP = 60.0
HEADERS = {"Content-Type": "application/json", "User-Agent": "ZohoCRM"}


class Gaps(Sequence[float]):
    """How long Zoho waits between attempts nobody knows, so the setting says how often it tries again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __len__(self) -> int:
        return self._settings.notification_retries

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> list[float]: ...
    def __getitem__(self, place: int | slice) -> float | list[float]:
        gaps = [FIRST_GAP * 2**number for number in range(len(self))]
        return gaps[place]


class Teller:
    def __init__(self, suite: "Suite") -> None:
        self._suite = suite
        self.channels: dict[tuple[str, str, str], Channel] = {}
        self._runs: dict[tuple[str, str, str], tuple[tuple[str | None, ...], int]] = {}
        self._posts = 0

    def of(self, org: Org, user_id: str | None = None) -> list[Channel]:
        """The channels that have not expired, of an org or of one of its users."""
        now = self._suite.clock.now()
        return [each for each in self.channels.values()
                if each.org is org and each.expires > now and user_id in (None, each.user_id)]  # fmt: skip

    def changed(self, org: Org, module: str, what: str, rows: list[Row], changes: dict[str, Any]) -> None:
        if "Converted__s" in changes and what == "edit":
            what = self._suite.settings.conversion_notifies
        for channel in self.of(org):
            if self._is_heard(channel):
                for row in rows:
                    self._tell(channel, module, what, row, changes)

    def seal(self, events: list[Event], _: int) -> Post:
        """The events of one POST share everything but the record."""
        first = events[0]
        if "body" in first:
            return Post(first["url"], orjson.dumps(first["body"]), HEADERS)
        return Post(first["url"], orjson.dumps(self._body(events)), HEADERS)

    def forged(self, spec: Mapping[str, Any]) -> Post:
        """What must be refused (or survived): `kind`, `channel_id`, `url`, `ids`, `module`, or a raw `body`."""
        channel = next((each for each in self.channels.values() if spec.get("channel_id") in (None, each.id)), None)
        url = spec.get("url") or (channel.url if channel else None)
        if url is None:
            raise BadCommand("forge: no channel to imitate, and no url")
        if "body" in spec:
            return Post(str(url), str(spec["body"]).encode(), HEADERS)
        body = {"server_time": self._suite.clock.now_ms(), "module": spec.get("module", "Contacts"),
                "operation": "update", "resource_uri": "https://www.zohoapis.com/crm/v8/Contacts",
                "ids": spec.get("ids", ["1"]), "channel_id": channel.id if channel else "1",
                "token": channel.token if channel else None, "query_params": {}, "affected_fields": [],
                "affected_values": []}  # fmt: skip
        return Post(str(url), orjson.dumps(_spoilt(body, str(spec.get("kind", "bad_signature")))), HEADERS)

    def _is_heard(self, channel: Channel) -> bool:
        """A channel falls silent with its user."""
        user = channel.org.users[channel.user_id]
        return user.status == "active" and self._suite.tokens.is_let_in(channel.org, user.id)

    def _tell(self, channel: Channel, module: str, what: str, row: Row, changes: dict[str, Any]) -> None:
        if channel.wants(module, what, changes):
            self._put(channel, module, what, row, [each for each in changes if not each.startswith("$")])
        for parent_module, parent in self._parents(channel, module, row):
            self._put(channel, parent_module, "edit", parent, [])

    def _parents(self, channel: Channel, module: str, row: Row) -> Iterator[tuple[str, Row]]:
        """What else counts as touched: an edited contact also speaks for its account."""
        if not channel.related:
            return
        for field in channel.org.modules[module].fields.values():
            target = field.lookup or (str(row.get("$se_module", "")) if field.name in {"What_Id", "Parent_Id"} else "")
            parent = channel.org.stores[target].rows.get(row.get(field.name, "")) if target else None
            if parent is not None and (target, "edit") in channel.events:
                yield target, parent

    def _put(self, channel: Channel, module: str, what: str, row: Row, names: list[str]) -> None:
        org, fields = channel.org, channel.org.modules[module].fields
        told = names if what == "edit" else []
        values = {name: shown(org, fields[name], row) for name in told if name in fields}
        self._suite.outbox.put({
            "post": self._post(channel, module, what), "url": channel.url, "channel": channel.id,
            "token": channel.token, "org": org.facts.id, "module": module, "what": what, "id": row["id"],
            "fields": list(values), "values": values if channel.with_values else None,
        })  # fmt: skip

    def _post(self, channel: Channel, module: str, what: str) -> str:
        """Changes that follow each other and are alike go out together."""
        key, now = (channel.org.facts.id, channel.user_id, channel.id), (module, what, channel.url, channel.token)
        alike, number = self._runs.get(key, ((), 0))
        if alike != now:
            self._posts += 1
            number = self._posts
            self._runs[key] = (now, number)
        return str(number)

    def _body(self, events: list[Event]) -> dict[str, Any]:
        first, settings = events[0], self._suite.settings
        org = self._suite.orgs[first["org"]]
        affected = [event for event in events if event["fields"]]
        return {
            "server_time": self._suite.clock.now_ms(),
            "affected_values": [{"record_id": event["id"], "values": event["values"]}
                                for event in affected if event["values"] is not None],
            "query_params": {},
            "module": first["module"],
            "resource_uri": f"{self._suite.api_domain(org.facts.centre)}/crm/v8/{first['module']}",
            "ids": list(dict.fromkeys(event["id"] for event in events)),
            "affected_fields": [{event["id"]: event["fields"]} for event in affected],
            "operation": SEEN[first["what"]] if settings.operation_names == "seen" else first["what"],
            "channel_id": int(first["channel"]) if settings.channel_id_as_number else first["channel"],
            "token": first["token"],
        }  # fmt: skip


def _spoilt(body: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind in {"bad_signature", "wrong_token"}:
        return body | {"token": "somebody-else's-token"}
    if kind in {"unsigned", "no_token"}:
        return {name: value for name, value in body.items() if name != "token"}
    if kind == "unknown_channel":
        return body | {"channel_id": "999999999999999999"}
    if kind == "valid":
        return body
    raise BadCommand(f"forge: no such kind: {kind}")
