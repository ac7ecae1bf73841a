import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Gradient of the relative-position bias` {
  /// A problem with a bias, and what the forward pass made of it.
  private struct Case {
    var test: HalvesCase
    let o: HostTensor
    let lse: HostTensor

    init(_ random: inout SeededRandom, kind: Int) throws {
      test = try HalvesCase(&random, kind: kind)
      while test.bias == nil { test = try HalvesCase(&random, kind: kind) }
      // NaN in masked keys is what the halves are tested with; here they must be numbers for the oracle.
      test.k = try HostTensor(
        rounding: test.k.floats().map { $0.isNaN ? 0 : $0 }, to: test.k.dtype, shape: test.k.shape)
      let forward = Reference.extendedNeighborhoodAttention(
        test.problem, q: test.q.doubles(), k: test.k.doubles(), v: test.v.doubles(),
        bias: test.bias?.doubles() ?? [], keyMask: test.mask)
      o = try HostTensor(
        rounding: forward.o.map { Float($0) }, to: test.problem.outputDType, shape: test.dO.shape)
      lse = try HostTensor(
        rounding: forward.lse.map { Float($0) }, to: .f32,
        shape: try Shape(test.problem.lseDimensions))
    }

    /// The gradient alone: δ is an operand behind those of neighborhood attention.
    func plan(_ capabilities: Capabilities) throws -> Plan {
      var plan = Plan(operation: "bias-gradient", schedule: "gather", tile: [])
      let delta = Plan.Source.operand(Plan.NeighborhoodOperand.allCases.count)
      try BiasGradient.append(to: &plan, test.problem, .init(delta: delta), capabilities)
      return plan
    }

    /// Takes δ and then the gradient.
    func run(_ capabilities: Capabilities, on context: DeviceContext) throws -> GuardedRun {
      let problem = test.problem
      let delta = try GuardedRun(
        try DeltaPlanner.plan(
          rows: lse.shape.elementCount, valueDim: problem.valueDim, dtype: problem.outputDType,
          capabilities),
        [.input(o), .input(test.dO), .output(.f32, problem.lseDimensions)], on: context)
      var operands = [GuardedRun.Operand](
        repeating: .none, count: Plan.NeighborhoodOperand.allCases.count + 1)
      func set(_ operand: Plan.NeighborhoodOperand, _ tensor: HostTensor?) {
        operands[operand.rawValue] = tensor.map { .input($0) } ?? .none
      }
      set(.q, test.q)
      set(.k, test.k)
      set(.v, test.v)
      set(.dO, test.dO)
      set(.bias, test.bias)
      set(.keyMask, test.keyMask)
      set(.lse, lse)
      operands[Plan.NeighborhoodOperand.dBias.rawValue] = .output(.f32, problem.biasDimensions)
      operands[operands.count - 1] = .input(delta.outputs[0])
      return try GuardedRun(try plan(capabilities), operands, on: context)
    }

    func fault(_ run: GuardedRun) -> String? {
      let problem = test.problem
      let (q, k, v) = (test.q.doubles(), test.k.doubles(), test.v.doubles())
      let (bias, dO) = (test.bias?.doubles() ?? [], test.dO.doubles())
      let gold = Reference.neighborhoodAttentionBackward(
        problem, q: q, k: k, v: v, bias: bias, keyMask: test.mask, dO: dO
      ).dBias
      let plain = Reference.plainNeighborhoodAttentionBackward(
        problem, q: q, k: k, v: v, bias: bias, keyMask: test.mask, dO: dO
      ).dBias
      if !run.guardsIntact { return "guard bytes changed: \(problem)" }
      let values = run.outputs[0].doubles()
      if let i = bias.indices.first(where: { bias[$0] == -.infinity && values[$0] != 0 }) {
        return "gradient of the hidden position \(i) is \(values[i]): \(problem)"
      }
      let verdict = Judge.gradient(
        values, gold: gold, plain: plain.values, rowLength: values.count / problem.heads,
        dtype: problem.dtype)
      return verdict.passed ? nil : "\(problem): \(verdict)"
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is right for random problems, and repeats`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(61)
    for index in 0..<(device.isThorough ? 60 : 15) {
      let test = try Case(&random, kind: index % 3)
      let run = try test.run(context.capabilities, on: context)
      if let fault = test.fault(run) { Issue.record("\(fault)") }
      let again = try test.run(context.capabilities, on: context)
      #expect(run.outputs[0].bits == again.outputs[0].bits, "not repeatable: \(test.test.problem)")
    }
  }

  @Test(arguments: [NeighborhoodDevice.openCL, .vulkan])
  func `is right where sums are cut for the loop limit`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(62)
    var limited = context.capabilities
    limited.maxLoopIterations = 150
    var cuts = 0
    for index in 0..<(device.isThorough ? 12 : 6) {
      let test = try Case(&random, kind: index % 2 * 2)
      let run = try test.run(limited, on: context)
      if let fault = test.fault(run) { Issue.record("\(fault)") }
      if try test.plan(limited).dispatches.count > 1 { cuts += 1 }
    }
    #expect(cuts > 0)
  }
}
