extension BlockPattern {
  /// Words per head of the table that kernels read; see Shaders/Sparse/pattern_rule.h.
  package static let tableWords = 16

  /// The rule in the form kernels read it.
  package var table: [Int32] {
    var (kind, numbers): (Int, [Int])
    switch rule {
    case .none: (kind, numbers) = (0, [])
    case .full: (kind, numbers) = (1, [])
    case .band(let left, let right): (kind, numbers) = (2, [left, right])
    case .diagonals(let period, let width): (kind, numbers) = (3, [period, width])
    case .stripes(let period, let width, let offset): (kind, numbers) = (4, [period, width, offset])
    case .sinkLocal(let sink, let left, let right): (kind, numbers) = (5, [left, right, sink])
    case .strided(let stride, let left, let right): (kind, numbers) = (6, [left, right, stride])
    case .neighborhood(let shape, let window, let stride, let dilation, let causal):
      // Axes in front that do not exist have one token.
      let missing = 3 - shape.count
      func three(_ values: [Int]) -> [Int] {
        (0..<3).map { $0 < missing ? 1 : Self.value(values, $0 - missing) }
      }
      let flags = (missing..<3).reduce(0) {
        $0 | (Self.value(causal, $1 - missing) ? 1 << $1 : 0)
      }
      kind = 7
      numbers = three(shape) + three(window) + three(stride) + three(dilation) + [flags]
    case .hierarchy(let height, let width, let window, let factor, let dense):
      kind = 8
      numbers = [
        height, width, Self.value(window, 0), Self.value(window, 1), factor, dense ? 1 : 0,
      ]
    case .lines: (kind, numbers) = (9, [])
    }
    let words = [kind, causal ? 1 : 0, prefix] + numbers
    return words.map { Int32(truncatingIfNeeded: $0) }
      + Array(repeating: 0, count: Self.tableWords - words.count)
  }
}
