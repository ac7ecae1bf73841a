import Tessera
import TesseraCore
import TesseraReference
import TesseraRuntime

/// Random inputs of an attention, on the host and on a device, and the results there.
struct AttentionData {
  let attention: BenchAttention
  /// q, k, v, and dO for gradients.
  let host: [HostTensor]
  /// The same on the device.
  let inputs: [Tensor]
  /// The lists, where there are any.
  let indices: Tensor?
  let o: Tensor
  let lse: Tensor
  /// dQ, dK, dV, or nothing.
  let gradients: [Tensor]

  /// q, k, v, and dO for gradients, of a seed.
  static func random(
    _ attention: BenchAttention, backward: Bool, seed: UInt64
  ) throws(TesseraError) -> [HostTensor] {
    var random = SeededRandom(seed)
    let dimensions =
      [attention.queryDimensions, attention.keyDimensions, attention.valueDimensions]
      + (backward ? [attention.outputDimensions] : [])
    let types = [attention.dtype, attention.dtype, attention.dtype, attention.outputDType]
    // One block of noise, repeated with a shift, makes large inputs in bearable time.
    let noise = random.normals(1 << 20)
    var host: [HostTensor] = []
    for (index, dimensions) in dimensions.enumerated() {
      host.append(
        try Self.tensor(noise, shift: index * 104_729, try Shape(dimensions), types[index]))
    }
    return host
  }

  init(
    _ attention: BenchAttention, backward: Bool, seed: UInt64, on device: Device
  ) throws(TesseraError) {
    self.attention = attention
    let host = try Self.random(attention, backward: backward, seed: seed)
    self.host = host
    var inputs: [Tensor] = []
    for tensor in host { inputs.append(try Tensor(tensor, on: device)) }
    self.inputs = inputs
    indices = try attention.indices.map { host throws(TesseraError) in try Tensor(host, on: device)
    }
    o = try Self.unwritten(attention.outputDimensions, attention.outputDType, on: device)
    lse = try Self.unwritten(attention.lseDimensions, .f32, on: device)
    var gradients: [Tensor] = []
    for dimensions in backward
      ? [attention.queryDimensions, attention.keyDimensions, attention.valueDimensions] : []
    {
      gradients.append(try Self.unwritten(dimensions, attention.dtype, on: device))
    }
    self.gradients = gradients
  }

  init(
    attention: BenchAttention, host: [HostTensor], inputs: [Tensor], indices: Tensor? = nil,
    o: Tensor, lse: Tensor, gradients: [Tensor]
  ) {
    self.attention = attention
    self.host = host
    self.inputs = inputs
    self.indices = indices
    self.o = o
    self.lse = lse
    self.gradients = gradients
  }

  /// Other results for `attention` over the same inputs; shapes may differ in their token axes only.
  init(
    sharing other: AttentionData, _ attention: BenchAttention, on device: Device
  ) throws(TesseraError) {
    self.attention = attention
    (host, inputs) = (other.host, other.inputs)
    indices = attention.indices == nil ? nil : other.indices
    o = try Self.unwritten(attention.outputDimensions, attention.outputDType, on: device)
    lse = try Self.unwritten(attention.lseDimensions, .f32, on: device)
    // Timed after the others were judged: their memory will do.
    gradients = other.gradients
  }

  /// The operands of a plan.
  func operands(backward: Bool) throws(TesseraError) -> [BufferRange?] {
    let absent = attention.absent
    var ranges: [BufferRange?] = []
    for tensor in inputs.prefix(3) { ranges.append(try tensor.contiguousRange("input")) }
    if let indices { ranges.append(try indices.contiguousRange("indices")) }
    ranges += [BufferRange?](repeating: nil, count: absent.inputs)
    ranges.append(try o.contiguousRange("o"))
    ranges.append(try lse.contiguousRange("lse"))
    guard backward else { return ranges }
    for tensor in inputs.dropFirst(3) + gradients {
      ranges.append(try tensor.contiguousRange("gradient"))
    }
    return ranges + [BufferRange?](repeating: nil, count: absent.gradients)
  }

  /// Noise from `shift` on, repeated so that no two tokens get the same vector.
  static func tensor(
    _ noise: [Float], shift: Int, _ shape: Shape, _ dtype: DType
  ) throws(TesseraError) -> HostTensor {
    let count = noise.count
    var values = [Float](repeating: 0, count: shape.elementCount)
    var (index, place, lap) = (0, shift % count, 0)
    while index < values.count {
      values[index] = noise[place]
      index += 1
      place += 1
      if place == count { place = 0 }
      // A prime step per lap: no two tokens get the same vector.
      lap += 1
      if lap == count { (lap, place) = (0, (place + 7919) % count) }
    }
    return try HostTensor(rounding: values, to: dtype, shape: shape)
  }

  /// A tensor whose every byte is 0xFF: what stays unwritten is NaN.
  static func unwritten(
    _ dimensions: [Int], _ dtype: DType, on device: Device
  ) throws(TesseraError) -> Tensor {
    let tensor = try Tensor(uninitialized: try Shape(dimensions), dtype: dtype, on: device)
    try device.context.fill(
      BufferRange(
        tensor.allocation, offset: 0, byteCount: (tensor.allocation.byteCount + 3) & ~3),
      pattern: 0xFFFF_FFFF)
    return tensor
  }
}
