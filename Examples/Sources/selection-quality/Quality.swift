import Tessera

/// Compares attention over lists with dense attention on the same inputs.
struct Quality {
  private let q: Tensor
  private let k: Tensor
  private let v: Tensor
  private let dense: [Float]
  private let denseSeconds: Double

  /// - Parameters:
  ///   - q: `[B, Nq, H, D]`.
  ///   - k: `[B, Nk, Hkv, D]`.
  ///   - v: `[B, Nk, Hkv, Dv]`.
  init(q: Tensor, k: Tensor, v: Tensor) throws {
    (self.q, self.k, self.v) = (q, k, v)
    let (output, seconds) = try Self.timed(q.device) { try q.device.attention(q, k, v) }
    (dense, denseSeconds) = (try output.floats(), seconds)
  }

  var shape: String { "q \(q.shape), k \(k.shape)" }
  var denseMs: String { Self.milliseconds(denseSeconds) }

  /// One row of the table.
  func row(_ selector: BlockSelector, keyBlock: Int) throws -> String {
    let device = q.device
    let (lists, selection) = try Self.timed(device) { try selector.lists(q, k) }
    let (output, attention) = try Self.timed(device) {
      try device.blockListAttention(q, k, v, lists: lists)
    }
    let heads = try errors(try output.floats())
    let kept = try self.kept(lists, keyBlock)
    return
      "| \(selector.name) | \(percent(kept)) | \(percent(heads.all)) | \(percent(heads.worst)) "
      + "| \(Self.milliseconds(selection)) | \(Self.milliseconds(attention)) "
      + "| \(Self.rounded(denseSeconds / (selection + attention))) |"
  }

  /// `‖O − dense‖ / ‖dense‖` over all heads, and of the head where it is largest.
  private func errors(_ o: [Float]) throws -> (all: Double, worst: Double) {
    let (heads, length) = (q.shape[2], v.shape[3])
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

  /// The share of blocks that lists name; the last block counts like the others.
  private func kept(_ lists: BlockList, _ keyBlock: Int) throws -> Double {
    let blocks = Float((k.shape[1] + keyBlock - 1) / keyBlock)
    if let counts = lists.counts {
      let all = try counts.floats()
      return Double(all.reduce(0, +) / Float(all.count) / blocks)
    }
    let all = try lists.indices.floats()
    let rows = Float(lists.indices.shape.elementCount / max(lists.indices.shape[-1], 1))
    return Double(Float(all.count { $0 >= 0 }) / rows / blocks)
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
