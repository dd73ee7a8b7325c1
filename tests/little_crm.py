"""A CRM small enough to reason about, and as awkward as the real ones: a lagging search index, dates that do not move
when links do or when a record is restored, deletions that a 404 does not prove, merges that swallow ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import requests
from crmbridge.domain.budgets import Pool
from crmbridge.domain.changes import Change, Claims, Delivery, Response, What
from crmbridge.domain.connections import Account, AppCredentials, Connection, Identity, TokenSet
from crmbridge.domain.directories import Directories, ReadContext
from crmbridge.domain.errors import BadSignature, MalformedPayload
from crmbridge.domain.merging import Sighting
from crmbridge.domain.records import Kind, Link, Record, RecordKey, State
from crmbridge.domain.workspaces import Endpoint
from crmbridge.platforms.spec import OAuthSpec, ObjectSpec, Page, PageRequest, Platform, WebhookSpec, token_way
from crmbridge.services.ports import Deps

from tests.clock import BEGIN, Clock
from tests.memory_deps import memory_deps

ACCOUNT = "48"
CONTACTS = ObjectSpec("contacts", Kind.CONTACT, page_size=2)
DEALS = ObjectSpec("deals", Kind.DEAL, links=("contacts",), page_size=2)
OBJECTS = {"contacts": CONTACTS, "deals": DEALS}
NAMES = Directories(Account(ACCOUNT), version="1")
Place = tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One version of a record. `number` counts versions of its fields and state, `relinked` those of its links;
    `erased` ones answer 404."""

    name: str
    updated_at: datetime
    number: int = 1
    relinked: int = 1
    links: frozenset[str] = frozenset()
    state: State = State.LIVE
    erased: bool = False
    successor: str | None = None
    losers: tuple[str, ...] = ()
    owner: str = ""


