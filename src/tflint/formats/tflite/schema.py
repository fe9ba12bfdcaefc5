"""The TFLite schema as data: enumerations, unions, and the fields of each table in order.

Written by tools/make_schema.py from LiteRT f67457790c9c2ab67347d6fe53270e8d3df20868,
tflite/converter/schema/schema.fbs and conversion_metadata.fbs, and from tflite-support
dd3362ea685bb7ab1f7268c81ec567d3b720ae57, tensorflow_lite_support/metadata/metadata_schema.fbs; not edited by hand.

A field is `name:type` or `name:type=default`; `[type]` is a vector, a union takes two slots (its type and its value),
`-` is a slot that is not used any more.
"""

__all__ = ["ENUMS", "OPERATORS", "TABLES", "UNIONS"]

OPERATORS: tuple[str, ...] = tuple(
    (
        "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE "
        "EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D "
        "LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 "
        "RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM "
        "EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND "
        "TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN "
        "EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX "
        "MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV "
        "SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT "
        "REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV "
        "REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU "
        "SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU "
        "REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE "
        "NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL "
        "PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS "
        "HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE "
        "READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM "
        "MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX "
        "UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT "
        "STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY STABLEHLO_MAXIMUM "
        "STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE STABLEHLO_BROADCAST_IN_DIM "
        "STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL STABLEHLO_REDUCE STABLEHLO_ABS "
        "STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM "
        "STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT "
        "STABLEHLO_SUBTRACT STABLEHLO_TANH STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT "
        "STABLEHLO_DYNAMIC_SLICE STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA "
        "STABLEHLO_DOT_GENERAL STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER "
        "STABLEHLO_TRANSPOSE DILATE STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE "
        "STABLEHLO_SHIFT_LEFT STABLEHLO_CBRT STABLEHLO_CASE "
    ).split()
)
"""The builtin operators; the index is the operator's code."""

