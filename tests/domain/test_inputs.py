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


@pytest.mark.parametrize("entry", ["ann", {"value": "ann"}, {"value": ""}, {}, 7])
def test_every_address_of_several_is_one(entry: object) -> None:
    with pytest.raises(Invalid, match=r"fields\.emails"):
        read_fields(Kind.CONTACT, {"emails": ["ann@example.com", entry]})


def test_several_addresses_and_numbers_are_taken_with_their_labels() -> None:
    read = read_fields(Kind.CONTACT, {"emails": [{"value": " a@b.test ", "label": "work"}], "phones": ["+49 30 1"]})

    assert read == {
        "emails": [{"value": "a@b.test", "label": "work", "primary": False}],
        "phones": [{"value": "+49 30 1", "label": "", "primary": False}],
    }


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("amount", 50_000, "50000"),
        ("amount", "50000.10", "50000.10"),
        ("close_date", "2026-12-31", "2026-12-31"),
        ("name", " Renewal ", " Renewal "),
        ("owner_id", 7, "7"),
    ],
)
def test_a_value_has_one_form_whichever_it_came_in(name: str, value: object, kept: str) -> None:
    assert read_fields(Kind.DEAL, {name: value}) == {name: kept}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "1,5"), ("amount", True), ("amount", "NaN"), ("amount", "1e400"), ("amount", None),
        ("close_date", "2026-02-30"), ("close_date", "0001-01-01"), ("close_date", 20261231), ("name", " "),
        ("name", ["x"]), ("stage", ""), ("owner_id", {}), ("is_won", True), ("stage_label", "x"), ("nmae", "x"),
    ],
)  # fmt: skip
def test_what_no_crm_could_take_is_named(name: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        read_fields(Kind.DEAL, {"close_date": "2026-12-31", name: value})

    assert [problem.field for problem in caught.value.problems] == [f"fields.{name}"]


@pytest.mark.parametrize("value", ["2026-12-31", "2026-12-31T10:00:00+02:00"])
def test_a_task_is_due_on_a_day_or_at_a_moment(value: str) -> None:
    assert str(read_fields(Kind.TASK, {"due_at": value})["due_at"]).startswith("2026-12-31")


@pytest.mark.parametrize("value", ["2026-12-31T10:00:00", "1699-12-31T10:00:00Z", "soon", 5])
def test_a_moment_without_its_offset_or_out_of_this_world_is_refused(value: object) -> None:
    with pytest.raises(Invalid, match=r"fields\.due_at"):
        read_fields(Kind.TASK, {"due_at": value})
