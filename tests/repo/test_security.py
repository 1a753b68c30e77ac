"""SECURITY.md: what it names as shown is there, and updates are looked for in both repositories."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_line_of_the_threat_model_names_a_test_that_exists() -> None:
    table = TEXT.split("## What is guarded against")[1].split("## What is not protected")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    for row in rows:
        named = re.findall(r"`(tests/[^`]+)`", row)
        assert named, row
        assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", ["pypandoc_binary", "typst", "font-source-sans-pro"])
def test_what_is_bundled_is_named_with_its_licence(name: str) -> None:
    assert name in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (row,) = [line for line in TEXT.splitlines() if f"| `{name}` |" in line][:1]
    assert re.search(r"MIT|GPL|Apache|Open Font", row)
    assert "GPL" in TEXT


@pytest.mark.parametrize("folder", [ROOT, ROOT / "lib" / "funnel" / "template" / "jobs" / "github"])
def test_updates_of_actions_are_looked_for(folder: Path) -> None:
    settings = yaml.safe_load((folder / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert settings["version"] == 2
    assert "github-actions" in {one["package-ecosystem"] for one in settings["updates"]}
