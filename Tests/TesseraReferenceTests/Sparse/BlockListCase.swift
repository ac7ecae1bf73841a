import TesseraCore
import TesseraReference

/// A tiny attention over block lists with its tensors.
struct BlockListCase {
  var problem: BlockListProblem
  var inputs: BlockListInputs
  var dO: [Double]

  /// Normal values; `indices` holds rows of equal length.
  init(
    _ seed: UInt64, batch: Int = 1, nq: Int = 4, nk: Int = 7, heads: Int = 2, kvHeads: Int = 2,
    d: Int = 3, dv: Int = 3, lists: Int = 1, queryBlock: Int = 2, keyBlock: Int = 2,
    indices: [[Int]], counts: [Int] = [], sinks: Bool = false, window: (Int, Int)? = nil,
    cuQ: [Int] = [], cuK: [Int] = [], causal: Bool = false, softCap: Float? = nil
  ) throws {
    func tensor(_ dimensions: [Int], _ dtype: DType = .f32) throws -> (shape: Shape, dtype: DType) {
      (try Shape(dimensions), dtype)
    }
    let lead = cuQ.isEmpty ? [batch] : []
    let lengths: (shape: Shape, dtype: DType)? =
      cuQ.isEmpty ? nil : try tensor([cuQ.count], .i32)
    let attention = try AttentionProblem(
      q: tensor(lead + [nq, heads, d]), k: tensor(lead + [nk, kvHeads, d]),
      v: tensor(lead + [nk, kvHeads, dv]), cuQ: lengths, cuK: lengths, causal: causal,
      softCap: softCap)
    let rows = indices.count / lists / (cuQ.isEmpty ? batch : 1)
    let shape = lead + [lists, rows, indices.first?.count ?? 0]
    problem = try BlockListProblem(
      attention: attention, indices: tensor(shape, .i32),
      counts: counts.isEmpty ? nil : tensor(shape.dropLast(), .i32),
      sinks: sinks ? tensor([heads]) : nil, queryBlock: queryBlock, keyBlock: keyBlock,
      window: window.map { (left: $0.0, right: $0.1) })
    var random = SeededRandom(seed)
    inputs = BlockListInputs(
      q: random.doubles(attention.queryTokens * heads * d),
      k: random.doubles(attention.keyTokens * kvHeads * d),
      v: random.doubles(attention.keyTokens * kvHeads * dv), indices: indices.flatMap(\.self),
      counts: counts, sinks: sinks ? random.doubles(heads) : [], cuQ: cuQ, cuK: cuK)
    dO = random.doubles(attention.queryTokens * heads * dv)
  }

  var forward: AttentionOracle { Reference.blockListAttention(problem, inputs) }
  var backward: AttentionGradients {
    Reference.blockListAttentionBackward(problem, inputs, dO: dO)
  }

  /// Every feature, each alone and together with others.
  static func all() throws -> [(name: String, case: BlockListCase)] {
    [
      ("plain", try BlockListCase(1, indices: [[0, 3], [1, 2]])),
      ("all keys", try BlockListCase(2, indices: [[3, 2, 1, 0], [0, 1, 2, 3]])),
      (
        "not blocks, twice, nothing",
        try BlockListCase(3, nq: 5, indices: [[-1, 2, 2, 9], [4, -7, -1, 100], [0, -1, 3, 0]])
      ),
      (
        "counts and NaN-like rest",
        try BlockListCase(4, indices: [[1, 3, 3], [0, 2, Int(Int32.min)]], counts: [1, 7])
      ),
      (
        "lists of KV heads",
        try BlockListCase(
          5, batch: 2, heads: 4, kvHeads: 2, lists: 2,
          indices: [[0, 1], [1, 2], [3, 3], [2, 0], [0, -1], [1, 3], [0, 2], [-1, -1]])
      ),
      (
        "lists of query heads",
        try BlockListCase(
          6, nq: 2, heads: 4, kvHeads: 2, lists: 4, indices: [[0, 1], [1, 2], [3, 3], [2, 0]])
      ),
      (
        "causal tokens",
        try BlockListCase(
          7, queryBlock: 1, keyBlock: 1, indices: [[0, 6], [1, 4], [5, 6], [0, 2]], causal: true)
      ),
      (
        "window, causal",
        try BlockListCase(
          8, keyBlock: 3, indices: [[0], [2]], window: (1, 2), causal: true)
      ),
      ("window", try BlockListCase(9, indices: [[0], [-1]], window: (1, 1))),
      (
        "sinks, empty rows",
        try BlockListCase(10, indices: [[0, 1], [-1, -1]], sinks: true)
      ),
      (
        "packed",
        try BlockListCase(
          11, nq: 7, nk: 9, heads: 4, kvHeads: 2, d: 2, lists: 2,
          indices: [
            [0, 1], [1, 0], [0, 1], [2, -1], [0, 0], [1, 0],
            [1, 1], [0, 0], [2, 0], [1, 2], [5, 1], [0, 0],
          ], sinks: true, window: (0, 1), cuQ: [0, 3, 3, 6], cuK: [0, 2, 4, 8], causal: true)
      ),
      (
        "soft-cap, sinks, more queries",
        try BlockListCase(
          12, nq: 6, nk: 3, dv: 2, keyBlock: 1, indices: [[2, 0], [0, 1], [1, 2]], sinks: true,
          causal: true, softCap: 0.8)
      ),
    ]
  }
}
