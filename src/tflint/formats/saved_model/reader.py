"""Reads a SavedModel, or a frozen graph, without TensorFlow.

Source of the format: TensorFlow v2.21.0, tensorflow/core/protobuf/{saved_model,meta_graph}.proto and
tensorflow/core/framework/{graph,function,node_def}.proto; of what is run: tensorflow/cc/saved_model/loader.cc.
"""

from __future__ import annotations

import os
from typing import Any

from tflint.collector import without_collector
from tflint.formats.saved_model.bundle import Bundle, open_bundle
from tflint.formats.saved_model.files import Folder, contents
from tflint.formats.saved_model.metagraph import MetaGraph
from tflint.formats.saved_model.origin import Layers, Lines, keras_names, keras_settings
from tflint.formats.saved_model.protos import Unreadable, parse, parse_text
from tflint.formats.saved_model.variables import VARIABLES
from tflint.formats.saved_model.wire import slim, whole
from tflint.formats.tflite.problems import Problems
from tflint.model import Format, Graph, Location, Model, Problem, ProblemKind, Signature

__all__ = ["read"]

_SAVE_AGAIN = "Copy the file again, or save the model again."
_SERVE = "serve"
_MOST_GRAPHS = 16
_MOST_OBJECTS = 1_000_000


def read(path: str, byte_size: int) -> Model:
    """The SavedModel in the folder `path`, or the SavedModel or GraphDef in that file.

    What is wrong with it stands in its problems; a part that cannot be read leaves the others as they are.

    Raises:
        OSError: the system does not let us read a file that `path` names itself.
    """
    problems = Problems(path)
    with without_collector():
        try:
            return _Reader(path, byte_size, problems).model()
        except Unreadable as reason:
            problem = Problem(reason.kind, Location(path), f"{reason}.", reason.help or _SAVE_AGAIN, fatal=True)
            return Model(path, Format.SAVED_MODEL, byte_size, problems=(problem,))


