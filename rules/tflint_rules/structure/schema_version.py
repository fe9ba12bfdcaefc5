"""TFL117 schema-version."""

from collections.abc import Iterator
from typing import ClassVar

from tflint import Context, DType, Finding, Op, Problem, ProblemKind, Rule, RuleMeta, Severity, Tensor
from tflint.analysis.phrases import count


class SchemaVersion(Rule):
    """The file is written in a version of the format, or with op codes or types, that no known runtime reads.

    ## What it does

    Reports a schema version other than 3, the codes of builtin ops beyond the last one of the schema, and element
    types beyond its last one.

    ## Why it is bad

    TFLite and LiteRT refuse to load the file: "Model provided is schema version 7 not equal to supported version 3",
    "Op builtin_code out of range: 250", "Unsupported data type 77 in tensor". Either the file is damaged, or it is
    made for a newer runtime than any that this version of tflint knows.

    ## Example

    ```text
    error TFL117 schema-version: op 0 BUILTIN_250, 'y'
      Operator code 0 is builtin 250; the newest that tflint knows is 209 (STABLEHLO_CASE); 2 ops use
      it, and LiteRT refuses the whole file.
      help: Check with a newer tflint, or convert again: no released runtime has this op.
      also: op 1 BUILTIN_250, 'z'
    ```

    ## Fix

    Convert the model again with a released TensorFlow or LiteRT converter. Where the file comes from a newer one on
    purpose, check it with a newer tflint, and ship it with that runtime.

    ## References

    - LiteRT f67457790, tflite/core/interpreter_builder.cc (version), tflite/core/api/op_resolver.cc (op codes),
      tflite/core/api/flatbuffer_conversions.cc, ConvertTensorType
    - LiteRT f67457790, tflite/converter/schema/schema.fbs: 209 is the last op, 22 the last type
    """

    meta: ClassVar[RuleMeta] = RuleMeta("TFL117", "schema-version", Severity.ERROR)

    def check(self, ctx: Context) -> Iterator[Finding]:
        by_kind: dict[ProblemKind, list[Problem]] = {}
        for problem in ctx.model.problems:
            by_kind.setdefault(problem.kind, []).append(problem)
        for problem in by_kind.get(ProblemKind.SCHEMA_VERSION, ()):
            yield self.finding(
                problem.location,
                problem.message,
                help=problem.help,
                evidence={"schema_version": ctx.model.schema_version},
            )
        if ops := by_kind.get(ProblemKind.UNKNOWN_OP):
            yield self._unknown_ops(ctx, ops)
        if dtypes := by_kind.get(ProblemKind.UNKNOWN_DTYPE):
            yield self._unknown_types(ctx, dtypes)

    def _unknown_ops(self, ctx: Context, problems: list[Problem]) -> Finding:
        """All of them in one: a file for another schema, or a damaged one, is one cause."""
        ops: list[Op] = [
            op for graph in ctx.model.graphs for op in graph.ops if op.kind.startswith("BUILTIN_") and not op.is_custom
        ]
        first, others = problems[0], len(problems) - 1
        more = f", and {count(others, 'more code')} {'is' if others == 1 else 'are'} unknown" if others else ""
        used = f"{count(len(ops), 'op') if ops else 'no op'} use{'' if len(ops) > 1 else 's'}"
        return self.finding(
            ops[0] if ops else first.location,
            f"{first.message.rstrip('.')}{more}; {used} {'them' if more else 'it'}, and LiteRT refuses the whole file.",
            help=first.help,
            related=ops[1:],
            evidence={"kinds": sorted({op.kind for op in ops}), "ops": len(ops)},
        )

    def _unknown_types(self, ctx: Context, problems: list[Problem]) -> Finding:
        first = problems[0]
        tensors: list[Tensor] = [
            tensor for graph in ctx.model.graphs for tensor in graph.tensors if tensor.dtype is DType.UNKNOWN
        ]
        others = [each for each in tensors if each.location.address != first.location.address]
        more = (
            f", and {count(len(others), 'more tensor')} {'is' if len(others) == 1 else 'are'} alike" if others else ""
        )
        return self.finding(
            first.location,
            f"{first.message.rstrip('.')}{more}; LiteRT refuses the whole file.",
            help=first.help,
            related=others,
            evidence={"tensors": len(others) + 1},
        )