@dataclass
class LittleCrm:
    """`names` are what the directories answer with. `rows` are what is true now; `history` holds what the search index
    may still show; `told` are webhook events, `shown` is what the last answer was made from.

    `on_the_wire` is called between an answer's making and its arrival: other workers do not wait for us.
    """

    clock: Clock
    account: str = ACCOUNT
    rows: dict[Place, Row] = field(default_factory=dict)
    history: list[tuple[datetime, dict[Place, Row]]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    index_lag: float = 0.0
    on_the_wire: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    shown: Mapping[Place, Row] = field(default_factory=dict)
    made: int = 0
    names: Directories = NAMES

    def create(self, object: str, name: str = "new") -> str:
        self.made += 1
        self._set((object, f"{self.made:04}"), Row(name, self.clock()), "created")
        return f"{self.made:04}"

    def update(self, object: str, id: str, name: str, *, late: float = 0.0) -> None:
        """`late`: committed so many seconds after the date it bears."""
        row = self.rows[object, id]
        date = max(self.clock() - timedelta(seconds=late), row.updated_at + timedelta(milliseconds=1))
        self._set((object, id), replace(row, name=name, updated_at=date), "updated")

    def give(self, object: str, id: str, owner: str) -> None:
        row = self.rows[object, id]
        self._set((object, id), replace(row, owner=owner, updated_at=self.clock()), "updated")

    def link(self, deal: str, contacts: frozenset[str], what: str = "linked") -> None:
        """The date does not move."""
        row = self.rows["deals", deal]
        self._set(
            ("deals", deal), replace(row, links=contacts, relinked=row.relinked + 1, number=row.number - 1), "linked"
        )

    def delete(self, object: str, id: str, *, erased: bool = False) -> None:
        row = replace(self.rows[object, id], state=State.DELETED if erased else State.ARCHIVED, erased=erased)
        self._set((object, id), row, "deleted")

    def hide(self, object: str, id: str) -> None:
        """Nobody is told; the date does not move."""
        self._set((object, id), replace(self.rows[object, id], state=State.HIDDEN, erased=True), "")

    def restore(self, object: str, id: str) -> None:
        """The date does not move."""
        self._set((object, id), replace(self.rows[object, id], state=State.LIVE, erased=False), "restored")

    def merge(self, object: str, winner: str, loser: str) -> str:
        """Both give way to a new id, which names every id it stands for and takes over their links."""
        losers = tuple({*self.rows[object, winner].losers, *self.rows[object, loser].losers, winner, loser})
        self.made += 1
        new = f"{self.made:04}"
        for id in (winner, loser):
            self._set((object, id), replace(self.rows[object, id], state=State.MERGED, successor=new), "")
        row = replace(self.rows[object, winner], state=State.LIVE, successor=None, losers=losers)
        self._set((object, new), replace(row, updated_at=self.clock()), "merged", losers=[winner, loser])
        for deal in self.live("deals"):
            links = self.rows["deals", deal].links
            if links & {winner, loser}:
                self.link(deal, links - {winner, loser} | {new}, what="")
        return new

    def live(self, object: str) -> list[str]:
        return sorted(id for (kind, id), row in self.rows.items() if kind == object and row.state is State.LIVE)

    def final(self, object: str, id: str) -> str:
        """Where a merged id ends."""
        row = self.rows[object, id]
        return self.final(object, row.successor) if row.successor else id

    def delivery(self, *events: Mapping[str, Any], received_at: datetime | None = None) -> Delivery:
        body = orjson.dumps(list(events))
        headers = {"x-proof": "good", "x-other": "noise"}
        return Delivery("POST", "https://bridge.test/v1/webhooks/little", headers, body, received_at or self.clock())

    def _set(self, place: Place, row: Row, what: str, **more: Any) -> None:
        self.clock.advance(0.001)
        before = self.rows.get(place)
        self.rows[place] = replace(row, number=row.number + 1 if before else 1)
        self.history.append((self.clock(), dict(self.rows)))
        if what:
            event = {"what": what, "object": place[0], "id": place[1], "account": self.account, **more}
            self.told.append(event)

    def page(self, request: PageRequest) -> Page:
        spec, after = OBJECTS[request.object], request.cursor.get("after", "")
        self._asked(f"page {request.object}")
        self.shown = rows = dict(self.rows) if request.window is None else self._indexed()
        shown = [
            id
            for (object, id), row in sorted(rows.items())
            if object == request.object and row.state is State.LIVE and id > after and _is_in(request, row)
        ]
        seen = [self._sighting(request.object, id, rows) for id in shown[: spec.page_size]]
        self._arrives()
        more = {"after": shown[spec.page_size - 1]} if len(shown) > spec.page_size else None
        total = len(shown) if not after else None
        return Page(seen, more, total, indexed=request.window is not None)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Sighting]:
        self._asked(f"fetch {object}")
        self.shown = dict(self.rows)
        found = {id: self._sighting(object, id, self.rows) for id in ids}
        finals = {self.final(object, id) for id in ids if (object, id) in self.rows}
        found |= {id: self._sighting(object, id, self.rows) for id in finals - found.keys()}
        self._arrives()
        return list(found.values())

    def _asked(self, what: str) -> None:
        self.clock.advance(0.001)
        self.calls.append(what)
        if self.failures:
            raise self.failures.pop(0)

    def _arrives(self) -> None:
        self.clock.advance(0.001)
        self.on_the_wire()

    def _indexed(self) -> dict[Place, Row]:
        shown: dict[Place, Row] = {}
        for moment, rows in self.history:
            if moment <= self.clock() - timedelta(seconds=self.index_lag):
                shown = rows
        return shown

    def _sighting(self, object: str, id: str, rows: Mapping[Place, Row]) -> Sighting:
        """Fields as `rows` have them; links are always read as they are now."""
        row = rows.get((object, id))
        kind = OBJECTS[object].kind
        if row is None or row.erased:
            return Sighting(object=object, external_id=id, kind=kind, state=State.HIDDEN)
        if row.state is State.MERGED:
            into = self.final(object, id)
            return Sighting(object=object, external_id=id, kind=kind, state=State.MERGED, successor_id=into)
        raw = {"id": id, "name": row.name, "number": row.number, "owner": row.owner}
        proof = sha256(f"{row.name}{row.updated_at}{row.owner}".encode()).hexdigest()
        links = {"contacts": self._links(id)} if object == "deals" and row.state is State.LIVE else {}
        return Sighting(
            object=object,
            external_id=id,
            kind=kind,
            raw=raw,
            fingerprint=proof,
            state=row.state,
            remote_updated_at=row.updated_at,
            links=links,
            losers=row.losers,
        )

    def _links(self, deal: str) -> tuple[Link, ...]:
        return tuple(Link("contacts", id) for id in sorted(self.rows["deals", deal].links))

    def platform(self) -> Platform:
        def nothing(*_: object, **__: object) -> Any:
            raise AssertionError("nobody asks for this here")

        return Platform(
            name="little",
            title="Little",
            description="",
            logo="",
            auth=("token",),
            api_url="https://little.test",
            auth_url="https://little.test",
            oauth=OAuthSpec(authorize_path="", token_path="", scopes=(), read_tokens=nothing, revoke=nothing),
            objects=OBJECTS,
            webhook=WebhookSpec(claims=_claims, verify=_verify, parse=_parse, reply=_reply, headers=("x-proof",)),
            pools=(Pool("burst", 1000, 1.0),),
            explain=nothing,
            read=_read,
            identify=lambda _api, _tokens: Identity(Account(self.account)),
            load_directories=lambda _api: self._load(),
            page=lambda _api, request: self.page(request),
            fetch=lambda _api, object, ids, _directories: self.fetch(object, ids),
            record_url=lambda account, object, id: f"https://little.test/{account.id}/{object}/{id}",
            actions={},
            prepare=lambda _api, _directories: {},
            find=lambda _api, _object, _email, _directories: [],
            incremental_lag_seconds=90,
            overlap_seconds=300,
            ways={"token": token_way("Token", "Made by hand")},
        )

    def _load(self) -> Directories:
        self._asked("directories")
        return replace(self.names, account=Account(self.account))


