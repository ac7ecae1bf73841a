/// Builds the bytes of a kernel's constants: 32-bit fields in declaration order, no padding.
package struct ConstantBlock {
  package private(set) var bytes: [UInt8] = []

  package init() { bytes.reserveCapacity(128) }

  package mutating func append(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
  package mutating func append(_ value: Float) { append(value.bitPattern) }
  /// Appends a value the planner has shown to fit in 32 signed bits.
  package mutating func append(_ value: Int) { append(UInt32(bitPattern: Int32(truncatingIfNeeded: value))) }
}
