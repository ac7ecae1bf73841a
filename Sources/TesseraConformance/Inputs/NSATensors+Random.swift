import TesseraCore
import TesseraReference

extension NSATensors {
  private static let headDims = [
    (64, 64), (16, 16), (128, 128), (40, 24), (80, 80), (20, 33), (192, 128), (96, 96),
  ]
  /// l, c, l': the usual ones, and small ones with which short sequences have many blocks.
  private static let sizes = [
    (32, 16, 64), (4, 2, 8), (16, 16, 64), (2, 1, 4), (64, 32, 128), (8, 8, 8), (32, 32, 64),
    (6, 3, 12),
  ]

  /// Draws a problem of at most `work` multiplications, and its tensors; one key may be ahead of the
  /// others by about `farAhead`.
  init(
    _ variant: ConformanceVariant, _ random: inout SeededRandom, work: Int, farAhead: Float
  ) throws(TesseraError) {
    var variant = variant
    let dtype = variant.dtype
    let (headDim, valueDim) = Self.headDims[variant.index % Self.headDims.count]
    let (span, stride, block) = Self.sizes[variant.index % Self.sizes.count]
    let group = variant.pick([1, 2, 3, 4, 8, 16])
    let compression = NSAProblem.Compression.allCases[variant.index / 2 % 3]
    let gateDType = variant.index % 4 == 1 ? dtype : .f32
    let ownWindow = variant.index % 3 == 1
    var (batch, nq, nk, kvHeads) = (1, 1, 1, 1)
    repeat {
      batch = random.pick([1, 1, 2])
      nk = random.pick([1, 7, span - 1, span, block, 3 * block + 5, 130, 203, 300, 513])
      nq = random.once(in: 3) ? random.pick([1, 2, 5, nk]) : nk
      if random.once(in: 30) { nq = nk + 3 }
      kvHeads = random.integer(in: 1...2)
    } while batch * nq * kvHeads * group * min(nk, 16 * block + nk / stride) * (headDim + valueDim)
      > work || nq * kvHeads * group > 4096
    let heads = kvHeads * group
    var q = try random.tensor(
      [batch, nq, heads, headDim], dtype, deviation: Double(random.pick([1, 1, 3])))
    var k = try random.tensor([batch, nk, kvHeads, headDim], dtype)
    let v = try random.tensor([batch, nk, kvHeads, valueDim], dtype)
    // A weighted sum of equal elements is rounded equally in all of them, which no gradient gets over.
    let kinds = compression == .weighted && farAhead < 1000 ? [0, 2, 3] : [0, 1, 2, 3]
    if random.once(in: 5) {
      try Self.trap(random.pick(kinds), &random, &q, &k, headDim, heads, group, farAhead)
    }
    let gateShape = try Shape([batch, nq, heads, 3])
    let gates = try HostTensor(
      rounding: random.uniforms(gateShape.elementCount, from: 0, to: 1), to: gateDType,
      shape: gateShape)
    var problem = try NSAProblem(
      q: q.described, k: k.described, v: v.described, gates: gates.described,
      scale: random.once(in: 6) ? 0.3 : nil)
    (problem.span, problem.stride, problem.block) = (span, stride, block)
    problem.compression = compression
    (problem.initialBlocks, problem.localBlocks) = random.pick([(1, 2), (0, 0), (1, 0), (0, 1)])
    problem.top = max(
      problem.initialBlocks + problem.localBlocks, random.pick([1, 2, 3, 5, 16, 16, 40]))
    problem.window = random.pick([0, 1, 7, 40, 512, 512])
    problem.ownWindow = ownWindow && problem.window > 0
    self.init(problem, q: q, k: k, v: v, gates: gates)
    if problem.ownWindow {
      kWindow = try random.tensor(problem.keyDimensions, dtype)
      vWindow = try random.tensor(problem.valueDimensions, dtype)
    }
    switch compression {
    case .mean: break
    case .weighted:
      weights = try random.tensor(
        problem.weightDimensions, .f32, deviation: 1 / Double(span).squareRoot())
    case .given:
      kCompressed = try random.tensor(problem.compressedKeyDimensions, dtype)
      vCompressed = try random.tensor(problem.compressedValueDimensions, dtype)
    }
    try problem.validate()
  }

  /// Makes the values such as others' kernels have failed on.
  private static func trap(
    _ kind: Int, _ random: inout SeededRandom, _ q: inout HostTensor, _ k: inout HostTensor,
    _ d: Int, _ heads: Int, _ group: Int, _ farAhead: Float
  ) throws(TesseraError) {
    func mapped(
      _ x: HostTensor, _ f: (Int, Float) -> Float
    ) throws(TesseraError) -> HostTensor {
      try HostTensor(
        rounding: x.floats().enumerated().map { f($0.offset, $0.element) }, to: x.dtype,
        shape: x.shape)
    }
    let root = Float(d).squareRoot()
    switch kind {
    case 0:
      // Only the last head of each group knows anything.
      q = try mapped(q) { i, x in i / d % heads % group == group - 1 ? 3 * x : 0 }
    case 1:
      // All scores −120.
      q = try mapped(q) { _, _ in 1 }
      k = try mapped(k) { _, _ in -120 / root }
    case 2:
      // One key far ahead of all others.
      let chosen = random.integer(in: 0...max(k.shape.elementCount / d - 1, 0))
      q = try mapped(q) { _, x in abs(x) / 4 }
      k = try mapped(k) { i, x in i / d == chosen ? farAhead / root : x }
    default:
      // All scores equal.
      q = try mapped(q) { _, _ in 0 }
    }
  }
}
