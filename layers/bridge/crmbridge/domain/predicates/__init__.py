"""Three-valued rules over records: what a smart group asks of a record.

`words` names the fields, `values` reads what records and rules hold, `operators` compares, `trees` reads the rules as
JSON, held to a `schema`, `compiled` makes them callable, `proofs` says why they hold, `masks` asks all rules of a
workspace at once. A new operator is a row in `operators`; a new kind of value is a family in `values`.
"""

from crmbridge.domain.predicates.closing import asks_for_closed
from crmbridge.domain.predicates.compiled import Predicate, compile_predicate, custom_types, schema_of_types
from crmbridge.domain.predicates.masks import MaskIndex
from crmbridge.domain.predicates.moments import When, zone_named
from crmbridge.domain.predicates.schema import IN_THEIR_WORDS, Known, Schema, schema_of
from crmbridge.domain.predicates.words import CUSTOM, Facts, facts

__all__ = [
    "CUSTOM",
    "IN_THEIR_WORDS",
    "Facts",
    "Known",
    "MaskIndex",
    "Predicate",
    "Schema",
    "When",
    "asks_for_closed",
    "compile_predicate",
    "custom_types",
    "facts",
    "schema_of",
    "schema_of_types",
    "zone_named",
]
