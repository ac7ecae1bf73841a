import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraShaders
import Testing

/// Attention on the tensor cores, planned for a recorded Hopper GPU that need not be present. Its results are
/// examined by `tessera selftest` where there is one.
@Suite struct `Attention on tensor cores` {
  private func hopper() throws -> Capabilities { try GEMMPlannerTests.capabilities("opencl-h200") }

  private func dense(
    _ tokens: Int, d: Int = 128, dv: Int? = nil, _ dtype: DType = .bf16
  ) throws -> AttentionProblem {
    let shape = try Shape([2, tokens, 8, d])
    return try AttentionProblem(
      q: (shape, dtype), k: (shape, dtype), v: (try Shape([2, tokens, 8, dv ?? d]), dtype))
  }

  private func neighborhood(
    _ lengths: [Int], _ window: Int, dilation: Int = 1, extra: Int = 0
  ) throws -> NeighborhoodProblem {
    let shape = try Shape([1] + lengths + [24, 128])
    let more: (Shape, DType)? = extra == 0 ? nil : (try Shape([1, extra, 24, 128]), .f16)
    return try NeighborhoodProblem(
      q: (shape, .f16), k: (shape, .f16), v: (shape, .f16), extraK: more, extraV: more,
      window: lengths.map { _ in window }, stride: lengths.map { _ in 1 },
      dilation: lengths.map { _ in dilation }, causal: lengths.map { _ in false })
  }

  @Test(arguments: [DType.f16, .bf16], [64, 96, 128, 256])
  func `dense attention in 16 bits runs on them, keys copied in boxes`(dtype: DType, d: Int) throws {
    let plan = try AttentionPlanner.plan(try dense(4096, d: d, dtype), try hopper())
    #expect(plan.tier == "hopper")
    #expect(plan.kernels.map(\.name) == ["attention_maps", "attention_hopper"])
    #expect(plan.kernels[1]["BOX_COPIES"] == 1 && plan.kernels[1]["Q_DTYPE"] == (dtype == .f16 ? 1 : 2))
    // The maps are made before they are used, in memory that both know.
    #expect(plan.dispatches.map(\.kernel) == [0, 1])
    let maps = plan.dispatches[0].arguments[2]
    #expect(maps == plan.dispatches[1].arguments[11] && maps.byteCount == 256)
    #expect(plan.scratchBytes <= 1024)
  }

  @Test func `what they cannot do stays on the plain cores, and the plan says why`() throws {
    for problem in [try dense(1024, .f32), try dense(1024, d: 36), try dense(1024, d: 264)] {
      let plan = try AttentionPlanner.plan(problem, try hopper())
      #expect(plan.tier == "portable" && plan.kernels[0].name == "attention_forward")
      #expect(plan.notes.contains { $0.hasPrefix("tier hopper is not used: ") }, "\(plan.notes)")
    }
    var capabilities = try hopper()
    capabilities.tensorTiers = []
    let plan = try AttentionPlanner.plan(try dense(4096), capabilities)
    #expect(plan.tier == "portable" && !plan.notes.contains { $0.contains("tier hopper") })
  }

  @Test func `keys that no box holds are copied one by one`() throws {
    for problem in [try dense(4096, d: 72), try dense(4096, d: 104, dv: 128)] {
      let plan = try AttentionPlanner.plan(problem, try hopper())
      #expect(plan.kernels.map(\.name) == ["attention_hopper"])
      #expect(plan.kernels[0]["BOX_COPIES"] == 0)
    }
    let extra = try NeighborhoodPlanner.plan(try neighborhood([128, 128], 40, extra: 16), try hopper())
    #expect(extra.kernels[0].name == "attention_hopper" && extra.kernels[0]["BOX_COPIES"] == 0)
    #expect(extra.kernels[0]["EXTRA_KEYS"] == 1)
  }

  @Test func `every dilation group has maps of its own`() throws {
    let plan = try NeighborhoodPlanner.plan(try neighborhood([128, 96], 24, dilation: 4), try hopper())
    #expect(plan.kernels.map(\.name) == ["attention_maps", "attention_hopper"])
    #expect(plan.dispatches[0].grid == GridSize(16, 1, 1))
    #expect(plan.dispatches[0].arguments[2].byteCount == 16 * 256)
  }

  @Test func `boxes fill a tile where the copy engine brings them`() throws {
    for lengths in [[4096], [256, 256], [30, 48, 80]] {
      for plan in try NeighborhoodPlanner.tensorForms(try neighborhood(lengths, 18), try hopper()) {
        let shape = try #require(plan.tileShape)
        #expect(shape.queryTile.reduce(1, *) <= plan.tile[0])
        #expect(shape.keyTile.reduce(1, *) <= plan.tile[1])
        if plan.kernels.last?["BOX_COPIES"] == 1 {
          #expect(shape.keyTile.reduce(1, *) == plan.tile[1] && shape.keyTile.allSatisfy { $0 <= 256 })
        }
      }
    }
  }

  @Test func `a few rows and many keys are split`() throws {
    let q = try Shape([1, 128, 8, 128]), k = try Shape([1, 65536, 8, 128])
    let plan = try AttentionPlanner.plan(
      try AttentionProblem(q: (q, .bf16), k: (k, .bf16), v: (k, .bf16)), try hopper())
    #expect(plan.tier == "hopper" && plan.kernels[1]["O_DTYPE"] == 0)
    #expect(plan.dispatches[1].grid.z > 8 && plan.kernels.last?.name == "attention_merge")
  }

  @Test(arguments: ["attention_hopper.cl", "attention_maps.cl"])
  func `instructions of one architecture stand behind the mark`(_ name: String) throws {
    let source = try #require(TesseraShaders.source(name))
    #expect(!source.contains("#error missing"))
    var marked = 0
    for line in source.split(separator: "\n") where line.contains("\"") {
      for instruction in ["wgmma.", "setmaxnreg.", "tensormap."] {
        guard let place = line.firstRange(of: instruction), !line.contains("fence.proxy.tensormap")
        else { continue }
        #expect(line[..<place.lowerBound].contains("//@"), "\(line)")
        marked += 1
      }
    }
    #expect(marked > 3)
  }
}
