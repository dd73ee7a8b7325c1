"""`POST /_sim/mutate`: what people and admins do in Salesforce itself, without any app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from local.simulators.salesforce import merges
from local.simulators.salesforce.fields import Choice, Field
from local.simulators.salesforce.kinds import Kind
from local.simulators.salesforce.org import Org, ValidationRule
from local.simulators.salesforce.values import parsed_moment
from local.simulators.salesforce.writes import Desk
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.salesforce.cloud import Cloud

Order = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One order, the org it is carried out in, and the desk that does it in a person's name."""

    order: Order
    org: Org
    desk: Desk

    @property
    def kind(self) -> Kind:
        return self.org.kind(str(self.order["object"]))

    @property
    def ids(self) -> list[str]:
        """`ids` or `id`; without them the first `count` live rows."""
        named = self.order.get("ids", [self.order["id"]] if "id" in self.order else None)
        if named is not None:
            return [str(each) for each in named]
        rows = self.org.stores[self.kind.name].scan()
        return [row["Id"] for row, _ in zip(rows, range(int(self.order.get("count", 0))), strict=False)]


@dataclass(slots=True)
class Operations:
    """An order names its `op`; `org` defaults to the first, `at` (a moment) to now.

    `user` defaults to a colleague of the person who connected the app; `late_seconds` lets the change surface that
    much after its stamp, and untold.
    """

    cloud: "Cloud"
    _table: dict[str, Callable[[Act], Result]] = field(init=False)

    def __post_init__(self) -> None:
        self._table = {
            "create": _create, "update": _update, "delete": _delete, "undelete": _undelete, "merge": _merge,
            "convert": _convert, "hard_delete": _hard_delete, "touch": _touch, "lock": _lock, "hide": _hide,
            "show": _show, "add_field": _add_field, "hide_field": _hide_field, "show_field": _show_field,
            "update_stage": _update_stage, "add_stage": _add_stage, "validation_rule": _validation_rule,
            "archive": _archive, "recalculate": _recalculate, "protect": _protect,
            "outbound_message": self._outbound_message, "revoke_token": self._revoke_token,
            "expire_tokens": self._expire_tokens, "uninstall": self._uninstall, "move": self._move,
        }  # fmt: skip

    def carry_out(self, order: Order) -> Result:
        operation = self._table.get(str(order.get("op")))
        if operation is None:
            raise BadCommand(f"no operation {order.get('op')!r}; there are {', '.join(self._table)}")
        org = self.cloud.org(order.get("org"))
        at = order.get("at")
        at_ms = parsed_moment(str(at)) if at is not None else None
        if at is not None and at_ms is None:
            raise BadCommand(f"not a moment: {at}")
        late = int(float(order.get("late_seconds", 0)) * 1000)
        desk = Desk(org, str(order.get("user", _somebody(org))), at_ms, late, allow_duplicates=True)
        return {"op": order["op"], **operation(Act(order, org, desk))}

    def _outbound_message(self, act: Act) -> Result:
        """Sets up one of the org's own messages: `object`, `url`, `fields`; `clear` first removes the others."""
        if act.order.get("clear"):
            act.org.outbound.clear()
        fields = tuple(act.order.get("fields", self.cloud.settings.webhook_fields.split()))
        message = self.cloud.teller.message(act.kind.name, str(act.order["url"]), fields)
        act.org.outbound.append(message)
        return {"action": message.action_id}

    def _revoke_token(self, act: Act) -> Result:
        """One `token`, access or refresh; without it every token of the org."""
        if "token" in act.order:
            return {"revoked": self.cloud.tokens.revoke(str(act.order["token"]))}
        self.cloud.tokens.revoke_all(act.org)
        return {"revoked": True}

    def _expire_tokens(self, act: Act) -> Result:
        return {"expired": self.cloud.tokens.expire(act.org, act.order.get("token"))}

    def _move(self, act: Act) -> Result:
        """To an address of its own, `/my/{domain}`; sessions end, refresh tokens do not."""
        domain = str(act.order["domain"])
        act.org.facts = replace(act.org.facts, domain=domain)
        act.org.home = f"/my/{domain}"
        self.cloud.tokens.expire(act.org)
        return {"instance_url": self.cloud.instance_url(act.org)}

    def _uninstall(self, act: Act) -> Result:
        self.cloud.tokens.revoke_all(act.org)
        return {"org": act.org.facts.id}


def _somebody(org: Org) -> str:
    """The first colleague of the person who connected the app."""
    return next((each for each in org.stores["User"].rows if each != org.user_id), org.user_id)


def _create(act: Act) -> Result:
    """`count` makes several; `{n}` in a text value is the number of each."""
    numbers = range(int(act.order.get("count", 1)))
    made = [act.desk.create(act.kind, _numbered(act.order.get("fields", {}), number)) for number in numbers]
    return {"ids": [row["Id"] for row in made]}


def _update(act: Act) -> Result:
    ids = act.ids
    for number, each in enumerate(ids):
        act.desk.update(act.kind, each, _numbered(act.order["fields"], number))
    return {"ids": ids}


def _delete(act: Act) -> Result:
    return {"ids": [gone for each in act.ids for gone in act.desk.delete(act.kind, each)]}


