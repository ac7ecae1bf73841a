/// A range of a buffer bound to a kernel's slot.
package struct Binding {
  package var buffer: any HALBuffer
  /// Bytes from the buffer's start.
  package var offset: Int
  package var byteCount: Int

  package init(_ buffer: any HALBuffer, offset: Int, byteCount: Int) {
    self.buffer = buffer
    self.offset = offset
    self.byteCount = byteCount
  }
}

/// How many workgroups to run along each axis.
package struct GridSize: Sendable, Hashable, Codable {
  package var x: Int
  package var y: Int
  package var z: Int
  package init(_ x: Int, _ y: Int = 1, _ z: Int = 1) {
    self.x = x
    self.y = y
    self.z = z
  }
  /// Number of workgroups.
  package var count: Int { x * y * z }
}
