"""Creates, changes and deletes rows as Salesforce does: checked, completed, stamped, and told to outbound messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.simulators.salesforce import checks
from local.simulators.salesforce.derived import derive
from local.simulators.salesforce.errors import Refused, deleted, not_there
from local.simulators.salesforce.fields import Field
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.org import Org
from local.simulators.salesforce.store import Row
from local.simulators.salesforce.values import stored

Wish = Mapping[str, Any]
# What a note's document and its versions share with it.
FILED = ("Title", "FileExtension", "FileType", "ContentSize", "TextPreview", "OwnerId", "CreatedDate", "CreatedById",
         "LastModifiedDate", "LastModifiedById", "SystemModstamp")  # fmt: skip
MIRRORED = {
    "FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "PersonEmail": "Email",
    "PersonMobilePhone": "MobilePhone", "PersonTitle": "Title", "Phone": "Phone", "OwnerId": "OwnerId",
    "PersonBirthdate": "Birthdate", "PersonLeadSource": "LeadSource",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """Works in somebody's name.

    `at_ms` dates a change back; `late_ms` lets it surface that much after its stamp, and nobody is told of it.
    """

    org: Org
    author: str
    at_ms: int | None = None
    late_ms: int = 0
    allow_duplicates: bool = False

    def row(self, kind: Kind, row_id: str) -> Row:
        """The row of a well-formed id, or the 404 that its absence or deletion gives."""
        row = self.org.stores[kind.name].seen(row_id)
        if row is None:
            raise not_there()
        if row.get("IsDeleted"):
            raise deleted()
        return row

    def create(self, kind: Kind, wish: Wish) -> Row:
        if not kind.writable:
            raise Refused(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {kind.name} is not org-accessible")
        asked = self._read(kind, wish, creating=True)
        row: Row = {name: value for name, value in asked.items() if value is not None}
        self._default(kind, row)
        checks.creation(self.org, kind, row)
        checks.values(self.org, kind, asked, row, allow_duplicates=self.allow_duplicates)
        now = self._now()
        row |= {"Id": self.org.next_id(kind), "CreatedDate": now, "CreatedById": self.author}
        derive(self.org, kind.name, row, row, now)
        self._save(kind, row, None)
        self._follow_creation(kind, row)
        return row

    def update(self, kind: Kind, row_id: str, wish: Wish) -> Row:
        before = self.row(kind, row_id)
        if not kind.writable or kind.creatable_only:
            raise Refused(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {kind.name} cannot be updated")
        checks.lock(self.org, row_id)
        if before.get("IsConverted"):
            raise Refused(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [])
        asked = self._read(kind, wish, creating=False)
        row = {**before, **asked}
        checks.values(self.org, kind, asked, row, allow_duplicates=self.allow_duplicates, known=row_id)
        derive(self.org, kind.name, row, asked, self._now())
        self._save(kind, row, before)
        self._mirror(kind, row)
        if kind.name == "ContentNote":
            self._publish(row)
        return row

    def delete(self, kind: Kind, row_id: str) -> list[str]:
        """Into the recycle bin, with what hangs below; the ids of all that went."""
        if not kind.writable:
            raise Refused(405, "METHOD_NOT_ALLOWED", f"HTTP Method 'DELETE' not allowed for {kind.name}")
        self.row(kind, row_id)
        checks.lock(self.org, row_id)
        gone = [row_id]
        for child in kind.children:
            if child.cascade:
                below = self.org.stores[child.object]
                ids = [each["Id"] for each in below.scan() if each.get(child.field) == row_id]
                gone += [found for each in ids for found in self.delete(self.org.kinds[child.object], each)]
        self.bin(kind, row_id)
        return gone

    def bin(self, kind: Kind, row_id: str, **marks: Any) -> None:
        store = self.org.stores[kind.name]
        before = store.rows[row_id]
        self._stamp(kind, {**before, "IsDeleted": True, **marks}, before)
        store.deleted_ms[row_id] = self._now()
        if kind.name == "ContentNote" and row_id in self.org.stores["ContentDocument"].rows:
            self.bin(self.org.kinds["ContentDocument"], row_id)

    def undelete(self, kind: Kind, row_id: str) -> Row:
        """Back from the bin, with what was deleted along with it."""
        store = self.org.stores[kind.name]
        before = store.rows.get(row_id)
        if before is None or not before.get("IsDeleted"):
            raise Refused(400, "UNDELETE_FAILED", "Entity is not in the recycle bin")
        when = store.deleted_ms.pop(row_id, None)
        row = {**before, "IsDeleted": False, "MasterRecordId": None}
        self._stamp(kind, row, before)
        for child in kind.children:
            below = self.org.stores[child.object]
            ids = [each for each, moment in below.deleted_ms.items()
                   if child.cascade and moment == when and each in below.rows
                   and below.rows[each].get(child.field) == row_id]  # fmt: skip
            for each in ids:
                self.undelete(self.org.kinds[child.object], each)
        return row

    def change(self, kind: Kind, row: Row, **changes: Any) -> None:
        """What Salesforce itself changes: no checks, and the time of last modification stays."""
        before = self.org.stores[kind.name].rows[row["Id"]]
        self._put(kind, {**before, **changes, "SystemModstamp": self._now()}, before)

    def _read(self, kind: Kind, wish: Wish, *, creating: bool) -> Row:
        asked: Row = {}
        locked: list[str] = []
        for name, value in wish.items():
            if name.casefold() in {"attributes", "id"}:
                continue
            field, plain = self._addressed(kind, name, value)
            if not (field.createable if creating else field.updateable):
                locked.append(field.name)
            else:
                asked[field.name] = stored(field, plain)
        if locked:
            raise checks.not_writable(locked)
        return asked

    def _addressed(self, kind: Kind, name: str, value: Any) -> tuple[Field, Any]:
        """A field by its name, or a lookup by the external id of the row it shall point to."""
        field = kind.find(name)
        if field is not None:
            return field, value
        lookup = kind.relationship(name)
        if lookup is None or not isinstance(value, dict):
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        return lookup, self._by_key(lookup, value)

    def _by_key(self, lookup: Field, value: dict[str, Any]) -> str:
        wanted = {name: each for name, each in value.items() if name != "attributes"}
        for name, each in wanted.items():
            for target in lookup.refers_to:
                key = self.org.kinds[target].find(name)
                found = self.org.stores[target].holders(key.name, each) if key and key.external_id else []
                if len(found) == 1:
                    return found[0]
        first, each = next(iter(wanted.items()), ("", ""))
        message = f"Foreign key external ID: {each} not found for field {first} in entity {lookup.refers_to[0]}"
        raise Refused(400, "INVALID_FIELD", message, [])

    def _default(self, kind: Kind, row: Row) -> None:
        for field in kind.fields.values():
            if field.default is not None:
                row.setdefault(field.name, field.default)
        if "OwnerId" in kind.fields:
            row.setdefault("OwnerId", self.author)
        if "CurrencyIsoCode" in kind.fields:
            row.setdefault("CurrencyIsoCode", self.org.facts.currency)
        if kind.name == "Account" and self.org.facts.person_accounts and row.get("LastName") and not row.get("Name"):
            row |= {"IsPersonAccount": True, "Name": row["LastName"]}

    def _save(self, kind: Kind, row: Row, before: Row | None) -> None:
        self._stamp(kind, row, before)
        if not self.late_ms:
            self.org.told(kind.name, row["Id"])

    def _stamp(self, kind: Kind, row: Row, before: Row | None) -> None:
        now = self._now()
        row |= {"LastModifiedDate": now, "LastModifiedById": self.author, "SystemModstamp": now}
        self._put(kind, row, before)

    def _put(self, kind: Kind, row: Row, before: Row | None) -> None:
        store = self.org.stores[kind.name]
        store.put({name: value for name, value in row.items() if value is not None})
        if self.late_ms:
            store.delay(row["Id"], self.org.clock.now_ms() + self.late_ms, before)

    def _follow_creation(self, kind: Kind, row: Row) -> None:
        if kind.name == "Opportunity" and row.get("ContactId"):
            roles = {"OpportunityId": row["Id"], "ContactId": row["ContactId"], "IsPrimary": True}
            self.create(self.org.kinds["OpportunityContactRole"], roles)
        elif kind.name == "OpportunityContactRole" and row.get("IsPrimary"):
            self._demote_others(row)
        elif kind.name == "ContentNote":
            self._file(row)
        elif row.get("IsPersonAccount") and kind.name == "Account":
            self._add_person(row)

    def _demote_others(self, primary: Row) -> None:
        kind = self.org.kinds["OpportunityContactRole"]
        others: Iterable[Row] = list(self.org.stores[kind.name].scan())
        for row in others:
            same = row["OpportunityId"] == primary["OpportunityId"] and row["Id"] != primary["Id"]
            if same and row.get("IsPrimary"):
                self.change(kind, row, IsPrimary=False)

    def _file(self, note: Row) -> None:
        """A note is a document, shared with its owner from the start."""
        self._publish(note)
        link = {"ContentDocumentId": note["Id"], "LinkedEntityId": note["OwnerId"], "ShareType": "I"}
        self.create(self.org.kinds["ContentDocumentLink"], link)

    def _publish(self, note: Row) -> None:
        """Every text of a note is a version of its document, the newest of which is the latest."""
        documents, versions = self.org.stores["ContentDocument"], self.org.stores["ContentVersion"]
        held = documents.rows.get(note["Id"], {}).get("LatestPublishedVersionId")
        if held:
            versions.put({**versions.rows[held], "IsLatest": False})
        number = int(versions.rows[held]["VersionNumber"]) + 1 if held else 1
        shared = {name: note[name] for name in FILED if name in note}
        version = {**shared, "Id": self.org.next_id(self.org.kinds["ContentVersion"]), "IsLatest": True,
                   "ContentDocumentId": note["Id"], "VersionNumber": str(number), "IsDeleted": False,
                   "PathOnClient": f"{note['Title']}.snote", "VersionData": note.get("Content", "")}  # fmt: skip
        versions.put(version)
        names = [name for name in FILED if name in documents.kind.fields and name in note]
        document = {"Id": note["Id"], "LatestPublishedVersionId": version["Id"]}
        documents.put({**document, **{name: note[name] for name in names}})

    def _add_person(self, account: Row) -> None:
        mirror = {to: account[name] for name, to in MIRRORED.items() if account.get(name) is not None}
        kind = self.org.kinds["Contact"]
        person = replace(self, allow_duplicates=True).create(kind, {**mirror, "AccountId": account["Id"]})
        self.change(kind, person, IsPersonAccount=True)
        self.change(self.org.kinds["Account"], account, PersonContactId=person["Id"])

    def _mirror(self, kind: Kind, account: Row) -> None:
        """A person account and its contact are one person."""
        if kind.name != "Account" or not account.get("PersonContactId"):
            return
        contacts = self.org.kinds["Contact"]
        row = {**self.org.stores["Contact"].rows[account["PersonContactId"]]}
        before = dict(row)
        row |= {to: account.get(name) for name, to in MIRRORED.items()}
        derive(self.org, "Contact", row, {}, self._now())
        self._stamp(contacts, row, before)

    def _now(self) -> int:
        return self.at_ms if self.at_ms is not None else self.org.now_ms()
