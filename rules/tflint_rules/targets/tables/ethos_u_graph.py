"""What Vela makes of a whole graph: what it removes, joins, and reads from variables.

Source: ethos-u-vela 5.2.0, ethosu/regor: tflite/tflite_reader.cpp, LoadGraphs; compiler/tflite_graph_optimiser.cpp,
RewriteSpaceToBatchConvBatchToSpace and LowerVariables; compiler/graphir_optimiser.cpp, RemoveReshape,
ConstPropagation and ConvertBool8Tensors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tflint import DType, Graph, Op, Support, Tensor, Verdict
from tflint_rules.targets.tables.ethos_u_conditions import wants_activation
from tflint_rules.targets.tables.ethos_u_tensors import by_role, role, shape, values

__all__ = ["alive", "boolean_edge", "fits", "revise"]

_RESHAPES = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")
_FOLDED = (*_RESHAPES, "MUL", "QUANTIZE")
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_TAKEN = Verdict(True)
_IDLE = Verdict(False, "nothing of the graph is left for the NPU to do")


def revise(ops: Mapping[str, Support], graph: Graph, verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The verdicts once neighbours are known: dilations, variables, and ops that no output needs.

    What is removed counts as taken: it costs the CPU nothing.
    """
    found = dict(zip(graph.ops, verdicts, strict=True))
    for op in graph.ops:
        if op.kind in _CONVOLUTIONS:
            found.update(dict.fromkeys(_dilated(op, graph, ops), _TAKEN))
        elif op.kind == "VAR_HANDLE" and "READ_VARIABLE" in ops and op.outputs:
            readers = graph.consumers(op.outputs[0])
            if all(found[reader].supported for reader in readers):
                found[op] = _TAKEN
    on_npu = {op for op, verdict in found.items() if verdict.supported}
    kept = alive(graph, on_npu)
    busy = any(op in kept and not _folds(op, graph) for op in on_npu)
    busy = busy or ("LOGICAL_NOT" in ops and boolean_edge(graph, kept) is not None)
    gone = _TAKEN if busy else _IDLE
    return tuple([verdict if op in kept and (busy or op not in on_npu) else gone for op, verdict in found.items()])


def _folds(op: Op, graph: Graph) -> bool:
    """True for an op that is computed while the model is compiled."""
    if op.kind not in _FOLDED or any(output in graph.outputs for output in op.outputs):
        return False
    return all(tensor.is_constant for tensor in by_role(op, "i"))


def alive(graph: Graph, on_npu: Collection[Op]) -> set[Op]:
    """The ops that are left once those are gone that no output needs.

    An op without outputs stays. Parameters of an op on the NPU are read while the model is compiled.
    """
    waiting = [op for op in graph.ops if not op.outputs]
    waiting += [maker for tensor in graph.outputs if (maker := graph.producer(tensor))]
    kept: set[Op] = set()
    while waiting:
        op = waiting.pop()
        if op in kept:
            continue
        kept.add(op)
        for tensor in _needed(op, op in on_npu):
            maker = graph.producer(tensor)
            if maker is not None and maker not in kept:
                waiting.append(maker)
    return kept


def _needed(op: Op, on_npu: bool) -> Iterator[Tensor]:
    yield from op.intermediates
    for slot, tensor in enumerate(op.inputs):
        if tensor is None or (on_npu and _read_early(op, slot)):
            continue
        yield tensor


def _read_early(op: Op, slot: int) -> bool:
    if op.kind == "TRANSPOSE_CONV":
        return False
    return role(op, slot) == "p" or (slot > 0 and op.kind in _RESHAPES)


def boolean_edge(graph: Graph, kept: Collection[Op]) -> Tensor | None:
    """A BOOL input or output of the graph, which Vela converts with an op of its own."""
    for tensor in graph.inputs:
        if tensor.dtype is DType.BOOL and shape(tensor, graph) and any(op in kept for op in graph.consumers(tensor)):
            return tensor
    for tensor in graph.outputs:
        if tensor.dtype is DType.BOOL and shape(tensor, graph) and graph.producer(tensor) is not None:
            return tensor
    return None


def _dilated(op: Op, graph: Graph, ops: Mapping[str, Support]) -> tuple[Op, ...]:
    """A convolution between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND that fits as one with dilation, and those two.

    A RESHAPE that only moves ones may stand on either side. Empty where there is none, or where it does not fit.
    """
    source = op.input(0)
    if source is None or len(op.outputs) != 1 or wants_activation(op):
        return ()
    before, after = graph.producer(source), _reader(op.outputs[0], graph)
    around: list[Op] = []
    if before is not None and _moves_ones(before, graph):
        around.append(before)
        before = graph.producer(before.inputs[0]) if before.inputs[0] is not None else None
    if after is not None and _moves_ones(after, graph):
        around.append(after)
        after = _reader(after.outputs[0], graph)
    if before is None or after is None or before.kind != "SPACE_TO_BATCH_ND" or after.kind != "BATCH_TO_SPACE_ND":
        return ()
    if _reads(source, graph) != 1 or _reads(op.outputs[0], graph) != 1 or not after.outputs:
        return ()
    joined = _joined(op, before, after, graph)
    if joined is None or not fits(ops[op.kind], joined, graph):
        return ()
    return (before, *around, op, after)


def fits(support: Support, op: Op, graph: Graph) -> bool:
    """True where nothing speaks against an op."""
    return not any(condition(op, graph) for condition in (*support.types, *support.conditions))


def _joined(op: Op, before: Op, after: Op, graph: Graph) -> Op | None:
    """The convolution with the block size as its dilation, from the input of the one to the output of the other."""
    block, source, made = before.input(1), before.input(0), op.input(0)
    numbers = values(block) if block is not None else None
    if numbers is None or not len(numbers) or source is None or made is None:
        return None
    height, width = int(numbers[0]), int(numbers[min(1, len(numbers) - 1)])
    options = {**op.options, "dilation_h_factor": height, "dilation_w_factor": width}
    read = _like(source, made, graph)
    written = _like(after.outputs[0], op.outputs[0], graph)
    return Op(
        op.path, op.graph_index, op.index, op.kind, (read, *op.inputs[1:]), (written,), decode=lambda: options
    )  # fmt: skip


def _like(tensor: Tensor, quantized: Tensor, graph: Graph) -> Tensor:
    """A tensor with four dimensions and the scales of another."""
    sizes = shape(tensor, graph)
    padded = (1,) * (4 - len(sizes)) + sizes
    sizes_or_none = tuple([None if size < 0 else size for size in padded])
    return Tensor(
        *(tensor.path, tensor.graph_index, tensor.index, tensor.name, tensor.dtype, sizes_or_none, padded),
        quant=quantized.quant,
    )


def _reader(tensor: Tensor, graph: Graph) -> Op | None:
    readers = graph.consumers(tensor)
    return readers[0] if readers else None


def _reads(tensor: Tensor, graph: Graph) -> int:
    """How many inputs of ops a tensor is."""
    return sum(each is tensor for op in graph.consumers(tensor) for each in op.inputs)


def _moves_ones(op: Op, graph: Graph) -> bool:
    """True for a reshape between single ops that keeps all sizes but ones."""
    source = op.input(0)
    if op.kind not in _RESHAPES or source is None or not op.outputs or graph.producer(source) is None:
        return False
    if _reads(source, graph) != 1 or _reads(op.outputs[0], graph) != 1:
        return False
    sizes = [[size for size in shape(each, graph) if size != 1] for each in (source, op.outputs[0])]
    return sizes[0] == sizes[1]
