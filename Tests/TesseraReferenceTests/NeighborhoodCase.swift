import TesseraCore
import TesseraReference

/// A neighborhood problem with the tensors it needs, all normal values.
struct NeighborhoodCase {
  var problem: NeighborhoodProblem
  var q: [Double]
  var k: [Double]
  var v: [Double]
  var dO: [Double]
  var extraK: [Double] = []
  var extraV: [Double] = []
  var bias: [Double] = []
  var keyMask: [Bool] = []

  /// - Parameters:
  ///   - queries: query grid, if it is not that of the keys.
  ///   - masked: every how many keys one is masked; 0 has no mask.
  init(
    _ seed: UInt64, _ axes: [NeighborhoodProblem.Axis], queries: [Int]? = nil, batch: Int = 1,
    heads: Int = 2, kvHeads: Int = 2, d: Int = 3, dv: Int = 2, extra: Int = 0, bias: Bool = false,
    masked: Int = 0, circular: [Bool] = [false], scale: Float? = nil
  ) throws {
    func tensor(_ dimensions: [Int], _ dtype: DType = .f32) throws -> (shape: Shape, dtype: DType) {
      (try Shape(dimensions), dtype)
    }
    let lengths = axes.map(\.length)
    problem = try NeighborhoodProblem(
      q: tensor([batch] + (queries ?? lengths) + [heads, d]),
      k: tensor([batch] + lengths + [kvHeads, d]), v: tensor([batch] + lengths + [kvHeads, dv]),
      extraK: extra == 0 ? nil : tensor([batch, extra, kvHeads, d]),
      extraV: extra == 0 ? nil : tensor([batch, extra, kvHeads, dv]),
      bias: bias ? tensor([heads] + axes.map { 2 * $0.window - 1 }) : nil,
      keyMask: masked == 0 ? nil : tensor([batch] + lengths, .bool), circular: circular,
      window: axes.map(\.window), stride: axes.map(\.stride), dilation: axes.map(\.dilation),
      causal: axes.map(\.causal), scale: scale)
    var random = SeededRandom(seed)
    let (queryRows, keyRows) = (
      batch * problem.queryTokens * heads, batch * problem.tokens * kvHeads
    )
    q = random.doubles(queryRows * d)
    k = random.doubles(keyRows * d)
    v = random.doubles(keyRows * dv)
    dO = random.doubles(queryRows * dv)
    extraK = random.doubles(batch * extra * kvHeads * d)
    extraV = random.doubles(batch * extra * kvHeads * dv)
    if bias { self.bias = random.doubles(problem.biasDimensions.reduce(1, *)) }
    if masked > 0 { keyMask = (0..<(batch * problem.tokens)).map { $0 % masked != 0 } }
  }

  var forward: AttentionOracle {
    Reference.extendedNeighborhoodAttention(
      problem, q: q, k: k, v: v, extraK: extraK, extraV: extraV, bias: bias, keyMask: keyMask)
  }
  var backward: AttentionGradients {
    Reference.neighborhoodAttentionBackward(
      problem, q: q, k: k, v: v, extraK: extraK, extraV: extraV, bias: bias, keyMask: keyMask,
      dO: dO)
  }

  typealias Axis = NeighborhoodProblem.Axis

  /// One case of everything the operator can do.
  static func all() throws -> [(String, NeighborhoodCase)] {
    [
      ("1-D", try Self(1, [Axis(length: 6, window: 3)], batch: 2)),
      ("grouped heads", try Self(2, [Axis(length: 5, window: 3)], heads: 4)),
      (
        "even window, stride, dilation",
        try Self(3, [Axis(length: 9, window: 4, stride: 2, dilation: 2)])
      ),
      ("causal", try Self(4, [Axis(length: 6, window: 3, stride: 2, causal: true)])),
      (
        "2-D, one axis causal",
        try Self(5, [Axis(length: 4, window: 2, causal: true), Axis(length: 5, window: 3)])
      ),
      (
        "3-D",
        try Self(
          6, [Axis(length: 2, window: 2), Axis(length: 3, window: 1), Axis(length: 4, window: 3)],
          heads: 1, kvHeads: 1)
      ),
      ("extra keys", try Self(7, [Axis(length: 5, window: 2)], batch: 2, extra: 3)),
      ("bias", try Self(8, [Axis(length: 6, window: 3, stride: 3)], bias: true)),
      (
        "bias, 2-D, dilation, extra keys",
        try Self(
          9, [Axis(length: 4, window: 2, dilation: 2), Axis(length: 3, window: 3)], heads: 2,
          kvHeads: 1, extra: 1, bias: true)
      ),
      ("bias, causal", try Self(10, [Axis(length: 6, window: 3, causal: true)], bias: true)),
      ("mask", try Self(11, [Axis(length: 7, window: 3)], masked: 3)),
      ("mask with empty rows", try Self(12, [Axis(length: 5, window: 1)], masked: 2)),
      (
        "circular",
        try Self(
          13, [Axis(length: 8, window: 3, stride: 2, dilation: 2)], bias: true, circular: [true])
      ),
      (
        "more queries",
        try Self(14, [Axis(length: 4, window: 3)], queries: [8], bias: true)
      ),
      (
        "more keys, causal",
        try Self(15, [Axis(length: 6, window: 3, causal: true)], queries: [3], bias: true)
      ),
      (
        "everything",
        try Self(
          16, [Axis(length: 6, window: 3, stride: 2), Axis(length: 4, window: 2, dilation: 2)],
          queries: [3, 4], heads: 2, kvHeads: 1, extra: 1, bias: true, masked: 5,
          circular: [false, true], scale: -0.7)
      ),
    ]
  }
}
