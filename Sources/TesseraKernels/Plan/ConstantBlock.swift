/// Builds the bytes of a kernel's constants: fields in declaration order, no padding. The declaration
/// has 64-bit fields at multiples of 8 bytes.
package struct ConstantBlock {
  package private(set) var bytes: [UInt8] = []

  package init() { bytes.reserveCapacity(128) }

  package mutating func append(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
  package mutating func append(_ value: Float) { append(value.bitPattern) }
  /// Appends a value the planner has shown to fit in 32 signed bits.
  package mutating func append(_ value: Int) { append(UInt32(bitPattern: Int32(truncatingIfNeeded: value))) }
  /// Appends a 64-bit field.
  package mutating func append(long value: Int) {
    withUnsafeBytes(of: Int64(value).littleEndian) { bytes.append(contentsOf: $0) }
  }
}
