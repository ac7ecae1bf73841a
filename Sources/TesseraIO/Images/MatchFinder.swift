/// Splits bytes into literals and references to earlier bytes (LZ77).
struct MatchFinder {
  enum Symbol {
    case literal(UInt8)
    /// `length` (3...258) bytes that also stand `distance` (1...32768) bytes before.
    case match(length: Int, distance: Int)
  }

  private static let window = 1 << 15
  private static let hashBits = 15
  private static let longest = 258
  /// Earlier places that are tried for a match: more find little and cost time.
  private static let attempts = 24

  private let bytes: [UInt8]
  private var position = 0
  /// The latest place of each hash of three bytes, and for each place the one before it; -1 is none.
  private var heads = [Int32](repeating: -1, count: 1 << hashBits)
  private var previous = [Int32](repeating: -1, count: window)

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether everything has been handed out.
  var isAtEnd: Bool { position == bytes.count }

  /// The next symbols, at most `limit` of them.
  mutating func next(limit: Int) -> [Symbol] {
    var symbols: [Symbol] = []
    symbols.reserveCapacity(limit)
    while symbols.count < limit, position < bytes.count {
      let match = insertAndFind()
      if match.length < 3 {
        symbols.append(.literal(bytes[position]))
        position += 1
      } else {
        symbols.append(.match(length: match.length, distance: match.distance))
        position += 1
        for _ in 1..<match.length {
          insert()
          position += 1
        }
      }
    }
    return symbols
  }

  private func hash() -> Int {
    let key =
      UInt32(bytes[position]) << 16 | UInt32(bytes[position + 1]) << 8 | UInt32(bytes[position + 2])
    return Int((key &* 0x9E37_79B1) >> (32 - UInt32(Self.hashBits)))
  }

  /// Enters this place into its chain and returns the place before it there.
  @discardableResult
  private mutating func insert() -> Int {
    guard position + 2 < bytes.count else { return -1 }
    let hash = hash()
    let candidate = heads[hash]
    previous[position & (Self.window - 1)] = candidate
    // Images of 2 GiB and more would wrap here; a wrong candidate is only a lost match.
    heads[hash] = Int32(truncatingIfNeeded: position)
    return Int(candidate)
  }

  private mutating func insertAndFind() -> (length: Int, distance: Int) {
    var candidate = insert()
    var best = (length: 0, distance: 0)
    let limit = min(Self.longest, bytes.count - position)
    var attempts = Self.attempts
    while candidate >= 0, candidate < position, position - candidate <= Self.window, attempts > 0 {
      attempts -= 1
      if best.length < limit, bytes[candidate + best.length] == bytes[position + best.length] {
        var length = 0
        while length < limit, bytes[candidate + length] == bytes[position + length] { length += 1 }
        if length > best.length { best = (length, position - candidate) }
        if length == limit { break }
      }
      let earlier = Int(previous[candidate & (Self.window - 1)])
      // A slot that was reused since points forward: the chain ends there.
      if earlier >= candidate { break }
      candidate = earlier
    }
    return best
  }
}
