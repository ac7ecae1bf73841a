/// Little-endian integers in byte arrays, without any assumption on alignment.
extension RandomAccessCollection<UInt8> where Index == Int {
  /// The unsigned integer in the `count` ≤ 8 bytes at `offset` from the start.
  /// The caller has checked that they are there.
  func littleEndian(at offset: Int, count: Int) -> UInt64 {
    var value: UInt64 = 0
    for i in (0..<count).reversed() { value = value << 8 | UInt64(self[startIndex + offset + i]) }
    return value
  }
}

extension FixedWidthInteger {
  /// The bytes, least significant first.
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
  /// The bytes, most significant first.
  var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian, Array.init) }
}