ENUMS: dict[str, tuple[str, dict[int, str]]] = {
    "TensorType": (
        "int8",
        {
            0: "FLOAT32",
            1: "FLOAT16",
            2: "INT32",
            3: "UINT8",
            4: "INT64",
            5: "STRING",
            6: "BOOL",
            7: "INT16",
            8: "COMPLEX64",
            9: "INT8",
            10: "FLOAT64",
            11: "COMPLEX128",
            12: "UINT64",
            13: "RESOURCE",
            14: "VARIANT",
            15: "UINT32",
            16: "UINT16",
            17: "INT4",
            18: "BFLOAT16",
            19: "INT2",
            20: "UINT4",
            21: "FLOAT8_E4M3FN",
            22: "FLOAT8_E5M2",
        },
    ),
    "DimensionType": (
        "int8",
        {
            0: "DENSE",
            1: "SPARSE_CSR",
        },
    ),
    "StablehloPrecisionConfig": (
        "uint32",
        {
            0: "DEFAULT",
            1: "HIGH",
            2: "HIGHEST",
        },
    ),
    "StablehloComparisonDirection": (
        "uint32",
        {
            0: "STABLEHLO_COMPARISON_DIRECTION_EQ",
            1: "STABLEHLO_COMPARISON_DIRECTION_NE",
            2: "STABLEHLO_COMPARISON_DIRECTION_GE",
            3: "STABLEHLO_COMPARISON_DIRECTION_GT",
            4: "STABLEHLO_COMPARISON_DIRECTION_LE",
            5: "STABLEHLO_COMPARISON_DIRECTION_LT",
        },
    ),
    "StablehloComparisonType": (
        "uint32",
        {
            0: "STABLEHLO_COMPARISON_TYPE_NOTYPE",
            1: "STABLEHLO_COMPARISON_TYPE_FLOAT",
            2: "STABLEHLO_COMPARISON_TYPE_FLOAT_TOTAL_ORDER",
            3: "STABLEHLO_COMPARISON_TYPE_SIGNED",
            4: "STABLEHLO_COMPARISON_TYPE_UNSIGNED",
        },
    ),
    "RngAlgorithm": (
        "int8",
        {
            0: "DEFAULT",
            1: "PHILOX",
            2: "THREEFRY",
        },
    ),
    "Padding": (
        "int8",
        {
            0: "SAME",
            1: "VALID",
        },
    ),
    "ActivationFunctionType": (
        "int8",
        {
            0: "NONE",
            1: "RELU",
            2: "RELU_N1_TO_1",
            3: "RELU6",
            4: "TANH",
            5: "SIGN_BIT",
        },
    ),
    "LSHProjectionType": (
        "int8",
        {
            0: "UNKNOWN",
            1: "SPARSE",
            2: "DENSE",
        },
    ),
    "FullyConnectedOptionsWeightsFormat": (
        "int8",
        {
            0: "DEFAULT",
            1: "SHUFFLED4x16INT8",
        },
    ),
    "LSTMKernelType": (
        "int8",
        {
            0: "FULL",
            1: "BASIC",
        },
    ),
    "CombinerType": (
        "int8",
        {
            0: "SUM",
            1: "MEAN",
            2: "SQRTN",
        },
    ),
    "MirrorPadMode": (
        "int8",
        {
            0: "REFLECT",
            1: "SYMMETRIC",
        },
    ),
    "ReduceWindowFunction": (
        "int32",
        {
            0: "UNSUPPORTED",
            1: "ADD",
            2: "MUL",
            3: "MINIMUM",
            4: "MAXIMUM",
            5: "ALL",
            6: "ANY",
        },
    ),
    "CustomOptionsFormat": (
        "int8",
        {
            0: "FLEXBUFFERS",
        },
    ),
    "ModelType": (
        "int32",
        {
            0: "NONE",
            1: "TF_SAVED_MODEL",
            2: "KERAS_MODEL",
            3: "TF_CONCRETE_FUNCTIONS",
            4: "TF_GRAPH_DEF",
            5: "TF_SESSION",
            6: "JAX",
            7: "PYTORCH",
        },
    ),
    "ModelOptimizationMode": (
        "int32",
        {
            1001: "PTQ_FLOAT16",
            1002: "PTQ_DYNAMIC_RANGE",
            1003: "PTQ_FULL_INTEGER",
            1004: "PTQ_INT16",
            2000: "QUANTIZATION_AWARE_TRAINING",
            3001: "RANDOM_SPARSITY",
            3002: "BLOCK_SPARSITY",
            3003: "STRUCTURED_SPARSITY",
        },
    ),
    "AssociatedFileType": (
        "int8",
        {
            0: "UNKNOWN",
            1: "DESCRIPTIONS",
            2: "TENSOR_AXIS_LABELS",
            3: "TENSOR_VALUE_LABELS",
            4: "TENSOR_AXIS_SCORE_CALIBRATION",
            5: "VOCABULARY",
            6: "SCANN_INDEX_FILE",
        },
    ),
    "ColorSpaceType": (
        "int8",
        {
            0: "UNKNOWN",
            1: "RGB",
            2: "GRAYSCALE",
        },
    ),
    "BoundingBoxType": (
        "int8",
        {
            0: "UNKNOWN",
            1: "BOUNDARIES",
            2: "UPPER_LEFT",
            3: "CENTER",
        },
    ),
    "CoordinateType": (
        "int8",
        {
            0: "RATIO",
            1: "PIXEL",
        },
    ),
    "ScoreTransformationType": (
        "int8",
        {
            0: "IDENTITY",
            1: "LOG",
            2: "INVERSE_LOGISTIC",
        },
    ),
}
"""Enumeration -> (the integer type it is stored as, {number: name})."""

