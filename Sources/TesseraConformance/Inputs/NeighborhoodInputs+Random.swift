import TesseraCore
import TesseraReference

extension NeighborhoodInputs {
  /// Draws a problem of at most `work` multiplications per element of a head, if given, and its
  /// tensors.
  init(
    _ given: ConformanceVariant, _ random: inout SeededRandom, extended: Bool, bias hasBias: Bool,
    work: Int? = nil
  ) throws(TesseraError) {
    var variant = given
    var grid = extended ? Grid(extended: &random) : Grid(plain: &random)
    var (kvHeads, group, batch) = Self.heads(&random)
    // The compile-time half comes from the variant alone, however often the rest is drawn.
    let headDim = variant.pick([1, 3, 8, 16, 20, 32, 33, 40, 64, 80, 128])
    let valueDim = variant.index % 3 == 0 ? variant.pick([1, 5, 16, 32, 48, 72]) : headDim
    let dtype = variant.pick(NeighborhoodProblem.dtypes)
    if let work {
      while grid.pairs * kvHeads * group * batch > work / (headDim + valueDim + 16) {
        grid = extended ? Grid(extended: &random) : Grid(plain: &random)
        (kvHeads, group, batch) = Self.heads(&random)
      }
    }
    let heads = kvHeads * group
    let extra = random.pick([0, 0, 0, 1, 3, 17])
    // Scores with a standard deviation of 3 and more: peaked rows show what flat ones average away.
    let peak = random.pick([1, 1, 3])
    q = try random.tensor([batch] + grid.queries + [heads, headDim], dtype, deviation: Double(peak))
    k = try random.tensor([batch] + grid.lengths + [kvHeads, headDim], dtype)
    v = try random.tensor([batch] + grid.lengths + [kvHeads, valueDim], dtype)
    extraK = extra > 0 ? try random.tensor([batch, extra, kvHeads, headDim], dtype) : nil
    extraV = extra > 0 ? try random.tensor([batch, extra, kvHeads, valueDim], dtype) : nil
    // Gradients are made from an LSE in f32, which cannot tell scores far above this apart.
    let steep = work == nil ? 0.3 : -1.5 * NeighborhoodProblem.defaultScale(headDim)
    let scale: Float? = random.integer(in: 0...4) == 0 ? steep : nil
    bias = hasBias ? try Self.bias([heads] + grid.window.map { 2 * $0 - 1 }, &random) : nil
    keyMask =
      extended && random.once(in: 2) ? try Self.mask([batch] + grid.lengths, &random) : nil
    problem = try NeighborhoodProblem(
      q: q.described, k: k.described, v: v.described, extraK: extraK?.described,
      extraV: extraV?.described, bias: bias?.described, keyMask: keyMask?.described,
      circular: grid.circular, window: grid.window, stride: grid.stride, dilation: grid.dilation,
      causal: grid.causal, scale: scale)
  }

  private static func heads(
    _ random: inout SeededRandom
  ) -> (kvHeads: Int, group: Int, batch: Int) {
    let kvHeads = random.integer(in: 1...3)
    let group = random.pick([1, 1, 2, 3])
    return (kvHeads, group, random.pick([1, 1, 2, 3]))
  }

  /// A table of relative positions; half of them hide some keys.
  private static func bias(
    _ dimensions: [Int], _ random: inout SeededRandom
  ) throws(TesseraError) -> HostTensor {
    let shape = try Shape(dimensions)
    var values = random.normals(shape.elementCount, deviation: random.pick([0.5, 2]))
    if random.once(in: 2) {
      for i in values.indices where random.once(in: 5) { values[i] = -.infinity }
    }
    return try HostTensor(values, shape: shape)
  }

  /// Which keys take part: most, few or none.
  private static func mask(
    _ dimensions: [Int], _ random: inout SeededRandom
  ) throws(TesseraError) -> HostTensor {
    let share = random.pick([0.9, 0.6, 0.6, 0.2, 0])
    let shape = try Shape(dimensions)
    let values = (0..<shape.elementCount).map { _ -> Float in random.uniform() < share ? 1 : 0 }
    return try HostTensor(rounding: values, to: .bool, shape: shape)
  }

  /// The token axes.
  private struct Grid {
    /// Keys along each axis.
    var lengths: [Int] = []
    /// Queries along each axis.
    var queries: [Int] = []
    var window: [Int] = []
    var stride: [Int] = []
    var dilation: [Int] = []
    var causal: [Bool] = []
    var circular: [Bool] = []

    /// Pairs of a query and a key.
    var pairs: Int { zip(queries, window).reduce(1) { $0 * $1.0 * $1.1 } }

    /// One grid of queries and keys.
    init(plain random: inout SeededRandom) {
      let rank = random.integer(in: 1...3)
      let longest = [150, 22, 9][rank - 1]
      for _ in 0..<rank {
        let length = random.integer(in: 1...longest)
        let step = random.pick([1, 1, 1, 2, 3, min(4, length)])
        add(length, dilation: min(step, length), &random)
        causal.append(random.integer(in: 0...3) == 0)
        queries.append(length)
        circular.append(false)
      }
    }

    /// Rings and grids of their own among the axes; now and then one without tokens.
    init(extended random: inout SeededRandom) {
      let rank = random.integer(in: 1...3)
      let longest = [100, 16, 7][rank - 1]
      for _ in 0..<rank {
        var length = random.once(in: 40) ? 0 : random.integer(in: 1...longest)
        let ring = random.once(in: 3)
        let ratio = random.pick([1, 1, 1, 2, 3])
        let finer = random.once(in: 2)
        // Keys come in cells, and rings in whole dilation groups.
        if !finer { length = (length + ratio - 1) / ratio * ratio }
        let step = random.pick([1, 1, 2, 3])
        let gap = ring ? (length % step == 0 ? step : 1) : min(step, max(length, 1))
        add(length, dilation: gap <= max(length, 1) ? gap : 1, &random)
        causal.append(!ring && random.once(in: 4))
        circular.append(ring)
        queries.append(
          random.once(in: 50) ? 0 : finer ? length * ratio : length / ratio)
      }
    }

    private mutating func add(
      _ length: Int, dilation gap: Int, _ random: inout SeededRandom
    ) {
      let keys = random.integer(in: 1...max(1, length / gap))
      lengths.append(length)
      dilation.append(gap)
      window.append(keys)
      stride.append(random.integer(in: 0...1) == 0 ? 1 : random.integer(in: 1...keys))
    }
  }
}
