import TesseraCore
import TesseraReference

/// What the compile-time half of a case of attention over lists is drawn from.
struct ListVariant {
  var dtype: DType
  var headDim: Int
  var valueDim: Int
  var group: Int
  var queryBlock: Int
  var keyBlock: Int
  var packed: Bool
  var softCap: Float?
  /// 0 auto, 1 query-major, 2 KV-major.
  var schedule: Int

  private static let headDims = [
    (64, 64), (128, 128), (16, 16), (40, 40), (80, 80), (96, 96), (192, 128), (256, 256), (20, 33),
    (72, 24), (128, 128), (5, 3),
  ]

  init(_ variant: ConformanceVariant) {
    var variant = variant
    dtype = variant.dtype
    (headDim, valueDim) = Self.headDims[variant.index % Self.headDims.count]
    // 16 with pages of 16 is a form that others' kernels have failed on.
    group = variant.index % 16 == 1 ? 16 : variant.pick([1, 2, 3, 4, 5, 7, 8, 12, 16, 64, 4, 1])
    queryBlock = variant.pick([1, 16, 64, 128, 1, 64, 7])
    keyBlock = variant.pick([1, 4, 16, 32, 64, 128, 64, 10])
    packed = variant.index % 5 == 3
    softCap = variant.index % 7 == 5 ? variant.pick([2, 30]) : nil
    // Both schedules within the first two variants, every one with every type within nine.
    schedule = (2 - variant.index % 3 + variant.index / 3) % 3
  }
}

extension BlockListTensors {
  /// Draws a problem of at most `work` multiplications, and its tensors; one key may be ahead of the
  /// others by about `farAhead`.
  init(
    _ variant: ConformanceVariant, _ random: inout SeededRandom, work: Int, farAhead: Float
  ) throws(TesseraError) {
    let fixed = ListVariant(variant)
    let form = Form.drawn(&random, fixed, work: work / (fixed.headDim + fixed.valueDim))
    let heads = form.kvHeads * fixed.group
    let lists = random.pick([1, form.kvHeads, form.kvHeads, heads])
    let dtype = fixed.dtype
    let peak = Double(random.pick([1, 1, 3]))
    var q = try random.tensor(form.queries + [heads, fixed.headDim], dtype, deviation: peak)
    var k = try random.tensor(form.keys + [form.kvHeads, fixed.headDim], dtype)
    v = try random.tensor(form.keys + [form.kvHeads, fixed.valueDim], dtype)
    if random.once(in: 8) { try Self.trap(&random, &q, &k, fixed.headDim, farAhead) }
    (self.q, self.k) = (q, k)
    cuQ = try form.cuQ.map { cu throws(TesseraError) in try Self.integers(cu, [cu.count]) }
    cuK = try form.cuK.map { cu throws(TesseraError) in try Self.integers(cu, [cu.count]) }
    sinks =
      random.once(in: 3)
      ? try HostTensor(random.normals(heads, deviation: 2), shape: try Shape([heads])) : nil
    let rows = form.lead * lists * form.rows
    let counted = random.once(in: 2)
    var (indices, counts): ([Int], [Int]) = ([], [])
    let pattern = random.integer(in: 0...2)
    for row in 0..<rows {
      let count = counted ? random.pick([0, form.width, form.width + 3, -1]) : form.width
      let used =
        counted && random.once(in: 2) ? random.integer(in: 0...form.width) : count
      counts.append(used)
      indices += Self.row(
        &random, form, row % max(form.rows, 1), pattern: pattern,
        count: min(max(used, 0), form.width))
    }
    let lead = fixed.packed ? [] : [form.lead]
    self.indices = try Self.integers(indices, lead + [lists, form.rows, form.width])
    self.counts = counted ? try Self.integers(counts, lead + [lists, form.rows]) : nil
    problem = try BlockListProblem(
      attention: try AttentionProblem(
        q: q.described, k: k.described, v: v.described, cuQ: cuQ?.described,
        cuK: cuK?.described, causal: random.once(in: 2),
        alignment: random.pick([.bottomRight, .bottomRight, .topLeft]), softCap: fixed.softCap,
        output: variant.index % 11 == 4 ? .f32 : nil),
      indices: self.indices.described, counts: self.counts?.described, sinks: sinks?.described,
      queryBlock: fixed.queryBlock, keyBlock: fixed.keyBlock, window: form.window)
  }

