"""Reads Keras models without TensorFlow: `.keras` archives, and `.h5` files of whole models, of Keras 2 and 3.

Nothing in them is run: Lambda functions and pickled code are data like any other.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO, Any

from tflint.formats.keras.archive import Archive, Broken
from tflint.formats.keras.config import Unreadable, mapping, name_of, parse
from tflint.formats.keras.graph import make_graph
from tflint.formats.keras.hdf5 import Look, Stored, Window
from tflint.formats.keras.problems import AGAIN, Problems
from tflint.formats.keras.structure import Layer, Scope, model_scope
from tflint.formats.keras.weights import Weight, by_layer_name, by_place
from tflint.model import Format, Graph, Model, ProblemKind

__all__ = ["read"]

_MAP_FROM = 64 << 20
"""Files of at least so many bytes are mapped, as those of TFLite are."""
_LONGEST_CONFIG = 32 << 20
_LARGEST_WEIGHTS = 16 << 30
_WEIGHTS = "model.weights.h5"
_CUT_OFF = re.compile(r"truncated file: eof = (\d+), .*stored_eof = (\d+)")
"""What the HDF5 library says of a file that was cut off."""
_WHOLE = "Load the model in Python, and save it whole: model.save('model.keras')"


@dataclass(frozen=True)
class _File:
    """A file on its way to be a model; `handle` is for a worker process, which moves its place."""

    path: str
    format: Format
    handle: IO[bytes]
    content: memoryview
    problems: Problems

    def model(self, graph: Graph | None = None, version: str = "", config: Mapping[str, Any] | None = None) -> Model:
        return Model(
            path=self.path,
            format=self.format,
            byte_size=len(self.content),
            graphs=(graph,) if graph is not None else (),
            problems=self.problems.all(),
            producer=f"keras {version}" if version else "",
            config=config or {},
        )


def read(path: str, format: Format) -> Model:
    """Return the model in the file `path`, a Keras archive or HDF5, with all that is wrong with it as problems.

    Raises:
        OSError: the system does not let us read the file.
    """
    with open(path, "rb") as handle:
        file = _File(path, format, handle, _content(handle), Problems(path))
        _check_name(file)
        return _archive(file) if format is Format.KERAS else _hdf5(file)


def _check_name(file: _File) -> None:
    """Keras goes by the name of a file. Source: Keras 3.15.1, src/saving/saving_api.py, load_model."""
    name = file.path.lower()
    if file.format is Format.KERAS_H5 and name.endswith(".keras"):
        message = "The file is HDF5 under the name of a .keras archive; Keras refuses to load it."
        file.problems.add(ProblemKind.IDENTIFIER, message, hint="Name it .h5, or save it again as a .keras archive.")
    if file.format is Format.KERAS and name.endswith((".h5", ".hdf5")):
        message = "The file is a .keras archive under the name of an HDF5 file; Keras refuses to load it."
        file.problems.add(ProblemKind.IDENTIFIER, message, hint="Name it .keras.")


def _content(file: IO[bytes]) -> memoryview:
    """The bytes of a file, mapped where there are many."""
    size = file.seek(0, 2)
    file.seek(0)
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size >= _MAP_FROM else file.read())


def _archive(file: _File) -> Model:
    with ExitStack() as stack:
        try:
            archive = stack.enter_context(
                Archive(stack.enter_context(open(file.path, "rb")), file.content, file.problems)
            )
        except Broken as reason:
            file.problems.add(ProblemKind.TRUNCATED, f"The archive cannot be read: {reason}.", fatal=True)
            return file.model()
        look = _look(file, archive, stack)
        version = ""
        with suppress(Broken, Unreadable, KeyError):
            version = name_of(parse(archive.read("metadata.json", _LONGEST_CONFIG)).get("keras_version"))
        try:
            config = parse(archive.read("config.json", _LONGEST_CONFIG))
        except (Broken, Unreadable) as reason:
            message = f"The description of the model's layers, config.json, cannot be read: {reason}."
            file.problems.add(ProblemKind.DAMAGED, message, fatal=True)
            return file.model()
        stored = look.result() if look is not None else Stored()
    _tell(file, stored, "The HDF5 file of the weights", fatal=False)
    scope = model_scope(config)
    held, rest = by_place(scope, stored, _major(version) if version else 3)
    return file.model(_graph(file, config, scope, held, rest), version, config)


def _look(file: _File, archive: Archive, stack: ExitStack) -> Look | None:
    """The look into the weights of an archive, None where there are none that can be read."""
    names = [_WEIGHTS] if _WEIGHTS in archive else [name for name in archive.names if name.endswith(".weights.h5")]
    if not names:
        message = f"The archive has no {_WEIGHTS}: the values of the weights are not in it."
        file.problems.add(ProblemKind.MISSING_FILE, message)
        return None
    places = [archive.place(name) for name in names]
    if None not in places:
        windows = [Window(file.content, *place) for place in places if place is not None]
        return stack.enter_context(Look(file.handle, windows))
    try:
        unpacked, inside = archive.unpack(names, _LARGEST_WEIGHTS)
    except Broken as reason:
        file.problems.add(ProblemKind.DAMAGED, f"The weights, {names[0]}, cannot be read: {reason}.")
        return None
    stack.enter_context(unpacked)
    content = _content(unpacked)
    return stack.enter_context(Look(unpacked, [Window(content, *place, temporary=True) for place in inside]))


def _hdf5(file: _File) -> Model:
    with Look(file.handle, [Window(file.content, 0, len(file.content))]) as look:
        stored = look.result()
    if not _tell(file, stored, "The HDF5 file", fatal=True):
        return file.model()
    version = name_of(stored.attribute("", "keras_version") or stored.attribute("model_weights", "keras_version"))
    settings = stored.attribute("", "model_config")
    if not settings:
        file.problems.add(ProblemKind.UNSUPPORTED, _no_model(stored), hint=_WHOLE, fatal=True)
        return file.model(version=version)
    if _major(version) < 2:
        message = "This model was saved by Keras 1; tflint reads those of Keras 2 and 3, and checked nothing in it."
        file.problems.add(ProblemKind.UNSUPPORTED, message, hint=_WHOLE, fatal=True)
        with suppress(Unreadable):  # newer Keras loads it all the same, and what it would run then is to be told
            return file.model(version=version, config=_description(settings))
        return file.model(version=version)
    try:
        config = _description(settings)
    except Unreadable as reason:
        message = f"The description of the model's layers, the attribute model_config, cannot be read: {reason}."
        file.problems.add(ProblemKind.DAMAGED, message, fatal=True)
        return file.model(version=version)
    with suppress(Unreadable):
        config = {"training_config": _description(stored.attribute("", "training_config")), **config}
    scope = model_scope(config)
    held, rest = by_layer_name(scope, stored, "model_weights")
    return file.model(_graph(file, config, scope, held, rest), version, config)


def _description(said: str) -> Mapping[str, Any]:
    if len(said) > _LONGEST_CONFIG:
        raise Unreadable(f"it has {len(said):,} characters, and tflint reads at most {_LONGEST_CONFIG:,}")
    return parse(said)


def _no_model(stored: Stored) -> str:
    """What an HDF5 file is that has no configuration of a model."""
    is_weights = any("/vars/" in f"/{path}" for path in stored.datasets) or "model_weights" in stored.top
    if is_weights or stored.names("", "layer_names"):
        return (
            f"The file has the weights of a Keras model and not its layers, as save_weights() writes them: "
            f"{len(stored.datasets)} arrays, of which nothing was checked."
        )
    named = ", ".join(f"'{name}'" for name in stored.top[:3]) or "nothing"
    more = f" and {len(stored.top) - 3} more" if len(stored.top) > 3 else ""
    return (
        f"The file is HDF5 and no Keras model: it holds {named}{more}, and no model_config. Nothing in it was checked."
    )


def _tell(file: _File, stored: Stored, what: str, *, fatal: bool) -> bool:
    """Keep what is wrong with an HDF5 file; False where nothing in it could be read."""
    for fault in stored.faults:
        file.problems.add(ProblemKind.DAMAGED, f"{what}: {fault}.")
    if not stored.error:
        return True
    if not stored.is_damaged:
        message = f"{what} was not read: {stored.error}."
        file.problems.add(
            ProblemKind.UNSUPPORTED, message, hint="Check it again; h5py has to be installed.", fatal=fatal
        )
        return False
    if cut := _CUT_OFF.search(stored.error):
        message = f"{what} is cut off: it has {int(cut[1]):,} of its {int(cut[2]):,} bytes."
        file.problems.add(ProblemKind.TRUNCATED, message, hint=AGAIN, fatal=fatal)
        return False
    file.problems.add(ProblemKind.DAMAGED, f"{what} is damaged: {stored.error}.", hint=AGAIN, fatal=fatal)
    return False


def _graph(
    file: _File,
    config: Mapping[str, Any],
    scope: Scope | None,
    held: Mapping[Layer, Sequence[Weight]],
    rest: Sequence[Weight],
) -> Graph:
    if scope is not None:
        return make_graph(scope, scope.name, held, rest, file.problems)
    kind = name_of(config.get("class_name")) or "no name"
    message = (
        f"The layers of the model, of the class '{kind}', are not described in it: Python code connects them. "
        f"{len(rest)} weights were read; nothing that needs the layers was checked."
    )
    hint = "Check the .tflite file, or a SavedModel: model.export('folder')"
    file.problems.add(ProblemKind.UNSUPPORTED, message, hint=hint)
    return make_graph(None, name_of(mapping(config.get("config")).get("name")) or kind, held, rest, file.problems)


def _major(version: str) -> int:
    """The first number of a version; 1 where there is none, as Keras takes it."""
    number = version.partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 4 else 1
