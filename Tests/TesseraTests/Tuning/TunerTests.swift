import Foundation
import Tessera
import TesseraBench
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

@Suite("Tuner") struct TunerTests {
  private static let product = GEMMBenchCase(m: 96, n: 80, k: 64, dtype: .f32)

  private static var limits: Tuner.Limits {
    var limits = Tuner.Limits()
    limits.seconds = 0.2
    limits.rounds = 3
    return limits
  }

  /// The naive kernel in two sizes: quick to build.
  private static func problem(_ device: Device) throws -> (TuningProblem, [Plan]) {
    let problem = try #require(try product.tuning())
    guard case .gemm(let gemm) = problem.tunable else {
      throw TesseraError.unavailable("no product")
    }
    let plans = try [4, 8].map { side in
      try GEMMPlanner.plan(
        gemm, device.context.capabilities, form: .naive(side: side, share: 1))
    }
    return (problem.offering(plans), plans)
  }

  @Test(arguments: [BackendKind.openCL, .vulkan])
  func `one of the candidates wins, by its samples`(backend: BackendKind) throws {
    let device = try Devices.own(backend)
    let (problem, plans) = try Self.problem(device)
    let entry = try #require(try Tuner(on: device, limits: Self.limits).measure(problem))
    #expect(entry.candidates.map(\.form) == plans.compactMap(\.form))
    #expect(entry.candidates.allSatisfy { !$0.samples.isEmpty && $0.samples.allSatisfy { $0 > 0 } })
    let best = entry.candidates.min { $0.median < $1.median }
    #expect(entry.form == best?.form && entry.device == device.tuningDevice)
  }

  @Test func `a candidate that is wrong is never chosen, however fast`() throws {
    let device = try Devices.own(.openCL)
    let (problem, plans) = try Self.problem(device)
    var idle = plans[1]
    idle.form = "does nothing for the last rows"
    // Its grid ends early: fastest of all, and wrong.
    let grid = idle.dispatches[0].grid
    idle.dispatches[0].grid = GridSize(grid.x, grid.y - 1, grid.z)
    let entry = try #require(
      try Tuner(on: device, limits: Self.limits).measure(problem.offering([idle] + plans)))
    #expect(entry.form != idle.form)
    #expect(entry.candidates[0].dropped?.hasPrefix("wrong") == true)
    #expect(entry.candidates[0].samples.isEmpty)
    #expect(throws: TesseraError.self) {
      try Tuner(on: device, limits: Self.limits).measure(problem.offering([idle, idle]))
    }
  }

  @Test func `plans follow measurements unless told not to`() throws {
    let device = try Devices.own(.openCL)
    let problem = try GEMMProblem(
      a: (try Shape([300, 200]), .f32), b: (try Shape([200, 100]), .f32))
    let capabilities = device.context.capabilities
    let candidates = try GEMMPlanner.candidates(problem, capabilities)
    let forms = candidates.compactMap(\.form)
    let estimated = try GEMMPlanner.plan(problem, capabilities)
    let other = try #require(forms.last { $0 != estimated.form })
    let database = TuningDatabase(entries: [
      TuningEntry(
        device: device.tuningDevice, key: TuningKey(problem), form: other,
        checksum: TuningEntry.checksum(of: forms),
        candidates: forms.map { .init(form: $0, samples: [$0 == other ? 1 : 2]) })
    ])
    let measured = try GEMMPlanner.plan(problem, capabilities, refused: [:], measured: database)
    #expect(measured.form == other)
    #expect(measured.notes.contains { $0.contains("measured on this device") })
    let without = try GEMMPlanner.plan(
      problem, capabilities, refused: [:], measured: TuningDatabase())
    #expect(without == estimated)
  }

  @Test func `forms of a problem have names of their own`() throws {
    let device = try Devices.own(.openCL)
    let problems = try [(512, 512, 512), (1, 64, 4096), (33, 7, 129)].map { m, n, k in
      try GEMMProblem(a: (try Shape([m, k]), .f32), b: (try Shape([k, n]), .f32))
    }
    for problem in problems {
      let forms = try GEMMPlanner.candidates(problem, device.context.capabilities).map(\.form)
      #expect(!forms.contains(nil) && Set(forms).count == forms.count)
    }
    let shape = try Shape([1, 300, 2, 64])
    let attention = try AttentionProblem(q: (shape, .f32), k: (shape, .f32), v: (shape, .f32))
    let plans = try AttentionPlanner.candidates(attention, device.context.capabilities)
    #expect(plans.count > 1 && Set(plans.map(\.form)).count == plans.count)
    #expect(
      plans[0].form == (try AttentionPlanner.plan(attention, device.context.capabilities)).form)
  }
}
