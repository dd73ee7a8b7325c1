"""The JWT bearer flow: what an assertion must be so that it stands for a person."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from local.simulators import Running, running
from local.simulators.salesforce import Options

FLOW = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KEY = generate_private_key(public_exponent=65_537, key_size=2_048)


def certificate(key: RSAPrivateKey) -> str:
    """Signed by itself, as an admin uploads it with the app."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CRM Bridge")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return dated.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def signing() -> Iterator[Running]:
    """A Salesforce whose app has our certificate."""
    with running("salesforce", contacts=3, companies=2, deals=2, certificate=certificate(KEY)) as sim:
        yield sim


def asked(sim: Running, *, key: RSAPrivateKey = KEY, **claims: Any) -> requests.Response:
    whole = {"iss": Options().client_id, "sub": "admin@falkenau.test", "aud": f"{sim.url}/login",
             "exp": int(time.time()) + 180, **claims}  # fmt: skip
    return sent(sim, jwt.encode(whole, key, algorithm="RS256"))


def sent(sim: Running, assertion: str) -> requests.Response:
    form = {"grant_type": FLOW, "assertion": assertion}
    return requests.post(f"{sim.url}/services/oauth2/token", data=form, timeout=5)


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["error"], answer.json()["error_description"]


def test_an_assertion_stands_for_a_person(signing: Running) -> None:
    grant = asked(signing).json()

    headers = {"Authorization": f"Bearer {grant['access_token']}"}
    limits = requests.get(f"{grant['instance_url']}/services/data/v62.0/limits", headers=headers, timeout=5)

    assert set(grant) == {"access_token", "scope", "instance_url", "id", "token_type"}
    assert limits.status_code == 200


@pytest.mark.parametrize(
    "audience", ["https://login.salesforce.com", "https://falkenau.my.salesforce.com", ["https://login.salesforce.com"]]
)
def test_the_audience_is_the_login_host_or_the_orgs_own(signing: Running, audience: Any) -> None:
    assert asked(signing, aud=audience).status_code == 200


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [({"iss": "somebody else"}, "invalid_client_id", "client identifier invalid"),
     ({"sub": "nobody@falkenau.test"}, "invalid_grant", "user hasn't approved this consumer"),
     ({"aud": "https://test.salesforce.com"}, "invalid_grant", "audience is invalid"),
     ({"aud": None}, "invalid_grant", "audience is invalid"),
     ({"exp": 1_700_000_000}, "invalid_grant", "expired authorization code"),
     ({"exp": 9_999_999_999}, "invalid_grant", "invalid assertion"),
     ({"exp": "soon"}, "invalid_grant", "invalid assertion")],
)  # fmt: skip
def test_a_claim_that_is_wrong_is_named(signing: Running, claims: dict[str, Any], error: str, description: str) -> None:
    assert refusal(asked(signing, **claims)) == (400, error, description)


def test_a_sandbox_has_another_login_host(signing: Running) -> None:
    person = "admin@westfield.test"

    right, wrong = (asked(signing, sub=person, aud=f"{signing.url}/{host}") for host in ("test", "login"))

    assert right.status_code == 200
    assert refusal(wrong)[2] == "audience is invalid"


def test_only_the_registered_key_signs(signing: Running) -> None:
    other = generate_private_key(public_exponent=65_537, key_size=2_048)
    unsigned = jwt.encode({"iss": Options().client_id}, "", algorithm="none")

    answers = [asked(signing, key=other), sent(signing, unsigned), sent(signing, "junk"), sent(signing, "")]

    assert {refusal(each) for each in answers} == {(400, "invalid_grant", "invalid assertion")}


def test_without_a_certificate_nothing_is_good_enough(cloud: Running) -> None:
    before = asked(cloud)

    cloud.settings(certificate=certificate(KEY))

    assert refusal(before)[2] == "invalid assertion"
    assert asked(cloud).status_code == 200


def test_a_person_who_was_not_let_in_beforehand_must_approve_first(cloud: Running) -> None:
    cloud.settings(certificate=certificate(KEY), preapproved=False)
    before = asked(cloud)
    app = {"client_id": Options().client_id, "client_secret": Options().client_secret}
    back = {"redirect_uri": "http://127.0.0.1:9/callback"}
    query = {**app, **back, "response_type": "code", "scope": "api refresh_token", "_sim_approve": "1"}
    page = requests.get(f"{cloud.url}/services/oauth2/authorize", params=query, allow_redirects=False, timeout=5)
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    form = {**app, **back, "grant_type": "authorization_code", "code": code}
    requests.post(f"{cloud.url}/services/oauth2/token", data=form, timeout=5).raise_for_status()

    assert refusal(before) == (400, "invalid_grant", "user hasn't approved this consumer")
    assert asked(cloud).status_code == 200
