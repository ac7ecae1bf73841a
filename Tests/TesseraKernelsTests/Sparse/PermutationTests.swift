import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Orders of tokens` {
  private static let permutations: [TokenPermutation] = [
    .init(.windows([4]), shape: [8, 12]), .init(.windows([3, 5]), shape: [7, 11], prefix: 6),
    .init(.windows([2, 3, 4]), shape: [3, 7, 9]), .init(.windows([5]), shape: [23]),
    .init(.hilbertWindows([8]), shape: [16, 24]), .init(.hilbertWindows([4, 16]), shape: [12, 32], prefix: 3),
    .init(.hilbertWindows([16, 2]), shape: [16, 6]), .init(.hilbertWindows([2, 4, 4]), shape: [3, 8, 4]),
    .init(.firstAxisLast, shape: [5, 17], prefix: 2), .init(.firstAxisLast, shape: [4, 3, 6]),
    .init(.hilbertWindows([1]), shape: [3, 5]), .init(.windows([100]), shape: [4, 5]),
  ]

  private func order(
    _ permutation: TokenPermutation, inverse: Bool, on context: DeviceContext
  ) throws -> [Int] {
    let plan = try PermutationPlanner.plan(
      try PermutationProblem(permutation, inverse: inverse), context.capabilities)
    let run = try GuardedRun(plan, [.output(.i32, [permutation.tokens])], on: context)
    #expect(run.guardsIntact)
    return try #require(run.outputs[0].values(as: Int32.self)).map(Int.init)
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `hold every token once, and their inverses bring them back`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    for permutation in Self.permutations {
      let order = try order(permutation, inverse: false, on: context)
      let places = try self.order(permutation, inverse: true, on: context)
      #expect(order.sorted() == Array(0..<permutation.tokens), "\(permutation)")
      #expect(order.indices.allSatisfy { places[order[$0]] == $0 }, "\(permutation)")
      #expect(Array(order.prefix(permutation.prefix)) == Array(0..<permutation.prefix))
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `go window by window`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    for permutation in Self.permutations {
      guard case .windows(let window) = permutation.order else { continue }
      // Tokens sorted by window, then by place in it.
      let (n, w) = (permutation.three(permutation.shape), permutation.three(window))
      var keyed: [(key: [Int], token: Int)] = []
      for token in 0..<(permutation.tokens - permutation.prefix) {
        let x = [token / (n[1] * n[2]), token / n[2] % n[1], token % n[2]]
        keyed.append((zip(x, w).map { $0 / $1 } + x, token + permutation.prefix))
      }
      keyed.sort { $0.key.lexicographicallyPrecedes($1.key) }
      let expected = Array(0..<permutation.prefix) + keyed.map(\.token)
      #expect(try order(permutation, inverse: false, on: context) == expected, "\(permutation)")
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `along Hilbert curves step from a token to one beside it`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    for permutation in Self.permutations {
      guard case .hilbertWindows(let window) = permutation.order else { continue }
      let (n, w) = (permutation.three(permutation.shape), permutation.three(window))
      let order = try order(permutation, inverse: false, on: context)
        .dropFirst(permutation.prefix).map { $0 - permutation.prefix }
      let plane = w[1] * w[2]
      for start in stride(from: 0, to: order.count, by: plane) {
        let places = order[start..<(start + plane)].map {
          [$0 / (n[1] * n[2]), $0 / n[2] % n[1], $0 % n[2]]
        }
        // One window of one frame, from its first corner on by unit steps.
        #expect(Set(places.map { [$0[0], $0[1] / w[1], $0[2] / w[2]] }).count == 1)
        for (a, b) in zip(places, places.dropFirst()) {
          #expect(abs(a[1] - b[1]) + abs(a[2] - b[2]) == 1, "\(permutation) at \(start)")
        }
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `turn frames into places`(_ device: NeighborhoodDevice) throws {
    let permutation = TokenPermutation(.firstAxisLast, shape: [3, 4], prefix: 1)
    #expect(
      try order(permutation, inverse: false, on: try device.context())
        == [0, 1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12])
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `move the rows of tensors bit by bit`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(91)
    for (index, permutation) in Self.permutations.enumerated() {
      let (dtype, row): (DType, Int) = [(.f32, 3), (.f16, 5), (.bf16, 6), (.f64, 2)][index % 4]
      let batch = index % 3 + 1, tokens = permutation.tokens
      let tensor = try HostTensor(
        rounding: random.normals(batch * tokens * row), to: dtype,
        shape: try Shape([batch, tokens, row]))
      for inverse in [false, true] {
        let problem = try PermutationProblem(
          permutation, inverse: inverse, moved: .init(batch: batch, row: row, dtype: dtype))
        let run = try GuardedRun(
          try PermutationPlanner.plan(problem, context.capabilities),
          [.input(tensor), .output(dtype, [batch, tokens, row])], on: context)
        let order = try order(permutation, inverse: inverse, on: context)
        let values = tensor.doubles()
        var expected: [Double] = []
        for b in 0..<batch {
          for token in order {
            let start = (b * tokens + token) * row
            expected += values[start..<(start + row)]
          }
        }
        #expect(run.guardsIntact && run.outputs[0].doubles() == expected, "\(permutation)")
      }
    }
  }

  @Test func `that make no sense are refused by name`() {
    func message(_ permutation: TokenPermutation) -> String {
      do throws(TesseraError) {
        _ = try PermutationProblem(permutation, inverse: false)
        return "none"
      } catch { return "\(error)" }
    }
    #expect(message(.init(.windows([0]), shape: [4, 4])).contains("window"))
    #expect(message(.init(.windows([2, 2, 2]), shape: [4, 4])).contains("window"))
    #expect(message(.init(.hilbertWindows([3]), shape: [6, 6])).contains("window"))
    #expect(message(.init(.hilbertWindows([4]), shape: [6, 8])).contains("window"))
    #expect(message(.init(.hilbertWindows([4]), shape: [8])).contains("shape"))
    #expect(message(.init(.firstAxisLast, shape: [])).contains("shape"))
    #expect(message(.init(.firstAxisLast, shape: [2], prefix: -1)).contains("prefix"))
  }
}
