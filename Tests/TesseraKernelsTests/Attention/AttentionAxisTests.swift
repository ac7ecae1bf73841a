import CTesseraIndex
import TesseraReference
import Testing

/// The windows and inverse windows of `attention_axis.h`, which every attention kernel is built on.
@Suite struct `Axes of attention` {
  /// One axis inside a dilation group.
  struct Axis: CustomStringConvertible {
    var kind: Int32
    var n: Int32
    var m: Int32
    var up: Int32 = 1
    var first: Int32 = 0
    var step: Int32 = 1
    var window: Int32
    var stride: Int32

    var description: String {
      "kind \(kind) n \(n) m \(m) up \(up) first \(first) step \(step) "
        + "window \(window) stride \(stride)"
    }

    /// The keys of query `u`, positions before wrapping.
    func keys(_ u: Int32) -> Range<Int32> {
      let c = axis_center(u, up, first, step)
      let begin = axis_begin(kind, c, n, window, stride)
      return begin..<axis_end(kind, c, begin, n, window, stride)
    }

    /// The queries of key `j`, on a ring positions before wrapping.
    func queries(_ j: Int32) -> Range<Int32> {
      let begin = axis_query_begin(kind, j, n, m, up, first, step, window, stride)
      return begin..<axis_query_end(kind, j, begin, n, m, up, first, step, window, stride)
    }

    /// What is wrong with the inverse windows: nil if they are exactly the pairs of the windows, no
    /// pair occurs twice, and both move forward only.
    func fault() -> String? {
      var attended = Set<[Int32]>()
      var previous: Range<Int32>?
      for u in 0..<m {
        let window = keys(u)
        if let previous,
          window.lowerBound < previous.lowerBound || window.upperBound < previous.upperBound
        {
          return "the window of query \(u) moves back"
        }
        previous = window
        for j in window {
          if kind != AXIS_RING, !(0..<n).contains(j) { return "query \(u) attends \(j)" }
          guard attended.insert([u, ((j % n) + n) % n]).inserted else {
            return "query \(u) attends \(j) twice"
          }
        }
      }
      var inverse = Set<[Int32]>()
      previous = nil
      for j in 0..<n {
        let interval = queries(j)
        if let previous,
          interval.lowerBound < previous.lowerBound || interval.upperBound < previous.upperBound
        {
          return "the queries of key \(j) move back"
        }
        previous = interval
        for u in interval {
          guard kind == AXIS_RING ? (-m..<2 * m).contains(u) : (0..<m).contains(u) else {
            return "key \(j) has query \(u)"
          }
          // The window of the query, moved by whole turns, must hold this very position.
          guard keys(u).contains(j) else { return "key \(j) is not attended by query \(u)" }
          guard inverse.insert([((u % m) + m) % m, j]).inserted else {
            return "key \(j) has query \(u) twice"
          }
        }
      }
      return attended == inverse ? nil : "pairs \(attended.symmetricDifference(inverse))"
    }
  }

  @Test func `inverse windows hold exactly the pairs of the windows`() {
    var count = 0
    for kind in [AXIS_SLIDING, AXIS_CAUSAL, AXIS_RING] {
      for n in Int32(1)...14 {
        for window in 1...n {
          for stride in 1...window {
            var axes = [Axis(kind: kind, n: n, m: n, window: window, stride: stride)]
            for up in Int32(2)...3 {
              axes.append(
                Axis(kind: kind, n: n, m: n * up, up: up, window: window, stride: stride))
            }
            for step in Int32(1)...4 {
              for first in Set([0, step / 2, step - 1, min(2, n - 1), min(5, n - 1)])
              where first < n {
                // On a ring the queries must come around as the keys do.
                if kind == AXIS_RING, n % step != 0 || first >= step { continue }
                let m = (n - first + step - 1) / step
                axes.append(
                  Axis(
                    kind: kind, n: n, m: m, first: first, step: step, window: window,
                    stride: stride))
              }
            }
            axes.append(Axis(kind: kind, n: n, m: 0, window: window, stride: stride))
            for axis in axes {
              count += 1
              if let fault = axis.fault() { Issue.record("\(axis): \(fault)") }
            }
          }
        }
      }
    }
    #expect(count > 3000)
  }

  @Test func `bands are what their definition says`() {
    for n in Int32(0)...9 {
      for m in Int32(0)...9 {
        for first in [0, n - m] {
          for left in [0, 1, 3, 30] as [Int32] {
            for right in [0, 1, 4, 30] as [Int32] {
              let axis = Axis(
                kind: AXIS_BAND, n: n, m: m, first: first, window: left, stride: right)
              for u in 0..<m {
                let t = u + first
                let visible = (0..<n).filter { $0 >= t - left && $0 <= t + right }
                #expect(Array(axis.keys(u)) == visible, "\(axis), query \(u)")
              }
              if n > 0, let fault = axis.fault() { Issue.record("\(axis): \(fault)") }
            }
          }
        }
      }
    }
  }

  @Test func `coarse bands are what their definition says`() {
    for n in Int32(0)...6 {
      for up in Int32(1)...5 {
        for first in [-9, -4, -1, 0, 1, 7] as [Int32] {
          for m in [0, 1, up * n, up * n + up - 1, 31] as [Int32] {
            let axis = Axis(kind: AXIS_BAND, n: n, m: m, up: up, first: first, window: n, stride: 0)
            for u in 0..<m {
              let visible = (0..<n).filter { $0 * up <= u + first && u + first < (n + $0 + 1) * up }
              #expect(Array(axis.keys(u)) == visible, "\(axis), query \(u)")
            }
            if n > 0, let fault = axis.fault() { Issue.record("\(axis): \(fault)") }
          }
        }
      }
    }
  }

  @Test func `long axes have exact inverse windows`() {
    var random = SeededRandom(31)
    for _ in 0..<60 {
      let n = Int32(random.integer(in: 15...150))
      let window = Int32(random.integer(in: 1...Int(n)))
      let stride = Int32(random.integer(in: 1...Int(window)))
      let up = Int32(random.pick([1, 1, 2, 5]))
      let kind = random.pick([AXIS_SLIDING, AXIS_CAUSAL, AXIS_RING])
      let axis = Axis(kind: kind, n: n, m: n * up, up: up, window: window, stride: stride)
      if let fault = axis.fault() { Issue.record("\(axis): \(fault)") }
    }
  }
}
