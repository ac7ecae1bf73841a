/// A scalar passed by value to a kernel.
public enum KernelConstant: Sendable, Hashable {
  case float(Float)
  case int(Int32)
  case uint(UInt32)
  case double(Double)
  case long(Int64)
  case ulong(UInt64)

  /// The type of a constant.
  public enum Kind: String, Sendable, Hashable {
    case float, int, uint, double, long, ulong
    /// Bytes of one value, also its alignment.
    public var byteCount: Int {
      switch self {
      case .float, .int, .uint: 4
      case .double, .long, .ulong: 8
      }
    }
  }

  /// The type of this value.
  public var kind: Kind {
    switch self {
    case .float: .float
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .long: .long
    case .ulong: .ulong
    }
  }

  package func store(to memory: UnsafeMutableRawPointer) {
    switch self {
    case .float(let value): memory.storeBytes(of: value, as: Float.self)
    case .int(let value): memory.storeBytes(of: value, as: Int32.self)
    case .uint(let value): memory.storeBytes(of: value, as: UInt32.self)
    case .double(let value): memory.storeBytes(of: value, as: Double.self)
    case .long(let value): memory.storeBytes(of: value, as: Int64.self)
    case .ulong(let value): memory.storeBytes(of: value, as: UInt64.self)
    }
  }
}
