"""Everything that can happen to a record, whoever does it: the API and a person in HubSpot go through the same door."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.clock import iso
from local.simulators.hubspot.derived import derive
from local.simulators.hubspot.errors import ApiError, Flaw, conflict, invalid_values, object_not_found, refused
from local.simulators.hubspot.events import Author, Teller
from local.simulators.hubspot.links import LinkChange
from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.schema import AssociationType, ObjectType, primary_between
from local.simulators.hubspot.store import Record, Store, Values, unique_values
from local.simulators.hubspot.values import checked

LIFECYCLE = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
MERGED_MAXIMUM = 250


@dataclass(slots=True)
class Desk:
    """Writes to one portal in one author's name. `at_ms` fixes the time, so that many rows can share a millisecond."""

    portal: Portal
    teller: Teller
    author: Author
    at_ms: int | None = None

    def prepare(self, kind: ObjectType, wishes: Mapping[str, Any]) -> dict[str, str | None]:
        """The values that a create would keep; raises what the create would be refused for."""
        values, flaws = self._checked(kind, wishes, {})
        flaws += _missing(kind, values)
        if flaws:
            raise invalid_values(flaws)
        self._refuse_taken(kind, values, None)
        return values

    def create(self, kind: ObjectType, wishes: Mapping[str, Any]) -> Record:
        values = self.prepare(kind, wishes)
        now = self._now()
        store = self.portal.stores[kind.name]
        number = store.next_id()
        kept = {name: value for name, value in values.items() if value is not None}
        kept |= {"hs_object_source": self.author.source, "hs_object_source_id": self.author.source_id}
        kept |= {"hs_object_id": str(number), kind.created: iso(now), kind.modified: iso(now)}
        record = Record(number, kept, now, now)
        _apply(kept, derive(self.portal, kind, {}, kept, iso(now)))
        store.add(record)
        store.claim(record)
        store.remember(record, self._lag(), now, None)
        self.teller.tell(self.portal, kind, "creation", self.author, objectId=number, changeFlag="CREATED")
        self.teller.changed(self.portal, kind, number, values, self.author)
        return record

    def prepare_update(self, kind: ObjectType, record: Record, wishes: Mapping[str, Any]) -> dict[str, str | None]:
        """What an update would really change; raises what it would be refused for."""
        values, flaws = self._checked(kind, wishes, record.values)
        if flaws:
            raise invalid_values(flaws)
        self._refuse_taken(kind, values, record.id)
        _keep_lifecycle_forward(values, record.values)
        return {name: value for name, value in values.items() if record.values.get(name) != value}

    def update(self, kind: ObjectType, record: Record, wishes: Mapping[str, Any]) -> dict[str, str | None]:
        """Returns what really changed; values that were there already change nothing, not even the modified date."""
        changes = self.prepare_update(kind, record, wishes)
        if changes:
            self._write(kind, record, changes)
        return changes

    def archive(self, kind: ObjectType, record: Record) -> None:
        store = self.portal.stores[kind.name]
        self._before_write(store, record)
        record.archived_ms = self._now()
        store.live.remove(record.id)
        store.archived.add(record.id)
        store.release(record)
        store.parked[record.id] = self.portal.links.clear(kind, record.id)
        self._note_primary_companies(store.parked[record.id])
        self.teller.tell(self.portal, kind, "deletion", self.author, objectId=record.id, changeFlag="DELETED")

    def restore(self, kind: ObjectType, record: Record) -> None:
        """Refused when somebody else has taken the record's address since."""
        store = self.portal.stores[kind.name]
        self._refuse_taken(kind, record.values, record.id)
        self._before_write(store, record)
        record.archived_ms = None
        store.archived.remove(record.id)
        store.live.add(record.id)
        store.claim(record)
        self._relink(kind, record)
        self._touch(kind, record)
        self.teller.tell(self.portal, kind, "restore", self.author, objectId=record.id, changeFlag="RESTORED")

    def erase(self, kind: ObjectType, record: Record) -> None:
        """GDPR delete: gone for good, also from the recycle bin."""
        if record.archived_ms is None:
            self.archive(kind, record)
        store = self.portal.stores[kind.name]
        store.archived.remove(record.id)
        store.erased.add(record.id)
        del store.records[record.id]
        self.teller.tell(self.portal, kind, "privacyDeletion", self.author, objectId=record.id)

    def merge(self, kind: ObjectType, primary: Record, other: Record) -> Record:
        """A merge makes a third record; both inputs lead to it and neither is ever listed as archived."""
        store = self.portal.stores[kind.name]
        if len(_merged_ids(primary)) + len(_merged_ids(other)) + 2 > MERGED_MAXIMUM:
            raise refused(400, "VALIDATION_ERROR", f"Records with over {MERGED_MAXIMUM} merged identities cannot merge")
        now = self._now()
        number = store.next_id()
        values = other.values | primary.values | _merge_marks(kind, primary, other, now)
        values |= {"hs_object_id": str(number), kind.modified: iso(now)}
        survivor = Record(number, values, primary.created_ms, now)
        for loser in (primary, other):
            store.release(loser)
            store.live.remove(loser.id)
            store.merged[loser.id] = number
        for loser in (primary, other):
            self.portal.links.move(kind, loser.id, number)
            self._before_write(store, loser)
            loser.archived_ms = now
            del store.records[loser.id]
        store.add(survivor)
        store.claim(survivor)
        store.remember(survivor, self._lag(), now, None)
        self._tell_merge(kind, primary, other, number)
        return survivor

    def associate(self, kind: AssociationType, source: int, target: int) -> list[LinkChange]:
        changes = self.portal.links.add(kind, source, target)
        self._after_link(changes)
        return changes

    def disassociate(self, source: ObjectType, source_id: int, target: ObjectType, target_id: int,
                     only: frozenset[int] | None = None) -> list[LinkChange]:  # fmt: skip
        changes = self.portal.links.remove(source, source_id, target, target_id, only)
        self._after_link(changes)
        return changes

    def record(self, kind: ObjectType, record_id: str, *, archived: bool = False) -> Record:
        store = self.portal.stores[kind.name]
        found = store.find(int(record_id), archived=archived) if record_id.isdecimal() else None
        if found is None:
            raise object_not_found(kind.singular, record_id)
        return found

    def _checked(
        self, kind: ObjectType, wishes: Mapping[str, Any], before: Mapping[str, str]
    ) -> tuple[dict[str, str | None], list[Flaw]]:
        values, flaws = checked(self.portal.properties[kind.name], wishes, before)
        owner = values.get("hubspot_owner_id")
        if owner and self.portal.owner(owner) is None:
            flaws.append(Flaw("hubspot_owner_id", "INVALID_OWNER_ID", f"Owner {owner} does not exist"))
        if kind.stage and (kind.stage in values or kind.pipeline in values):
            flaws += self._stage_flaws(kind, values, before)
        return values, flaws

    def _stage_flaws(self, kind: ObjectType, values: dict[str, str | None], before: Mapping[str, str]) -> list[Flaw]:
        """A stage belongs to a pipeline; where none was given it is the one that has the stage, the default first."""
        stage = values.get(kind.stage, before.get(kind.stage))
        wanted = values.get(kind.pipeline, before.get(kind.pipeline))
        if wanted is None and stage is not None:
            known = self.portal.pipelines_of(kind)
            wanted = next((each.id for each in known if each.stage(stage)), known[0].id)
            values[kind.pipeline] = wanted
        pipeline = self.portal.pipeline(kind, wanted)
        if pipeline is None:
            return [Flaw(kind.pipeline, "INVALID_OPTION", f"{wanted} was not one of the allowed options")]
        if stage is not None and pipeline.stage(stage) is None:
            allowed = ", ".join(each.id for each in pipeline.stages)
            return [Flaw(kind.stage, "INVALID_OPTION", f"{stage} was not one of the allowed options: [{allowed}]")]
        return []

    def _refuse_taken(self, kind: ObjectType, values: Mapping[str, str | None], own: int | None) -> None:
        """A contact's additional addresses must be as free as its first one."""
        store = self.portal.stores[kind.name]
        present = {name: value for name, value in values.items() if value is not None}
        for name in store.unique_names():
            for value in unique_values(name, present):
                holder = store.holder(name, value)
                if holder is not None and holder != own:
                    raise self._taken(kind, name, value, holder)

    def _taken(self, kind: ObjectType, name: str, value: str, holder: int) -> ApiError:
        if name != "email" and self.portal.settings.unique_conflict_status == 400:
            message = f'Cannot set "{name}" to "{value}": {kind.singular} {holder} already has that value.'
            return invalid_values([Flaw(name, "CONFLICTING_UNIQUE_VALUE", message)])
        return conflict(kind.singular, holder)

    def _write(self, kind: ObjectType, record: Record, changes: dict[str, str | None]) -> None:
        store = self.portal.stores[kind.name]
        self._before_write(store, record)
        store.release(record)
        before = dict(record.values)
        _apply(record.values, changes)
        derived = derive(self.portal, kind, before, record.values, iso(self._now()))
        _apply(record.values, derived)
        store.claim(record)
        self._touch(kind, record)
        self.teller.changed(self.portal, kind, record.id, changes | derived, self.author)

    def _before_write(self, store: Store, record: Record) -> None:
        store.remember(record, self._lag(), self._now(), dict(record.values))

    def _touch(self, kind: ObjectType, record: Record) -> None:
        record.updated_ms = self._now()
        record.values[kind.modified] = iso(record.updated_ms)

    def _after_link(self, changes: list[LinkChange]) -> None:
        self.teller.linked(self.portal, changes, self.author)
        self._note_primary_companies(changes)
        for change in changes:
            store = self.portal.stores[change.type.source.name]
            record = store.find(change.source)
            if record and self.portal.settings.association_touches_modified:
                self._before_write(store, record)
                self._touch(change.type.source, record)

    def _note_primary_companies(self, changes: list[LinkChange]) -> None:
        contacts, companies = self.portal.stores["contacts"], self.portal.stores["companies"].kind
        for contact_id in {change.source for change in changes if change.type.source is contacts.kind}:
            record = contacts.find(contact_id)
            if record:
                primary = self.portal.links.primary(contacts.kind, record.id, companies)
                _apply(record.values, {"associatedcompanyid": None if primary is None else str(primary)})

    def _relink(self, kind: ObjectType, record: Record) -> None:
        """A restored record has its links again, as far as the other ends are still there."""
        changes = self.portal.stores[kind.name].parked.pop(record.id, [])
        for change in changes:
            if change.source == record.id and change.type.source is kind:
                other = self.portal.stores[change.type.target.name].find(change.target)
                if other:
                    self.portal.links.seed(change.type, record.id, other.id)
        self._note_primary_companies(changes)

    def _tell_merge(self, kind: ObjectType, primary: Record, other: Record, number: int) -> None:
        self.teller.tell(
            self.portal,
            kind,
            "merge",
            self.author,
            objectId=number,
            changeFlag="MERGED",
            primaryObjectId=primary.id,
            mergedObjectIds=[other.id],
            newObjectId=number,
            numberOfPropertiesMoved=len(other.values),
        )

    def _now(self) -> int:
        return self.at_ms if self.at_ms is not None else self.portal.clock.now_ms()

    def _lag(self) -> int:
        return int(self.portal.settings.index_lag_seconds * 1000)


