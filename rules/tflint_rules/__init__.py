"""The rules that come with tflint: a pack like anyone's, found through the entry point `tflint.packs`."""

from tflint import Pack
from tflint_rules.conversion.control_flow import ControlFlow
from tflint_rules.conversion.custom_op import CustomOp
from tflint_rules.conversion.dynamic_shape_chain import DynamicShapeChain
from tflint_rules.conversion.fake_quant_left import FakeQuantLeft
from tflint_rules.conversion.min_runtime_metadata import MinRuntimeMetadata
from tflint_rules.conversion.op_version_too_new import OpVersionTooNew
from tflint_rules.conversion.op_without_runtime import OpWithoutRuntime
from tflint_rules.conversion.select_tf_op import SelectTfOp
from tflint_rules.memory.arena_budget import ArenaBudget
from tflint_rules.memory.duplicate_buffer import DuplicateBuffer
from tflint_rules.memory.file_size import FileSize
from tflint_rules.memory.flash_budget import FlashBudget
from tflint_rules.memory.oversized_tensor import OversizedTensor
from tflint_rules.memory.peak_activations import PeakActivations
from tflint_rules.quantization.declared_intent_mismatch import DeclaredIntentMismatch
from tflint_rules.quantization.float_io import FloatIo
from tflint_rules.quantization.float_island import FloatIsland
from tflint_rules.quantization.hybrid_op import HybridOp
from tflint_rules.quantization.missing_quant_params import MissingQuantParams
from tflint_rules.quantization.per_axis_dim import PerAxisDimension
from tflint_rules.quantization.scale_degenerate import ScaleDegenerate
from tflint_rules.quantization.zero_point_range import ZeroPointRange
from tflint_rules.structure.buffer_size import BufferSize
from tflint_rules.structure.constant_output import ConstantOutput
from tflint_rules.structure.dead_op import DeadOp
from tflint_rules.structure.double_producer import DoubleProducer
from tflint_rules.structure.index_range import IndexRange
from tflint_rules.structure.invalid_flatbuffer import InvalidFlatbuffer
from tflint_rules.structure.nan_inf_constant import NanInfConstant
from tflint_rules.structure.no_output import NoOutput
from tflint_rules.structure.not_topological import NotTopological
from tflint_rules.structure.passthrough_output import PassthroughOutput
from tflint_rules.structure.schema_version import SchemaVersion
from tflint_rules.structure.subgraph_ref import SubgraphReference
from tflint_rules.structure.undefined_input import UndefinedInput
from tflint_rules.structure.unreadable_model import UnreadableModel
from tflint_rules.structure.unused_input import UnusedInput
from tflint_rules.structure.variable_uninitialised import VariableUninitialised
from tflint_rules.targets.deprecated_target import DeprecatedTarget
from tflint_rules.targets.dynamic_tensor import DynamicTensor
from tflint_rules.targets.fp16_unsafe import Fp16Unsafe
from tflint_rules.targets.many_partitions import ManyPartitions
from tflint_rules.targets.refused_model import RefusedModel
from tflint_rules.targets.refused_op import RefusedOp
from tflint_rules.targets.tflm_resolver import TflmResolver
from tflint_rules.targets.xnnpack_load_failure import XnnpackLoadFailure

PACK = Pack(
    prefix="TFL",
    rules=(
        UnreadableModel,
        InvalidFlatbuffer,
        IndexRange,
        BufferSize,
        UndefinedInput,
        DoubleProducer,
        NotTopological,
        DeadOp,
        PassthroughOutput,
        ConstantOutput,
        UnusedInput,
        NanInfConstant,
        VariableUninitialised,
        SchemaVersion,
        SubgraphReference,
        NoOutput,
        SelectTfOp,
        CustomOp,
        OpVersionTooNew,
        MinRuntimeMetadata,
        OpWithoutRuntime,
        ControlFlow,
        FakeQuantLeft,
        DynamicShapeChain,
        DeclaredIntentMismatch,
        FloatIsland,
        FloatIo,
        HybridOp,
        PerAxisDimension,
        ScaleDegenerate,
        ZeroPointRange,
        MissingQuantParams,
        RefusedOp,
        RefusedModel,
        DynamicTensor,
        ManyPartitions,
        XnnpackLoadFailure,
        DeprecatedTarget,
        TflmResolver,
        Fp16Unsafe,
        FileSize,
        OversizedTensor,
        PeakActivations,
        ArenaBudget,
        FlashBudget,
        DuplicateBuffer,
    ),
    targets={
        "coreml": "tflint_rules.targets.tables.coreml:TARGET",
        "cpu": "tflint_rules.targets.tables.cpu:TARGET",
        "edgetpu": "tflint_rules.targets.tables.edgetpu:TARGET",
        "ethos-u55": "tflint_rules.targets.tables.ethos_u:ETHOS_U55",
        "ethos-u65": "tflint_rules.targets.tables.ethos_u:ETHOS_U65",
        "ethos-u85": "tflint_rules.targets.tables.ethos_u:ETHOS_U85",
        "google-tensor": "tflint_rules.targets.tables.google_tensor:TARGET",
        "gpu": "tflint_rules.targets.tables.gpu:TARGET",
        "gpu-compat": "tflint_rules.targets.tables.gpu_compat:TARGET",
        "gpu-mldrift": "tflint_rules.targets.tables.gpu_mldrift:TARGET",
        "hexagon": "tflint_rules.targets.tables.hexagon:TARGET",
        "intel-openvino": "tflint_rules.targets.tables.intel_openvino:TARGET",
        "mediatek": "tflint_rules.targets.tables.mediatek:TARGET",
        "nnapi": "tflint_rules.targets.tables.nnapi:TARGET",
        "qualcomm": "tflint_rules.targets.tables.qualcomm:TARGET",
        "samsung": "tflint_rules.targets.tables.samsung:TARGET",
        "tflm": "tflint_rules.targets.tables.tflm:TARGET",
        "xnnpack": "tflint_rules.targets.tables.xnnpack:TARGET",
    },
)

__all__ = ["PACK"]
