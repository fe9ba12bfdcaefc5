"""Write the parts of the documentation that are made from the code: docs/rules.md, and the README's first output.

python tools/write_docs.py
"""

import re
import subprocess
import sys
from pathlib import Path

from tflint.docs import HEADINGS, doc, markdown
from tflint.packs import all_rules, load_packs

ROOT = Path(__file__).resolve().parent.parent


def rules_page() -> str:
    """docs/rules.md: a table of all rules, then the page of each."""
    rules = all_rules(load_packs())
    lines = ["# Rules", "", "Written by tools/write_docs.py from the rules themselves.", ""]
    lines += ["| code | name | severity | what it reports |", "|---|---|---|---|"]
    for rule in rules:
        meta = rule.meta
        link = f"[{meta.name}](#{meta.code.lower()}-{meta.name})"
        lines.append(f"| {meta.code} | {link} | {meta.severity.label} | {doc(rule).summary} |")
    pages = [re.sub(r"^#", "##", markdown(rule), flags=re.MULTILINE) for rule in rules]
    assert all(f"### {heading}" in page for page in pages for heading in HEADINGS)
    return "\n".join(lines) + "\n\n" + "\n".join(pages)


def readme() -> str:
    """README.md with what `tflint check examples/faulty` prints now."""
    command = [sys.executable, "-m", "tflint", "check", "examples/faulty", "--isolated", "--color", "never"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    block = f"```text\n$ tflint check examples/faulty\n{printed}```"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"```text\n\$ tflint check examples/faulty\n.*?```", lambda _: block, text, count=1, flags=re.DOTALL)


PAGES = {"docs/rules.md": rules_page, "README.md": readme}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
