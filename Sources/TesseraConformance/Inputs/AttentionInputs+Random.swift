import TesseraCore
import TesseraReference

extension AttentionInputs {
  /// Head dimensions of keys and values by variant: multiples of 8 and not, equal and not, up to 512.
  private static let headDims = [
    (64, 64), (32, 32), (40, 24), (3, 5), (128, 128), (16, 48), (96, 96), (1, 1), (80, 80), (20, 33),
    (256, 256), (8, 8), (192, 128), (72, 72), (24, 16), (512, 64), (64, 512), (48, 48), (112, 112),
    (5, 3), (160, 160), (32, 96), (7, 64), (384, 384),
  ]

  /// Draws a problem of at most `work` multiplications per operand pair, and its tensors.
  init(
    _ variant: ConformanceVariant, _ random: inout SeededRandom, work: Int
  ) throws(TesseraError) {
    let (headDim, valueDim) = Self.headDims[variant.index % Self.headDims.count]
    let dtype = variant.dtype
    let lengths = Self.lengths(&random, work: work / (headDim + valueDim))
    let kvHeads = random.once(in: 60) ? 0 : lengths.kvHeads
    let heads = kvHeads * lengths.group
    let (tq, tk) = (lengths.queries, lengths.keys)
    // Scores with a standard deviation of 3 or 4: peaked rows show what flat ones average away. With
    // more, f32 itself is the limit: a score of 100 is known to 8e-6 only, and its weight no better.
    let factor: Float? = random.pick([nil, nil, nil, 2, -1, random.once(in: 4) ? 0 : nil])
    let peak = Double(random.pick([1, 1, 3, factor == 2 ? 2 : 4]))
    q = try random.tensor(tq + [heads, headDim], dtype, deviation: peak)
    k = try random.tensor(tk + [kvHeads, headDim], dtype)
    v = try random.tensor(tk + [kvHeads, valueDim], dtype)
    let hasALiBi = variant.index % 4 == 2 || variant.index % 8 == 1
    alibi =
      hasALiBi
      ? try HostTensor(
        random.uniforms(heads, from: 0, to: random.pick([0.02, 0.5])), shape: try Shape([heads]))
      : nil
    cuQ = try Self.tensor(lengths.cuQ)
    cuK = try Self.tensor(lengths.cuK)
    func limit(_ random: inout SeededRandom) -> Int? {
      if random.once(in: 40) { return 1 << 40 }
      return random.once(in: 3) ? random.pick([0, 1, 3, 7, 16, 40, 100]) : nil
    }
    problem = try AttentionProblem(
      q: q.described, k: k.described, v: v.described, alibi: alibi?.described,
      cuQ: cuQ?.described, cuK: cuK?.described, causal: random.once(in: 2),
      alignment: random.pick([.bottomRight, .topLeft]), windowLeft: limit(&random),
      windowRight: limit(&random), softCap: variant.index % 4 == 1 ? random.pick([2, 30]) : nil,
      scale: factor.map { $0 * NeighborhoodProblem.defaultScale(headDim) },
      output: variant.index % 7 == 4 ? .f32 : nil)
  }

  /// Token axes and heads.
  private struct Lengths {
    /// Token axes of Q and of K: `[B, N]`, or `[T]` if packed.
    var queries: [Int] = []
    var keys: [Int] = []
    var cuQ: [Int]?
    var cuK: [Int]?
    var kvHeads = 1
    var group = 1
    /// Multiplications per element of a head.
    var work = 0
  }

  /// Draws until the work is bearable.
  private static func lengths(_ random: inout SeededRandom, work: Int) -> Lengths {
    while true {
      var lengths = random.once(in: 4) ? packed(&random) : plain(&random)
      lengths.kvHeads = random.integer(in: 1...3)
      lengths.group = random.pick([1, 1, 2, 3, 5])
      if lengths.work * lengths.kvHeads * lengths.group <= work { return lengths }
    }
  }

  private static func plain(_ random: inout SeededRandom) -> Lengths {
    let batch = random.once(in: 40) ? 0 : random.pick([1, 1, 2, 3])
    let nq = random.pick(ConformanceVariant.extents)
    // Now and then one query over many keys, which is split over them.
    let nk: Int =
      switch random.integer(in: 0...9) {
      case 0...4: nq
      case 5: random.integer(in: 200...1500)
      default: random.pick(ConformanceVariant.extents)
      }
    return Lengths(queries: [batch, nq], keys: [batch, nk], work: batch * nq * nk)
  }

  /// Sequences of their own lengths, some empty, and a few tokens that belong to none.
  private static func packed(_ random: inout SeededRandom) -> Lengths {
    let count = random.integer(in: 0...4)
    var (cuQ, cuK, work) = ([0], [0], 0)
    for _ in 0..<count {
      let nq = random.once(in: 5) ? 0 : random.integer(in: 1...70)
      let nk = random.once(in: 2) ? nq : random.once(in: 5) ? 0 : random.integer(in: 1...70)
      cuQ.append(cuQ[cuQ.count - 1] + nq)
      cuK.append(cuK[cuK.count - 1] + nk)
      work += nq * nk
    }
    let (restQ, restK) = (random.pick([0, 0, 1, 5]), random.pick([0, 0, 2, 9]))
    return Lengths(
      queries: [cuQ[count] + restQ], keys: [cuK[count] + restK], cuQ: cuQ, cuK: cuK, work: work)
  }

  private static func tensor(_ entries: [Int]?) throws(TesseraError) -> HostTensor? {
    guard let entries else { return nil }
    return try HostTensor(entries.map { Int32($0) }, shape: try Shape([entries.count]))
  }
}
