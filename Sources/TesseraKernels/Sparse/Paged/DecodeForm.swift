import TesseraCore
import TesseraHAL

/// How attention of few queries to many keys is cut for `decode_forward`; see `decode_forward.h`.
struct DecodeForm: Sendable, Hashable {
  /// Invocations of a workgroup.
  static let threads = 128
  /// Most rows of queries × heads that share a list and a KV head: more make the keys be read again.
  static let mostRows = 16

  /// Rows of a tile: 1, 2, 4, 8 or 16.
  var rows: Int
  /// Keys of an invocation in a tile.
  var keys: Int { rows > 8 ? 2 : 4 }
  /// Elements of a value that an invocation has.
  var values: Int { rows > 8 ? 4 : 8 }
  /// Columns of a tile.
  var tile: Int { Self.threads * keys }

  /// The form for `problem`; nil if the kernel is not made for it or for the device.
  init?(_ problem: ListProblem, _ capabilities: Capabilities) {
    let all = problem.perRow
    guard all > 0, all <= Self.mostRows, problem.headDim > 0, problem.valueDim > 0,
      problem.headDim % 8 == 0, problem.valueDim % 8 == 0
    else { return nil }
    rows = [1, 2, 4, 8, 16].first { $0 >= all } ?? Self.mostRows
    guard Self.threads <= capabilities.maxWorkgroupInvocations,
      localBytes(headDim: problem.headDim) <= capabilities.localMemoryBytes
    else { return nil }
  }

  private init(rows: Int) { self.rows = rows }

  /// Local memory of the kernel that `spec` names.
  static func localBytes(_ spec: KernelSpec) -> Int {
    DecodeForm(rows: spec["ROWS"] ?? 8).localBytes(headDim: spec["HEAD_DIM"] ?? 0)
  }

  private func localBytes(headDim: Int) -> Int {
    4 * rows * headDim + 16 * tile * ((rows + 3) / 4) + 4 * tile + 8 * rows
  }

  /// Iterations of one invocation outside of tiles, and most for one tile.
  func iterations(_ problem: ListProblem) -> (outside: Int, tile: Int) {
    let sides = Self.threads * values / problem.valueDim
    let reduced = rows + Self.threads / rows
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
    // So many that the last ones to end do not leave the others waiting for long; yet each has a tile or
    // two, as its results are written and read once more.
    let parallel = capabilities.computeUnits * (capabilities.kind == .gpu ? 8 : 2)
    var splits =
      wanted.map { min($0, max(tiles, 1)) } ?? min(parallel / max(groups, 1), tiles / 2, 128)
    let room = min(ListRecorder.mostBytes, capabilities.maxBindingRange)
    let bytes = 4 * problem.batch * problem.queries * problem.heads * problem.valueDim
    splits = min(splits, room / max(bytes, 1), capabilities.maxGroupCount[0])
    return max(1, splits)
  }
}
