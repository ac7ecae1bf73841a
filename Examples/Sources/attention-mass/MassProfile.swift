import ArgumentParser
import Foundation
import Tessera

/// Counts, per query and head, the fewest keys that hold a share of the softmax's mass:
/// `w = softmax(q·Kᵀ / √D)`, the largest weights first until they sum to `mass`.
struct MassProfile {
  /// Means over queries, as shares of all, for each head.
  struct Shares {
    var keys: [Double]
    var blocks: [Double]
  }

  private let mass: Float
  private let block: Int
  private let every: Int
  private let batch: Int
  private let queries: Int
  private let keys: Int
  private let heads: Int
  private let kvHeads: Int
  private let headDimension: Int
  /// Scores computed at a time, at most, but for those of one query.
  private static let chunk = 1 << 24

  /// - Throws: `ValidationError` if q is not `[B, Nq, H, D]` and k `[B, Nk, Hkv, D]`.
  init(q: HostTensor, k: HostTensor, mass: Float, block: Int, every: Int) throws {
    guard q.shape.rank == 4, k.shape.rank == 4, q.shape.elementCount > 0, k.shape.elementCount > 0,
      q.shape[0] == k.shape[0], q.shape[3] == k.shape[3], q.shape[2] % k.shape[2] == 0,
      q.dtype.isFloatingPoint, k.dtype.isFloatingPoint
    else {
      throw ValidationError(
        "q and k: got \(q.dtype)\(q.shape) and \(k.dtype)\(k.shape), allowed [B, Nq, H, D] and "
          + "[B, Nk, Hkv, D] of floating-point elements, none of them 0")
    }
    (self.mass, self.block, self.every) = (mass, block, every)
    (batch, queries, keys) = (q.shape[0], q.shape[1], k.shape[1])
    (heads, kvHeads, headDimension) = (q.shape[2], k.shape[2], q.shape[3])
  }

  /// Scores by products on `device`, a part of the queries at a time; the rest on the host.
  func measure(_ q: HostTensor, _ k: HostTensor, on device: Device) throws -> Shares {
    let group = heads / kvHeads
    let looked = Array(stride(from: 0, to: queries, by: every))
    let part = max(1, Self.chunk / (heads * keys))
    let values = q.floats()
    // [B, Hkv, Nk, D]
    let k = try Tensor(k.converted(to: .f32), on: device).permuted([0, 2, 1, 3]).contiguous()
    let none = [Double](repeating: 0, count: heads)
    var total = Shares(keys: none, blocks: none)
    for sequence in 0..<batch {
      let own = try k.sliced(axis: 0, sequence..<(sequence + 1)).contiguous()
        .reshaped(to: Shape([kvHeads, keys, headDimension]))
      for start in stride(from: 0, to: looked.count, by: part) {
        let rows = looked[start..<min(start + part, looked.count)]
        // [Hkv, group · rows, D]: the query heads of a KV head come one after another.
        var picked: [Float] = []
        for head in 0..<heads {
          for row in rows {
            let at = ((sequence * queries + row) * heads + head) * headDimension
            picked += values[at..<(at + headDimension)]
          }
        }
        let shape = try Shape([kvHeads, group * rows.count, headDimension])
        let scores = try device.gemm(
          Tensor(picked, shape: shape, on: device), own, transposeB: true,
          epilogue: GEMMEpilogue(alpha: 1 / Float(headDimension).squareRoot())
        ).floats()
        for row in 0..<(heads * rows.count) {
          add(scores[(row * keys)..<((row + 1) * keys)], to: &total, row / rows.count)
        }
      }
    }
    let count = Double(batch * looked.count)
    return Shares(keys: total.keys.map { $0 / count }, blocks: total.blocks.map { $0 / count })
  }

  private func add(_ scores: ArraySlice<Float>, to total: inout Shares, _ head: Int) {
    let highest = scores.max() ?? 0
    let weights = scores.map { exp($0 - highest) }
    total.keys[head] += share(weights)
    total.blocks[head] += share(
      stride(from: 0, to: weights.count, by: block).map { start in
        weights[start..<min(start + block, weights.count)].reduce(0, +)
      })
  }

  /// The fewest of `weights` that sum to `mass` of all, as a share of their number.
  private func share(_ weights: [Float]) -> Double {
    let wanted = Double(mass) * weights.reduce(0.0) { $0 + Double($1) }
    var (sum, count) = (0.0, 0)
    for weight in weights.sorted(by: >) {
      sum += Double(weight)
      count += 1
      if sum >= wanted { break }
    }
    return Double(count) / Double(weights.count)
  }
}
