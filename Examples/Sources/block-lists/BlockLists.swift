import Tessera

/// Attention over block lists: who attends whom is data, made while the program runs.
///
/// Every 32 queries attend three blocks of 16 keys, another three for each KV head, and the eight keys
/// before their own position. The result is compared with a loop over the definition.
@main struct BlockLists {
  static func main() throws {
    let device = try Device.best()
    print("running on \(device)")
    let (tokens, heads, kvHeads, d, queryBlock, keyBlock) = (256, 4, 2, 32, 32, 16)
    let queries: Shape = [1, tokens, heads, d]
    let keys: Shape = [1, tokens, kvHeads, d]
    let (q, k, v) = (noise(queries, 1), noise(keys, 2), noise(keys, 3))

    // Block 0, and two that depend on row and head; the order does not matter.
    let rows = tokens / queryBlock
    var entries: [Int32] = []
    for head in 0..<kvHeads {
      for row in 0..<rows {
        entries += [Int32(row * 2), 0, Int32((row * 5 + head * 3) % (row * 2 + 1))]
      }
    }
    let lists = BlockList(
      indices: try Tensor(entries, shape: [1, kvHeads, rows, 3], on: device),
      queryBlock: queryBlock, keyBlock: keyBlock)
    let o = try device.blockListAttention(
      Tensor(q, shape: queries, on: device), Tensor(k, shape: keys, on: device),
      Tensor(v, shape: keys, on: device), lists: lists,
      options: BlockListOptions(causal: true, window: (8, 0))
    ).floats()

    var worst: Float = 0
    for t in [0, 31, 100, 255] {
      for head in 0..<heads {
        let kvHead = head / (heads / kvHeads)
        let start = (kvHead * rows + t / queryBlock) * 3
        let attended = (0...t).filter { j in
          entries[start..<(start + 3)].contains(Int32(j / keyBlock)) || t - j <= 8
        }
        let expected = attention(
          q, (t * heads + head) * d, k, v, attended.map { ($0 * kvHeads + kvHead) * d }, d)
        for i in 0..<d { worst = max(worst, abs(o[(t * heads + head) * d + i] - expected[i])) }
      }
    }
    print(worst < 1e-4 ? "lists agree with the definition" : "lists DIFFER by \(worst)")
  }

  /// One query over the listed vectors.
  static func attention(
    _ q: [Float], _ query: Int, _ k: [Float], _ v: [Float], _ keys: [Int], _ d: Int
  ) -> [Float] {
    var (sum, o): (Float, [Float]) = (0, [Float](repeating: 0, count: d))
    for key in keys {
      var score: Float = 0
      for i in 0..<d { score += q[query + i] * k[key + i] }
      // The scores of this noise are small: no maximum is needed.
      let weight = exponential(score / Float(d).squareRoot())
      sum += weight
      for i in 0..<d { o[i] += weight * v[key + i] }
    }
    return o.map { $0 / sum }
  }

  /// eˣ for |x| of a few, as Swift alone has none.
  static func exponential(_ x: Float) -> Float {
    var (term, sum): (Double, Double) = (1, 1)
    for n in 1..<40 {
      term *= Double(x) / Double(n)
      sum += term
    }
    return Float(sum)
  }

  /// Values between −1 and 1 that depend on the seed alone.
  static func noise(_ shape: Shape, _ seed: UInt64) -> [Float] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    return (0..<shape.elementCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
    }
  }
}
