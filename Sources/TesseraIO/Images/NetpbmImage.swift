public import TesseraCore

/// A picture from a binary Netpbm file: PGM (P5, gray) or PPM (P6, colour) of 8 or 16 bits.
public struct NetpbmImage: Sendable {
  /// Pixels of one row.
  public let width: Int
  /// Number of rows.
  public let height: Int
  /// Samples of one pixel: 1 (gray) or 3 (red, green, blue).
  public let channels: Int
  /// The sample value that means full brightness, 1...65535.
  public let maximum: Int
  /// [height, width, channels]: `u8` if `maximum` is below 256, else `u16`. An 8-bit picture is a
  /// view of the mapped file, which must not be shortened while the tensor lives.
  public let samples: HostTensor

  /// Reads the picture at `path`.
  /// - Throws: `io` if it cannot be read, `malformedData` if it is not a valid P5 or P6 file.
  public init(path: String) throws(TesseraError) {
    try self.init(storage: MappedFile.open(path), path: path)
  }

  /// Reads bytes that are in memory already; `path` names them in messages.
  package init(storage: HostStorage, path: String) throws(TesseraError) {
    let bytes = storage.bytes
    guard bytes.count > 2, bytes[0] == UInt8(ascii: "P"),
      bytes[1] == UInt8(ascii: "5") || bytes[1] == UInt8(ascii: "6")
    else { throw .malformed(path, reason: "not a binary PGM or PPM file (P5 or P6)") }
    channels = bytes[1] == UInt8(ascii: "6") ? 3 : 1
    var offset = 2
    width = try Self.field("width", 1...Int(Int32.max), bytes, &offset, path)
    height = try Self.field("height", 1...Int(Int32.max), bytes, &offset, path)
    maximum = try Self.field("maximum", 1...65535, bytes, &offset, path)
    // Exactly one byte of white space ends the header: the next may already be a sample.
    guard offset < bytes.count, Self.isSpace(bytes[offset]) else {
      throw .malformed(path, reason: "no white space after the header")
    }
    offset += 1
    let dtype: DType = maximum < 256 ? .u8 : .u16
    let shape: Shape
    let byteCount: Int
    do throws(TesseraError) {
      shape = try Shape([height, width, channels])
      byteCount = try shape.byteCount(of: dtype)
    } catch { throw .malformed(path, reason: error.message) }
    guard byteCount == bytes.count - offset else {
      throw .malformed(
        path,
        reason: "\(bytes.count - offset) bytes of samples, but \(width) × \(height) × "
          + "\(channels) of \(dtype) take \(byteCount)")
    }
    let view = try HostTensor(dtype: dtype, shape: shape, storage: storage, offset: offset)
    samples = dtype == .u8 ? view : Self.swapped(view)
    // Every value is possible where the maximum is that of the type.
    if maximum != 255 && maximum != 65535 { try checkRange(path) }
  }

  /// [height, width, channels] in `f32`: 0 is black, 1 is full brightness. No gamma is undone.
  public func unitValues() throws(TesseraError) -> HostTensor {
    let scale = 1 / Float(maximum)
    return try HostTensor(samples.floats().map { $0 * scale }, shape: samples.shape)
  }

  /// Reads one number of the header, after white space and comments.
  private static func field(
    _ name: String, _ allowed: ClosedRange<Int>, _ bytes: UnsafeRawBufferPointer,
    _ offset: inout Int, _ path: String
  ) throws(TesseraError) -> Int {
    let start = offset
    while offset < bytes.count {
      if bytes[offset] == UInt8(ascii: "#") {
        while offset < bytes.count, bytes[offset] != 10, bytes[offset] != 13 { offset += 1 }
      } else if isSpace(bytes[offset]) {
        offset += 1
      } else {
        break
      }
    }
    guard offset > start else {
      throw .malformed(path, reason: "no white space before the \(name)")
    }
    let first = offset
    var value = 0
    while offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 {
      value = value * 10 + Int(bytes[offset] - 0x30)
      guard value <= allowed.upperBound else { break }
      offset += 1
    }
    guard offset > first, allowed.contains(value) else {
      throw .malformed(path, reason: "\(name) is not a number in \(allowed)")
    }
    return value
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (byte >= 9 && byte <= 13) }

  /// Netpbm's 16-bit samples are big-endian.
  private static func swapped(_ tensor: HostTensor) -> HostTensor {
    HostTensor(dtype: tensor.dtype, shape: tensor.shape) { destination in
      tensor.withUnsafeBytes { source in
        for i in stride(from: 0, to: source.count, by: 2) {
          destination[i] = source[i + 1]
          destination[i + 1] = source[i]
        }
      }
    }
  }

  private func checkRange(_ path: String) throws(TesseraError) {
    let highest: Int =
      samples.dtype == .u8
      ? Int(samples.values(as: UInt8.self)?.max() ?? 0)
      : Int(samples.values(as: UInt16.self)?.max() ?? 0)
    guard highest <= maximum else {
      throw .malformed(path, reason: "sample \(highest) exceeds the maximum \(maximum)")
    }
  }
}
