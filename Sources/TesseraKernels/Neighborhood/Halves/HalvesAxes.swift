import CTesseraIndex
import TesseraCore
import TesseraHAL

/// The token axes of a neighborhood problem as the kernels of the halves take them: three, missing
/// ones lead with length 1.
struct HalvesAxes {
  typealias Triple = (Int32, Int32, Int32)

  struct Axis {
    var keys = 1
    var queries = 1
    var window = 1
    var stride = 1
    var dilation = 1
    var kind = Int(AXIS_SLIDING)
    /// Queries that are neighbours in a dilation group lie so far apart.
    var spacing = 1
    /// Of the step of their centres, modulo `spacing`.
    var inverse = 0
  }
  let axes: [Axis]

  /// - Throws: `overLimit` if the axes cannot be counted in 31 bits.
  init(_ problem: NeighborhoodProblem) throws(TesseraError) {
    var axes = Array(repeating: Axis(), count: 3 - problem.axes.count)
    for (index, axis) in problem.axes.enumerated() {
      let queries = problem.queryLengths[index]
      // The window of an empty axis has no bound; nothing is computed from it.
      let longest = max(axis.length, queries, axis.length == 0 ? 0 : axis.window * 2)
      guard longest < 1 << 30 else {
        throw .overLimit("tokens of an axis", requested: longest, limit: 1 << 30)
      }
      let ratio = queries > 0 && axis.length > queries ? axis.length / queries : 1
      let common = Self.greatestCommonDivisor(ratio, axis.dilation)
      let spacing = axis.dilation / common
      guard ratio == 1 || spacing < 1 << 15 else {
        throw .overLimit(
          "dilation of an axis with fewer queries than keys", requested: axis.dilation,
          limit: (1 << 15) * common)
      }
      axes.append(
        Axis(
          keys: axis.length, queries: queries, window: axis.length == 0 ? 1 : axis.window,
          stride: axis.length == 0 ? 1 : axis.stride,
          dilation: axis.length == 0 ? 1 : axis.dilation,
          kind: problem.circular[index]
            ? Int(AXIS_RING) : Int(axis.causal ? AXIS_CAUSAL : AXIS_SLIDING),
          spacing: axis.length == 0 ? 1 : spacing,
          inverse: Self.inverse(ratio / common, modulo: spacing)))
    }
    self.axes = axes
  }

  /// Two bits per axis, the first lowest.
  var kinds: Int32 {
    axes.enumerated().reduce(0) { $0 | Int32($1.element.kind << (2 * $1.offset)) }
  }

  func triple(_ value: (Axis) -> Int) -> Triple {
    (Int32(value(axes[0])), Int32(value(axes[1])), Int32(value(axes[2])))
  }

  /// The most queries that attend one key along an axis.
  static func mostQueries(_ a: Axis) -> Int {
    let kind = Int32(a.kind), d = Int32(a.dilation)
    let (keys, queries) = (Int32(a.keys), Int32(a.queries))
    var most = 0
    let ratio = grid_ratio(queries, keys), up = grid_up(queries, keys)
    for x in 0..<keys where queries > 0 {
      let (member, place) = (x % d, x / d)
      let length = na_group_length(keys, d, member)
      let first = grid_first(
        member, d, queries, keys, kind, Int32(a.spacing), Int32(a.inverse))
      guard up > 1 || first >= 0 else { continue }
      let step = ratio / (d / Int32(a.spacing))
      let start = (first * ratio + (ratio > 1 ? grid_offset(ratio, kind) : 0) - member) / d
      let many =
        up > 1 ? length * up : (queries - first + Int32(a.spacing) - 1) / Int32(a.spacing)
      let from = axis_query_begin(
        kind, place, length, many, up, start, step, Int32(a.window), Int32(a.stride))
      let to = axis_query_end(
        kind, place, from, length, many, up, start, step, Int32(a.window), Int32(a.stride))
      most = max(most, Int(to - from))
    }
    return most
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
    var (x, y) = (a, b)
    while y != 0 { (x, y) = (y, x % y) }
    return x
  }

  /// The number whose product with `a` is 1 modulo `m`, by Euclid's algorithm; 0 modulo 1.
  private static func inverse(_ a: Int, modulo m: Int) -> Int {
    guard m > 1 else { return 0 }
    var (r, next, x, nextX) = (m, a % m, 0, 1)
    while next != 0 {
      let q = r / next
      (r, next) = (next, r - q * next)
      (x, nextX) = (nextX, x - q * nextX)
    }
    return (x % m + m) % m
  }
}
