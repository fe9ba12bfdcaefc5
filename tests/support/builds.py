"""A model as it is in use, the same model written otherwise, and builds of it in which one thing is different."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from described import labels, metadata, normalized
from tflint.changes import Grade
from tflint.formats.tflite.schema import OPERATORS
from tflint.formats.tflite.writer import write
from tflint.testing import GraphBuilder

Tables = dict[str, Any]


def values(*shape: int, seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def detector(*, quantized: bool = False) -> GraphBuilder:
    """An image and a scale go in; boxes and scores come out of two heads on the same features."""
    g = GraphBuilder()
    kind: dict[str, Any] = {"dtype": "INT8", "scale": 0.05, "zero_point": 3} if quantized else {}

    def weight(name: str, seed: int, *shape: int) -> int:
        real = values(*shape, seed=seed)
        if not quantized:
            return g.constant(name, real)
        scale = np.abs(real).reshape(shape[0], -1).max(axis=1) / 127
        stored = np.round(real / scale.reshape(-1, *[1] * (len(shape) - 1))).astype(np.int8)
        return g.constant(name, stored, scale=scale)

    image = g.input("image", [1, 16, 16, 3], **kind)
    factor = g.input("factor", [1, 8, 8, 8], **kind)
    conv = {"padding": "SAME", "stride_w": 2, "stride_h": 2, "fused_activation_function": "RELU6"}
    plain = conv | {"stride_w": 1, "stride_h": 1, "fused_activation_function": "NONE"}
    x = g.op("CONV_2D", [image, weight("stem/w", 1, 8, 3, 3, 3), -1], g.tensor("stem", [1, 8, 8, 8], **kind), conv)
    y = g.op("CONV_2D", [x, weight("block/w", 2, 8, 3, 3, 8), -1], g.tensor("block", [1, 8, 8, 8], **kind), plain)
    y = g.op("SUB", [y, factor], g.tensor("less", [1, 8, 8, 8], **kind), {})
    y = g.op("ADD", [x, y], g.tensor("sum", [1, 8, 8, 8], **kind), {})
    axes = g.constant("axes", np.array([1, 2], np.int32))
    y = g.op("MEAN", [y, axes], g.tensor("features", [1, 8], **kind), {"keep_dims": False})
    boxes = g.op("FULLY_CONNECTED", [y, weight("boxes/w", 3, 4, 8), -1], g.tensor("boxes", [1, 4], **kind), {})
    logits = g.op("FULLY_CONNECTED", [y, weight("scores/w", 4, 5, 8), -1], g.tensor("logits", [1, 5], **kind), {})
    scores = g.op("SOFTMAX", [logits], g.tensor("scores", [1, 5], **kind), {"beta": 1.0})
    g.output(boxes, scores)
    g.signature("detect", {"image": image, "factor": factor}, {"boxes": boxes, "scores": scores})
    g.metadata("TFLITE_METADATA", metadata([normalized(0.0, 1.0), {"name": "factor"}], [{"name": "boxes"}, labels()]))
    return g


def rewritten(tables: Mapping[str, Any], seed: int, *, rename: bool = True) -> bytes:
    """The same model with tensors, buffers, constants and codes of ops in another order, and other inner names."""
    made, random_ = _copied(tables), random.Random(seed)
    codes = _shuffled(made, "operator_codes", random_)
    buffers = _shuffled(made, "buffers", random_, keep=1)
    for entry in made.get("metadata") or ():
        entry["buffer"] = buffers[entry.get("buffer", 0)]
    places = [_rewritten(graph, codes, buffers, random_, rename=rename) for graph in made["subgraphs"]]
    for signature in made.get("signature_defs") or ():
        order = places[signature.get("subgraph_index", 0)]
        for entry in [*signature.get("inputs", ()), *signature.get("outputs", ())]:
            entry["tensor_index"] = order[entry.get("tensor_index", 0)]
    return write(made)


def _copied(value: Any) -> Any:
    """A copy of tables in which constants are not copied."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_copied, value))
    return value


def _rewritten(
    graph: Tables, codes: Mapping[int, int], buffers: Mapping[int, int], random_: random.Random, *, rename: bool
) -> dict[int, int]:
    """Write a graph otherwise; where each tensor went."""
    order = _shuffled(graph, "tensors", random_)
    ends = {*graph.get("inputs", ()), *graph.get("outputs", ())}
    for old, new in order.items():
        tensor = graph["tensors"][new]
        tensor["buffer"] = buffers[tensor.get("buffer", 0)]
        if rename and old not in ends:
            tensor["name"] = f"renamed_{random_.random()}"
    for table in (graph, *graph.get("operators", ())):
        for side in ("inputs", "outputs", "intermediates"):
            if table.get(side) is not None:
                table[side] = [order.get(index, index) for index in table[side]]
    for op in graph.get("operators", ()):
        op["opcode_index"] = codes[op.get("opcode_index", 0)]
    return order


