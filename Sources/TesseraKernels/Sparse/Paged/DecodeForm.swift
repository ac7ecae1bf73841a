import TesseraCore
import TesseraHAL

/// How attention of few queries to many keys is cut for `decode_forward` (`decode_forward.h`) or, on tensor
/// cores, for `decode_mma` (`decode_mma.h`).
struct DecodeForm: Sendable, Hashable {
  /// Invocations of a workgroup.
  static let threads = 128
  /// Most rows of queries × heads that share a list and a KV head: more make the keys be read again.
  static let mostRows = 16

  /// Whether `decode_mma` does it.
  let tensor: Bool
  /// Rows of a tile: 1, 2, 4, 8 or 16; of tensor cores 8 or 16.
  let rows: Int
  /// Keys of an invocation in a tile.
  let keys: Int
  /// Elements of a value that an invocation has.
  var values: Int { rows > 8 ? 4 : 8 }
  /// Columns of a tile.
  var tile: Int { tensor ? 64 : Self.threads * keys }
  var kernel: String { tensor ? DecodeKernels.tensor : DecodeKernels.forward }

  /// The form for `problem`; nil if neither kernel is made for it or for the device.
  init?(_ problem: ListProblem, _ capabilities: Capabilities) {
    let all = problem.perRow
    let (d, dv) = (problem.headDim, problem.valueDim)
    guard all > 0, all <= Self.mostRows, d > 0, dv > 0, d % 8 == 0, dv % 8 == 0,
      Self.threads <= capabilities.maxWorkgroupInvocations
    else { return nil }
    // Tensor cores weigh all rows by all keys: rows that stand at different positions would meet each
    // other's keys.
    tensor =
      capabilities.backend == .openCL && capabilities.tensorTiers?.contains(.mma) == true
      && problem.isUniform && problem.dtype != .f32 && problem.queries == 1 && d % 32 == 0 && d <= 256 && dv % 64 == 0
      && dv <= 256
    // Drivers of CPUs compile what they unroll for long, and have caches for keys that are read again.
    let sizes = tensor ? [8, 16] : capabilities.kind == .cpu ? [1, 2, 4, 8] : [1, 2, 4, 8, 16]
    rows = sizes.first { $0 >= all } ?? sizes[sizes.count - 1]
    // Reading queries from local memory is worth as many multiply-adds as there are keys to a row; what
    // keys take of the registers is worth as many workgroups side by side.
    keys = capabilities.kind == .cpu ? 1 : rows == 8 ? 4 : 2
    guard
      Self.localBytes(tensor: tensor, rows: rows, keys: keys, headDim: d, valueDim: dv)
        <= capabilities.localMemoryBytes
    else { return nil }
  }

  /// Local memory of the kernel that `spec` names.
  static func localBytes(_ spec: KernelSpec) -> Int {
    localBytes(
      tensor: spec.name == DecodeKernels.tensor, rows: spec["ROWS"] ?? 8, keys: spec["KEYS"] ?? 1,
      headDim: spec["HEAD_DIM"] ?? 0, valueDim: spec["VALUE_DIM"] ?? 0)
  }

  private static func localBytes(
    tensor: Bool, rows: Int, keys: Int, headDim: Int, valueDim: Int
  ) -> Int {
    if tensor { return 4 * rows * valueDim + 8 * 4 * rows }
    let tile = threads * keys
    return 4 * rows * headDim + 16 * tile * ((rows + 3) / 4) + 4 * tile + 8 * rows
  }

  /// Iterations of one invocation of `decode_forward` outside of tiles, and most for one tile.
  func iterations(_ problem: ListProblem) -> (outside: Int, tile: Int) {
    let sides = Self.threads * values / problem.valueDim
    let reduced = rows + Self.threads / rows / 8 + 8
    let staged = rows * problem.headDim / (4 * Self.threads) + 1
    return (
      staged + reduced + rows * sides,
      problem.headDim / 8 + reduced + tile / (4 * sides) + 2
    )
  }

  /// Workgroups that share the keys of each of `groups` row tiles; at most `wanted` if that is given.
  func splits(
    _ problem: ListProblem, groups: Int, wanted: Int?, _ capabilities: Capabilities
  ) -> Int {
    let columns = problem.listed ? problem.listWidth * problem.keyBlock : problem.keys
    let tiles = (columns + tile - 1) / tile
    // As many as a GPU runs side by side, where all take as long; yet each has a few tiles, as its
    // results are written and read once more.
    return SplitWork(capabilities: capabilities).count(
      parallel: wanted == nil
        ? capabilities.computeUnits * (capabilities.kind == .cpu ? 2 : tensor ? 4 : 8) : Int.max,
      groups: groups,
      most: wanted.map { min($0, max(tiles, 1)) } ?? min(tiles / (tensor ? 8 : 2), 128),
      partialBytes: [4 * problem.batch * problem.queries * problem.heads * problem.valueDim],
      limit: capabilities.maxGroupCount[0])
  }
}