def _undelete(act: Act) -> Result:
    for each in act.ids:
        act.desk.undelete(act.kind, each)
    return {"ids": act.ids}


def _merge(act: Act) -> Result:
    """`winner` and `losers` (or `loser`)."""
    losers = [str(each) for each in act.order.get("losers", [act.order.get("loser")])]
    return {"id": merges.merge(act.desk, act.kind, str(act.order["winner"]), losers)["Id"]}


def _convert(act: Act) -> Result:
    """A lead (`id`), perhaps into an existing `account` or `contact`, perhaps with a new `deal` of that name."""
    chosen = (act.order.get(name) for name in ("account", "contact", "deal"))
    lead = merges.convert(act.desk, str(act.order["id"]), *chosen)
    return {name: lead.get(f"Converted{name}Id") for name in ("Account", "Contact", "Opportunity")}


def _hard_delete(act: Act) -> Result:
    """Emptied out of the recycle bin; a live record goes there first."""
    store = act.org.stores[act.kind.name]
    for each in act.ids:
        if not store.rows[each].get("IsDeleted"):
            act.desk.delete(act.kind, each)
        store.erase(each)
    return {"ids": act.ids}


def _touch(act: Act) -> Result:
    """Moves SystemModstamp and nothing else, of all these rows to the same moment."""
    store, ids = act.org.stores[act.kind.name], act.ids
    for each in ids:
        act.desk.change(act.kind, store.rows[each])
    return {"ids": ids}


def _lock(act: Act) -> Result:
    """The next `times` writes to each of these are refused with UNABLE_TO_LOCK_ROW."""
    for each in act.ids:
        act.org.locks[each] = int(act.order.get("times", 1))
    return {"ids": act.ids}


def _protect(act: Act) -> Result:
    """Shared with the connected user for reading only."""
    act.org.protected.update(act.ids)
    return {"ids": act.ids}


def _archive(act: Act) -> Result:
    """Activities of more than a year ago: only queryAll still finds them."""
    for each in act.ids:
        act.desk.change(act.kind, act.desk.row(act.kind, each), IsArchived=True)
    return {"ids": act.ids}


def _recalculate(act: Act) -> Result:
    """As a formula does: values change and no stamp moves."""
    store = act.org.stores[act.kind.name]
    for each in act.ids:
        store.put({**store.rows[each], **act.order["fields"]})
    return {"ids": act.ids}


def _hide(act: Act) -> Result:
    """No longer shared with the connected user: queries leave it out, reading it answers 404."""
    act.org.stores[act.kind.name].hidden.update(act.ids)
    return {"ids": act.ids}


def _show(act: Act) -> Result:
    act.org.stores[act.kind.name].hidden.difference_update(act.ids)
    return {"ids": act.ids}


def _add_field(act: Act) -> Result:
    """`name`, `type`, `length`, `label`, `unique`, `external_id`."""
    names = ("name", "type", "length", "label", "unique", "external_id")
    extra = Field(**{name: act.order[name] for name in names if name in act.order})
    if not extra.custom:
        raise BadCommand("the names of custom fields end in __c")
    act.kind.add(extra, act.org.clock.now_ms())
    return {"field": extra.name}


def _hide_field(act: Act) -> Result:
    """Field-level security: for the connected user it is not there."""
    act.kind.hidden.add(str(act.order["field"]))
    act.kind.modified_ms = act.org.clock.now_ms()
    return {"field": act.order["field"]}


def _show_field(act: Act) -> Result:
    act.kind.hidden.discard(str(act.order["field"]))
    act.kind.modified_ms = act.org.clock.now_ms()
    return {"field": act.order["field"]}


def _update_stage(act: Act) -> Result:
    """`stage` by its name; `fields` of OpportunityStage to set."""
    stage = act.org.stage(str(act.order["stage"]))
    if stage is None:
        raise BadCommand(f"no stage {act.order['stage']}")
    act.desk.change(act.org.kinds["OpportunityStage"], stage, **act.order["fields"])
    return {"id": stage["Id"]}


def _add_stage(act: Act) -> Result:
    fields = act.order["fields"]
    kind, store = act.org.kinds["OpportunityStage"], act.org.stores["OpportunityStage"]
    row = {"Id": act.org.next_id(kind), "IsActive": True, "SortOrder": len(store.rows) + 1, "IsClosed": False,
           "IsWon": False, "DefaultProbability": 50.0, "ForecastCategoryName": "Pipeline", **fields}  # fmt: skip
    stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), act.org.now_ms())
    store.put({"ApiName": row["MasterLabel"], **row, **stamps})
    deals = act.org.kinds["Opportunity"]
    stages = deals.fields["StageName"]
    choices = (*stages.choices, Choice(row["MasterLabel"]))
    deals.add(replace(stages, choices=choices), act.org.clock.now_ms())
    return {"id": row["Id"]}


def _validation_rule(act: Act) -> Result:
    """Writing `forbidden` into `field` is refused with the admin's own words."""
    message = str(act.order.get("message", "This value is not allowed here."))
    act.org.rules.append(ValidationRule(act.kind.name, str(act.order["field"]), act.order["forbidden"], message))
    return {"rules": len(act.org.rules)}


def _numbered(fields: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        name: value.replace("{n}", str(number)) if isinstance(value, str) else value for name, value in fields.items()
    }
