import Tessera
import TesseraConformance
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// The demonstration's computation: patches → projection by GEMM → 2-D neighborhood attention →
/// projection back by GEMM.
///
/// Queries and keys are one random projection of the patches. Its last channel is 1 in the queries and
/// `−|k|²/2` in the keys, so that a score is, up to a constant of the query, `−|q − k|²/2`: the more
/// alike two patches, the higher. Values are an orthogonal mix of the patch, undone at the end. The
/// result replaces each patch by an average of the ones like it nearby: the non-local-means filter, and
/// a picture that shows at a glance whether the attention is right.
struct PhotoPipeline {
  static let heads = 4
  static let headDim = 32
  static let window = [13, 13]
  /// Makes the softmax selective: neighbouring patches differ by little.
  static let scale: Float = 30

  let features: PhotoFeatures
  let dtype: DType

  /// One stage's device time and error against the f64 oracle.
  struct Stage {
    var name: String
    var milliseconds: Double
    var plan: Plan
    var verification: Verification
  }

  /// Runs on `device` and returns the filtered picture and what was measured; every stage is compared
  /// with the oracle on the very inputs it had.
  func run(on device: Device, repetitions: Int) throws(TesseraError) -> (picture: [Float], stages: [Stage]) {
    let (tokens, values) = (features.tokens, PhotoFeatures.patchValues)
    let width = Self.heads * Self.headDim
    let x = try HostTensor(rounding: features.patches(), to: dtype, shape: try Shape([tokens, values]))
    let keyWeights = try HostTensor(
      rounding: Self.projection(values, width), to: dtype, shape: try Shape([values, width]))
    let mix = try HostTensor(
      rounding: Self.orthogonal(values), to: dtype, shape: try Shape([values, values]))
    let bias = try HostTensor(
      rounding: (0..<width).map { Self.isLast($0) ? 1 : 0 }, to: .f32, shape: try Shape([width]))
    var stages: [Stage] = []

    let qk = try multiply("project q, k", x, keyWeights, bias: bias, on: device, repetitions, &stages)
    let v = try multiply("project v", x, mix, on: device, repetitions, &stages)
    let grid = [1, features.rows, features.columns, Self.heads]
    let query = try qk.reshaped(to: try Shape(grid + [Self.headDim]))
    let key = try Self.keys(query)
    let value = try v.reshaped(to: try Shape(grid + [values / Self.heads]))
    let o = try attend(query, key, value, on: device, repetitions, &stages)
    let flat = try o.reshaped(to: try Shape([tokens, values]))
    let back = try multiply(
      "project back", flat, mix, transposeB: true, output: .f32, on: device, repetitions, &stages)
    return (features.picture(from: back.floats()), stages)
  }

  private func multiply(
    _ name: String, _ a: HostTensor, _ b: HostTensor, bias: HostTensor? = nil,
    transposeB: Bool = false, output: DType? = nil, on device: Device, _ repetitions: Int,
    _ stages: inout [Stage]
  ) throws(TesseraError) -> HostTensor {
    let problem = try GEMMProblem(
      a: (a.shape, a.dtype), b: (b.shape, b.dtype), bias: bias.map { ($0.shape, $0.dtype) },
      transposeB: transposeB, output: output)
    let (at, bt) = (try Tensor(a, on: device), try Tensor(b, on: device))
    let biasTensor = try bias.map { host throws(TesseraError) in try Tensor(host, on: device) }
    let (d, milliseconds) = try timed(device, repetitions) { () throws(TesseraError) in
      try device.gemm(
        at, bt, transposeB: transposeB, epilogue: GEMMEpilogue(bias: biasTensor), output: output)
    }
    let host = try d.host()
    stages.append(
      Stage(
        name: name, milliseconds: milliseconds, plan: try device.preparedPlan(problem).plan,
        verification: Verifier.gemm(problem, a: a, b: b, c: nil, bias: bias, d: host)))
    return host
  }

  private func attend(
    _ q: HostTensor, _ k: HostTensor, _ v: HostTensor, on device: Device, _ repetitions: Int,
    _ stages: inout [Stage]
  ) throws(TesseraError) -> HostTensor {
    // The window may not be larger than a small picture.
    let window = [min(Self.window[0], features.rows), min(Self.window[1], features.columns)]
    let problem = try NeighborhoodProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype), window: window,
      scale: Self.scale)
    let qt = try Tensor(q, on: device)
    let (kt, vt) = (try Tensor(k, on: device), try Tensor(v, on: device))
    let (result, milliseconds) = try timed(device, repetitions) { () throws(TesseraError) in
      try device.neighborhoodAttentionWithLSE(qt, kt, vt, window: window, scale: Self.scale)
    }
    let o = try result.output.host()
    stages.append(
      Stage(
        name: "attention \(window[0])×\(window[1])", milliseconds: milliseconds,
        plan: try device.preparedPlan(problem).plan,
        verification: Verifier.neighborhoodAttention(
          NeighborhoodInputs(problem, q: q, k: k, v: v), o: o, lse: try result.logSumExp.host())))
    return o
  }

  /// The result of the last of `repetitions` runs and the median device time in milliseconds.
  private func timed<R>(
    _ device: Device, _ repetitions: Int, _ body: () throws(TesseraError) -> R
  ) throws(TesseraError) -> (R, Double) {
    var result = try body()
    try device.synchronize()
    var samples: [Double] = []
    for _ in 0..<repetitions {
      let started = HostClock.now()
      let event = try device.record { _ throws(TesseraError) in result = try body() }
      let device = try event.deviceSeconds()
      samples.append(device ?? Double(HostClock.now() - started) * 1e-9)
    }
    return (result, samples.sorted()[samples.count / 2] * 1e3)
  }

  /// Normal random weights of variance `1/channels`, which keep distances; nothing for the last channel
  /// of a head. The same in every run.
  private static func projection(_ rows: Int, _ columns: Int) -> [Float] {
    var random = SeededRandom(7)
    let values = random.normals(rows * columns, deviation: 1 / Double(headDim - 1).squareRoot())
    return values.enumerated().map { isLast($0 % columns) ? 0 : $1 }
  }

  /// The queries with `−|k|²/2` in the last channel of each head.
  private static func keys(_ query: HostTensor) throws(TesseraError) -> HostTensor {
    var values = query.floats()
    for start in stride(from: 0, to: values.count, by: headDim) {
      let last = start + headDim - 1
      values[last] = values[start..<last].reduce(0) { $0 - $1 * $1 / 2 }
    }
    return try HostTensor(rounding: values, to: query.dtype, shape: query.shape)
  }

  private static func isLast(_ channel: Int) -> Bool { channel % headDim == headDim - 1 }

  /// A Householder reflection: orthogonal, dense, its own inverse.
  private static func orthogonal(_ size: Int) -> [Float] {
    var random = SeededRandom(8)
    let direction = random.normals(size)
    let norm = direction.reduce(0) { $0 + $1 * $1 }
    return (0..<(size * size)).map { index in
      let (row, column) = (index / size, index % size)
      return (row == column ? 1 : 0) - 2 * direction[row] * direction[column] / norm
    }
  }
}
