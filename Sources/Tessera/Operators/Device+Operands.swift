import TesseraCore
import TesseraRuntime

extension Device {
  /// The bytes of an operator's tensor, copied if the view's start does not suit the device.
  func operand(_ tensor: Tensor, _ name: String) throws(TesseraError) -> BufferRange {
    try require(tensor, name)
    let offset = tensor.elementOffset * tensor.dtype.byteCount
    guard tensor.isContiguous, offset % context.capabilities.bindingAlignment == 0 else {
      return try tensor.contiguous().contiguousRange(name)
    }
    return try tensor.contiguousRange(name)
  }

  /// The bytes of several tensors; nil where the operation has none. All are checked before the first
  /// one is copied.
  func operands(
    _ tensors: [(name: String, tensor: Tensor?)]
  ) throws(TesseraError) -> [BufferRange?] {
    for (name, tensor) in tensors { if let tensor { try require(tensor, name) } }
    var ranges: [BufferRange?] = []
    for (name, tensor) in tensors {
      guard let tensor else {
        ranges.append(nil)
        continue
      }
      ranges.append(try operand(tensor, name))
    }
    return ranges
  }

  /// Refuses a tensor of another device.
  func require(_ tensor: Tensor, _ name: String) throws(TesseraError) {
    guard tensor.device === self else {
      throw .invalidArgument(name, got: "a tensor on \(tensor.device)", allowed: "one on \(self)")
    }
  }

  /// Refuses a tensor that has not exactly this shape and element type.
  func require(
    _ tensor: Tensor, _ name: String, _ dimensions: [Int], _ dtype: DType
  ) throws(TesseraError) {
    guard tensor.shape.dimensions == dimensions else {
      throw .invalidArgument(name, got: "shape \(tensor.shape)", allowed: "\(dimensions)")
    }
    guard tensor.dtype == dtype else {
      throw .invalidArgument("\(name) element type", got: tensor.dtype, allowed: "\(dtype)")
    }
  }
}

/// The gradients of a problem, as a key of the plan cache beside the problem itself.
struct BackwardOf<Problem: Hashable & Sendable>: Hashable, Sendable {
  let problem: Problem
}
