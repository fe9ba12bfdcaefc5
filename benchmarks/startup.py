"""How long tflint takes to start, against the imports that any tool for such models pays.

python benchmarks/startup.py [--check] [--pairs N]

The bar: `tflint check` with all rules on a small model takes at most 1.5 times the import floor, and the commands that
read no model import neither numpy nor networkx. With --check the exit code is 1 where that does not hold.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from measure import FLOOR, ROOT, SCRIPT, TFLINT, compile_all, run

BAR = 1.5
MODEL = "examples/good/classifier_int8.tflite"
CHECK = ("check", MODEL)
LIGHT = (("--version",), ("--help",), ("explain", "TFL116"))
HEAVY = ("numpy", "networkx", "flatbuffers")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="Exit with 1 where the bar is missed.")
    parser.add_argument("--pairs", type=int, default=15, help="How often each command is run.")
    arguments = parser.parse_args()
    compile_all()
    commands: dict[str, Sequence[str]] = {"python -c 'import numpy, networkx, flatbuffers'": FLOOR}
    commands["python -m tflint check"] = (*TFLINT, *CHECK)
    if SCRIPT.exists():
        commands["tflint check"] = (str(SCRIPT), *CHECK)
    commands |= {f"python -m tflint {' '.join(light)}": (*TFLINT, *light) for light in LIGHT}
    worst = _times(commands, arguments.pairs)
    _imports(CHECK)
    clean = not [light for light in LIGHT if not _imports(light)]
    met = worst <= BAR and clean
    print(f"\nthe bar of {BAR} floors is {'met' if worst <= BAR else 'MISSED'}: {worst:.2f}")
    return int(arguments.check and not met)


def _times(commands: Mapping[str, Sequence[str]], pairs: int) -> float:
    """Print the median time of each command and its ratio to the first; return the largest ratio of a check."""
    runs: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(pairs + 1):  # turn by turn, so that what else the machine does meets all alike
        for name, command in commands.items():
            took = run(command)
            assert took.code == 0, f"{name} ended with {took.code}"
            if number:  # the first one warms the file system's cache
                runs[name].append(took.seconds)
    floor, *_ = runs.values()
    ratios = {name: median(a / b for a, b in zip(took, floor, strict=True)) for name, took in runs.items()}
    for name, took in runs.items():
        spread = f"{min(took) * 1000:.0f} to {max(took) * 1000:.0f}"
        print(f"{name:52} {median(took) * 1000:6.0f} ms ({spread}), {ratios[name]:.2f} floors")
    return max(ratio for name, ratio in ratios.items() if name.endswith("check"))


def _imports(arguments: Sequence[str]) -> bool:
    """Print which of the heavy packages a command imports; return whether it is none."""
    command = (sys.executable, "-X", "importtime", "-m", "tflint", *arguments)
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    modules = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    found = [name for name in HEAVY if name in modules]
    print(f"tflint {' '.join(arguments)} imports {len(modules)} modules, {' and '.join(found) or f'none of {HEAVY}'}")
    return not found


if __name__ == "__main__":
    sys.exit(main())
