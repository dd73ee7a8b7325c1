"""What a connection's filters take: the same rules as those of smart groups, asked of single records."""

from collections.abc import Mapping

from crmbridge.domain.connections import Settings
from crmbridge.domain.errors import Invalid
from crmbridge.domain.predicates import Predicate, compile_predicate, schema_of_types
from crmbridge.domain.records import Kind


def filters_of(settings: Settings) -> Mapping[Kind, Predicate]:
    """Rules of a newer version of ours, which this one cannot read, leave nothing out."""
    found = {kind: _filter(settings, kind) for kind in Kind if kind in settings.filters}
    return {kind: predicate for kind, predicate in found.items() if predicate}


def _filter(settings: Settings, kind: Kind) -> Predicate | None:
    schema = schema_of_types(settings.filter_types)
    try:
        return compile_predicate(
            settings.filters[kind.value], kind=kind, schema=schema, currency=settings.filter_currency, saved=True
        )
    except Invalid:
        return None
