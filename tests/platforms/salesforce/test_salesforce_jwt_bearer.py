"""A user for whom a key signs: the assertion that is sent, what is told of a refusal, and how it is renewed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import jwt
import orjson
import pytest
import requests
from crmbridge.domain.connections import AppCredentials, TokenSet
from crmbridge.domain.errors import Invalid, ReauthRequired
from crmbridge.domain.runs import RunType, Status
from crmbridge.platforms.oauth import TokenEndpoint, renew
from crmbridge.platforms.salesforce import SALESFORCE
from crmbridge.services.add_connection import add_connection
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from jwt.types import Options

from local.simulators import running
from tests.crm_house import ADA, a_house

WAY = SALESFORCE.ways["jwt_bearer"]
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LATER: Options = {"verify_exp": False}
"""Whoever verifies looks at the wall clock; how long an assertion is good is held against ours."""
OURS = AppCredentials("3MVG9ours", "never sent")
REPLY = {
    "access_token": "00D!jwt",
    "scope": "api id",
    "instance_url": "https://acme.my.salesforce.com",
    "id": "https://login.salesforce.com/id/00D5g0000000001EAA/0055g0000000001AAA",
}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def form_of(sent: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(sent.body).items()}


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ({}, "https://login.salesforce.com"),
        ({"domain": "test.salesforce.com"}, "https://test.salesforce.com"),
        ({"domain": "acme.my.salesforce.com"}, "https://acme.my.salesforce.com"),
    ],
)
def test_the_assertion_names_the_app_the_user_and_the_host(
    scripted: Callable[..., Any], key: RSAPrivateKey, pem: str, domain: dict[str, str], url: str
) -> None:
    session, sent = scripted(REPLY)
    given = {"username": "ada@acme.test", "client_id": "3MVG9theirs", "private_key": pem, **domain}

    tokens = WAY.grant(TokenEndpoint(SALESFORCE, OURS, session, NOW), given)

    form = form_of(sent.sent[0])
    claims = jwt.decode(form.pop("assertion"), key.public_key(), algorithms=["RS256"], audience=url, options=LATER)
    assert sent.sent[0].url == f"{url}/services/oauth2/token"
    assert form == {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    assert (claims["iss"], claims["sub"]) == ("3MVG9theirs", "ada@acme.test")
    assert claims["exp"] - NOW.timestamp() <= 180
    assert (tokens.refresh_token, tokens.base_url) == ("", "https://acme.my.salesforce.com")
    assert set(tokens.scopes) == {"api", "id", "refresh_token"}


def test_a_key_that_cannot_sign_is_named_and_nobody_is_asked(scripted: Callable[..., Any]) -> None:
    session, sent = scripted()
    broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
    given = {"username": "ada@acme.test", "client_id": "3MVG9", "private_key": broken}

    with pytest.raises(Invalid) as caught:
        WAY.grant(TokenEndpoint(SALESFORCE, OURS, session, NOW), given)

    assert [problem.field for problem in caught.value.problems] == ["private_key"]
    assert sent.sent == []


def test_nobody_signs_in_as_a_user_by_naming_them() -> None:
    needed = {each.name for each in WAY.inputs if each.required}

    assert needed == {"username", "client_id", "private_key"}


def test_a_key_with_a_passphrase_cannot_sign(scripted: Callable[..., Any], key: RSAPrivateKey) -> None:
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"secret"))
    given = {"username": "ada@acme.test", "client_id": "3MVG9", "private_key": locked.decode()}

    with pytest.raises(Invalid, match="private_key"):
        WAY.grant(TokenEndpoint(SALESFORCE, OURS, scripted()[0], NOW), given)


REFUSALS = [
    ("invalid_grant", "user hasn't approved this consumer", "username", "has not approved the app"),
    ("invalid_app_access", "user is not admin approved to access this app", "username", "has not approved the app"),
    ("invalid_grant", "audience is invalid", "domain", "sandbox has test.salesforce.com"),
    ("invalid_grant", "invalid assertion", "private_key", "certificate that was uploaded"),
    ("inactive_user", "user is inactive", "username", "frozen or inactive"),
    ("invalid_client_id", "client identifier invalid", "client_id", "no app with this consumer key"),
]


@pytest.mark.parametrize(("word", "said", "field", "meant"), REFUSALS)
def test_a_refusal_says_what_was_given_wrong(
    scripted: Callable[..., Any], pem: str, word: str, said: str, field: str, meant: str
) -> None:
    session, _ = scripted((400, {}, orjson.dumps({"error": word, "error_description": said})))
    given = {"username": "ada@acme.test", "client_id": "3MVG9", "private_key": pem}

    with pytest.raises(Invalid) as caught:
        WAY.grant(TokenEndpoint(SALESFORCE, OURS, session, NOW), given)

    (problem,) = caught.value.problems
    assert (problem.field, meant in problem.fix) == (field, True)


@pytest.mark.parametrize(("word", "said", "field", "meant"), REFUSALS)
def test_what_was_taken_back_later_is_the_admins_to_mend(
    scripted: Callable[..., Any], pem: str, word: str, said: str, field: str, meant: str
) -> None:
    session, _ = scripted((400, {}, orjson.dumps({"error": word, "error_description": said})))
    kept = TokenSet(access_token="old", given={"username": "a@b.test", "client_id": "3MVG9", "private_key": pem})

    with pytest.raises(ReauthRequired, match=meant):
        renew(SALESFORCE, OURS, session, kept, NOW, "jwt_bearer")


def test_a_new_assertion_is_the_refresh(scripted: Callable[..., Any], pem: str) -> None:
    session, sent = scripted({**REPLY, "instance_url": "https://moved.my.salesforce.com"})
    given = {"username": "ada@acme.test", "client_id": "3MVG9", "private_key": pem}
    kept = TokenSet(access_token="old", given=given, base_url="https://acme.my.salesforce.com")

    fresh = renew(SALESFORCE, OURS, session, kept, NOW, "jwt_bearer")

    assert (fresh.access_token, fresh.base_url) == ("00D!jwt", "https://moved.my.salesforce.com")
    assert fresh.given == given
    assert form_of(sent.sent[0])["grant_type"].endswith(":jwt-bearer")


def test_salesforce_takes_what_we_sign_and_takes_it_again(key: RSAPrivateKey, pem: str) -> None:
    with running("salesforce", contacts=2, companies=1, deals=1, certificate=certificate(key)) as sim:
        app = AppCredentials("3MVG9simulatorConsumerKey", "never sent", auth_url=sim.url)
        theirs = {"client_id": "3MVG9simulatorConsumerKey", "private_key": pem}
        with requests.Session() as session:
            ask = TokenEndpoint(SALESFORCE, app, session, datetime.now(UTC))
            tokens = WAY.grant(ask, {"username": "admin@falkenau.test", **theirs})
            again = renew(SALESFORCE, app, session, tokens, datetime.now(UTC), "jwt_bearer")
            with pytest.raises(Invalid, match="hasn't approved"):
                WAY.grant(ask, {"username": "nobody@falkenau.test", **theirs})

    assert (tokens.account, tokens.base_url) == ("00D5g0000000001EAA", sim.url)
    assert again.access_token


def test_a_connection_made_so_is_synced_and_outlives_its_sessions(key: RSAPrivateKey, pem: str) -> None:
    options = {"contacts": 8, "companies": 3, "deals": 3, "leads": 0, "certificate": certificate(key)}
    with a_house("salesforce", **options) as house:
        given = {"username": "admin@falkenau.test", "client_id": "3MVG9simulatorConsumerKey", "private_key": pem}
        made = add_connection(house.deps, ADA, "salesforce", given, auth="jwt_bearer")
        house.connection_id = made.id
        house.work()
        first = house.differences()
        house.sim.advance(9 * 3600)  # no session lives so long
        house.sim.mutate(house.dialect.create("company", 2, ".later"))
        house.sim.advance(3600)
        run, _ = house.sync(RunType.INCREMENTAL)

        assert (made.auth, first, house.differences()) == ("jwt_bearer", [], [])
        assert run.status is Status.SUCCESS


def certificate(key: RSAPrivateKey) -> str:
    """Signed by itself, as an admin uploads it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CRM Bridge")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    today = datetime.now(UTC)
    dated = builder.serial_number(1).not_valid_before(today).not_valid_after(today + timedelta(days=1))
    return dated.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
