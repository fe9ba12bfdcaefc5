"""Converts a source in a worker process: TensorFlow may crash, hang and take all memory there, and nowhere else."""

from __future__ import annotations

import json
import mmap
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tflint.conversion import ConversionResult, Outcome, Recipe
from tflint.convert.words import blamed, line
from tflint.convert.worker import NO_LIBRARY
from tflint.errors import RunError
from tflint.expectations import Expectations
from tflint.formats import MAP_FROM
from tflint.gate import refusal
from tflint.model import Format, Model
from tflint.rule import Context, Rule
from tflint.workers import Ended, answer, run, too_much

__all__ = ["SOURCES", "Conversions", "convert", "environment", "is_installed", "is_of_keras_2", "recipe"]

SOURCES = frozenset({Format.KERAS, Format.KERAS_H5, Format.SAVED_MODEL})
_WORKER = str(Path(__file__).with_name("worker.py"))
_LONGEST = 20_000
_ENDS = {"int8": "int8", "int16x8": "int16"}
_MEMORY_ERRORS = frozenset({"MemoryError", "ResourceExhaustedError"})
_KERAS_2 = re.compile(r"keras [12]\.")
_NO_TENSORFLOW = (
    "--convert runs TensorFlow's converter, and TensorFlow is not installed; pip install 'tflint[tensorflow]' adds it."
)


@dataclass(frozen=True)
class Conversions:
    """How sources are converted.

    `guards` are the rules whose errors forbid a conversion; `seconds` and `memory` (in bytes) limit each one. `program`
    is what runs in the worker process; empty for the converter.
    """

    guards: tuple[Rule, ...] = ()
    seconds: float = 600.0
    memory: int = 8 << 30
    allow_code: bool = False
    keep: str | None = None
    """The folder that the converted models are written to; None where they are not kept."""
    program: str = ""


def is_installed() -> bool:
    """Whether there is a TensorFlow to convert with; it is not imported."""
    return find_spec("tensorflow") is not None


def is_of_keras_2(model: Model) -> bool:
    """Whether a model is one of Keras 2, and there is a Keras 2 to load it with."""
    return _KERAS_2.match(model.producer) is not None and find_spec("tf_keras") is not None


def recipe(expected: Expectations) -> Recipe:
    """What to ask of the converter for a model that is to be like that; its ends are integers unless said otherwise."""
    precision = expected.precision or "float32"
    return Recipe(precision, expected.io or _ENDS.get(precision), expected.ops or "builtin")


