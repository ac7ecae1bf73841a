/// Compression to the zlib format (RFC 1950 and 1951).
///
/// Matches are found over hash chains and coded with Huffman codes made for each block, or with the
/// fixed codes where those take fewer bits.
enum Deflate {
  /// `bytes` compressed, with zlib's header and checksum.
  static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    // 0x78: deflate with a window of 32 KiB. 0x9C makes the pair a multiple of 31.
    var writer = BitWriter(bytes: [0x78, 0x9C])
    var matcher = MatchFinder(bytes)
    repeat {
      let symbols = matcher.next(limit: 1 << 15)
      write(symbols, isLast: matcher.isAtEnd, to: &writer)
    } while !matcher.isAtEnd
    writer.align()
    return writer.bytes + Checksum.adler32(bytes).bigEndianBytes
  }

  /// One block: its literals and matches in the cheaper of the two codings.
  private static func write(
    _ symbols: [MatchFinder.Symbol], isLast: Bool, to writer: inout BitWriter
  ) {
    var literalCounts = [Int](repeating: 0, count: 286)
    var distanceCounts = [Int](repeating: 0, count: 30)
    literalCounts[endOfBlock] = 1
    for symbol in symbols {
      switch symbol {
      case .literal(let byte): literalCounts[Int(byte)] += 1
      case .match(let length, let distance):
        literalCounts[257 + code(length, lengthBases)] += 1
        distanceCounts[code(distance, distanceBases)] += 1
      }
    }
    let literals = HuffmanCode(counts: literalCounts, maximumLength: 15)
    let distances = HuffmanCode(counts: distanceCounts, maximumLength: 15)
    let lengths = literals.lengths + distances.lengths
    var lengthCounts = [Int](repeating: 0, count: 19)
    for length in lengths { lengthCounts[Int(length)] += 1 }
    let lengthCode = HuffmanCode(counts: lengthCounts, maximumLength: 7)

    let own =
      literals.bitCount(literalCounts) + distances.bitCount(distanceCounts)
      + lengthCode.bitCount(lengthCounts) + 14 + 19 * 3
    let fixed = fixedLiterals.bitCount(literalCounts) + fixedDistances.bitCount(distanceCounts)
    writer.write(isLast ? 1 : 0, count: 1)
    if own < fixed {
      writer.write(2, count: 2)
      writer.write(literals.lengths.count - 257, count: 5)
      writer.write(distances.lengths.count - 1, count: 5)
      writer.write(19 - 4, count: 4)
      for position in lengthOrder { writer.write(Int(lengthCode.lengths[position]), count: 3) }
      for length in lengths { lengthCode.write(Int(length), to: &writer) }
      write(symbols, literals, distances, to: &writer)
    } else {
      writer.write(1, count: 2)
      write(symbols, fixedLiterals, fixedDistances, to: &writer)
    }
  }

  private static func write(
    _ symbols: [MatchFinder.Symbol], _ literals: HuffmanCode, _ distances: HuffmanCode,
    to writer: inout BitWriter
  ) {
    for symbol in symbols {
      switch symbol {
      case .literal(let byte): literals.write(Int(byte), to: &writer)
      case .match(let length, let distance):
        let lengthIndex = code(length, lengthBases)
        literals.write(257 + lengthIndex, to: &writer)
        writer.write(length - lengthBases[lengthIndex], count: lengthExtraBits[lengthIndex])
        let index = code(distance, distanceBases)
        distances.write(index, to: &writer)
        writer.write(distance - distanceBases[index], count: index < 2 ? 0 : index / 2 - 1)
      }
    }
    literals.write(endOfBlock, to: &writer)
  }

  // MARK: Tables of RFC 1951, section 3.2.5 to 3.2.7

  private static let endOfBlock = 256
  private static let lengthExtraBits =
    [Int](repeating: 0, count: 8) + (1...5).flatMap { [Int](repeating: $0, count: 4) } + [0]
  private static let lengthBases: [Int] = {
    var bases: [Int] = []
    var base = 3
    for bits in lengthExtraBits.dropLast() {
      bases.append(base)
      base += 1 << bits
    }
    // 258 has a code of its own.
    return bases + [258]
  }()
  private static let distanceBases: [Int] = {
    var bases: [Int] = []
    var base = 1
    for index in 0..<30 {
      bases.append(base)
      base += 1 << (index < 2 ? 0 : index / 2 - 1)
    }
    return bases
  }()
  /// The order in which the lengths of the length code are sent.
  private static let lengthOrder = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]
  private static let fixedLiterals = HuffmanCode(
    lengths: (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  private static let fixedDistances = HuffmanCode(lengths: [UInt8](repeating: 5, count: 30))

  /// The last position in `bases` whose value is not above `value`.
  private static func code(_ value: Int, _ bases: [Int]) -> Int {
    var (low, high) = (0, bases.count)
    while low + 1 < high {
      let middle = (low + high) / 2
      if bases[middle] <= value { low = middle } else { high = middle }
    }
    return low
  }
}
