"""Links between documents and code lead somewhere."""

import re
from pathlib import Path

import pytest
from crmbridge.domain.actions import ACTION_TYPES, ActionStatus
from crmbridge.domain.inputs import writable
from crmbridge.domain.predicates.operators import OPERATORS
from crmbridge.domain.rules import WHATS
from crmbridge.domain.templates import WORDS
from crmbridge.entry.groups import GroupGiven
from crmbridge.entry.rules import RuleGiven
from crmbridge.services.read_given import KINDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SERVICES = ROOT / "layers" / "bridge" / "crmbridge" / "services"
EVENT = re.compile(r'"((?:action|channel|connection|endpoint|group|record|rule|sync)\.(?:[a-z]+\.)?[a-z_]+)"')
AUDITED = re.compile(r"(?:audit|_noting)\([^)]*\)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_something_that_is_there(document: Path) -> None:
    named = LINK.findall(document.read_text())

    assert [link for link in named if not (document.parent / link).exists()] == []


def test_decisions_are_numbered_one_by_one() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))

    titles = [page.read_text().partition(".")[0] for page in pages]

    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    assert titles == [f"# {number}" for number in range(1, len(pages) + 1)]


def test_the_page_on_rules_names_every_operator_setting_and_kind() -> None:
    page = (ROOT / "docs" / "groups.md").read_text()

    names = [*OPERATORS, *KINDS, *(set(GroupGiven.model_fields) - {"name", "channel"})]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_page_on_automation_names_every_setting_and_happening() -> None:
    page = (ROOT / "docs" / "rules.md").read_text()

    names = [*WHATS, *KINDS, *(set(RuleGiven.model_fields) - {"name"})]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_the_page_for_chat_apps_names_every_action_its_fields_and_its_endings() -> None:
    page = (ROOT / "docs" / "chat-app.md").read_text()

    fields = [name for type in ACTION_TYPES.values() for name in writable(type.kind)]
    assert [name for name in [*ACTION_TYPES, *fields, *ActionStatus] if f"`{name}`" not in page] == []


def test_the_page_for_chat_apps_names_every_placeholder() -> None:
    page = (ROOT / "docs" / "chat-app.md").read_text()

    assert [word for word in WORDS if f"`{{{word}}}`" not in page] == []


def test_the_page_for_chat_apps_names_every_event() -> None:
    page = (ROOT / "docs" / "chat-app.md").read_text()

    told = {type for file in SERVICES.rglob("*.py") for type in EVENT.findall(AUDITED.sub("", file.read_text()))}
    assert sorted(type for type in told if f"`{type}`" not in page) == []
    assert "record.changed" in told
