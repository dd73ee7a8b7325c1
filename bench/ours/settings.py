"""What a deployment would be told: every table is called by its kind."""

from typing import Final

from crmbridge.settings import Settings, read_settings

ENVIRONMENT: Final = {
    "RECORDS_TABLE": "records", "CONTROL_TABLE": "control", "MEMBERSHIPS_TABLE": "memberships",
    "ACTIONS_TABLE": "actions", "JOURNAL_TABLE": "journal", "GUARDS_TABLE": "guards",
    "DELIVERIES_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/deliveries",
    "PAGES_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/pages",
    "GROUPS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/groups",
    "ACTIONS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/actions.fifo",
    "CHAT_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/chat.fifo",
    "RULES_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/rules",
    "BUCKET": "bench", "SECRET_PREFIX": "bench", "PUBLIC_URL": "https://bridge.example.com",
    "OIDC_ISSUER": "https://chat.example.com", "OIDC_AUDIENCE": "bridge", "LOG_LEVEL": "INFO",
}  # fmt: skip


def settings() -> Settings:
    return read_settings(ENVIRONMENT)
