"""The graph that the layers of a model make: an op for each call of a layer, models within models opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import zip_longest

from tflint.formats.keras.config import dtype_of
from tflint.formats.keras.problems import Problems
from tflint.formats.keras.structure import Layer, Node, Reference, Scope
from tflint.formats.keras.weights import Weight
from tflint.model import DType, Graph, Op, ProblemKind, Shape, Tensor

__all__ = ["make_graph"]

_MOST_WORK = 400_000
"""So many layers and tensors a model may have: a model in a model in a model, each called twice, has no end."""
_MOST_OUTPUTS = 1000
_Call = tuple[str, int]


@dataclass(frozen=True)
class _Hint:
    """What is known of a tensor from those that take it."""

    shape: Shape | None = None
    dtype: DType = DType.UNKNOWN


class _TooMuch(Exception):  # noqa: N818 - it ends the expansion, and is no error of ours
    """The models within the model would be opened without end."""


def make_graph(
    scope: Scope | None,
    name: str,
    weights: Mapping[Layer, Sequence[Weight]],
    unclaimed: Sequence[Weight],
    problems: Problems,
) -> Graph:
    """The graph of a model; it is intact where every reference in it leads somewhere.

    Args:
        scope: the layers of the model; None where they are not known, and then there is nothing to judge.
        name: the name of the model.
        weights: what each layer holds.
        unclaimed: weights that belong to no layer that the configuration tells of: they are tensors of the graph.
        problems: keeps what is wrong.
    """
    making = _Making(weights, problems)
    outputs: list[Tensor | None] = []
    try:
        outputs = [None] if scope is None else making.open(scope, None, "layers/", [])
    except _TooMuch:
        making.broken(f"The model has more than {_MOST_WORK:,} layers and tensors once the models in it are opened", "")
    for weight in unclaimed:
        making.weight(weight)
    return Graph(
        path=problems.path,
        index=0,
        name=name,
        tensors=tuple(making.tensors),
        ops=tuple(making.ops),
        inputs=tuple(making.inputs),
        outputs=tuple([tensor for tensor in outputs if tensor is not None]),
        intact=making.intact and None not in outputs,
    )


class _Making:
    """A graph under way."""

    def __init__(self, weights: Mapping[Layer, Sequence[Weight]], problems: Problems) -> None:
        self.problems = problems
        self.path = problems.path
        self.held = weights
        self.tensors: list[Tensor] = []
        self.ops: list[Op] = []
        self.inputs: list[Tensor] = []
        self.intact = True
        self.made: dict[Layer, tuple[Tensor, ...]] = {}
        self.work = 0

    def broken(self, message: str, address: str) -> None:
        self.intact = False
        self.problems.add(ProblemKind.BAD_REFERENCE, f"{message}.", address, hint="Save the model again.")

    def count(self, work: int) -> None:
        """Count work.

        Raises:
            _TooMuch: it is more than any model asks for.
        """
        self.work += work
        if self.work > _MOST_WORK:
            raise _TooMuch

    def weight(self, weight: Weight) -> Tensor:
        made = Tensor(
            path=self.path,
            graph_index=0,
            index=len(self.tensors),
            name=weight.name,
            dtype=weight.dataset.dtype,
            shape=weight.dataset.shape,
            default_shape=weight.dataset.shape,
            data=weight.dataset.data,
            byte_offset=weight.dataset.byte_offset,
            address=weight.address,
        )
        self.tensors.append(made)
        return made

    def tensor(self, name: str, hint: _Hint) -> Tensor:
        """A value between layers, with what is known of it."""
        shape = hint.shape or ()
        sizes = tuple([1 if size is None else size for size in shape])
        known = hint.shape is not None
        made = Tensor(self.path, 0, len(self.tensors), name, hint.dtype, shape, sizes, has_rank=known)
        self.tensors.append(made)
        return made

    def call(
        self, layer: Layer, inputs: Sequence[Tensor | None], node: Node, above: str, turn: int, hints: Sequence[_Hint]
    ) -> list[Tensor | None]:
        """What a call of a layer gives; the layer's op, or the ops of the model that it is, are added."""
        again = f"#{turn + 1}" if turn else ""
        if layer.scope is not None:
            return self.open(layer.scope, _by_name(layer.scope, node, inputs), f"{above}{layer.name}{again}/", hints)
        if layer not in self.made:
            self.made[layer] = tuple([self.weight(weight) for weight in self.held.get(layer, ())])
        names = [f"{layer.name}:{number}" if number else layer.name for number in range(len(hints))]
        outputs = tuple([self.tensor(name, hint) for name, hint in zip(names, hints, strict=True)])
        options = {**layer.options, "call_arguments": node.arguments} if node.arguments else layer.options
        self.ops.append(
            Op(
                path=self.path,
                graph_index=0,
                index=len(self.ops),
                kind=layer.kind,
                inputs=tuple(inputs),
                outputs=outputs,
                is_custom=layer.is_custom,
                decode=lambda: options,
                name=layer.name,
                address=f"{above}{layer.name}{again}",
                layer=layer.name,
                weights=self.made[layer],
            )
        )
        return list(outputs)

    def open(
        self, scope: Scope, given: Sequence[Tensor | None] | None, above: str, hints: Sequence[_Hint]
    ) -> list[Tensor | None]:
        """The outputs of a model, whose layers are added. `given` are its inputs; None where it is the whole model."""
        self.count(scope.size)
        names = [layer.name for layer in scope.layers]
        if len(set(names)) < len(names):
            self.broken(f"The model '{scope.name}' has several layers of the same name", above.rstrip("/"))
        if scope.is_chain:
            return self._chain(scope, given, above, hints)
        return _Functional(self, scope, given, above, hints).outputs()

    def input(self, name: str, hint: _Hint) -> Tensor:
        made = self.tensor(name, hint)
        self.inputs.append(made)
        return made

    def _chain(
        self, scope: Scope, given: Sequence[Tensor | None] | None, above: str, hints: Sequence[_Hint]
    ) -> list[Tensor | None]:
        layers = scope.layers
        flow: list[Tensor | None] = list(given) if given is not None else [self._chain_input(scope)]
        layers = layers[1:] if layers and layers[0].is_input else layers
        for layer, after in zip_longest(layers, layers[1:]):
            expected = list(hints) or [_Hint()] if after is None else [_Hint(after.input_shape)]
            flow = self.call(layer, flow, Node(()), above, 0, expected)
        return flow

    def _chain_input(self, scope: Scope) -> Tensor:
        """The input of a Sequential model, whether it says what it is or not."""
        first = scope.layers[0] if scope.layers else None
        if first is None:
            return self.input("input", _Hint(scope.input_shape))
        if first.is_input:
            return self.input(first.name, _input_hint(first))
        return self.input(f"{first.name}_input", _Hint(first.input_shape or scope.input_shape))


