import TesseraCore

/// The parsed header of an npy file: magic, version, length, and a Python dictionary as text.
struct NpyHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// NumPy pads its headers to some hundred bytes; nobody needs more than this.
  static let maximumLength = 1 << 20
  /// More axes than NumPy allows.
  static let maximumRank = 64

  /// The type string, such as `<f4`.
  let descriptor: String
  /// Whether the first axis is the fastest.
  let isFortranOrder: Bool
  let shape: Shape
  /// Where the elements begin in the file.
  let dataOffset: Int

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TesseraError) {
    guard bytes.count >= 10, bytes[0..<6].elementsEqual(Self.magic) else {
      throw .malformed(path, reason: "not an npy file: the first bytes are not \\x93NUMPY")
    }
    let version = (bytes[6], bytes[7])
    guard (1...3).contains(version.0), version.1 == 0 else {
      throw .malformed(path, reason: "npy version \(version.0).\(version.1), allowed 1.0, 2.0, 3.0")
    }
    let lengthBytes = version.0 == 1 ? 2 : 4
    guard bytes.count >= 8 + lengthBytes else {
      throw .malformed(path, reason: "the file ends in its header")
    }
    let length = Int(bytes.littleEndian(at: 8, count: lengthBytes))
    guard length <= Self.maximumLength else {
      throw .malformed(path, reason: "header length \(length), allowed up to \(Self.maximumLength)")
    }
    let start = 8 + lengthBytes
    guard length <= bytes.count - start else {
      throw .malformed(
        path, reason: "header of \(length) bytes, but only \(bytes.count - start) bytes follow")
    }
    dataOffset = start + length
    var scanner = PythonScanner(Array(bytes[start..<dataOffset]))
    let fields: PythonScanner.Fields
    do throws(HeaderScanner.Failure) {
      fields = try scanner.fields(maximumRank: Self.maximumRank)
    } catch {
      throw .malformed(path, reason: "\(error.reason), at byte \(error.offset) of the header")
    }
    descriptor = fields.descriptor
    isFortranOrder = fields.isFortranOrder
    do throws(TesseraError) { shape = try Shape(fields.extents) } catch {
      throw .malformed(path, reason: error.message)
    }
  }

  /// A header of version 1.0 that ends at a multiple of 64 bytes, as NumPy writes it.
  static func text(descriptor: String, shape: Shape) -> [UInt8] {
    let extents = shape.dimensions.map(String.init).joined(separator: ", ")
    let tuple = shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
    var text = Array(
      "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    text.append(
      contentsOf: repeatElement(UInt8(ascii: " "), count: (64 - (11 + text.count) % 64) % 64))
    text.append(UInt8(ascii: "\n"))
    return magic + [1, 0] + UInt16(text.count).littleEndianBytes + text
  }
}