UNIONS: dict[str, tuple[str, ...]] = {
    "QuantizationDetails": tuple(("CustomQuantization BlockwiseQuantization MultiAxisQuantization ").split()),
    "SparseIndexVector": tuple(("Int32Vector Uint16Vector Uint8Vector ").split()),
    "BuiltinOptions": tuple(
        (
            "Conv2DOptions DepthwiseConv2DOptions ConcatEmbeddingsOptions LSHProjectionOptions Pool2DOptions "
            "SVDFOptions RNNOptions FullyConnectedOptions SoftmaxOptions ConcatenationOptions AddOptions "
            "L2NormOptions LocalResponseNormalizationOptions LSTMOptions ResizeBilinearOptions CallOptions "
            "ReshapeOptions SkipGramOptions SpaceToDepthOptions EmbeddingLookupSparseOptions MulOptions "
            "PadOptions GatherOptions BatchToSpaceNDOptions SpaceToBatchNDOptions TransposeOptions ReducerOptions "
            "SubOptions DivOptions SqueezeOptions SequenceRNNOptions StridedSliceOptions ExpOptions TopKV2Options "
            "SplitOptions LogSoftmaxOptions CastOptions DequantizeOptions MaximumMinimumOptions ArgMaxOptions "
            "LessOptions NegOptions PadV2Options GreaterOptions GreaterEqualOptions LessEqualOptions "
            "SelectOptions SliceOptions TransposeConvOptions SparseToDenseOptions TileOptions ExpandDimsOptions "
            "EqualOptions NotEqualOptions ShapeOptions PowOptions ArgMinOptions FakeQuantOptions PackOptions "
            "LogicalOrOptions OneHotOptions LogicalAndOptions LogicalNotOptions UnpackOptions FloorDivOptions "
            "SquareOptions ZerosLikeOptions FillOptions BidirectionalSequenceLSTMOptions "
            "BidirectionalSequenceRNNOptions UnidirectionalSequenceLSTMOptions FloorModOptions RangeOptions "
            "ResizeNearestNeighborOptions LeakyReluOptions SquaredDifferenceOptions MirrorPadOptions AbsOptions "
            "SplitVOptions UniqueOptions ReverseV2Options AddNOptions GatherNdOptions CosOptions WhereOptions "
            "RankOptions ReverseSequenceOptions MatrixDiagOptions QuantizeOptions MatrixSetDiagOptions "
            "HardSwishOptions IfOptions WhileOptions DepthToSpaceOptions NonMaxSuppressionV4Options "
            "NonMaxSuppressionV5Options ScatterNdOptions SelectV2Options DensifyOptions SegmentSumOptions "
            "BatchMatMulOptions CumsumOptions CallOnceOptions BroadcastToOptions Rfft2dOptions Conv3DOptions "
            "HashtableOptions HashtableFindOptions HashtableImportOptions HashtableSizeOptions VarHandleOptions "
            "ReadVariableOptions AssignVariableOptions RandomOptions BucketizeOptions GeluOptions "
            "DynamicUpdateSliceOptions UnsortedSegmentProdOptions UnsortedSegmentMaxOptions "
            "UnsortedSegmentMinOptions UnsortedSegmentSumOptions ATan2Options SignOptions BitcastOptions "
            "BitwiseXorOptions RightShiftOptions "
        ).split()
    ),
    "BuiltinOptions2": tuple(
        (
            "StablehloConcatenateOptions StablehloBroadcastInDimOptions StablehloSliceOptions "
            "StablehloConvolutionOptions StablehloCustomCallOptions StablehloReduceOptions "
            "StablehloScatterOptions StablehloCompareOptions StablehloDynamicSliceOptions StablehloPadOptions "
            "StablehloIotaOptions StablehloDotGeneralOptions StablehloReduceWindowOptions StablehloSortOptions "
            "StablehloWhileOptions StablehloGatherOptions StablehloTransposeOptions DilateOptions "
            "StablehloRngBitGeneratorOptions ReduceWindowOptions StableHLOCompositeOptions "
            "StablehloShiftLeftOptions StablehloCaseOptions "
        ).split()
    ),
    "ContentProperties": tuple(("FeatureProperties ImageProperties BoundingBoxProperties AudioProperties ").split()),
    "ProcessUnitOptions": tuple(
        (
            "NormalizationOptions ScoreCalibrationOptions ScoreThresholdingOptions BertTokenizerOptions "
            "SentencePieceTokenizerOptions RegexTokenizerOptions "
        ).split()
    ),
}
"""Union -> its tables; the first has type 1, type 0 is none."""

