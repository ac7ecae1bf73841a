import Tessera

/// The vectors of each head along the axes in which they vary most.
struct ProjectedHeads {
  /// `[B, N, Hkv, rank]`: `(x − μ)·U`.
  let coordinates: Tensor
  /// `[Hkv, D, rank]`, orthonormal columns.
  private let axes: Tensor
  /// The mean of each KV head's vectors.
  private let means: [[Float]]
  private let rank: Int

  /// - Parameter x: `[B, N, Hkv, D]`.
  init(_ x: Tensor, rank: Int) throws {
    let (heads, d) = (x.shape[2], x.shape[3])
    let values = try x.floats()
    var (axes, means): ([Float], [[Float]]) = ([], [])
    var centred = values
    for head in 0..<heads {
      let principal = PrincipalAxes(values, head: head, heads: heads, dimension: d)
      axes += principal.leading(rank)
      means.append(principal.mean)
      for start in stride(from: head * d, to: values.count, by: heads * d) {
        for i in 0..<d { centred[start + i] -= principal.mean[i] }
      }
    }
    self.axes = try Tensor(axes, shape: [heads, d, rank], dtype: x.dtype, on: x.device)
    self.means = means
    self.rank = rank
    coordinates = try Self.product(
      Tensor(centred, shape: x.shape, dtype: x.dtype, on: x.device), self.axes, transposed: false)
  }

  /// Queries `[B, N, H, D]` along the axes of the heads they read: `[B, N, H, rank]`.
  func rotated(_ q: Tensor) throws -> Tensor {
    try Self.product(q, try perQueryHead(q.shape[2]), transposed: false)
  }

  /// What `o` `[B, N, H, rank]` stands for: `[B, N, H, D]`, the means added.
  func restored(_ o: Tensor) throws -> Tensor {
    let heads = o.shape[2]
    let group = heads / means.count
    let rows = o.shape[0] * o.shape[1]
    let mean = (0..<heads).flatMap { head in
      (0..<rows).flatMap { _ in means[head / group] }
    }
    let c = try Tensor(
      mean, shape: [heads, rows, means[0].count], dtype: o.dtype, on: o.device)
    return try Self.product(o, try perQueryHead(heads), transposed: true, adding: c)
  }

  /// The axes once for each query head of `heads`.
  private func perQueryHead(_ heads: Int) throws -> Tensor {
    let group = heads / means.count
    guard group > 1 else { return axes }
    let values = try axes.floats()
    let size = values.count / means.count
    return try Tensor(
      (0..<heads).flatMap { values[($0 / group * size)..<($0 / group * size + size)] },
      shape: [heads, axes.shape[1], rank], dtype: axes.dtype, on: axes.device)
  }

  /// `x·U` of each head, or `x·Uᵀ + c`: x `[B, N, H, ·]`, one matrix of `axes` per head.
  private static func product(
    _ x: Tensor, _ axes: Tensor, transposed: Bool, adding c: Tensor? = nil
  ) throws -> Tensor {
    let (batch, tokens, heads, length) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let rows = try x.reshaped(to: [batch * tokens, heads, length]).permuted([1, 0, 2]).contiguous()
    let d = try x.device.gemm(
      rows, axes, transposeB: transposed, epilogue: GEMMEpilogue(beta: c == nil ? 0 : 1, c: c))
    return try d.permuted([1, 0, 2]).contiguous().reshaped(to: [batch, tokens, heads, d.shape[2]])
  }
}
