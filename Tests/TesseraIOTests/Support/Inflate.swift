/// A slow and simple decoder of zlib data, written against RFC 1950 and 1951 only.
struct Inflate {
  struct Failure: Error { let reason: String }
  private let input: [UInt8]
  private var bit: Int

  /// The decoded bytes; the checksum is checked.
  static func zlib(_ input: [UInt8]) throws -> [UInt8] {
    guard input.count > 6, input[0] & 15 == 8, (Int(input[0]) << 8 | Int(input[1])) % 31 == 0 else {
      throw Failure(reason: "zlib header")
    }
    var inflate = Inflate(input: input, bit: 16)
    let output = try inflate.blocks()
    var (a, b) = (1, 0)
    for byte in output {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    let end = (inflate.bit + 7) / 8
    guard input.count == end + 4, input[end...].reduce(0, { $0 << 8 | Int($1) }) == b << 16 | a
    else {
      throw Failure(reason: "checksum or length")
    }
    return output
  }

  private mutating func bits(_ count: Int) throws -> Int {
    var value = 0
    for i in 0..<count {
      guard bit >> 3 < input.count else { throw Failure(reason: "end of input") }
      value |= Int(input[bit >> 3] >> UInt8(bit & 7) & 1) << i
      bit += 1
    }
    return value
  }

  /// Symbols by code length and code.
  private typealias Code = [Int: Int]

  private func code(_ lengths: [Int]) throws -> Code {
    var result: Code = [:]
    var next = 0
    for length in 1...15 {
      for symbol in lengths.indices where lengths[symbol] == length {
        result[length << 16 | next] = symbol
        next += 1
      }
      guard next <= 1 << length else { throw Failure(reason: "over-full code") }
      next <<= 1
    }
    return result
  }

  private mutating func symbol(_ code: Code) throws -> Int {
    var value = 0
    for length in 1...15 {
      value = value << 1 | (try bits(1))
      if let symbol = code[length << 16 | value] { return symbol }
    }
    throw Failure(reason: "no such code")
  }

  private mutating func blocks() throws -> [UInt8] {
    var output: [UInt8] = []
    var isLast = false
    while !isLast {
      isLast = try bits(1) == 1
      switch try bits(2) {
      case 1:
        let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
        try block(code(lengths), code([Int](repeating: 5, count: 30)), &output)
      case 2:
        let (literals, distances, count) = (try bits(5) + 257, try bits(5) + 1, try bits(4) + 4)
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
        var lengths = [Int](repeating: 0, count: 19)
        for i in 0..<count { lengths[order[i]] = try bits(3) }
        let lengthCode = try code(lengths)
        var all: [Int] = []
        while all.count < literals + distances {
          let symbol = try symbol(lengthCode)
          guard symbol < 16 else { throw Failure(reason: "repeat codes are not used") }
          all.append(symbol)
        }
        try block(code(Array(all[..<literals])), code(Array(all[literals...])), &output)
      default: throw Failure(reason: "block type")
      }
    }
    return output
  }

  private mutating func block(_ literals: Code, _ distances: Code, _ output: inout [UInt8]) throws {
    let lengthBases = [
      3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
      163, 195, 227, 258,
    ]
    let distanceBases = [
      1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
      2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ]
    while true {
      let symbol = try symbol(literals)
      if symbol == 256 { return }
      if symbol < 256 {
        output.append(UInt8(symbol))
        continue
      }
      let index = symbol - 257
      let lengthBits = index < 8 || index == 28 ? 0 : index / 4 - 1
      let length = lengthBases[index] + (try bits(lengthBits))
      let place = try self.symbol(distances)
      let distance = distanceBases[place] + (try bits(place < 2 ? 0 : place / 2 - 1))
      guard distance <= output.count else { throw Failure(reason: "distance") }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }
}
