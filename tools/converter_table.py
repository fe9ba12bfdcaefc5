"""What the converter said of single ops, made into the table of src/tflint/forecast/tf_ops.py."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

SOURCE = Path(__file__).parent.parent / "src"
sys.path.insert(0, str(SOURCE))

import numpy as np  # noqa: E402

from tflint.forecast.folding import NOT_FOLDED  # noqa: E402
from tflint.forecast.known import Known  # noqa: E402
from tflint.forecast.tf_conditions import CONDITIONS, vanishes  # noqa: E402
from tflint.model import DType, Graph, Op, Tensor  # noqa: E402

__all__ = ["answers", "graph_of", "learned", "write"]

TABLE = SOURCE / "tflint/forecast/tf_ops.py"
_RANK = {"builtin": 0, "flex": 1, "fails": 2}
_NAMES = {"float16": "FLOAT16", "float32": "FLOAT32", "float64": "FLOAT64"}


def answers(paths: Iterable[Path]) -> dict[str, list[dict[str, Any]]]:
    """The answers of the converter, by the kind of op; each case once."""
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            answer = json.loads(line)
            found[answer["case"]["op"]].setdefault(json.dumps(answer["case"], sort_keys=True), answer)
    return {kind: list(each.values()) for kind, each in sorted(found.items())}


def dtype(name: str) -> DType:
    """The element type of TensorFlow's name."""
    return DType.__members__.get(name.upper(), DType.UNKNOWN)


def graph_of(case: Mapping[str, Any]) -> Graph:
    """The graph of a case; nothing is known of what the op makes but its first type."""
    tensors: list[Tensor] = []
    inputs = [
        _tensor(feed, tensors) for arg in case["args"].values() for feed in (arg if isinstance(arg, list) else [arg])
    ]
    options = {key: _option(value) for key, value in {**case["types"], **case["attrs"]}.items()}
    outputs = []
    count = 6 if "y1" in case.get("made", ()) or not case["first_only"] else 1
    for number in range(count):
        made = Tensor("", 0, len(tensors), f"y{number}", DType.UNKNOWN, (), (), has_rank=False)
        tensors.append(made)
        outputs.append(made)
    op = Op("", 0, 0, case["op"], tuple(inputs), tuple(outputs), decode=lambda: options)
    returned = outputs[:1] if case["first_only"] else outputs
    fed = tuple(tensor for tensor in inputs if not tensor.is_constant)
    return Graph("", 0, "serving_default", tuple(tensors), (op,), fed, tuple(returned))


def _option(value: Any) -> Any:
    if isinstance(value, str) and value.upper() in DType.__members__:
        return dtype(value)
    return tuple(value) if isinstance(value, list) else value


def _tensor(feed: Mapping[str, Any], tensors: list[Tensor]) -> Tensor:
    kind = dtype(feed["dtype"])
    shape = tuple(feed["shape"])
    data = None
    if feed["value"] is not None and kind.numpy_name is not None:
        data = memoryview(np.asarray(feed["value"]).astype(kind.numpy_name).tobytes())
    made = Tensor(
        "", 0, len(tensors), f"t{len(tensors)}", kind, shape, tuple(1 if size is None else size for size in shape),
        data=data, external=feed["value"] is not None and data is None,
    )  # fmt: skip
    tensors.append(made)
    return made


class Row(NamedTuple):
    """What was seen of an op."""

    best: str
    otherwise: str
    becomes: tuple[str, ...]
    types: dict[str, dict[str, str]]


class Seen(NamedTuple):
    """A case and what became of it; `fits` where no condition refuses it, whatever its types."""

    types: Mapping[str, Any]
    verdict: str
    ops: tuple[str, ...]
    fits: bool


