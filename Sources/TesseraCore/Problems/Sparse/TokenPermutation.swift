/// Another order of the tokens of a picture or a film, which puts those that belong together side by side:
/// blocks of keys and queries are neighbours in this order.
///
/// Tokens come row-major over their extents; those of `prefix` before them keep their places.
///
/// Sources: Hilbert, "Über die stetige Abbildung einer Linie auf ein Flächenstück" (1891); Zhang et al.,
/// "Scale-DiT" (2025), for Hilbert curves within windows; Xi et al., "Sparse VideoGen" (2025), for frames and
/// places.
public struct TokenPermutation: Sendable, Hashable, Codable {
  /// What the new order is.
  public enum Order: Sendable, Hashable, Codable {
    /// Window by window, row-major among and within windows; those at the far ends are cut. One value
    /// serves all axes.
    case windows([Int])
    /// Window by window, and within each window, or each frame of it, along a Hilbert curve, whose steps
    /// go from a token to one beside it. The last two extents of a window are powers of 2 that divide
    /// those of the tokens.
    case hilbertWindows([Int])
    /// The first axis innermost: of frames one after another, all frames of each place.
    case firstAxisLast
  }

  /// Extents of the tokens: one to three.
  public var shape: [Int]
  /// The new order.
  public var order: Order
  /// Tokens at the start that stay where they are.
  public var prefix: Int

  public init(_ order: Order, shape: [Int], prefix: Int = 0) {
    self.order = order
    self.shape = shape
    self.prefix = prefix
  }

  /// Tokens in all.
  package var tokens: Int { prefix + shape.reduce(1, *) }
}

extension TokenPermutation {
  /// Extents or windows of three axes: those in front that there are not have one token.
  package func three(_ values: [Int]) -> [Int] {
    let missing = 3 - shape.count
    return (0..<3).map { $0 < missing ? 1 : BlockPattern.value(values, $0 - missing) }
  }

  /// - Throws: `invalidArgument` naming what does not fit.
  package func validate() throws(TesseraError) {
    guard (1...3).contains(shape.count), shape.allSatisfy({ (1...PatternProblem.limit).contains($0) })
    else {
      throw .invalidArgument("shape", got: "\(shape)", allowed: "one to three extents, 1 or more")
    }
    guard (0...PatternProblem.limit).contains(prefix) else {
      throw .invalidArgument("prefix", got: prefix, allowed: "0...\(PatternProblem.limit)")
    }
    guard try Shape(shape).elementCount <= PatternProblem.limit else {
      throw .invalidArgument("shape", got: "\(shape)", allowed: "\(PatternProblem.limit) tokens")
    }
    switch order {
    case .firstAxisLast: break
    case .windows(let window): try validate(window)
    case .hilbertWindows(let window):
      try validate(window)
      let (extents, sides) = (three(shape), three(window))
      guard shape.count >= 2 else {
        throw .invalidArgument("shape", got: "\(shape)", allowed: "two extents or three")
      }
      for axis in 1..<3 {
        guard sides[axis].nonzeroBitCount == 1, extents[axis] % sides[axis] == 0 else {
          throw .invalidArgument(
            "window", got: "\(window)",
            allowed: "powers of 2 that divide the last two extents of \(shape)")
        }
      }
    }
  }

  private func validate(_ window: [Int]) throws(TesseraError) {
    guard window.count == 1 || window.count == shape.count else {
      throw .invalidArgument("window", got: "\(window)", allowed: "1 value or \(shape.count)")
    }
    guard window.allSatisfy({ (1...PatternProblem.limit).contains($0) }) else {
      throw .invalidArgument("window", got: "\(window)", allowed: "1...\(PatternProblem.limit)")
    }
  }
}
