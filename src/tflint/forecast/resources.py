"""Variables that stay variables, and tables of keys and values."""

from __future__ import annotations

from tflint.forecast.known import Known
from tflint.forecast.status import OpForecast, Status
from tflint.model import DType, Op

__all__ = ["RESOURCES", "resource"]

_VARIABLES = {
    "VarHandleOp": ("VAR_HANDLE",), "ReadVariableOp": ("READ_VARIABLE",), "AssignVariableOp": ("ASSIGN_VARIABLE",),
    "AssignAddVariableOp": ("READ_VARIABLE", "ADD", "ASSIGN_VARIABLE"),
    "AssignSubVariableOp": ("READ_VARIABLE", "SUB", "ASSIGN_VARIABLE"),
    "ResourceGather": ("READ_VARIABLE", "GATHER"), "ResourceGatherNd": ("READ_VARIABLE", "GATHER_ND"),
    "VariableShape": ("READ_VARIABLE", "SHAPE"),
}  # fmt: skip
"""The ops on variables that the runtime has, or that are taken apart into such.

Source: LiteRT f67457790, tflite/converter/transforms/legalize_variables.cc; TensorFlow v2.21.0,
tensorflow/compiler/mlir/tensorflow/transforms/decompose_resource_ops.td.
"""
_GENERATORS = frozenset({"RngReadAndSkip", "RngSkip", "StatefulUniform", "StatefulStandardNormalV2"})
_REFERENCES = frozenset({"Variable", "VariableV2", "TemporaryVariable", "Assign", "AssignAdd", "AssignSub"})
_TABLES = frozenset({"HashTableV2", "HashTable", "LookupTableFindV2", "LookupTableFind", "LookupTableSizeV2",
                     "LookupTableImportV2"})  # fmt: skip
RESOURCES = frozenset(_VARIABLES) | _REFERENCES | _TABLES | _GENERATORS
_PASS = frozenset({"Identity", "If", "StatelessIf", "While", "StatelessWhile", "NoOp"})
_VARIABLE_TYPES = frozenset({
    DType.FLOAT32, DType.FLOAT64, DType.BOOL, DType.UINT8, DType.INT8, DType.INT32, DType.INT64, DType.COMPLEX64,
    DType.COMPLEX128,
})  # fmt: skip
"""Source: LiteRT f67457790, tflite/converter/ir/tfl_ops.td, TFL_ReadVariableOp."""
_TABLE_OPS = {"HashTableV2": "HASHTABLE", "LookupTableFindV2": "HASHTABLE_FIND", "LookupTableSizeV2": "HASHTABLE_SIZE",
              "LookupTableImportV2": "HASHTABLE_IMPORT"}  # fmt: skip


def resource(op: Op, known: Known) -> OpForecast:
    """What becomes of an op on a variable or a table."""
    if op.kind in _REFERENCES:
        return OpForecast(
            op, Status.FAILS, f"{op.kind} does not convert: reference variables of TensorFlow 1 cannot be frozen"
        )
    if op.kind in _TABLES:
        return _table(op, known)
    if op.kind in _GENERATORS:
        return OpForecast(op, Status.FLEX, f"{op.kind} needs SELECT_TF_OPS: it counts in uint64")
    handle = op.outputs[0] if op.kind == "VarHandleOp" and op.outputs else op.input(0)
    if handle is not None and handle.is_constant:  # a variable that nothing changes is a constant
        return OpForecast(op, Status.BUILTIN, "", _VARIABLES[op.kind][1:])
    maker = op if op.kind == "VarHandleOp" else None if handle is None else known.graph.producer(handle)
    dtype = (maker or op).options.get("dtype")
    if isinstance(dtype, DType) and dtype not in _VARIABLE_TYPES:
        return OpForecast(
            op, Status.FLEX, f"{op.kind} needs SELECT_TF_OPS: the runtime has no variables of {dtype.value}"
        )
    users = {user.kind for user in known.graph.consumers(handle)} if handle is not None else set()
    others = sorted(kind for kind in users if kind not in _VARIABLES and kind not in _PASS and kind not in _GENERATORS)
    if others:
        reason = f"{others[0]} changes the variable, and the runtime has no such op"
        return OpForecast(op, Status.FLEX, f"{op.kind} needs SELECT_TF_OPS: {reason}")
    return OpForecast(op, Status.BUILTIN, "", _VARIABLES[op.kind])


def _table(op: Op, known: Known) -> OpForecast:
    """Source: LiteRT f67457790, tflite/converter/transforms/legalize_hashtables.cc."""
    maker = op
    if op.kind not in {"HashTableV2", "HashTable"}:
        handle = op.input(0)
        found = None if handle is None else known.graph.producer(handle)
        if found is None:
            return OpForecast(op, Status.FLEX, f"{op.kind} needs SELECT_TF_OPS: where its table is made is not seen")
        maker = found
    types = (maker.options.get("key_dtype"), maker.options.get("value_dtype"))
    if maker.kind == "HashTableV2" and op.kind in _TABLE_OPS and set(types) == {DType.STRING, DType.INT64}:
        return OpForecast(op, Status.BUILTIN, "", (_TABLE_OPS[op.kind],))
    reason = "the runtime has tables from strings to int64 and back, and no others"
    return OpForecast(op, Status.FLEX, f"{op.kind} needs SELECT_TF_OPS: {reason}")
