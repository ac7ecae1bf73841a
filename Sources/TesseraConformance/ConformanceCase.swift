package import TesseraCore
import TesseraReference

/// One random problem with its inputs, made from a seed alone.
package enum ConformanceCase: Sendable {
  case gemm(GEMMProblem, a: HostTensor, b: HostTensor, c: HostTensor?, bias: HostTensor?)
  case neighborhood(
    NeighborhoodProblem, q: HostTensor, k: HostTensor, v: HostTensor, extraK: HostTensor?,
    extraV: HostTensor?)

  /// The operators that have conformance cases.
  package enum Operator: String, Sendable, Hashable, Codable, CaseIterable {
    case gemm
    case na
  }

  /// The case of `seed`.
  ///
  /// What becomes a kernel's compile-time parameter (types, transposes, head dimensions) is one of
  /// `variants` combinations, `seed mod variants`; everything else is drawn anew. So a run of many
  /// problems builds few kernels, which takes longer than running them on software devices.
  package init(
    _ operation: Operator, seed: UInt64, variants: UInt64 = 24
  ) throws(TesseraError) {
    let index = Int(seed % max(variants, 1))
    var random = SeededRandom(seed)
    switch operation {
    case .gemm: self = try Self.gemmCase(Variant(index), &random)
    case .na: self = try Self.neighborhoodCase(Variant(index), &random)
    }
  }

  /// The compile-time half of a case. Small periods make all pairs of properties meet.
  private struct Variant {
    let index: Int
    private var random: SeededRandom

    init(_ index: Int) {
      self.index = index
      random = SeededRandom(UInt64(index) &+ 1_000_003)
    }

    var dtype: DType { GEMMProblem.dtypes[index % 3] }
    mutating func pick<T>(_ choices: [T]) -> T { random.pick(choices) }
  }

  /// Extents where tiles, vectors and words end: 0, 1, primes, powers of two and their neighbours.
  private static let extents = [
    0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 23, 31, 32, 33, 47, 63, 64, 65, 67, 96, 100, 127, 128,
    129, 131,
  ]

  private static func gemmCase(
    _ given: Variant, _ random: inout SeededRandom
  ) throws(TesseraError) -> Self {
    var variant = given
    var (m, n, k) = (random.pick(extents), random.pick(extents), random.pick(extents))
    // Now and then one long axis: many key tiles, or a long sum.
    switch random.integer(in: 0...19) {
    case 0: k = random.integer(in: 200...3000)
    case 1: m = random.integer(in: 200...600)
    case 2: n = random.integer(in: 200...600)
    default: break
    }
    if m * n * k > 4_000_000 { (m, n) = (min(m, 33), min(n, 33)) }
    let (transposeA, transposeB) = (variant.index & 1 == 1, variant.index & 2 == 2)
    let batch = random.pick([[], [], [], [1], [3], [2, 2], [2, 1, 3]] as [[Int]])
    func operandBatch(_ random: inout SeededRandom) -> [Int] {
      switch random.integer(in: 0...3) {
      case 0: []
      case 1: batch.map { _ in 1 }
      default: batch
      }
    }
    // Mostly one type for A and B, as in practice; sometimes every operand its own.
    let mixed = variant.index % 4 == 3
    func type() -> DType { mixed ? variant.pick(GEMMProblem.dtypes) : variant.dtype }
    // Sums of small integers are exact: any difference at all is a structural mistake.
    let exact = variant.index % 6 == 0
    func tensor(_ dimensions: [Int], _ random: inout SeededRandom) throws(TesseraError) -> HostTensor {
      let shape = try Shape(dimensions)
      let values =
        exact
        ? random.integers(shape.elementCount, in: -2...2, nonZero: true)
        : random.normals(shape.elementCount)
      return try HostTensor(rounding: values, to: type(), shape: shape)
    }
    let a = try tensor(operandBatch(&random) + (transposeA ? [k, m] : [m, k]), &random)
    let b = try tensor(operandBatch(&random) + (transposeB ? [n, k] : [k, n]), &random)
    let hasC = variant.index % 5 < 2
    // C must broadcast to the batch of A and B, which may be smaller than `batch`.
    let c = hasC ? try tensor([m, n], &random) : nil
    let bias: HostTensor? =
      switch variant.index % 7 {
      case 0, 1: try tensor([n], &random)
      case 2, 3: try tensor([m, 1], &random)
      default: nil
      }
    let problem = try GEMMProblem(
      a: (a.shape, a.dtype), b: (b.shape, b.dtype), c: c.map { ($0.shape, $0.dtype) },
      bias: bias.map { ($0.shape, $0.dtype) }, transposeA: transposeA, transposeB: transposeB,
      alpha: exact ? 1 : random.pick([1, 1, -0.5, 1.7]),
      beta: hasC ? random.pick([0, 1, exact ? 2 : -0.75]) : 0,
      activation: exact ? .none : variant.pick(Activation.allCases + [.none, .none]),
      output: variant.pick([nil, .f32, type()]))
    return .gemm(problem, a: a, b: b, c: c, bias: bias)
  }

  private static func neighborhoodCase(
    _ given: Variant, _ random: inout SeededRandom
  ) throws(TesseraError) -> Self {
    var variant = given
    let rank = random.integer(in: 1...3)
    let longest = [150, 22, 9][rank - 1]
    var (lengths, window, stride, dilation): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    var causal: [Bool] = []
    for _ in 0..<rank {
      let length = random.integer(in: 1...longest)
      let step = random.pick([1, 1, 1, 2, 3, min(4, length)])
      let gap = min(step, length)
      let keys = random.integer(in: 1...max(1, length / gap))
      lengths.append(length)
      dilation.append(gap)
      window.append(keys)
      stride.append(random.integer(in: 0...1) == 0 ? 1 : random.integer(in: 1...keys))
      causal.append(random.integer(in: 0...3) == 0)
    }
    let kvHeads = random.integer(in: 1...3)
    let heads = kvHeads * random.pick([1, 1, 2, 3])
    let headDim = variant.pick([1, 3, 8, 16, 20, 32, 33, 40, 64, 80, 128])
    let valueDim = variant.index % 3 == 0 ? variant.pick([1, 5, 16, 32, 48, 72]) : headDim
    let batch = random.pick([1, 1, 2, 3])
    let dtype = variant.pick(NeighborhoodProblem.dtypes)
    let extra = random.pick([0, 0, 0, 1, 3, 17])
    // Scores with a standard deviation of 3 and more: peaked rows show what flat ones average away.
    let peak = random.pick([1, 1, 3])
    func tensor(
      _ dimensions: [Int], _ deviation: Double, _ random: inout SeededRandom
    ) throws(TesseraError) -> HostTensor {
      let shape = try Shape(dimensions)
      return try HostTensor(
        rounding: random.normals(shape.elementCount, deviation: deviation), to: dtype, shape: shape)
    }
    let q = try tensor([batch] + lengths + [heads, headDim], Double(peak), &random)
    let k = try tensor([batch] + lengths + [kvHeads, headDim], 1, &random)
    let v = try tensor([batch] + lengths + [kvHeads, valueDim], 1, &random)
    let extraK = extra > 0 ? try tensor([batch, extra, kvHeads, headDim], 1, &random) : nil
    let extraV = extra > 0 ? try tensor([batch, extra, kvHeads, valueDim], 1, &random) : nil
    let problem = try NeighborhoodProblem(
      q: (q.shape, dtype), k: (k.shape, dtype), v: (v.shape, dtype),
      extraK: extraK.map { ($0.shape, dtype) }, extraV: extraV.map { ($0.shape, dtype) },
      window: window, stride: stride, dilation: dilation, causal: causal,
      scale: random.integer(in: 0...4) == 0 ? 0.3 : nil)
    return .neighborhood(problem, q: q, k: k, v: v, extraK: extraK, extraV: extraV)
  }
}
