import TesseraCore

/// The parsed and checked header of a safetensors file: eight bytes of length, then JSON.
struct SafetensorsHeader {
  /// The format's own limit on the length of the JSON text.
  static let maximumLength = 100_000_000
  /// More axes than any tensor has; keeps hostile shapes from taking memory.
  static let maximumRank = 64

  private(set) var entries: [SafetensorsFile.Entry] = []
  private(set) var metadata: [String: String] = [:]
  /// Positions in `entries` by name.
  private(set) var index: [String: Int] = [:]
  /// Where the tensors' bytes begin in the file.
  let dataOffset: Int
  private let path: String

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TesseraError) {
    self.path = path
    guard bytes.count >= 8 else {
      throw .malformed(path, reason: "\(bytes.count) bytes are too few for a safetensors header")
    }
    let claimed = bytes.littleEndian(at: 0, count: 8)
    guard claimed <= Self.maximumLength, claimed >= 2 else {
      throw .malformed(
        path, reason: "header length \(claimed), allowed 2...\(Self.maximumLength) bytes")
    }
    let length = Int(claimed)
    guard length <= bytes.count - 8 else {
      throw .malformed(
        path, reason: "header of \(length) bytes, but only \(bytes.count - 8) bytes follow")
    }
    dataOffset = 8 + length
    // The format asks for '{' as the first byte: white space may only follow the object.
    guard bytes[8] == UInt8(ascii: "{") else {
      throw .malformed(path, reason: "header does not begin with '{'")
    }
    var scanner = HeaderScanner(Array(bytes[8..<dataOffset]))
    try scanner.object { scanner, key throws(TesseraError) in
      if key == "__metadata__" {
        try readMetadata(&scanner)
      } else {
        try readTensor(&scanner, key)
      }
    } failure: {
      malformed($0)
    }
    do throws(HeaderScanner.Failure) { try scanner.end() } catch { throw malformed(error) }
    try checkLayout(dataBytes: bytes.count - dataOffset)
  }

  private var hasMetadata = false

  private mutating func readMetadata(_ scanner: inout HeaderScanner) throws(TesseraError) {
    if hasMetadata { throw .malformed(path, reason: "__metadata__ appears twice") }
    hasMetadata = true
    try scanner.object { scanner, key throws(TesseraError) in
      do throws(HeaderScanner.Failure) {
        let value = try scanner.string()
        guard metadata.updateValue(value, forKey: key) == nil else {
          throw scanner.fail("key \(quoted(key)) appears twice")
        }
      } catch { throw malformed(error, place: "__metadata__") }
    } failure: {
      malformed($0, place: "__metadata__")
    }
  }

  private mutating func readTensor(
    _ scanner: inout HeaderScanner, _ name: String
  ) throws(TesseraError) {
    let place = "tensor \(quoted(name))"
    guard index.updateValue(entries.count, forKey: name) == nil else {
      throw .malformed("\(path): \(place)", reason: "the name appears twice")
    }
    var typeName: String?
    var extents: [Int]?
    var offsets: [Int]?
    try scanner.object { scanner, key throws(TesseraError) in
      do throws(HeaderScanner.Failure) {
        switch key {
        case "dtype" where typeName == nil: typeName = try scanner.string()
        case "shape" where extents == nil:
          extents = try scanner.integers(limit: Self.maximumRank)
        case "data_offsets" where offsets == nil: offsets = try scanner.integers(limit: 2)
        case "dtype", "shape", "data_offsets": throw scanner.fail("\(quoted(key)) appears twice")
        // Later versions of the format may say more of a tensor.
        default: try scanner.skipValue()
        }
      } catch { throw malformed(error, place: place) }
    } failure: {
      malformed($0, place: place)
    }

    func require<T>(_ value: T?, _ key: String) throws(TesseraError) -> T {
      guard let value else {
        throw .malformed("\(path): \(place)", reason: "\(quoted(key)) is missing")
      }
      return value
    }
    let range = try require(offsets, "data_offsets")
    guard range.count == 2, range[0] <= range[1] else {
      throw .malformed(
        "\(path): \(place)", reason: "data_offsets \(range), allowed [begin, end] with begin ≤ end")
    }
    let shape: Shape
    do throws(TesseraError) { shape = try Shape(require(extents, "shape")) } catch {
      throw .malformed("\(path): \(place)", reason: error.message)
    }
    let type = try require(typeName, "dtype")
    entries.append(
      SafetensorsFile.Entry(
        name: name, typeName: type, dtype: SafetensorsType.dtype(type), shape: shape,
        byteRange: range[0]..<range[1]))
  }

  /// Checks that the tensors fill the data exactly, one after the other, and match their shapes.
  private func checkLayout(dataBytes: Int) throws(TesseraError) {
    var end = 0
    let ordered = entries.sorted {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound)
        < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    for entry in ordered {
      func malformed(_ reason: String) -> TesseraError {
        .malformed("\(path): tensor \(quoted(entry.name))", reason: reason)
      }
      let range = entry.byteRange
      if range.upperBound > dataBytes {
        throw malformed(
          "bytes \(range.lowerBound)..<\(range.upperBound) exceed the \(dataBytes) of the file")
      }
      if range.lowerBound != end {
        throw malformed(
          range.lowerBound < end
            ? "bytes overlap the tensor before: begin \(range.lowerBound), which ends at \(end)"
            : "\(range.lowerBound - end) bytes before it belong to no tensor")
      }
      if let bits = SafetensorsType.bitCount(entry.typeName) {
        let (total, overflow) = entry.shape.elementCount.multipliedReportingOverflow(by: bits)
        guard !overflow, total % 8 == 0, total / 8 == range.count else {
          throw malformed(
            "\(range.count) bytes do not match \(entry.typeName) of shape \(entry.shape)")
        }
      }
      end = range.upperBound
    }
    if end != dataBytes {
      throw .malformed(path, reason: "\(dataBytes - end) bytes at the end belong to no tensor")
    }
  }

  private func malformed(
    _ failure: HeaderScanner.Failure, place: String? = nil
  ) -> TesseraError {
    .malformed(
      place.map { "\(path): \($0)" } ?? path,
      reason: "\(failure.reason), at byte \(failure.offset) of the header")
  }
}
