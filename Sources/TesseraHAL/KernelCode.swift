/// A kernel in the form one back-end can build.
package enum KernelCode: Sendable {
  /// OpenCL C. `defines` become `-D NAME=VALUE`, in order; `options` is passed on as it is.
  case openCL(source: String, defines: [Define], options: String)
  /// SPIR-V with specialization constants.
  case spirv(words: [UInt32], specialization: [Specialization])
  /// A function of this process, run once per workgroup on the CPU back-end's threads.
  case host(HostFunction)

  package struct Define: Sendable, Hashable {
    package var name: String
    package var value: String
    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
    package init(_ name: String, _ value: Int) { self.init(name, String(value)) }
  }
  /// One 32-bit specialization constant (`layout(constant_id = id)`); booleans are 0 or 1, floats
  /// are given by their bits.
  package struct Specialization: Sendable, Hashable {
    package var id: Int
    package var value: UInt32
    package init(id: Int, value: UInt32) {
      self.id = id
      self.value = value
    }
    package init(id: Int, value: Int) {
      self.init(id: id, value: UInt32(truncatingIfNeeded: value))
    }
  }
}

/// What a host kernel sees of its workgroup.
package struct HostGroup {
  /// Which workgroup this is.
  package let group: (x: Int, y: Int, z: Int)
  /// How many workgroups there are.
  package let groups: (x: Int, y: Int, z: Int)
  /// The constants block.
  package let constants: UnsafeRawBufferPointer
  /// The bound ranges, by slot.
  package let buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
  /// Local memory of `signature.localBytes` bytes, 64-byte aligned, undefined at the start, private
  /// to this workgroup while it runs.
  package let local: UnsafeMutableRawBufferPointer

  package init(
    group: (x: Int, y: Int, z: Int), groups: (x: Int, y: Int, z: Int),
    constants: UnsafeRawBufferPointer, buffers: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>,
    local: UnsafeMutableRawBufferPointer
  ) {
    self.group = group
    self.groups = groups
    self.constants = constants
    self.buffers = buffers
    self.local = local
  }
}

/// Computes one workgroup. Called from several threads at once; must not block or throw.
package typealias HostFunction = @Sendable (HostGroup) -> Void
