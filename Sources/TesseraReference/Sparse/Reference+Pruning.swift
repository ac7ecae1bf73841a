package import TesseraCore

/// Packed vectors as the definition has them.
package struct PrunedVectors: Sendable {
  /// `[B, H, N/64, D]`.
  package var bitmaps: [UInt64] = []
  /// `[B, H, N/64, D + 1]`.
  package var offsets: [Int] = []
  /// The region of each block up to its end, the zeros that fill up tiles included.
  package var regions: [[Double]] = []

  package init() {}

  /// Regions of `capacity` elements with `rest` behind their ends.
  package func values(capacity: Int, rest: Double) -> [Double] {
    regions.flatMap { $0 + [Double](repeating: rest, count: max(0, capacity - $0.count)) }
  }
}

extension Reference {
  /// `x` `[B, N, H, D]` packed as `PruningFormat` defines it.
  package static func pruned(_ problem: PruningProblem, _ x: [Double]) -> PrunedVectors {
    var result = PrunedVectors()
    let (dim, block) = (problem.headDim, PruningFormat.block)
    for batch in 0..<problem.batch {
      for head in 0..<problem.heads {
        for first in stride(from: 0, to: problem.tokens, by: block) {
          let vectors = (0..<block).map { t in
            let start = ((batch * problem.tokens + first + t) * problem.heads + head) * dim
            return keeping(
              problem.format.kept(of: dim), of: Array(x[start..<(start + dim)]))
          }
          var region: [Double] = []
          for tile in 0..<dim {
            result.offsets.append(region.count / 2)
            var bitmap: UInt64 = 0
            for i in 0..<block {
              let element =
                problem.format.tiles == .keys
                ? vectors[i][tile] : vectors[tile % block][tile / block * block + i]
              guard let element else { continue }
              bitmap |= 1 << UInt64(63 - i)
              region.append(element)
            }
            while region.count % 8 != 0 { region.append(0) }
            result.bitmaps.append(bitmap)
          }
          result.offsets.append(region.count / 2)
          result.regions.append(region)
        }
      }
    }
    return result
  }

  /// The elements that stay; nil for the others.
  private static func keeping(_ kept: Int, of vector: [Double]) -> [Double?] {
    let order = vector.indices.sorted { a, b in
      let (x, y) = (abs(vector[a]), abs(vector[b]))
      return x == y ? a < b : x > y
    }
    var result = [Double?](repeating: nil, count: vector.count)
    for i in order.prefix(kept) { result[i] = vector[i] }
    return result
  }

  /// The vectors `[B, N, H, D]` of packed ones, whatever their offsets say.
  ///
  /// - Parameter values: regions of the problem's capacity.
  package static func unpruned(
    _ problem: PruningProblem, bitmaps: [UInt64], offsets: [Int], values: [Double]
  ) -> [Double] {
    let (dim, block, blocks) = (problem.headDim, PruningFormat.block, problem.blocks)
    var result = [Double](repeating: 0, count: problem.dimensions.reduce(1, *))
    for unit in 0..<problem.units {
      let (sequence, head) = (unit / blocks / problem.heads, unit / blocks % problem.heads)
      for tile in 0..<dim {
        var at = unit * problem.capacity + 2 * offsets[unit * (dim + 1) + tile]
        for i in 0..<block where bitmaps[unit * dim + tile] >> UInt64(63 - i) & 1 == 1 {
          let keys = problem.format.tiles == .keys
          let token = unit % blocks * block + (keys ? i : tile % block)
          let channel = keys ? tile : tile / block * block + i
          result[((sequence * problem.tokens + token) * problem.heads + head) * dim + channel] =
            values[at]
          at += 1
        }
      }
    }
    return result
  }
}
