"""Records that could not be stored whole: noted in the journal, and shown with their connection until they are."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from crmbridge.domain.connections import Connection
from crmbridge.domain.errors import NotFound, Stale
from crmbridge.domain.runs import NAMED
from crmbridge.services.finish_run import rewrite_connection
from crmbridge.services.ports import Deps


def note_shortened(deps: Deps, connection: Connection, cut: Collection[str], whole: Collection[str]) -> None:
    """`cut` and `whole` are names (`object/id`) of what was just stored. Whoever reads them heard of it in no run: a
    delivery, a look-up, a write that was read back."""
    if cut:
        detail = {"connection": connection.id, "records": sorted(cut)[:NAMED]}
        deps.journal.audit(connection.workspace, "records.shortened", "", detail)
    if not cut and set(whole).isdisjoint(connection.shortened):
        return

    def noted(stored: Connection) -> Connection:
        still = [name for name in stored.shortened if name not in whole]
        return replace(stored, shortened=tuple(dict.fromkeys([*cut, *still]))[:NAMED])

    with suppress(NotFound, Stale):  # disconnected meanwhile; or noted when it is next read
        rewrite_connection(deps, connection.workspace, connection.id, noted)
