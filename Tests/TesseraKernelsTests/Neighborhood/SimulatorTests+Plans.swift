import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import Testing

extension `The neighborhood simulator` {
  @Test func `counts what plans for GPUs count`() throws {
    var capabilities = Capabilities(backend: .openCL, kind: .gpu, name: "test")
    capabilities.localMemoryBytes = 48 << 10
    capabilities.maxWorkgroupInvocations = 1024
    capabilities.maxBindingRange = 1 << 30
    var random = SeededRandom(95)
    for number in 0..<60 {
      var problem = try Self.randomProblem(&random, rank: random.integer(in: 1...3))
      problem.extraKeys = 0
      let simulator = try NeighborhoodSimulator(problem)
      let plan = try NeighborhoodPlanner.plan(problem, capabilities)
      let shape = simulator.ownShape(try #require(plan.tileShape))
      let simulation = try simulator.simulate(shape)
      let context = Comment(rawValue: "\(number): \(problem), \(shape)")
      #expect(plan.tiles?.full == simulation.tiles.full, context)
      #expect(plan.tiles?.partial == simulation.tiles.partial, context)
      #expect(plan.flopsNeeded == simulation.forward.flopsNeeded, context)
      #expect(plan.bytes == simulation.forward.bytes, context)

      let gradients = try NeighborhoodPlanner.planBackward(problem, capabilities)
      let both = try simulator.simulate(
        simulator.ownShape(try #require(gradients.tileShape)),
        inverse: simulator.ownShape(try #require(gradients.inverseTileShape)))
      let visited = [both.tiles, both.inverseTiles].reduce(0) { $0 + $1.full + $1.partial }
      #expect(gradients.tiles.map { $0.full + $0.partial } == visited, context)
      #expect(gradients.bytes == both.backward.bytes, context)
    }
  }

  @Test func `counts what plans of dense attention count`() throws {
    var capabilities = Capabilities(backend: .vulkan, kind: .gpu, name: "test")
    capabilities.localMemoryBytes = 48 << 10
    capabilities.maxWorkgroupInvocations = 1024
    capabilities.maxBindingRange = 1 << 30
    for (queries, keys, window, topLeft) in [
      (100, 100, 20, false), (70, 300, 1000, false), (300, 70, 30, true), (300, 70, 30, false),
    ] {
      let problem = try AttentionProblem(
        q: (Shape([2, queries, 4, 32]), .f16), k: (Shape([2, keys, 2, 32]), .f16),
        v: (Shape([2, keys, 2, 16]), .f16), causal: true,
        alignment: topLeft ? .topLeft : .bottomRight, windowLeft: window)
      let simulator = try NeighborhoodSimulator(problem)
      let plan = try AttentionPlanner.plan(problem, capabilities)
      let simulation = try simulator.simulate(
        simulator.ownShape(try #require(plan.tileShape)))
      #expect(plan.tiles == simulation.tiles && plan.flopsNeeded == simulation.forward.flopsNeeded)
      #expect(plan.bytes == simulation.forward.bytes)
    }
  }
}
