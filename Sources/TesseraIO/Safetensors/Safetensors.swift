public import TesseraCore

/// Writing safetensors files.
public enum Safetensors {
  /// Writes `tensors` to `path`, in the given order of names.
  ///
  /// Every tensor's bytes begin at a multiple of its element size. The file appears complete or not
  /// at all: see the package's notes on files.
  /// - Parameter metadata: free text pairs for the header.
  /// - Throws: `invalidArgument` for a repeated or reserved name, `overLimit` if the header exceeds
  ///   the format's 100 MB, `io` if the file cannot be written.
  public static func write(
    _ tensors: [(name: String, tensor: HostTensor)], metadata: [String: String] = [:],
    to path: String
  ) throws(TesseraError) {
    let (header, order) = try header(tensors, metadata: metadata)
    try AtomicFile.write(to: path) { sink throws(TesseraError) in
      try sink.write(UInt64(header.count).littleEndianBytes)
      try sink.write(header)
      for position in order {
        try tensors[position].tensor.withUnsafeBytes { bytes throws(TesseraError) in
          try sink.write(bytes)
        }
      }
    }
  }

  /// The JSON text, padded to a multiple of eight bytes, and the order of the tensors' bytes.
  private static func header(
    _ tensors: [(name: String, tensor: HostTensor)], metadata: [String: String]
  ) throws(TesseraError) -> (text: [UInt8], order: [Int]) {
    // Wide elements first: with the header a multiple of 8 bytes, all are aligned without padding.
    let order = tensors.indices.sorted { a, b in
      let (left, right) = (tensors[a].tensor.dtype.byteCount, tensors[b].tensor.dtype.byteCount)
      return left == right ? a < b : left > right
    }
    var offsets = [Int](repeating: 0, count: tensors.count + 1)
    var end = 0
    for position in order {
      offsets[position] = end
      let (next, overflow) = end.addingReportingOverflow(tensors[position].tensor.byteCount)
      if overflow {
        throw .overLimit("bytes of all tensors", requested: "too many", limit: Int.max)
      }
      end = next
    }

    var fields: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }
      fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var seen: Set<String> = []
    for (position, (name, tensor)) in tensors.enumerated() {
      guard name != "__metadata__", seen.insert(name).inserted else {
        throw .invalidArgument(
          "tensor name", got: quoted(name), allowed: "each name once, and not __metadata__")
      }
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      let begin = offsets[position]
      fields.append(
        "\(json(name)):{\"dtype\":\"\(SafetensorsType.name(tensor.dtype))\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(begin),\(begin + tensor.byteCount)]}")
    }
    var text = Array("{\(fields.joined(separator: ","))}".utf8)
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    guard text.count <= SafetensorsHeader.maximumLength else {
      throw .overLimit(
        "header of \(tensors.count) tensors", requested: text.count,
        limit: SafetensorsHeader.maximumLength)
    }
    return (text, order)
  }

  /// `text` as a JSON string.
  private static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
