"""The rules that come with tflint: a pack like anyone's, found through the entry point `tflint.packs`."""

from tflint import Pack
from tflint_rules.conversion.control_flow import ControlFlow
from tflint_rules.conversion.conversion_failed import ConversionFailed
from tflint_rules.conversion.custom_op import CustomOp
from tflint_rules.conversion.debug_op_left import DebugOpLeft
from tflint_rules.conversion.dynamic_shape_chain import DynamicShapeChain
from tflint_rules.conversion.fake_quant_left import FakeQuantLeft
from tflint_rules.conversion.keras_lambda import KerasLambda
from tflint_rules.conversion.keras_tf_version import KerasTfVersion
from tflint_rules.conversion.made_up_ranges import MadeUpRanges
from tflint_rules.conversion.min_runtime_metadata import MinRuntimeMetadata
from tflint_rules.conversion.op_version_too_new import OpVersionTooNew
from tflint_rules.conversion.op_without_runtime import OpWithoutRuntime
from tflint_rules.conversion.resize_attrs import ResizeAttributes
from tflint_rules.conversion.rnn_dynamic_batch import RnnDynamicBatch
from tflint_rules.conversion.rnn_int8_ptq import RnnInt8Ptq
from tflint_rules.conversion.rnn_not_fused import RnnNotFused
from tflint_rules.conversion.rnn_unroll_blowup import RnnUnrollBlowup
from tflint_rules.conversion.select_tf_op import SelectTfOp
from tflint_rules.conversion.static_batch_lost import StaticBatchLost
from tflint_rules.conversion.tf_op_no_lowering import TfOpNoLowering
from tflint_rules.conversion.training_mode_layer import TrainingModeLayer
from tflint_rules.conversion.unsupported_io_dtype import UnsupportedIoDtype
from tflint_rules.efficiency.bn_not_folded import BnNotFolded
from tflint_rules.interface.auto_io_name import AutoIoName
from tflint_rules.interface.broken_signature import BrokenSignature
from tflint_rules.interface.contract_changed import ContractChanged
from tflint_rules.interface.double_normalization import DoubleNormalization
from tflint_rules.interface.int64_io import Int64Io
from tflint_rules.interface.label_mismatch import LabelMismatch
from tflint_rules.interface.metadata_schema import MetadataSchema
from tflint_rules.interface.no_normalization_metadata import NoNormalizationMetadata
from tflint_rules.interface.no_signature import NoSignature
from tflint_rules.interface.output_order import OutputOrder
from tflint_rules.interface.stale_associated_files import StaleAssociatedFiles
from tflint_rules.interface.stale_conversion import StaleConversion
from tflint_rules.memory.arena_budget import ArenaBudget
from tflint_rules.memory.duplicate_buffer import DuplicateBuffer
from tflint_rules.memory.file_size import FileSize
from tflint_rules.memory.flash_budget import FlashBudget
from tflint_rules.memory.oversized_tensor import OversizedTensor
from tflint_rules.memory.peak_activations import PeakActivations
from tflint_rules.numerics.collapsed_output import CollapsedOutput
from tflint_rules.numerics.delegated_ratio import DelegatedRatio
from tflint_rules.numerics.edge_inputs import EdgeInputs
from tflint_rules.numerics.first_divergence import FirstDivergence
from tflint_rules.numerics.kernel_disagreement import KernelDisagreement
from tflint_rules.numerics.load_failure import LoadFailure
from tflint_rules.numerics.nan_inf_output import NanInfOutput
from tflint_rules.numerics.nondeterminism import Nondeterminism
from tflint_rules.numerics.output_diff import OutputDiff
from tflint_rules.numerics.resize_batch import ResizeBatch
from tflint_rules.numerics.saturation import Saturation
from tflint_rules.numerics.signature_runner import SignatureRunner
from tflint_rules.numerics.top1_flip import Top1Flip
from tflint_rules.quantization.accumulator_overflow import AccumulatorOverflow
from tflint_rules.quantization.bias_params import BiasParams
from tflint_rules.quantization.channel_scale_spread import ChannelScaleSpread
from tflint_rules.quantization.declared_intent_mismatch import DeclaredIntentMismatch
from tflint_rules.quantization.fixed_output_params import FixedOutputParams
from tflint_rules.quantization.float_io import FloatIo
from tflint_rules.quantization.float_island import FloatIsland
from tflint_rules.quantization.fp16_dequantize import Fp16Dequantize
from tflint_rules.quantization.hybrid_op import HybridOp
from tflint_rules.quantization.input_range_suspect import InputRangeSuspect
from tflint_rules.quantization.int16_asymmetric import Int16Asymmetric
from tflint_rules.quantization.legacy_uint8 import LegacyUint8
from tflint_rules.quantization.lost_weights import LostWeights
from tflint_rules.quantization.lstm_quant_incomplete import LstmQuantIncomplete
from tflint_rules.quantization.missing_quant_params import MissingQuantParams
from tflint_rules.quantization.no_int_kernel import NoIntKernel
from tflint_rules.quantization.per_axis_dim import PerAxisDimension
from tflint_rules.quantization.quantization_loss import QuantizationLoss
from tflint_rules.quantization.range_outlier import RangeOutlier
from tflint_rules.quantization.relu6_range import Relu6Range
from tflint_rules.quantization.requantize_chatter import RequantizeChatter
from tflint_rules.quantization.same_scale_violation import SameScaleViolation
from tflint_rules.quantization.saturated_weights import SaturatedWeights
from tflint_rules.quantization.scale_degenerate import ScaleDegenerate
from tflint_rules.quantization.size_not_reduced import SizeNotReduced
from tflint_rules.quantization.sub_byte_weights import SubByteWeights
from tflint_rules.quantization.uncalibrated import Uncalibrated
from tflint_rules.quantization.unquantized_weight import UnquantizedWeight
from tflint_rules.quantization.weight_minus_128 import WeightMinus128
from tflint_rules.quantization.weight_zero_point import WeightZeroPoint
from tflint_rules.quantization.zero_point_range import ZeroPointRange
from tflint_rules.security.appended_zip import AppendedZip
from tflint_rules.security.file_io_op import FileIoOp
from tflint_rules.security.lambda_bytecode import LambdaBytecode
from tflint_rules.security.module_ref import ModuleRef
from tflint_rules.security.path_leak import PathLeak
from tflint_rules.security.pbtxt_twin import PbtxtTwin
from tflint_rules.security.py_func import PyFunc
from tflint_rules.security.unsafe_wrapper import UnsafeWrapper
from tflint_rules.structure.buffer_size import BufferSize
from tflint_rules.structure.constant_output import ConstantOutput
from tflint_rules.structure.damaged_source import DamagedSource
from tflint_rules.structure.dead_op import DeadOp
from tflint_rules.structure.degenerate_weights import DegenerateWeights
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
        DegenerateWeights,
        VariableUninitialised,
        SchemaVersion,
        SubgraphReference,
        NoOutput,
        DamagedSource,
        SelectTfOp,
        CustomOp,
        OpVersionTooNew,
        MinRuntimeMetadata,
        OpWithoutRuntime,
        ControlFlow,
        RnnNotFused,
        RnnDynamicBatch,
        RnnUnrollBlowup,
        RnnInt8Ptq,
        TrainingModeLayer,
        FakeQuantLeft,
        DebugOpLeft,
        TfOpNoLowering,
        KerasLambda,
        KerasTfVersion,
        DynamicShapeChain,
        UnsupportedIoDtype,
        ResizeAttributes,
        StaticBatchLost,
        ConversionFailed,
        MadeUpRanges,
        DeclaredIntentMismatch,
        FloatIsland,
        FloatIo,
        HybridOp,
        Fp16Dequantize,
        SameScaleViolation,
        FixedOutputParams,
        WeightZeroPoint,
        WeightMinus128,
        BiasParams,
        AccumulatorOverflow,
        PerAxisDimension,
        ChannelScaleSpread,
        ScaleDegenerate,
        ZeroPointRange,
        MissingQuantParams,
        LegacyUint8,
        Int16Asymmetric,
        NoIntKernel,
        RequantizeChatter,
        RangeOutlier,
        Relu6Range,
        Uncalibrated,
        InputRangeSuspect,
        SaturatedWeights,
        UnquantizedWeight,
        SubByteWeights,
        LstmQuantIncomplete,
        SizeNotReduced,
        QuantizationLoss,
        LostWeights,
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
        OutputOrder,
        AutoIoName,
        NoSignature,
        BrokenSignature,
        ContractChanged,
        NoNormalizationMetadata,
        DoubleNormalization,
        LabelMismatch,
        MetadataSchema,
        Int64Io,
        StaleAssociatedFiles,
        StaleConversion,
        BnNotFolded,
        LambdaBytecode,
        ModuleRef,
        UnsafeWrapper,
        FileIoOp,
        PyFunc,
        PbtxtTwin,
        AppendedZip,
        PathLeak,
        OutputDiff,
        FirstDivergence,
        NanInfOutput,
        Top1Flip,
        CollapsedOutput,
        Saturation,
        KernelDisagreement,
        LoadFailure,
        DelegatedRatio,
        ResizeBatch,
        SignatureRunner,
        Nondeterminism,
        EdgeInputs,
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
