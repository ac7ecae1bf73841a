package import TesseraHAL

/// What would run for one problem on one device: pure data, made by a planner, printable, and executed
/// as it stands by `PlanExecutor`.
package struct Plan: Sendable, Hashable, Codable {
  /// Where a dispatch finds one of its buffers.
  package enum Source: Sendable, Hashable, Codable {
    /// A tensor of the operation, by its position in the operator's documented operand list.
    case operand(Int)
    /// One of the plan's scratch buffers.
    case scratch(Int)
    /// Any small buffer: bound where the kernel's slot is not used (an absent bias).
    case none
  }
  /// A buffer range bound to the slot of the same position.
  package struct Argument: Sendable, Hashable, Codable {
    package var source: Source
    /// Bytes from the start of the operand or scratch buffer; a multiple of the device's alignment.
    package var offset: Int
    /// Bytes the kernel may touch from there.
    package var byteCount: Int
    package init(_ source: Source, offset: Int = 0, byteCount: Int) {
      self.source = source
      self.offset = offset
      self.byteCount = byteCount
    }
  }
  package struct Dispatch: Sendable, Hashable, Codable {
    /// Index into `kernels`.
    package var kernel: Int
    package var grid: GridSize
    package var constants: [UInt8]
    package var arguments: [Argument]
    package init(kernel: Int, grid: GridSize, constants: [UInt8], arguments: [Argument]) {
      self.kernel = kernel
      self.grid = grid
      self.constants = constants
      self.arguments = arguments
    }
  }
  /// Work of one schedule by tile: `full` needs no mask, `partial` does, `skipped` is never touched.
  package struct TileCounts: Sendable, Hashable, Codable {
    package var full: Int
    package var partial: Int
    package var skipped: Int
    package init(full: Int, partial: Int, skipped: Int) {
      self.full = full
      self.partial = partial
      self.skipped = skipped
    }
  }

  /// The operator: `gemm`, `na`.
  package var operation: String
  /// Where the work is done differently in kind: `tiled`, `split-k`, `naive`, ….
  package var schedule: String
  /// Generation of kernels: `portable`, or the name of a `TensorTier`.
  package var tier: String
  /// Names the main kernel's choices among a planner's candidates, for the tuning database; nil where
  /// there is one way only.
  package var form: String?
  /// Tile extents as the main kernel names them.
  package var tile: [Int]
  package var kernels: [KernelSpec]
  /// In order; a barrier lies between any two that touch the same bytes.
  package var dispatches: [Dispatch]
  /// Bytes of each scratch buffer.
  package var scratch: [Int]
  package var tiles: TileCounts?
  /// Of attention: the boxes of a forward pass or of dQ, over the kernels' three token axes.
  package var tileShape: TileShape?
  /// Of attention: the boxes with which tiles of keys stream queries for dK and dV.
  package var inverseTileShape: TileShape?
  /// Floating-point operations the definition needs.
  package var flopsNeeded: Double
  /// Floating-point operations the schedule does, waste on tile edges and masks included.
  package var flopsDone: Double
  /// Bytes that must move at least: every input once, every output once.
  package var bytes: Double
  /// Human-readable remarks: why this kernel, what fell back, what was split.
  package var notes: [String]

  package init(operation: String, schedule: String, tile: [Int]) {
    self.operation = operation
    self.schedule = schedule
    tier = "portable"
    self.tile = tile
    kernels = []
    dispatches = []
    scratch = []
    tiles = nil
    tileShape = nil
    inverseTileShape = nil
    flopsNeeded = 0
    flopsDone = 0
    bytes = 0
    notes = []
  }

  /// Bytes of all scratch buffers together.
  package var scratchBytes: Int { scratch.reduce(0, +) }
}
