import CTesseraIndex
package import TesseraCore

/// One token axis of dense or neighborhood attention: which keys its queries attend.
///
/// The definition itself is `attention_axis.h`; this is what the planner knows of it. Dense attention is
/// one axis of kind `band`.
package struct TokenAxis: Sendable, Hashable, Codable {
  /// How windows lie, by the numbers of `attention_axis.h`.
  package enum Kind: Int32, Sendable, Hashable, Codable {
    /// Shifted at the borders, never shrunk.
    case sliding = 0
    /// Ends at the query.
    case causal = 1
    /// Runs around the ends.
    case ring = 2
    /// So many keys before the query's position and so many after it, cut at the borders.
    case band = 3
  }

  package var kind: Kind
  /// Keys along the axis.
  package var keys: Int
  /// Queries along the axis: as many as keys, or one number divides the other; any number on a band.
  package var queries: Int
  /// Keys of a window; on a band those before the query's position.
  package var window: Int
  /// Queries that share a window; on a band the keys after the query's position.
  package var stride: Int
  /// Distance of neighbouring keys; 1 on a band.
  package var dilation: Int
  /// Whether query 0 of a band stands at key 0, instead of the last query at the last key.
  package var topLeft: Bool

  /// Of a band with several queries per key: how many, and where query 0 stands.
  package var coarse: Coarse?

  /// Query `i` of a coarse band is centred on key `(i + first) / queriesPerKey`, rounded down. Its window
  /// and stride are no longer than the axis.
  package struct Coarse: Sendable, Hashable, Codable {
    /// 1 or more.
    package var queriesPerKey: Int
    package var first: Int

    package init(queriesPerKey: Int, first: Int) {
      self.queriesPerKey = queriesPerKey
      self.first = first
    }
  }

  /// What is added to a query's number on a band before it is divided by the queries per key.
  var firstCenter: Int { coarse?.first ?? (topLeft ? 0 : keys - queries) }

  /// Axis `index` of neighborhood attention.
  /// - Throws: `overLimit` if an extent does not fit the kernels' 32-bit arithmetic.
  package init(_ problem: NeighborhoodProblem, axis index: Int) throws(TesseraError) {
    let axis = problem.axes[index]
    self.init(plain: axis)
    if problem.circular[index] { kind = .ring }
    queries = problem.queryLengths[index]
    // Only the plain operator's arithmetic stays below twice the length of the axis.
    let limit = kind == .ring || queries != keys ? 1 << 29 : Int(Int32.max)
    guard max(keys, queries) < limit else {
      throw .overLimit("tokens of axis \(index)", requested: max(keys, queries), limit: limit - 1)
    }
  }

  /// An axis of the plain operator, of at most 2³¹ − 1 tokens.
  package init(plain axis: NeighborhoodProblem.Axis) {
    kind = axis.causal ? .causal : .sliding
    (keys, queries) = (axis.length, axis.length)
    (window, stride, dilation, topLeft) = (axis.window, axis.stride, axis.dilation, false)
  }

  /// Any axis; by default every query attends every key of it.
  package init(
    kind: Kind, keys: Int, queries: Int, window: Int = 1 << 30, stride: Int = 1 << 30,
    dilation: Int = 1, topLeft: Bool = false
  ) {
    (self.kind, self.keys, self.queries) = (kind, keys, queries)
    (self.window, self.stride, self.dilation) = (window, stride, dilation)
    self.topLeft = topLeft
  }

  /// An axis of one token.
  package static let single = TokenAxis(kind: .sliding, keys: 1, queries: 1, window: 1, stride: 1)

  /// The axis of one sequence of dense attention.
  /// - Throws: `overLimit` if the sequence does not fit the kernels' 32-bit arithmetic.
  package init(_ problem: AttentionProblem) throws(TesseraError) {
    (kind, dilation) = (.band, 1)
    (keys, queries) = (problem.keyLength, problem.queryLength)
    let limit = 1 << 29
    guard max(keys, queries) < limit else {
      throw .overLimit("tokens of a sequence", requested: max(keys, queries), limit: limit - 1)
    }
    topLeft = problem.alignment == .topLeft
    // No query is further than this from any key.
    let everything = keys + queries
    window = min(problem.windowLeft ?? everything, everything)
    stride = min(problem.right ?? everything, everything)
  }
}
