"""Three-valued rules over deals: what a smart group asks of a record.

`words` names the fields, `values` reads what records and rules hold, `operators` compares, `trees` reads the rules as
JSON, `compiled` makes them callable. A new operator is a row in `operators`; a new kind of value is a family in
`values`; anything that works on whole rule sets (an index over all groups) walks the tree.
"""

from crmbridge.domain.predicates.compiled import Predicate, compile_predicate
from crmbridge.domain.predicates.words import Facts, facts

__all__ = ["Facts", "Predicate", "compile_predicate", "facts"]
