"""Write `src/tflint/analysis/runtime_table.py` from LiteRT's sources.

    python tools/make_runtime_versions.py runtime_version.cc register.cc ORIGIN > \
        src/tflint/analysis/runtime_table.py

The files are `tflite/converter/tools/versioning/runtime_version.cc` and `tflite/core/kernels/register.cc` of
google-ai-edge/LiteRT; ORIGIN is the commit they were taken from. Only names and numbers are taken.
"""

import re
import sys
from pathlib import Path

HEAD = '''"""The first runtime that has each version of each builtin op.

Written by tools/make_runtime_versions.py from LiteRT {origin},
tflite/converter/tools/versioning/runtime_version.cc and tflite/core/kernels/register.cc; not edited by hand.
"""

__all__ = ["RUNTIMES"]
'''


def runtimes(text: str) -> dict[str, dict[int, str]]:
    """Return op -> version -> runtime of runtime_version.cc."""
    found: dict[str, dict[int, str]] = {}
    for op, version, runtime in re.findall(r'{{BuiltinOperator_(\w+),\s*(\d+)},\s*"([\d.]+)"}', text):
        found.setdefault(op, {})[int(version)] = runtime
    return found


def registered(text: str) -> dict[str, range]:
    """Return op -> versions of register.cc; an op without numbers is registered in version 1."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    call = r"AddBuiltin\(\s*BuiltinOperator_(\w+),\s*[\w:]+\(\)\s*(?:,\s*(\d+)\s*)?(?:,\s*(\d+)\s*)?\)"
    found = {}
    for op, first, last in re.findall(call, text):
        low = int(first or 1)
        found[op] = range(low, int(last or low) + 1)
    assert len(found) == text.count("AddBuiltin("), "a registration was not understood"
    return found


def main() -> None:
    versions, register, origin = sys.argv[1:]
    table = runtimes(Path(versions).read_text())
    kernels = registered(Path(register).read_text())
    print(HEAD.format(origin=origin))
    print("RUNTIMES: dict[str, str] = {")
    for op in sorted(kernels):
        assert sorted(table[op]) == list(kernels[op]), f"{op}: the two files disagree"
        print(f'    "{op}": "{" ".join(table[op].get(number, "-") for number in range(1, kernels[op].stop))}",')
    print("}")
    print('"""Op -> the first runtime with version 1, 2, …; `-` where there is no such version."""')


if __name__ == "__main__":
    main()
