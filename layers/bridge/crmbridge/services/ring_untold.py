"""Ring for everybody in a smart group of whom the chat app has not acknowledged the last word."""

from crmbridge.services.deliver_members import ring_members
from crmbridge.services.list_members import all_members
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import batches


def ring_untold(deps: Deps, workspace: str, group: str) -> int:
    """Returns how many were rung for; ringing twice is harmless."""
    members = all_members(deps, workspace, group)
    rung = 0
    for persons in batches(member.person for member in members if member.sequence > member.delivered):
        ring_members(deps, workspace, group, persons)
        rung += len(persons)
    return rung
