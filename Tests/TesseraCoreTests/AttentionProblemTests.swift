import Foundation
import Testing

@testable import TesseraCore

@Suite struct `Attention problems` {
  typealias Tensor = (shape: Shape, dtype: DType)

  static func tensor(_ dimensions: Int..., dtype: DType = .f16) throws -> Tensor {
    (try Shape(dimensions), dtype)
  }

  /// The message of the error that `body` throws; empty if it throws none.
  private func message(_ body: () throws -> AttentionProblem) -> String {
    do {
      _ = try body()
      return ""
    } catch {
      return (error as? TesseraError)?.message ?? "\(error)"
    }
  }

  @Test func `take everything from the shapes`() throws {
    let problem = try AttentionProblem(
      q: Self.tensor(2, 5, 6, 16), k: Self.tensor(2, 7, 3, 16), v: Self.tensor(2, 7, 3, 24),
      alibi: Self.tensor(6, dtype: .f32), causal: true, windowLeft: 3, softCap: 20, output: .f32)
    #expect(problem.batch == 2 && problem.queryLength == 5 && problem.keyLength == 7)
    #expect(problem.group == 2 && problem.headDim == 16 && problem.valueDim == 24)
    #expect(problem.scale == 0.25 && problem.alibi && problem.causal && !problem.packed)
    #expect(problem.outputDimensions == [2, 5, 6, 24] && problem.lseDimensions == [2, 5, 6])
    #expect(problem.keyDimensions == [2, 7, 3, 16] && problem.valueDimensions == [2, 7, 3, 24])
    #expect(problem.dtype == .f16 && problem.outputDType == .f32)
    let copy = try JSONDecoder().decode(
      AttentionProblem.self, from: JSONEncoder().encode(problem))
    #expect(copy == problem)
  }

