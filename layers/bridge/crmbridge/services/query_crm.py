"""A read-only question to a connection's CRM in its own language, for admins."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import orjson

from crmbridge.domain.connections import Caller, Connection
from crmbridge.domain.errors import Invalid, PlatformError, Problem, RecordGone, Rejected, Unsupported
from crmbridge.domain.records import EMPTY, Json
from crmbridge.platforms.questions import TEXT, Answers, QuerySpec, Question, Row
from crmbridge.services.open_api import open_api
from crmbridge.services.ports import Deps
from crmbridge.services.start_connect import require_admin


def query_crm(  # noqa: PLR0913 - a question has these parts
    deps: Deps,
    caller: Caller,
    id: str,
    *,
    query: str = "",
    object: str = "",
    search: Mapping[str, Json] = EMPTY,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Json]:
    """`{"items", "total", "cursor"}`; an item is a row in the CRM's JSON and, where it is a record of an object that is
    kept, what names it here. Nothing is stored but who asked and when.

    Raises Invalid for what is no question, and Rejected with the CRM's own words for what it does not understand."""
    require_admin(caller)
    connection = deps.connections.get(caller.workspace, id)
    spec = _spec(deps, connection)
    question = Question(text=query.strip(), object=object.strip(), search=search, limit=limit)
    _check(spec, question)
    digest = _digest(connection, question)
    question = replace(question, cursor=_read(digest, cursor))
    api = open_api(deps, connection, "click")
    deps.journal.audit(caller.workspace, "connection.queried", caller.user, {"connection": id})
    try:
        found = spec.ask(api, question)
    except (Rejected, RecordGone) as error:
        raise _refused(spec, error) from error
    return _shown(connection, found, digest)


def _spec(deps: Deps, connection: Connection) -> QuerySpec:
    platform = deps.platform(connection.platform)
    if platform.query is None:
        raise Unsupported(f"{platform.title} has no language to ask it in")
    return platform.query


def _check(spec: QuerySpec, question: Question) -> None:
    """What is asked in another CRM's form is named; what is missing, too."""
    given = {TEXT: question.text, "object": question.object, "search": question.search}
    wanted = (TEXT,) if spec.is_text else ("object", "search")
    fix = f"{spec.language} is asked with {' and '.join(wanted)}, such as {orjson.dumps(spec.example).decode()}"
    problems = [Problem(name, "is not used for this CRM", fix) for name in given.keys() - wanted if given[name]]
    if not given[wanted[0]]:
        problems.append(Problem(wanted[0], "is missing", fix))
    if problems:
        raise Invalid(*problems)
    spec.check(question)


def _refused(spec: QuerySpec, error: PlatformError) -> PlatformError:
    """The CRM's own words, under the name of what they are about. A 401 is about our token, not about the question."""
    if error.status == 401:
        return error
    named = TEXT if spec.is_text else "search"
    return Rejected(
        str(error),
        platform=error.platform,
        status=error.status,
        request_id=error.request_id,
        code=error.code if isinstance(error, Rejected) else "",
        fields={named: str(error)},
    )


def _shown(connection: Connection, found: Answers, digest: str) -> dict[str, Json]:
    return {
        "items": [{"row": row.raw, "record": _record(connection, row)} for row in found.rows],
        "total": found.total,
        "cursor": _cursor(digest, found.next) if found.next else None,
    }


def _record(connection: Connection, row: Row) -> Json:
    if not row.object:
        return None
    return {"connection": connection.id, "object": row.object, "external_id": row.external_id}


def _digest(connection: Connection, question: Question) -> str:
    """A cursor is good for the question it came from."""
    asked = [connection.id, question.text, question.object, dict(question.search)]
    return blake2b(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS), digest_size=9).hexdigest()


def _cursor(digest: str, place: Mapping[str, Json]) -> str:
    return urlsafe_b64encode(orjson.dumps([digest, place])).decode()


def _read(digest: str, cursor: str | None) -> Mapping[str, Any]:
    if cursor is None:
        return {}
    try:
        of, place = orjson.loads(urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError):
        of, place = "", {}
    if of != digest or not isinstance(place, dict):
        raise Invalid(Problem("cursor", "belongs to another question", "begin without a cursor"))
    return place