def _is_in(request: PageRequest, row: Row) -> bool:
    return request.window is None or request.window.start <= row.updated_at < request.window.end


def _read(
    kind: Kind | str,
    raw: Any,
    context: ReadContext | None = None,
    *,
    object: str | None = None,
    links: Mapping[str, tuple[Link, ...]] | None = None,
) -> Record:
    name = "name" if kind == Kind.DEAL else "last_name"
    fields = {name: raw["name"]} if kind == Kind.DEAL else {name: raw["name"], "email": f"{raw['id']}@Little.test"}
    if raw.get("owner"):
        fields["owner_id"] = raw["owner"]
    return Record(
        platform="little",
        object=object or "",
        external_id=raw["id"],
        kind=Kind(kind),
        fields=fields,
        custom_fields={"number": raw["number"]},
        links=links or {},
    )


def _claims(delivery: Delivery) -> Claims:
    try:
        return Claims(frozenset(event["account"] for event in orjson.loads(delivery.body)))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise MalformedPayload("not events of Little") from None


def _verify(delivery: Delivery, secret: object) -> None:
    if delivery.headers.get("x-proof") != "good":
        raise BadSignature("little does not know this delivery")


def _parse(delivery: Delivery) -> list[Change]:
    return [
        Change(
            what=What(event["what"]),
            kind=OBJECTS[event["object"]].kind if event["object"] in OBJECTS else None,
            object=event["object"],
            external_id=event["id"],
            account=event["account"],
            losers=tuple(event.get("losers", ())),
            link=Link(*event["link"]) if event.get("link") else None,
        )
        for event in orjson.loads(delivery.body)
    ]


def _reply(outcome: str) -> Response:
    return Response({"accepted": 200, "ignored": 200, "refused": 401}[outcome], outcome)


def make_deps(crm: LittleCrm, **parts: Any) -> Deps:
    """A whole house in memory, beside that CRM; give any part by name to have it instead."""
    known = {
        "apps": {"little": AppCredentials("client", "secret")}, "chat": Deaf(), "http": requests.Session(),
        "platform": lambda _: crm.platform(),
    }  # fmt: skip
    return memory_deps(crm.clock, crm.clock.advance, **{**known, **parts})


class Deaf:
    """A chat app that nobody asks about."""

    def post(self, endpoint: Endpoint, secrets: Sequence[str], id: str, event: Mapping[str, Any]) -> None:
        raise AssertionError("nothing is told to the chat app here")


def make_connection(deps: Deps, **fields: Any) -> Connection:
    known = {
        "id": "c1", "workspace": "w1", "platform": "little", "account": ACCOUNT, "display_name": "Acme",
        "auth": "token", "base_url": "https://little.test", "created_at": BEGIN, "created_by": "u1",
    }  # fmt: skip
    connection = Connection(**{**known, **fields})
    deps.connections.add(connection)
    deps.vault.create(connection, TokenSet(access_token="t"))
    return connection


def expect_same(deps: Deps, crm: LittleCrm, connection: Connection) -> None:
    """What is stored equals the CRM: live ones field by field and link by link, the rest as tombstones."""
    for (object, id), row in crm.rows.items():
        stored = deps.records.get(RecordKey(connection.workspace, connection.id, object, id))
        if row.state is not State.LIVE:
            assert stored is None or stored.record.state is not State.LIVE, f"{object} {id} is {row.state} in the CRM"
            continue
        assert stored is not None, f"{object} {id} is missing"
        assert stored.record.state is State.LIVE, f"{object} {id} lives in the CRM, not {stored.record.state}"
        assert stored.record.get("name" if object == "deals" else "last_name") == row.name
        if object == "deals":
            assert {link.external_id for link in stored.record.links["contacts"]} == row.links
            assert all(
                id in deps.records.linked(stored.key._replace(object="contacts", external_id=contact), "deals")
                for contact in row.links
            )
    for object in OBJECTS:
        for shard in range(16):
            for id, _ in deps.records.ids(connection.workspace, connection.id, object, shard):
                assert (object, id) in crm.rows, f"{object} {id} is nothing the CRM ever had"
