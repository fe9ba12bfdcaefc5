"""The graphs of one MetaGraphDef: those of its signatures, of the functions they refer to, and all the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from tflint.analysis.phrases import cut
from tflint.formats.saved_model.body import MISSING, Body, Library, Ref
from tflint.formats.saved_model.bundle import Bundle
from tflint.formats.saved_model.origin import Layers, Lines
from tflint.formats.saved_model.sheet import Frame, Shared, Sheet
from tflint.formats.saved_model.values import dtype_of, shape_of
from tflint.formats.saved_model.variables import VARIABLES, Variable, Variables, Writes
from tflint.formats.saved_model.wire import Slim
from tflint.formats.tflite.problems import Problems
from tflint.model import DType, Graph, Location, ProblemKind, Shape, Signature, Tensor

__all__ = ["MetaGraph"]

_INIT = "__saved_model_init_op"
"""A signature that TensorFlow 2 writes for the op that sets a model up; nobody calls it."""
_DEFAULT = "serving_default"
_ALWAYS, _FOR_EACH = 300_000, 12
"""So many nodes and references may take the place of calls, and so many more for each node of the file."""
_LONGEST_KEY = 256
_STORED = VARIABLES | {"Const"}

_Side: TypeAlias = list[tuple[str, Ref, DType, Shape | None]]
"""The inputs or outputs of a signature: name, place, element type and shape."""


class MetaGraph:
    """Makes the graphs of a MetaGraphDef, the first of them with number `first`."""

    def __init__(
        self, graph_def: Any, meta: Any, bundle: Bundle | None, layers: Layers, lines: Lines | None, slim: Slim,
        problems: Problems, first: int = 0, prefix: str = "",
    ) -> None:  # fmt: skip
        library = Library(graph_def.library.function, problems)
        self.meta = meta
        self.problems = problems
        self.library = library
        self.first = first
        self.prefix = prefix
        self.main = Body(graph_def.node, library)
        restore = "" if meta is None else meta.saver_def.restore_op_name
        variables = Variables(self.main, bundle, restore.partition(":")[0], problems)
        nodes = len(self.main.nodes) + sum(len(each.node_def) for each in library.functions.values())
        most = _ALWAYS + _FOR_EACH * nodes
        self.shared = Shared(problems.path, problems, library, variables, Writes(library), layers, lines, slim, most)
        self.sheets: list[Sheet] = []
        self.signatures: list[Signature] = []
        self.lost: set[str] = set()
        """The signatures of which an input or output stands nowhere."""
        self.taken: set[int] = set()
        """The nodes of the main graph that a signature needs."""

    def read(self) -> tuple[Graph, ...]:
        """All graphs: of the signatures, of the functions that their ops refer to, of other functions, and the rest."""
        orders = [(key, *self._roots(key)) for key in self._keys()]
        self.shared.variables.changed = frozenset(
            ref.node for _, _, _, order in orders for ref in self.shared.writes.sources(self.main, order)
        )
        for key, sides, cuts, order in orders:
            self._signature(key, sides, cuts, order)
        if not self.signatures:
            self._entries()
        alone = not self.sheets
        if alone:
            self._rest("graph", inline=True)
        self._branches()
        for name in self.library.functions:
            if name not in self.shared.inlined and name not in self.shared.branches:
                self._function(name, self._bound(name), inline=False)
        if not alone:
            self._rest("rest", inline=False)
        return tuple([sheet.graph() for sheet in self.sheets])

    def _sheet(self, name: str, *, inline: bool) -> Sheet:
        sheet = Sheet(self.shared, self.first + len(self.sheets), self.prefix + name[:_LONGEST_KEY], inline=inline)
        self.sheets.append(sheet)
        return sheet

    def _keys(self) -> list[str]:
        """The signatures that can be called: the default one first."""
        keys = [] if self.meta is None or self.prefix else [key for key in self.meta.signature_def if key != _INIT]
        return sorted(keys, key=lambda key: (key != _DEFAULT, key))

    def _roots(self, key: str) -> tuple[tuple[_Side, _Side], frozenset[Ref], list[int]]:
        """The inputs and outputs of a signature, and the nodes that it needs, in order."""
        signature = self.meta.signature_def[key]
        sides = (self._side(key, signature.inputs), self._side(key, signature.outputs))
        cuts = frozenset(ref for _, ref, _, _ in sides[0])
        roots = [ref.node for _, ref, _, _ in sides[1] if ref not in cuts]
        order = self.main.ordered(self.main.needed(roots, cuts))
        self.library.spend(len(order) + len(sides[0]) + len(sides[1]))
        self.taken.update(order, (ref.node for ref in cuts))
        return sides, cuts, order

    def _side(self, key: str, infos: Any) -> _Side:
        """The inputs, or outputs, of a signature: name, place, element type and shape; sorted by name."""
        found: _Side = []
        for name in sorted(infos):
            for part, text, info in _parts(name, infos[name]):
                ref = self.main.ref(text)
                if ref is MISSING:
                    message = f"Signature '{cut(key)}' has '{cut(part)}' at node '{cut(text)}', which does not exist."
                    at = Location(self.problems.path, "", None, key[:_LONGEST_KEY])
                    self.problems.add(ProblemKind.BAD_REFERENCE, message, at, hint="Save the model again.")
                    self.lost.add(key)
                    continue
                found.append((part, ref, dtype_of(info.dtype), shape_of(info.tensor_shape)))
        return found

    def _signature(self, key: str, sides: tuple[_Side, _Side], cuts: frozenset[Ref], order: list[int]) -> None:
        before = self.problems.breaks
        sheet = self._sheet(key, inline=True)
        fed: dict[Ref, Tensor] = {}
        for _, ref, dtype, shape in sides[0]:
            if ref not in fed:
                fed[ref] = sheet.tensor(f"{self.main.names[ref.node]}:{ref.output}", dtype, shape)
        frame = Frame(self.main, "", [], fed)
        sheet.run(frame, [node for node in order if not self._is_fed(node, cuts)])
        outputs: dict[str, Tensor] = {}
        for name, ref, _, _ in sides[1]:
            tensor = sheet.value(frame, ref)
            if tensor is not None:
                outputs[name] = tensor
        sheet.inputs += list(dict.fromkeys(fed.values()))
        sheet.outputs += list(dict.fromkeys(outputs.values()))
        sheet.intact = sheet.intact and self.problems.breaks == before and key not in self.lost
        inputs = {name: fed[ref] for name, ref, _, _ in sides[0]}
        self.signatures.append(Signature(key, sheet.index, inputs, outputs))

    def _is_fed(self, node: int, cuts: frozenset[Ref]) -> bool:
        """True for a node that stands for an input."""
        return Ref(node, 0) in cuts and self.main.kinds[node].startswith("Placeholder")

    def _entries(self) -> None:
        """Without signatures, the functions that the objects of the model are called by."""
        if self.meta is None or self.prefix:
            return
        objects = self.meta.object_graph_def
        for node in objects.nodes:
            for name in node.function.concrete_functions:
                if name in self.library and name not in self.shared.inlined and name not in self.shared.branches:
                    self._function(name, self._bound(name), inline=True)
                    self.shared.inlined.add(name)

    def _bound(self, name: str) -> list[Variable | None]:
        """The variables that the last arguments of a function are bound to."""
        if self.meta is None or name not in self.meta.object_graph_def.concrete_functions:
            return []
        objects = self.meta.object_graph_def
        ids = objects.concrete_functions[name].bound_inputs
        count = len(self.library.body(name).args)
        found: list[Variable | None] = [None] * max(count - len(ids), 0)
        for number in ids[:count]:
            node = objects.nodes[number] if 0 <= number < len(objects.nodes) else None
            if node is None or node.WhichOneof("kind") != "variable":
                found.append(None)
                continue
            found.append(self.shared.variables.of_object(number, node.variable.name))
        return found

    def _branches(self) -> None:
        """The functions that ops of the signatures refer to, and those that these refer to."""
        for name in self.shared.queue:  # which grows meanwhile
            self._function(name, self.shared.branches[name], inline=True)

    def _function(self, name: str, bound: Iterable[Variable | None], *, inline: bool) -> None:
        before = self.problems.breaks
        body = self.library.body(name)
        order = body.order
        sheet = self._sheet(name, inline=inline)
        frame = Frame(body, "", sheet.arguments(body, bound), stack=(name,))
        sheet.run(frame, order if inline else range(len(body.nodes)))
        sheet.outputs += [tensor for _, ref in body.returns if (tensor := sheet.value(frame, ref)) is not None]
        sheet.intact = sheet.intact and self.problems.breaks == before

    def _rest(self, name: str, *, inline: bool) -> None:
        """The nodes of the main graph that no signature needs: saving, loading, setting up; or a lone graph."""
        order = [node for node in self.main.ordered(set(range(len(self.main.nodes)))) if node not in self.taken]
        if not order:
            return
        before = self.problems.breaks
        sheet = self._sheet(name, inline=inline)
        fed: dict[Ref, Tensor] = {}
        frame = Frame(self.main, "", [], fed)
        for ref in dict.fromkeys(ref for node in order for ref in self.main.refs[node]):
            if ref.node in self.taken:
                self._borrow(sheet, frame, ref, fed)
        sheet.run(frame, order)
        used = {ref.node for node in order for ref in self.main.refs[node]}
        used |= {source for node in order for source in self.main.controls[node]}
        for node in order:
            tensors = [tensor for tensor in frame.values.get(node, {}).values() if tensor is not None]
            if self.main.kinds[node].startswith("Placeholder"):
                sheet.inputs += tensors
            elif node not in used:
                sheet.outputs += tensors
        sheet.intact = sheet.intact and self.problems.breaks == before

    def _borrow(self, sheet: Sheet, frame: Frame, ref: Ref, fed: dict[Ref, Tensor]) -> None:
        """What the rest takes from a node of a signature: variables and constants again, other values as inputs."""
        if self.main.kinds[ref.node] in _STORED:
            sheet.run(frame, [ref.node] if ref.node not in frame.values else [])
            return
        fed[ref] = sheet.tensor(f"{self.main.names[ref.node]}:{ref.output}", DType.UNKNOWN, None)
        sheet.inputs.append(fed[ref])


def _parts(name: str, info: Any) -> Iterator[tuple[str, str, Any]]:
    """The tensors of an input or output: of a sparse or a composite one several; name, place and what is said of it."""
    match info.WhichOneof("encoding"):
        case "coo_sparse":
            sparse = info.coo_sparse
            for part in ("values", "indices", "dense_shape"):
                yield f"{name}/{part}", getattr(sparse, f"{part}_tensor_name"), info
        case "composite_tensor":
            for number, component in enumerate(info.composite_tensor.components):
                yield f"{name}/{number}", component.name, component
        case _:
            yield name, info.name, info