  @Test func `pack sequences on one axis`() throws {
    let problem = try AttentionProblem(
      q: Self.tensor(9, 4, 8), k: Self.tensor(11, 4, 8), v: Self.tensor(11, 4, 8),
      cuQ: Self.tensor(4, dtype: .i32), cuK: Self.tensor(4, dtype: .i32), scale: 0)
    #expect(problem.packed && problem.batch == 3 && problem.scale == 0)
    #expect(problem.queryTokens == 9 && problem.keyTokens == 11)
    #expect(problem.outputDimensions == [9, 4, 8] && problem.lseDimensions == [9, 4])
    try problem.validate(cumulative: [0, 2, 2, 9], name: "cu_q", tokens: 9)
    try problem.validate(cumulative: [0, 2, 2, 5], name: "cu_q", tokens: 9)
    for wrong in [[0, 2, 9], [1, 2, 3, 9], [0, 3, 2, 9], [0, 2, 3, 10], [0, 12, 12, 12]] {
      #expect(throws: TesseraError.self, "\(wrong)") {
        try problem.validate(cumulative: wrong, name: "cu_q", tokens: 9)
      }
    }
  }

  @Test func `may be empty`() throws {
    _ = try AttentionProblem(
      q: Self.tensor(0, 5, 2, 8), k: Self.tensor(0, 0, 2, 8), v: Self.tensor(0, 0, 2, 0))
    _ = try AttentionProblem(
      q: Self.tensor(1, 5, 0, 8), k: Self.tensor(1, 3, 0, 8), v: Self.tensor(1, 3, 0, 8))
  }

  @Test func `name the argument that does not fit`() throws {
    let q = try Self.tensor(1, 4, 4, 8), k = try Self.tensor(1, 6, 2, 8)
    let cases: [(String, () throws -> AttentionProblem)] = [
      ("q:", { try .init(q: Self.tensor(4, 4, 8), k: k, v: k) }),
      ("q element type:", { try .init(q: Self.tensor(1, 4, 4, 8, dtype: .i8), k: k, v: k) }),
      ("k:", { try .init(q: q, k: Self.tensor(2, 6, 2, 8), v: k) }),
      ("k: got head dim", { try .init(q: q, k: Self.tensor(1, 6, 2, 9), v: k) }),
      ("k element type:", { try .init(q: q, k: Self.tensor(1, 6, 2, 8, dtype: .f32), v: k) }),
      ("v:", { try .init(q: q, k: k, v: Self.tensor(1, 5, 2, 8)) }),
      ("v:", { try .init(q: q, k: k, v: Self.tensor(1, 6, 1, 8)) }),
      (
        "heads:",
        { try .init(q: q, k: Self.tensor(1, 6, 3, 8), v: Self.tensor(1, 6, 3, 8)) }
      ),
      ("alibi:", { try .init(q: q, k: k, v: k, alibi: Self.tensor(2, dtype: .f32)) }),
      ("alibi element type:", { try .init(q: q, k: k, v: k, alibi: Self.tensor(4)) }),
      ("cu_k:", { try .init(q: q, k: k, v: k, cuQ: Self.tensor(2, dtype: .i32)) }),
      (
        "q:",
        {
          try .init(
            q: q, k: k, v: k, cuQ: Self.tensor(2, dtype: .i32), cuK: Self.tensor(2, dtype: .i32))
        }
      ),
      (
        "cu_q element type:",
        {
          try .init(
            q: q, k: k, v: k, cuQ: Self.tensor(2), cuK: Self.tensor(2, dtype: .i32))
        }
      ),
      (
        "cu_k:",
        {
          try .init(
            q: q, k: k, v: k, cuQ: Self.tensor(2, dtype: .i32), cuK: Self.tensor(3, dtype: .i32))
        }
      ),
      ("window_left:", { try .init(q: q, k: k, v: k, windowLeft: -1) }),
      ("window_right:", { try .init(q: q, k: k, v: k, windowRight: -2) }),
      ("soft_cap:", { try .init(q: q, k: k, v: k, softCap: 0) }),
      ("soft_cap:", { try .init(q: q, k: k, v: k, softCap: .infinity) }),
      ("scale:", { try .init(q: q, k: k, v: k, scale: .nan) }),
      ("output element type:", { try .init(q: q, k: k, v: k, output: .i32) }),
      (
        "head dimension:",
        {
          try .init(
            q: Self.tensor(1, 4, 4, 513), k: Self.tensor(1, 6, 2, 513), v: Self.tensor(1, 6, 2, 8))
        }
      ),
    ]
    for (start, body) in cases {
      let text = message(body)
      #expect(text.hasPrefix(start), "\(text)")
    }
  }

  @Test func `align the causal mask bottom-right or top-left`() throws {
    func seen(_ nq: Int, _ nk: Int, _ alignment: AttentionProblem.Alignment) throws -> [[Int]] {
      let problem = try AttentionProblem(
        q: Self.tensor(1, nq, 1, 8), k: Self.tensor(1, nk, 1, 8), v: Self.tensor(1, nk, 1, 8),
        causal: true, alignment: alignment)
      return (0..<nq).map { i in
        (0..<nk).filter { problem.visible(i, $0, queries: nq, keys: nk) }
      }
    }
    try #expect(seen(2, 4, .bottomRight) == [[0, 1, 2], [0, 1, 2, 3]])
    try #expect(seen(2, 4, .topLeft) == [[0], [0, 1]])
    try #expect(seen(4, 2, .bottomRight) == [[], [], [0], [0, 1]])
    try #expect(seen(4, 2, .topLeft) == [[0], [0, 1], [0, 1], [0, 1]])
  }

  @Test func `see intervals of keys, and intervals of queries back`() throws {
    let limits: [Int?] = [nil, 0, 1, 2, 5, .max]
    for (nq, nk) in [(1, 1), (3, 3), (2, 6), (6, 2), (5, 0), (0, 5)] {
      var problem = try AttentionProblem(
        q: Self.tensor(1, nq, 1, 8), k: Self.tensor(1, nk, 1, 8), v: Self.tensor(1, nk, 1, 8))
      for alignment in AttentionProblem.Alignment.allCases {
        for (left, right) in limits.flatMap({ left in limits.map { (left, $0) } }) {
          for causal in [false, true] {
            problem.alignment = alignment
            (problem.windowLeft, problem.windowRight, problem.causal) = (left, right, causal)
            var pairs = 0
            for i in 0..<nq {
              let keys = (0..<nk).filter { problem.visible(i, $0, queries: nq, keys: nk) }
              #expect(Array(problem.visibleKeys(of: i, queries: nq, keys: nk)) == keys)
              pairs += keys.count
            }
            for j in 0..<nk {
              let queries = (0..<nq).filter { problem.visible($0, j, queries: nq, keys: nk) }
              #expect(Array(problem.visibleQueries(of: j, queries: nq, keys: nk)) == queries)
            }
            #expect(problem.visiblePairs(queries: nq, keys: nk) == pairs)
          }
        }
      }
    }
  }
}
