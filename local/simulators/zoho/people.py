"""`POST /_sim/mutate`: what people and admins do in Zoho CRM itself, without any app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.simulators.simulator import BadCommand
from local.simulators.zoho import merges
from local.simulators.zoho.fields import Choice, Field
from local.simulators.zoho.oauth_api import known_scopes
from local.simulators.zoho.org import Org, Stage
from local.simulators.zoho.settings_api import user_wire
from local.simulators.zoho.tokens import EVERYTHING
from local.simulators.zoho.values import moment_ms
from local.simulators.zoho.writes import Desk

if TYPE_CHECKING:
    from local.simulators.zoho.suite import Suite

Order = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One order, the org it is carried out in, and the desk that does it in a person's name."""

    order: Order
    org: Org
    desk: Desk

    @property
    def module(self) -> str:
        return self.org.module(str(self.order["object"])).name

    @property
    def ids(self) -> list[str]:
        """`ids` or `id`; without them the first `count` records."""
        named = self.order.get("ids", [self.order["id"]] if "id" in self.order else None)
        if named is not None:
            return [str(each) for each in named]
        return [row_id for _, row_id in self.org.stores[self.module].ordered("id")[: int(self.order.get("count", 0))]]


@dataclass(slots=True)
class Operations:
    """An order names its `op`; `org` defaults to the first, `user` to the administrator, `at` to now.

    `at` is the stamp of what is written: an earlier one is a commit that surfaces late.
    """

    suite: "Suite"
    _table: dict[str, Callable[[Act], Result]] = field(init=False)

    def __post_init__(self) -> None:
        self._table = {
            "create": _create, "update": _update, "delete": _delete, "restore": _restore, "purge": _purge,
            "merge": _merge, "convert": _convert, "touch": _touch, "lock": _lock, "blueprint": _blueprint,
            "hide": _hide, "show": _show,
            "add_role": _add_role, "remove_role": _remove_role, "forbid": _forbid, "add_field": _add_field,
            "remove_field": _remove_field, "update_stage": _update_stage, "add_stage": _add_stage,
            "update_user": self._update_user, "self_client_code": self._self_client_code,
            "revoke_token": self._revoke_token, "expire_tokens": self._expire_tokens, "uninstall": self._uninstall,
        }  # fmt: skip

    def carry_out(self, order: Order) -> Result:
        operation = self._table.get(str(order.get("op")))
        if operation is None:
            raise BadCommand(f"no operation {order.get('op')!r}; there are {', '.join(self._table)}")
        org = self.suite.org(order.get("org"))
        desk = Desk(org, str(order.get("user", org.me().id)), _moment(order.get("at")))
        return {"op": order["op"], **operation(Act(order, org, desk))}

    def _update_user(self, act: Act) -> Result:
        """`id` and what changes: first_name, last_name, email, role, profile, status (active, disabled, deleted)."""
        user = act.org.users[str(act.order["id"])]
        for name in ("first_name", "last_name", "email", "role", "profile", "status"):
            if name in act.order:
                setattr(user, name, str(act.order[name]))
        user.modified_ms = act.org.now_ms()
        return {"user": user_wire(act.org, user)}

    def _self_client_code(self, act: Act) -> Result:
        """A grant code as the API console gives it: `scopes` separated by commas; no redirect address."""
        scopes = known_scopes(str(act.order.get("scopes", ",".join(EVERYTHING))))
        return {"code": self.suite.tokens.approve(act.org, act.desk.user_id, None, scopes, offline=True)}

    def _revoke_token(self, act: Act) -> Result:
        """One `token`, access or refresh; without it every token of the org."""
        if "token" in act.order:
            return {"revoked": self.suite.tokens.revoke(str(act.order["token"]))}
        self.suite.tokens.revoke_all(act.org)
        return {"revoked": True}

    def _expire_tokens(self, act: Act) -> Result:
        return {"expired": self.suite.tokens.expire(act.org, act.order.get("token"))}

    def _uninstall(self, act: Act) -> Result:
        """The person takes the app off the list of connected apps."""
        self.suite.tokens.uninstall(act.org)
        return {"org": act.org.facts.id}


def _create(act: Act) -> Result:
    """`count` makes several; `{n}` in a text value is the number of each."""
    numbers = range(int(act.order.get("count", 1)))
    made = [act.desk.create(act.module, _numbered(act.order.get("fields", {}), number)) for number in numbers]
    return {"ids": [row["id"] for row in made]}


def _update(act: Act) -> Result:
    ids = act.ids
    for number, each in enumerate(ids):
        act.desk.update(act.module, each, _numbered(act.order["fields"], number))
    return {"ids": ids}


def _delete(act: Act) -> Result:
    ids = act.ids
    for each in ids:
        act.desk.delete(act.module, each)
    return {"ids": ids}


def _restore(act: Act) -> Result:
    for each in act.ids:
        act.desk.restore(act.module, each)
    return {"ids": act.ids}


