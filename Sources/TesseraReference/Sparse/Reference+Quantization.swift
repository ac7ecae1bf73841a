package import TesseraCore

extension Reference {
  /// The elements that a tensor of vectors `[.., N, H, dim]` stands for, in f64.
  ///
  /// - Parameters:
  ///   - values: the main tensor: elements, or bytes of codes.
  ///   - parameters: scale and zero of every group; not read for elements.
  package static func elements(
    _ storage: VectorStorage, heads: Int, dim: Int, _ values: [Double], parameters: [Double]
  ) -> [Double] {
    guard let format = storage.format else { return values }
    let count = storage.vector(of: values.count)
    return (0..<count).map { i in
      let group = storage.group(of: i, heads: heads, dim: dim)
      let byte = format.bits == 4 ? Int(values[i / 2]) : Int(values[i])
      let code = format.bits == 4 ? (i % 2 == 0 ? byte % 16 : byte / 16) : byte
      return Double(code) * parameters[2 * group] + parameters[2 * group + 1]
    }
  }

  /// The smallest and the largest element of every group of a format.
  static func ranges(_ problem: QuantizationProblem, _ x: [Double]) -> [(least: Double, most: Double)] {
    let count = problem.parameterDimensions.reduce(1, *) / 2
    var result = [(least: Double, most: Double)](repeating: (.infinity, -.infinity), count: count)
    for (i, value) in x.enumerated() {
      let group = problem.storage.group(of: i, heads: problem.heads, dim: problem.headDim)
      result[group].least = min(result[group].least, value)
      result[group].most = max(result[group].most, value)
    }
    return result
  }
}

extension VectorStorage {
  /// The group of element `i` of vectors `[tokens, heads, dim]`.
  func group(of i: Int, heads: Int, dim: Int) -> Int {
    let (token, head, channel) = (i / dim / heads, i / dim % heads, i % dim)
    return (token / tokens * heads + head) * (dim / channels) + channel / channels
  }
}

extension DType {
  /// The largest value of this storage type that is not above `x`; of f16 at least −65504.
  func below(_ x: Double) -> Double {
    let near = nearest(x)
    guard near > x else { return near }
    // One step down: a step is at most a unit roundoff of the number above it, and at least the smallest.
    let step = self == .f16 ? 0x1p-24 : 0x1p-133
    let candidates = [abs(near) * unitRoundoff, 2 * abs(near) * unitRoundoff, step]
    return candidates.map { nearest(near - max($0, step)) }.filter { $0 <= x }.max() ?? -65504
  }
}
