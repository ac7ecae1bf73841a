package import TesseraCore

extension Reference {
  /// The keys that position `query` attends along one axis, ascending, enumerated from the words of
  /// the definition: list the dilation group, find the query's stride group and its leader in it, and
  /// move a window of `k` members until it lies inside. Deliberately not the kernels' arithmetic.
  package static func neighborhoodKeys(_ axis: NeighborhoodProblem.Axis, query: Int) -> [Int] {
    let group = Array(
      stride(from: query % axis.dilation, to: axis.length, by: axis.dilation))
    let place = group.firstIndex(of: query) ?? 0
    // The queries that share a window, cut off at the end of the group.
    let sharing = Array(group.indices).filter { $0 / axis.stride == place / axis.stride }
    if axis.causal {
      // The leader is the last of them, and would be even if the group ended earlier.
      let leader = sharing[sharing.count - 1]
      return group.indices.filter { $0 <= place && leader - $0 < axis.window }.map { group[$0] }
    }
    let middle = axis.stride / 2
    let leader = middle < sharing.count ? sharing[middle] : group.count - 1
    var members = Array((leader - axis.window / 2)..<(leader - axis.window / 2 + axis.window))
    while let last = members.last, last >= group.count { members = members.map { $0 - 1 } }
    while let first = members.first, first < 0 { members = members.map { $0 + 1 } }
    return members.map { group[$0] }
  }

  /// The keys every query attends, as flattened token indices, by flattened query token: the product
  /// of the per-axis sets, in row-major order.
  package static func neighborhoodKeySets(_ axes: [NeighborhoodProblem.Axis]) -> [[Int]] {
    var sets: [[Int]] = [[0]]
    for axis in axes {
      let own = (0..<axis.length).map { neighborhoodKeys(axis, query: $0) }
      sets = sets.flatMap { outer in
        own.map { inner in
          outer.flatMap { start in inner.map { start * axis.length + $0 } }
        }
      }
    }
    return sets
  }

  /// Multiply–add pairs per head dimension: the sum over all queries of the number of keys they
  /// attend, without additional keys, for one head of one batch entry.
  package static func neighborhoodPairCount(_ axes: [NeighborhoodProblem.Axis]) -> Int {
    axes.reduce(1) { total, axis in
      total * (0..<axis.length).reduce(0) { $0 + neighborhoodKeys(axis, query: $1).count }
    }
  }
}
