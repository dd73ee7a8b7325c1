"""What Slack accepts as blocks and views; every flaw is told with the place it is at, as a JSON pointer."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.simulators.slack.errors import SlackError, bad_arguments

Json = Mapping[str, Any]
Flaws = Iterator[str]
IN_MESSAGES = {"section", "divider", "image", "actions", "context", "header", "rich_text", "video", "file", "markdown",
               "input", "table"}  # fmt: skip
IN_VIEWS = IN_MESSAGES - {"file", "markdown", "table"}
MOST_IN_MESSAGE, MOST_IN_VIEW = 50, 100
SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTIPLE = tuple(f"multi_{each}" for each in SELECTS)
PICKERS = ("datepicker", "timepicker", "datetimepicker")
CHOICES = ("radio_buttons", "checkboxes", "overflow")
INPUTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input",
          *SELECTS, *MULTIPLE, *PICKERS, "radio_buttons", "checkboxes")  # fmt: skip
ELEMENTS = ("button", "image", "workflow_button", *SELECTS, *MULTIPLE, *PICKERS, *CHOICES, *INPUTS)
WITH_OPTIONS = ("static_select", "multi_static_select", *CHOICES)
LONGEST = {"action_id": 255, "block_id": 255, "callback_id": 255, "private_metadata": 3_000, "external_id": 255,
           "value": 2_000, "url": 3_000, "alt_text": 2_000}  # fmt: skip
LARGEST_VIEW = 250_000


def check_message(blocks: object) -> None:
    """`invalid_blocks`, with the reasons."""
    flaws = list(_blocks(blocks, "/blocks", IN_MESSAGES, MOST_IN_MESSAGE))
    if flaws:
        messages = [f"[ERROR] {each}" for each in flaws]
        raise SlackError("invalid_blocks", errors=flaws, response_metadata={"messages": messages})


def check_view(view: object, kinds: tuple[str, ...] = ("modal", "home")) -> dict[str, Any]:
    if not isinstance(view, dict):
        raise bad_arguments(
            "missing required field: view" if view is None else "must provide an object [json-pointer:/view]"
        )
    flaws = [*_view(view, kinds)]
    if flaws:
        raise bad_arguments(*flaws)
    if len(str(view)) > LARGEST_VIEW:
        raise SlackError("view_too_large")
    return view


def _view(view: Json, kinds: tuple[str, ...]) -> Flaws:
    if view.get("type") not in kinds:
        yield f"must be one of {', '.join(kinds)} [json-pointer:/view/type]"
    if view.get("type") == "modal":
        yield from _text(view.get("title"), "/view/title", 24, needed=True, plain=True)
        for name in ("submit", "close"):
            yield from _text(view.get(name), f"/view/{name}", 24, plain=True)
    yield from _lengths(view, "/view", ("callback_id", "private_metadata", "external_id"))
    yield from _blocks(view.get("blocks"), "/view/blocks", IN_VIEWS, MOST_IN_VIEW, needed=True)
    inputs = [each for each in _dicts(view.get("blocks")) if each.get("type") == "input"]
    if view.get("type") == "modal" and inputs and not view.get("submit"):
        yield "missing required field: submit; a view with input blocks needs one [json-pointer:/view]"


def _blocks(blocks: object, at: str, known: set[str], most: int, *, needed: bool = False) -> Flaws:
    if not isinstance(blocks, list):
        if needed or blocks is not None:
            yield (
                f"must provide an array [json-pointer:{at}]"
                if blocks is not None
                else f"missing required field: blocks [json-pointer:{at.rpartition('/')[0]}]"
            )
        return
    if len(blocks) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"
    seen: set[str] = set()
    for place, block in enumerate(blocks[:most]):
        yield from _block(block, f"{at}/{place}", known)
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if block_id in seen:
            yield f'`block_id` "{block_id}" already exists [json-pointer:{at}/{place}/block_id]'
        seen |= {block_id} if block_id else set()


def _block(block: object, at: str, known: set[str]) -> Flaws:
    if not isinstance(block, dict):
        yield f"must provide an object [json-pointer:{at}]"
    elif block.get("type") not in known:
        yield f"unsupported type: {block.get('type')} [json-pointer:{at}/type]"
    else:
        yield from _lengths(block, at, ("block_id",))
        yield from CHECKS.get(block["type"], _anything)(block, at)


def _anything(_: Json, __: str) -> Flaws:
    yield from ()


def _section(block: Json, at: str) -> Flaws:
    if not block.get("text") and not block.get("fields"):
        yield f"missing required field: text [json-pointer:{at}]"
    yield from _text(block.get("text"), f"{at}/text", 3_000)
    fields = block.get("fields")
    if isinstance(fields, list):
        yield from _count(fields, f"{at}/fields", 10)
        for place, each in enumerate(fields):
            yield from _text(each, f"{at}/fields/{place}", 2_000, needed=True)
    if block.get("accessory") is not None:
        yield from _element(block["accessory"], f"{at}/accessory", ELEMENTS)


def _header(block: Json, at: str) -> Flaws:
    yield from _text(block.get("text"), f"{at}/text", 150, needed=True, plain=True)


def _image(block: Json, at: str) -> Flaws:
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"missing required field: image_url [json-pointer:{at}]"
    if not block.get("alt_text"):
        yield f"missing required field: alt_text [json-pointer:{at}]"
    yield from _lengths(block, at, ("alt_text",))


def _actions(block: Json, at: str) -> Flaws:
    yield from _elements(block, at, 25, ELEMENTS)


def _context(block: Json, at: str) -> Flaws:
    elements = block.get("elements")
    yield from _elements(block, at, 10, ("image",), check=False)
    for place, each in enumerate(_dicts(elements)):
        if each.get("type") == "image":
            yield from _image(each, f"{at}/elements/{place}")
        else:
            yield from _text(each, f"{at}/elements/{place}", 3_000, needed=True)


def _input(block: Json, at: str) -> Flaws:
    yield from _text(block.get("label"), f"{at}/label", 2_000, needed=True, plain=True)
    yield from _text(block.get("hint"), f"{at}/hint", 2_000, plain=True)
    if block.get("element") is None:
        yield f"missing required field: element [json-pointer:{at}]"
    else:
        yield from _element(block["element"], f"{at}/element", INPUTS)


def _elements(block: Json, at: str, most: int, known: tuple[str, ...], *, check: bool = True) -> Flaws:
    elements = block.get("elements")
    if not isinstance(elements, list) or not elements:
        yield f"missing required field: elements [json-pointer:{at}]"
        return
    yield from _count(elements, f"{at}/elements", most)
    for place, each in enumerate(elements if check else ()):
        yield from _element(each, f"{at}/elements/{place}", known)
    names = [each.get("action_id") for each in _dicts(elements) if each.get("action_id")]
    if len(names) != len(set(names)):
        yield f"`action_id` already exists in the block [json-pointer:{at}/elements]"


def _element(element: object, at: str, known: tuple[str, ...]) -> Flaws:
    if not isinstance(element, dict) or element.get("type") not in known:
        kind = element.get("type") if isinstance(element, dict) else None
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _lengths(element, at, ("action_id", "value", "url"))
    if element["type"] == "button":
        yield from _text(element.get("text"), f"{at}/text", 75, needed=True, plain=True)
        if element.get("style") not in {None, "primary", "danger"}:
            yield f"must be one of primary, danger [json-pointer:{at}/style]"
    elif element["type"] == "image":
        yield from _image(element, at)
    yield from _text(element.get("placeholder"), f"{at}/placeholder", 150, plain=True)
    yield from _options(element, at)


def _options(element: Json, at: str) -> Flaws:
    options, groups = element.get("options"), element.get("option_groups")
    if element["type"] in WITH_OPTIONS and not options and not groups:
        yield f"missing required field: options [json-pointer:{at}]"
    pools = [(options, f"{at}/options")] if isinstance(options, list) else []
    for place, group in enumerate(_dicts(groups)):
        yield from _text(group.get("label"), f"{at}/option_groups/{place}/label", 75, needed=True, plain=True)
        pools.append((group.get("options") or [], f"{at}/option_groups/{place}/options"))
    for pool, where in pools:
        yield from _count(pool, where, 5 if element["type"] == "overflow" else 100)
        for place, option in enumerate(pool):
            yield from _option(option, f"{where}/{place}")
    if element.get("initial_option") is not None and pools:
        known = [option for pool, _ in pools for option in pool]
        if element["initial_option"] not in known:
            yield f"initial option does not match any of the options [json-pointer:{at}/initial_option]"


def _option(option: object, at: str) -> Flaws:
    if not isinstance(option, dict):
        yield f"must provide an object [json-pointer:{at}]"
        return
    yield from _text(option.get("text"), f"{at}/text", 75, needed=True)
    if not isinstance(option.get("value"), str) or not option["value"]:
        yield f"missing required field: value [json-pointer:{at}]"
    elif len(option["value"]) > 150:
        yield f"must be less than 151 characters [json-pointer:{at}/value]"


def _text(text: object, at: str, most: int, *, needed: bool = False, plain: bool = False) -> Flaws:
    if text is None:
        if needed:
            parent, _, name = at.rpartition("/")
            yield f"missing required field: {name} [json-pointer:{parent}]"
        return
    kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if not isinstance(text, dict) or text.get("type") not in kinds:
        yield f"must be one of {', '.join(kinds)} [json-pointer:{at}/type]"
        return
    words = text.get("text")
    if not isinstance(words, str) or not words:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    elif len(words) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}/text]"


def _lengths(holder: Json, at: str, names: tuple[str, ...]) -> Flaws:
    for name in names:
        value = holder.get(name)
        if value is not None and not isinstance(value, str):
            yield f"must be a string [json-pointer:{at}/{name}]"
        elif value is not None and len(value) > LONGEST[name]:
            yield f"must be less than {LONGEST[name] + 1} characters [json-pointer:{at}/{name}]"


def _count(items: list[Any], at: str, most: int) -> Flaws:
    if len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"


def _dicts(items: object) -> list[Json]:
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


CHECKS: dict[str, Callable[[Json, str], Flaws]] = {
    "section": _section,
    "header": _header,
    "image": _image,
    "actions": _actions,
    "context": _context,
    "input": _input,
}