def convert(ctx: Context, settings: Conversions) -> tuple[ConversionResult | None, memoryview | None]:
    """What comes of converting the model of a context, and the converted file where there is one.

    None for what is no source, and for a file of which nothing could be read.

    Raises:
        RunError: there is no TensorFlow, no process can be started, or the converted model cannot be written.
    """
    model, asked = ctx.model, recipe(ctx.expectations)
    if model.format not in SOURCES or any(problem.fatal for problem in model.problems):
        return None, None
    reason = refusal(ctx, settings.guards, allow_code=settings.allow_code)
    if not reason and model.format is Format.SAVED_MODEL and not Path(model.path).is_dir():
        reason = "it is a graph by itself, and no SavedModel; the converter wants to be told its inputs and outputs"
    if reason:
        return ConversionResult(Outcome.REFUSED, asked, reason), None
    with tempfile.TemporaryDirectory(prefix="tflint-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        result = _result(model, asked, settings, folder)
        content = _content(folder / "model.tflite") if result.outcome is Outcome.CONVERTED else None
        if content is not None and settings.keep is not None:
            _keep(content, Path(settings.keep), model.path)
    return result, content


def _result(model: Model, asked: Recipe, settings: Conversions, folder: Path) -> ConversionResult:
    is_legacy = is_of_keras_2(model)
    request = {
        "path": str(Path(model.path).resolve()),
        "format": model.format.value,
        "precision": asked.precision,
        "io": asked.io,
        "ops": asked.ops,
        "allow_code": settings.allow_code,
        "is_legacy": is_legacy,
        "signatures": _signatures(model),
    }
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    try:
        ended = run(
            settings.program or _WORKER,
            [str(folder)],
            seconds=settings.seconds,
            memory=settings.memory,
            environment=environment(folder, is_legacy=is_legacy),
            folder=None if settings.allow_code else folder,
        )
    except OSError as reason:
        raise RunError(f"The process that converts cannot be started: {reason.strerror or reason}.") from reason
    if ended.status == NO_LIBRARY:
        raise RunError(_NO_TENSORFLOW)
    base = ConversionResult(Outcome.CONVERTED, asked, seconds=ended.seconds, is_made_up=asked.is_calibrated)
    return _judged(base, ended, answer(folder / "result.json"), settings)


def _judged(base: ConversionResult, ended: Ended, answer: Mapping[str, Any], settings: Conversions) -> ConversionResult:
    """The result that a worker's end and its answer make."""
    stage, tensorflow, keras = (str(answer.get(name) or "")[:40] for name in ("stage", "tensorflow", "keras"))
    base = replace(base, stage=stage, tensorflow=tensorflow, keras=keras)
    error = answer.get("error")
    if ended.is_late:
        words = f"it took more than the {settings.seconds:g} s that it had, and was stopped"
        return replace(base, outcome=Outcome.OUT_OF_TIME, words=words)
    if ended.status or not (isinstance(error, dict) or base.stage == "done"):
        return _crashed(base, ended, settings)
    if not isinstance(error, dict):
        return base
    kind, text = str(error.get("type")), str(error.get("text"))
    if kind in _MEMORY_ERRORS:
        return replace(base, outcome=Outcome.OUT_OF_MEMORY, words=too_much(settings.memory), detail=text[:_LONGEST])
    errors = [each for each in error.get("errors") or [] if isinstance(each, dict)]
    return replace(
        base,
        outcome=Outcome.NOT_LOADED if base.stage == "load" else Outcome.FAILED,
        words=line(kind, text),
        detail=text[:_LONGEST],
        blamed=blamed(text, errors) if base.stage == "convert" else (),
    )


def _crashed(base: ConversionResult, ended: Ended, settings: Conversions) -> ConversionResult:
    if ended.is_out_of_memory:
        words = too_much(settings.memory)
        return replace(base, outcome=Outcome.OUT_OF_MEMORY, words=words, detail=ended.told[-_LONGEST:])
    return replace(base, outcome=Outcome.CRASHED, words=ended.words, detail=ended.told[-_LONGEST:])


def _signatures(model: Model) -> list[dict[str, Any]]:
    """The signatures of a SavedModel that take inputs, as the worker makes up values for them."""
    return [
        {
            "key": signature.key,
            "inputs": {
                name: [tensor.dtype.value.lower(), list(tensor.shape)] for name, tensor in signature.inputs.items()
            },
        }
        for signature in model.signatures
        if signature.inputs
    ]


def environment(folder: Path, *, is_legacy: bool) -> dict[str, str]:
    """The environment of the worker: no GPU, no settings of Keras, its temporary files in a folder that is deleted."""
    inherited = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    return inherited | {
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(folder),
        "PYTHONFAULTHANDLER": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)),
        **({"TF_USE_LEGACY_KERAS": "1"} if is_legacy else {}),
    }


def _content(path: Path) -> memoryview:
    """The converted file, read before its folder is deleted; a large one is mapped."""
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size >= MAP_FROM:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return memoryview(file.read())
    except OSError:
        return memoryview(b"")


def _keep(content: memoryview, folder: Path, source: str) -> None:
    path = folder / f"{Path(os.path.abspath(source)).name}.tflite"  # noqa: PTH100 - keeps what a link is called
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as reason:
        raise RunError(f"The converted model '{path}' cannot be written: {reason.strerror}.") from reason
