import Dispatch
package import TesseraRuntime

extension Tensor {
  /// Waits for the elements and copies them to the host.
  /// - Throws: the failure of the work that produces them.
  public func host() throws(TesseraError) -> HostTensor {
    let dense = isContiguous ? self : try contiguous()
    let range = try dense.contiguousRange("tensor")
    return try HostTensor(dtype: dtype, shape: shape) { bytes throws(TesseraError) in
      try device.context.read(range, into: bytes)
    }
  }

  /// Waits for the elements and returns them as `Float`, converted from any type.
  public func floats() throws(TesseraError) -> [Float] { try host().floats() }

  /// Waits for the elements and returns them in their own type.
  /// - Throws: `invalidArgument` if `Scalar` is not the tensor's element type.
  public func values<Scalar: TensorScalar>(as type: Scalar.Type) throws(TesseraError) -> [Scalar] {
    guard let values = try host().values(as: type) else {
      throw .invalidArgument("element type", got: Scalar.dtype, allowed: "\(dtype), the tensor's")
    }
    return values
  }

  /// The elements as `Float`, without blocking the calling task's thread while the device works.
  public func read() async throws -> [Float] {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        do throws(TesseraError) {
          continuation.resume(returning: try floats())
        } catch {
          continuation.resume(throwing: error)
        }
      }
    }
  }

  /// The bytes of a contiguous tensor.
  /// - Throws: `invalidArgument` naming `name` if it is a strided view.
  package func contiguousRange(_ name: String) throws(TesseraError) -> BufferRange {
    guard isContiguous else {
      throw .invalidArgument(
        name, got: "a view of shape \(shape) with strides \(strides)",
        allowed: "a contiguous tensor; call contiguous() first")
    }
    return BufferRange(
      allocation, offset: elementOffset * dtype.byteCount,
      byteCount: shape.elementCount * dtype.byteCount)
  }
}