def _purge(act: Act) -> Result:
    """Emptied out of the recycle bin; a live record goes there first."""
    ids = act.ids
    for each in ids:
        act.desk.purge(act.module, each)
    return {"ids": ids}


def _merge(act: Act) -> Result:
    """`primary`, and `other` or `others`."""
    losers = [str(each) for each in act.order.get("others", [act.order.get("other")])]
    return {"id": merges.merge(act.desk, act.module, str(act.order["primary"]), losers)["id"]}


def _convert(act: Act) -> Result:
    """A lead (`id`), perhaps into an existing `account` or `contact`, perhaps with a `deal` of these fields."""
    order = act.order
    wish = {"Accounts": {"id": order.get("account")}, "Contacts": {"id": order.get("contact")},
            "Deals": order.get("deal")}  # fmt: skip
    lead = merges.convert(act.desk, str(order["id"]), wish)
    return {name: lead.get(f"Converted_{name.title()}") for name in ("account", "contact", "deal")}


def _touch(act: Act) -> Result:
    """Moves Modified_Time and nothing else, of all these records to the same second."""
    ids = act.ids
    for each in ids:
        act.desk.change(act.module, act.desk.row(act.module, each), {})
    return {"ids": ids}


def _lock(act: Act) -> Result:
    """The next `times` writes to each of these are refused with RECORD_LOCKED."""
    for each in act.ids:
        act.org.locks[each] = int(act.order.get("times", 1))
    return {"ids": act.ids}


def _blueprint(act: Act) -> Result:
    """Their stage can no longer be written: RECORD_IN_BLUEPRINT. `leave` takes them out again."""
    (act.org.in_blueprint.difference_update if act.order.get("leave") else act.org.in_blueprint.update)(act.ids)
    return {"ids": act.ids}


def _hide(act: Act) -> Result:
    """No longer shared with the connected user; nobody tells a channel of it."""
    ids = act.ids
    for each in ids:
        act.org.stores[act.module].hide(each)
    return {"ids": ids}


def _show(act: Act) -> Result:
    for each in act.ids:
        act.org.stores[act.module].show(each)
    return {"ids": act.ids}


def _add_role(act: Act) -> Result:
    merges.add_role(act.desk, str(act.order["deal"]), str(act.order["contact"]), act.order.get("role"))
    return {"deal": act.order["deal"]}


def _remove_role(act: Act) -> Result:
    merges.remove_role(act.desk, str(act.order["deal"]), str(act.order["contact"]))
    return {"deal": act.order["deal"]}


def _forbid(act: Act) -> Result:
    """The connected user's profile loses `what` (view, create, edit, delete) of a module; an empty list gives all."""
    forbidden = act.org.modules[act.module].forbidden
    forbidden.clear()
    forbidden.update(map(str, act.order.get("what", [])))
    return {"forbidden": sorted(forbidden)}


def _add_field(act: Act) -> Result:
    """`name`, `type`, `length`, `label`, `unique`, `lookup`, `choices`."""
    order = act.order
    names = ("name", "type", "length", "label", "unique", "lookup")
    extra = Field(**{name: order[name] for name in names if name in order}, custom=True)
    extra.choices = [Choice(each, each) for each in order.get("choices", [])]
    return {"field": act.org.add_field(act.module, extra).name}


def _remove_field(act: Act) -> Result:
    """The values stay behind, out of sight."""
    del act.org.modules[act.module].fields[str(act.order["field"])]
    return {"field": act.order["field"]}


def _update_stage(act: Act) -> Result:
    """`stage` by its name; display, actual, probability or forecast_type to set. A rename changes what deals show."""
    found = [each for each in act.org.stages() if act.order["stage"] in (each.actual, each.display, each.id)]
    if not found:
        raise BadCommand(f"no stage {act.order['stage']}")
    for stage in found:
        for name in ("display", "actual", "probability", "forecast_type"):
            if name in act.order:
                setattr(stage, name, act.order[name])
    act.org.refresh_choices()
    return {"ids": [each.id for each in found]}


def _add_stage(act: Act) -> Result:
    order = act.order
    pipeline = act.org.pipeline(order.get("pipeline")) or act.org.pipelines[0]
    display = str(order["display"])
    stage = Stage(act.org.next_id(), display, str(order.get("actual", display)), int(order.get("probability", 50)),
                  str(order.get("forecast_type", "Open")))  # fmt: skip
    pipeline.stages.append(stage)
    act.org.refresh_choices()
    return {"id": stage.id}


def _moment(text: object) -> int | None:
    if text is None:
        return None
    found = moment_ms(str(text))
    if found is None:
        raise BadCommand(f"not a moment: {text}")
    return found


def _numbered(fields: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {
        name: value.replace("{n}", str(number)) if isinstance(value, str) else value for name, value in fields.items()
    }
