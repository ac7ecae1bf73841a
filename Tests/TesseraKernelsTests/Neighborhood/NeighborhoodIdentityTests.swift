import TesseraCore
import TesseraReference
import TesseraRuntime
import Testing

/// Facts that hold whatever the oracle says.
@Suite struct `Neighborhood attention identities` {
  typealias Axis = NeighborhoodProblem.Axis

  private func expectClose(_ a: [Float], _ b: [Float], _ what: String) {
    #expect(a.count == b.count)
    let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
    #expect(worst < 2e-6 && !a.contains { $0.isNaN }, "\(what): differ by \(worst)")
  }

  /// The elements of `x` `[tokens, width]` at `tokens`.
  private func rows(_ x: [Float], _ tokens: [Int], width: Int) -> [Float] {
    tokens.flatMap { x[($0 * width)..<(($0 + 1) * width)] }
  }

  private func run(
    _ axis: Axis, _ q: [Float], _ k: [Float], _ v: [Float], extra: ([Float], [Float])? = nil,
    on context: DeviceContext
  ) throws -> [Float] {
    let d = q.count / axis.length
    let form = NeighborhoodCase.Form(
      axes: [axis], d: d, dv: d, extra: extra.map { $0.0.count / d } ?? 0)
    let values = ["q": q, "k": k, "v": v, "extra_k": extra?.0 ?? [], "extra_v": extra?.1 ?? []]
    return try NeighborhoodCase(form) { name, _ in values[name] ?? [] }.run(on: context).o.floats()
  }

  private func inputs(_ length: Int, _ d: Int) -> (q: [Float], k: [Float], v: [Float]) {
    var random = SeededRandom(21)
    return (random.normals(length * d), random.normals(length * d), random.normals(length * d))
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `stride equal to the window is blocked attention`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let (q, k, v) = inputs(60, 8)
    let whole = try run(Axis(length: 60, window: 12, stride: 12), q, k, v, on: context)
    for block in 0..<5 {
      let part = (block * 96)..<((block + 1) * 96)
      let own = try run(
        Axis(length: 12, window: 12), Array(q[part]), Array(k[part]), Array(v[part]), on: context)
      expectClose(Array(whole[part]), own, "block \(block)")
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `dilation is independent problems on slices`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let (q, k, v) = inputs(47, 8)
    let whole = try run(Axis(length: 47, window: 5, stride: 2, dilation: 3), q, k, v, on: context)
    for group in 0..<3 {
      let tokens = Array(stride(from: group, to: 47, by: 3))
      let own = try run(
        Axis(length: tokens.count, window: 5, stride: 2), rows(q, tokens, width: 8),
        rows(k, tokens, width: 8), rows(v, tokens, width: 8), on: context)
      expectClose(rows(whole, tokens, width: 8), own, "group \(group)")
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `a window over everything is dense, as additional keys are`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    let (q, k, v) = inputs(45, 8)
    let dense = try run(Axis(length: 45, window: 45), q, k, v, on: context)
    // The window's single key is the query's own; keep it from counting by a score of -1000.
    let far = q.map { $0 * -1000 }
    let added = try run(Axis(length: 45, window: 1), q, far, v, extra: (k, v), on: context)
    expectClose(dense, added, "additional keys")
    let causal = try run(Axis(length: 45, window: 45, causal: true), q, k, v, on: context)
    expectClose(Array(dense.suffix(8)), Array(causal.suffix(8)), "last row of causal")
    expectClose(Array(causal.prefix(8)), Array(v.prefix(8)), "first row of causal")
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `grouped heads equal repeated heads`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let axes = [Axis(length: 8, window: 3), Axis(length: 9, window: 5)]
    var random = SeededRandom(22)
    let (q, k, v) = (
      random.normals(72 * 6 * 8), random.normals(72 * 2 * 8), random.normals(72 * 2 * 8)
    )
    func repeated(_ x: [Float]) -> [Float] {
      (0..<(72 * 6 * 8)).map { i in
        let (token, head, c) = (i / 48, i / 8 % 6, i % 8)
        return x[(token * 2 + head / 3) * 8 + c]
      }
    }
    let values = ["q": q, "k": k, "v": v]
    let grouped = try NeighborhoodCase(
      .init(axes: axes, heads: 6, kvHeads: 2)
    ) { name, _ in values[name] ?? [] }
    let full = ["q": q, "k": repeated(k), "v": repeated(v)]
    let alone = try NeighborhoodCase(
      .init(axes: axes, heads: 6, kvHeads: 6)
    ) { name, _ in full[name] ?? [] }
    expectClose(
      try grouped.run(on: context).o.floats(), try alone.run(on: context).o.floats(), "heads")
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `what a query does not attend does not leak into it`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let axes = [Axis(length: 12, window: 3), Axis(length: 20, window: 5)]
    let sets = Reference.neighborhoodKeySets(axes)
    for poison in [Float.nan, .infinity, -.infinity] {
      for (index, bad) in [0, 45, 130, 239].enumerated() {
        var random = SeededRandom(23)
        let clean = try NeighborhoodCase(.init(axes: axes)) { _, count in random.normals(count) }
        random = SeededRandom(23)
        let dirty = try NeighborhoodCase(.init(axes: axes)) { name, count in
          var x = random.normals(count)
          // Keys in one half of the runs and values in the other.
          if name == "v" || (name == "k" && index % 2 == 0) { x[bad * 8 + 2] = poison }
          return x
        }
        let (a, b) = (try clean.run(on: context), try dirty.run(on: context))
        let (x, y) = (a.o.floats(), b.o.floats())
        for token in sets.indices where !sets[token].contains(bad) {
          let range = (token * 8)..<((token + 1) * 8)
          #expect(x[range] == y[range], "\(poison) at \(bad) reached query \(token)")
        }
        for token in sets.indices where sets[token].contains(bad) {
          #expect(!y[token * 8 + 2].isFinite, "\(poison) at \(bad) vanished from query \(token)")
        }
      }
    }
  }
}
