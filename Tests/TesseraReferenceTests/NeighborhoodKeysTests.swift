import CTesseraIndex
import TesseraCore
import TesseraReference
import Testing

@Suite struct `Neighborhood key sets` {
  /// All legal 1-D parameters up to length `limit`.
  static func legalAxes(upTo limit: Int) -> [NeighborhoodProblem.Axis] {
    var axes: [NeighborhoodProblem.Axis] = []
    for length in 1...limit {
      for dilation in 1...length {
        for window in 1...(length / dilation) {
          for stride in 1...window {
            for causal in [false, true] {
              axes.append(
                .init(
                  length: length, window: window, stride: stride, dilation: dilation, causal: causal
                ))
            }
          }
        }
      }
    }
    return axes
  }

  private func sharedKeys(_ axis: NeighborhoodProblem.Axis, _ i: Int) -> [Int] {
    let (d, k, s) = (Int32(axis.dilation), Int32(axis.window), Int32(axis.stride))
    let causal: Int32 = axis.causal ? 1 : 0
    let (g, q) = (Int32(i) % d, Int32(i) / d)
    let n = na_group_length(Int32(axis.length), d, g)
    let begin = na_window_begin(q, n, k, s, causal)
    return (begin..<na_window_end(q, begin, k, causal)).map { Int(g + d * $0) }
  }

  @Test func `equal the shared header for all legal axes`() {
    for axis in Self.legalAxes(upTo: 16) {
      for i in 0..<axis.length {
        let keys = Reference.neighborhoodKeys(axis, query: i)
        #expect(keys == sharedKeys(axis, i), "\(axis), query \(i)")
        #expect(keys.count == axis.window || axis.causal)
        #expect(!keys.isEmpty)
      }
    }
  }

  @Test func `have the inverse that the header computes`() {
    for axis in Self.legalAxes(upTo: 16) {
      let (d, k, s) = (Int32(axis.dilation), Int32(axis.window), Int32(axis.stride))
      let causal: Int32 = axis.causal ? 1 : 0
      let sets = (0..<axis.length).map { Reference.neighborhoodKeys(axis, query: $0) }
      for key in 0..<axis.length {
        let (g, j) = (Int32(key) % d, Int32(key) / d)
        let n = na_group_length(Int32(axis.length), d, g)
        let begin = na_inverse_begin(j, n, k, s, causal)
        let end = na_inverse_end(j, n, k, s, causal)
        let attending = sets.indices.filter { sets[$0].contains(key) }
        let claimed = begin < end ? (begin..<end).map { Int(g + d * $0) } : []
        #expect(claimed == attending, "\(axis), key \(key)")
      }
    }
  }

  typealias Golden = (length: Int, k: Int, s: Int, d: Int, causal: Bool, keys: [[Int]])

  static let golden: [Golden] = [
    (
      8, 3, 1, 1, false,
      [
        [0, 1, 2], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 7], [5, 6, 7],
      ]
    ),
    (
      8, 4, 1, 1, false,
      [
        [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6],
        [4, 5, 6, 7], [4, 5, 6, 7],
      ]
    ),
    (
      8, 3, 2, 1, false,
      [
        [0, 1, 2], [0, 1, 2], [2, 3, 4], [2, 3, 4], [4, 5, 6], [4, 5, 6], [5, 6, 7], [5, 6, 7],
      ]
    ),
    (
      8, 3, 2, 2, false,
      [
        [0, 2, 4], [1, 3, 5], [0, 2, 4], [1, 3, 5], [2, 4, 6], [3, 5, 7], [2, 4, 6], [3, 5, 7],
      ]
    ),
    (
      7, 3, 3, 1, false,
      [[0, 1, 2], [0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5], [3, 4, 5], [4, 5, 6]]
    ),
    (
      9, 3, 1, 2, false,
      [
        [0, 2, 4], [1, 3, 5], [0, 2, 4], [1, 3, 5], [2, 4, 6], [3, 5, 7], [4, 6, 8], [3, 5, 7],
        [4, 6, 8],
      ]
    ),
    (
      8, 3, 1, 1, true,
      [[0], [0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 7]]
    ),
    (
      8, 3, 2, 1, true,
      [[0], [0, 1], [1, 2], [1, 2, 3], [3, 4], [3, 4, 5], [5, 6], [5, 6, 7]]
    ),
    (8, 3, 3, 1, true, [[0], [0, 1], [0, 1, 2], [3], [3, 4], [3, 4, 5], [5, 6], [5, 6, 7]]),
    (8, 3, 2, 2, true, [[0], [1], [0, 2], [1, 3], [2, 4], [3, 5], [2, 4, 6], [3, 5, 7]]),
  ]

  @Test func `are the listed ones`() {
    for (length, k, s, d, causal, keys) in Self.golden {
      let axis = NeighborhoodProblem.Axis(
        length: length, window: k, stride: s, dilation: d, causal: causal)
      for i in 0..<length {
        #expect(Reference.neighborhoodKeys(axis, query: i) == keys[i], "\(axis), query \(i)")
      }
    }
  }

  @Test func `over two axes are the product of the sets`() {
    let axes = [
      NeighborhoodProblem.Axis(length: 4, window: 3), .init(length: 5, window: 2, dilation: 2),
    ]
    let sets = Reference.neighborhoodKeySets(axes)
    #expect(sets.count == 20)
    for token in 0..<20 {
      let rows = Reference.neighborhoodKeys(axes[0], query: token / 5)
      let columns = Reference.neighborhoodKeys(axes[1], query: token % 5)
      #expect(sets[token] == rows.flatMap { row in columns.map { row * 5 + $0 } })
    }
    #expect(Reference.neighborhoodPairCount(axes) == sets.reduce(0) { $0 + $1.count })
  }
}
