"""Action templates are a workspace's own, and change one version at a time, in both stores."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from crmbridge.domain.errors import Clash, NotFound, Stale
from crmbridge.domain.templates import ActionTemplate
from crmbridge.storage.items import Items
from crmbridge.storage.templates import TemplateStore

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
QUOTE = ActionTemplate(
    id="t1", workspace="w1", name="Quote", type="create_task", fields={"subject": "{deal_name}"}, created_at=NOW
)


@pytest.fixture
def templates(make_items: Callable[[str], Items]) -> TemplateStore:
    store = TemplateStore(make_items("control"))
    store.add(QUOTE)
    return store


def test_a_template_comes_back_as_it_was_stored(templates: TemplateStore) -> None:
    assert templates.get("w1", "t1") == QUOTE
    assert templates.list("w1") == [QUOTE]


def test_an_id_is_taken_once(templates: TemplateStore) -> None:
    with pytest.raises(Clash):
        templates.add(QUOTE)


def test_of_two_editors_of_one_version_the_second_is_stale(templates: TemplateStore) -> None:
    saved = templates.save(replace(QUOTE, name="Offer"))

    with pytest.raises(Stale):
        templates.save(replace(QUOTE, name="Bid"))
    assert templates.get("w1", "t1") == saved == replace(QUOTE, name="Offer", version=1)


def test_what_is_deleted_or_another_workspaces_is_not_there(templates: TemplateStore) -> None:
    with pytest.raises(NotFound):
        templates.get("w2", "t1")
    templates.delete("w2", "t1")
    templates.delete("w1", "t1")

    with pytest.raises(NotFound):
        templates.get("w1", "t1")
    assert templates.list("w1") == []
