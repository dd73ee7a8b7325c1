"""What is strange about some of the seeded records, by their number."""

from typing import Any

Values = dict[str, Any]


def odd_person(number: int, mail: str) -> Values:
    odd: dict[int, Values] = {
        5: {"emails": [], "phones": []},
        11: {"emails": [
            {"value": mail, "primary": False, "label": "work"},
            {"value": f"private{number}@home.test", "primary": True, "label": "home"},
        ]},
        17: {"name": "Prince", "org_id": None},
        23: {"emails": [{"value": f"Loud.Name.{number}@MAIL.TEST", "primary": True, "label": "work"}]},
        29: {"phones": [{"value": "call the office", "primary": True, "label": ""}]},
        31: {"name": "  Åse   van der  Ω  "},
        37: {"emails": [{"value": "", "primary": True, "label": "work"}]},
        41: {"emails": [{"value": "shared@family.test", "primary": True, "label": "work"}]},
    }  # fmt: skip
    return odd.get(number % 43, {})


def odd_organization(number: int) -> Values:
    odd: dict[int, Values] = {
        3: {"name": "Twin & Sons"},
        8: {"name": "Twin & Sons", "address": None},
        12: {"website": "not a site", "employee_count": 0},
        19: {"name": "🚀 " + "Long " * 40, "annual_revenue": -1},
    }
    return odd.get(number % 23, {})


def odd_deal(number: int) -> Values:
    odd: dict[int, Values] = {
        4: {"value": None, "expected_close_date": None},
        9: {"title": "Zażółć „gęślą” <b>jaźń</b> 🚲"},
        14: {"value": -250.5, "currency": "SEK"},
        20: {"person_id": None, "org_id": None},
    }
    return odd.get(number % 27, {})


def odd_activity(number: int) -> Values:
    odd: dict[int, Values] = {
        6: {"due_date": None, "due_time": None},
        13: {"type": "site_visit"},
        16: {"type": "fax", "duration": "26:00"},
        21: {"subject": "", "note": "plain, not <HTML> & not escaped"},
    }
    return odd.get(number % 29, {})
