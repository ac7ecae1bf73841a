import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Neighborhood attention plans` {
  typealias Axis = NeighborhoodProblem.Axis

  @Test(arguments: [NeighborhoodDevice.openCL, .vulkan])
  func `cut by the loop limit and the binding range give the same result`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    let form = NeighborhoodCase.Form(
      batch: 3, axes: [Axis(length: 128, window: 90)], heads: 2, kvHeads: 1, d: 16, dv: 16,
      extra: 16)
    let test = try NeighborhoodCase(form, seed: 31)
    let whole = try test.run(on: context)
    if let fault = test.fault(whole) { Issue.record("\(fault)") }
    var limited = context.capabilities
    // Room for one batch entry of Q (16 KiB) or of the carried state (18 KiB), not for two.
    limited.maxBindingRange = 20_000
    // The highest limit that cuts the key tiles of each batch entry at least once.
    let plan = try #require(
      stride(from: 2000, to: 100, by: -20).lazy.compactMap { limit -> Plan? in
        limited.maxLoopIterations = limit
        return try? NeighborhoodPlanner.plan(test.problem, limited)
      }.first { $0.dispatches.count >= 6 })
    #expect(plan.dispatches.count >= 6 && plan.dispatches.count % 3 == 0, "\(plan.notes)")
    let cut = try test.run(on: context, plan: plan)
    #expect(cut.o.bits == whole.o.bits && cut.lse.bits == whole.lse.bits && cut.guardsIntact)
  }

  @Test func `count exactly what the definition needs`() throws {
    var capabilities = Capabilities(backend: .openCL, kind: .gpu, name: "test")
    capabilities.localMemoryBytes = 48 << 10
    capabilities.maxWorkgroupInvocations = 1024
    capabilities.maxBindingRange = 1 << 30
    var random = SeededRandom(32)
    for _ in 0..<30 {
      let axes = (0..<random.integer(in: 1...3)).map { _ in
        `Neighborhood attention key sets`.randomAxis(&random, upTo: 20)
      }
      let test = try NeighborhoodCase(
        .init(batch: 2, axes: axes, heads: 3, kvHeads: 1, d: 8, dv: 4, extra: 2), seed: 33)
      let plan = try NeighborhoodPlanner.plan(test.problem, capabilities)
      let tokens = axes.reduce(1) { $0 * $1.length }
      let pairs = Reference.neighborhoodPairCount(axes) + 2 * tokens
      #expect(plan.flopsNeeded == Double(2 * (8 + 4) * pairs * 3 * 2))
      #expect(plan.flopsDone >= plan.flopsNeeded)
      let tiles = try #require(plan.tiles)
      #expect(tiles.full >= 0 && tiles.partial >= 0 && tiles.skipped >= 0)
    }
  }

  @Test func `refuse what no device can hold`() throws {
    var capabilities = Capabilities(backend: .openCL, kind: .gpu, name: "test")
    capabilities.localMemoryBytes = 512
    capabilities.maxWorkgroupInvocations = 1024
    capabilities.maxBindingRange = 1 << 30
    let test = try NeighborhoodCase(.init(axes: [Axis(length: 8, window: 3)]), seed: 34)
    #expect(throws: TesseraError.self) {
      try NeighborhoodPlanner.plan(test.problem, capabilities)
    }
    capabilities.localMemoryBytes = 48 << 10
    capabilities.maxBindingRange = 16
    #expect(throws: TesseraError.self) {
      try NeighborhoodPlanner.plan(test.problem, capabilities)
    }
  }
}
