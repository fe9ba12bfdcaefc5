"""TFL223: align_corners and half_pixel_centers at once."""

from __future__ import annotations

import numpy as np
import pytest

from sources import Source
from tflint import Format, Severity
from tflint.testing import GraphBuilder, findings
from tflint_rules.conversion.resize_attrs import ResizeAttributes

RULE = ResizeAttributes()


def resize(kind: str = "RESIZE_BILINEAR", *, corners: bool = True, centers: bool = True, ops: int = 1) -> GraphBuilder:
    g = GraphBuilder()
    x, size = g.input("x", [1, 2, 2, 1]), g.constant("size", np.array([4, 4], np.int32))
    options = {"align_corners": corners, "half_pixel_centers": centers}
    for number in range(ops):
        g.output(g.op(kind, [x, size], g.tensor(f"y{number}", [1, 4, 4, 1]), options, version=3))
    return g


def source(kind: str, *, centers: bool = True) -> Source:
    made = Source("model", Format.SAVED_MODEL)
    x, size = made.input("x", (1, 2, 2, 1)), made.constant("size", np.array([4, 4], np.int32))
    made.node(kind, "resize", x, size, align_corners=True, half_pixel_centers=centers)
    return made


def bad() -> GraphBuilder:
    return resize()


def good() -> GraphBuilder:
    return resize(corners=False)


def test_a_fixed_size_is_an_error_as_the_kernel_does_not_load() -> None:
    [found] = findings(RULE, bad())
    assert found.severity is Severity.ERROR
    assert found.location.address == "0/0:RESIZE_BILINEAR"
    assert found.message == (
        "1 RESIZE_BILINEAR op has both align_corners and half_pixel_centers; its own kernel does not load it, and "
        "XNNPACK takes it for align_corners alone."
    )


@pytest.mark.parametrize(("corners", "centers"), [(False, True), (True, False), (False, False)])
def test_one_or_none_of_them_is_fine(corners: bool, centers: bool) -> None:
    assert findings(RULE, resize(corners=corners, centers=centers)) == []
    assert findings(RULE, resize("RESIZE_NEAREST_NEIGHBOR", corners=corners, centers=centers)) == []


def test_a_size_that_the_model_computes_is_not_looked_at_and_gives_a_shifted_image() -> None:
    g = GraphBuilder()
    x, size = g.input("x", [1, 2, 2, 1]), g.input("size", [2], "INT32")
    options = {"align_corners": True, "half_pixel_centers": True}
    g.output(g.op("RESIZE_BILINEAR", [x, size], g.tensor("y", [1, 4, 4, 1]), options, version=3))
    [found] = findings(RULE, g)
    assert found.severity is Severity.ERROR
    assert found.message.endswith("the kernel aligns the corners and then shifts the image by part of a pixel.")


def test_an_op_without_a_size_is_reported_all_the_same() -> None:
    g = resize()
    g.graph["operators"][0]["inputs"] = [0, -1]
    assert len(findings(RULE, g)) == 1


def test_nearest_neighbor_runs_and_is_a_warning() -> None:
    [found] = findings(RULE, resize("RESIZE_NEAREST_NEIGHBOR"))
    assert found.severity is Severity.WARNING
    assert found.message.endswith(
        "TensorFlow refuses to run it, and LiteRT's kernel aligns the corners and then shifts the image."
    )


def test_ops_of_one_kind_are_one_finding() -> None:
    [found] = findings(RULE, resize(ops=3))
    assert found.message.startswith("3 RESIZE_BILINEAR ops have both")
    assert found.message.endswith("its own kernel does not load them, and XNNPACK takes them for align_corners alone.")
    assert [place.address for place in found.related] == ["0/1:RESIZE_BILINEAR", "0/2:RESIZE_BILINEAR"]


def test_a_custom_op_of_that_name_is_not_judged() -> None:
    g = resize()
    g.tables["operator_codes"][0] = {
        "deprecated_builtin_code": 32,
        "builtin_code": 32,
        "custom_code": "RESIZE_BILINEAR",
    }
    assert findings(RULE, g) == []


@pytest.mark.parametrize("kind", ["ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"])
def test_tensorflow_refuses_to_run_such_a_source(kind: str) -> None:
    [found] = findings(RULE, source(kind).model())
    assert found.severity is Severity.ERROR
    assert found.message.endswith("TensorFlow refuses to run it, and the converter hands both on.")
    assert findings(RULE, source(kind, centers=False).model()) == []


def test_other_ops_are_not_judged() -> None:
    assert findings(RULE, source("ResizeArea").model()) == []


def test_a_broken_graph_is_not_judged() -> None:
    from dataclasses import replace

    model = source("ResizeBilinear").model()
    assert findings(RULE, replace(model, graphs=(replace(model.graphs[0], intact=False),))) == []
