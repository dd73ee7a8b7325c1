"""`POST /_sim/mutate`: what people do in Pipedrive itself, without any app."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.simulators.pipedrive import settings_ops
from local.simulators.pipedrive.company import Company
from local.simulators.pipedrive.events import Author
from local.simulators.pipedrive.kinds import BY_NAME, DEALS, PERSONS, Kind
from local.simulators.pipedrive.settings_ops import numbered
from local.simulators.pipedrive.times import moment
from local.simulators.pipedrive.writes import Desk
from local.simulators.simulator import BadCommand

if TYPE_CHECKING:
    from local.simulators.pipedrive.drive import Drive

Order = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One order, the company it is carried out in, and the desk that does it in a person's name."""

    order: Order
    company: Company
    desk: Desk

    @property
    def kind(self) -> Kind:
        name = str(self.order["object"])
        if name not in BY_NAME:
            raise BadCommand(f"no object {name}; there are {', '.join(self.company.stores)}")
        return BY_NAME[name]

    @property
    def ids(self) -> list[int]:
        return ids_of(self.order, self.company)

    def wishes(self, number: int) -> dict[str, Any]:
        """`fields` (or `properties`); custom ones by key or by name, in `custom_fields` or beside the others."""
        asked: dict[str, Any] = numbered(self.order.get("fields", self.order.get("properties", {})), number)
        named = {each.name: each.key for each in self.company.customs.get(self.kind.name, {}).values()}
        custom = dict(asked.pop("custom_fields", {}))
        for name in [name for name in asked if self.kind.field(name) is None and name in {*named, *named.values()}]:
            custom[name] = asked.pop(name)
        return asked | ({"custom_fields": {named.get(k, k): v for k, v in custom.items()}} if custom else {})


def ids_of(order: Order, company: Company) -> list[int]:
    """`ids` or `id`; without them the first `count` live records."""
    if "ids" in order or "id" in order:
        return [int(each) for each in order.get("ids", [order.get("id")])]
    if "object" not in order or str(order["object"]) not in BY_NAME:
        return []
    live = company.stores[BY_NAME[str(order["object"])].name].live()
    return [record.id for record, _ in zip(live, range(int(order.get("count", 0))), strict=False)]


@dataclass(slots=True)
class Operations:
    """An order names its `op`; `company` is the first by default, `user` its admin, `at_ms` now, `source` app."""

    drive: "Drive"
    _table: dict[str, Callable[[Act], Result]] = field(init=False)

    def __post_init__(self) -> None:
        self._table = {
            "create": _create, "update": _update, "delete": _delete, "restore": _restore, "erase": _erase,
            "merge": _merge, "archive": _archive, "unarchive": _unarchive, "add_participant": _add_participant,
            "remove_participant": _remove_participant, "install": self._install, "uninstall": self._uninstall,
            "revoke_token": self._revoke_token, "expire_tokens": self._expire_tokens,
            "regenerate_token": self._regenerate_token,
            **{name: self._setting(do) for name, do in settings_ops.TABLE.items()},
        }  # fmt: skip

    def carry_out(self, order: Order) -> Result:
        operation = self._table.get(str(order.get("op")))
        if operation is None:
            raise BadCommand(f"no operation {order.get('op')!r}; there are {', '.join(self._table)}")
        company = self.drive.company(order.get("company"))
        bulk = len(ids_of(order, company)) > 1
        author = Author(int(order.get("user", company.admin.id)), str(order.get("source", "app")), bulk=bulk)
        at_ms = company.clock.now_ms() if order.get("same_time") else order.get("at_ms")
        return {"op": order["op"], **operation(Act(order, company, Desk(company, self.drive.teller, author, at_ms)))}

    def _setting(self, do: settings_ops.Setting) -> Callable[[Act], Result]:
        return lambda act: do(act.order, act.company, self.drive.teller, act.desk.author)

    def _install(self, act: Act) -> Result:
        """As if somebody had allowed the app; the code is for the one who holds the `redirect_uri`."""
        redirect = str(act.order["redirect_uri"])
        return {"code": self.drive.tokens.approve(act.company, act.desk.author.user, redirect)}

    def _uninstall(self, act: Act) -> Result:
        """The app's callback is told by a DELETE, once for each user who had installed it."""
        installs = self.drive.tokens.installs_of(act.company)
        for install in installs:
            self.drive.uninstall(install, told=not act.order.get("quietly"))
        return {"uninstalled": len(installs)}

    def _revoke_token(self, act: Act) -> Result:
        """One `token` of any sort; without it every one of the company."""
        tokens = self.drive.tokens
        wanted = act.order.get("token")
        for install in tokens.installs_of(act.company):
            if wanted in {None, install.refresh_token}:
                self.drive.uninstall(install, told=False)
        if wanted is None:
            for grant in list(tokens.live(act.company)):
                grant.revoked = True
        elif str(wanted) in tokens.grants:
            tokens.revoke(str(wanted))
        return {"revoked": True}

    def _expire_tokens(self, act: Act) -> Result:
        return {"expired": self.drive.tokens.expire(act.company, act.order.get("token"))}

    def _regenerate_token(self, act: Act) -> Result:
        return {"token": self.drive.tokens.regenerate(act.company, act.desk.author.user)}


