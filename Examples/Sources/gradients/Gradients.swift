import Tessera

/// The gradients of neighborhood attention, beside differences of its outputs.
///
/// `L = Σ w∘O` is a number; `neighborhoodAttentionBackward` with `dO = w` says how it changes with every
/// input. Moving one element by ±ε and running the forward pass twice says the same, slowly.
@main struct Gradients {
  static func main() throws {
    let device = try Device.best()
    print("running on \(device)")

    // An 8 × 8 picture, 4 query heads over 2 KV heads of 16, a window of 5 × 5 that wraps around the
    // left and right edges, and a trained bias for each relative position.
    let (tokens, keys): (Shape, Shape) = ([1, 8, 8, 4, 16], [1, 8, 8, 2, 16])
    let shapes: [String: Shape] = ["q": tokens, "k": keys, "v": keys, "bias": [4, 9, 9]]
    var inputs: [String: [Float]] = [:]
    for (seed, (name, shape)) in shapes.sorted(by: { $0.key < $1.key }).enumerated() {
      inputs[name] = noise(shape, seed: UInt64(seed))
    }
    let w = noise(tokens, seed: 5)

    func tensor(_ name: String) throws -> Tensor {
      try Tensor(inputs[name] ?? [], shape: shapes[name] ?? [], on: device)
    }
    func forward() throws -> AttentionResult {
      try device.neighborhoodAttentionWithLSE(
        tensor("q"), tensor("k"), tensor("v"), window: [5], circular: [false, true],
        bias: tensor("bias"))
    }
    func loss() throws -> Double {
      zip(try forward().output.floats(), w).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    let result = try forward()
    let gradients = try device.neighborhoodAttentionBackward(
      tensor("q"), tensor("k"), tensor("v"), output: result.output, logSumExp: result.logSumExp,
      outputGradient: Tensor(w, shape: tokens, on: device), window: [5],
      circular: [false, true], bias: tensor("bias"))
    guard let dBias = gradients.bias else { return }

    var worst = 0.0
    func check(_ name: String, _ gradient: Tensor, at index: Int) throws {
      let step: Float = 1 / 64
      func moved(by distance: Float) throws -> Double {
        inputs[name]?[index] += distance
        defer { inputs[name]?[index] -= distance }
        return try loss()
      }
      let difference = try (moved(by: step) - moved(by: -step)) / Double(2 * step)
      let exact = Double(try gradient.floats()[index])
      worst = max(worst, abs(difference - exact))
      print("d\(name)[\(index)]: gradient \(exact), difference \(difference)")
    }
    for index in [0, 700, 4095] { try check("q", gradients.queries, at: index) }
    for index in [5, 1000, 2047] { try check("k", gradients.keys, at: index) }
    for index in [9, 1024, 2000] { try check("v", gradients.values, at: index) }
    // The middle of the table is the key at the query's own position.
    for index in [40, 121, 300] { try check("bias", dBias, at: index) }
    print(worst < 0.01 ? "gradients agree with differences" : "gradients DIFFER by \(worst)")
  }

  /// Reproducible numbers between −1 and 1.
  static func noise(_ shape: Shape, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<shape.elementCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) / 2_147_483_648
    }
  }
}
