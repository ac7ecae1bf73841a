package import TesseraCore

/// Keys or values packed with their largest elements alone; `PruningFormat` says how.
public struct PrunedTensor: Sendable {
  /// What tiles are, and what share of the elements went.
  public let format: PruningFormat
  /// u64 `[B, H, N/64, D]`.
  public let bitmaps: Tensor
  /// i32 `[B, H, N/64, D + 1]`.
  public let offsets: Tensor
  /// `[B, H, N/64, capacity]` of f32, f16 or bf16.
  public let values: Tensor

  /// Packed vectors made elsewhere. Operators check shapes and types.
  public init(format: PruningFormat, bitmaps: Tensor, offsets: Tensor, values: Tensor) {
    self.format = format
    self.bitmaps = bitmaps
    self.offsets = offsets
    self.values = values
  }

  /// Bytes that the tensors take.
  public var byteCount: Int {
    [bitmaps, offsets, values].reduce(0) { $0 + $1.shape.elementCount * $1.dtype.byteCount }
  }

  /// Bytes that hold something: without what the regions have behind their last tiles. Waits for the
  /// device.
  public func packedByteCount() throws(TesseraError) -> Int {
    let ends = try offsets.host().values(as: Int32.self) ?? []
    let row = bitmaps.shape[-1] + 1
    let pairs = stride(from: row - 1, to: ends.count, by: row).reduce(0) { $0 + Int(ends[$1]) }
    return 8 * bitmaps.shape.elementCount + 4 * ends.count + 2 * pairs * values.dtype.byteCount
  }

  /// The problem of making these vectors whole.
  package func problem() throws(TesseraError) -> PruningProblem {
    guard bitmaps.shape.rank == 4 else {
      throw .invalidArgument(
        "bitmaps", got: "shape \(bitmaps.shape)", allowed: "[B, H, N/64, D]")
    }
    let (tokens, overflow) = bitmaps.shape[2].multipliedReportingOverflow(by: PruningFormat.block)
    guard !overflow else {
      throw .invalidArgument("bitmaps", got: "shape \(bitmaps.shape)", allowed: "fewer blocks")
    }
    let shape = try Shape([bitmaps.shape[0], tokens, bitmaps.shape[1], bitmaps.shape[3]])
    let problem = try PruningProblem(x: (shape, values.dtype), format, unpacking: true)
    for (name, tensor, dimensions, dtype) in [
      ("bitmaps", bitmaps, problem.bitmapDimensions, DType.u64),
      ("offsets", offsets, problem.offsetDimensions, .i32),
      ("values", values, problem.valueDimensions, values.dtype),
    ] where tensor.shape.dimensions != dimensions || tensor.dtype != dtype {
      throw .invalidArgument(
        name, got: "\(tensor.dtype) of shape \(tensor.shape)", allowed: "\(dtype) \(dimensions)")
    }
    return problem
  }
}
