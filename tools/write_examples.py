"""Write the example of each rule's docstring anew: what the text report prints for the `bad()` model of its test.

python tools/write_examples.py [CODE ...]
"""

import inspect
import re
import sys
import textwrap
from pathlib import Path

from tflint.testing import example

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))


def main() -> None:
    from rule_cases import RULES, case

    for rule in RULES:
        if sys.argv[1:] and rule.meta.code not in sys.argv[1:]:
            continue
        models = case(rule)
        printed = textwrap.dedent(example(rule(), models.bad(), **models.context)).replace("\\", "\\\\")
        path = Path(inspect.getfile(rule))
        text = path.read_text()
        block = "    ```text\n" + textwrap.indent(printed, "    ") + "    ```"
        new = re.sub(r"    ```text\n.*?    ```", lambda _, block=block: block, text, count=1, flags=re.DOTALL)
        if new != text:
            path.write_text(new)
            print(f"{rule.meta.code}: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
