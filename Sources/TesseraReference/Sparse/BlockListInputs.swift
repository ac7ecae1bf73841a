/// The contiguous inputs of one attention over block lists. Those that the problem does not have are
/// empty.
package struct BlockListInputs: Sendable {
  package var q: [Double]
  package var k: [Double]
  package var v: [Double]
  /// `[B, Hl, R, W]`, or `[Hl, R, W]` if packed.
  package var indices: [Int]
  /// `[B, Hl, R]`, or `[Hl, R]` if packed.
  package var counts: [Int]
  /// `[H]`.
  package var sinks: [Double]
  /// Cumulative query lengths `[B + 1]`.
  package var cuQ: [Int]
  /// Cumulative key lengths `[B + 1]`.
  package var cuK: [Int]

  package init(
    q: [Double], k: [Double], v: [Double], indices: [Int], counts: [Int] = [],
    sinks: [Double] = [], cuQ: [Int] = [], cuK: [Int] = []
  ) {
    self.q = q
    self.k = k
    self.v = v
    self.indices = indices
    self.counts = counts
    self.sinks = sinks
    self.cuQ = cuQ
    self.cuK = cuK
  }
}
