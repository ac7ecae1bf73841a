extension BlockPattern {
  /// Checks the rule against the tokens there are.
  func validate(_ problem: PatternProblem, _ name: String) throws(TesseraError) {
    func check(_ what: String, _ value: Int, _ least: Int) throws(TesseraError) {
      guard (least...PatternProblem.limit).contains(value) else {
        throw .invalidArgument(
          "\(name): \(what)", got: value, allowed: "\(least)...\(PatternProblem.limit)")
      }
    }
    try check("prefix", prefix, 0)
    switch rule {
    case .none, .full: break
    case .lines: break
    case .band(let left, let right):
      try check("left", left, 0)
      try check("right", right, 0)
    case .diagonals(let period, let width):
      try check("period", period, 1)
      try check("width", width, 0)
    case .stripes(let period, let width, let offset):
      try check("period", period, 1)
      try check("width", width, 1)
      try check("offset", offset, 0)
    case .sinkLocal(let first, let left, let right), .strided(let first, let left, let right):
      if case .strided = rule {
        try check("stride", first, 1)
      } else {
        try check("sink", first, 0)
      }
      try check("left", left, 0)
      try check("right", right, 0)
    case .neighborhood(let shape, let window, let stride, let dilation, let causal):
      try validate(problem, name, tokens: Self.product(shape))
      let axes = shape.count
      guard (1...3).contains(axes) else {
        throw .invalidArgument("\(name): shape", got: "\(shape)", allowed: "one to three extents")
      }
      for (what, count) in [
        ("window", window.count), ("stride", stride.count), ("dilation", dilation.count),
        ("causal", causal.count),
      ] where count != axes && count != 1 {
        throw .invalidArgument("\(name): \(what)", got: "\(count) values", allowed: "1 or \(axes)")
      }
      for axis in 0..<axes {
        let (k, s, d) = (
          Self.value(window, axis), Self.value(stride, axis), Self.value(dilation, axis)
        )
        try check("window", k, 1)
        try check("dilation", d, 1)
        guard k <= shape[axis] / d else {
          throw .invalidArgument(
            "\(name): window", got: "\(k) keys, \(d) apart, on axis \(axis)",
            allowed: "no more than the extent, \(shape[axis])")
        }
        guard (1...k).contains(s) else {
          throw .invalidArgument("\(name): stride", got: s, allowed: "1...\(k), the window")
        }
      }
    case .hierarchy(let height, let width, let window, let factor, _):
      guard window.count == 2 || window.count == 1 else {
        throw .invalidArgument("\(name): window", got: "\(window)", allowed: "two extents, or one")
      }
      try check("factor", factor, 1)
      guard !causal else {
        throw .invalidArgument("\(name): causal", got: true, allowed: "false with a hierarchy")
      }
      for (what, extent, axis) in [("height", height, 0), ("width", width, 1)] {
        try check(what, extent, 1)
        let side = Self.value(window, axis)
        try check("window", side, 1)
        guard side * factor <= PatternProblem.limit, extent % (side * factor) == 0 else {
          throw .invalidArgument(
            "\(name): \(what)", got: extent,
            allowed: "a multiple of \(side)·\(factor), a window of the smaller picture")
        }
      }
      let (high, overflow) = height.multipliedReportingOverflow(by: width)
      try validate(
        problem, name, tokens: overflow ? nil : high + high / factor / factor)
    }
  }

  /// Refuses other tokens than the rule's, of queries as of keys.
  private func validate(
    _ problem: PatternProblem, _ name: String, tokens: Int?
  ) throws(TesseraError) {
    guard let tokens, problem.queries == problem.keys, problem.keys == tokens + prefix else {
      throw .invalidArgument(
        name, got: "\(problem.queries) queries and \(problem.keys) keys",
        allowed: tokens.map { "\($0 + prefix), the tokens of its shape" } ?? "fewer tokens")
    }
  }

  /// The product of extents of 0 or more, or nil if it is none that tokens can have.
  private static func product(_ extents: [Int]) -> Int? {
    var result = 1
    for extent in extents {
      guard (0...PatternProblem.limit).contains(extent) else { return nil }
      result *= extent
      guard result <= PatternProblem.limit else { return nil }
    }
    return result
  }

  /// The value of an axis, where one may serve all.
  package static func value<T>(_ values: [T], _ axis: Int) -> T {
    values[values.count == 1 ? 0 : axis]
  }
}
