import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Lists of lists and masks` {
  /// Random entries, some of which name no block.
  private func entries(_ count: Int, _ blocks: Int, _ random: inout SeededRandom) -> [Int32] {
    (0..<count).map { _ in
      Int32(random.pick([-1, blocks, random.integer(in: 0...max(blocks - 1, 0)), 0, Int(Int32.min)]))
    }
  }

  private func input(_ words: [Int32]?) throws -> GuardedRun.Operand {
    try words.map { .input(try HostTensor($0, shape: try Shape([$0.count]))) } ?? .none
  }

  private func row(_ words: [Int32], _ counts: [Int32]?, _ at: Int, _ width: Int, _ blocks: Int) -> Set<Int> {
    let many = counts.map { min(max(Int($0[at]), 0), width) } ?? width
    return Set(words[(at * width)..<(at * width + many)].map(Int.init).filter { 0 <= $0 && $0 < blocks })
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `join and meet`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(101)
    for index in 0..<40 {
      let (rows, blocks) = (random.pick([1, 7, 70]), random.pick([1, 31, 64, 500, 70_000]))
      let widths = [random.pick([1, 5, 40]), random.pick([0, 3, 64])]
      let lists = widths.map { entries(rows * $0, blocks, &random) }
      let counts = widths.map { width -> [Int32]? in
        random.integer(in: 0...1) == 0
          ? nil : (0..<rows).map { _ in Int32(random.pick([-2, width, width + 3, width / 2])) }
      }
      let operation = ListSetProblem.Operation.allCases[index % 2]
      let problem = try ListSetProblem(
        operation, rows: rows, widths: widths, counts: counts.map { $0 != nil }, blocks: blocks)
      let run = try GuardedRun(
        try ListSetPlanner.plan(problem, context.capabilities),
        [
          try input(lists[0]), try input(counts[0]), try input(lists[1]), try input(counts[1]),
          .output(.i32, [rows, problem.width]), .output(.i32, [rows]),
        ], on: context)
      let own = try #require(run.outputs[0].values(as: Int32.self)).map(Int.init)
      let found = try #require(run.outputs[1].values(as: Int32.self)).map(Int.init)
      #expect(run.guardsIntact)
      for at in 0..<rows {
        let (a, b) = (
          row(lists[0], counts[0], at, widths[0], blocks), row(lists[1], counts[1], at, widths[1], blocks)
        )
        let expected = (operation == .union ? a.union(b) : a.intersection(b)).sorted()
        let width = problem.width
        #expect(
          Array(own[(at * width)..<((at + 1) * width)])
            == expected + Array(repeating: -1, count: width - expected.count)
            && found[at] == expected.count, "\(problem) row \(at)")
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `come from dense masks`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(102)
    for index in 0..<30 {
      let problem = try ListMaskProblem(
        lists: random.pick([1, 3]), queries: random.pick([1, 33, 100]), keys: random.pick([1, 30, 97, 300]),
        queryBlock: random.pick([1, 8, 13]), keyBlock: random.pick([1, 3, 16, 50]))
      let count = problem.lists * problem.queries * problem.keys
      let mask = (0..<count).map { _ in random.integer(in: 0...(index % 2 == 0 ? 200 : 3)) == 0 }
      let shape = try Shape([problem.lists, problem.queries, problem.keys])
      let bytes = try HostTensor(rounding: mask.map { $0 ? 1 : 0 }, to: .f32, shape: shape)
        .converted(to: .bool)
      let run = try GuardedRun(
        try ListSetPlanner.plan(problem, context.capabilities),
        [
          .input(bytes), .output(.i32, [problem.lists, problem.rows, problem.blocks]),
          .output(.i32, [problem.lists, problem.rows]),
        ], on: context)
      #expect(run.guardsIntact)
      let own = try #require(run.outputs[0].values(as: Int32.self)).map(Int.init)
      let counts = try #require(run.outputs[1].values(as: Int32.self)).map(Int.init)
      for at in 0..<(problem.lists * problem.rows) {
        var expected: Set<Int> = []
        let (list, row) = (at / problem.rows, at % problem.rows)
        let first = row * problem.queryBlock
        for q in first..<min(first + problem.queryBlock, problem.queries) {
          for k in 0..<problem.keys where mask[(list * problem.queries + q) * problem.keys + k] {
            expected.insert(k / problem.keyBlock)
          }
        }
        let width = problem.blocks
        #expect(
          Array(own[(at * width)..<((at + 1) * width)])
            == expected.sorted() + Array(repeating: -1, count: width - expected.count)
            && counts[at] == expected.count, "\(problem) row \(at)")
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `turn round`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(103)
    for index in 0..<30 {
      let (lists, rows) = (random.pick([1, 3]), random.pick([0, 1, 40, 300]))
      let (width, blocks) = (random.pick([0, 1, 9, 40]), random.pick([0, 1, 33, 5000]))
      let words = entries(lists * rows * width, blocks, &random)
      let counts =
        index % 2 == 0 ? (0..<(lists * rows)).map { _ in Int32(random.pick([0, width, 2])) } : nil
      let problem = try ListTransposeProblem(
        lists: lists, rows: rows, listWidth: width, counts: counts != nil, blocks: blocks)
      let run = try GuardedRun(
        try ListTransposePlanner.plan(problem, context.capabilities),
        [
          try input(words), try input(counts), .output(.i32, [lists, blocks + 1]),
          .output(.i32, [lists, rows * problem.width]),
        ], on: context)
      #expect(run.guardsIntact)
      let offsets = try #require(run.outputs[0].values(as: Int32.self)).map(Int.init)
      let found = try #require(run.outputs[1].values(as: Int32.self)).map(Int.init)
      for list in 0..<lists {
        let sets = (0..<rows).map { row(words, counts, list * rows + $0, width, blocks) }
        let expected = (0..<blocks).map { block in (0..<rows).filter { sets[$0].contains(block) } }
        let ends = expected.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.count) }
        #expect(Array(offsets[(list * (blocks + 1))..<((list + 1) * (blocks + 1))]) == ends, "\(problem)")
        let room = rows * problem.width
        let all = expected.flatMap(\.self)
        #expect(
          Array(found[(list * room)..<((list + 1) * room)])
            == all + Array(repeating: -1, count: room - all.count), "\(problem)")
      }
    }
  }
}