def _shuffled(table: Tables, key: str, random_: random.Random, keep: int = 0) -> dict[int, int]:
    """Shuffle a list of a table but its first entries; where each entry went."""
    entries = list(table[key])
    order = list(range(keep, len(entries)))
    random_.shuffle(order)
    order = [*range(keep), *order]
    table[key] = [entries[index] for index in order]
    return {old: new for new, old in enumerate(order)}


class Mutation(NamedTuple):
    """One thing that is different: what is reported, and with which grade.

    `quantized` is the model that it is in, `verdict` the grade of the whole where something graver follows from it.
    """

    name: str
    mutate: Callable[[Edit], None]
    what: str
    grade: Grade
    quantized: bool = False
    verdict: Grade | None = None


class Edit:
    """A model that is being changed."""

    def __init__(self, *, quantized: bool = False) -> None:
        self.built = detector(quantized=quantized)
        self.graph = self.built.graph

    def tensor(self, name: str) -> Tables:
        found: Tables = next(each for each in self.graph["tensors"] if each["name"] == name)
        return found

    def index(self, name: str) -> int:
        return next(number for number, each in enumerate(self.graph["tensors"]) if each["name"] == name)

    def op(self, result: str) -> Tables:
        """The op that makes a tensor."""
        found: Tables = next(each for each in self.graph["operators"] if each["outputs"] == [self.index(result)])
        return found

    def options(self, result: str) -> Tables:
        options: Tables = self.op(result)["builtin_options"][1]
        return options

    def code(self, kind: str, version: int = 1, custom: str = "") -> int:
        number = OPERATORS.index(kind)
        code: Tables = {"deprecated_builtin_code": min(number, 127), "builtin_code": number, "version": version}
        codes: list[Tables] = self.built.tables["operator_codes"]
        codes.append(code | ({"custom_code": custom} if custom else {}))
        return len(codes) - 1

    def insert(self, kind: str, after: str, *, of: str = "", code: int | None = None) -> None:
        """Put an op of one input between the tensor and its readers, or between it and one of them."""
        old = self.index(after)
        self.graph["tensors"].append({**self.tensor(after), "name": f"{after}/new"})
        new = len(self.graph["tensors"]) - 1
        readers = [self.op(of)] if of else self.graph["operators"]
        for op in readers:
            op["inputs"] = [new if index == old else index for index in op["inputs"]]
        place = next((number + 1 for number, op in enumerate(self.graph["operators"]) if op["outputs"] == [old]), 0)
        made = {"opcode_index": self.code(kind) if code is None else code, "inputs": [old], "outputs": [new]}
        self.graph["operators"].insert(place, made)

    def remove(self, result: str) -> None:
        """Take an op out; its readers read its first input instead."""
        op = self.op(result)
        first, old = op["inputs"][0], op["outputs"][0]
        self.graph["operators"].remove(op)
        for each in self.graph["operators"]:
            each["inputs"] = [first if index == old else index for index in each["inputs"]]
        self.graph["outputs"] = [first if index == old else index for index in self.graph["outputs"]]
        for signature in self.built.tables["signature_defs"]:
            for entry in signature["outputs"]:
                entry["tensor_index"] = first if entry["tensor_index"] == old else entry["tensor_index"]

    @property
    def signature(self) -> Tables:
        found: Tables = self.built.tables["signature_defs"][0]
        return found


def _buffer(edit: Edit, name: str, change: Callable[[Any], Any]) -> None:
    entry = edit.built.tables["buffers"][edit.tensor(name)["buffer"]]
    kind = np.int8 if edit.tensor(name)["type"] == "INT8" else np.float32
    kind = np.int32 if edit.tensor(name)["type"] == "INT32" else kind
    entry["data"] = change(np.frombuffer(entry["data"], kind).copy()).tobytes()


def _first(amount: Any) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array[0] += amount
        return array

    return change


def _swap(of: list[Any]) -> None:
    of.reverse()


def _quantize(edit: Edit, name: str, **fields: Any) -> None:
    edit.tensor(name)["quantization"] = {
        **edit.tensor(name)["quantization"],
        **{key: np.atleast_1d(value) for key, value in fields.items()},
    }


