import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// One random neighborhood problem with everything its halves take. Entries that must not be read are
/// NaN: weights and gradients past the end of causal windows, keys and gradients of masked keys.
struct HalvesCase {
  var problem: NeighborhoodProblem
  var q: HostTensor
  var k: HostTensor
  var v: HostTensor
  var bias: HostTensor?
  var keyMask: HostTensor?
  var weights: HostTensor
  var dScores: HostTensor
  var dO: HostTensor

  /// Types and head dimensions. Few, since each type, and whether rows are whole vectors, is a kernel to
  /// compile.
  static let kinds: [(dtype: DType, d: [Int], dv: [Int])] = [
    (.f32, [8, 16, 64], [4, 32]), (.f16, [1, 7, 30], [3, 9]), (.bf16, [4, 24], [8, 100]),
  ]

  init(_ random: inout SeededRandom, kind: Int, extensions: Bool = true) throws {
    let rank = random.integer(in: 1...3)
    var axes: [NeighborhoodProblem.Axis] = []
    var queries: [Int] = []
    var circular: [Bool] = []
    for _ in 0..<rank {
      let axis = `Neighborhood attention key sets`.randomAxis(&random, upTo: [90, 12, 6][rank - 1])
      axes.append(axis)
      circular.append(
        extensions && !axis.causal && axis.length % axis.dilation == 0
          && random.integer(in: 0...2) == 0)
      let ratios = [1, 1, 2, 3].filter { axis.length % $0 == 0 }
      let more = random.integer(in: 0...2) == 0
      let (factor, divisor) = more ? (random.integer(in: 1...3), 1) : (1, random.pick(ratios))
      queries.append(extensions ? axis.length * factor / divisor : axis.length)
    }
    let (batch, kvHeads) = (random.integer(in: 1...2), random.integer(in: 1...2))
    let heads = kvHeads * random.integer(in: 1...3)
    let (dtype, ds, dvs) = Self.kinds[kind]
    let (d, dv) = (random.pick(ds), random.pick(dvs))
    let lengths = axes.map(\.length)
    func tensor(_ dimensions: [Int], _ deviation: Double = 1) throws -> HostTensor {
      let shape = try Shape(dimensions)
      return try HostTensor(
        rounding: random.normals(shape.elementCount, deviation: deviation), to: dtype, shape: shape)
    }
    q = try tensor([batch] + queries + [heads, d], 2)
    k = try tensor([batch] + lengths + [kvHeads, d])
    v = try tensor([batch] + lengths + [kvHeads, dv])
    dO = try tensor([batch] + queries + [heads, dv])
    if extensions, random.integer(in: 0...1) == 0 {
      let shape = try Shape([heads] + axes.map { 2 * $0.window - 1 })
      var values = random.normals(shape.elementCount)
      for i in values.indices where random.integer(in: 0...9) == 0 { values[i] = -.infinity }
      bias = try HostTensor(rounding: values, to: .f32, shape: shape)
    }
    if extensions, random.integer(in: 0...1) == 0 {
      let shape = try Shape([batch] + lengths)
      let bytes = (0..<shape.elementCount).map { _ in UInt8(random.integer(in: 0...3) == 0 ? 0 : 1)
      }
      keyMask = HostTensor(dtype: .bool, shape: shape) { $0.copyBytes(from: bytes) }
    }
    problem = try NeighborhoodProblem(
      q: (q.shape, dtype), k: (k.shape, dtype), v: (v.shape, dtype),
      bias: bias.map { ($0.shape, .f32) }, keyMask: keyMask.map { ($0.shape, .bool) },
      circular: circular, window: axes.map(\.window), stride: axes.map(\.stride),
      dilation: axes.map(\.dilation), causal: axes.map(\.causal))
    let shape = try Shape(try HalvesProblem(.qk, problem).weightDimensions())
    (weights, dScores) = (q, q)
    (weights, dScores) = (
      try tensor(shape.dimensions), try tensor(shape.dimensions)
    )
    try poison()
  }

  private mutating func poison() throws {
    var unmasked = problem
    unmasked.extensions?.keyMask = false
    unmasked.extensions?.relativeBias = false
    var masked = unmasked
    masked.extensions?.keyMask = keyMask != nil
    let zeros = (
      q: [Double](repeating: 0, count: q.shape.elementCount),
      k: [Double](repeating: 0, count: k.shape.elementCount)
    )
    let ends = Reference.naQK(unmasked, q: zeros.q, k: zeros.k)
    let hidden = Reference.naQK(masked, q: zeros.q, k: zeros.k, keyMask: mask)
    func poisoned(_ tensor: HostTensor, _ bad: (Int) -> Bool) throws -> HostTensor {
      let values = tensor.floats().enumerated().map { bad($0.offset) ? Float.nan : $0.element }
      return try HostTensor(rounding: values, to: tensor.dtype, shape: tensor.shape)
    }
    weights = try poisoned(weights) { ends[$0] == -.infinity }
    dScores = try poisoned(dScores) { hidden[$0] == -.infinity }
    let row = problem.kvHeads * problem.headDim
    if keyMask != nil { k = try poisoned(k) { row > 0 && !mask[$0 / row] } }
  }

