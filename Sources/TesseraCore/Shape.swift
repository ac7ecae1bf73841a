/// The extents of a tensor, outermost axis first. Row-major: the last axis is the fastest.
///
/// Extents are never negative and their product fits in `Int`; both are checked where a shape is
/// made from data.
public struct Shape: Sendable, Hashable, CustomStringConvertible, ExpressibleByArrayLiteral {
  /// Extent of each axis.
  public let dimensions: [Int]
  /// Product of all extents: 1 for a scalar (no axes), 0 if any extent is 0.
  public let elementCount: Int

  /// Checks and stores the extents.
  /// - Throws: `invalidArgument` if an extent is negative, `overLimit` if the product overflows.
  public init(_ dimensions: [Int]) throws(TesseraError) {
    self.elementCount = try Shape.product(dimensions)
    self.dimensions = dimensions
  }

  /// A shape written in source code. Traps if an extent is negative or the product overflows.
  public init(arrayLiteral elements: Int...) {
    guard let count = try? Shape.product(elements) else {
      preconditionFailure("shape \(elements): extents must be ≥ 0 and their product fit in Int")
    }
    self.elementCount = count
    self.dimensions = elements
  }

  /// Number of axes.
  public var rank: Int { dimensions.count }

  /// Extent of one axis; negative indices count from the last axis.
  public subscript(axis: Int) -> Int { dimensions[axis < 0 ? rank + axis : axis] }

  /// Elements to step over for one step along each axis of a contiguous tensor.
  public var strides: [Int] {
    var result = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      result[axis] = step
      // An extent of zero makes the tensor empty: any stride will do, none may overflow.
      step = dimensions[axis] == 0 ? step : step.multipliedReportingOverflow(by: dimensions[axis]).partialValue
    }
    return result
  }

  /// Bytes of a contiguous tensor of this shape.
  /// - Throws: `overLimit` if the count does not fit in `Int`.
  public func byteCount(of dtype: DType) throws(TesseraError) -> Int {
    let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    if overflow {
      throw .overLimit("bytes of \(dtype)\(self)", requested: "more than Int.max", limit: Int.max)
    }
    return bytes
  }

  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }

  private static func product(_ dimensions: [Int]) throws(TesseraError) -> Int {
    // A zero anywhere makes the product zero, whatever the others are; so look for it first.
    var isEmpty = false
    for extent in dimensions {
      if extent < 0 {
        throw .invalidArgument("shape", got: "\(dimensions)", allowed: "extents of 0 or more")
      }
      if extent == 0 { isEmpty = true }
    }
    if isEmpty { return 0 }
    var count = 1
    for extent in dimensions {
      let (next, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow {
        throw .overLimit(
          "elements of shape \(dimensions)", requested: "more than Int.max", limit: Int.max)
      }
      count = next
    }
    return count
  }
}

extension Shape: Codable {
  public init(from decoder: any Decoder) throws {
    try self.init(decoder.singleValueContainer().decode([Int].self))
  }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(dimensions)
  }
}
