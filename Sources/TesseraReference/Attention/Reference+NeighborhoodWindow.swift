package import TesseraCore

/// One entry of a query's window.
package struct WindowEntry: Sendable, Hashable {
  /// Flattened token of the key.
  package var key: Int
  /// Flattened index of its relative position in the table of one head, `[2k − 1 per axis..]`.
  package var bias: Int
}

extension Reference {
  /// The window of position `center` of one axis: `k` keys, left to right, with their relative
  /// positions `offset = (key − center)/dilation + k − 1`; nil past the end of a causal window.
  package static func windowEntries(
    _ axis: NeighborhoodProblem.Axis, circular: Bool, center: Int
  ) -> [WindowEntry?] {
    let k = axis.window
    guard circular else {
      let keys = neighborhoodKeys(axis, query: center).map { key -> WindowEntry? in
        WindowEntry(key: key, bias: (key - center) / axis.dilation + k - 1)
      }
      return keys + [WindowEntry?](repeating: nil, count: k - keys.count)
    }
    // A ring of the dilation group's members. The leader is found as on a line; its window is not
    // moved, but runs around the end.
    let ring = Array(stride(from: center % axis.dilation, to: axis.length, by: axis.dilation))
    let place = ring.firstIndex(of: center) ?? 0
    let sharing = ring.indices.filter { $0 / axis.stride == place / axis.stride }
    let middle = axis.stride / 2
    let leader = middle < sharing.count ? sharing[middle] : ring.count - 1
    return (0..<k).map { entry in
      let member = leader - k / 2 + entry
      return WindowEntry(
        key: ring[(member % ring.count + ring.count) % ring.count], bias: member - place + k - 1)
    }
  }

  /// The windows of all queries of one batch entry: by flattened query token, `Π k` entries in
  /// row-major order; nil where any axis is past the end of a causal window.
  package static func windows(_ problem: NeighborhoodProblem) -> [[WindowEntry?]] {
    var result: [[WindowEntry?]] = [[WindowEntry(key: 0, bias: 0)]]
    for (index, axis) in problem.axes.enumerated() {
      let own = (0..<problem.queryLengths[index]).map {
        windowEntries(
          axis, circular: problem.circular[index], center: problem.center(of: $0, axis: index))
      }
      result = result.flatMap { outer in
        own.map { inner in
          outer.flatMap { a in
            inner.map { b in
              guard let a, let b else { return nil }
              return WindowEntry(
                key: a.key * axis.length + b.key, bias: a.bias * (2 * axis.window - 1) + b.bias)
            }
          }
        }
      }
    }
    return result
  }

  /// One entry of the window of one row.
  struct RowEntry {
    /// `(batch · query tokens + token) · H + head`.
    var row: Int
    /// Which of the `Π k` entries.
    var place: Int
    /// Vector of K and V.
    var vector: Int
    /// Element of the relative-position bias.
    var bias: Int
  }

  /// All entries of all windows whose keys are attended, row by row, each in window order.
  static func attendedEntries(_ problem: NeighborhoodProblem, keyMask: [Bool]) -> [RowEntry] {
    let windows = problem.queryTokens == 0 ? [] : windows(problem)
    let table = problem.biasDimensions.dropFirst().reduce(1, *)
    var entries: [RowEntry] = []
    for batch in 0..<problem.batch {
      for (token, window) in windows.enumerated() {
        for head in 0..<problem.heads {
          for (place, entry) in window.enumerated() {
            guard let entry else { continue }
            let key = batch * problem.tokens + entry.key
            if problem.hasKeyMask, !keyMask[key] { continue }
            entries.append(
              RowEntry(
                row: (batch * windows.count + token) * problem.heads + head, place: place,
                vector: key * problem.kvHeads + head / problem.group,
                bias: head * table + entry.bias))
          }
        }
      }
    }
    return entries
  }
}
