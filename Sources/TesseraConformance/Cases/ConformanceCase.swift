package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// One random problem with its inputs, made from a seed alone.
package protocol ConformanceCase: Sendable {
  /// The inputs in the plan's operand order; nil where there is none.
  var inputs: [HostTensor?] { get }
  /// Other inputs that must give the same bits; the same again if there are none.
  var equalInputs: [HostTensor?] { get }
  /// Types and shapes of the outputs, in the plan's operand order after the inputs; nil where the
  /// problem has no such output.
  func outputs() throws(TesseraError) -> [ConformanceOutput?]
  /// The problem in one line, for failures.
  var summary: String { get }
  /// The plan of the problem with its kernels built.
  func prepare(on device: Device) throws(TesseraError) -> PreparedPlan
  /// Compares results, in the order of the outputs there are, with the oracle.
  func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification
}

extension ConformanceCase {
  package var equalInputs: [HostTensor?] { inputs }
}

/// What a case writes.
package struct ConformanceOutput: Sendable {
  package var dtype: DType
  package var shape: Shape

  package init(_ dtype: DType, _ dimensions: [Int]) throws(TesseraError) {
    self.dtype = dtype
    shape = try Shape(dimensions)
  }

  /// O and LSE.
  static func attention(
    _ dtype: DType, _ dimensions: [Int], lse: [Int]
  ) throws(TesseraError) -> [ConformanceOutput?] {
    [try ConformanceOutput(dtype, dimensions), try ConformanceOutput(.f32, lse)]
  }
}

/// The operators that have conformance cases. Each has a file with its cases, and one line here.
package enum ConformanceOperator: String, Sendable, Hashable, Codable, CaseIterable {
  case gemm
  case attention
  case attentionBackward = "attention-backward"
  case na
  case naBackward = "na-backward"
  case sparseAttention = "sparse-attention"
  case sparseAttentionBackward = "sparse-attention-backward"
  case pagedDecode = "paged-decode"
  case quantize
  case quantizedDecode = "quantized-decode"
  case prune
  case prunedDecode = "pruned-decode"
  case pattern
  case selectBlocks = "select-blocks"
  case nsa
  case nsaBackward = "nsa-backward"

  /// The case of `seed`.
  ///
  /// What becomes a kernel's compile-time parameter (types, transposes, head dimensions, kind of bias)
  /// is one of `variants` combinations, `seed mod variants`; everything else is drawn anew. So a run of
  /// many problems builds few kernels, which takes longer than running them on software devices.
  package func makeCase(
    seed: UInt64, variants: UInt64 = 24
  ) throws(TesseraError) -> any ConformanceCase {
    let variant = ConformanceVariant(Int(seed % max(variants, 1)))
    var random = SeededRandom(seed)
    return switch self {
    case .gemm: try GEMMCase(variant, &random)
    case .attention: try AttentionCase(variant, &random)
    case .attentionBackward: try AttentionBackwardCase(variant, &random)
    case .na: try NeighborhoodCase(variant, &random)
    case .naBackward: try NeighborhoodBackwardCase(variant, &random)
    case .sparseAttention: try BlockListCase(variant, &random)
    case .sparseAttentionBackward: try BlockListBackwardCase(variant, &random)
    case .pagedDecode: try PagedCase(variant, &random)
    case .quantize: try QuantizeCase(variant, &random)
    case .prune: try PruneCase(variant, &random)
    case .prunedDecode: try PrunedDecodeCase(variant, &random)
    case .quantizedDecode: try PagedCase(variant, &random, mixed: true)
    case .pattern: try PatternConformanceCase(variant, &random)
    case .selectBlocks: try SelectBlocksCase(variant, &random)
    case .nsa: try NSACase(variant, &random)
    case .nsaBackward: try NSABackwardCase(variant, &random)
    }
  }
}
