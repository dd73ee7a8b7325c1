"""The API as a chat app or an admin sees it: JSON in, JSON out, problems as exceptions."""

from collections.abc import Mapping
from typing import Any

import requests

Json = Any


class StepFailed(Exception):
    """A step of the journey did not end as it must; the message says what was seen."""


class Bridge:
    """One caller of the deployed API."""

    def __init__(self, url: str, credential: str) -> None:
        self.url = url
        self.credential = credential
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {credential}"

    def get(self, path: str, **params: str | int) -> Json:
        return self._asked("GET", path, params=params)

    def post(self, path: str, body: Json = None, **headers: str) -> Json:
        return self._asked("POST", path, json=body, headers=_headers(headers))

    def put(self, path: str, body: Json) -> Json:
        return self._asked("PUT", path, json=body)

    def patch(self, path: str, body: Json, **headers: str) -> Json:
        return self._asked("PATCH", path, json=body, headers=_headers(headers))

    def delete(self, path: str) -> Json:
        return self._asked("DELETE", path)

    def raw(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """The answer as it is, refusals included."""
        return self._session.request(method, self.url + path, timeout=60, **arguments)

    def _asked(self, method: str, path: str, **arguments: Any) -> Json:
        answer = self.raw(method, path, **arguments)
        if answer.status_code >= 400:
            raise StepFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:1000]}")
        return answer.json() if answer.content else None


def _headers(named: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}
