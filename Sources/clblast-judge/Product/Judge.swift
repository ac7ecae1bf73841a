public import CLBlastShim
import Tessera
import TesseraHAL
import TesseraKernels
import TesseraRuntime

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The device that is judged: what `TESSERA_DEVICE` names.
private let device: Result<Device, TesseraError> = {
  do throws(TesseraError) { return .success(try Device.best()) } catch { return .failure(error) }
}()

/// Runs one product for the shim in `gemm.cpp`.
@_cdecl("clblast_judge_run")
public func judgeRun(_ product: UnsafePointer<clblast_judge_product>?) -> Int32 {
  guard let product else { return 1 }
  do throws(TesseraError) {
    try run(product.pointee, on: try device.get())
    return 0
  } catch {
    let line = Array("clblast-judge: \(error)\n".utf8)
    _ = write(2, line, line.count)
    return 1
  }
}

/// Matrices are bound where they lie in their buffers, with their leading dimensions, and D is written
/// into a copy of the buffer of C: what stands between its rows must stay.
private func run(_ product: clblast_judge_product, on device: Device) throws(TesseraError) {
  let dtype: DType = product.half != 0 ? .f16 : .f32
  let (m, n, k) = (Int(product.m), Int(product.n), Int(product.k))
  let (transposeA, transposeB) = (product.transpose_a != 0, product.transpose_b != 0)
  let output: (shape: Shape, dtype: DType) = (try Shape([m, n]), dtype)
  var problem = try GEMMProblem(
    a: (try Shape(transposeA ? [k, m] : [m, k]), dtype),
    b: (try Shape(transposeB ? [n, k] : [k, n]), dtype), c: output, transposeA: transposeA,
    transposeB: transposeB, alpha: product.alpha, beta: product.beta)
  problem.a.rowStride = Int(product.a.leading_dimension)
  problem.b.rowStride = Int(product.b.leading_dimension)
  problem.c?.rowStride = Int(product.c.leading_dimension)
  problem.d.rowStride = Int(product.c.leading_dimension)
  let prepared = try device.preparedPlan(problem)
  let d = try Place(product.c, dtype, on: device)
  try PlanExecutor.execute(
    prepared,
    operands: [
      try Place(product.a, dtype, on: device).range, try Place(product.b, dtype, on: device).range,
      problem.c == nil ? nil : try Place(product.c, dtype, on: device).range, nil, d.range,
    ], on: device.context)
  try d.readBack(product.c)
}

/// A copy of a buffer on the device.
private struct Place {
  /// From the matrix's first element to the buffer's end.
  let range: BufferRange
  private let whole: BufferRange

  init(
    _ matrix: clblast_judge_matrix, _ dtype: DType, on device: Device
  ) throws(TesseraError) {
    let byteCount = Int(matrix.byte_count)
    let offset = Int(matrix.offset) * dtype.byteCount
    // Where the device cannot bind the first element, all of the buffer moves up until it can.
    let alignment = device.context.capabilities.bindingAlignment
    let shift = (alignment - offset % alignment) % alignment
    let allocation = try device.context.allocate(byteCount: byteCount + shift)
    whole = BufferRange(allocation, offset: shift, byteCount: byteCount)
    range = BufferRange(allocation, offset: shift + offset, byteCount: byteCount - offset)
    try device.context.write(
      UnsafeRawBufferPointer(start: matrix.bytes, count: byteCount), to: whole)
  }

  /// Copies the buffer back.
  func readBack(_ matrix: clblast_judge_matrix) throws(TesseraError) {
    try whole.allocation.context.read(
      whole, into: UnsafeMutableRawBufferPointer(start: matrix.bytes, count: whole.byteCount))
  }
}
