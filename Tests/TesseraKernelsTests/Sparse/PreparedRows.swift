import TesseraCore
import TesseraKernels

/// Prepared lists in plain Swift, straight from their definition: for tests of the kernels that make them.
struct PreparedRows {
  /// Of every row of every list: listed blocks, then those that only the added window touches.
  var listed: [[[Int]]] = []
  var added: [[[Int]]] = []

  /// Sequences as (first row, queries, keys, first block).
  private typealias Sequence = (row: Int, queries: Int, keys: Int, block: Int)

  init(
    _ problem: BlockListProblem, indices: [Int32], counts: [Int32]?, cuQ: [Int32]?, cuK: [Int32]?
  ) {
    let attention = problem.attention
    var sequences: [Sequence] = []
    if let cuQ, let cuK {
      var (row, block) = (0, 0)
      for s in 0..<attention.batch {
        let queries = Int(cuQ[s + 1] - cuQ[s]), keys = Int(cuK[s + 1] - cuK[s])
        sequences.append((row, queries, keys, block))
        row += (queries + problem.queryBlock - 1) / problem.queryBlock
        block += (keys + problem.keyBlock - 1) / problem.keyBlock
      }
    }
    for list in 0..<problem.lists {
      var (listed, added): ([[Int]], [[Int]]) = ([], [])
      for row in 0..<problem.listRows {
        let sequence: Sequence? =
          attention.packed
          ? sequences.last {
            $0.row <= row && row < $0.row + ($0.queries + problem.queryBlock - 1) / problem.queryBlock
          }
          : (0, attention.queryLength, attention.keyLength, 0)
        guard let sequence else {
          listed.append([])
          added.append([])
          continue
        }
        let at = list * problem.listRows + row
        let many = counts.map { max(0, min(Int($0[at]), problem.listWidth)) } ?? problem.listWidth
        let raw = Set(indices[(at * problem.listWidth)..<(at * problem.listWidth + many)].map(Int.init))
        let own = Self.blocks(problem, sequence, row - sequence.row)
        let chosen = raw.intersection(own.visible).sorted()
        listed.append(chosen.map { $0 + sequence.block })
        added.append(own.window.subtracting(chosen).sorted().map { $0 + sequence.block })
      }
      self.listed.append(listed)
      self.added.append(added)
    }
  }

  /// The blocks that a row may list, and those that its queries' windows touch, token by token.
  private static func blocks(
    _ problem: BlockListProblem, _ sequence: Sequence, _ row: Int
  ) -> (visible: Set<Int>, window: Set<Int>) {
    var (visible, window): (Set<Int>, Set<Int>) = ([], [])
    let first = row * problem.queryBlock
    for i in first..<min(first + problem.queryBlock, sequence.queries) {
      let t = problem.attention.position(of: i, queries: sequence.queries, keys: sequence.keys)
      for j in 0..<sequence.keys where !problem.attention.causal || j <= t {
        visible.insert(j / problem.keyBlock)
        if let left = problem.addedLeft, let right = problem.addedRight, t - j <= left, j - t <= right {
          window.insert(j / problem.keyBlock)
        }
      }
    }
    return (visible, window)
  }

  /// `row·capacity + place` for every block of a list.
  func transposed(_ list: Int, blocks: Int, capacity: Int) -> [[Int]] {
    var rows = Array(repeating: [Int](), count: blocks)
    for row in listed[list].indices {
      for (place, block) in (listed[list][row] + added[list][row]).enumerated() {
        rows[block].append(row * capacity + place)
      }
    }
    return rows
  }
}