  /// Whether each key takes part; empty without a mask.
  var mask: [Bool] {
    keyMask.map { tensor in tensor.withUnsafeBytes { $0.map { $0 != 0 } } } ?? []
  }

  /// Runs a half; nil stands for an operand the problem does not have.
  func run(
    _ half: HalvesProblem.Half, _ capabilities: Capabilities? = nil, on context: DeviceContext
  ) throws -> GuardedRun {
    let dtype = problem.dtype
    func input(_ tensor: HostTensor?) -> GuardedRun.Operand { tensor.map { .input($0) } ?? .none }
    func output(_ like: HostTensor) -> GuardedRun.Operand { .output(dtype, like.shape.dimensions) }
    let operands: [GuardedRun.Operand] =
      switch half {
      case .qk: [input(q), input(k), input(bias), input(keyMask), output(weights)]
      case .qkBackward:
        [
          input(q), input(k), input(keyMask), input(dScores), output(q), output(k),
          bias.map { .output(.f32, $0.shape.dimensions) } ?? .none,
        ]
      case .av: [input(weights), input(v), output(dO)]
      case .avBackward: [input(weights), input(v), input(dO), output(weights), output(v)]
      }
    let plan = try HalvesPlanner.plan(
      HalvesProblem(half, problem), capabilities ?? context.capabilities)
    return try GuardedRun(plan, operands, on: context)
  }

  /// The oracle's outputs of a half, with the sums of the absolute values of what each is summed from.
  func gold(_ half: HalvesProblem.Half) -> [(name: String, values: [Double], magnitude: [Double])] {
    func values(_ tensor: HostTensor, absolute: Bool) -> [Double] {
      tensor.doubles().map { absolute ? abs($0) : $0 }
    }
    func evaluate(_ absolute: Bool) -> [(String, [Double])] {
      var problem = problem
      if absolute { problem.scale = abs(problem.scale) }
      let (q, k, v) = (
        values(q, absolute: absolute), values(k, absolute: absolute), values(v, absolute: absolute)
      )
      let (weights, dScores, dO) = (
        values(weights, absolute: absolute), values(dScores, absolute: absolute),
        values(dO, absolute: absolute)
      )
      switch half {
      case .qk:
        let bias = bias.map {
          values($0, absolute: false).map { absolute && $0.isFinite ? abs($0) : $0 }
        }
        return [
          ("scores", Reference.naQK(problem, q: q, k: k, bias: bias ?? [], keyMask: mask))
        ]
      case .qkBackward:
        let result = Reference.naQKBackward(
          problem, q: q, k: k, keyMask: mask, dScores: dScores)
        return [("dQ", result.dq.values), ("dK", result.dk.values)]
          + (bias == nil ? [] : [("dBias", result.dBias.values)])
      case .av: return [("o", Reference.naAV(problem, weights: weights, v: v))]
      case .avBackward:
        let result = Reference.naAVBackward(problem, weights: weights, v: v, dO: dO)
        return [("dWeights", result.dWeights.values), ("dV", result.dv.values)]
      }
    }
    return zip(evaluate(false), evaluate(true)).map { ($0.0, $0.1, $1.1) }
  }

  /// What is wrong with a result, or nil: errors are at most `4·√N·u` times the sum of the absolute
  /// values, for sums of N terms, and half an ulp of the storage type.
  func fault(_ half: HalvesProblem.Half, _ run: GuardedRun) -> String? {
    if !run.guardsIntact { return "\(half): guard bytes changed: \(problem)" }
    let terms = max(
      problem.headDim, problem.valueDim, problem.windowKeys * problem.group,
      problem.batch * problem.queryTokens)
    let factor = 4 * Double(terms + 4).squareRoot() * DType.f32.unitRoundoff
    for (output, gold) in zip(run.outputs, gold(half)) {
      let least = output.dtype == .f16 ? 0x1p-25 : 0x1p-126
      for (i, (x, y)) in zip(output.doubles(), gold.values).enumerated() where x != y {
        let allowed =
          factor * gold.magnitude[i] + max(abs(y) * output.dtype.unitRoundoff, least)
        guard abs(x - y) <= allowed else {
          return "\(half): \(gold.name)[\(i)] is \(x), expected \(y): \(problem)"
        }
      }
    }
    return nil
  }
}
