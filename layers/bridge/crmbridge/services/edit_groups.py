"""Make, change and delete smart groups; every change of whom they want is followed by a full evaluation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Forbidden, Invalid, Problem
from crmbridge.domain.groups import Group
from crmbridge.domain.installations import SLACK_CHANNEL
from crmbridge.domain.records import Json
from crmbridge.services.check_group import checked_change, checked_settings
from crmbridge.services.ports import Deps
from crmbridge.services.queue_evaluations import queue_scans, queue_settling
from crmbridge.services.ring_untold import ring_untold

EDITORS: Final = ("admin", "member")
DECIDING: Final = frozenset({"rules", "members", "include_closed", "connections", "time_zone", "currency", "types"})
"""What says who belongs; a change of any of them makes everything decided before it old."""


def create_group(deps: Deps, caller: Caller, body: Mapping[str, Json]) -> Group:
    """`{"name", "channel", "rules"}` and optionally `kind`, `time_zone`, `currency`, `members`, `include_closed`,
    `connections`, `paused`, `hold_people`, `hold_percent`, `owns_channel`.

    Raises Invalid naming every wrong field, Clash when the workspace has as many groups as it may have, Forbidden for
    members who name a channel of Slack.
    """
    if caller.role not in EDITORS:
        raise Forbidden("only admins and members may make smart groups; ask an admin")
    known = checked_settings(deps, caller.workspace, body, required=("name", "channel", "rules"))
    _check_channel(deps, caller, known["channel"])
    group = Group(id=deps.new_id(), workspace=caller.workspace, created_by=caller.user, created_at=deps.now(), **known)
    deps.groups.add(group, deps.max_groups)
    queue_scans(deps, caller.workspace, group.connections, [group.kind])
    return group


def update_group(deps: Deps, caller: Caller, id: str, body: Mapping[str, Json]) -> Group:
    """Only what is given changes. Asking for the same again evaluates again, so that a lost answer can be repeated.

    While `paused` nothing is delivered; a group that goes on tells at once what has come of it all meanwhile."""
    group = own_group(deps, caller, id)
    known = checked_change(deps, group, body)
    if known.get("channel", group.channel) != group.channel:
        raise Invalid(Problem("channel", "cannot be changed", "make a group for the other channel, delete this one"))
    if group.paused and known.get("paused") is False:
        _check_channel(deps, caller, group.channel)
    saved = deps.groups.save(redrawn(group, known))
    if DECIDING & known.keys():
        queue_scans(deps, caller.workspace, _drawn_from(group, saved), [group.kind])
    if known.get("paused") is False:
        ring_untold(deps, caller.workspace, id)
    return saved


def sync_group(deps: Deps, caller: Caller, id: str) -> int:
    """Evaluate everything the group draws from, now; returns the number of parts queued."""
    group = deps.groups.get(caller.workspace, id)
    return queue_scans(deps, caller.workspace, group.connections, [group.kind])


def delete_group(deps: Deps, caller: Caller, id: str) -> None:
    """Its supports are let go; the channel keeps its people, and is the chat app's own again."""
    group = own_group(deps, caller, id)
    deps.groups.delete(group)
    queue_settling(deps, deps.memberships.forget_group(caller.workspace, id))


def _check_channel(deps: Deps, caller: Caller, channel: str) -> None:
    """Into Slack's channels we bring people by our own right, private ones included; a chat app of the workspace's own
    decides for itself."""
    is_slack = SLACK_CHANNEL.fullmatch(channel) and deps.installations.of_workspace(caller.workspace)
    if is_slack and not caller.is_admin:
        raise Forbidden("only an admin may give a channel of Slack to a smart group; ask one")


def own_group(deps: Deps, caller: Caller, id: str) -> Group:
    """A group that the caller may change; raises NotFound, Forbidden."""
    group = deps.groups.get(caller.workspace, id)
    is_creator = caller.role in EDITORS and caller.user == group.created_by
    if not (caller.is_admin or is_creator):
        raise Forbidden("only an admin or who made the smart group may change it")
    return group


def redrawn(group: Group, settings: Mapping[str, Any]) -> Group:
    """In a new epoch when who belongs is decided anew."""
    changed = replace(group, **settings)
    return changed if _decides(changed) == _decides(group) else replace(changed, epoch=group.epoch + 1)


def _decides(group: Group) -> tuple[Json, ...]:
    return tuple(getattr(group, name) for name in sorted(DECIDING))


def _drawn_from(before: Group, after: Group) -> tuple[str, ...]:
    """Both old and new connections: what no longer counts must be let go. None named: all."""
    return (*before.connections, *after.connections) if before.connections and after.connections else ()