TABLES: dict[str, str] = {
    "CustomQuantization": "custom:[uint8]",
    "BlockwiseQuantization": "scales:int32 zero_points:int32 block_size:int32",
    "MultiAxisQuantization": "scales:int32 zero_points:int32 block_size:int32 quantized_dimensions:[int32]",
    "QuantizationParameters": (
        "min:[float32] max:[float32] scale:[float32] zero_point:[int64] details:QuantizationDetails "
        "quantized_dimension:int32"
    ),
    "Int32Vector": "values:[int32]",
    "Uint16Vector": "values:[uint16]",
    "Uint8Vector": "values:[uint8]",
    "DimensionMetadata": (
        "format:DimensionType dense_size:int32 array_segments:SparseIndexVector array_indices:SparseIndexVector"
    ),
    "SparsityParameters": "traversal_order:[int32] block_map:[int32] dim_metadata:[DimensionMetadata]",
    "VariantSubType": "shape:[int32] type:TensorType has_rank:bool=false",
    "Tensor": (
        "shape:[int32] type:TensorType buffer:uint32 name:string quantization:QuantizationParameters "
        "is_variable:bool=false sparsity:SparsityParameters shape_signature:[int32] has_rank:bool=false "
        "variant_tensors:[VariantSubType] external_buffer:uint32"
    ),
    "StablehloGatherOptions": (
        "offset_dims:[int64] collapsed_slice_dims:[int64] start_index_map:[int64] index_vector_dim:int64 "
        "slice_sizes:[int64] indices_are_sorted:bool"
    ),
    "StablehloTransposeOptions": "permutation:[int64]",
    "StablehloDotGeneralOptions": (
        "lhs_batching_dimensions:[int64] rhs_batching_dimensions:[int64] lhs_contracting_dimensions:[int64] "
        "rhs_contracting_dimensions:[int64] precision_config:[StablehloPrecisionConfig]"
    ),
    "StablehloReduceWindowOptions": (
        "window_dimensions:[int64] window_strides:[int64] base_dilations:[int64] window_dilations:[int64] "
        "padding:[int64] body_subgraph_index:int32"
    ),
    "StablehloWhileOptions": "cond_subgraph_index:int32 body_subgraph_index:int32",
    "StablehloSortOptions": "dimension:int64 is_stable:bool comparator_subgraph_index:int32",
    "StablehloConcatenateOptions": "dimension:int64",
    "StablehloBroadcastInDimOptions": "broadcast_dimensions:[int64]",
    "StablehloCompareOptions": "comparison_direction:StablehloComparisonDirection compare_type:StablehloComparisonType",
    "StablehloDynamicSliceOptions": "slice_sizes:[int64]",
    "StablehloPadOptions": "edge_padding_low:[int64] edge_padding_high:[int64] interior_padding:[int64]",
    "StablehloIotaOptions": "iota_dimension:int64",
    "StablehloCustomCallOptions": (
        "call_target_name:string has_side_effect:bool backend_config:string api_version:int32 "
        "called_computations:[int32] custom_attributes:[uint8]"
    ),
    "StablehloReduceOptions": "dimensions:[int64] body_subgraph_index:int32",
    "StablehloSliceOptions": "start_indices:[int64] limit_indices:[int64] strides:[int64]",
    "StablehloConvolutionOptions": (
        "window_strides:[int64] padding:[int64] lhs_dilation:[int64] rhs_dilation:[int64] "
        "window_reversal:[bool] input_batch_dimension:int64 input_feature_dimension:int64 "
        "input_spatial_dimensions:[int64] kernel_input_feature_dimension:int64 "
        "kernel_output_feature_dimension:int64 kernel_spatial_dimensions:[int64] output_batch_dimension:int64 "
        "output_feature_dimension:int64 output_spatial_dimensions:[int64] feature_group_count:int64 "
        "batch_group_count:int64 precision_config:[StablehloPrecisionConfig]"
    ),
    "StablehloScatterOptions": (
        "indices_are_sorted:bool update_window_dims:[int64] inserted_window_dims:[int64] "
        "scatter_dims_to_operand_dims:[int64] index_vector_dim:int64 unique_indices:bool "
        "update_computation_subgraph_index:int32"
    ),
    "StablehloCaseOptions": "branch_subgraph_indices:[int32]",
    "StablehloRngBitGeneratorOptions": "algorithm:RngAlgorithm",
    "Conv2DOptions": (
        "padding:Padding stride_w:int32 stride_h:int32 fused_activation_function:ActivationFunctionType "
        "dilation_w_factor:int32=1 dilation_h_factor:int32=1 quantized_bias_type:TensorType"
    ),
    "Conv3DOptions": (
        "padding:Padding stride_d:int32 stride_w:int32 stride_h:int32 "
        "fused_activation_function:ActivationFunctionType dilation_d_factor:int32=1 dilation_w_factor:int32=1 "
        "dilation_h_factor:int32=1"
    ),
    "Pool2DOptions": (
        "padding:Padding stride_w:int32 stride_h:int32 filter_width:int32 filter_height:int32 "
        "fused_activation_function:ActivationFunctionType"
    ),
    "DepthwiseConv2DOptions": (
        "padding:Padding stride_w:int32 stride_h:int32 depth_multiplier:int32 "
        "fused_activation_function:ActivationFunctionType dilation_w_factor:int32=1 dilation_h_factor:int32=1"
    ),
    "ConcatEmbeddingsOptions": "num_channels:int32 num_columns_per_channel:[int32] embedding_dim_per_channel:[int32]",
    "LSHProjectionOptions": "type:LSHProjectionType",
    "SVDFOptions": "rank:int32 fused_activation_function:ActivationFunctionType asymmetric_quantize_inputs:bool",
    "RNNOptions": "fused_activation_function:ActivationFunctionType asymmetric_quantize_inputs:bool",
    "SequenceRNNOptions": "time_major:bool fused_activation_function:ActivationFunctionType asymmetric_quantize_inputs:bool",
    "BidirectionalSequenceRNNOptions": (
        "time_major:bool fused_activation_function:ActivationFunctionType merge_outputs:bool "
        "asymmetric_quantize_inputs:bool"
    ),
    "FullyConnectedOptions": (
        "fused_activation_function:ActivationFunctionType "
        "weights_format:FullyConnectedOptionsWeightsFormat=DEFAULT keep_num_dims:bool "
        "asymmetric_quantize_inputs:bool quantized_bias_type:TensorType"
    ),
    "SoftmaxOptions": "beta:float32",
    "ConcatenationOptions": "axis:int32 fused_activation_function:ActivationFunctionType",
    "AddOptions": "fused_activation_function:ActivationFunctionType pot_scale_int16:bool=true",
    "MulOptions": "fused_activation_function:ActivationFunctionType",
    "L2NormOptions": "fused_activation_function:ActivationFunctionType",
    "LocalResponseNormalizationOptions": "radius:int32 bias:float32 alpha:float32 beta:float32",
    "LSTMOptions": (
        "fused_activation_function:ActivationFunctionType cell_clip:float32 proj_clip:float32 "
        "kernel_type:LSTMKernelType=FULL asymmetric_quantize_inputs:bool"
    ),
    "UnidirectionalSequenceLSTMOptions": (
        "fused_activation_function:ActivationFunctionType cell_clip:float32 proj_clip:float32 time_major:bool "
        "asymmetric_quantize_inputs:bool diagonal_recurrent_tensors:bool"
    ),
    "BidirectionalSequenceLSTMOptions": (
        "fused_activation_function:ActivationFunctionType cell_clip:float32 proj_clip:float32 "
        "merge_outputs:bool time_major:bool=true asymmetric_quantize_inputs:bool"
    ),
    "ResizeBilinearOptions": "- - align_corners:bool half_pixel_centers:bool",
    "ResizeNearestNeighborOptions": "align_corners:bool half_pixel_centers:bool",
    "CallOptions": "subgraph:uint32",
    "PadOptions": "",
    "PadV2Options": "",
    "ReshapeOptions": "new_shape:[int32]",
    "SpaceToBatchNDOptions": "",
    "BatchToSpaceNDOptions": "",
    "SkipGramOptions": "ngram_size:int32 max_skip_size:int32 include_all_ngrams:bool",
    "SpaceToDepthOptions": "block_size:int32",
    "DepthToSpaceOptions": "block_size:int32",
    "SubOptions": "fused_activation_function:ActivationFunctionType pot_scale_int16:bool=true",
    "DivOptions": "fused_activation_function:ActivationFunctionType",
    "TopKV2Options": "",
    "EmbeddingLookupSparseOptions": "combiner:CombinerType",
    "GatherOptions": "axis:int32 batch_dims:int32=0",
    "TransposeOptions": "",
    "ExpOptions": "",
    "CosOptions": "",
    "ReducerOptions": "keep_dims:bool",
    "SqueezeOptions": "squeeze_dims:[int32]",
    "SplitOptions": "num_splits:int32",
    "SplitVOptions": "num_splits:int32",
    "StridedSliceOptions": (
        "begin_mask:int32 end_mask:int32 ellipsis_mask:int32 new_axis_mask:int32 shrink_axis_mask:int32 offset:bool"
    ),
    "LogSoftmaxOptions": "",
    "CastOptions": "in_data_type:TensorType out_data_type:TensorType",
    "DequantizeOptions": "",
    "MaximumMinimumOptions": "",
    "TileOptions": "",
    "ArgMaxOptions": "output_type:TensorType",
    "ArgMinOptions": "output_type:TensorType",
    "GreaterOptions": "",
    "GreaterEqualOptions": "",
    "LessOptions": "",
    "LessEqualOptions": "",
    "NegOptions": "",
    "SelectOptions": "",
    "SliceOptions": "",
    "TransposeConvOptions": (
        "padding:Padding stride_w:int32 stride_h:int32 fused_activation_function:ActivationFunctionType=NONE "
        "quantized_bias_type:TensorType"
    ),
    "ExpandDimsOptions": "",
    "SparseToDenseOptions": "validate_indices:bool",
    "EqualOptions": "",
    "NotEqualOptions": "",
    "ShapeOptions": "out_type:TensorType",
    "RankOptions": "",
    "PowOptions": "",
    "FakeQuantOptions": "min:float32 max:float32 num_bits:int32 narrow_range:bool",
    "PackOptions": "values_count:int32 axis:int32",
    "LogicalOrOptions": "",
    "OneHotOptions": "axis:int32",
    "AbsOptions": "",
    "HardSwishOptions": "",
    "LogicalAndOptions": "",
    "LogicalNotOptions": "",
    "UnpackOptions": "num:int32 axis:int32",
    "FloorDivOptions": "",
    "SquareOptions": "",
    "ZerosLikeOptions": "",
    "FillOptions": "",
    "FloorModOptions": "",
    "RangeOptions": "",
    "LeakyReluOptions": "alpha:float32",
    "SquaredDifferenceOptions": "",
    "MirrorPadOptions": "mode:MirrorPadMode",
    "UniqueOptions": "idx_out_type:TensorType=INT32",
    "ReverseV2Options": "",
    "AddNOptions": "",
    "GatherNdOptions": "",
    "WhereOptions": "",
    "ReverseSequenceOptions": "seq_dim:int32 batch_dim:int32=0",
    "MatrixDiagOptions": "",
    "QuantizeOptions": "",
    "MatrixSetDiagOptions": "",
    "IfOptions": "then_subgraph_index:int32 else_subgraph_index:int32",
    "CallOnceOptions": "init_subgraph_index:int32",
    "WhileOptions": "cond_subgraph_index:int32 body_subgraph_index:int32",
    "NonMaxSuppressionV4Options": "",
    "NonMaxSuppressionV5Options": "",
    "ScatterNdOptions": "",
    "SelectV2Options": "",
    "DensifyOptions": "",
    "SegmentSumOptions": "",
    "BatchMatMulOptions": "adj_x:bool adj_y:bool asymmetric_quantize_inputs:bool",
    "CumsumOptions": "exclusive:bool reverse:bool",
    "BroadcastToOptions": "",
    "Rfft2dOptions": "",
    "HashtableOptions": "table_id:int32 key_dtype:TensorType value_dtype:TensorType",
    "HashtableFindOptions": "",
    "HashtableImportOptions": "",
    "HashtableSizeOptions": "",
    "VarHandleOptions": "container:string shared_name:string",
    "ReadVariableOptions": "",
    "AssignVariableOptions": "",
    "RandomOptions": "seed:int64 seed2:int64",
    "BucketizeOptions": "boundaries:[float32]",
    "GeluOptions": "approximate:bool",
    "DynamicUpdateSliceOptions": "",
    "UnsortedSegmentProdOptions": "",
    "UnsortedSegmentMaxOptions": "",
    "UnsortedSegmentSumOptions": "",
    "ATan2Options": "",
    "UnsortedSegmentMinOptions": "",
    "SignOptions": "",
    "BitcastOptions": "",
    "BitwiseXorOptions": "",
    "RightShiftOptions": "",
    "DilateOptions": "",
    "ReduceWindowOptions": "reduce_function:ReduceWindowFunction",
    "OperatorCode": "deprecated_builtin_code:int8 custom_code:string version:int32=1 builtin_code:BuiltinOperator",
    "StableHLOCompositeOptions": (
        "name:string decomposition_subgraph_index:int32 composite_attributes:[uint8] "
        "composite_attributes_format:CustomOptionsFormat version:int32"
    ),
    "StablehloShiftLeftOptions": "",
    "Operator": (
        "opcode_index:uint32 inputs:[int32] outputs:[int32] builtin_options:BuiltinOptions "
        "custom_options:[uint8] custom_options_format:CustomOptionsFormat mutating_variable_inputs:[bool] "
        "intermediates:[int32] large_custom_options_offset:uint64 large_custom_options_size:uint64 "
        "builtin_options_2:BuiltinOptions2 debug_metadata_index:int32=-1"
    ),
    "SubGraph": (
        "tensors:[Tensor] inputs:[int32] outputs:[int32] operators:[Operator] name:string debug_metadata_index:int32=-1"
    ),
    "Buffer": "data:[uint8] offset:uint64 size:uint64",
    "ExternalBufferGroup": "name:string",
    "ExternalBuffer": "id:uint32 group:uint32 offset:uint64 length:uint64 packing:string",
    "Metadata": "name:string buffer:uint32",
    "TensorMap": "name:string tensor_index:uint32",
    "SignatureDef": "inputs:[TensorMap] outputs:[TensorMap] signature_key:string - subgraph_index:uint32",
    "Model": (
        "version:uint32 operator_codes:[OperatorCode] subgraphs:[SubGraph] description:string "
        "buffers:[Buffer] metadata_buffer:[int32] metadata:[Metadata] signature_defs:[SignatureDef] "
        "external_buffer_groups:[ExternalBufferGroup] external_buffers:[ExternalBuffer]"
    ),
    "Environment": "tensorflow_version:string api_version:uint32 model_type:ModelType model_hash:uint64",
    "SparsityBlockSize": "values:[uint32]",
    "ConversionOptions": (
        "model_optimization_modes:[ModelOptimizationMode] allow_custom_ops:bool enable_select_tf_ops:bool "
        "force_select_tf_ops:bool sparsity_block_sizes:[SparsityBlockSize]"
    ),
    "ConversionMetadata": "environment:Environment options:ConversionOptions",
    "AssociatedFile": "name:string description:string type:AssociatedFileType locale:string version:string",
    "FeatureProperties": "",
    "ImageSize": "width:uint32 height:uint32",
    "ImageProperties": "color_space:ColorSpaceType default_size:ImageSize",
    "AudioProperties": "sample_rate:uint32 channels:uint32",
    "BoundingBoxProperties": "index:[uint32] type:BoundingBoxType coordinate_type:CoordinateType",
    "ValueRange": "min:int32 max:int32",
    "Content": "content_properties:ContentProperties range:ValueRange",
    "NormalizationOptions": "mean:[float32] std:[float32]",
    "ScoreCalibrationOptions": "score_transformation:ScoreTransformationType default_score:float32",
    "ScoreThresholdingOptions": "global_score_threshold:float32",
    "BertTokenizerOptions": "vocab_file:[AssociatedFile]",
    "SentencePieceTokenizerOptions": "sentencePiece_model:[AssociatedFile] vocab_file:[AssociatedFile]",
    "RegexTokenizerOptions": "delim_regex_pattern:string vocab_file:[AssociatedFile]",
    "ProcessUnit": "options:ProcessUnitOptions",
    "Stats": "max:[float32] min:[float32]",
    "TensorGroup": "name:string tensor_names:[string]",
    "TensorMetadata": (
        "name:string description:string dimension_names:[string] content:Content process_units:[ProcessUnit] "
        "stats:Stats associated_files:[AssociatedFile]"
    ),
    "CustomMetadata": "name:string data:[uint8]",
    "SubGraphMetadata": (
        "name:string description:string input_tensor_metadata:[TensorMetadata] "
        "output_tensor_metadata:[TensorMetadata] associated_files:[AssociatedFile] "
        "input_process_units:[ProcessUnit] output_process_units:[ProcessUnit] "
        "input_tensor_groups:[TensorGroup] output_tensor_groups:[TensorGroup] "
        "custom_metadata:[CustomMetadata]"
    ),
    "ModelMetadata": (
        "name:string description:string version:string subgraph_metadata:[SubGraphMetadata] author:string "
        "license:string associated_files:[AssociatedFile] min_parser_version:string"
    ),
}
"""Table -> its fields in slot order."""
