"""The README's table of CRMs and what works, out of the platforms themselves: never ahead of the truth."""

import argparse
from pathlib import Path

from crmbridge.domain.actions import ACTION_TYPES
from crmbridge.domain.records import Kind
from crmbridge.platforms.registry import PLATFORMS
from crmbridge.platforms.spec import Platform

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- matrix: made by `python -m local matrix` -->"
END = "<!-- /matrix -->"
AUTH = {
    "oauth": "OAuth",
    "token": "private token",
    "client_credentials": "client credentials",
    "jwt_bearer": "JWT bearer",
    "self_client": "self client",
}


def rows(platform: Platform) -> dict[str, str]:
    kinds = {kind for spec in platform.objects.values() for kind in spec.kinds}
    return {
        "connect": ", ".join(AUTH[way] for way in platform.auth),
        **{f"read {kind}": tick(kind in kinds) for kind in Kind},
        "webhooks, proven": tick(bool(platform.webhook.headers or platform.channels)),
        **{f"`{name}`": tick(name in platform.actions) for name in ACTION_TYPES},
        "admins ask in": platform.query.language if platform.query else tick(False),
    }


def tick(works: bool) -> str:
    return "yes" if works else "-"


def matrix() -> str:
    """The table as Markdown, one column per CRM."""
    columns = {platform.title: rows(platform) for platform in PLATFORMS.values()}
    names = list(next(iter(columns.values())))
    lines = [["", *columns], ["---"] * (len(columns) + 1)]
    lines += [[name, *(column[name] for column in columns.values())] for name in names]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def with_matrix(readme: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{matrix()}\n{END}{after}"


def write(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="python -m local matrix", description=__doc__).parse_args(arguments)
    README.write_text(with_matrix(README.read_text()))
    return 0
