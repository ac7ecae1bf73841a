import TesseraReference

/// Central differences of functions in f64.
enum GradientCheck {
  /// How far `gradient` is from the derivative of `loss` at `x`: the RMS of the differences over the
  /// RMS of the derivative, or over 1e-3 if that is larger, so that a zero gradient has a scale.
  static func error(
    of gradient: [Double], at x: [Double], loss: ([Double]) -> Double
  ) -> Double {
    guard gradient.count == x.count else { return .infinity }
    let step = 1e-6
    var (wrong, size) = (0.0, 0.0)
    for i in x.indices {
      var (above, below) = (x, x)
      above[i] += step
      below[i] -= step
      let derivative = (loss(above) - loss(below)) / (2 * step)
      wrong += (derivative - gradient[i]) * (derivative - gradient[i])
      size += derivative * derivative
    }
    return wrong == 0 ? 0 : (wrong / max(size, 1e-6 * Double(x.count))).squareRoot()
  }

  /// `Σ a·b`.
  static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

extension SeededRandom {
  /// `count` normal values in f64.
  mutating func doubles(_ count: Int) -> [Double] { (0..<count).map { _ in normal() } }
}
