/// SHA-256 (FIPS 180-4): names and checks cache entries.
///
/// Written here because the only other user of a crypto package would be this one digest.
package struct SHA256 {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0

  package init() {}

  /// The digest of `bytes`.
  package static func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var hasher = SHA256()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// The digest of a text's UTF-8.
  package static func hex(_ text: String) -> String { hex(hash(text.utf8)) }

  /// Lower-case hexadecimal digits of `digest`.
  package static func hex(_ digest: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  package mutating func update(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      pending.append(byte)
      if pending.count == 64 {
        compress()
        pending.removeAll(keepingCapacity: true)
      }
      byteCount &+= 1
    }
  }

  /// Feeds a text and its length, so that consecutive fields cannot run into each other.
  package mutating func update(field text: String) {
    let bytes = Array(text.utf8)
    withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { update($0) }
    update(bytes)
  }

  package mutating func finish() -> [UInt8] {
    let bits = byteCount &* 8
    update([0x80])
    while pending.count != 56 { update([0]) }
    withUnsafeBytes(of: bits.bigEndian) { update($0) }
    return state.flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) }
  }

  private mutating func compress() {
    var w = [UInt32](repeating: 0, count: 64)
    for i in 0..<16 {
      w[i] = (0..<4).reduce(0) { $0 << 8 | UInt32(pending[4 * i + $1]) }
    }
    func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
    for i in 16..<64 {
      let s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3
      let s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10
      w[i] = w[i - 16] &+ s0 &+ w[i - 7] &+ s1
    }
    var v = state
    for i in 0..<64 {
      let s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
      let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
      let t1 = v[7] &+ s1 &+ choice &+ SHA256.roundConstants[i] &+ w[i]
      let s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
      let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
      v = [t1 &+ s0 &+ majority, v[0], v[1], v[2], v[3] &+ t1, v[4], v[5], v[6]]
    }
    for i in 0..<8 { state[i] &+= v[i] }
  }

  private static let roundConstants: [UInt32] = {
    // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
    var primes: [UInt64] = []
    var candidate: UInt64 = 2
    while primes.count < 64 {
      if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      // Largest x with x³ ≤ prime·2⁹⁶, by bisection in integers; its low 32 bits are the fraction.
      var (low, high): (UInt64, UInt64) = (0, 7 << 32)
      while low + 1 < high {
        let middle = (low + high) / 2
        if cubeExceeds(middle, prime) { high = middle } else { low = middle }
      }
      return UInt32(truncatingIfNeeded: low)
    }
  }()

  /// Whether x³ > prime · 2⁹⁶, for x < 2³⁶.
  private static func cubeExceeds(_ x: UInt64, _ prime: UInt64) -> Bool {
    let square = x.multipliedFullWidth(by: x)
    // x³ as three 64-bit limbs.
    let low = square.low.multipliedFullWidth(by: x)
    let high = square.high.multipliedFullWidth(by: x)
    let (middle, carry) = low.high.addingReportingOverflow(high.low)
    let top = high.high &+ (carry ? 1 : 0)
    let (limitMiddle, limitTop) = (prime << 32, UInt64(0))
    if top != limitTop { return top > limitTop }
    if middle != limitMiddle { return middle > limitMiddle }
    return low.low > 0
  }
}
