"""The documentation tells the truth: what it shows is what the program prints now."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["README.md", "docs/rules.md"])
def test_what_is_made_from_the_code_is_current(name: str) -> None:
    made = tool("write_docs").PAGES[name]()
    assert (ROOT / name).read_text(encoding="utf-8") == made, "run: python tools/write_docs.py"


def test_the_readme_has_its_two_commands() -> None:
    first, second, *more = tool("readme_command").commands()
    assert "tflint check examples" in first
    assert "pytest" in second
    assert more == []


def test_every_link_within_the_project_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")]:
        prose = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_the_configuration_of_the_readme_is_valid(tmp_path: Path) -> None:
    from tflint.config import active_rules, load_config
    from tflint.packs import all_rules, load_packs

    [text] = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    assert active_rules(load_config(path), all_rules(load_packs()))
