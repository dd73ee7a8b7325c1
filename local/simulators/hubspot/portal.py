"""One customer's HubSpot account: its facts, people, pipelines, properties, records and links."""

from dataclasses import dataclass, field
from typing import Any

from local.simulators.clock import Clock, iso
from local.simulators.hubspot.errors import unknown_type
from local.simulators.hubspot.links import Links
from local.simulators.hubspot.options import Settings
from local.simulators.hubspot.properties import EPOCH, Property, initial_properties
from local.simulators.hubspot.schema import BY_NAME, TYPES, ObjectType
from local.simulators.hubspot.store import Record, Store

# Ids exceed 32 bits and are unique within one object type only, so every type counts from the same number.
FIRST_ID = 210_000_000_000


@dataclass(slots=True)
class Owner:
    id: int
    email: str
    first_name: str
    last_name: str
    user_id: int | None
    kind: str = "PERSON"
    archived: bool = False
    team: str | None = None

    def wire(self) -> dict[str, Any]:
        """A deactivated user keeps its number only in `userIdIncludingInactive`."""
        return {
            "id": str(self.id),
            "email": self.email,
            "type": self.kind,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": None if self.archived else self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": EPOCH,
            "updatedAt": EPOCH,
            "archived": self.archived,
        } | ({"teams": [{"id": "5101", "name": self.team, "primary": True}]} if self.team else {})


@dataclass(slots=True)
class Stage:
    id: str
    label: str
    probability: str
    closed: bool
    archived: bool = False

    def wire(self, place: int) -> dict[str, Any]:
        """A ticket's status has no probability; it is open or closed."""
        metadata = {"isClosed": str(self.closed).lower()}
        metadata |= {"probability": self.probability} if self.probability else {"ticketState": self._state}
        return _named(self.id, self.label, place, self.archived) | {
            "metadata": metadata,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }

    @property
    def _state(self) -> str:
        return "CLOSED" if self.closed else "OPEN"


@dataclass(slots=True)
class Pipeline:
    id: str
    label: str
    stages: list[Stage]

    def wire(self, place: int) -> dict[str, Any]:
        stages = [stage.wire(number) for number, stage in enumerate(self.stages)]
        return _named(self.id, self.label, place, archived=False) | {"stages": stages}

    def stage(self, stage_id: str | None) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)


@dataclass(slots=True)
class Account:
    id: int
    time_zone: str
    utc_offset: str
    currency: str
    additional_currencies: list[str]
    data_centre: str
    domain: str

    def wire(self) -> dict[str, Any]:
        hours = int(self.utc_offset[:3])
        return {
            "portalId": self.id,
            "accountType": "STANDARD",
            "timeZone": self.time_zone,
            "companyCurrency": self.currency,
            "additionalCurrencies": self.additional_currencies,
            "utcOffset": self.utc_offset,
            "utcOffsetMilliseconds": hours * 3_600_000,
            "uiDomain": self.ui_domain,
            "dataHostingLocation": self.data_centre,
        }

    @property
    def ui_domain(self) -> str:
        return "app.hubspot.com" if self.data_centre == "na1" else f"app-{self.data_centre}.hubspot.com"


@dataclass(slots=True, eq=False)
class Portal:
    """`is_covered` says whether the app gets this portal's webhooks: it was installed here, or its token was used."""

    account: Account
    clock: Clock
    settings: Settings
    owners: list[Owner] = field(default_factory=list)
    pipelines: list[Pipeline] = field(default_factory=list)
    ticket_pipelines: list[Pipeline] = field(default_factory=list)
    links: Links = field(default_factory=Links)
    properties: dict[str, dict[str, Property]] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    is_covered: bool = False

    def __post_init__(self) -> None:
        for kind in TYPES:
            self.properties[kind.name] = initial_properties(kind)
            self.stores[kind.name] = Store(kind, FIRST_ID)
            for prop in self.properties[kind.name].values():
                if prop.unique:
                    self.stores[kind.name].watch_unique(prop.name)

    def store(self, name: str) -> Store:
        if name not in BY_NAME:
            raise unknown_type(name)
        return self.stores[BY_NAME[name].name]

    def owner(self, owner_id: str) -> Owner | None:
        return next((owner for owner in self.owners if str(owner.id) == owner_id), None)

    def pipelines_of(self, kind: ObjectType) -> list[Pipeline]:
        return {"deals": self.pipelines, "tickets": self.ticket_pipelines}.get(kind.name, [])

    def pipeline(self, kind: ObjectType, pipeline_id: str | None) -> Pipeline | None:
        return next((each for each in self.pipelines_of(kind) if each.id == pipeline_id), None)

    def readable(self, kind: ObjectType, wanted: list[str]) -> list[str]:
        """The properties an answer will hold: unknown names are dropped in silence, three always come along."""
        known = self.properties[kind.name]
        named = [name for name in wanted if name in known] if wanted else kind.defaults
        return sorted({*named, "hs_object_id", kind.created, kind.modified})

    def wire(self, kind: ObjectType, record: Record, names: list[str]) -> dict[str, Any]:
        value = record.values.get
        body = {
            "id": str(record.id),
            "properties": {name: value(name) for name in names},
            "createdAt": record.values[kind.created],
            "updatedAt": record.values[kind.modified],
            "archived": record.archived_ms is not None,
            "url": f"https://{self.account.ui_domain}/contacts/{self.account.id}/record/{kind.type_id}/{record.id}",
        }
        if record.archived_ms is not None:
            body["archivedAt"] = iso(record.archived_ms)
        return body


def _named(each_id: str, label: str, place: int, archived: bool) -> dict[str, Any]:
    moments = {"createdAt": "1970-01-01T00:00:00Z", "updatedAt": "1970-01-01T00:00:00Z"}
    return {"id": each_id, "label": label, "displayOrder": place, "archived": archived, **moments}


def kind_of(name: str) -> ObjectType:
    if name not in BY_NAME:
        raise unknown_type(name)
    return BY_NAME[name]
