import Foundation
import TesseraCore
import TesseraKernels
import TesseraReference
import Testing

extension `The neighborhood simulator` {
  /// The simulation of the best boxes of one volume, and the advice on it.
  static func advise(
    _ axes: [Axis], volume: Int
  ) throws -> (before: TileSimulation, advice: [TileAdvice]) {
    let simulator = try NeighborhoodSimulator(problem(axes))
    let boxes = try simulator.bestBoxes(queries: volume, keys: volume)
    let before = try simulator.simulate(queryTile: boxes.queryTile, keyTile: boxes.keyTile)
    return (before, NeighborhoodAdvisor(simulator, before).advice())
  }

  @Test func `finds the strides that make published patterns block-sparse`() throws {
    for (axes, volume, bound) in [
      ([Axis(length: 32_768, window: 2048)], 128, 16.0),
      ([Axis(length: 256, window: 80), Axis(length: 256, window: 80)], 64, 10.24),
      ([Axis(length: 256, window: 80), Axis(length: 256, window: 80)], 128, 10.24),
      (
        [
          Axis(length: 30, window: 18), Axis(length: 48, window: 24), Axis(length: 80, window: 24),
        ], 128, 11.11
      ),
    ] {
      let (before, advice) = try Self.advise(axes, volume: volume)
      #expect(!before.isBlockSparse)
      let best = try #require(advice.last)
      #expect(best.isBlockSparse && best.fullShare == 1, "\(advice.map(\.text))")
      #expect(abs(best.bound - bound) < 0.01 && best.window == axes.map(\.window))
      #expect(best.text.contains("stride") && best.text.contains("are full"))
      // More than the smallest stride that does it would cost quality for nothing.
      #expect(zip(best.stride, best.queryTile).allSatisfy { $0 <= $1 })
    }
  }

  @Test func `says nothing where nothing is wasted or nothing helps`() throws {
    let stride = Axis(length: 256, window: 80, stride: 16)
    #expect(try Self.advise([stride, stride], volume: 64).advice.isEmpty)
    // Causal dense attention: the diagonal is partial, whatever is done.
    var problem = try AttentionProblem(
      q: (Shape([1, 64, 1, 8]), .f32), k: (Shape([1, 64, 1, 8]), .f32),
      v: (Shape([1, 64, 1, 8]), .f32))
    problem.causal = true
    let simulator = try NeighborhoodSimulator(problem)
    let causal = try simulator.simulate(queryTile: [8], keyTile: [8])
    #expect(causal.tiles == .init(full: 28, partial: 8, skipped: 28))
    #expect(NeighborhoodAdvisor(simulator, causal).advice().isEmpty)
  }

  @Test func `advises windows and dilations that fit tiles`() throws {
    let small = Axis(length: 56, window: 7)
    let (_, windows) = try Self.advise([small, small], volume: 64)
    let window = try #require(windows.last)
    #expect(window.change == .window && window.window == [8, 8] && window.isBlockSparse)
    #expect(window.bound == 49 && window.boundByOperations == 49)
    let dilated = Axis(length: 56, window: 7, dilation: 8)
    let (before, dilations) = try Self.advise([dilated, dilated], volume: 64)
    let dilation = try #require(dilations.first { $0.change == .dilation })
    #expect(dilation.dilation == [7, 7] && dilation.bound == 49 && before.bound < 38)
  }

  @Test func `every advice holds when it is simulated`() throws {
    var random = SeededRandom(90)
    var changes: Set<TileAdvice.Change> = []
    for number in 0..<60 {
      var problem = try Self.randomProblem(&random, rank: random.integer(in: 1...3))
      let simulator = try NeighborhoodSimulator(problem)
      let rank = problem.axes.count
      let before = try simulator.simulate(
        queryTile: (0..<rank).map { _ in random.pick([1, 2, 4]) },
        keyTile: (0..<rank).map { _ in random.pick([1, 2, 4]) })
      var last = before.bound
      let original = problem
      for advice in NeighborhoodAdvisor(simulator, before).advice() {
        changes.insert(advice.change)
        problem = original
        for axis in 0..<rank {
          problem.axes[axis].window = advice.window[axis]
          problem.axes[axis].stride = advice.stride[axis]
          problem.axes[axis].dilation = advice.dilation[axis]
        }
        #expect(throws: Never.self, "\(number): \(advice.text)") { try problem.validate() }
        let after = try NeighborhoodSimulator(problem).simulate(
          queryTile: advice.queryTile, keyTile: advice.keyTile)
        #expect(after.bound == advice.bound && after.isBlockSparse == advice.isBlockSparse)
        #expect(after.queryPlaces == before.queryPlaces && after.keyPlaces == before.keyPlaces)
        if advice.change == .window {
          #expect(advice.isBlockSparse)
        } else {
          #expect(advice.bound >= last * 0.99, "\(number): \(advice.text)")
          last = max(last, advice.bound)
        }
        if advice.change == .tiles { #expect(problem == original) }
      }
    }
    #expect(changes.count == 5, "only \(changes)")
  }

  @Test func `advice on the field's shapes takes less than a second`() throws {
    for axes in [
      [Axis(length: 32_768, window: 2048)],
      [Axis(length: 256, window: 80), Axis(length: 256, window: 80)],
      [Axis(length: 30, window: 18), Axis(length: 48, window: 24), Axis(length: 80, window: 24)],
      [Axis(length: 1 << 20, window: 65_536, dilation: 3)],
    ] {
      // Of this thread's own time: other tests run beside it.
      let before = threadNanoseconds()
      _ = try Self.advise(axes, volume: 128)
      let seconds = Double(threadNanoseconds() - before) * 1e-9
      #expect(seconds < 1, "\(axes)")
    }
  }
}

private func threadNanoseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
