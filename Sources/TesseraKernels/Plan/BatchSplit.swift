import TesseraCore
import TesseraHAL

/// Cuts a batch so that every dispatch can bind and count its tensors.
struct BatchSplit {
  /// A tensor's part of one batch entry.
  struct Tensor {
    let name: String
    let elements: Int
    let dtype: DType
    var bytes: Int { elements * dtype.byteCount }
  }

  /// The batch entries of each dispatch.
  let ranges: [Range<Int>]

  /// - Parameters:
  ///   - tensors: what one batch entry has of each bound tensor.
  ///   - invocations: invocations per batch entry.
  /// - Throws: `overLimit` if not even one entry, or as few as the device's alignment demands, will do.
  init(
    _ batch: Int, _ tensors: [Tensor], invocations: Int, _ operation: String,
    _ capabilities: Capabilities
  ) throws(TesseraError) {
    // As GridSize.linear.
    var most = (Int(Int32.max) - 1 << 23) / max(invocations, 1)
    var step = 1
    var widest = Tensor(name: "invocations", elements: invocations, dtype: .u8)
    for tensor in tensors where tensor.bytes > 0 {
      most = min(most, Int(Int32.max) / tensor.elements)
      most = min(most, capabilities.maxBindingRange / tensor.bytes)
      let whole = Self.leastCommonMultiple(tensor.bytes, max(capabilities.bindingAlignment, 4))
      step = Self.leastCommonMultiple(step, whole / tensor.bytes)
      if tensor.bytes > widest.bytes { widest = tensor }
    }
    guard most < batch else {
      ranges = [0..<batch]
      return
    }
    // Parts start where every tensor is aligned.
    let part = most / step * step
    guard part > 0 else {
      throw .overLimit(
        "bytes of \(widest.name) of \(operation) for \(min(step, batch)) batch entries",
        requested: min(step, batch) * widest.bytes, limit: capabilities.maxBindingRange,
        device: capabilities.name)
    }
    ranges = stride(from: 0, to: batch, by: part).map { $0..<min($0 + part, batch) }
  }

  private static func leastCommonMultiple(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return a / x * b
  }
}
