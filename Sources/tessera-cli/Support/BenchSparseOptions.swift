import ArgumentParser
import Tessera
import TesseraBench

/// The options of bench cases of attention over lists and paged caches.
struct BenchSparseOptions: ParsableArguments {
  @Option(help: "sparse-attention: queries that share a row of a list.") var qBlock = 1
  @Option(help: "sparse-attention: keys of a block.") var kvBlock = 64
  @Option(
    help:
      "sparse-attention: blocks of a row, 16 if not given; paged-decode: pages of a list, all if not given."
  )
  var top: Int?
  @Option(help: "sparse-attention: auto, query, kv, or both: the planner's choice beside both.")
  var schedule: BlockListBenchCase.Schedules = .auto
  @Option(help: "paged-decode: tokens per page.") var page = 16
  @Option(help: "paged-decode: about what the largest scores are; `online` beside it finds them.")
  var unifiedMaximum: Float?

  /// The case of `B,N,H,D`.
  func lists(
    _ shape: [Int], kvHeads: Int?, causal: Bool, backward: Bool, _ dtype: DType
  ) throws -> BlockListBenchCase {
    guard shape.count == 4 else {
      throw ValidationError("--shape: got \(shape), allowed B,N,H,D")
    }
    return BlockListBenchCase(
      batch: shape[0], tokens: shape[1], heads: shape[2], kvHeads: kvHeads ?? shape[2],
      headDim: shape[3], queryBlock: qBlock, keyBlock: kvBlock, top: top ?? 16, causal: causal,
      schedules: schedule, backward: backward, dtype: dtype)
  }

  /// The case of `B,N,H,D`.
  func selection(
    _ shape: [Int], kvHeads: Int?, selects: Bool, _ dtype: DType
  ) throws -> NSABenchCase {
    guard shape.count == 4 else {
      throw ValidationError("--shape: got \(shape), allowed B,N,H,D")
    }
    return NSABenchCase(
      batch: shape[0], tokens: shape[1], heads: shape[2], kvHeads: kvHeads ?? shape[2],
      headDim: shape[3], block: kvBlock, top: top ?? 16, selects: selects, dtype: dtype)
  }

  /// The case of `B,context,H,D`.
  func decode(_ shape: [Int], kvHeads: Int?, _ dtype: DType) throws -> PagedBenchCase {
    guard shape.count == 4 else {
      throw ValidationError("--shape: got \(shape), allowed B,context,H,D")
    }
    return PagedBenchCase(
      batch: shape[0], context: shape[1], heads: shape[2], kvHeads: kvHeads ?? shape[2],
      headDim: shape[3], page: page, top: top, unifiedMaximum: unifiedMaximum,
      dtype: dtype)
  }
}

extension BlockListBenchCase.Schedules: ExpressibleByArgument {}
