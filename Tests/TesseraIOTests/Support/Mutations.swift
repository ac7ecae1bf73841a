/// A small generator whose sequence a seed determines.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// `bytes` damaged in one to four random ways: flipped bits, replaced, inserted, removed or doubled
/// stretches, or a cut end. Half of the damage falls on the first `header` bytes.
func mutated(
  _ bytes: [UInt8], header: Int, using random: inout SeededGenerator
) -> [UInt8] {
  // Characters and numbers that parsers trip over.
  let dictionary =
    [
      "{", "}", "[", "]", "(", ")", "\"", "'", ":", ",", "\\", "\\u", "\\ud800", "-1", "0", "00",
      "18446744073709551615", "9223372036854775807", "4611686018427387904", "1e9", "null", "True",
      "__metadata__", "dtype", "shape", "data_offsets", "F8_E4M3", "descr", "\n", "\0", "#", " ",
    ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]]
  var result = bytes
  for _ in 0..<Int.random(in: 1...4, using: &random) {
    guard !result.isEmpty else { break }
    let end = Bool.random(using: &random) ? min(header, result.count) : result.count
    let place = Int.random(in: 0..<max(end, 1), using: &random)
    let length = min(Int.random(in: 1...8, using: &random), result.count - place)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: result[place] = UInt8.random(in: 0...255, using: &random)
    case 2: result.removeSubrange(place..<(place + length))
    case 3: result.removeSubrange(place...)
    case 4: result.insert(contentsOf: Array(result[place..<(place + length)]), at: place)
    case 5:
      let word = dictionary.randomElement(using: &random) ?? []
      result.replaceSubrange(place..<min(place + word.count, result.count), with: word)
    default:
      result.insert(contentsOf: dictionary.randomElement(using: &random) ?? [], at: place)
    }
  }
  return result
}
