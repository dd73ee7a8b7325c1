"""The README is held to what is there."""

from pathlib import Path

from local.matrix import README, with_matrix

ROOT = Path(README).parent


def test_the_table_of_crms_says_what_the_platforms_say() -> None:
    readme = README.read_text()

    assert with_matrix(readme) == readme, "run `python -m local matrix`"


def test_every_path_the_readme_names_exists() -> None:
    named = [word.strip("`") for word in README.read_text().split() if word.startswith("`") and "/" in word]

    missing = [path for path in named if path.endswith("/`".strip("`")) and not (ROOT / path).exists()]

    assert missing == []
