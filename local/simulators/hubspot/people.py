"""`POST /_sim/mutate`: what people do in HubSpot itself, without any app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulators.clock import Clock
from local.simulators.hubspot.events import Author, Teller
from local.simulators.hubspot.objects_api import target_id
from local.simulators.hubspot.portal import Portal, Stage, kind_of
from local.simulators.hubspot.schema import ASSOCIATION_BY_ID, DEALS, AssociationType, default_between, types_between
from local.simulators.hubspot.tokens import Tokens
from local.simulators.hubspot.writes import Desk, link_types
from local.simulators.simulator import BadCommand

Order = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One order, where it is carried out, and the desk that does it in its author's name."""

    order: Order
    portal: Portal
    desk: Desk


@dataclass(slots=True)
class Operations:
    """An order names its `op`; `portal` defaults to the first, `source` (changeSource) to CRM_UI, `at_ms` to now."""

    portals: dict[int, Portal]
    tokens: Tokens
    teller: Teller
    clock: Clock
    _table: dict[str, Callable[[Act], Result]] = field(init=False)

    def __post_init__(self) -> None:
        self._table = {
            "create": self._create,
            "update": self._update,
            "archive": self._archive,
            "restore": self._restore,
            "merge": self._merge,
            "gdpr_delete": self._gdpr_delete,
            "associate": self._associate,
            "disassociate": self._disassociate,
            "update_owner": self._update_owner,
            "update_stage": self._update_stage,
            "add_stage": self._add_stage,
            "revoke_token": self._revoke_token,
            "expire_tokens": self._expire_tokens,
            "uninstall": self._uninstall,
        }

    def carry_out(self, order: Order) -> Result:
        operation = self._table.get(str(order.get("op")))
        if operation is None:
            raise BadCommand(f"no operation {order.get('op')!r}; there are {', '.join(self._table)}")
        portal = self.portals.get(int(order.get("portal", next(iter(self.portals)))))
        if portal is None:
            raise BadCommand(f"no portal {order['portal']}; there are {', '.join(map(str, self.portals))}")
        author = Author(str(order.get("source", "CRM_UI")), str(order.get("source_id", "userId:5501")))
        at_ms = self.clock.now_ms() if order.get("same_time") else order.get("at_ms")
        return {"op": order["op"], **operation(Act(order, portal, Desk(portal, self.teller, author, at_ms)))}

    def _create(self, act: Act) -> Result:
        """`count` makes several; `{n}` in a text value is the number of each."""
        kind, made = kind_of(act.order["object"]), []
        for number in range(int(act.order.get("count", 1))):
            record = act.desk.create(kind, _numbered(act.order.get("properties", {}), number))
            for link in act.order.get("associations", []):
                _link(act, {"object": kind.name, **link, "id": record.id})
            made.append(str(record.id))
        return {"ids": made}

    def _update(self, act: Act) -> Result:
        """Of `ids`, or of the first `count` records."""
        kind = kind_of(act.order["object"])
        first = list(act.portal.stores[kind.name].live)[: int(act.order.get("count", 0))]
        ids = _ids(act.order) or list(map(str, first))
        for number, each in enumerate(ids):
            act.desk.update(kind, act.desk.record(kind, each), _numbered(act.order["properties"], number))
        return {"ids": ids}

    def _archive(self, act: Act) -> Result:
        kind = kind_of(act.order["object"])
        for each in _ids(act.order):
            act.desk.archive(kind, act.desk.record(kind, each))
        return {"ids": _ids(act.order)}

    def _restore(self, act: Act) -> Result:
        kind = kind_of(act.order["object"])
        for each in _ids(act.order):
            act.desk.restore(kind, act.desk.record(kind, each, archived=True))
        return {"ids": _ids(act.order)}

    def _merge(self, act: Act) -> Result:
        kind = kind_of(act.order["object"])
        primary, other = (act.desk.record(kind, str(act.order[role])) for role in ("primary", "other"))
        if primary is other:
            raise BadCommand("merge: both ids are the same record")
        return {"id": str(act.desk.merge(kind, primary, other).id)}

    def _gdpr_delete(self, act: Act) -> Result:
        kind = kind_of(act.order["object"])
        for each in _ids(act.order):
            live = act.portal.stores[kind.name].find(int(each))
            act.desk.erase(kind, live or act.desk.record(kind, each, archived=True))
        return {"ids": _ids(act.order)}

    def _associate(self, act: Act) -> Result:
        for each in _ids(act.order):
            _link(act, {**act.order, "id": each})
        return {"ids": _ids(act.order)}

    def _disassociate(self, act: Act) -> Result:
        order = act.order
        source, target = kind_of(order["object"]), kind_of(order["to_object"])
        only = frozenset({_link_type(order).id}) if "label" in order or "type_id" in order else None
        for each in _ids(order):
            act.desk.disassociate(source, int(each), target, int(order["to_id"]), only)
        return {"ids": _ids(order)}

    def _update_owner(self, act: Act) -> Result:
        owner = act.portal.owner(str(act.order["id"]))
        if owner is None:
            raise BadCommand(f"no owner {act.order['id']}")
        _set(owner, act.order, ("email", "first_name", "last_name", "archived", "kind", "team"))
        return {"owner": owner.wire()}

    def _update_stage(self, act: Act) -> Result:
        pipelines = [*act.portal.pipelines, *act.portal.ticket_pipelines]
        stages = {stage.id: stage for pipeline in pipelines for stage in pipeline.stages}
        stage = stages[str(act.order["id"])]
        _set(stage, act.order, ("label", "probability", "closed", "archived"))
        return {"stage": stage.wire(0)}

    def _add_stage(self, act: Act) -> Result:
        pipeline = act.portal.pipeline(DEALS, str(act.order.get("pipeline", "default")))
        if pipeline is None:
            raise BadCommand(f"no pipeline {act.order['pipeline']}")
        likely, closed = str(act.order.get("probability", "0.5")), bool(act.order.get("closed"))
        stage = Stage(str(act.order["id"]), str(act.order["label"]), likely, closed)
        pipeline.stages.append(stage)
        return {"stage": stage.wire(len(pipeline.stages) - 1)}

    def _revoke_token(self, act: Act) -> Result:
        """One `token`, access or refresh; without it every token of the portal."""
        if "token" in act.order:
            return {"revoked": self.tokens.revoke(str(act.order["token"]))}
        self.tokens.revoke_all(act.portal)
        return {"revoked": True}

    def _expire_tokens(self, act: Act) -> Result:
        return {"expired": self.tokens.expire(act.portal, act.order.get("token"))}

    def _uninstall(self, act: Act) -> Result:
        self.tokens.uninstall(act.portal)
        return {"portal": act.portal.account.id}


def _link(act: Act, link: Order) -> None:
    kind = _link_type(link)
    source = target_id(act.portal, kind.source, str(link["id"]))
    target = target_id(act.portal, kind.target, str(link["to_id"]))
    act.desk.associate(link_types(kind, act.portal, source), source, target)


def _ids(order: Order) -> list[str]:
    return [str(each) for each in order.get("ids", [order["id"]] if "id" in order else [])]


def _numbered(properties: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        name: value.replace("{n}", str(number)) if isinstance(value, str) else value
        for name, value in properties.items()
    }


def _link_type(order: Order) -> AssociationType:
    """By `type_id`, by `label`, or the plain one between the two objects."""
    source, target = kind_of(order["object"]), kind_of(order["to_object"])
    if "type_id" in order:
        return ASSOCIATION_BY_ID[int(order["type_id"])]
    label = order.get("label")
    found = default_between(source, target) if label is None else None
    found = found or next((each for each in types_between(source, target) if each.label == label), None)
    if found is None:
        raise BadCommand(f"{source.name} and {target.name} have no association {label or ''}")
    return found


def _set(target: object, order: Order, names: tuple[str, ...]) -> None:
    for name in names:
        if name in order:
            setattr(target, name, order[name])
