"""The short reference by which a write is found again where only a text can hold it."""

from base64 import b32encode
from hashlib import sha256


def marker(key: str) -> str:
    """Short and plain, because sellers see it: `ref 4F7K2Q`."""
    return f"ref {b32encode(sha256(key.encode()).digest())[:6].decode()}"
