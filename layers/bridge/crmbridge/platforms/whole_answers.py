"""How a session of `requests` reads what the CRMs answer: whole, and unpacked in one go.

Piece by piece, as urllib3 unpacks a body that nobody asked for as a stream, a page of 100 records takes twice as long.
"""

import gzip
import zlib
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError


class WholeAnswers(HTTPAdapter):
    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *more: Any, **options: Any
    ) -> requests.Response:
        answer = super().send(request, stream, *more, **options)
        if not stream and answer.headers.get("Content-Encoding") == "gzip":
            answer.raw = BytesIO(_unpacked(answer))
        return answer


def _unpacked(answer: requests.Response) -> bytes:
    """Raises what `requests` raises when a body cannot be read to its end."""
    try:
        body = answer.raw.read(decode_content=False)
        return gzip.decompress(body) if body else body
    except HTTPError as error:
        raise requests.ConnectionError(error, request=answer.request) from error
    except (OSError, EOFError, zlib.error) as error:
        raise requests.exceptions.ContentDecodingError(error, request=answer.request) from error