def link_types(kind: AssociationType, portal: Portal, source: int) -> AssociationType:
    """The first company that a contact or deal is linked to becomes its primary one."""
    primary = primary_between(kind.source, kind.target)
    if primary is None or kind.label is not None:
        return kind
    if kind.source.name == "companies" or portal.links.of(kind.source, source, kind.target):
        return kind
    return primary


def _missing(kind: ObjectType, values: Mapping[str, str | None]) -> list[Flaw]:
    flaws = [
        Flaw(name, "REQUIRED_FIELD_MISSING", f'Required property "{name}" is missing')
        for name in kind.required if not values.get(name)
    ]  # fmt: skip
    if kind.one_of and not any(values.get(name) for name in kind.one_of):
        names = ", ".join(kind.one_of)
        flaws.append(Flaw(kind.one_of[0], "REQUIRED_FIELD_MISSING", f"At least one of [{names}] must be set"))
    return flaws


def _keep_lifecycle_forward(values: dict[str, str | None], before: Mapping[str, str]) -> None:
    """The API moves a lifecycle stage forward only; a step back is dropped without a word unless it was cleared."""
    wanted, held = values.get("lifecyclestage"), before.get("lifecyclestage")
    if wanted in LIFECYCLE and held in LIFECYCLE and LIFECYCLE.index(wanted) < LIFECYCLE.index(held):
        del values["lifecyclestage"]


def _apply(values: Values, changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = value


def _merged_ids(record: Record) -> list[str]:
    return [each for each in record.values.get("hs_merged_object_ids", "").split(";") if each]


def _merge_marks(kind: ObjectType, primary: Record, other: Record, now_ms: int) -> Values:
    merged = [*_merged_ids(primary), *_merged_ids(other), str(primary.id), str(other.id)]
    marks = {"hs_merged_object_ids": ";".join(merged)}
    if kind.name == "contacts":
        marks["hs_calculated_merged_vids"] = ";".join(f"{each}:{now_ms}" for each in merged)
        addresses = [
            record.values.get(name, "") for record in (primary, other) for name in ("email", "hs_additional_emails")
        ]
        first, *extra = [*dict.fromkeys(";".join(addresses).split(";")), ""]
        more = [each for each in extra if each and each != first]
        marks |= {"hs_additional_emails": ";".join(more)} if more else {}
    return marks
