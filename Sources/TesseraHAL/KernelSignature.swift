/// What a kernel takes and needs, declared once and checked against what the compiler reports.
package struct KernelSignature: Sendable, Hashable, Codable {
  /// How a kernel uses a buffer.
  package enum Access: String, Sendable, Hashable, Codable {
    case read, write, readWrite
    package var reads: Bool { self != .write }
    package var writes: Bool { self != .read }
  }
  /// One buffer parameter. Slot `i` is binding `i` of set 0 in Vulkan and argument `i` in OpenCL.
  package struct Slot: Sendable, Hashable, Codable {
    package var name: String
    package var access: Access
    /// Required alignment of the bound range's offset, in bytes.
    package var alignment: Int
    package init(_ name: String, _ access: Access, alignment: Int = 4) {
      self.name = name
      self.access = access
      self.alignment = alignment
    }
  }
  /// One scalar inside the constants block.
  package struct ConstantField: Sendable, Hashable, Codable {
    package var name: String
    package var offset: Int
    package var byteCount: Int
    package init(name: String, offset: Int, byteCount: Int) {
      self.name = name
      self.offset = offset
      self.byteCount = byteCount
    }
  }
  /// How OpenCL kernels receive offsets and constants.
  package enum ArgumentStyle: String, Sendable, Hashable, Codable {
    /// Our own kernels: after the buffers comes one `ulong` byte offset per buffer slot (as separate
    /// arguments), then the constants block as one struct by value, if there is one.
    case tessera
    /// A user's kernel: buffers, then each constant field as an argument of its own. Bound ranges
    /// with an offset become sub-buffers.
    case plain
  }

  /// The entry point's name, also the label in traces and errors.
  package var name: String
  package var slots: [Slot]
  /// Bytes of the constants block: push constants in Vulkan, a struct by value in OpenCL.
  package var constantBytes: Int
  /// Fields of the block; needed only for `plain` OpenCL kernels.
  package var constantFields: [ConstantField]
  /// Invocations per workgroup along x, y, z.
  package var workgroup: [Int]
  /// Bytes of local (shared) memory, declared inside the kernel.
  package var localBytes: Int
  /// Subgroup size the kernel was written for; nil if any will do.
  package var subgroupSize: Int?
  package var style: ArgumentStyle

  package init(
    name: String, slots: [Slot], constantBytes: Int = 0, constantFields: [ConstantField] = [],
    workgroup: [Int] = [1, 1, 1], localBytes: Int = 0, subgroupSize: Int? = nil,
    style: ArgumentStyle = .tessera
  ) {
    self.name = name
    self.slots = slots
    self.constantBytes = constantBytes
    self.constantFields = constantFields
    self.workgroup = workgroup
    self.localBytes = localBytes
    self.subgroupSize = subgroupSize
    self.style = style
  }
}
