"""A CRM's fields as the API shows them."""

import pytest
from crmbridge.domain.directories import Field, Option
from crmbridge.domain.records import Type
from crmbridge.entry.connections import FieldShown


@pytest.mark.parametrize("is_multiple", [False, True])
def test_a_field_says_whether_several_options_may_be_chosen(is_multiple: bool) -> None:
    field = Field("region", "Region", Type.OPTION, (Option("n", "North"),), custom=True, is_multiple=is_multiple)

    shown = FieldShown.model_validate(field).model_dump()

    assert (shown["multiple"], shown["options"]) == (is_multiple, [{"value": "n", "label": "North"}])
