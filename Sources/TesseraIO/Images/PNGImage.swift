public import TesseraCore

/// A picture of 8-bit samples that can be written as PNG.
public struct PNGImage: Sendable, Hashable {
  /// What the samples of one pixel mean.
  public enum Format: Int, Sendable, Hashable, CaseIterable {
    /// One sample: 0 is black.
    case gray = 1
    /// Red, green, blue.
    case rgb = 3
    /// Red, green, blue, opacity.
    case rgba = 4

    /// Samples of one pixel.
    public var channels: Int { rawValue }
    /// PNG's number for it.
    fileprivate var colorType: UInt8 {
      switch self {
      case .gray: 0
      case .rgb: 2
      case .rgba: 6
      }
    }
  }

  /// Pixels of one row.
  public let width: Int
  /// Number of rows.
  public let height: Int
  /// What the samples of one pixel mean.
  public let format: Format
  /// `height` rows of `width` pixels of `format.channels` samples, top row first.
  public let samples: [UInt8]

  /// Takes the samples of a picture.
  /// - Throws: `invalidArgument` if a side is outside 1...2³¹-1 or the number of samples is not
  ///   width × height × channels.
  public init(
    width: Int, height: Int, format: Format, samples: [UInt8]
  ) throws(TesseraError) {
    let sides = 1...Int(Int32.max)
    guard sides.contains(width), sides.contains(height) else {
      throw .invalidArgument(
        "image size", got: "\(width) × \(height)", allowed: "sides in \(sides)")
    }
    // Two sides below 2³¹ cannot overflow; four channels of them can.
    let (count, overflow) = (width * height).multipliedReportingOverflow(by: format.channels)
    guard !overflow, samples.count == count else {
      throw .invalidArgument(
        "samples", got: samples.count,
        allowed: "exactly \(width) × \(height) × \(format.channels)")
    }
    self.width = width
    self.height = height
    self.format = format
    self.samples = samples
  }

  /// Takes values of 0...1, clamped and rounded to 8 bits; NaN becomes 0.
  /// - Throws: as the other initialiser.
  public init(
    width: Int, height: Int, format: Format, unitValues: [Float]
  ) throws(TesseraError) {
    try self.init(
      width: width, height: height, format: format,
      samples: unitValues.map { $0 > 0 ? UInt8(min($0, 1) * 255 + 0.5) : 0 })
  }

  /// The picture as the bytes of a PNG file.
  public func encoded() -> [UInt8] {
    var bytes: [UInt8] = [0x89] + Array("PNG\r\n".utf8) + [0x1A, 0x0A]
    func chunk(_ type: String, _ content: [UInt8]) {
      let body = Array(type.utf8) + content
      bytes += UInt32(content.count).bigEndianBytes + body
      bytes += Checksum.crc32(body).bigEndianBytes
    }
    chunk(
      "IHDR",
      UInt32(width).bigEndianBytes + UInt32(height).bigEndianBytes
        + [8, format.colorType, 0, 0, 0])
    // A chunk holds less than 2³¹ bytes; readers like smaller ones.
    let data = Deflate.zlib(PNGFilter.filtered(self))
    for start in stride(from: 0, to: data.count, by: 1 << 20) {
      chunk("IDAT", Array(data[start..<min(start + 1 << 20, data.count)]))
    }
    chunk("IEND", [])
    return bytes
  }

  /// Writes the picture to `path`. The file appears complete or not at all.
  /// - Throws: `io` if the file cannot be written.
  public func write(to path: String) throws(TesseraError) {
    try AtomicFile.write(encoded(), to: path)
  }
}
