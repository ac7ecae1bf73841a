import Foundation
import TesseraCore
import TesseraReference
import Testing

@Suite struct `Neighborhood extensions` {
  typealias Axis = NeighborhoodProblem.Axis

  private func keys(_ axis: Axis, circular: Bool = false, center: Int) -> [Int] {
    Reference.windowEntries(axis, circular: circular, center: center).compactMap { $0?.key }
  }

  @Test func `wrap windows around circular axes`() {
    let ring = Axis(length: 6, window: 3)
    #expect(
      (0..<6).map { keys(ring, circular: true, center: $0) } == [
        [5, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 0],
      ])
    let dilated = Axis(length: 8, window: 3, dilation: 2)
    #expect(keys(dilated, circular: true, center: 1) == [7, 1, 3])
    let strided = Axis(length: 5, window: 4, stride: 3)
    // Leaders 1 and, of the incomplete group {3, 4}, 4; even windows reach further left.
    #expect(keys(strided, circular: true, center: 0) == [4, 0, 1, 2])
    #expect(keys(strided, circular: true, center: 3) == [2, 3, 4, 0])
  }

  @Test func `keep circular windows full, distinct and around the query`() {
    for axis in `Neighborhood key sets`.legalAxes(upTo: 10)
    where !axis.causal && axis.length % axis.dilation == 0 {
      for i in 0..<axis.length {
        let own = keys(axis, circular: true, center: i)
        #expect(own.count == axis.window && Set(own).count == axis.window && own.contains(i))
        #expect(own.allSatisfy { $0 % axis.dilation == i % axis.dilation })
        // Turning the ring by a whole stride group turns the windows, if the groups fit.
        let turn = axis.stride * axis.dilation
        if axis.length % turn == 0 {
          let next = keys(axis, circular: true, center: (i + turn) % axis.length)
          #expect(next == own.map { ($0 + turn) % axis.length })
        }
        if axis.window * axis.dilation == axis.length {
          #expect(own.sorted() == Reference.neighborhoodKeys(axis, query: i))
        }
      }
    }
  }

  @Test func `find every key's relative position in the table`() {
    for axis in `Neighborhood key sets`.legalAxes(upTo: 10) {
      for circular in [false, true]
      where !circular || (!axis.causal && axis.length % axis.dilation == 0) {
        for i in 0..<axis.length {
          let entries = Reference.windowEntries(axis, circular: circular, center: i)
          #expect(entries.count == axis.window)
          // Nothing follows the end of a causal window.
          #expect(entries.drop { $0 != nil }.allSatisfy { $0 == nil })
          for entry in entries.compactMap({ $0 }) {
            #expect((0..<(2 * axis.window - 1)).contains(entry.bias))
            let reached = i + (entry.bias - axis.window + 1) * axis.dilation
            #expect((reached - entry.key) % axis.length == 0 && (circular || reached == entry.key))
          }
        }
      }
    }
  }

  @Test func `add the bias of the relative position`() throws {
    var c = try NeighborhoodCase(
      1, [Axis(length: 4, window: 3)], heads: 1, kvHeads: 1, d: 1, dv: 1, bias: true)
    c.q = [0, 0, 0, 0]
    c.v = [1, 10, 100, 1000]
    // Only keys one to the left count: every query but the first, whose window begins with itself.
    c.bias = [-.infinity, 0, -.infinity, -.infinity, -.infinity]
    #expect(c.forward.o == [0, 1, 10, 100] && c.forward.lse[0] == -.infinity)
    #expect(c.backward.dq.values.allSatisfy { $0.isFinite })
    c.bias = [0, 0, Foundation.log(3), 0, 0]
    #expect(abs(c.forward.o[1] - (1 + 30 + 100) / 5) < 1e-12)
    #expect(abs(c.forward.lse[1] - Foundation.log(5)) < 1e-14)

    // Every query head has a table of its own, also where heads share keys.
    var two = try NeighborhoodCase(
      6, [Axis(length: 3, window: 1), Axis(length: 2, window: 2)], batch: 2, heads: 2, kvHeads: 1,
      d: 1, dv: 1, bias: true)
    two.q = two.q.map { _ in 0 }
    two.bias = [0, 0, 0, -.infinity, 0, 0]
    let o = two.forward.o
    for row in 0..<6 {
      let (left, right) = (two.v[2 * row], two.v[2 * row + 1])
      #expect(abs(o[4 * row] - (left + right) / 2) < 1e-14 && o[4 * row + 2] == o[4 * row])
      // Head 1 of the right query does not see the key to its left.
      #expect(abs(o[4 * row + 1] - (left + right) / 2) < 1e-14 && o[4 * row + 3] == right)
    }
  }

  @Test func `leave masked keys out, and rows without keys empty`() throws {
    var c = try NeighborhoodCase(2, [Axis(length: 5, window: 3)], d: 2, masked: 1)
    c.keyMask = [false, false, false, true, true]
    let (forward, backward) = (c.forward, c.backward)
    #expect(forward.keyCount == [0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
    #expect(forward.lse[0..<4].allSatisfy { $0 == -.infinity })
    #expect(
      forward.o[0..<8].allSatisfy { $0 == 0 } && backward.dq.values[0..<8].allSatisfy { $0 == 0 })
    #expect(forward.o[8..<12] == c.v[12..<16])
    #expect(backward.dk.values[0..<12].allSatisfy { $0 == 0 })
    // What masked keys hold does not matter.
    for i in 0..<12 { (c.k[i], c.v[i]) = (.nan, .nan) }
    #expect(c.forward.o == forward.o && c.backward.dq.values == backward.dq.values)
  }

  @Test func `centre queries of another grid on keys`() throws {
    func centers(_ axis: Axis, _ queries: Int) throws -> [Int] {
      let c = try NeighborhoodCase(3, [axis], queries: [queries])
      return (0..<queries).map { c.problem.center(of: $0, axis: 0) }
    }
    try #expect(centers(Axis(length: 3, window: 1), 6) == [0, 0, 1, 1, 2, 2])
    try #expect(centers(Axis(length: 9, window: 1), 3) == [1, 4, 7])
    try #expect(centers(Axis(length: 8, window: 1), 4) == [1, 3, 5, 7])
    try #expect(centers(Axis(length: 9, window: 1, causal: true), 3) == [2, 5, 8])
    try #expect(centers(Axis(length: 3, window: 1, causal: true), 6) == [0, 0, 1, 1, 2, 2])
    // A window as long as a cell is the cell.
    for r in 1...4 {
      let c = try NeighborhoodCase(4, [Axis(length: 3 * r, window: r)], queries: [3])
      let cells = Reference.windows(c.problem).map { $0.compactMap { $0?.key } }
      #expect(cells == (0..<3).map { Array(($0 * r)..<(($0 + 1) * r)) })
    }
    let c = try NeighborhoodCase(
      5, [Axis(length: 4, window: 3), Axis(length: 6, window: 3)], queries: [8, 2])
    #expect(
      c.problem.queryDimensions == [1, 8, 2, 2, 3] && c.problem.keyDimensions == [1, 4, 6, 2, 3])
    #expect(c.problem.lseDimensions == [1, 8, 2, 2] && c.forward.lse.count == 32)
    #expect(c.problem.outputDimensions == [1, 8, 2, 2, 2])
  }

  @Test func `survive coding, and are absent from old problems`() throws {
    for (name, c) in try NeighborhoodCase.all() {
      let data = try JSONEncoder().encode(c.problem)
      #expect(
        try JSONDecoder().decode(NeighborhoodProblem.self, from: data) == c.problem, "\(name)")
      let text = String(decoding: data, as: UTF8.self)
      #expect(text.contains("extensions") != c.problem.isPlain, "\(name)")
    }
  }

  @Test func `name the argument that does not fit`() throws {
    func message(
      _ q: [Int] = [1, 6, 2, 4], bias: ([Int], DType)? = nil, mask: ([Int], DType)? = nil,
      circular: [Bool] = [false], dilation: Int = 1, causal: Bool = false
    ) throws -> String {
      let k = try Shape([1, 6, 2, 4])
      do {
        _ = try NeighborhoodProblem(
          q: (Shape(q), .f32), k: (k, .f32), v: (k, .f32),
          bias: bias.map { (try Shape($0.0), $0.1) }, keyMask: mask.map { (try Shape($0.0), $0.1) },
          circular: circular, window: [1], dilation: [dilation], causal: [causal])
        return ""
      } catch let error as TesseraError {
        return error.message
      }
    }
    try #expect(message() == "")
    try #expect(message([1, 12, 2, 4]) == "" && message([1, 0, 2, 4]) == "")
    try #expect(message([1, 9, 2, 4]).hasPrefix("q:"))
    try #expect(message([2, 6, 2, 4]).hasPrefix("k:"))
    try #expect(message(bias: ([2, 2], .f32)).hasPrefix("bias:"))
    try #expect(message(bias: ([2, 1], .f16)).hasPrefix("bias element type:"))
    try #expect(message(bias: ([2, 1], .f32)) == "")
    try #expect(message(mask: ([6], .bool)).hasPrefix("key_mask:"))
    try #expect(message(mask: ([1, 6], .u8)).hasPrefix("key_mask element type:"))
    try #expect(message(mask: ([1, 6], .bool)) == "")
    try #expect(message(circular: [true, false]).hasPrefix("circular:"))
    try #expect(message(circular: [true], causal: true).hasPrefix("circular:"))
    try #expect(message(circular: [true], dilation: 4).hasPrefix("dilation:"))
    try #expect(message(circular: [true], dilation: 3) == "")
  }
}
