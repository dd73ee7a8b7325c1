"""Slack's Web API, asked by Slack's own client: people, channels, messages."""

from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from local.simulators import Running
from tests.simulators.slack_app import App, button, text


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as failure:
        call(**arguments)
    body: dict[str, Any] = failure.value.response.data
    return body


def raw(slack: Running, method: str, token: str = "xoxb-simulator", **how: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", **how.pop("headers", {})}
    return requests.post(f"{slack.url}/api/{method}", headers=headers if token else {}, timeout=5, **how)


def told(slack: Running, channel: str) -> dict[str, Any]:
    found: dict[str, Any] = slack.state()["teams"]["T0ACME"]["channels"][channel]
    return found


def test_the_bot_knows_who_it_is(bot: WebClient) -> None:
    me = bot.auth_test()

    assert (me["team_id"], me["user_id"], me["bot_id"]) == ("T0ACME", "U0BRIDGEBOT", "B0BRIDGEBOT")


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-nobody", "invalid_auth")])
def test_a_token_that_is_none_is_refused_with_status_200(slack: Running, token: str, error: str) -> None:
    answer = raw(slack, "auth.test", token)

    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": error})


def test_a_revoked_token_and_a_removed_bot_differ(slack: Running, bot: WebClient) -> None:
    slack.mutate({"op": "update_user", "id": "U0BRIDGEBOT", "deleted": True})
    removed = refused(bot.auth_test)
    slack.mutate({"op": "update_user", "id": "U0BRIDGEBOT", "deleted": False}, {"op": "revoke_token"})

    assert (removed["error"], refused(bot.auth_test)["error"]) == ("account_inactive", "token_revoked")


@pytest.mark.parametrize("how", [{"data": {"channel": "C0DEALS", "text": "hi"}},
                                 {"json": {"channel": "C0DEALS", "text": "hi"}},
                                 {"params": {"channel": "C0DEALS", "text": "hi"}}])  # fmt: skip
def test_arguments_come_as_form_as_json_or_in_the_query(slack: Running, how: dict[str, Any]) -> None:
    assert raw(slack, "chat.postMessage", **how).json()["message"]["text"] == "hi"


def test_json_without_a_charset_is_warned_of(slack: Running) -> None:
    body = raw(slack, "chat.postMessage", json={"channel": "C0DEALS", "text": "hi"}).json()

    assert (body["warning"], body["response_metadata"]["warnings"]) == ("missing_charset", ["missing_charset"])


def test_methods_that_only_read_take_no_json(slack: Running) -> None:
    body = raw(slack, "users.info", json={"user": "U0ANNA"}).json()

    assert (body["error"], body["response_metadata"]["messages"]) == (
        "invalid_arguments", ["[ERROR] missing required field: user"],
    )  # fmt: skip


@pytest.mark.parametrize(("data", "error"), [("{", "invalid_json"), ("[]", "json_not_object")])
def test_broken_json_is_named(slack: Running, data: str, error: str) -> None:
    kind = {"Content-Type": "application/json; charset=utf-8"}

    assert raw(slack, "chat.postMessage", data=data, headers=kind).json()["error"] == error


def test_an_unknown_method_is_told_by_name(slack: Running) -> None:
    assert raw(slack, "crm.sync").json() == {"ok": False, "error": "unknown_method", "req_method": "crm.sync"}


def test_a_missing_scope_says_what_is_needed_and_what_there_is(slack: Running, bot: WebClient) -> None:
    slack.mutate({"op": "set_scopes", "scopes": "chat:write users:read"})

    body = refused(bot.users_lookupByEmail, email="anna@nordlicht-example.test")
    shown = bot.users_info(user="U0ANNA")["user"]["profile"]

    assert (body["error"], body["needed"]) == ("missing_scope", "users:read.email")
    assert body["provided"] == "chat:write,users:read"
    assert "email" not in shown


def test_people_are_found_by_their_address_whatever_its_case(bot: WebClient) -> None:
    found = bot.users_lookupByEmail(email="OTT@Kaldera.test")["user"]

    assert (found["id"], found["profile"]["email"]) == ("U0OTT", "ott@kaldera.test")
    assert refused(bot.users_lookupByEmail, email="nobody@x.test")["error"] == "users_not_found"
    assert refused(bot.users_lookupByEmail, email="former.seller@nordlicht-example.test")["error"] == "users_not_found"


def test_people_come_in_pages(bot: WebClient) -> None:
    pages = [page["members"] for page in bot.users_list(limit=5)]

    everybody = [each["id"] for page in pages for each in page]
    assert [len(page) for page in pages[:-1]] == [5] * (len(pages) - 1)
    assert len(everybody) == len(set(everybody)) > 15
    assert refused(bot.users_list, cursor="junk")["error"] == "invalid_cursor"


def test_people_from_outside_are_told_apart(bot: WebClient) -> None:
    stranger = bot.users_info(user="U0OUTSIDE")["user"]
    shared = bot.conversations_info(channel="C0SHARED")["channel"]

    assert (stranger["team_id"], stranger["is_stranger"]) == ("T0OTHER", True)
    assert "email" not in stranger["profile"]
    assert shared["is_ext_shared"] is True
    assert refused(bot.conversations_invite, channel="C0DEALS", users="U0OUTSIDE")["error"] == "cant_invite"


def test_inviting_has_a_scope_of_its_own(slack: Running, bot: WebClient) -> None:
    slack.mutate({"op": "set_scopes", "scopes": "channels:write.invites channels:read"})

    bot.conversations_invite(channel="C0DEALS", users="U0DOV")

    assert refused(bot.conversations_kick, channel="C0DEALS", user="U0DOV")["needed"] == "channels:manage"


def test_the_bot_lists_its_own_channels(bot: WebClient) -> None:
    mine = {each["id"] for each in bot.users_conversations(types="public_channel,private_channel")["channels"]}

    assert mine == {"C0GENERAL", "C0DEALS", "C0SHARED", "C0OLD"}


def test_a_message_has_an_address(bot: WebClient) -> None:
    ts = bot.chat_postMessage(channel="C0DEALS", text="x")["ts"]

    link = bot.chat_getPermalink(channel="C0DEALS", message_ts=ts)["permalink"]

    assert link == f"https://acme.slack.com/archives/C0DEALS/p{ts.replace('.', '')}"


def test_a_new_channel_has_the_bot_in_it(slack: Running, bot: WebClient) -> None:
    made = bot.conversations_create(name="deals-over-50k", is_private=True)["channel"]

    assert bot.conversations_members(channel=made["id"])["members"] == ["U0BRIDGEBOT"]
    assert made["is_private"] is True
    assert refused(bot.conversations_create, name="deals-over-50k")["error"] == "name_taken"


@pytest.mark.parametrize(
    ("name", "error"),
    [("", "invalid_name_required"), ("x" * 81, "invalid_name_maxlength"), ("Big Deals", "invalid_name_specials"),
     ("--", "invalid_name_punctuation")],
)  # fmt: skip
def test_a_channels_name_has_rules(bot: WebClient, name: str, error: str) -> None:
    assert refused(bot.conversations_create, name=name)["error"] == error


def test_channels_are_listed_by_kind_and_as_far_as_the_bot_sees(bot: WebClient) -> None:
    public = [each["id"] for page in bot.conversations_list(limit=2) for each in page["channels"]]
    private = bot.conversations_list(types="private_channel")["channels"]

    assert public == ["C0GENERAL", "C0DEALS", "C0SUPPORT", "C0SHARED", "C0OLD"]
    assert private == []
    assert refused(bot.conversations_info, channel="G0BOARD")["error"] == "channel_not_found"
    assert bot.conversations_info(channel="C0DEALS", include_num_members=True)["channel"]["num_members"] == 4


def test_invited_people_are_in(slack: Running, bot: WebClient) -> None:
    bot.conversations_invite(channel="C0DEALS", users=["U0CARLA", "U0DOV"])

    assert {"U0CARLA", "U0DOV"} <= set(told(slack, "C0DEALS")["members"])


@pytest.mark.parametrize(
    ("channel", "users", "error"),
    [("C0DEALS", "U0ANNA", "already_in_channel"), ("C0DEALS", "U0BRIDGEBOT", "cant_invite_self"),
     ("C0DEALS", "U0NOBODY", "user_not_found"), ("C0DEALS", "U0GONE", "user_not_found"),
     ("C0DEALS", "U0GUEST", "ura_max_channels"), ("C0DEALS", "", "no_user"),
     ("C0DEALS", ",".join(f"U{n}" for n in range(1_001)), "too_many_users"), ("C0SUPPORT", "U0ANNA", "not_in_channel"),
     ("C0OLD", "U0BEN", "is_archived"), ("C0NOWHERE", "U0BEN", "channel_not_found"),
     ("G0BOARD", "U0BEN", "channel_not_found")],
)  # fmt: skip
def test_what_hinders_an_invitation_is_named(bot: WebClient, channel: str, users: str, error: str) -> None:
    assert refused(bot.conversations_invite, channel=channel, users=users)["error"] == error


def test_one_bad_guest_keeps_all_out_unless_forced(slack: Running, bot: WebClient) -> None:
    people = {"channel": "C0DEALS", "users": "U0CARLA,U0ANNA,U0NOBODY"}

    strict = refused(bot.conversations_invite, **people)
    nobody = told(slack, "C0DEALS")["members"]
    forced = bot.conversations_invite(**people, force=True)

    flaws = [{"user": "U0ANNA", "ok": False, "error": "already_in_channel"},
             {"user": "U0NOBODY", "ok": False, "error": "user_not_found"}]  # fmt: skip
    assert strict["errors"] == forced["errors"] == flaws
    assert "U0CARLA" not in nobody
    assert "U0CARLA" in told(slack, "C0DEALS")["members"]


def test_somebody_who_was_removed_keeps_nobody_out(slack: Running, bot: WebClient) -> None:
    body = refused(bot.conversations_invite, channel="C0DEALS", users="U0CARLA,U0GONE")

    assert body["errors"] == [{"user": "U0GONE", "ok": False, "error": "user_not_found"}]
    assert "U0CARLA" in told(slack, "C0DEALS")["members"]


def test_invitations_may_also_go_half_way(slack: Running, bot: WebClient) -> None:
    slack.settings(partial_invites=True)

    refused(bot.conversations_invite, channel="C0DEALS", users="U0CARLA,U0NOBODY")

    assert "U0CARLA" in told(slack, "C0DEALS")["members"]


@pytest.mark.parametrize(
    ("channel", "user", "error"),
    [("C0DEALS", "U0BRIDGEBOT", "cant_kick_self"), ("C0DEALS", "U0DOV", "not_in_channel"),
     ("C0DEALS", "U0NOBODY", "user_not_found"), ("C0GENERAL", "U0ANNA", "cant_kick_from_general"),
     ("C0DEALS", "U0NEWGUEST", "cant_kick_from_last_channel"),
     ("C0SUPPORT", "U0CARLA", "not_in_channel"), ("C0OLD", "U0ANNA", "is_archived")],
)  # fmt: skip
def test_what_hinders_a_removal_is_named(slack: Running, bot: WebClient, channel: str, user: str, error: str) -> None:
    slack.mutate({"op": "add_user", "id": "U0NEWGUEST", "guest": True},
                 {"op": "add_member", "channel": "C0DEALS", "user": "U0NEWGUEST"})  # fmt: skip

    assert refused(bot.conversations_kick, channel=channel, user=user)["error"] == error


def test_people_are_removed_and_the_bot_hears_of_it(slack: Running, app: App, bot: WebClient) -> None:
    slack.settings(events="member_left_channel")
    bot.conversations_kick(channel="C0DEALS", user="U0BEN")
    slack.webhooks(flush=True)

    event = next(each.payload["event"] for each in app.sent if each.payload["event"]["user"] == "U0BEN")
    assert "U0BEN" not in told(slack, "C0DEALS")["members"]
    assert (event["type"], event["channel"]) == ("member_left_channel", "C0DEALS")


def test_what_an_admin_restricted_is_refused(slack: Running, bot: WebClient) -> None:
    slack.settings(restricted="conversations.kick conversations.create")

    assert refused(bot.conversations_kick, channel="C0DEALS", user="U0BEN")["error"] == "restricted_action"
    assert refused(bot.conversations_create, name="x")["error"] == "restricted_action"


def test_the_bot_joins_public_channels_only(slack: Running, bot: WebClient) -> None:
    bot.conversations_join(channel="C0SUPPORT")
    again = bot.conversations_join(channel="C0SUPPORT")

    assert "U0BRIDGEBOT" in told(slack, "C0SUPPORT")["members"]
    assert again["warning"] == "already_in_channel"
    assert refused(bot.conversations_join, channel="C0OLD")["error"] == "is_archived"


def test_a_direct_conversation_is_opened_once(bot: WebClient) -> None:
    first = bot.conversations_open(users=["U0ANNA"], return_im=True)
    second = bot.conversations_open(users="U0ANNA")

    assert first["channel"]["is_im"] is True
    assert (second["channel"]["id"], second["already_open"]) == (first["channel"]["id"], True)
    assert refused(bot.conversations_open, users="U0GONE")["error"] == "user_disabled"
    assert refused(bot.conversations_open, users="USLACKBOT")["error"] == "cannot_dm_bot"


def test_a_message_is_posted_changed_and_kept(slack: Running, bot: WebClient) -> None:
    blocks = [{"type": "actions", "block_id": "b", "elements": [button("done")]}]
    posted = bot.chat_postMessage(channel="C0DEALS", text="A task", blocks=blocks)

    bot.chat_update(channel="C0DEALS", ts=posted["ts"], text="Done", blocks=[])

    kept = told(slack, "C0DEALS")["messages"][-1]
    assert posted["message"]["blocks"] == blocks
    assert (kept["text"], kept["blocks"], bool(kept["edited"])) == ("Done", [], True)


def test_a_message_to_a_person_opens_a_conversation(slack: Running, bot: WebClient) -> None:
    posted = bot.chat_postMessage(channel="U0BEN", text="psst")

    assert set(told(slack, posted["channel"])["members"]) == {"U0BEN", "U0BRIDGEBOT"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"), ({"channel": "C0OLD", "text": "x"}, "is_archived"),
     ({"channel": "C0DEALS", "text": "x" * 40_001}, "msg_too_long"),
     ({"channel": "C0DEALS", "text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
     ({"channel": "C0DEALS", "text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks")],
)  # fmt: skip
def test_what_hinders_a_message_is_named(bot: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert refused(bot.chat_postMessage, **arguments)["error"] == error


def test_a_message_without_anything_in_it_is_none(slack: Running) -> None:
    assert raw(slack, "chat.postMessage", data={"channel": "C0DEALS"}).json()["error"] == "no_text"


def test_without_the_public_scope_the_bot_posts_only_where_it_is(slack: Running, bot: WebClient) -> None:
    slack.mutate({"op": "set_scopes", "scopes": "chat:write"})

    assert refused(bot.chat_postMessage, channel="C0SUPPORT", text="x")["error"] == "not_in_channel"


def test_an_ephemeral_message_is_for_one(slack: Running, bot: WebClient) -> None:
    sent = bot.chat_postEphemeral(channel="C0DEALS", user="U0ANNA", text="only you")

    kept = told(slack, "C0DEALS")["messages"][-1]
    assert (kept["visible_to"], kept["ts"]) == ("U0ANNA", sent["message_ts"])
    assert refused(bot.chat_update, channel="C0DEALS", ts=sent["message_ts"], text="x")["error"] == "message_not_found"
    assert refused(bot.chat_postEphemeral, channel="C0DEALS", user="U0DOV", text="x")["error"] == "user_not_in_channel"


def test_only_ones_own_messages_can_be_changed(slack: Running, bot: WebClient) -> None:
    ts = slack.mutate({"op": "post_message", "channel": "C0DEALS", "user": "U0ANNA", "text": "mine"})[0]["ts"]

    assert refused(bot.chat_update, channel="C0DEALS", ts=ts, text="x")["error"] == "cant_update_message"
    assert refused(bot.chat_update, channel="C0DEALS", ts="1.000001", text="x")["error"] == "message_not_found"


def test_blocks_say_where_they_are_wrong(bot: WebClient) -> None:
    blocks = [{"type": "header", "text": text("x" * 151)}, {"type": "actions", "elements": [button("a" * 256)]}]

    body = refused(bot.chat_postMessage, channel="C0DEALS", text="x", blocks=blocks)

    assert body["errors"] == [
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        "must be less than 256 characters [json-pointer:/blocks/1/elements/0/action_id]",
        "must be less than 76 characters [json-pointer:/blocks/1/elements/0/text/text]",
    ]


def test_each_method_has_its_tier(slack: Running, bot: WebClient) -> None:
    answers = [raw(slack, "conversations.list") for _ in range(21)]
    other = bot.auth_test()["ok"]
    slack.advance(61)

    assert [each.status_code for each in answers] == [200] * 20 + [429]
    assert answers[-1].json() == {"ok": False, "error": "ratelimited"}
    assert 50 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert other is True
    assert raw(slack, "conversations.list").status_code == 200


def test_a_channel_takes_about_a_message_a_second(slack: Running, bot: WebClient) -> None:
    for number in range(3):
        bot.chat_postMessage(channel="C0DEALS", text=str(number))

    refusal = raw(slack, "chat.postMessage", data={"channel": "C0DEALS", "text": "3"})

    assert refusal.status_code == 429
    assert bot.chat_postMessage(channel="C0GENERAL", text="elsewhere")["ok"] is True


def test_faults_play_limits_errors_and_lost_answers(slack: Running, bot: WebClient) -> None:
    slack.faults({"kind": "rate_limit", "path": "users.info", "retry_after": 7},
                 {"kind": "status", "path": "auth.test", "status": 500},
                 {"kind": "commit_then_timeout", "path": "chat.postMessage", "body": "reset"})  # fmt: skip

    limited, broken = raw(slack, "users.info"), raw(slack, "auth.test")
    with pytest.raises(requests.ConnectionError):
        raw(slack, "chat.postMessage", data={"channel": "C0DEALS", "text": "lost"})

    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert broken.status_code == 500
    assert told(slack, "C0DEALS")["messages"][-1]["text"] == "lost"


def test_teams_are_strangers_to_each_other(slack: Running, bot: WebClient) -> None:
    other = WebClient("xoxb-simulator-2", base_url=f"{slack.url}/api/")

    assert other.auth_test()["team_id"] == "T0BETA"
    assert refused(other.users_info, user="U0ANNA")["error"] == "user_not_found"
    assert refused(other.chat_postMessage, channel="C0DEALS", text="x")["error"] == "channel_not_found"
