"""Loops and branches: what becomes of them, and what is known inside of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tflint.forecast.known import Known
from tflint.forecast.status import OpForecast, Status
from tflint.model import DType, Graph, Op, Tensor

__all__ = ["BRANCHING", "LOOPS", "branches", "hands_on_floats", "inner_constants"]

LOOPS = frozenset({"While", "StatelessWhile"})
_CONDITIONAL = frozenset({"If", "StatelessIf"})
_CASES = frozenset({"Case", "StatelessCase"})
_OLD = frozenset(
    """
    Enter Exit LoopCond Merge NextIteration RefEnter RefExit RefMerge RefNextIteration RefSelect RefSwitch Switch
    """.split()
)
"""Control flow of TensorFlow 1, which the converter turns into loops and branches before it looks at anything."""
_FRAME = frozenset({"Enter", "Exit", "LoopCond", "NextIteration"})
BRANCHING = LOOPS | _CONDITIONAL | _CASES | _OLD


def _words(kinds: Iterable[str]) -> str:
    """Kinds of ops in words."""
    return " or ".join(sorted(kinds))


def branches(op: Op, known: Known) -> tuple[OpForecast, tuple[str, ...]]:
    """What becomes of the op itself, and the functions of it that are converted."""
    options = op.options
    if op.kind in _OLD:
        return _old(op, known), ()
    if op.kind in LOOPS:
        return OpForecast(op, Status.BUILTIN, "", ("WHILE",)), (str(options.get("cond")), str(options.get("body")))
    if op.kind in _CONDITIONAL:
        both = (str(options.get("then_branch")), str(options.get("else_branch")))
        chosen = known.numbers(op.input(0))
        if chosen:  # known before it runs: the branch is put in place
            return OpForecast(op, Status.BUILTIN), (both[0] if chosen[0] else both[1],)
        return OpForecast(op, Status.BUILTIN, "", ("IF",)), both
    listed = options.get("branches")
    names = tuple(str(each) for each in listed) if isinstance(listed, tuple) else ()
    chosen = known.numbers(op.input(0))
    if chosen and names:
        return OpForecast(op, Status.BUILTIN), (names[max(0, min(int(chosen[0]), len(names) - 1))],)
    return OpForecast(op, Status.FAILS, f"{op.kind} does not convert: of a choice only If has an op of the runtime"), ()


def _old(op: Op, known: Known) -> OpForecast:
    """What functionalization makes of control flow of TensorFlow 1.

    Source: TensorFlow v2.21.0, tensorflow/compiler/tf2xla/functionalize_cond.cc and functionalize_while.cc.
    """
    needed = {"Merge", "Switch"} if op.kind.removeprefix("Ref") in {"Merge", "Switch"} else _FRAME
    if "LoopCond" in known.kinds:
        needed = _FRAME
    if not needed <= known.kinds:
        reason = f"{op.kind} does not convert: the graph has no {_words(needed - known.kinds)} that belongs to it"
        return OpForecast(op, Status.FAILS, reason)
    if op.kind in {"Merge", "RefMerge"} and len(op.inputs) != 2:
        reason = f"{op.kind} does not convert: it joins {len(op.inputs)} values, and only two can be made a branch"
        return OpForecast(op, Status.FAILS, reason)
    return OpForecast(op, Status.BUILTIN, "it becomes part of a loop or a branch", ("WHILE", "IF"))


def inner_constants(op: Op, body: Graph, known: Known, functions: Mapping[str, Graph]) -> Sequence[Tensor]:
    """The inputs of a loop's or a branch's function that are constant: those that no turn of the loop changes."""
    outer = _handed(op, body)
    kept: Graph | None = functions.get(str(op.options.get("body"))) if op.kind in LOOPS else None
    found = []
    for place, (given, taken) in enumerate(zip(outer, body.inputs, strict=True)):
        if not known.is_constant(given):
            continue
        if op.kind in LOOPS and (kept is None or not _passes(kept, place)):
            continue
        found.append(taken)
    return found


def hands_on_floats(op: Op, body: Graph, known: Known) -> bool:
    """True where a loop's body gives float values, or a list, back as they were: such a loop is not quantized.

    Source: TensorFlow 2.21.0: full integer quantization of each such loop that was tried ended the process.
    """
    return any(
        taken.dtype.is_float or taken.dtype is DType.VARIANT
        for place, (given, taken) in enumerate(zip(_handed(op, body), body.inputs, strict=True))
        if not known.is_constant(given) and _passes(body, place)
    )


def _handed(op: Op, body: Graph) -> Sequence[Tensor | None]:
    """What the inputs of a loop's or a branch's function are; nothing where that cannot be told."""
    outer = op.inputs if op.kind in LOOPS else op.inputs[1:]
    if len(outer) != len(body.inputs):  # weights are in the function, and are no inputs of it
        held = {tensor.name for tensor in body.tensors if tensor.is_constant}
        outer = tuple(each for each in outer if each is None or not (each.is_constant and each.name in held))
    return outer if len(outer) == len(body.inputs) else (None,) * len(body.inputs)


def _passes(body: Graph, place: int) -> bool:
    """True where a loop's body gives an input back as it was."""
    if place >= min(len(body.outputs), len(body.inputs)):
        return False
    tensor = body.outputs[place]
    for _ in range(8):
        if tensor is body.inputs[place]:
            return True
        producer = body.producer(tensor)
        if producer is None or producer.kind != "Identity" or producer.input(0) is None:
            return False
        tensor = producer.inputs[0] or tensor
    return False
