"""`POST /_sim/mutate`: what an admin changes in the settings of a company: users, pipelines, fields, the company."""

from collections.abc import Callable, Mapping
from typing import Any

from local.simulators.pipedrive import directory_api, fields
from local.simulators.pipedrive.company import Company, User
from local.simulators.pipedrive.events import Author, News, Teller
from local.simulators.pipedrive.fields import Custom
from local.simulators.simulator import BadCommand

Order = Mapping[str, Any]
Setting = Callable[[Order, Company, Teller, Author], dict[str, Any]]


def add_user(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    user = User(max(company.users) + 1, str(order["name"]), str(order["email"]), bool(order.get("is_admin")))
    company.users[user.id] = user
    wire = company.user_wire(user, 0)
    teller.tell(company, News("create", "user", user.id, wire, None), author)
    return {"user": wire}


def update_user(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    """`id` with any of `name`, `email`, `active`, `deleted`, `is_admin`."""
    user = company.users[int(order["id"])]
    before = company.user_wire(user, 0)
    _set(user, order, ("name", "email", "active", "deleted", "is_admin"))
    after = company.user_wire(user, 0)
    previous = {name: value for name, value in before.items() if value != after[name]}
    teller.tell(company, News("change", "user", user.id, after, previous), author)
    return {"user": after}


def add_pipeline(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    announce = directory_api.announcer(teller.tell, author)
    pipeline = directory_api.new_pipeline(company, {"name": str(order["name"])}, announce)
    return {"pipeline": pipeline.wire()}


def add_stage(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    """`name` in `pipeline` (default 1), with a `probability`."""
    asked = {"name": str(order["name"]), "pipeline": int(order.get("pipeline", 1))}
    asked["probability"] = int(order.get("probability", 50))
    return {"stage": directory_api.new_stage(company, asked, directory_api.announcer(teller.tell, author)).wire()}


def update_pipeline(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    return {"pipeline": _changed(company.pipelines[int(order["id"])], order, company, teller, author)}


def update_stage(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    """`id` with any of `name`, `probability`, `pipeline`, `order`."""
    return {"stage": _changed(company.stages[int(order["id"])], order, company, teller, author)}


def delete_pipeline(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    announce = directory_api.announcer(teller.tell, author)
    return {"pipeline": directory_api.remove(company, company.pipelines[int(order["id"])], announce).wire()}


def delete_stage(order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    announce = directory_api.announcer(teller.tell, author)
    return {"stage": directory_api.remove(company, company.stages[int(order["id"])], announce).wire()}


def add_field(order: Order, company: Company, _: Teller, __: Author) -> dict[str, Any]:
    """`object`, `name`, `type` and, for enum and set, `options` (labels). Nobody is told: there is no such webhook."""
    spec = {"field_name": order["name"], "field_type": order["type"]}
    spec["options"] = [{"label": label} for label in order.get("options", [])]
    salt = f"{company.id}:{order['object']}:{company.number()}"
    made = fields.new_custom(spec, salt, 1 + company.number() * 100)
    company.customs[str(order["object"])][made.key] = made
    return {"field": made.wire(frozenset())}


def update_field(order: Order, company: Company, _: Teller, __: Author) -> dict[str, Any]:
    """A new `label` for the `field` (key or name); `add_option`, or `rename_option` with `to`."""
    made = _field(order, company)
    made.name = str(order.get("label", made.name))
    if "add_option" in order:
        made.options[max(made.options, default=0) + 1] = str(order["add_option"])
    if "rename_option" in order:
        number = next(each for each, label in made.options.items() if label == order["rename_option"])
        made.options[number] = str(order["to"])
    return {"field": made.wire(frozenset())}


def delete_field(order: Order, company: Company, _: Teller, __: Author) -> dict[str, Any]:
    made = _field(order, company)
    del company.customs[str(order["object"])][made.key]
    return {"field": made.key}


def update_company(order: Order, company: Company, _: Teller, __: Author) -> dict[str, Any]:
    """`name`, `domain`, `currency`, `contact_sync`, `firm_fields`, or `closed`, which answers 402 to everything."""
    _set(company, order, ("name", "domain", "currency", "contact_sync", "firm_fields", "closed"))
    return {"company_id": company.id, "domain": company.domain}


def numbered(values: Any, number: int) -> Any:
    """`{n}` becomes the number in every text, however deep."""
    if isinstance(values, str):
        return values.replace("{n}", str(number))
    if isinstance(values, list):
        return [numbered(each, number) for each in values]
    if isinstance(values, Mapping):
        return {name: numbered(each, number) for name, each in values.items()}
    return values


def _changed(place: Any, order: Order, company: Company, teller: Teller, author: Author) -> dict[str, Any]:
    known = ("name", "probability", "pipeline", "order", "probabilities")
    asked = {name: order[name] for name in known if name in order}
    announce = directory_api.announcer(teller.tell, author)
    wire: dict[str, Any] = directory_api.change(company, place, asked, announce).wire()
    return wire


def _field(order: Order, company: Company) -> Custom:
    wanted = str(order["field"])
    known = company.customs[str(order["object"])]
    found = known.get(wanted) or next((each for each in known.values() if each.name == wanted), None)
    if found is None:
        raise BadCommand(f"no custom field {wanted}; there are {', '.join(each.name for each in known.values())}")
    return found


def _set(target: object, order: Order, names: tuple[str, ...]) -> None:
    for name in names:
        if name in order:
            setattr(target, name, order[name])


TABLE: dict[str, Setting] = {
    "add_user": add_user, "update_user": update_user, "add_pipeline": add_pipeline, "add_stage": add_stage,
    "update_pipeline": update_pipeline, "update_stage": update_stage, "delete_pipeline": delete_pipeline,
    "delete_stage": delete_stage, "add_field": add_field, "update_field": update_field, "delete_field": delete_field,
    "update_company": update_company,
}  # fmt: skip
