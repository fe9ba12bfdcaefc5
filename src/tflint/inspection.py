"""What tflint knows of a model, as a document: the schema `tflint-inspect/1`, described in docs/json.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tflint.analysis.arena import litert_arena, peak, tflm_arena
from tflint.analysis.cost import macs
from tflint.analysis.placement import Placement, placed
from tflint.analysis.runtimes import needed_runtime
from tflint.model import Format, Graph, Model, Op, Tensor
from tflint.target import Target

if TYPE_CHECKING:  # imported only where it is used: start-up is a feature
    from tflint.forecast import Forecast, OpForecast

__all__ = ["SCHEMA", "inspect"]

SCHEMA = "tflint-inspect/1"
_SOURCES = frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL})


def inspect(models: Iterable[Model], *, targets: Sequence[Target] = (), tensors: bool = False) -> dict[str, Any]:
    """The document on some models; placements on `targets`, each graph's tensors where `tensors`."""
    return {"schema": SCHEMA, "models": [_model(model, targets, tensors) for model in models]}


def _model(model: Model, targets: Sequence[Target], tensors: bool) -> dict[str, Any]:
    forecast = _forecast(model)
    conversions = None if model.format not in _SOURCES else {each.op: each for each in forecast.ops} if forecast else {}
    custom = [op.kind for graph in model.graphs for op in graph.ops if op.is_custom]
    conversion = model.conversion
    of_source = model.format in _SOURCES  # what it becomes is told, and not what it would be as it is
    refusals = {} if of_source else {target: target.refusal(model) for target in targets}
    return {
        "path": model.path,
        "format": model.format.value,
        "bytes": model.byte_size,
        "sha256": model.sha256 or None,
        "description": model.description or None,
        "requirements": {
            "min_runtime": needed_runtime(model),
            "min_runtime_claimed": model.min_runtime or None,
            "flex_ops": sorted({kind for kind in custom if kind.startswith("Flex")}),
            "custom_ops": sorted({kind for kind in custom if not kind.startswith("Flex")}),
        },
        "converter": None
        if conversion is None
        else {
            "tensorflow_version": conversion.tensorflow_version,
            "source": conversion.source,
            "modes": list(conversion.modes),
        },
        "problems": [
            {"kind": problem.kind.value, "address": problem.location.address, "message": problem.message}
            for problem in model.problems
        ],
        "signatures": [
            {
                "key": signature.key,
                "graph": signature.graph_index,
                "inputs": {name: tensor.index for name, tensor in signature.inputs.items()},
                "outputs": {name: tensor.index for name, tensor in signature.outputs.items()},
            }
            for signature in model.signatures
        ],
        "refused_by": {target.name: reason for target, reason in refusals.items() if reason},
        "graphs": [_graph(model, graph, refusals, tensors, conversions) for graph in model.graphs],
        **({} if conversions is None else {"conversion": _conversion(forecast)}),
    }


def _conversion(forecast: Forecast | None) -> dict[str, Any] | None:
    """What becomes of a source; null where there is nothing to judge."""
    if forecast is None:
        return None
    return {"verdict": forecast.verdict.value, "int8": forecast.int8.value, "reasons": list(forecast.reasons)}


def _forecast(model: Model) -> Forecast | None:
    """What becomes of a source; of a model that is converted there is nothing to tell."""
    if model.format not in _SOURCES:
        return None
    from tflint.forecast import forecast

    return forecast(model)


def _graph(
    model: Model,
    graph: Graph,
    refusals: Mapping[Target, str],
    tensors: bool,
    conversions: Mapping[Op, OpForecast] | None,
) -> dict[str, Any]:
    found = {target.name: placed(target, graph, refusal) for target, refusal in refusals.items()}
    return {
        "index": graph.index,
        "name": graph.name,
        "inputs": [tensor.index for tensor in graph.inputs],
        "outputs": [tensor.index for tensor in graph.outputs],
        "memory": _memory(model, graph) if graph.intact and model.format not in _SOURCES else None,
        "placement": {name: _placement(each) for name, each in found.items()} if refusals else None,
        "ops": [
            _op(
                op,
                {name: _place(each, index) for name, each in found.items()} if refusals else None,
                is_source=conversions is not None,
            )
            | ({} if conversions is None else {"conversion": _of_op(conversions.get(op))})
            for index, op in enumerate(graph.ops)
        ],
        "tensors": [_tensor(tensor) for tensor in graph.tensors] if tensors else None,
    }


def _memory(model: Model, graph: Graph) -> dict[str, Any]:
    """The arenas of a graph; null where only a run tells sizes. TFLM plans all graphs at once, told with the first."""
    most = peak(graph)
    tflm = tflm_arena(model) if graph.index == 0 else None
    return {
        "litert": {"arena_bytes": litert_arena(model, graph)},
        "tflm": None
        if tflm is None
        else {"head_bytes": tflm.head_bytes, "tail_bytes": tflm.tail_bytes, "arena_bytes": tflm.least_bytes},
        "peak_bytes": None if most is None else most.byte_size,
        "peak_op": None if most is None else most.op.index,
    }


def _placement(found: Placement) -> dict[str, Any]:
    supported = [verdict.supported for verdict in found.verdicts]
    return {
        "ops": len(supported),
        "placed": found.ops_placed,
        "refused": supported.count(False),
        "unknown": supported.count(None),
        "partitions": found.partitions,
        "macs_placed": found.macs_placed,
        "boundary_bytes": found.boundary_bytes,
        "boundary_tensors": len(found.boundary),
    }


def _place(found: Placement, index: int) -> dict[str, Any]:
    verdict = found.verdicts[index]
    return {
        "supported": verdict.supported,
        "placed": found.placed[index],
        "reason": verdict.reason or None,
        "partition": found.partition[index],
    }


def _of_op(found: OpForecast | None) -> dict[str, Any] | None:
    """What becomes of an op of a source; null where nothing needs it."""
    if found is None:
        return None
    return {"status": found.status.value, "reason": found.reason or None, "int8": found.int8.value}


def _op(op: Op, placement: dict[str, Any] | None, *, is_source: bool) -> dict[str, Any]:
    return {
        "index": op.index,
        "kind": op.kind,
        "version": op.version,
        "dtype": op.outputs[0].dtype.value if op.outputs else None,
        "inputs": [-1 if tensor is None else tensor.index for tensor in op.inputs],
        "outputs": [tensor.index for tensor in op.outputs],
        "macs": None if is_source else macs(op),
        "layer": op.layer,
        "placement": placement,
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    quant = tensor.quant
    return {
        "index": tensor.index,
        "name": tensor.name,
        "dtype": tensor.dtype.value,
        "shape": list(tensor.shape) if tensor.has_rank else None,
        "byte_offset": tensor.byte_offset,
        "byte_length": None if tensor.data is None else len(tensor.data),
        "quantization": None
        if quant is None
        else {
            "scale": [float(value) for value in quant.scale],
            "zero_point": [int(value) for value in quant.zero_point],
            "axis": quant.axis,
        },
    }