def _rename_entry(edit: Edit, side: str, place: int, name: str) -> None:
    edit.signature[side][place]["name"] = name


def _lose_metadata(edit: Edit) -> None:
    edit.built.tables["metadata"].clear()


def _normalization(edit: Edit) -> None:
    _lose_metadata(edit)
    tables = [normalized(127.5, 127.5), {"name": "factor"}], [{"name": "boxes"}, labels()]
    edit.built.metadata("TFLITE_METADATA", metadata(*tables))


def _another_input(edit: Edit) -> None:
    index = edit.built.input("mask", [1, 8])
    edit.signature["inputs"].append({"name": "mask", "tensor_index": index})


def _signature_meanings(edit: Edit) -> None:
    first, second = edit.signature["outputs"]
    first["name"], second["name"] = second["name"], first["name"]


def _swapped_heads(edit: Edit) -> None:
    _swap(edit.graph["outputs"])


def _without_boxes(edit: Edit) -> None:
    del edit.graph["outputs"][0]
    del edit.signature["outputs"][0]


def _set(table: Tables, **fields: Any) -> None:
    table.update(fields)


def _wider(edit: Edit) -> None:
    edit.tensor("boxes/w")["shape"] = [6, 8]
    edit.tensor("boxes")["shape"] = [1, 6]
    edit.built.tables["buffers"][edit.tensor("boxes/w")["buffer"]]["data"] = values(6, 8, seed=3).tobytes()


def _rewire(edit: Edit) -> None:
    edit.op("logits")["inputs"][0] = edit.index("features")
    op = edit.op("sum")
    op["inputs"] = [op["inputs"][0], op["inputs"][0]]


def _negated(edit: Edit) -> None:
    for name in ("stem/w", "block/w", "boxes/w", "scores/w"):
        _buffer(edit, name, lambda array: -array)


def _half(edit: Edit) -> None:
    _set(edit.tensor("boxes/w"), type="FLOAT16")
    entry = edit.built.tables["buffers"][edit.tensor("boxes/w")["buffer"]]
    entry["data"] = np.frombuffer(entry["data"], np.float32).astype(np.float16).tobytes()


