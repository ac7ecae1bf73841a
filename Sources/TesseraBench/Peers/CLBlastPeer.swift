import COpenCL
package import Tessera
package import TesseraCore
import TesseraOpenCL
import TesseraRuntime

/// `CLBlastSgemm`, on our own OpenCL queue and memory objects.
package enum CLBlastPeer: GEMMPeer {
  package static let name = "clblast"

  private typealias SGEMM =
    @convention(c) (
      Int32, Int32, Int32, Int, Int, Int, Float, cl_mem?, Int, Int, cl_mem?, Int, Int, Float, cl_mem?,
      Int, Int, UnsafeMutablePointer<cl_command_queue?>?, UnsafeMutablePointer<cl_event?>?
    ) -> Int32
  private static let library = DynamicLibrary(["libclblast.so.1", "libclblast.so"])

  package static func contender(
    _ problem: GEMMProblem, a: HostTensor, b: HostTensor, beside device: Device
  ) -> Result<(contender: Contender, result: () throws(TesseraError) -> HostTensor), PeerAbsence> {
    guard device.info.backend == .openCL, let hal = device.context.device as? OpenCLDevice else {
      return .failure(PeerAbsence(reason: "compared on OpenCL only"))
    }
    guard problem.a.dtype == .f32, problem.b.dtype == .f32, problem.d.dtype == .f32,
      problem.batch.isEmpty
    else { return .failure(PeerAbsence(reason: "f32 without batches only")) }
    guard let sgemm = library?.function("CLBlastSgemm", as: SGEMM.self) else {
      return .failure(PeerAbsence(reason: "libclblast.so.1 is not installed"))
    }
    let tensors: [Tensor]
    do throws(TesseraError) {
      tensors = [
        try Tensor(a, on: device), try Tensor(b, on: device),
        try Tensor(
          uninitialized: try Shape([problem.m, problem.n]), dtype: .f32, on: device),
      ]
    } catch {
      return .failure(PeerAbsence(reason: error.message))
    }
    let memories = tensors.compactMap { ($0.allocation.block.buffer as? OpenCLBuffer)?.rawMemory }
    guard memories.count == 3 else { return .failure(PeerAbsence(reason: "no OpenCL memory")) }
    let (rowMajor, plain, transposed): (Int32, Int32, Int32) = (101, 111, 112)
    let cl = hal.library.functions
    let contender = Contender(name: name) { () throws(TesseraError) in
      try device.synchronize()
      var queue: cl_command_queue? = hal.rawQueue
      var event: cl_event?
      let started = HostClock.now()
      let status = sgemm(
        rowMajor, problem.transposeA ? transposed : plain, problem.transposeB ? transposed : plain,
        problem.m, problem.n, problem.k, problem.alpha, memories[0], 0, problem.a.rowStride,
        memories[1], 0, problem.b.rowStride, 0, memories[2], 0, problem.n, &queue, &event)
      guard status == 0, event != nil else { throw .driver("CLBlastSgemm", status: "\(status)") }
      // CLBlast may run several kernels (padding, transposing); its event covers only the last, so
      // the host's clock around the whole call is the fair time.
      _ = cl.clFinish(hal.rawQueue)
      _ = cl.clReleaseEvent(event)
      return Double(HostClock.now() - started) * 1e-9
    }
    return .success((contender, { () throws(TesseraError) in try tensors[2].host() }))
  }
}
