import Tessera
import Testing

/// The public face of attention: what is refused and what shapes come back. Values are the business of
/// the conformance tests.
@Suite("Attention") struct AttentionTests {
  private func tensor(
    _ shape: Shape, _ dtype: DType = .f32, on device: Device, scale: Float = 1
  ) throws -> Tensor {
    let values = (0..<shape.elementCount).map { Float($0 * 7919 % 101) / 50 - 1 }
    return try Tensor(values.map { $0 * scale }, shape: shape, dtype: dtype, on: device)
  }

  @Test(arguments: Devices.backends)
  func `one visible key returns its value and its score`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let q = try tensor([1, 5, 2, 8], on: device)
    let v = try tensor([1, 5, 1, 16], on: device, scale: 3)
    let k = try tensor([1, 5, 1, 8], on: device)
    // A window of 0 to both sides: query i sees key i.
    let result = try device.attentionWithLSE(
      q, k, v, options: AttentionOptions(window: (0, 0), scale: 0))
    let values = try v.floats()
    let expected = (0..<5).flatMap { token in
      (0..<2).flatMap { _ in Array(values[(token * 16)..<((token + 1) * 16)]) }
    }
    #expect(try result.output.floats() == expected)
    #expect(try result.logSumExp.floats() == [Float](repeating: 0, count: 10))
    #expect(result.output.shape == [1, 5, 2, 16] && result.logSumExp.shape == [1, 5, 2])
  }

  @Test(arguments: Devices.backends)
  func `gradients of one visible key are those of a copy`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let q = try tensor([1, 5, 2, 8], on: device)
    let k = try tensor([1, 5, 1, 8], on: device)
    let v = try tensor([1, 5, 1, 8], on: device, scale: 3)
    let dO = try tensor([1, 5, 2, 8], on: device, scale: 0.5)
    let options = AttentionOptions(window: (0, 0))
    let forward = try device.attentionWithLSE(q, k, v, options: options)
    let gradients = try device.attentionBackward(
      q, k, v, output: forward.output, logSumExp: forward.logSumExp, outputGradient: dO,
      options: options)
    let upstream = try dO.floats()
    let dV = try gradients.values.floats()
    for i in 0..<40 {
      let first = i / 8 * 16 + i % 8
      let sum: Float = upstream[first] + upstream[first + 8]
      #expect(abs(dV[i] - sum) < 1e-5)
    }
    // The weight of a single key is 1 whatever the scores are.
    #expect(try gradients.queries.floats().allSatisfy { abs($0) < 1e-4 })
    #expect(try gradients.keys.floats().allSatisfy { abs($0) < 1e-4 })
    #expect(gradients.queries.shape == q.shape && gradients.keys.shape == k.shape)
  }

  @Test(arguments: Devices.backends)
  func `packed sequences do not see each other`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let q = try tensor([7, 2, 8], on: device)
    let packed = try device.attention(
      q, q, q,
      options: AttentionOptions(
        sequences: PackedSequences(queries: [0, 3, 3, 6], keys: [0, 3, 3, 6], on: device)))
    let values = try packed.floats()
    for part in [0..<3, 3..<6] {
      let own = try q.sliced(axis: 0, part).contiguous().reshaped(to: [1, 3, 2, 8])
      let alone = try device.attention(own, own, own).floats()
      let slice = values[(part.lowerBound * 16)..<(part.upperBound * 16)]
      #expect(zip(slice, alone).allSatisfy { abs($0 - $1) < 1e-6 })
    }
    // The last token belongs to no sequence.
    #expect(values[96...].allSatisfy { $0 == 0 })
  }

  @Test(arguments: Devices.backends)
  func `views that are not contiguous are read through their strides`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let whole = try tensor([1, 2, 6, 8], on: device)
    let view = try whole.permuted([0, 2, 1, 3])
    let copy = try view.contiguous()
    #expect(
      try device.attention(view, view, view).floats()
        == device.attention(copy, copy, copy).floats())
    let options: AttentionOptions = .init(causal: true)
    let forward = try device.attentionWithLSE(copy, copy, copy, options: options)
    func dK(_ x: Tensor, _ dO: Tensor) throws -> [Float] {
      try device.attentionBackward(
        x, x, x, output: forward.output, logSumExp: forward.logSumExp, outputGradient: dO,
        options: options
      ).keys.floats()
    }
    #expect(try dK(view, view) == dK(copy, copy))
  }

  @Test(arguments: Devices.backends)
  func `neighborhood gradients come for everything there is`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let q = try tensor([1, 4, 4, 2, 8], on: device)
    let k = try tensor([1, 4, 4, 1, 8], on: device)
    let extra = try tensor([1, 3, 1, 8], on: device)
    let bias = try tensor([2, 5, 5], on: device)
    let mask = try Tensor((0..<16).map { Float($0 % 3) }, shape: [1, 4, 4], dtype: .bool, on: device)
    let forward = try device.neighborhoodAttentionWithLSE(
      q, k, k, window: [3], circular: [true, false], extraKeys: extra, extraValues: extra,
      bias: bias, keyMask: mask)
    let gradients = try device.neighborhoodAttentionBackward(
      q, k, k, output: forward.output, logSumExp: forward.logSumExp, outputGradient: q, window: [3],
      circular: [true, false], extraKeys: extra, extraValues: extra, bias: bias, keyMask: mask)
    #expect(gradients.queries.shape == q.shape && gradients.keys.shape == k.shape)
    #expect(gradients.extraKeys?.shape == extra.shape && gradients.extraValues?.shape == extra.shape)
    #expect(gradients.bias?.shape == bias.shape && gradients.bias?.dtype == .f32)
    // A masked key has no gradient.
    let dK = try gradients.keys.floats()
    #expect(dK[0..<8].allSatisfy { $0 == 0 } && !dK[8..<16].allSatisfy { $0 == 0 })
    // Weights of a row sum to 1, so the bias's gradients over a whole softmax sum to what the
    // additional keys do not take.
    let plain = try device.neighborhoodAttentionBackward(
      q, k, k, output: forward.output, logSumExp: forward.logSumExp, outputGradient: q, window: [3])
    #expect(plain.bias == nil && plain.extraKeys == nil && plain.extraValues == nil)
  }

  @Test func `arguments that do not fit are refused by name before memory is taken`() throws {
    let device = try Devices.first(.cpu)
    let q = try tensor([1, 4, 2, 8], on: device)
    let half = try tensor([1, 4, 2, 8], .f16, on: device)
    let lse = try tensor([1, 4, 2], on: device)
    let packed = try tensor([4, 2, 8], on: device)
    let other = try tensor([1, 4, 2, 8], on: try Device("cpu"))
    let cu = try PackedSequences(queries: [0, 5], keys: [0, 4], on: device)
    let falling = try PackedSequences(queries: [0, 3, 2], keys: [0, 1, 2], on: device)
    let before = device.memoryStatistics.active
    func refused(_ name: String, _ body: () throws -> Void) throws {
      let error = try #require(throws: TesseraError.self) { try body() }
      #expect(error.code == .invalidArgument && error.message.hasPrefix(name), "\(error.message)")
    }
    func backward(_ o: Tensor, _ lse: Tensor, _ dO: Tensor) throws {
      _ = try device.attentionBackward(
        q, q, q, output: o, logSumExp: lse, outputGradient: dO)
    }
    try refused("k element type") { _ = try device.attention(q, half, q) }
    try refused("soft_cap") {
      _ = try device.attention(q, q, q, options: AttentionOptions(softCap: 0))
    }
    try refused("window_left") {
      _ = try device.attention(q, q, q, options: AttentionOptions(window: (-1, nil)))
    }
    try refused("alibi") { _ = try device.attention(q, q, q, options: AttentionOptions(alibi: lse)) }
    try refused("cu_q[1]") {
      _ = try device.attention(packed, packed, packed, options: AttentionOptions(sequences: cu))
    }
    try refused("cu_q[2]") {
      _ = try device.attention(packed, packed, packed, options: AttentionOptions(sequences: falling))
    }
    try refused("q: ") { _ = try device.attention(q, q, q, options: AttentionOptions(sequences: cu)) }
    try refused("cu_k") { _ = try PackedSequences(queries: [0, 1], keys: [0], on: device) }
    try refused("lse") { try backward(q, q, q) }
    try refused("do element type") { try backward(q, lse, half) }
    try refused("do: ") { try backward(q, lse, lse) }
    try refused("v") { _ = try device.attention(q, q, other) }
    try refused("circular") {
      let x = try q.reshaped(to: [1, 2, 2, 2, 8])
      _ = try device.neighborhoodAttention(
        x, x, x, window: [1], causal: [true], circular: [true])
    }
    try refused("bias") {
      let x = try q.reshaped(to: [1, 2, 2, 2, 8])
      _ = try device.neighborhoodAttention(x, x, x, window: [2], bias: lse)
    }
    try refused("key_mask") {
      let x = try q.reshaped(to: [1, 2, 2, 2, 8])
      _ = try device.neighborhoodAttention(x, x, x, window: [2], keyMask: lse)
    }
    #expect(device.memoryStatistics.active == before)
  }
}