B, M, W = Grade.BREAKING, Grade.MINOR, Grade.WEIGHTS
MUTATIONS = (
    Mutation("an input takes another type", lambda e: _set(e.tensor("image"), type="INT32"), "input-dtype", B),
    Mutation("an output gives another type", lambda e: _set(e.tensor("boxes"), type="FLOAT16"), "output-dtype", B),
    Mutation("an input is larger", lambda e: _set(e.tensor("image"), shape=[1, 32, 32, 3]), "input-shape", B),
    Mutation("an output is larger", lambda e: _set(e.tensor("scores"), shape=[1, 6]), "output-shape", B),
    Mutation(
        "an input may be resized",
        lambda e: _set(e.tensor("image"), shape_signature=[-1, 16, 16, 3]),
        "input-shape",
        M,
    ),
    Mutation("there is one more input", _another_input, "input-count", B),
    Mutation("an output is gone", _without_boxes, "output-count", B),
    Mutation("the outputs are swapped", _swapped_heads, "output-order", B),
    Mutation("the inputs are swapped", lambda e: _swap(e.graph["inputs"]), "input-order", B),
    Mutation("the scale of an input is twice as large", lambda e: _quantize(e, "image", scale=0.1), "input-quantization", B, True),
    Mutation("the zero point of an output moved", lambda e: _quantize(e, "scores", zero_point=-3), "output-quantization", B, True),
    Mutation("the scale of an input is a hair larger", lambda e: _quantize(e, "image", scale=0.0501), "input-quantization", W, True),
    Mutation("the scores come without softmax", lambda e: e.remove("scores"), "output-meaning", B),
    Mutation("the signature has another name", lambda e: _set(e.signature, signature_key="run"), "signature-renamed", B),
    Mutation("the signature is gone", lambda e: e.built.tables["signature_defs"].clear(), "signature-gone", B),
    Mutation(
        "there is one more signature",
        lambda e: e.built.tables["signature_defs"].append({**copy.deepcopy(e.signature), "signature_key": "more"}),
        "signature-new",
        M,
    ),
    Mutation("a signature's input has another name", lambda e: _rename_entry(e, "inputs", 0, "x"), "signature-input-renamed", B),
    Mutation("a signature's output has another name", lambda e: _rename_entry(e, "outputs", 1, "p"), "signature-output-renamed", B),
    Mutation("the names of a signature are swapped", _signature_meanings, "signature-meaning", B),
    Mutation("an input tensor has another name", lambda e: _set(e.tensor("image"), name="picture"), "tensor-name", M),
    Mutation("the metadata is lost", _lose_metadata, "metadata-gone", B),
    Mutation("the metadata asks for another normalization", _normalization, "metadata-normalization", B),
    Mutation("there is a custom op", lambda e: e.insert("CUSTOM", "features", code=e.code("CUSTOM", custom="Mine")), "custom-op-new", B),
    Mutation("there is a TensorFlow op", lambda e: e.insert("CUSTOM", "sum", code=e.code("CUSTOM", custom="FlexErf")), "flex-op-new", B),
    Mutation("an op was added", lambda e: e.insert("NEG", "features", of="logits"), "ops-added", M),
    Mutation("an op was removed", lambda e: e.remove("less"), "ops-removed", M),
    Mutation("an op is another", lambda e: _set(e.op("sum"), opcode_index=e.code("MUL"), builtin_options=None), "ops-replaced", M),
    Mutation("an op is in another version", lambda e: _set(e.op("less"), opcode_index=e.code("SUB", 2)), "op-version", M),
    Mutation("an op is too new for old runtimes", lambda e: _set(e.op("scores"), opcode_index=e.code("SOFTMAX", 3)), "runtime-newer", M),
    Mutation("an option has another value", lambda e: _set(e.options("stem"), fused_activation_function="RELU"), "op-option", M),
    Mutation("inner values have another type", lambda e: _set(e.tensor("features"), type="FLOAT16"), "op-dtype", M),
    Mutation("inner values are larger", lambda e: _set(e.tensor("sum"), shape=[1, 9, 9, 8]), "op-shape", M),
    Mutation("inner values have another range", lambda e: _quantize(e, "features", scale=0.07), "ranges", W, True),
    Mutation("a constant says something else", lambda e: _buffer(e, "axes", _first(-1)), "op-constant", M),
    Mutation("values are taken from elsewhere", _rewire, "wiring", M),
    Mutation("a head is wider", _wider, "weight-shape", M, verdict=B),
    Mutation("one number of the weights is another", lambda e: _buffer(e, "stem/w", _first(0.5)), "weights", W),
    Mutation("one quantized weight is another", lambda e: _buffer(e, "block/w", _first(1)), "weights", W, True),
    Mutation("all weights are others", _negated, "weights", W),
    Mutation("the weights have one scale", lambda e: _quantize(e, "boxes/w", scale=0.02, zero_point=0), "weight-quantization", M, True),
    Mutation(
        "the weights are half floats",
        _half,
        "weight-dtype",
        M,
    ),
)  # fmt: skip


def mutated(of: Mutation) -> GraphBuilder:
    edit = Edit(quantized=of.quantized)
    of.mutate(edit)
    return edit.built


def chain(*ops: tuple[str, int]) -> GraphBuilder:
    """Ops in a row: kinds, and the seed of the weights (0 for an op without)."""
    g = GraphBuilder()
    x = g.input("x", [1, 8])
    for number, (kind, seed) in enumerate(ops):
        out = g.tensor(f"t{number}", [1, 8])
        more = [g.constant(f"w{number}", values(8, 8, seed=seed)), -1] if seed else []
        x = g.op(kind, [x, *more], out, {} if kind != "RELU" else None)
    g.output(x)
    return g


BLOCKS = {"res": 4, "conv": 1}
"""What a plan may hold beside single ops, and of how many ops it is made."""


def planned(plan: Sequence[tuple[str, int]], seed: int) -> GraphBuilder:
    """A network of blocks and ops in a row; each has a number, from which its weights come."""
    g = GraphBuilder()
    sizes = [1, 4, 4, 4]

    def conv(x: int, name: str) -> int:
        weights = g.constant(f"w{name}", values(4, 3, 3, 4, seed=seed * 100_003 + sum(map(ord, name))))
        return g.op("CONV_2D", [x, weights, -1], g.tensor(f"c{name}", sizes), {"padding": "SAME"})

    x = g.input("x", sizes)
    for kind, number in plan:
        if kind == "res":
            y = g.op("RELU", [conv(x, f"{number}:a")], g.tensor(f"r{number}", sizes))
            x = g.op("ADD", [x, conv(y, f"{number}:bb")], g.tensor(f"s{number}", sizes), {})
        elif kind == "conv":
            x = conv(x, f"{number}:ccc")
        else:
            x = g.op(kind, [x], g.tensor(f"u{number}", sizes))
    g.output(x)
    return g