def _create(act: Act) -> Result:
    """`count` makes several; `{n}` in a text value is the number of each."""
    made = [act.desk.create(act.kind, act.wishes(number)) for number in range(int(act.order.get("count", 1)))]
    return {"ids": [str(record.id) for record in made]}


def _update(act: Act) -> Result:
    for place, number in enumerate(act.ids):
        act.desk.update(act.kind, act.desk.record(act.kind, number), act.wishes(place))
    return _same(act)


def _delete(act: Act) -> Result:
    for number in act.ids:
        act.desk.delete(act.kind, act.desk.record(act.kind, number))
    return _same(act)


def _restore(act: Act) -> Result:
    for number in act.ids:
        record = act.desk.any_record(act.kind, number)
        if not record.is_deleted:
            raise BadCommand(f"{act.kind.singular} {number} is not deleted")
        act.desk.restore(act.kind, record)
    return _same(act)


def _erase(act: Act) -> Result:
    """For good, as 30 days after the deletion; nobody is told a second time."""
    for number in act.ids:
        record = act.desk.any_record(act.kind, number)
        if not record.is_deleted:
            act.desk.delete(act.kind, record)
        act.company.stores[act.kind.name].erase(number)
    return _same(act)


def _merge(act: Act) -> Result:
    """`primary` stays, `other` goes."""
    primary, other = (act.desk.record(act.kind, act.order[role]) for role in ("primary", "other"))
    return {"id": str(act.desk.merge(act.kind, other, primary).id)}


def _archive(act: Act) -> Result:
    for number in act.ids:
        act.desk.update(DEALS, act.desk.record(DEALS, number), {"is_archived": True})
    return _same(act)


def _unarchive(act: Act) -> Result:
    for number in act.ids:
        act.desk.update(DEALS, act.desk.record(DEALS, number), {"is_archived": False})
    return _same(act)


def _add_participant(act: Act) -> Result:
    """Of a `deal`, a `person`; whether the deal's own time moves is a setting."""
    deal, person = act.desk.record(DEALS, act.order["deal"]), act.desk.record(PERSONS, act.order["person"])
    table = act.company.participants.setdefault(deal.id, {})
    table.setdefault(person.id, (act.company.number(), moment(act.company.clock.now_ms())))
    act.desk.participants_changed(deal)
    return {"participants": sorted(table)}


def _remove_participant(act: Act) -> Result:
    deal = act.desk.record(DEALS, act.order["deal"])
    table = act.company.participants.get(deal.id, {})
    table.pop(int(act.order["person"]), None)
    act.desk.participants_changed(deal)
    return {"participants": sorted(table)}


def _same(act: Act) -> Result:
    named = act.order.get("ids", [act.order["id"]] if "id" in act.order else act.ids)
    return {"ids": [str(each) for each in named]}