class _Reader:
    def __init__(self, path: str, byte_size: int, problems: Problems) -> None:
        self.path = path
        self.byte_size = byte_size
        self.problems = problems
        self.folder = Folder(path, problems) if os.path.isdir(path) else None  # noqa: PTH112
        self.slim = whole(b"")
        self.keras: list[str] = []
        """What the file says of its Keras layers."""

    def model(self) -> Model:
        graphs: list[Graph] = []
        signatures: tuple[Signature, ...] = ()
        message = self._message()
        if message.DESCRIPTOR.name == "GraphDef":
            graphs += self._maker(message, None, None).read()
            return self._made(graphs, signatures, "")
        if message.saved_model_schema_version != 1:
            self.problems.add(
                ProblemKind.SCHEMA_VERSION,
                f"The file says version {message.saved_model_schema_version} of the SavedModel format; TensorFlow "
                f"reads version 1.",
                hint="Save the model again with a released TensorFlow.",
            )
        metas = sorted(message.meta_graphs[:_MOST_GRAPHS], key=lambda meta: _SERVE not in meta.meta_info_def.tags)
        if len(message.meta_graphs) > _MOST_GRAPHS:
            text = f"The file has {len(message.meta_graphs):,} graphs with tags of their own; {_MOST_GRAPHS} were read."
            self.problems.add(ProblemKind.OVERSIZED, text, hint=_SAVE_AGAIN)
        bundle = None if self.folder is None else open_bundle(self.folder, self.problems)
        for number, meta in enumerate(metas):
            prefix = f"{'+'.join(meta.meta_info_def.tags)[:80] or number}/" if number else ""
            maker = self._maker(meta.graph_def, meta, bundle, len(graphs), prefix)
            if not number:
                self._check_variables(maker, bundle)
            graphs += maker.read()
            signatures += tuple(maker.signatures)
        return self._made(graphs, signatures, metas[0].meta_info_def.tensorflow_version if metas else "")

    def _made(self, graphs: list[Graph], signatures: tuple[Signature, ...], version: str) -> Model:
        if not graphs:
            self.problems.add(
                ProblemKind.NO_GRAPH, "The file holds no graph: there is nothing in it that TensorFlow could run.",
                hint=_SAVE_AGAIN, fatal=True,
            )  # fmt: skip
        return Model(
            self.path, Format.SAVED_MODEL, self.byte_size, tuple(graphs), signatures, problems=self.problems.all(),
            producer=f"tensorflow {version[:40]}" if version else "", config=keras_settings(self.keras),
        )  # fmt: skip

    def _message(self) -> Any:
        """The SavedModel or GraphDef of the path, parsed, its large constants left in the file.

        Raises:
            Unreadable: it cannot be parsed.
        """
        name = "saved_model.pb"
        if self.folder is None:
            view: memoryview | None = contents(self.path)
        elif self.folder.has(name):
            view = self.folder.view(name)
        else:
            name = "saved_model.pbtxt"
            view = self.folder.view(name)
        if view is None:
            first = self.problems.all()[0]
            raise Unreadable(first.kind, first.message.removesuffix("."), first.help)
        if name.endswith("txt"):
            return parse_text("SavedModel", view, f"'{name}'")
        kind = "GraphDef" if self.folder is None and bytes(view[:1]) == b"\n" else "SavedModel"
        self.slim = slim(kind, view)
        return parse(kind, self.slim.content, "The file" if self.folder is None else f"'{name}'")

    def _maker(self, graph_def: Any, meta: Any, bundle: Bundle | None, first: int = 0, prefix: str = "") -> MetaGraph:
        objects = () if meta is None else [node.user_object for node in meta.object_graph_def.nodes[:_MOST_OBJECTS]]
        described = [*objects, *self._keras_metadata()]
        self.keras += [node.metadata for node in described if node.identifier.startswith("_tf_keras_")]
        layers = Layers(keras_names(described))
        return MetaGraph(
            graph_def, meta, bundle, layers, self._lines(graph_def), self.slim, self.problems, first, prefix
        )

    def _keras_metadata(self) -> Any:
        """What newer tf_keras models say of their layers in a file beside the graph."""
        return self._beside("keras_metadata.pb", "SavedMetadata", "nodes")

    def _lines(self, graph_def: Any) -> Lines | None:
        infos = self._beside("debug/saved_model_debug_info.pb", "GraphDebugInfo", None)
        info = infos[0] if infos else graph_def.debug_info
        return Lines(info) if len(info.files) else None

    def _beside(self, name: str, message: str, field: str | None) -> Any:
        """What a file beside the graph holds; nothing where there is none, or it cannot be read, which is a problem."""
        if self.folder is None or not self.folder.has(name):
            return ()
        view = self.folder.view(name, _SAVE_AGAIN)
        if view is None:
            return ()
        try:
            found = parse(message, view, f"'{name}'")
        except Unreadable as reason:
            self.problems.add(reason.kind, f"{reason}.", Location(self.path, "", None, name), hint=_SAVE_AGAIN)
            return ()
        return (found,) if field is None else getattr(found, field)

    def _check_variables(self, maker: MetaGraph, bundle: Bundle | None) -> None:
        """Say so where the values of variables should stand in a folder, and do not."""
        count = sum(kind in VARIABLES for kind in maker.main.kinds)
        if self.folder is None or bundle is not None or not count or not maker.shared.variables.is_saved:
            return
        if self.folder.has("variables/variables.index"):
            return  # it is there, and that it cannot be read is told
        self.problems.add(
            ProblemKind.MISSING_FILE,
            f"The model has {count} variable{'s' * (count != 1)}, and no 'variables/variables.index': their values are "
            f"missing.",
            Location(self.path, "", None, "variables/variables.index"),
            hint="Copy or save the model again, with all of its variables folder.",
        )
