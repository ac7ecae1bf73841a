import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

/// Random lists of a problem, and what a device makes of them.
struct ListCase {
  let problem: BlockListProblem
  var indices: [Int32]
  var counts: [Int32]?
  var cuQ: [Int32]?
  var cuK: [Int32]?

  /// - Parameters:
  ///   - sequences: (queries, keys) of each sequence of a packed batch; nil for one that is not.
  ///   - hostile: parts of rows that are −1, out of range or twice.
  init(
    queries: Int, keys: Int, batch: Int = 1, heads: Int = 2, listHeads: Int = 1, queryBlock: Int,
    keyBlock: Int, width: Int, counted: Bool = false, causal: Bool = false, topLeft: Bool = false,
    window: (left: Int, right: Int)? = nil, sequences: [(Int, Int)]? = nil,
    _ random: inout SeededRandom
  ) throws {
    let packed = sequences != nil
    func shape(_ tokens: Int, _ heads: Int) throws -> (shape: Shape, dtype: DType) {
      (try Shape((packed ? [tokens] : [batch, tokens]) + [heads, 4]), .f32)
    }
    let (q, k) = (try shape(queries, heads), try shape(keys, 1))
    var rows = (queries + queryBlock - 1) / queryBlock
    if let sequences {
      cuQ = sequences.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1.0)) }
      cuK = sequences.reduce(into: [0]) { $0.append(($0.last ?? 0) + Int32($1.1)) }
      // Three rows say nothing.
      rows = 3 + max(rows, sequences.reduce(0) { $0 + ($1.0 + queryBlock - 1) / queryBlock })
    }
    let cu = try sequences.map { (shape: try Shape([$0.count + 1]), dtype: DType.i32) }
    let attention = try AttentionProblem(
      q: q, k: k, v: k, cuQ: cu, cuK: cu, causal: causal,
      alignment: topLeft ? .topLeft : .bottomRight)
    let lists = (packed ? [] : [batch]) + [listHeads, rows]
    problem = try BlockListProblem(
      attention: attention, indices: (try Shape(lists + [width]), .i32),
      counts: counted ? (try Shape(lists), .i32) : nil, queryBlock: queryBlock, keyBlock: keyBlock,
      window: window)
    let blocks = max((keys + keyBlock - 1) / keyBlock, 1)
    indices = (0..<(problem.lists * rows * width)).map { _ in
      switch random.integer(in: 0...11) {
      case 0: -1
      case 1: Int32(random.pick([blocks, blocks + 40, Int(Int32.max), Int(Int32.min), -7]))
      case 2: 0
      default: Int32(random.integer(in: 0...(blocks - 1)))
      }
    }
    if counted {
      counts = (0..<(problem.lists * rows)).map { _ in
        Int32(random.pick([0, -3, width, width + 9, random.integer(in: 0...width)]))
      }
    }
  }

  /// What a device makes of lists `range`: entries, lengths and, if transposed, offsets and rows.
  func run(
    _ range: Range<Int>, room: Int? = nil, transposed: Bool = true, on context: DeviceContext
  ) throws -> (guards: Bool, words: [[Int32]]) {
    let lists = room ?? range.count
    var plan = Plan(operation: "lists", schedule: "lists", tile: [])
    let prepared = try ListPreparation(
      problem, lists: lists, transposed: transposed, in: &plan, context.capabilities)
    try prepared.append(
      range,
      .init(
        indices: .operand(0), counts: counts == nil ? .none : .operand(1),
        cuQ: cuQ == nil ? .none : .operand(2), cuK: cuK == nil ? .none : .operand(3)), to: &plan,
      context.capabilities)
    // Scratch memory as operands, so that it can be read.
    for d in plan.dispatches.indices {
      for a in plan.dispatches[d].arguments.indices {
        if case .scratch(let index) = plan.dispatches[d].arguments[a].source {
          plan.dispatches[d].arguments[a].source = .operand(4 + index)
        }
      }
    }
    func input(_ words: [Int32]?) throws -> GuardedRun.Operand {
      try words.map { .input(try HostTensor($0, shape: try Shape([$0.count]))) } ?? .none
    }
    var operands = [try input(indices), try input(counts), try input(cuQ), try input(cuK)]
    operands += plan.scratch.map { .output(.i32, [$0 / 4]) }
    plan.scratch = []
    let run = try GuardedRun(plan, operands, on: context)
    return (run.guardsIntact, try run.outputs.map { try #require($0.values(as: Int32.self)) })
  }

  /// What is wrong with a device's lists, or nil.
  func fault(_ range: Range<Int>, room: Int? = nil, on context: DeviceContext) throws -> String? {
    let expected = PreparedRows(problem, indices: indices, counts: counts, cuQ: cuQ, cuK: cuK)
    let (guards, words) = try run(range, room: room, on: context)
    guard guards else { return "guard bytes changed" }
    let (rows, capacity, blocks) = (problem.listRows, problem.rowCapacity, problem.keyBlocks)
    for (index, list) in range.enumerated() {
      for row in 0..<rows {
        let (listed, added) = (expected.listed[list][row], expected.added[list][row])
        let at = index * rows + row
        let lengths = [Int(words[1][2 * at]), Int(words[1][2 * at + 1])]
        guard lengths == [listed.count, listed.count + added.count] else {
          return "list \(list) row \(row): lengths \(lengths), not \(listed.count) + \(added.count)"
        }
        let own = words[0][(at * capacity)..<(at * capacity + lengths[1])].map(Int.init)
        guard own == listed + added else {
          return "list \(list) row \(row): \(own), not \(listed) and \(added)"
        }
      }
      let transposed = expected.transposed(list, blocks: blocks, capacity: capacity)
      var offset = 0
      for block in 0...blocks {
        let own = Int(words[2][index * (blocks + 1) + block])
        guard own == offset else { return "list \(list) offset \(block): \(own), not \(offset)" }
        guard block < blocks else { break }
        let from = index * rows * capacity + offset
        let found = words[3][from..<(from + transposed[block].count)].map(Int.init)
        guard found == transposed[block] else {
          return "list \(list) block \(block): \(found), not \(transposed[block])"
        }
        offset += transposed[block].count
      }
    }
    return nil
  }
}
