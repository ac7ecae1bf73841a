import TesseraHAL

/// The form in which a driver's program binary is handed to the cache.
///
/// PoCL keeps its own cache of compiled work-groups, but still takes 60 to 100 ms to build a
/// program from source that it has built before; from its binary it takes 2 ms. It trusts the
/// binary, though: one that lost or changed bytes ends the process, and oclgrind does the same. So
/// the binaries of software drivers travel with a checksum, and none is given to them that does not
/// match. GPU drivers refuse what they cannot use, and theirs is passed on as it is (NVIDIA's is
/// PTX text).
enum OpenCLBinary {
  private static let magic: [UInt8] = Array("TSRACL01".utf8)
  private static let headerBytes = 16

  /// What to store for a binary the driver returned.
  static func wrapped(_ binary: [UInt8], for capabilities: Capabilities) -> [UInt8] {
    guard capabilities.kind == .software else { return binary }
    var result = magic
    result.reserveCapacity(headerBytes + binary.count)
    withUnsafeBytes(of: checksum(binary[...]).littleEndian) { result.append(contentsOf: $0) }
    return result + binary
  }

  /// What to give to the driver; nil if the stored bytes are not safe to give.
  static func unwrapped(_ stored: [UInt8], for capabilities: Capabilities) -> [UInt8]? {
    guard !stored.isEmpty else { return nil }
    guard capabilities.kind == .software else { return stored }
    guard stored.count > headerBytes, stored[..<magic.count] == magic[...] else { return nil }
    var expected: UInt64 = 0
    for byte in stored[magic.count..<headerBytes].reversed() {
      expected = expected << 8 | UInt64(byte)
    }
    guard checksum(stored[headerBytes...]) == expected else { return nil }
    return Array(stored[headerBytes...])
  }

  /// FNV-1a over the bytes and their count: against damage, not against malice.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(bytes.count)
    bytes.withUnsafeBufferPointer {
      for byte in $0 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return hash
  }
}
