"""A caller is who the issuer or a key says; everything else is refused, and never a crash."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import orjson
import pytest
from crmbridge.domain.connections import Caller
from crmbridge.domain.errors import Busy, Misconfigured, Unauthenticated
from crmbridge.domain.workspaces import ApiKey, key_hash
from crmbridge.services.identify_caller import KEYS_SECONDS, Identified, identify_caller
from crmbridge.services.ports import Deps
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.test/realm"
DISCOVERY = "/realm/.well-known/openid-configuration"
SECRET = "ab12" * 12

Sign = Callable[..., str]


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def issuer(remote: Any, rsa_key: rsa.RSAPrivateKey, ec_key: ec.EllipticCurvePrivateKey) -> Any:
    """An OIDC issuer with an RSA key "r" and an EC key "e"."""
    keys = [
        {**RSAAlgorithm.to_jwk(rsa_key.public_key(), as_dict=True), "kid": "r", "use": "sig"},
        {**ECAlgorithm.to_jwk(ec_key.public_key(), as_dict=True), "kid": "e", "use": "sig"},
    ]

    def answer(asked: Any) -> Any:
        if asked.path == DISCOVERY:
            return 200, {"issuer": ISSUER, "jwks_uri": "https://login.test/keys"}
        return 200, {"keys": keys}

    remote.answer = answer
    return remote


@pytest.fixture
def sign(issuer: Any, clock: Any, rsa_key: rsa.RSAPrivateKey) -> Sign:
    """A token of that issuer, with some claims or headers of its own."""

    def token(*, key: Any = rsa_key, alg: str = "RS256", kid: str | None = "r", **claims: Any) -> str:
        now = datetime.now(UTC)  # PyJWT looks at the real clock
        known = {"iss": ISSUER, "aud": "bridge", "sub": "u1", "exp": now + timedelta(minutes=5), "workspace": "w1"}
        payload = {name: value for name, value in {**known, **claims}.items() if value is not None}
        return jwt.encode(payload, key, alg, headers={"kid": kid} if kid else {})

    return token


@pytest.fixture
def identify(deps: Deps) -> Callable[[str], Identified]:
    return lambda authorization: identify_caller(deps, authorization, issuer=ISSUER, audience="bridge")


@pytest.fixture
def api_key(deps: Deps, clock: Any) -> str:
    deps.workspaces.add_api_key(ApiKey("k1", "acme_eu", "admin", "u9", "ci", key_hash(SECRET), clock()))
    return f"cb_acme_eu_k1_{SECRET}"


def test_a_token_of_the_issuer_says_who_is_asking(identify: Any, sign: Sign) -> None:
    found = identify(f"Bearer {sign(role='admin', email='ada@example.test')}")

    assert found.caller == Caller("w1", "u1", "admin", "ada@example.test")
    assert found.expires_at is not None


def test_elliptic_keys_are_taken_too_and_without_a_role_a_caller_is_a_member(
    identify: Any, sign: Sign, ec_key: Any
) -> None:
    found = identify(f"bearer {sign(key=ec_key, alg='ES256', kid='e')}")

    assert found.caller.role == "member"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.test"},
        {"aud": "other"},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"exp": 1},
        {"exp": 10**30},
        {"nbf": 4_000_000_000},
        {"workspace": None},
        {"workspace": ""},
        {"workspace": 7},
        {"workspace": "w1#connections"},
        {"workspace": "w1\n"},
        {"role": "owner"},
        {"role": ["admin"]},
        {"kid": "unknown"},
        {"kid": None},
        {"kid": "e"},
    ],
)
def test_a_token_that_does_not_say_exactly_what_it_must_is_refused(
    identify: Any, sign: Sign, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        identify(f"Bearer {sign(**claims)}")


@pytest.mark.parametrize("alg", ["HS256", "RS512", "PS256"])
def test_other_algorithms_are_refused_before_any_key_is_fetched(
    identify: Any, sign: Sign, issuer: Any, alg: str, rsa_key: Any
) -> None:
    token = sign(alg=alg, key=rsa_key if alg != "HS256" else "x" * 64)

    with pytest.raises(Unauthenticated, match="RS256 or ES256"):
        identify(f"Bearer {token}")

    assert issuer.asked == []


def test_a_token_signed_by_somebody_else_is_refused(identify: Any, sign: Sign) -> None:
    forged = sign(key=rsa.generate_private_key(65537, 2048))

    with pytest.raises(Unauthenticated, match="InvalidSignatureError"):
        identify(f"Bearer {forged}")


def test_an_unsigned_token_is_refused(identify: Any, issuer: Any) -> None:
    token = jwt.encode({"workspace": "w1", "sub": "u1"}, "", "none")

    with pytest.raises(Unauthenticated):
        identify(f"Bearer {token}")


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer \u00e9\u00e8",
        "Bearer \x00",
        "Bearer eyJhbGciOiJSUzI1NiJ9",
        "Bearer W10.W10.W10",
        "Bearer eyJhbGciOjd9.e30.e30",
        "Bearer " + jwt.utils.base64url_encode(b"[" * 6000).decode() + ".e30.e30",
        "Bearer " + "x" * 100_000,
        "Bearer cb_",
        "Bearer cb_w1_k1_short",
        "Bearer cb_acme_eu_k1_" + "0" * 48,
        "Bearer cb_acme_eu_k2_" + SECRET,
        "Bearer cb_other_k1_" + SECRET,
        "Bearer cb_acme_eu_k1#x_" + SECRET,
        "Bearer cb_" + "w" * 5000 + "_k1_" + SECRET,
    ],
)
def test_junk_is_refused_and_never_a_crash(identify: Any, api_key: str, issuer: Any, junk: str) -> None:
    with pytest.raises(Unauthenticated):
        identify(junk)


def test_an_api_key_speaks_for_its_user_until_it_is_deleted(identify: Any, api_key: str, deps: Deps) -> None:
    found = identify(f"Bearer {api_key}")
    deps.workspaces.delete_api_key("acme_eu", "k1")

    assert found == Identified(Caller("acme_eu", "u9", "admin"))
    with pytest.raises(Unauthenticated):
        identify(f"Bearer {api_key}")


def test_the_issuers_keys_are_fetched_once_in_a_while(identify: Any, sign: Sign, issuer: Any, clock: Any) -> None:
    for _ in range(5):
        identify(f"Bearer {sign()}")
    fetched = len(issuer.asked)
    clock.advance(KEYS_SECONDS)
    identify(f"Bearer {sign()}")

    assert (fetched, len(issuer.asked)) == (2, 4)


def test_strangers_with_unknown_keys_do_not_make_us_ask_the_issuer_all_the_time(
    identify: Any, sign: Sign, issuer: Any
) -> None:
    for number in range(5):
        with pytest.raises(Unauthenticated):
            identify(f"Bearer {sign(kid=str(number))}")

    assert len(issuer.asked) == 2


@pytest.mark.parametrize("answer", [(503, {}), (200, []), (302, None)])
def test_an_issuer_that_does_not_answer_is_not_the_callers_fault(
    identify: Any, sign: Sign, issuer: Any, answer: Any
) -> None:
    token = sign()
    issuer.answer = lambda asked: answer

    with pytest.raises(Busy, match="OIDC issuer"):
        identify(f"Bearer {token}")


def test_an_issuer_of_another_name_is_a_wrong_setting(identify: Any, sign: Sign, issuer: Any) -> None:
    token = sign()
    issuer.answer = lambda asked: (200, {"issuer": "https://other.test", "jwks_uri": "https://other.test/keys"})

    with pytest.raises(Misconfigured, match="OIDC_ISSUER"):
        identify(f"Bearer {token}")


def test_keys_that_are_none_refuse_the_token(identify: Any, sign: Sign, issuer: Any) -> None:
    token, answer = sign(), issuer.answer
    issuer.answer = lambda asked: answer(asked) if asked.path == DISCOVERY else (200, orjson.loads('{"keys": [7]}'))

    with pytest.raises(Unauthenticated):
        identify(f"Bearer {token}")
