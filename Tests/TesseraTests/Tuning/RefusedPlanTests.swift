import Tessera
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

/// What takes the place of a plan whose kernel the driver refuses.
@Suite struct `Refused plans` {
  private static func problem() throws -> GEMMProblem {
    let shape = try Shape([8, 8])
    return try GEMMProblem(a: (shape, .f32), b: (shape, .f32))
  }

  @Test func `give way to what is expected to be fastest, and the notes say so`() throws {
    // With the measurements that the library brings.
    let device = try Device("cpu")
    let problem = try Self.problem()
    var asked: [Bool] = []
    let prepared = try device.prepared(for: .gemm(problem)) {
      capabilities, measured throws(TesseraError) in
      asked.append(measured.entries.isEmpty)
      var plan = try GEMMPlanner.plan(problem, capabilities)
      if !measured.entries.isEmpty { plan.kernels = [KernelSpec("no_such_kernel")] }
      return plan
    }
    #expect(asked == [false, true])
    #expect(prepared.plan.notes.contains { $0.contains("does not build") && $0.contains("no_such_kernel") })
  }

  @Test func `are reported by the first complaint if nothing else builds`() throws {
    let device = try Device("cpu")
    let problem = try Self.problem()
    var asked = 0
    let error = #expect(throws: TesseraError.self) {
      _ = try device.prepared(for: .gemm(problem)) { capabilities, _ throws(TesseraError) in
        asked += 1
        var plan = try GEMMPlanner.plan(problem, capabilities)
        plan.kernels = [KernelSpec("no_such_kernel_\(asked)")]
        return plan
      }
    }
    #expect(asked == 2 && error?.message.contains("no_such_kernel_1") == true)
  }
}
