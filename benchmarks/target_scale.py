"""How the time of checking against all targets at once grows with the model; `placement.py --scale` runs it.

    python benchmarks/target_scale.py [MODEL]

Checks chains of 5,000 and 10,000 CONV_2D, and MODEL, against every target that is installed. The floor is a process
that imports numpy, networkx and flatbuffers. All are measured in turns, and medians compared.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from measure import FLOOR, TFLINT, compile_all, run
from scale import chain
from tflint.packs import load_packs, target_names

TURNS = 5


def main(model: Path | None) -> int:
    """Print the times and their ratios."""
    compile_all()
    targets = ",".join(target_names(load_packs()))
    with tempfile.TemporaryDirectory() as folder:
        commands: dict[str, tuple[str, ...]] = {"floor": FLOOR}
        for ops in (5_000, 10_000):
            path = Path(folder) / f"{ops}.tflite"
            chain(path, ops)
            commands[f"{ops:,} ops"] = (*TFLINT, "check", "--isolated", "--exit-zero", "--target", targets, str(path))
        if model is not None:
            commands[model.name] = (*TFLINT, "check", "--isolated", "--exit-zero", "--target", targets, str(model))
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(TURNS):
            for name, command in commands.items():
                done = run(command)
                assert done.code == 0, f"{name} ended with {done.code}"
                times[name].append(done.processor)
    middle = {name: statistics.median(each) for name, each in times.items()}
    print(f"{len(targets.split(','))} targets, seconds of processor time, median of {TURNS}")
    for name, seconds in middle.items():
        print(f"{name:40} {seconds:7.2f}  {seconds / middle['floor']:6.2f} floors")
    print(f"t(10k) / t(5k): {middle['10,000 ops'] / middle['5,000 ops']:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else None))
