"""Whether control-flow ops fit the graphs that they run, as far as the runtime looks.

Source: LiteRT f67457790, tflite/kernels/while.cc, if.cc, call_once.cc, stablehlo_composite.cc, stablehlo_case.cc,
stablehlo_scatter.cc, stablehlo_reduce_window.cc: Prepare. The runtime gives the inputs of a graph the types of what it
is handed, so that those are not compared.
"""

from collections.abc import Iterator

from tflint import DType, Graph, Op
from tflint.analysis.calls import called
from tflint.analysis.phrases import count, cut

__all__ = ["CALLERS", "graph_name", "misfit"]

_ROLES = {
    "cond_subgraph_index": "condition",
    "body_subgraph_index": "body",
    "then_subgraph_index": "then branch",
    "else_subgraph_index": "else branch",
    "init_subgraph_index": "initialiser",
    "subgraph": "function",
    "decomposition_subgraph_index": "decomposition",
    "branch_subgraph_indices": "branch",
    "comparator_subgraph_index": "comparator",
    "update_computation_subgraph_index": "update",
}
_BRANCHES = frozenset({"IF", "STABLEHLO_CASE"})
_LOOPS = frozenset({"WHILE", "STABLEHLO_WHILE"})
_PLAIN = frozenset({"CALL", "CALL_ONCE", "STABLEHLO_COMPOSITE"})
_REGIONS = frozenset({"STABLEHLO_REDUCE", "STABLEHLO_REDUCE_WINDOW", "STABLEHLO_SORT", "STABLEHLO_SCATTER"})
"""Ops whose graph the runtime does not call but looks at, to learn which reduction is meant."""
CALLERS = _BRANCHES | _LOOPS | _PLAIN | _REGIONS


def graph_name(graph: Graph) -> str:
    """A graph as messages name it: `graph 2 'body'`."""
    return f"graph {graph.index} '{cut(graph.name)}'" if graph.name else f"graph {graph.index}"


def misfit(op: Op, graphs: tuple[Graph, ...]) -> str | None:
    """What is wrong with the graphs that an op names, as a sentence: the first fault, which may cause the others."""
    return next(_misfits(op, graphs), None)


def _misfits(op: Op, graphs: tuple[Graph, ...]) -> Iterator[str]:
    named = list(called(op))
    if not named:
        yield f"{op.kind} does not say which graph it runs."
    for option, number in named:
        if not 0 <= number < len(graphs):
            yield f"{op.kind} names graph {number} as its {_ROLES[option]}; the file has {count(len(graphs), 'graph')}."
    yield from _faults_of_op(op)
    if op.kind in _LOOPS and len({number for _, number in named}) == 1:
        yield f"{op.kind} names graph {named[0][1]} as its condition and as its body; two graphs were expected."
    if op.kind in _REGIONS:
        return
    for option, number in named:
        if graphs[number].intact:
            role = f"{graph_name(graphs[number])}, the {_ROLES[option]} of {op.kind},"
            role = role[0].upper() + role[1:]
            yield from _faults_of_graph(op, role, option == "cond_subgraph_index", graphs[number])


def _faults_of_op(op: Op) -> Iterator[str]:
    """What is wrong with the op's own inputs and outputs."""
    taken, made = len(op.inputs), len(op.outputs)
    if op.kind in _LOOPS and taken != made:
        yield f"{op.kind} has {count(taken, 'input')} and {count(made, 'output')}; it hands as many on as it takes."
    if op.kind == "CALL_ONCE" and (taken or made):
        yield f"CALL_ONCE has {count(taken, 'input')} and {count(made, 'output')}; it can have none."
    if op.kind == "STABLEHLO_COMPOSITE" and not taken:
        yield "STABLEHLO_COMPOSITE has no input; it needs one at least."
    if op.kind not in _BRANCHES:
        return
    choice, wanted = op.input(0), DType.BOOL if op.kind == "IF" else DType.INT32
    if choice is None:
        yield f"{op.kind} has no input that chooses the branch; one {wanted.value} was expected."
    elif choice.dtype not in (wanted, DType.UNKNOWN):
        yield f"{op.kind} chooses its branch by a value of type {choice.dtype.value}; {wanted.value} was expected."
    elif choice.has_rank and not choice.is_dynamic and any(size != 1 for size in choice.default_shape):
        shape = list(choice.default_shape)
        yield f"{op.kind} chooses its branch by a value of shape {shape}; one element was expected."


def _faults_of_graph(op: Op, role: str, is_condition: bool, graph: Graph) -> Iterator[str]:
    """Where a graph does not take or return what an op hands it and expects of it."""
    handed = op.inputs[1:] if op.kind in _BRANCHES else op.inputs
    expected = 1 if is_condition else len(op.outputs)
    if len(graph.inputs) != len(handed):
        yield f"{role} takes {count(len(graph.inputs), 'value')}; {len(handed)} {_are(len(handed))} handed to it."
    if len(graph.outputs) != expected:
        yield f"{role} returns {count(len(graph.outputs), 'value')}; {expected} {_are(expected)} expected."
    elif is_condition:
        result = graph.outputs[0]
        if result.dtype not in (DType.BOOL, DType.UNKNOWN):
            yield f"{role} returns {result.dtype.value}; BOOL was expected."
        elif result.has_rank and not result.is_dynamic and result.default_shape not in ((), (1,)):
            yield f"{role} returns a value of shape {list(result.default_shape)}; a scalar was expected."
    elif op.kind in _LOOPS | {"IF"}:
        wanted = op.inputs if op.kind in _LOOPS else op.outputs
        for slot, (result, value) in enumerate(zip(graph.outputs, wanted, strict=False)):
            if value is None or DType.UNKNOWN in (result.dtype, value.dtype) or result.dtype is value.dtype:
                continue
            yield f"{role} returns {result.dtype.value} as output {slot}; {value.dtype.value} was expected."


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