def seen(kind: str, answered: Iterable[Mapping[str, Any]]) -> Iterator[Seen]:
    """The cases that tell of the op itself, not of what folds or gives its input back."""
    for answer in answered:
        graph = graph_of(answer["case"])
        op = graph.ops[0]
        known = Known(graph)
        folds = bool(op.inputs) and kind not in NOT_FOLDED and all(known.is_constant(each) for each in op.inputs)
        if not folds and not vanishes(op, known):
            fits = not any(condition(op, known) for condition in CONDITIONS.get(kind, ()))
            verdict = "fails" if answer["verdict"] == "crash" else answer["verdict"]
            yield Seen(answer["case"]["types"], verdict, tuple(answer["ops"]), fits)


def learned(kind: str, answered: Iterable[Mapping[str, Any]]) -> Row | None:
    """The best, what it gets otherwise, what it becomes, and what its types may be; None where nothing was seen."""
    used = list(seen(kind, answered))
    if not used:
        return None
    fitting = [each for each in used if each.fits] or used
    groups: dict[str, list[Seen]] = defaultdict(list)
    for each in fitting:
        groups[json.dumps(each.types, sort_keys=True)].append(each)
    usual = [(group[0].types, _usual(group)) for group in groups.values()]
    best = min((verdict for _, verdict in usual), key=_RANK.__getitem__)
    others = Counter(each.verdict for each in used if each.verdict != best)
    becomes = next((each.ops for each in fitting if each.verdict == best == "builtin"), ())
    types: dict[str, dict[str, str]] = defaultdict(dict)
    for given, verdict in usual:
        for attr, name in given.items():
            if isinstance(name, str):
                types[attr][name] = min(types[attr].get(name, "fails"), verdict, key=_RANK.__getitem__)
    kept = {attr: dict(sorted(found.items())) for attr, found in sorted(types.items()) if set(found.values()) != {best}}
    otherwise = _worse(best, others)
    return Row(best, otherwise, tuple(dict.fromkeys(becomes)), kept)


def _usual(group: list[Seen]) -> str:
    """What became of most cases with the same types; of the worse half where there is none."""
    counts = Counter(each.verdict for each in group)
    return max(counts, key=lambda verdict: (counts[verdict], _RANK[verdict]))


def _worse(best: str, others: Counter[str]) -> str:
    """What most of those got that did not get the best."""
    worse = Counter({verdict: count for verdict, count in others.items() if _RANK[verdict] > _RANK[best]})
    return worse.most_common(1)[0][0] if worse else best


def write(paths: list[Path], version: str, known: Mapping[str, bool]) -> None:
    """Write the table. `known` are the ops of that TensorFlow, and whether they have state."""
    TABLE.write_text("\n".join(_text(answers(paths), version, known)) + "\n", encoding="utf-8")


def _text(cases: Mapping[str, list[dict[str, Any]]], version: str, known: Mapping[str, bool]) -> Iterator[str]:
    yield '"""What the converter of TensorFlow does with each of its ops.'
    yield ""
    yield f"Written by tools/probe_converter.py from what TensorFlow {version} said; not edited by hand."
    yield ""
    yield "A row begins with the best that becomes of an op, and what becomes of it otherwise. After `>` stand ops of"
    yield "the runtime that it was seen to become. A type attribute is followed by the best that was seen with each"
    yield "element type. `state` stands where the op has state."
    yield '"""'
    yield ""
    yield '__all__ = ["TF_OPS", "VERSION"]'
    yield ""
    yield f'VERSION = "{version}"'
    yield "TF_OPS: dict[str, str] = {"
    for kind, answered in cases.items():
        row = learned(kind, answered) if kind in known else None
        if row is not None:
            yield f'    "{kind}": "{_row(row, has_state=known[kind])}",'
    yield "}"


def _row(row: Row, *, has_state: bool) -> str:
    parts = [f"{row.best} {row.otherwise}"]
    if row.becomes:
        parts.append(f"> {' '.join(row.becomes)}")
    for attr, statuses in row.types.items():
        groups = defaultdict(list)
        for name, status in statuses.items():
            groups[status].append(name)
        parts.append(f"{attr} " + " | ".join(" ".join([each, *groups[each]]) for each in _RANK if each in groups))
    return "; ".join([*parts, "state"] if has_state else parts)