  /// The same with every row's entries in another order, some of them twice where there is room.
  func permuted(_ random: inout SeededRandom) throws(TesseraError) -> BlockListTensors {
    var entries = indices.integers
    let width = problem.listWidth
    for row in 0..<(width == 0 ? 0 : entries.count / width) {
      let limit = counts?.integers[row] ?? width
      let range = (row * width)..<(row * width + min(max(limit, 0), width))
      var own = Array(entries[range])
      own.shuffle(using: &random)
      if let free = own.firstIndex(of: -1), let other = own.first(where: { $0 >= 0 }) {
        own[free] = other
      }
      entries.replaceSubrange(range, with: own)
    }
    return BlockListTensors(
      problem, q: q, k: k, v: v, indices: try Self.integers(entries, problem.indexDimensions),
      counts: counts, sinks: sinks, cuQ: cuQ, cuK: cuK)
  }

  /// Lengths and what follows from them.
  struct Form {
    /// Token axes of Q and K: `[B, N]`, or `[T]` if packed.
    var queries: [Int] = []
    var keys: [Int] = []
    var cuQ: [Int]?
    var cuK: [Int]?
    /// Leading extent of the lists: B, or 1 if packed.
    var lead = 1
    var rows = 0
    var width = 0
    /// Blocks that entries are drawn from.
    var blocks = 0
    var kvHeads = 1
    var window: (left: Int, right: Int)?

    /// Draws until the work, in pairs of a query head and a key, is bearable.
    static func drawn(_ random: inout SeededRandom, _ fixed: ListVariant, work: Int) -> Form {
      while true {
        var form = fixed.packed ? packed(&random, fixed) : plain(&random, fixed)
        form.kvHeads = random.integer(in: 1...2)
        form.width = random.pick([0, 1, 2, 3, 4, 8, 16])
        if random.once(in: 3) {
          form.window = (random.pick([0, 1, 7, 40]), random.pick([0, 0, 3]))
        }
        let longest = form.keys.last ?? 0
        let near = form.window.map { $0.left + $0.right + 1 } ?? 0
        let perQuery = min(longest, form.width * fixed.keyBlock + near)
        let pairs = form.queries.reduce(1, *) * max(1, perQuery) * form.kvHeads * fixed.group
        let room = form.queries.reduce(1, *) * form.kvHeads * fixed.group
        if pairs <= work, room <= max(work / 8, 4096) { return form }
      }
    }

    private static let lengths = [
      1, 1, 2, 3, 5, 16, 17, 31, 33, 63, 64, 65, 100, 113, 127, 128, 129, 203, 300, 513, 1023, 1024,
    ]

    private static func plain(_ random: inout SeededRandom, _ fixed: ListVariant) -> Form {
      let batch = random.once(in: 40) ? 0 : random.pick([1, 1, 2])
      let nq = random.once(in: 40) ? 0 : random.pick(lengths)
      let nk =
        switch random.integer(in: 0...5) {
        case 0...2: nq
        case 3: random.integer(in: 200...2048)
        default: random.once(in: 20) ? 0 : random.pick(lengths)
        }
      return Form(
        queries: [batch, nq], keys: [batch, nk], lead: batch,
        rows: (nq + fixed.queryBlock - 1) / fixed.queryBlock,
        blocks: (nk + fixed.keyBlock - 1) / fixed.keyBlock)
    }

