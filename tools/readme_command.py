"""Print a command of the README: `python tools/readme_command.py N` prints the N-th block of shell lines in it."""

import re
import sys
from pathlib import Path


def commands() -> list[str]:
    """The shell blocks of the README, in order."""
    text = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


if __name__ == "__main__":
    print(commands()[int(sys.argv[1]) - 1])
