"""For the authors of rules, ours and others': build a model in a few lines, and see what a rule says of it.

g = GraphBuilder()
x = g.input("x", [1, 8], "INT8", scale=0.1)
w = g.constant("w", numpy.ones((4, 8), numpy.int8), scale=0.1)
y = g.op("FULLY_CONNECTED", [x, w], g.tensor("y", [1, 4], "INT8", scale=0.1))
g.output(y)
assert findings(MyRule(), g) == []
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflint.expectations import Expectations
from tflint.finding import Finding
from tflint.formats import read
from tflint.formats.tflite.reader import read as read_tflite
from tflint.formats.tflite.schema import OPERATORS
from tflint.formats.tflite.writer import options_table, write
from tflint.model import DType, Model
from tflint.reporters import Style
from tflint.reporters.text import lines
from tflint.rule import Context, Rule

__all__ = ["GraphBuilder", "context", "example", "findings", "model"]

_FROM_NUMPY = {np.dtype(each.numpy_name): each for each in DType if each.numpy_name is not None}


class GraphBuilder:
    """Builds a `.tflite` file. Tensors are handled by their index; -1 leaves an optional input out.

    `tables` is the file as a mapping of the schema's names: whatever the methods do not offer is edited there.
    """

    def __init__(self, name: str = "main", *, of: GraphBuilder | None = None) -> None:
        empty: dict[str, Any] = {"version": 3, "description": "built by tflint.testing"}
        empty |= {"operator_codes": [], "subgraphs": [], "buffers": [{}], "metadata": [], "signature_defs": []}
        self.tables: dict[str, Any] = empty if of is None else of.tables
        self.graph: dict[str, Any] = {"name": name, "tensors": [], "operators": [], "inputs": [], "outputs": []}
        self.index = len(self.tables["subgraphs"])
        self.tables["subgraphs"].append(self.graph)

    def subgraph(self, name: str) -> GraphBuilder:
        """Another graph of the same file, as the body of a WHILE is; its `index` is what options refer to."""
        return GraphBuilder(name, of=self)

    def tensor(
        self,
        name: str,
        shape: Sequence[int | None],
        dtype: str = "FLOAT32",
        *,
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] = 0,
        axis: int = 0,
        **more: Any,
    ) -> int:
        """Add a tensor; None in the shape is a dynamic dimension (1 until resized). `more` are schema fields."""
        table: dict[str, Any] = {"name": name, "type": dtype, "shape": [1 if size is None else size for size in shape]}
        if None in shape:
            table["shape_signature"] = [-1 if size is None else size for size in shape]
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32))
            points = np.atleast_1d(np.asarray(zero_point, np.int64))
            if points.size == 1:
                points = np.repeat(points, scales.size)
            table["quantization"] = {"scale": scales, "zero_point": points, "quantized_dimension": axis}
        table |= more
        self.graph["tensors"].append(table)
        return len(self.graph["tensors"]) - 1

    def input(self, name: str, shape: Sequence[int | None], dtype: str = "FLOAT32", **more: Any) -> int:
        """Add a tensor that is an input of the graph; `more` as in `tensor`."""
        index = self.tensor(name, shape, dtype, **more)
        self.graph["inputs"].append(index)
        return index

    def constant(self, name: str, values: NDArray[Any] | Sequence[Any], dtype: str | None = None, **more: Any) -> int:
        """Add a constant with these values; `dtype` where numpy cannot tell it (then `values` are the raw bytes)."""
        array = np.asarray(values)
        kind = dtype or _FROM_NUMPY[array.dtype].value
        shape = more.pop("shape", array.shape)
        return self.tensor(name, shape, kind, buffer=self.buffer(array.tobytes()), **more)

    def buffer(self, data: bytes) -> int:
        """Add a buffer and return its index."""
        self.tables["buffers"].append({"data": data})
        return len(self.tables["buffers"]) - 1

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: int | Sequence[int],
        options: Mapping[str, Any] | None = None,
        *,
        version: int = 1,
        **more: Any,
    ) -> int:
        """Add an op and return its first output (-1 where it has none). A kind the schema lacks is a custom op.

        Raises:
            KeyError: there are options, and the schema has none for this kind.
        """
        outs = [outputs] if isinstance(outputs, int) else list(outputs)
        table: dict[str, Any] = {"opcode_index": self._code(kind, version), "inputs": list(inputs), "outputs": outs}
        place = options_table(kind) if kind in OPERATORS else None
        if options and place is None:
            raise KeyError(f"{kind} has no options; a custom op has custom_options=b'...'")
        if options is not None and place is not None:
            union, name = place
            table["builtin_options" if union == "BuiltinOptions" else "builtin_options_2"] = (name, dict(options))
        self.graph["operators"].append(table | more)
        return outs[0] if outs else -1

    def output(self, *tensors: int) -> None:
        """Make tensors outputs of the graph."""
        self.graph["outputs"].extend(tensors)

    def signature(self, key: str, inputs: Mapping[str, int], outputs: Mapping[str, int]) -> None:
        """Add a signature that calls this graph."""
        entry: dict[str, Any] = {"signature_key": key, "subgraph_index": self.index}
        for name, tensors in (("inputs", inputs), ("outputs", outputs)):
            entry[name] = [{"name": alias, "tensor_index": index} for alias, index in tensors.items()]
        self.tables["signature_defs"].append(entry)

    def metadata(self, name: str, data: bytes) -> None:
        """Add a metadata entry: `min_runtime_version`, `CONVERSION_METADATA`, …"""
        self.tables["metadata"].append({"name": name, "buffer": self.buffer(data)})

    def converted(self, *modes: str, tensorflow: str = "2.21.0", **options: Any) -> None:
        """Add the metadata that the converter writes; `modes` as `PTQ_FULL_INTEGER`, `options` as the schema's."""
        table = {
            "environment": {"tensorflow_version": tensorflow, "api_version": 2, "model_type": "KERAS_MODEL"},
            "options": {"model_optimization_modes": list(modes), **options},
        }
        self.metadata("CONVERSION_METADATA", write(table, "ConversionMetadata", b"CVNM"))

    def to_bytes(self) -> bytes:
        """The file."""
        return write(self.tables)

    def save(self, path: Path) -> Path:
        """Write the file, and return its path."""
        path.write_bytes(self.to_bytes())
        return path

    def _code(self, kind: str, version: int) -> int:
        known = kind in OPERATORS
        number = OPERATORS.index(kind) if known else OPERATORS.index("CUSTOM")
        code: dict[str, Any] = {"deprecated_builtin_code": min(number, 127), "builtin_code": number, "version": version}
        if not known:
            code["custom_code"] = kind
        codes: list[dict[str, Any]] = self.tables["operator_codes"]
        if code not in codes:
            codes.append(code)
        return codes.index(code)


def model(built: GraphBuilder | bytes | Path, path: str = "model.tflite") -> Model:
    """The model of a builder or of a file's bytes, as the reader makes it; of any format where `built` is a path."""
    if isinstance(built, Path):
        return read(built)
    return read_tflite(path, memoryview(built if isinstance(built, bytes) else built.to_bytes()))


def context(of: GraphBuilder | bytes | Path | Model, *, path: str = "model.tflite", **more: Any) -> Context:
    """What a rule sees of a model; `more` are fields of `Context`: `runtime="2.14"`, `expectations=…`."""
    return Context(of if isinstance(of, Model) else model(of, path), **{"expectations": Expectations(), **more})


def findings(rule: Rule, of: GraphBuilder | bytes | Path | Model, **more: Any) -> list[Finding]:
    """What a rule reports on a model; `more` as in `context`."""
    return list(rule.check(context(of, **more)))


def example(rule: Rule, of: GraphBuilder | bytes | Path | Model, **more: Any) -> str:
    """What the text report prints of a rule's findings on a model: the example of the rule's docstring."""
    return "".join(f"{line}\n" for finding in findings(rule, of, **more) for line in lines(finding, Style()))
