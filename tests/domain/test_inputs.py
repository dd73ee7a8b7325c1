"""Values as people send them: taken in one form, or refused by name."""

import pytest
from crmbridge.domain.errors import Invalid
from crmbridge.domain.inputs import read_fields
from crmbridge.domain.records import Kind


@pytest.mark.parametrize(
    "address", ["ann@example.com", " o'neil+crm@mail.example.co.uk ", "ann@localhost", "ä@ö.example"]
)
def test_an_address_is_taken_as_it_is(address: str) -> None:
    assert read_fields(Kind.CONTACT, {"email": address}) == {"email": address.strip()}


@pytest.mark.parametrize(
    "address", ["ann", "ann@", "@example.com", "a b@example.com", "a@b@c.example", "a@b..example", 7, ""]
)
def test_what_is_no_address_is_refused_before_any_crm_sees_it(address: object) -> None:
    with pytest.raises(Invalid, match=r"fields\.email"):
        read_fields(Kind.CONTACT, {"email": address})


def test_an_address_can_be_taken_away() -> None:
    assert read_fields(Kind.CONTACT, {"email": None}, clearing=True) == {"email": None}
