"""TFL420: what a program has to register with TensorFlow Lite Micro."""

from dataclasses import replace

from tflint import Severity
from tflint.testing import GraphBuilder, findings, model
from tflint_rules.targets.tables.tflm import TARGET
from tflint_rules.targets.tables.tflm_methods import resolver_calls
from tflint_rules.targets.tflm_resolver import TflmResolver

RULE = TflmResolver()
CONTEXT = {"targets": (TARGET,)}


def chain(*kinds: str) -> GraphBuilder:
    g = GraphBuilder()
    last = g.input("x", [1, 8])
    for number, kind in enumerate(kinds):
        last = g.op(kind, [last], g.tensor(f"head/{number}", [1, 8]))
    g.output(last)
    return g


def bad() -> GraphBuilder:
    return chain("RELU", "SOFTMAX", "RELU")


def good() -> GraphBuilder:
    return chain("RELU", "GELU")


def test_each_kind_of_op_is_one_call() -> None:
    [found] = findings(RULE, bad(), **CONTEXT)
    assert found.severity is Severity.NOTE
    assert found.message == (
        "The model's 3 ops are of 2 kinds; TensorFlow Lite Micro runs those that the program registers."
    )
    assert found.help == (
        "Register them: tflite::MicroMutableOpResolver<2> resolver; resolver.AddRelu(); resolver.AddSoftmax();"
    )
    assert found.evidence == {"ops": 3, "calls": ["AddRelu", "AddSoftmax"]}
    [found] = findings(RULE, chain("RELU"), **CONTEXT)
    assert found.message.startswith("The model's 1 op is of 1 kind;")


def test_a_model_that_does_not_run_there_is_left_to_other_rules() -> None:
    assert findings(RULE, good(), **CONTEXT) == []
    assert findings(RULE, bad(), targets=(replace(TARGET, refuses=(lambda model: "it is too large",)),)) == []


def test_an_op_for_the_npu_is_registered_too() -> None:
    [found] = findings(RULE, chain("ethos-u", "RELU"), **CONTEXT)
    assert found.evidence["calls"] == ["AddEthosU", "AddRelu"]


def test_other_targets_and_models_without_ops_need_no_calls() -> None:
    assert findings(RULE, bad(), targets=(replace(TARGET, name="other"),)) == []
    assert findings(RULE, chain(), **CONTEXT) == []


def test_graphs_with_broken_references_are_not_judged() -> None:
    g = bad()
    g.graph["operators"][0]["inputs"] = [99]
    assert findings(RULE, g, **CONTEXT) == []


def test_the_methods_are_spelt_as_in_the_header() -> None:
    kinds = (
        "CONV_2D DEPTHWISE_CONV_2D L2_POOL_2D BATCH_MATMUL CUMSUM PADV2 UNIDIRECTIONAL_SEQUENCE_LSTM SPACE_TO_BATCH_ND "
        "RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SVDF ADD_N SignalPCAN SignalFilterBankLog TFLite_Detection_PostProcess GELU"
    )
    assert resolver_calls(model(chain(*kinds.split()))) == (
        *("AddConv2D", "AddDepthwiseConv2D", "AddL2Pool2D", "AddBatchMatMul", "AddCumSum", "AddPadV2"),
        *("AddUnidirectionalSequenceLSTM", "AddSpaceToBatchNd", "AddResizeNearestNeighbor", "AddReverseV2", "AddSvdf"),
        *("AddAddN", "AddPCAN", "AddFilterBankLog", "AddDetectionPostprocess"),
    )