    /// Sequences of their own lengths, some empty, a few tokens that belong to none, and a row too many.
    private static func packed(_ random: inout SeededRandom, _ fixed: ListVariant) -> Form {
      let count = random.integer(in: 0...4)
      var form = Form(cuQ: [0], cuK: [0])
      var (q, k) = (0, 0)
      for _ in 0..<count {
        let nq = random.once(in: 5) ? 0 : random.integer(in: 1...150)
        let nk = random.once(in: 2) ? nq : random.once(in: 5) ? 0 : random.integer(in: 1...150)
        q += nq
        k += nk
        form.cuQ?.append(q)
        form.cuK?.append(k)
        form.rows += (nq + fixed.queryBlock - 1) / fixed.queryBlock
        form.blocks = max(form.blocks, (nk + fixed.keyBlock - 1) / fixed.keyBlock)
      }
      form.queries = [q + random.pick([0, 0, 1, 5])]
      form.keys = [k + random.pick([0, 0, 2, 9])]
      let least = (form.queries[0] + fixed.queryBlock - 1) / fixed.queryBlock
      form.rows = max(form.rows + random.integer(in: 0...1), least)
      return form
    }
  }

  /// One row: blocks anywhere, or near the row's own; some twice, and in between what is none.
  private static func row(
    _ random: inout SeededRandom, _ form: Form, _ row: Int, pattern: Int, count: Int
  ) -> [Int] {
    let none = [-1, -1, -7, form.blocks, form.blocks + 5, Int(Int32.max), Int(Int32.min)]
    let empty = random.once(in: 9)
    var entries: [Int] = []
    for place in 0..<form.width {
      guard place < count else {
        entries.append(random.pick([Int(Int32.max), 0, 1 << 24, Int(Int32.min)]))
        continue
      }
      if empty || form.blocks == 0 || random.once(in: 7) {
        entries.append(random.pick(none))
      } else if let last = entries.last, random.once(in: 8) {
        entries.append(last)
      } else if pattern == 1 {
        let own = row * form.blocks / max(form.rows, 1)
        entries.append(max(0, own - random.integer(in: 0...form.width)))
      } else {
        entries.append(random.integer(in: 0...(form.blocks - 1)))
      }
    }
    return entries
  }

  /// Makes the values such as others' kernels have failed on.
  private static func trap(
    _ random: inout SeededRandom, _ q: inout HostTensor, _ k: inout HostTensor, _ d: Int,
    _ farAhead: Float
  ) throws(TesseraError) {
    func mapped(
      _ x: HostTensor, _ f: (Int, Float) -> Float
    ) throws(TesseraError) -> HostTensor {
      try HostTensor(
        rounding: x.floats().enumerated().map { f($0.offset, $0.element) }, to: x.dtype,
        shape: x.shape)
    }
    let root = Float(d).squareRoot()
    switch random.integer(in: 0...3) {
    case 0:
      // Too peaked for any fixed maximum; in f32 less so, as it knows a score of 100 to 8e-6 only.
      let factor: Float = k.dtype == .f32 ? 0.5 : 6
      q = try mapped(q) { 6 * $1 }
      k = try mapped(k) { factor * $1 }
    case 1:
      // All scores −120; in f32 not below −farAhead, as gradients weigh by what f32 knows of them.
      let low = k.dtype == .f32 ? max(-120, -farAhead) : -120
      q = try mapped(q) { _, _ in 1 }
      k = try mapped(k) { _, _ in low / root }
    case 2:
      // One key far ahead of all others.
      let vectors = k.shape.elementCount / d
      let chosen = vectors > 0 ? random.integer(in: 0...(vectors - 1)) : 0
      q = try mapped(q) { _, x in abs(x) / 4 }
      k = try mapped(k) { i, x in i / d == chosen ? farAhead / root : x }
    default:
      // All scores equal.
      q = try mapped(q) { _, _ in 0 }
    }
  }

  static func integers(_ values: [Int], _ dimensions: [Int]) throws(TesseraError) -> HostTensor {
    try HostTensor(
      values.map { Int32(truncatingIfNeeded: $0) }, shape: try Shape(dimensions))
  }
}
