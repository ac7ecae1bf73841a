/// A canonical prefix code of deflate.
struct HuffmanCode {
  /// Bits of each symbol's code; 0 for symbols that do not occur.
  let lengths: [UInt8]
  /// The codes with their first bit lowest, as the bit stream wants them.
  private let codes: [UInt16]

  /// The canonical code of the given lengths.
  init(lengths: [UInt8]) {
    self.lengths = lengths
    var codes = [UInt16](repeating: 0, count: lengths.count)
    var code = 0
    for length in 1...15 {
      for symbol in lengths.indices where lengths[symbol] == length {
        var reversed: UInt16 = 0
        for bit in 0..<length where code >> bit & 1 == 1 { reversed |= 1 << (length - 1 - bit) }
        codes[symbol] = reversed
        code += 1
      }
      code <<= 1
    }
    self.codes = codes
  }

  /// The best code for symbols that occur `counts` times, with no code over `maximumLength` bits.
  init(counts: [Int], maximumLength: Int) {
    var weights = counts
    // Decoders want a complete code: at least two symbols, also where fewer occur.
    for symbol in weights.indices where weights.count(where: { $0 > 0 }) < 2 && weights[symbol] == 0
    {
      weights[symbol] = 1
    }
    var lengths = Self.lengths(weights)
    // Flattening the weights shortens the longest codes; equal weights give at most 9 bits.
    while lengths.contains(where: { $0 > maximumLength }) {
      weights = weights.map { $0 == 0 ? 0 : $0 / 4 + 1 }
      lengths = Self.lengths(weights)
    }
    self.init(lengths: lengths.map { UInt8($0) })
  }

  /// Bits that symbols occurring `counts` times take in this code.
  func bitCount(_ counts: [Int]) -> Int { zip(counts, lengths).reduce(0) { $0 + $1.0 * Int($1.1) } }

  /// Appends the code of `symbol`.
  func write(_ symbol: Int, to writer: inout BitWriter) {
    writer.write(Int(codes[symbol]), count: Int(lengths[symbol]))
  }

  /// Depth of each symbol in the Huffman tree of `weights`; 0 where the weight is 0.
  private static func lengths(_ weights: [Int]) -> [Int] {
    let leaves = weights.indices.filter { weights[$0] > 0 }.sorted { weights[$0] < weights[$1] }
    // Two queues, both in ascending order: the leaves, and the nodes in the order they are made.
    var nodeWeights: [Int] = []
    var parents = [Int](repeating: 0, count: max(2 * leaves.count - 1, 0))
    var (nextLeaf, nextNode) = (0, 0)
    func lightest() -> (item: Int, weight: Int) {
      if nextLeaf < leaves.count,
        nextNode >= nodeWeights.count || weights[leaves[nextLeaf]] <= nodeWeights[nextNode]
      {
        nextLeaf += 1
        return (nextLeaf - 1, weights[leaves[nextLeaf - 1]])
      }
      nextNode += 1
      return (leaves.count + nextNode - 1, nodeWeights[nextNode - 1])
    }
    while nodeWeights.count < leaves.count - 1 {
      let (first, second) = (lightest(), lightest())
      parents[first.item] = leaves.count + nodeWeights.count
      parents[second.item] = leaves.count + nodeWeights.count
      nodeWeights.append(first.weight + second.weight)
    }
    // The root is the last node: parents come after their children, so walk backwards.
    var depths = [Int](repeating: 0, count: parents.count)
    for item in parents.indices.reversed().dropFirst() { depths[item] = depths[parents[item]] + 1 }
    var result = [Int](repeating: 0, count: weights.count)
    for (position, symbol) in leaves.enumerated() { result[symbol] = depths[position] }
    return result
  }
}
