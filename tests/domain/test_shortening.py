"""What is more than the store holds is cut where it is longest."""

from collections.abc import Mapping
from decimal import Decimal

from crmbridge.domain.records import Kind, Record, Value
from crmbridge.domain.shortening import ROOM, shortened

SMALL: Mapping[str, Value] = {"name": "Deal", "amount": Decimal("12.50")}


def record(**custom: object) -> Record:
    return Record(
        platform="hubspot", object="deals", external_id="1", kind=Kind.DEAL, fields=SMALL, custom_fields=custom
    )


def test_only_the_longest_values_are_cut_and_marked() -> None:
    cut = shortened(record(notes="n" * 500_000, colour="blue", flag=True))

    assert (cut.fields, cut.custom_fields["colour"], cut.custom_fields["flag"]) == (SMALL, "blue", True)
    assert ROOM * 0.99 < len(cut.custom_fields["notes"]) < ROOM
    assert cut.odd == {"notes"}


def test_many_long_values_share_the_room() -> None:
    cut = shortened(record(**{f"f{number}": "\u00e9" * 20_000 for number in range(40)}, short="s"))

    assert sum(len(str(value).encode()) for value in cut.custom_fields.values()) <= ROOM
    assert cut.custom_fields["short"] == "s"
    assert len(cut.odd) == 40


def test_a_long_list_becomes_a_text() -> None:
    cut = shortened(record(options=["option"] * 100_000))

    assert str(cut.custom_fields["options"]).startswith('["option", "option"')


def test_more_names_than_there_is_room_for_keep_no_values() -> None:
    cut = shortened(record(**{f"{'field' * 20}{number}": "value" for number in range(4000)}))

    assert set(cut.custom_fields.values()) == {""}
