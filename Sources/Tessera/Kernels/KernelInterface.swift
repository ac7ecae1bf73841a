package import TesseraHAL

/// What a kernel of your own takes: buffers, constants, workgroup.
///
/// In OpenCL C the buffers come first, in order, then each constant as an argument of its own. In
/// GLSL buffer `i` is `layout(set = 0, binding = i)` and the constants are the fields of one
/// `push_constant` block, each aligned to its size, in order; declare the workgroup either with
/// numbers or with `local_size_x_id = 0, local_size_y_id = 1, local_size_z_id = 2`.
public struct KernelInterface: Sendable, Hashable {
  /// How a kernel uses a buffer.
  public enum Access: String, Sendable, Hashable { case read, write, readWrite }

  /// One buffer parameter.
  public struct Buffer: Sendable, Hashable {
    public var name: String
    public var dtype: DType
    public var access: Access
    /// Declares a buffer of `dtype` elements.
    public init(_ name: String, _ dtype: DType, _ access: Access) {
      self.name = name
      self.dtype = dtype
      self.access = access
    }
  }

  /// One constant parameter.
  public struct Constant: Sendable, Hashable {
    public var name: String
    public var type: KernelConstant.Kind
    /// Declares a constant of `type`.
    public init(_ name: String, _ type: KernelConstant.Kind) {
      self.name = name
      self.type = type
    }
  }

  /// Buffers in argument or binding order.
  public var buffers: [Buffer]
  /// Constants in argument or field order.
  public var constants: [Constant]
  /// Invocations per workgroup along x, y, z; missing extents are 1.
  public var workgroup: [Int]
  /// Bytes of local (shared) memory the kernel declares, checked against the device's limit.
  public var localBytes: Int

  /// Describes a kernel.
  public init(
    buffers: [Buffer], constants: [Constant] = [], workgroup: [Int], localBytes: Int = 0
  ) {
    self.buffers = buffers
    self.constants = constants
    self.workgroup = workgroup
    self.localBytes = localBytes
  }

  package func signature(entry: String) throws(TesseraError) -> KernelSignature {
    guard (1...3).contains(workgroup.count), workgroup.allSatisfy({ $0 >= 1 }) else {
      throw .invalidArgument(
        "workgroup", got: "\(workgroup)", allowed: "one to three extents of at least 1")
    }
    guard buffers.count <= 16 else {
      throw .overLimit("buffers of kernel \(entry)", requested: buffers.count, limit: 16)
    }
    var fields: [KernelSignature.ConstantField] = []
    var end = 0
    for constant in constants {
      let size = constant.type.byteCount
      let offset = (end + size - 1) / size * size
      fields.append(.init(name: constant.name, offset: offset, byteCount: size))
      end = offset + size
    }
    return KernelSignature(
      name: entry,
      slots: buffers.map {
        .init($0.name, .init(rawValue: $0.access.rawValue) ?? .readWrite, alignment: $0.dtype.byteCount)
      },
      constantBytes: (end + 3) & ~3, constantFields: fields,
      workgroup: workgroup + Array(repeating: 1, count: 3 - workgroup.count),
      localBytes: localBytes, style: .plain)
  }
}
