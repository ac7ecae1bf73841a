import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Unfused halves of neighborhood attention` {
  @Test(arguments: NeighborhoodDevice.allCases)
  func `are right for random problems, and repeat`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(51)
    for index in 0..<69 {
      let test = try HalvesCase(&random, kind: index % 3)
      for half in HalvesProblem.Half.allCases {
        let run = try test.run(half, on: context)
        if let fault = test.fault(half, run) { Issue.record("\(fault)") }
        guard index % 4 == 0 else { continue }
        let again = try test.run(half, on: context)
        #expect(
          run.outputs.map(\.bits) == again.outputs.map(\.bits),
          "\(half) is not repeatable: \(test.problem)")
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `are the same when the batch is cut`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(52)
    var cuts = 0
    for _ in 0..<4 {
      var test = try HalvesCase(&random, kind: 0)
      // Entries of a whole number of aligned ranges, so that they can be bound apart.
      while test.problem.batch < 2 || test.problem.tokens % 16 != 0 {
        test = try HalvesCase(&random, kind: 0)
      }
      for half in HalvesProblem.Half.allCases {
        let whole = try test.run(half, on: context)
        var limited = context.capabilities
        let entries = [test.q, test.k, test.v, test.weights, test.dO].map { $0.byteCount / 2 }
        limited.maxBindingRange = max(
          entries.max() ?? 0, 4 * test.problem.biasDimensions.reduce(1, *) * 8)
        let plan = try HalvesPlanner.plan(HalvesProblem(half, test.problem), limited)
        if plan.notes.contains(where: { $0.hasPrefix("batch in 2 parts") }) { cuts += 1 }
        let cut = try test.run(half, limited, on: context)
        if half != .qkBackward {
          #expect(cut.outputs.map(\.bits) == whole.outputs.map(\.bits), "\(half): \(test.problem)")
        }
        if let fault = test.fault(half, cut) { Issue.record("\(fault)") }
      }
    }
    #expect(cuts > 0)
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `handle tensors without elements`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(53)
    for (batch, length, heads, d) in [(0, 6, 1, 4), (1, 0, 1, 4), (1, 6, 0, 4), (1, 6, 1, 0)] {
      var test = try HalvesCase(&random, kind: 0, extensions: false)
      func tensor(_ dimensions: [Int]) throws -> HostTensor {
        let shape = try Shape(dimensions)
        return try HostTensor(
          rounding: random.normals(shape.elementCount), to: .f32, shape: shape)
      }
      test.q = try tensor([batch, length, heads, d])
      (test.k, test.v, test.dO) = (test.q, test.q, test.q)
      test.problem = try NeighborhoodProblem(
        q: (test.q.shape, .f32), k: (test.k.shape, .f32), v: (test.v.shape, .f32), window: [3])
      test.weights = try tensor([batch, length, heads, 3])
      test.dScores = test.weights
      for half in HalvesProblem.Half.allCases {
        if let fault = test.fault(half, try test.run(half, on: context)) {
          Issue.record("\(fault)")
        }
      }
    }
  }

  @Test func `refuse what a device cannot bind, count or finish`() throws {
    var random = SeededRandom(54)
    var test = try HalvesCase(&random, kind: 0)
    while test.problem.windowKeys < 20 { test = try HalvesCase(&random, kind: 0) }
    var capabilities = Capabilities(backend: .vulkan, kind: .gpu, name: "test")
    capabilities.maxBindingRange = 1 << 30
    func code(_ half: HalvesProblem.Half) -> TesseraError.Code? {
      do throws(TesseraError) {
        _ = try HalvesPlanner.plan(HalvesProblem(half, test.problem), capabilities)
        return nil
      } catch { return error.code }
    }
    for half in HalvesProblem.Half.allCases {
      capabilities.maxBindingRange = 1 << 30
      #expect(code(half) == nil)
      capabilities.maxBindingRange = 64
      #expect(code(half) == .overLimit)
      capabilities.maxBindingRange = 1 << 30
      capabilities.maxLoopIterations = 100
      #expect(code(half) == .overLimit)
      capabilities.maxLoopIterations = nil
    }
    test.problem.axes[0].window = 0
    #expect(code(.qk) == .invalidArgument)
  }
}
