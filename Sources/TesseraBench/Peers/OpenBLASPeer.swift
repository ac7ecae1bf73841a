package import Tessera
package import TesseraCore
import TesseraRuntime

/// `cblas_sgemm` of OpenBLAS, on as many threads as our CPU back-end uses.
package enum OpenBLASPeer: GEMMPeer {
  package static let name = "openblas"

  private typealias SGEMM =
    @convention(c) (
      Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
      UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
    ) -> Void
  private static let library = DynamicLibrary(["libopenblas.so.0", "libopenblas.so"])

  package static func contender(
    _ problem: GEMMProblem, a: HostTensor, b: HostTensor, beside device: Device
  ) -> Result<(contender: Contender, result: () throws(TesseraError) -> HostTensor), PeerAbsence> {
    guard device.info.backend == .cpu else {
      return .failure(PeerAbsence(reason: "compared on the CPU back-end only"))
    }
    guard problem.a.dtype == .f32, problem.b.dtype == .f32, problem.d.dtype == .f32,
      problem.batch.isEmpty
    else { return .failure(PeerAbsence(reason: "f32 without batches only")) }
    guard let library, let sgemm = library.function("cblas_sgemm", as: SGEMM.self) else {
      return .failure(PeerAbsence(reason: "libopenblas.so.0 is not installed"))
    }
    let setThreads = library.function(
      "openblas_set_num_threads", as: (@convention(c) (Int32) -> Void).self)
    setThreads?(Int32(device.info.computeUnits))
    let (left, right) = (a.floats(), b.floats())
    let output = UnsafeMutableBufferPointer<Float>.allocate(capacity: problem.m * problem.n)
    output.initialize(repeating: .nan)
    let memory = OwnedFloats(output)
    let (rowMajor, plain, transposed): (Int32, Int32, Int32) = (101, 111, 112)
    let contender = Contender(name: name) { () throws(TesseraError) in
      let started = HostClock.now()
      sgemm(
        rowMajor, problem.transposeA ? transposed : plain, problem.transposeB ? transposed : plain,
        Int32(problem.m), Int32(problem.n), Int32(problem.k), problem.alpha, left,
        Int32(problem.a.rowStride), right, Int32(problem.b.rowStride), 0,
        memory.values.baseAddress, Int32(problem.n))
      return Double(HostClock.now() - started) * 1e-9
    }
    return .success(
      (
        contender,
        { () throws(TesseraError) in
          try HostTensor(Array(memory.values), shape: try Shape([problem.m, problem.n]))
        }
      ))
  }

  /// Frees the peer's result with the last closure that uses it.
  private final class OwnedFloats {
    let values: UnsafeMutableBufferPointer<Float>
    init(_ values: UnsafeMutableBufferPointer<Float>) { self.values = values }
    deinit { values.deallocate() }
  }
}
