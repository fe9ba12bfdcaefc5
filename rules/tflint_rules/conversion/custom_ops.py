"""Custom ops that are known, and what they run with."""

__all__ = ["IN_EVERY_RUNTIME", "runs_with"]

IN_EVERY_RUNTIME = frozenset(
    {"AudioSpectrogram", "Mfcc", "NumericVerify", "TFLite_Detection_PostProcess", "aeq.hadamard_rotation"}
)
"""Custom ops that LiteRT registers itself. Source: LiteRT f67457790, tflite/core/kernels/register.cc."""

_MICRO = "TFLite Micro and its own kernels for them"
_MEDIAPIPE = "MediaPipe"
_GRAPHICS = "MediaPipe, or LiteRT's CompiledModel on an accelerator that has them"
_TEXT = "TensorFlow Text's TFLite kernels"
_SUPPORT = "the op resolvers of TensorFlow Lite Support"

_NAMES = {
    "the Edge TPU runtime (libedgetpu) and its device": "edgetpu-custom-op",
    "Coral's PoseNet decoder (libcoral)": "PosenetDecoderOp",
    "TFLite Micro and the driver of an Ethos-U NPU": "ethos-u",
    "LiteRT's dispatch library for the NPU that the file was compiled for": "DISPATCH_OP",
    "NXP's Neutron delegate or its TFLite Micro kernels": "NeutronGraph",
    "VeriSilicon's VX delegate": "vsi-npu",
    _MICRO: (
        "CIRCULAR_BUFFER TFLM_DECODE SignalDelay SignalEnergy SignalFftAutoScale SignalFilterBank SignalFilterBankLog "
        "SignalFilterBankSpectralSubtraction SignalFilterBankSquareRoot SignalFramer SignalIrfft SignalOverlapAdd "
        "SignalPCAN SignalRfft SignalStacker SignalWindow"
    ),
    _GRAPHICS: "Convolution2DTransposeBias MaxPoolingWithArgmax2D MaxUnpooling2D Resampler",
    _MEDIAPIPE: (
        "KmeansEmbeddingLookup Landmarks2TransformMatrix NGramHash TransformLandmarks TransformTensorBilinear"
    ),
    "LiteRT's CompiledModel on an accelerator that has them": (
        "custom_call.GroupNorm custom_call.LayerNorm custom_call.PixelShuffle custom_call.RmsNorm moe"
    ),
    "LiteRT's generative-AI ops (tflite/experimental/genai) linked in": (
        "odml.scaled_dot_product_attention odml.update_external_kv_cache odml.update_kv_cache"
    ),
    "LiteRT's tflite/kernels/parse_example linked in": "ParseExample ParseExampleV2",
    "LiteRT's tflite/kernels/perception linked in": "DenseImageWarp MaxPoolWithArgmax",
    "LiteRT's tflite/kernels/gradient linked in": "BroadcastGradientArgs",
    "LiteRT's tflite/kernels/variants linked in": (
        "TensorListElementShape TensorListFromTensor TensorListGetItem TensorListLength TensorListPopBack "
        "TensorListPushBack TensorListReserve TensorListSetItem TensorListStack VariantAddN VariantZerosLike"
    ),
    _TEXT: (
        "FastBertNormalize FastWordpieceTokenizeWithOffsets SentenceFragmentsV2 TFText>ByteSplitByOffsets "
        "TFText>ByteSplitWithOffsets TFText>FastSentencepieceDetokenize TFText>FastSentencepieceTokenize "
        "TFText>FastWordpieceDetokenize TFText>NgramsStringJoin TFText>RoundRobinGenerateMasks "
        "TFText>RoundRobinTrim TFText>Utf8Binarize TFText>WhitespaceTokenizeWithOffsetsV2"
    ),
    f"{_TEXT}, MediaPipe, or {_SUPPORT}": "RaggedTensorToTensor",
    f"MediaPipe, or {_SUPPORT}": "TFSentencepieceTokenizeOp",
    _SUPPORT: "TFSentencepieceDetokenizeOp tftext:Ngrams tftext:WhitespaceTokenizer",
}
"""What they run with -> custom codes.

Sources: google-coral/libedgetpu 642a289e, tflite/public/edgetpu.h; google-coral/edgetpu 75e67563,
src/cpp/posenet/posenet_decoder_op.h; tflite-micro 90b983c2, tensorflow/lite/micro/micro_mutable_op_resolver.h and
kernels/ethos_u/ethosu.cc; nxp-imx/tflite-neutron-delegate 0d9138b7, neutron_delegate.h; VeriSilicon/tflite-vx-delegate
e1e7b0af, vsi_npu_custom_op.cc; LiteRT f67457790, litert/core/build_stamp.h, litert/runtime/compiled_model.cc,
tflite/experimental/genai/genai_ops.cc and the folders named; mediapipe 85c0cdc7, mediapipe/util/tflite/
cpu_op_resolver.cc and mediapipe/tasks/cc/core/mediapipe_builtin_op_resolver.cc; tensorflow/text 17c38bf0,
tensorflow_text/core/kernels/*_tflite.cc; tensorflow/tflite-support dd3362ea, tensorflow_lite_support/custom_ops/kernel.
"""

_PREFIXES = {
    "Lce": "Larq Compute Engine",
    "XC_": "XMOS's TFLite Micro kernels on an xcore device",
    "MTKEXT_": "MediaTek's Neuron runtime",
}
"""Beginning of a custom code -> what it runs with.

Sources: larq/compute-engine 060d39ce, larq_compute_engine/tflite/kernels/lce_ops_register.h; xmos/lib_tflite_micro
b284a190, lib_tflite_micro/src/tflite-xcore-kernels/xcore_ops.h; LiteRT f67457790,
litert/vendors/mediatek/compiler/MediaTek_Neuro_Compiler.md.
"""


def runs_with(code: str) -> str | None:
    """What a custom op runs with that LiteRT alone does not run; None where that is not known."""
    for runtime, names in _NAMES.items():
        if code in names.split():
            return runtime
    return next((runtime for prefix, runtime in _PREFIXES.items() if code.startswith(prefix)), None)
