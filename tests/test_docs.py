"""Links between documents and code lead somewhere."""

import re
from pathlib import Path

import pytest
from crmbridge.domain.predicates.operators import OPERATORS
from crmbridge.entry.groups import GroupGiven
from crmbridge.services.check_group import KINDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_something_that_is_there(document: Path) -> None:
    named = LINK.findall(document.read_text())

    assert [link for link in named if not (document.parent / link).exists()] == []


def test_the_page_on_rules_names_every_operator_setting_and_kind() -> None:
    page = (ROOT / "docs" / "groups.md").read_text()

    names = [*OPERATORS, *KINDS, *(set(GroupGiven.model_fields) - {"name", "channel"})]
    assert [name for name in names if f"`{name}`" not in page] == []
