"""The OIDC issuer of the chat app: who its users are, signed with a key that survives a restart."""

import base64
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256, Hash


class Issuer:
    def __init__(self, url: str, key_file: str) -> None:
        self.url = url
        self._key = _kept_key(Path(key_file)) if key_file else _new_key()
        self._public = self._key.public_key().public_numbers()
        self._key_id = _fingerprint(_number(self._public.n))

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks.json",
            "token_endpoint": f"{self.url}/_sim/token",
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        }

    def jwks(self) -> dict[str, Any]:
        numbers = {"n": _number(self._public.n), "e": _number(self._public.e)}
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._key_id, **numbers}]}

    def token(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"iss": self.url, **claims}, self._key, algorithm="RS256", headers={"kid": self._key_id})


def _new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def _kept_key(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{path} does not hold an RSA key")
        return key
    key = _new_key()
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return key


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()


def _fingerprint(text: str) -> str:
    digest = Hash(SHA256())
    digest.update(text.encode())
    return digest.finalize().hex()[:16]
