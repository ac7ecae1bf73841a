import Tessera
import Testing

/// Facts about gradients of neighborhood attention that hold whatever the oracle says.
@Suite struct `Identities of the gradients of neighborhood attention` {
  private static let d = 8

  /// Forward and backward over one axis, or several: values by name, each `[tokens · heads, 8]`.
  private struct Run {
    var names = ["queries", "keys", "values"]
    var gradients: [[Float]]
    var extra: [[Float]]

    init(
      _ device: Device, lengths: [Int], heads: Int = 1, kvHeads: Int = 1, inputs: [[Float]],
      window: [Int], stride: [Int] = [1], dilation: [Int] = [1], causal: [Bool] = [false],
      extra: [[Float]]? = nil
    ) throws {
      func tensor(_ values: [Float], _ heads: Int) throws -> Tensor {
        try Tensor(values, shape: try Shape([1] + lengths + [heads, d]), on: device)
      }
      let (q, k) = (try tensor(inputs[0], heads), try tensor(inputs[1], kvHeads))
      let (v, dO) = (try tensor(inputs[2], kvHeads), try tensor(inputs[3], heads))
      let more = try extra?.map {
        try Tensor($0, shape: try Shape([1, $0.count / d / kvHeads, kvHeads, d]), on: device)
      }
      let forward = try device.neighborhoodAttentionWithLSE(
        q, k, v, window: window, stride: stride, dilation: dilation, causal: causal,
        extraKeys: more?[0], extraValues: more?[1])
      let result = try device.neighborhoodAttentionBackward(
        q, k, v, output: forward.output, logSumExp: forward.logSumExp, outputGradient: dO,
        window: window, stride: stride, dilation: dilation, causal: causal, extraKeys: more?[0],
        extraValues: more?[1])
      gradients = [
        try result.queries.floats(), try result.keys.floats(), try result.values.floats(),
      ]
      self.extra = [try result.extraKeys?.floats() ?? [], try result.extraValues?.floats() ?? []]
    }
  }

  /// Four inputs q, k, v and dO of `tokens` rows of 8.
  private func inputs(_ tokens: Int) -> [[Float]] {
    (1...4).map { seed in
      (0..<(tokens * Self.d)).map { i -> Float in
        let value = (i * 37 + seed * 11 + i / 8 * 5) % 23 - 11
        return Float(value) / 8
      }
    }
  }

  private func rows(_ x: [Float], _ tokens: [Int]) -> [Float] {
    tokens.flatMap { x[($0 * Self.d)..<(($0 + 1) * Self.d)] }
  }

  private func expectClose(_ a: [Float], _ b: [Float], _ what: String) {
    #expect(a.count == b.count && !a.isEmpty, "\(what)")
    let size = a.map { abs($0) }.max() ?? 0
    let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
    #expect(worst < 4e-6 * max(size, 1) && !a.contains { $0.isNaN }, "\(what): by \(worst)")
  }

  @Test(arguments: Devices.backends)
  func `stride equal to the window is blocked attention`(_ backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let all = inputs(60)
    let whole = try Run(device, lengths: [60], inputs: all, window: [12], stride: [12])
    for block in 0..<5 {
      let tokens = Array((block * 12)..<(block * 12 + 12))
      let own = try Run(
        device, lengths: [12], inputs: all.map { rows($0, tokens) }, window: [12])
      for (i, name) in whole.names.enumerated() {
        expectClose(rows(whole.gradients[i], tokens), own.gradients[i], "\(name) of block \(block)")
      }
    }
  }

  @Test(arguments: Devices.backends)
  func `dilation is independent problems on slices`(_ backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let all = inputs(47)
    let whole = try Run(
      device, lengths: [47], inputs: all, window: [5], stride: [2], dilation: [3])
    for group in 0..<3 {
      let tokens = Array(Swift.stride(from: group, to: 47, by: 3))
      let own = try Run(
        device, lengths: [tokens.count], inputs: all.map { rows($0, tokens) }, window: [5],
        stride: [2])
      for (i, name) in whole.names.enumerated() {
        expectClose(rows(whole.gradients[i], tokens), own.gradients[i], "\(name) of group \(group)")
      }
    }
  }

  @Test(arguments: Devices.backends)
  func `a window over everything is dense, as additional keys are`(
    _ backend: BackendKind
  ) throws {
    let device = try Devices.first(backend)
    let all = inputs(45)
    let window = try Run(device, lengths: [45], inputs: all, window: [45])
    let shape: Shape = [1, 45, 1, 8]
    let tensors = try all.map { try Tensor($0, shape: shape, on: device) }
    let forward = try device.attentionWithLSE(tensors[0], tensors[1], tensors[2])
    let dense = try device.attentionBackward(
      tensors[0], tensors[1], tensors[2], output: forward.output, logSumExp: forward.logSumExp,
      outputGradient: tensors[3])
    expectClose(window.gradients[0], try dense.queries.floats(), "queries")
    expectClose(window.gradients[1], try dense.keys.floats(), "keys")
    expectClose(window.gradients[2], try dense.values.floats(), "values")
    // The window's single key is the query's own; keep it from counting by a score far below the others.
    var far = all
    far[1] = all[0].map { $0 * -1000 }
    let added = try Run(
      device, lengths: [45], inputs: far, window: [1], extra: [all[1], all[2]])
    expectClose(window.gradients[0], added.gradients[0], "queries beside additional keys")
    expectClose(window.gradients[1], added.extra[0], "additional keys")
    expectClose(window.gradients[2], added.extra[1], "additional values")
  }

  @Test(arguments: Devices.backends)
  func `gradients of grouped heads are sums over repeated heads`(_ backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let (q, small) = (inputs(72 * 6), inputs(72 * 2))
    func repeated(_ x: [Float]) -> [Float] {
      (0..<(72 * 48)).map { i -> Float in
        let (token, head) = (i / 48, i / 8 % 6)
        return x[(token * 2 + head / 3) * 8 + i % 8]
      }
    }
    func summed(_ x: [Float]) -> [Float] {
      (0..<(72 * 16)).map { i -> Float in
        let (token, head) = (i / 16, i / 8 % 2)
        let first = token * 48 + head * 24 + i % 8
        return x[first] + x[first + 8] + x[first + 16]
      }
    }
    let form = (lengths: [8, 9], window: [3, 5])
    let grouped = try Run(
      device, lengths: form.lengths, heads: 6, kvHeads: 2, inputs: [q[0], small[1], small[2], q[3]],
      window: form.window)
    let alone = try Run(
      device, lengths: form.lengths, heads: 6, kvHeads: 6,
      inputs: [q[0], repeated(small[1]), repeated(small[2]), q[3]], window: form.window)
    expectClose(grouped.gradients[0], alone.gradients[0], "queries")
    expectClose(grouped.gradients[1], summed(alone.gradients[1]), "keys")
    expectClose(grouped.gradients[2], summed(alone.gradients[2]), "values")
  }
}
