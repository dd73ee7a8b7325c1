"""`/composite` with its references from one answer into the next request, and `/composite/batch`."""

import re
from collections.abc import Mapping
from typing import Any

from local.simulators.salesforce.call import Call, RouteSpec
from local.simulators.salesforce.errors import Refused, Reply, reply_to, unparsable

MOST = 25
REFERENCE = re.compile(r"@\{([^}.\[]+)((?:\.\w+|\[\d+\])*)\}")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
Item = dict[str, Any]


def composite(call: Call) -> Reply:
    """Up to 25 requests, one after the other; with `allOrNone` a failure undoes them all."""
    wish = call.fields()
    requests = _bounded(wish.get("compositeRequest"), "compositeRequest")
    answers: dict[str, Any] = {}
    results: list[Item] = []
    with call.org.transaction() as roll_back:
        for request in requests:
            result = _one(call, request, answers)
            answers[result["referenceId"]] = result["body"]
            results.append(result)
            if wish.get("allOrNone") and result["httpStatusCode"] >= 400:
                break
        if wish.get("allOrNone") and any(each["httpStatusCode"] >= 400 for each in results):
            roll_back()
            results = [_halted(request, results) for request in requests]
    return Reply(200, {"compositeResponse": results})


def batch(call: Call) -> Reply:
    """Up to 25 requests that know nothing of each other."""
    wish = call.fields()
    results: list[Item] = []
    for request in _bounded(wish.get("batchRequests"), "batchRequests"):
        failed = any(each["statusCode"] >= 400 for each in results)
        if failed and wish.get("haltOnError"):
            body = Refused(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request").body()
            results.append({"statusCode": 412, "result": body})
            continue
        inner = call.inner(str(request.get("method", "GET")), str(request.get("url", "")), request.get("richInput"))
        reply = call.cloud.table.answer(inner)
        results.append({"statusCode": reply.status, "result": reply.body})
    return Reply(200, {"hasErrors": any(each["statusCode"] >= 400 for each in results), "results": results})


def directory(call: Call) -> Reply:
    names = ("sobjects", "batch", "tree")
    return Reply(200, {name: f"{call.base}/composite/{name}" for name in names})


def _one(call: Call, request: Item, answers: Mapping[str, Any]) -> Item:
    try:
        url = _filled(request.get("url", ""), answers)
        body = _filled(request.get("body"), answers)
        inner = call.inner(str(request.get("method", "GET")), str(url), body, request.get("httpHeaders"))
        reply = call.cloud.table.answer(inner)
    except Refused as refused:
        reply = reply_to(refused)
    return {
        "body": reply.body,
        "httpHeaders": reply.headers,
        "httpStatusCode": reply.status,
        "referenceId": request.get("referenceId"),
    }


def _filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """`@{ref.id}` becomes what an earlier answer said; alone in a string it keeps its type."""
    if isinstance(value, dict):
        return {name: _filled(each, answers) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, answers) for each in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return _looked_up(whole, answers)
    return REFERENCE.sub(lambda found: str(_looked_up(found, answers)), value)


def _looked_up(found: re.Match[str], answers: Mapping[str, Any]) -> Any:
    here: Any = answers.get(found[1])
    try:
        for name, index in STEP.findall(found[2]):
            here = here[name] if name else here[int(index)]
    except (KeyError, IndexError, TypeError):
        here = None
    if here is None:
        message = f"Invalid reference specified. No value for {found[1]}{found[2]} found in {found[1]}"
        raise Refused(400, "PROCESSING_HALTED", message)
    return here


def _halted(request: Item, results: list[Item]) -> Item:
    """The one that failed keeps its error, all others say that they were undone."""
    reference = request.get("referenceId")
    failed = next((each for each in results if each["referenceId"] == reference), None)
    if failed is not None and failed["httpStatusCode"] >= 400:
        return failed
    body = [{"errorCode": "PROCESSING_HALTED", "message": HALTED}]
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": reference}


def _bounded(requests: object, name: str) -> list[Item]:
    if not isinstance(requests, list) or not requests or not all(isinstance(each, dict) for each in requests):
        raise unparsable(f"{name} is missing, empty or not a list of objects")
    if any(not isinstance(each.get("referenceId"), str) for each in requests if name == "compositeRequest"):
        raise unparsable("referenceId is required")
    if len(requests) > MOST:
        raise Refused(400, "LIMIT_EXCEEDED", f"Limit of {MOST} requests per call exceeded")
    return requests


ROUTES: list[RouteSpec] = [
    ("GET", "/composite", directory),
    ("POST", "/composite", composite),
    ("POST", "/composite/batch", batch),
]
