"""What a SavedModel says in texts: constants, and its Keras layers."""

import json
from struct import unpack_from

from tflint.formats.saved_model.origin import keras_settings
from tflint.formats.saved_model.protos import _classes
from tflint.formats.saved_model.values import constant
from tflint.formats.saved_model.wire import whole
from tflint.model import DType


def texts(*given: bytes, content: bytes = b"") -> object:
    proto = _classes()["TensorProto"](dtype=7, string_val=given, tensor_content=content)
    return constant(proto, whole(b""))


def test_texts_are_laid_out_as_tflite_has_them() -> None:
    found = texts(b"ab", b"", b"cde")
    assert found.dtype is DType.STRING  # type: ignore[attr-defined]
    data = found.data  # type: ignore[attr-defined]
    places = unpack_from("<5i", data)
    assert places == (3, 20, 22, 22, 25)
    assert bytes(data[20:]) == b"abcde"


def test_texts_in_another_form_and_very_long_ones_are_not_at_hand() -> None:
    assert texts(content=b"\x02ab").data is None  # type: ignore[attr-defined]
    assert texts(bytes(2 << 20)).data is None  # type: ignore[attr-defined]


def test_the_settings_of_keras_layers_are_kept_once_and_damage_is_passed_over() -> None:
    layer = json.dumps({"class_name": "Lambda", "config": {"name": "a"}})
    found = keras_settings([layer, layer, "", "{", "[1]", '{"a":' * 100_000])
    assert found == {"keras_metadata": [json.loads(layer)]}
    assert keras_settings(["", "nonsense"]) == {}
