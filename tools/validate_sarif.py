"""Ask Microsoft's SARIF validator about reports, with GitHub's rules on: no error and no warning is what passes.

python tools/validate_sarif.py MULTITOOL FILE.sarif ...

MULTITOOL is the program `Sarif.Multitool` of npm's @microsoft/sarif-multitool-linux (-win32, -darwin). The validator
exits with 0 whatever it found, and finds nothing in a file that it could not read; so what counts is its log, and a
copy of each file with a fault that it must find.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

CONFIG = Path(__file__).resolve().parent.parent / "tests" / "data" / "sarif-rules.xml"
KINDS = "Sarif;Ghas"


def main() -> None:
    multitool, *files = sys.argv[1:]
    failed = False
    for file in files:
        found = validate(Path(multitool), Path(file))
        counts = Counter(line.split()[0] for line in found)
        failed |= counts["error"] + counts["warning"] > 0
        print(f"{file}: {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes")
        print("".join(f"  {line}\n" for line in found if not line.startswith("note")), end="")
    sys.exit(int(failed))


def validate(multitool: Path, file: Path) -> list[str]:
    """What the validator says of a report: lines that begin with `error`, `warning` or `note`, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        spoiled = Path(folder) / "spoiled.sarif"
        log = json.loads(file.read_text(encoding="utf-8"))
        for run in log["runs"]:
            del run["tool"]["driver"]["informationUri"]
        spoiled.write_text(json.dumps(log), encoding="utf-8")
        if not any(line.startswith("warning SARIF2005") for line in _ask(multitool, spoiled)):
            return ["error the validator did not read the file"]
        return _ask(multitool, file)


def _ask(multitool: Path, file: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.sarif"
        options = ["--config", str(CONFIG), "--rule-kind", KINDS, "--level", "Error;Warning;Note", "--kind", "Fail"]
        subprocess.run(
            [multitool, "validate", file, *options, "--output", out, "--log", "ForceOverwrite", "--quiet"],
            env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        [run] = json.loads(out.read_text(encoding="utf-8-sig"))["runs"]
    lines = [f"{result.get('level', 'warning')} {result['ruleId']} {_words(result)}" for result in run["results"]]
    for invocation in run["invocations"]:
        for key in ("toolConfigurationNotifications", "toolExecutionNotifications"):
            lines += [f"{each.get('level', 'warning')} {key} {_words(each)}" for each in invocation.get(key, [])]
    return sorted(lines)


def _words(entry: dict[str, dict[str, object]]) -> str:
    """The text of a message, or the id and the arguments of one whose text stands with its rule."""
    message = entry["message"]
    return str(message.get("text") or [message.get("id"), message.get("arguments")])


if __name__ == "__main__":
    main()
