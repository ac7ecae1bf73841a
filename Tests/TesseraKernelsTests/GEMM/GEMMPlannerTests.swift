import Foundation
import TesseraCore
import TesseraHAL
import TesseraKernels
import Testing

/// Plans for recorded devices, none of which need be present.
@Suite struct GEMMPlannerTests {
  static let snapshots = ["opencl-pocl", "vulkan-lavapipe", "opencl-h200", "vulkan-h200"]

  static func capabilities(_ name: String) throws -> Capabilities {
    let url = try #require(
      Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Snapshots"))
    return try JSONDecoder().decode(Capabilities.self, from: Data(contentsOf: url))
  }

  private func problem(
    _ m: Int, _ n: Int, _ k: Int, _ dtype: DType = .f32, batch: [Int] = [], transposeA: Bool = false,
    transposeB: Bool = false
  ) throws -> GEMMProblem {
    try GEMMProblem(
      a: (try Shape(batch + (transposeA ? [k, m] : [m, k])), dtype),
      b: (try Shape(batch + (transposeB ? [n, k] : [k, n])), dtype), transposeA: transposeA,
      transposeB: transposeB)
  }

  /// Every output is computed once for each part of K, nothing exceeds a limit.
  private func checkSound(
    _ plan: Plan, _ problem: GEMMProblem, _ capabilities: Capabilities
  ) throws {
    #expect(plan.flopsDone >= plan.flopsNeeded)
    for dispatch in plan.dispatches {
      #expect(dispatch.grid.x <= capabilities.maxGroupCount[0])
      #expect(dispatch.grid.y <= capabilities.maxGroupCount[1])
      #expect(dispatch.grid.z <= capabilities.maxGroupCount[2])
      let spec = plan.kernels[dispatch.kernel]
      let entry = try KernelCatalogue.entry(for: spec)
      let signature = entry.signature(spec, capabilities.backend)
      #expect(signature.localBytes <= capabilities.localMemoryBytes)
      #expect(signature.constantBytes <= capabilities.maxConstantBytes)
      #expect(dispatch.constants.count == signature.constantBytes)
      #expect(dispatch.arguments.count == signature.slots.count)
      for (argument, slot) in zip(dispatch.arguments, signature.slots) {
        #expect(argument.byteCount <= capabilities.maxBindingRange)
        #expect(argument.offset % max(slot.alignment, capabilities.bindingAlignment) == 0)
        #expect(argument.byteCount > 0)
      }
    }
    _ = try plan.kernels.map { spec throws(TesseraError) in
      try KernelCatalogue.entry(for: spec).code(spec, capabilities.backend)
    }
  }

  @Test(arguments: snapshots)
  func `plans are sound from one element to gigabytes`(_ name: String) throws {
    let capabilities = try Self.capabilities(name)
    let problems = [
      try problem(1, 1, 1), try problem(1, 4096, 4096, .f16, transposeB: true),
      try problem(1000, 1000, 1000), try problem(4096, 4096, 4096, .bf16),
      try problem(3, 5, 300_000), try problem(40_000, 40_000, 64),
      try problem(64, 64, 100, batch: [70_000]), try problem(50_000, 300, 20_000, transposeA: true),
      try problem(100, 80_000, 30_000, transposeB: true), try problem(5, 7, 0),
    ]
    for problem in problems {
      let plans = try GEMMPlanner.candidates(problem, capabilities)
      // The chosen plan also says why tiers were passed over.
      let chosen = try GEMMPlanner.plan(problem, capabilities)
      #expect(plans.first?.kernels == chosen.kernels && plans.first?.dispatches == chosen.dispatches)
      for plan in plans { try checkSound(plan, problem, capabilities) }
      try checkSound(try GEMMPlanner.naive(problem, capabilities), problem, capabilities)
    }
  }

  @Test(arguments: snapshots)
  func `an empty output plans no work`(_ name: String) throws {
    let capabilities = try Self.capabilities(name)
    for (m, n, k, batch) in [(0, 5, 3, []), (5, 0, 3, []), (4, 4, 4, [0])] as [(Int, Int, Int, [Int])] {
      let plan = try GEMMPlanner.plan(try problem(m, n, k, batch: batch), capabilities)
      #expect(plan.dispatches.isEmpty && plan.scratch.isEmpty)
    }
  }

