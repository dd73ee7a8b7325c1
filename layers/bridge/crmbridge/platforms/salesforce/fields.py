"""Which columns are asked for: the same set in every kind of reading, so that one record has one fingerprint."""

from functools import lru_cache
from typing import Final

from crmbridge.domain.directories import Directories
from crmbridge.platforms.salesforce.objects import ALSO_READ, META, OBJECTS, ROLES

VOLATILE: Final = frozenset({"LastViewedDate", "LastReferencedDate"})
"""When the connected user looked at it: moved by our own reading."""
NEW_ORG_ONLY: Final = frozenset({"CurrencyIsoCode", "IsPersonAccount", "PersonContactId"})
"""Columns that only some orgs have, so that nobody asks for them unseen."""

_NESTED: Final = f"(SELECT ContactId,Role,IsPrimary,IsDeleted FROM {ROLES})"  # noqa: S608 - constants
_BUYER: Final = ("Account.IsPersonAccount", "Account.PersonContactId")


def asked_fields(directories: Directories, object: str) -> tuple[str, ...]:
    """Every column that the connected user may see; without a schema those that we cannot do without."""
    known = directories.fields.get(object, {})
    return _asked(object, tuple(known), has_people(directories))


@lru_cache(maxsize=512)
def _asked(object: str, known: tuple[str, ...], with_people: bool) -> tuple[str, ...]:
    names = set(known) - VOLATILE or needed_fields(object) - NEW_ORG_ONLY
    extra = (*(_BUYER if with_people else ()), _NESTED) if object == "Opportunity" else ()
    return (*sorted(names | set(META)), *extra)


@lru_cache(maxsize=64)
def needed_fields(object: str) -> frozenset[str]:
    return frozenset((*META, *OBJECTS[object].remote.values(), *ALSO_READ.get(object, ())))


def companies_only(directories: Directories, object: str) -> str:
    """The condition that leaves out person accounts, which are contacts."""
    return "IsPersonAccount = false" if object == "Account" and has_people(directories) else ""


def has_people(directories: Directories) -> bool:
    return "PersonContactId" in directories.fields.get("Account", {})