class _Functional:
    """The layers of one functional model, on the way into the graph."""

    def __init__(
        self, making: _Making, scope: Scope, given: Sequence[Tensor | None] | None, above: str, hints: Sequence[_Hint]
    ) -> None:
        self.making, self.scope, self.given, self.above = making, scope, given, above
        self.layers = {layer.name: layer for layer in scope.layers}
        self.values: dict[_Call, list[Tensor | None]] = {}
        self.hints: dict[_Call, list[_Hint]] = {}
        self.first: dict[str, int] = {
            layer.name: self._first(layer) for layer in scope.layers if layer.scope is not None
        }
        for reference, hint in zip_longest(scope.outputs, hints[: len(scope.outputs)], fillvalue=None):
            assert reference is not None
            self._note(reference, self._place(reference, is_output=True), hint or _Hint())

    def outputs(self) -> list[Tensor | None]:
        calls = [(layer, turn) for layer in self.scope.layers for turn in range(max(1, len(layer.nodes)))]
        self._inputs()
        waiting = self._waiting(calls)
        after: dict[_Call, list[int]] = {}
        for number, places in waiting.items():
            for place in places:
                after.setdefault(place, []).append(number)
        ready = [number for number, places in waiting.items() if not places]
        heapify(ready)
        while ready:
            layer, turn = calls[heappop(ready)]
            self._run(layer, turn)
            for number in after.pop((layer.name, turn), ()):  # layers of one name: the first counts
                waiting[number].discard((layer.name, turn))
                if not waiting[number]:
                    heappush(ready, number)
        stuck = [calls[number][0].name for number, places in waiting.items() if places]
        if stuck:
            more = f" and {len(stuck) - 1} more" if len(stuck) > 1 else ""
            self.making.broken(
                f"The layers '{stuck[0]}'{more} wait for each other in a loop", f"{self.above}{stuck[0]}"
            )
        return [
            self._value(reference, self._place(reference, is_output=True), "output") for reference in self.scope.outputs
        ]

    def _first(self, layer: Layer) -> int:
        """The number that the first call of a model has where its outputs are taken."""
        return 1 if layer.listed and self._counts_from_one(layer) else 0

    def _counts_from_one(self, layer: Layer) -> bool:
        """False for a Sequential model of Keras 2 without an input: those with one begin with a call of their own."""
        scope = layer.scope
        return (
            scope is None
            or not scope.is_chain
            or bool(scope.layers and (scope.layers[0].is_input or scope.layers[0].input_shape))
        )

    def _place(self, reference: Reference, *, is_output: bool = False) -> _Call:
        """The call that a reference means."""
        first = self.first.get(reference.layer, 0)
        layer = self.layers.get(reference.layer)
        if (
            is_output
            and layer is not None
            and layer.scope is not None
            and not layer.scope.is_chain
            and not layer.listed
        ):
            first = 1  # Keras 3 counts so in the list of outputs, and from 0 everywhere else
        return reference.layer, max(0, reference.node - first)

    def _note(self, reference: Reference, place: _Call, hint: _Hint) -> None:
        """Remember what a reference says of the tensor that it means, and that the tensor exists."""
        if not 0 <= reference.tensor < _MOST_OUTPUTS:
            return
        held = self.hints.setdefault(place, [_Hint()])
        self.making.count(max(0, reference.tensor + 1 - len(held)))
        held.extend(_Hint() for _ in range(reference.tensor + 1 - len(held)))
        if held[reference.tensor].shape is None:
            held[reference.tensor] = hint

    def _inputs(self) -> None:
        """Give the input layers their values, in the order that the model lists them."""
        given = self.given
        if given is not None and len(given) != len(self.scope.inputs):
            self.making.broken(
                f"The model '{self.scope.name}' is called with {len(given)} tensors; it has {len(self.scope.inputs)} "
                "inputs",
                self.above.rstrip("/"),
            )
        for number, reference in enumerate(self.scope.inputs):
            place = self._place(reference)
            layer = self.layers.get(reference.layer)
            if layer is None or not layer.is_input:
                self.making.broken(
                    f"Input {number} of the model is '{reference.layer}', which is no input layer of it", ""
                )
            elif place not in self.values:
                value = given[number] if given is not None and number < len(given) else None
                self.values[place] = [self.making.input(layer.name, _input_hint(layer)) if given is None else value]

    def _waiting(self, calls: Sequence[tuple[Layer, int]]) -> dict[int, set[_Call]]:
        """The calls that each call has to wait for."""
        known = {(layer.name, turn) for layer, turn in calls}
        waiting: dict[int, set[_Call]] = {}
        for number, (layer, turn) in enumerate(calls):
            places: set[_Call] = set()
            for reference in self._node(layer, turn).inputs:
                place = self._place(reference)
                shape = reference.shape
                if shape is None and len(layer.nodes) == len(layer.nodes[turn].inputs) == 1:
                    shape = layer.input_shape
                self._note(reference, place, _Hint(shape, reference.dtype))
                if place in known:
                    places.add(place)
            waiting[number] = places
        return waiting

    @staticmethod
    def _node(layer: Layer, turn: int) -> Node:
        return layer.nodes[turn] if turn < len(layer.nodes) else Node(())

    def _run(self, layer: Layer, turn: int) -> None:
        place = (layer.name, turn)
        if layer.is_input:
            self.values.setdefault(place, [self.making.tensor(layer.name, _input_hint(layer))])
            return
        node = self._node(layer, turn)
        address = f"{self.above}{layer.name}"
        inputs = [self._value(reference, self._place(reference), address) for reference in node.inputs]
        hints = self.hints.get(place, [_Hint()])
        self.values[place] = self.making.call(layer, inputs, node, self.above, turn, hints)

    def _value(self, reference: Reference, place: _Call, who: str) -> Tensor | None:
        """The tensor that a reference means; None where there is none, which is a problem."""
        values = self.values.get(place, [])
        if 0 <= reference.tensor < len(values):
            return values[reference.tensor]
        what = f"'{who}'" if who != "output" else f"The output of '{self.scope.name}'"
        self.making.broken(
            f"{what} takes output {reference.tensor} of call {reference.node} of layer '{reference.layer}', which does "
            "not exist",
            who if who != "output" else "",
        )
        return None


def _input_hint(layer: Layer) -> _Hint:
    return _Hint(layer.input_shape, dtype_of(layer.config.get("dtype")))


def _by_name(scope: Scope, node: Node, inputs: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
    """The inputs of a call of a model in the order of its inputs, where the call names them."""
    keys = [reference.key for reference in node.inputs]
    names = [reference.layer for reference in scope.inputs]
    if len(set(keys)) == len(keys) == len(names) and set(keys) == set(names) and len(inputs) == len(keys):
        named = dict(zip(keys, inputs, strict=True))
        return [named[name] for name in names]
    return inputs