  @Test func `large products get the large tile of each device`() throws {
    let large = try problem(4096, 4096, 4096)
    for name in ["opencl-h200", "vulkan-h200"] {
      let plan = try GEMMPlanner.plan(large, Self.capabilities(name))
      #expect(plan.schedule == "tiled" && plan.tile == [128, 128, 16])
      #expect(plan.dispatches.count == 1)
      let spec = plan.kernels[0]
      #expect(spec["VECTOR_A"] == 4 && spec["VECTOR_B"] == 4 && spec["VECTOR_D"] == 4)
    }
    let pocl = try GEMMPlanner.plan(large, Self.capabilities("opencl-pocl"))
    #expect(pocl.schedule == "tiled" && pocl.tile == [128, 256, 256])
    let lavapipe = try GEMMPlanner.plan(large, Self.capabilities("vulkan-lavapipe"))
    #expect(lavapipe.schedule == "direct" && lavapipe.tile == [32, 64, 1])
  }

  @Test func `a row vector is not padded to a tile`() throws {
    for name in Self.snapshots {
      let plan = try GEMMPlanner.plan(try problem(1, 4096, 4096), Self.capabilities(name))
      #expect(plan.flopsDone <= 8 * plan.flopsNeeded, "\(name): \(plan.tile)")
    }
  }

  @Test func `odd rows are read element by element`() throws {
    let capabilities = try Self.capabilities("opencl-h200")
    let spec = try GEMMPlanner.plan(try problem(512, 1024, 511), capabilities).kernels[0]
    #expect(spec["VECTOR_A"] == 1 && spec["VECTOR_B"] == 4)
  }

  @Test func `a driver that stops loops gets parts of K`() throws {
    var capabilities = try Self.capabilities("vulkan-lavapipe")
    let long = try problem(8, 8, 200_000)
    let plan = try GEMMPlanner.plan(long, capabilities)
    #expect(plan.schedule.hasSuffix("split-k") && plan.dispatches.count == 4)
    #expect(plan.kernels[0]["SPLIT"] == 1 && plan.scratch == [4 * 64])
    capabilities.maxLoopIterations = nil
    #expect(try GEMMPlanner.plan(long, capabilities).dispatches.count == 1)
  }

  @Test func `ranges larger than a binding are cut into rows`() throws {
    let capabilities = try Self.capabilities("vulkan-lavapipe")
    // 400 MB of A, 1.6 GB of D.
    let plan = try GEMMPlanner.plan(try problem(100_000, 4000, 1000), capabilities)
    let starts = plan.dispatches.map { $0.arguments[4].offset }
    #expect(starts == starts.sorted() && Set(starts).count == starts.count)
    #expect(plan.scratch.isEmpty)
    let covered = plan.dispatches.map { $0.arguments[4].byteCount }.reduce(0, +)
    #expect(covered >= 100_000 * 4000 * 4)
  }

  @Test func `a row longer than a binding is refused by name`() throws {
    var capabilities = try Self.capabilities("vulkan-lavapipe")
    capabilities.maxBindingRange = 1 << 16
    let error = #expect(throws: TesseraError.self) {
      _ = try GEMMPlanner.plan(try self.problem(4, 20_000, 4), capabilities)
    }
    #expect(error?.code == .overLimit)
  }

  @Test func `illegal forms are refused with the reason`() throws {
    let capabilities = try Self.capabilities("vulkan-lavapipe")
    let square = try problem(64, 64, 64)
    let forms: [GEMMForm] = [
      .tiled(128, 128, 256, work: (8, 8), share: 1), .tiled(64, 64, 15, work: (4, 4), share: 1),
      .tiled(64, 64, 16, work: (4, 8), width: 8, share: 1),
      .direct(lanes: 32, work: (32, 1), subgroup: true, share: 1),
      .direct(lanes: 2048, work: (1, 1), share: 1),
    ]
    for form in forms {
      let error = #expect(throws: TesseraError.self) {
        _ = try GEMMPlanner.plan(square, capabilities, form: form)
      }
      #expect(error?.code == .unsupported)
    }
  }

  @Test func `other element types are refused`() throws {
    var wrong = try problem(4, 4, 4)
    wrong.a.dtype = .i32
    let capabilities = try Self.capabilities("opencl-pocl")
    #expect(throws: TesseraError.self) { _ = try GEMMPlanner.plan(wrong, capabilities) }
  }

  @Test func `plans survive encoding`() throws {
    let plan = try GEMMPlanner.plan(
      try problem(100, 90, 80, batch: [3]), try Self.capabilities("opencl-pocl"))
    #expect(try JSONDecoder().decode(Plan.self, from: JSONEncoder().encode(plan)) == plan)
  }
}
