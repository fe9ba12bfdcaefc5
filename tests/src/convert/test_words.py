"""The converter's errors, as TensorFlow 2.21 and Keras 3.15 write them."""

from __future__ import annotations

from typing import Any

from tflint.conversion import Blamed
from tflint.convert.words import blamed, line

FLEX = (
    'Could not translate MLIR to FlatBuffer.<unknown>:0: error: loc(callsite(fused["MaxPool3D:", '
    '"sequential_1/pool_1/MaxPool3D@__inference_function_200"] at callsite(fused["StatefulPartitionedCall:", "S@w"] at '
    'fused["StatefulPartitionedCall:", "S_1"]))): \'tf.MaxPool3D\' op is neither a custom op nor a flex op\n'
    '<unknown>:0: note: loc(fused["X:", "X"]): called from\n'
    "<unknown>:0: note: Error code: ERROR_NEEDS_FLEX_OPS\n"
    "<unknown>:0: error: failed while converting: 'main': \n"
    "Some ops are not supported by the native TFLite runtime\n"
    "TF Select ops: MaxPool3D, Erf\n"
    "Details:\n\ttf.MaxPool3D(tensor<?x6xf32>) -> (tensor<?x3xf32>) : {}\n"
    "Some ops in the model are custom ops\nCustom ops: Betainc\n"
)


def listed(op: str, code: str, *calls: list[object]) -> dict[str, Any]:
    return {"op": op, "code": code, "calls": list(calls)}


def test_the_text_alone_names_ops_nodes_and_what_they_need() -> None:
    assert blamed(FLEX, []) == (
        Blamed("Betainc", "", "custom"),
        Blamed("Erf", "", "flex"),
        Blamed("MaxPool3D", "sequential_1/pool_1/MaxPool3D", "flex"),
    )


def test_the_list_of_errors_names_them_better() -> None:
    errors: list[dict[str, Any]] = [
        listed("tf.Erf", "ERROR_NEEDS_FLEX_OPS", ["", "", 0], ["head/Erf@__f", "", 0]),
        listed("tf.Erf", "ERROR_NEEDS_FLEX_OPS", ["head/Erf_1@__f", "net.py", 12]),
        listed("tf.Erf", "ERROR_NEEDS_FLEX_OPS", ["head/Erf@__f", "", 0]),
        listed("", "ERROR_UNKNOWN"),
        listed("func.func", "ERROR_UNKNOWN"),
        listed("tf.Const", "ERROR_UNKNOWN", ["some/constant", "", 0]),
        {"op": "tf.Betainc", "code": "ERROR_NEEDS_CUSTOM_OPS", "calls": None},
    ]
    assert blamed("'tf.Erf' error: 'tf.Erf' op is wrong", errors) == (
        Blamed("Betainc", "", "custom"),
        Blamed("Erf", "head/Erf", "flex"),
        Blamed("Erf", "head/Erf_1", "flex", ("net.py", 12)),
    )


def test_ops_that_cannot_be_quantized_or_legalized_are_named() -> None:
    text = "Quantization to 16x8-bit not yet supported for op: 'NEG'.\nQuantization to 16x8-bit not yet supported for op: 'NEG'."
    assert blamed(text, []) == (Blamed("NEG"),)
    text = "<unknown>:0: error: failed to legalize operation 'tf.TensorListReserve' that was explicitly marked illegal"
    assert blamed(text, []) == (Blamed("TensorListReserve"),)
    assert blamed("error: nothing is named", []) == ()


def test_one_line_says_what_counts() -> None:
    assert line("ConverterError", FLEX) == "'tf.MaxPool3D' op is neither a custom op nor a flex op"
    inner = "could not be deserialized properly.\n\nconfig={}\n\nException encountered: Could not locate class 'S'. Full object config: {}"
    assert line("TypeError", inner) == "TypeError: Could not locate class 'S'"
    assert line("ValueError", "\n\x1b[1mNo.\x1b[0m See https://x.org/y for details.\nmore") == "ValueError: No"
    assert line("MemoryError", "") == ""
    call = (
        "Exception encountered when calling Lambda.call().\n\n\x1b[1mname 'x' is not defined\x1b[0m\n\nArguments:\n • y"
    )
    assert line("NameError", call) == "NameError: name 'x' is not defined, in Lambda.call()"
    assert line("X", "a " * 400).endswith("…")


def test_a_location_without_an_end_is_left_out() -> None:
    assert line("X", "first line\n<unknown>:0: error: loc(callsite(") == "X: first line"
