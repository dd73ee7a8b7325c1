"""Whether a connection's filters make sense: rules about each kind of record, held to what that CRM has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crmbridge.domain.errors import Invalid, Problem
from crmbridge.domain.predicates import Predicate, compile_predicate, custom_types
from crmbridge.domain.records import Json, Kind, Type
from crmbridge.services.ports import Deps
from crmbridge.services.survey_crms import Survey, survey_crms


def checked_filters(deps: Deps, workspace: str, connection: str, filters: Mapping[str, Json]) -> dict[str, Any]:
    """The settings that go with them: as what custom fields were read, and in which currency amounts are compared.
    Raises Invalid naming every wrong path."""
    survey = survey_crms(deps, workspace, [connection])
    currency = deps.workspaces.usual(workspace).currency or next(iter(survey.currencies), None)
    problems: list[Problem] = []
    types: dict[str, Type] = {}
    for kind, rules in filters.items():
        try:
            types |= custom_types(_checked(rules, Kind(kind), currency, survey), survey.schema)
        except Invalid as refused:
            problems += [replace(one, field=f"filters.{kind}.{one.field}") for one in refused.problems]
    if problems:
        raise Invalid(*problems)
    return {"filter_types": types, "filter_currency": currency}


def _checked(rules: Json, kind: Kind, currency: str | None, survey: Survey) -> Predicate:
    predicate = compile_predicate(rules, kind=kind, schema=survey.schema, currency=currency)
    if predicate.needs_links:
        raise Invalid(Problem("rules", "ask for linked records", f"a filter asks only of the {kind} itself"))
    return predicate
