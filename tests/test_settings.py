"""Settings are read once and say which variable is wrong."""

import pytest
from crmbridge.domain.errors import Misconfigured
from crmbridge.settings import MAY_BE_EMPTY, Settings, read_settings


@pytest.fixture
def environment() -> dict[str, str]:
    return {name.upper(): f"the {name}" for name in Settings.__dataclass_fields__ if name not in MAY_BE_EMPTY}


def test_a_complete_environment_becomes_settings(environment: dict[str, str]) -> None:
    settings = read_settings(environment | {"RETURN_URLS": "https://a.example/, https://b.example"})

    assert settings.records_table == "the records_table"
    assert settings.return_urls == ("https://a.example/", "https://b.example")
    assert settings.sync_lag_seconds is None


def test_every_missing_variable_is_named(environment: dict[str, str]) -> None:
    del environment["BUCKET"]
    environment["PUBLIC_URL"] = ""

    with pytest.raises(Misconfigured, match="BUCKET, PUBLIC_URL"):
        read_settings(environment)


def test_the_sync_lag_is_a_number_of_seconds(environment: dict[str, str]) -> None:
    assert read_settings(environment | {"SYNC_LAG_SECONDS": "0"}).sync_lag_seconds == 0


@pytest.mark.parametrize("name", ["SYNC_LAG_SECONDS", "MAX_GROUPS", "MAX_RULES"])
def test_what_is_no_number_is_named(environment: dict[str, str], name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        read_settings(environment | {name: "many"})
