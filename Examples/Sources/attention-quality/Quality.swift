import Tessera

/// Compares approximations with dense attention on the same inputs.
struct Quality {
  private let inputs: AttentionInputs
  private let dense: [Float]
  private let denseSeconds: Double

  init(_ inputs: AttentionInputs) throws {
    self.inputs = inputs
    let device = inputs.q.device
    let (output, seconds) = try Self.timed(device) {
      try device.attention(inputs.q, inputs.k, inputs.v)
    }
    (dense, denseSeconds) = (try output.floats(), seconds)
  }

  var shape: String { "q \(inputs.q.shape), k \(inputs.k.shape)" }
  var denseMs: String { Self.milliseconds(denseSeconds) }

  /// One row of the table.
  func row(_ approximation: Approximation) throws -> String {
    let device = inputs.q.device
    let (prepared, preparing) = try Self.timed(device) { try approximation.prepare(inputs) }
    let (output, attending) = try Self.timed(device) { try prepared.attend() }
    let error = try errors(try output.floats())
    return "| \(approximation.name) | \(percent(try prepared.kept())) | \(percent(error.all)) "
      + "| \(percent(error.worst)) | \(Self.milliseconds(preparing)) | \(Self.milliseconds(attending)) "
      + "| \(Self.rounded(denseSeconds / (preparing + attending))) |"
  }

  /// `‖O − dense‖ / ‖dense‖` over all heads, and of the head where it is largest.
  private func errors(_ o: [Float]) throws -> (all: Double, worst: Double) {
    let (heads, length) = (inputs.q.shape[2], inputs.v.shape[3])
    var wrong = [Double](repeating: 0, count: heads)
    var whole = wrong
    for i in o.indices {
      let head = i / length % heads
      wrong[head] += Double(o[i] - dense[i]) * Double(o[i] - dense[i])
      whole[head] += Double(dense[i]) * Double(dense[i])
    }
    let each = zip(wrong, whole).map { ($0 / max($1, .leastNormalMagnitude)).squareRoot() }
    return (
      (wrong.reduce(0, +) / whole.reduce(0, +)).squareRoot(), each.max() ?? 0
    )
  }

  /// The result of `work`, and the least time of three.
  private static func timed<T>(_ device: Device, _ work: () throws -> T) throws -> (T, Double) {
    var result = try work()
    try device.synchronize()
    var least = Double.infinity
    for _ in 0..<3 {
      let started = ContinuousClock.now
      result = try work()
      try device.synchronize()
      let (seconds, parts) = (ContinuousClock.now - started).components
      least = min(least, Double(seconds) + Double(parts) * 1e-18)
    }
    return (result, least)
  }

  private static func milliseconds(_ seconds: Double) -> String { rounded(seconds * 1e3) }

  private static func rounded(_ value: Double) -> String {
    value >= 100 ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"
  }
}
