import Tessera

/// `y = (x − mean) / √(variance + ε) · weight + bias`, over the elements of each token.
///
/// On the host, in f32 with sums in f64: Tessera has no operator for it, and beside the products it is
/// little work.
struct LayerNorm: Sendable {
  private let weight: [Float]
  private let bias: [Float]
  private let epsilon: Float

  init(_ folder: ModelFolder, _ name: String) throws {
    let shape = try Shape([folder.configuration.hiddenSize])
    weight = try folder.weights(name + ".weight", shape).floats()
    bias = try folder.weights(name + ".bias", shape).floats()
    epsilon = folder.configuration.epsilon
  }

  /// - Parameter x: `[T, hidden]`, waited for.
  func callAsFunction(_ x: Tensor) throws(TesseraError) -> Tensor {
    var values = try x.floats()
    apply(to: &values)
    return try Tensor(values, shape: x.shape, on: x.device)
  }

  /// Rows of `weight.count` elements each.
  func apply(to values: inout [Float]) {
    let n = weight.count
    for row in stride(from: 0, to: values.count, by: n) {
      var (sum, squares) = (0.0, 0.0)
      for i in row..<(row + n) { sum += Double(values[i]) }
      let mean = Float(sum / Double(n))
      for i in row..<(row + n) {
        let difference = Double(values[i] - mean)
        squares += difference * difference
      }
      let scale = 1 / (Float(squares / Double(n)) + epsilon).squareRoot()
      for i in 0..<n { values[row + i] = (values[row + i] - mean) * scale * weight[i] + bias[i] }
    }
  }
}
