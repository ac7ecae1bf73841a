/// What a measurement was of: the operator, everything about the problem that is not an extent, and the
/// extents.
///
/// Two problems of one key are the same work for a kernel. Two keys of one bucket are near: what was
/// fastest for one is worth trying for the other.
package struct TuningKey: Sendable, Hashable, Codable {
  /// The operator: `gemm`, `attention`, `na`.
  package var operation: String
  /// Element types, transposes, epilogue, masks: `f16 f16 > f16 nt`.
  package var variant: String
  /// Named extents in a fixed order, such as batch, m, n, k.
  package var extents: [Int]

  package init(operation: String, variant: String, extents: [Int]) {
    self.operation = operation
    self.variant = variant
    self.extents = extents
  }

  /// The extents to the nearest power of two, by ratio; those below 8 exactly, since there a step is
  /// another kind of problem.
  package var bucket: [Int] {
    extents.map { extent in
      guard extent > 8 else { return extent }
      let floor = Int.bitWidth - 1 - extent.leadingZeroBitCount
      let low = 1 << floor
      guard floor < Int.bitWidth - 2 else { return low }
      // √2 lies between: compare squares, in floating point as extents may be large.
      let ratio = Double(extent) / Double(low)
      return ratio * ratio < 2 ? low : low << 1
    }
  }

  /// Whether `other` is another problem of the same bucket.
  package func isNear(_ other: TuningKey) -> Bool {
    operation == other.operation && variant == other.variant && bucket == other.bucket
  }
}
