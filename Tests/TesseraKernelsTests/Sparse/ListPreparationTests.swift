import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Preparing lists of blocks` {
  @Test(arguments: NeighborhoodDevice.allCases)
  func `gives every row and block what random lists say`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(71)
    for index in 0..<60 {
      let keys = random.pick([1, 7, 64, 203, 640])
      let window =
        index % 3 == 0 ? (left: random.pick([0, 3, 70]), right: random.pick([0, 5, 900])) : nil
      let test = try ListCase(
        queries: random.pick([1, 33, 113, 300]), keys: keys, batch: random.pick([1, 2]), heads: 4,
        listHeads: random.pick([1, 4]), queryBlock: random.pick([1, 4, 16, 64]),
        keyBlock: random.pick([1, 4, 16, 64]), width: random.pick([1, 3, 16, 40, 80]),
        counted: index % 2 == 0, causal: random.integer(in: 0...1) == 1,
        topLeft: index % 5 == 0, window: window, &random)
      let lists = 0..<test.problem.lists
      if let fault = try test.fault(lists, on: context) {
        Issue.record("case \(index), \(test.problem): \(fault)")
        return
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `counts rows and blocks of packed sequences through`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(72)
    for index in 0..<16 {
      let sequences = (0..<random.pick([1, 3, 6])).map { _ in
        (random.pick([0, 1, 15, 70, 130]), random.pick([0, 1, 16, 90, 200]))
      }
      let test = try ListCase(
        queries: max(sequences.reduce(0) { $0 + $1.0 } + random.pick([0, 5]), 1),
        keys: max(sequences.reduce(0) { $0 + $1.1 } + random.pick([0, 3]), 1), heads: 2,
        listHeads: random.pick([1, 2]), queryBlock: random.pick([1, 16]),
        keyBlock: random.pick([1, 8, 64]), width: random.pick([2, 9, 70]), counted: index % 2 == 0,
        causal: index % 3 > 0, window: index % 4 == 0 ? (left: 20, right: 2) : nil,
        sequences: sequences, &random)
      if let fault = try test.fault(0..<test.problem.lists, on: context) {
        Issue.record("case \(index), \(test.problem) \(sequences): \(fault)")
        return
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `takes more blocks than a bitmap holds`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(73)
    for (keys, width, window) in [
      (65_536, 300, nil), (70_001, 40, (left: 3000, right: 0)), (140_000, 64, (left: 9, right: 70_000)),
    ] as [(Int, Int, (left: Int, right: Int)?)] {
      let test = try ListCase(
        queries: 40, keys: keys, queryBlock: 16, keyBlock: 1, width: width, causal: width == 300,
        window: window, &random)
      if let fault = try test.fault(0..<1, on: context) { Issue.record("\(keys) keys: \(fault)") }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `does any range of the lists, whose start no device could bind`(
    _ device: NeighborhoodDevice
  ) throws {
    let context = try device.context()
    var random = SeededRandom(74)
    let test = try ListCase(
      queries: 41, keys: 100, batch: 3, heads: 3, listHeads: 3, queryBlock: 3, keyBlock: 8, width: 5,
      counted: true, &random)
    for range in [0..<9, 1..<2, 5..<9, 8..<9, 3..<3] {
      if let fault = try test.fault(range, room: 9, on: context) {
        Issue.record("\(range): \(fault)")
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `does not depend on the order of entries`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(75)
    // Few entries are sorted, many set bits.
    for width in [24, 90] {
      var test = try ListCase(
        queries: 300, keys: 900, queryBlock: 1, keyBlock: 16, width: width,
        window: (left: 40, right: 0), &random)
      let first = try meaning(of: test, on: context)
      for row in 0..<300 {
        let range = (width * row)..<(width * row + width)
        test.indices.replaceSubrange(range, with: test.indices[range].shuffled(using: &random))
      }
      #expect(try meaning(of: test, on: context) == first)
    }
  }

  /// What of a device's lists is defined.
  private func meaning(of test: ListCase, on context: DeviceContext) throws -> [[Int32]] {
    let words = try test.run(0..<1, on: context).words
    let capacity = test.problem.rowCapacity
    let rows = (0..<test.problem.listRows).map { row in
      Array(words[0][(row * capacity)..<(row * capacity + Int(words[1][2 * row + 1]))])
    }
    let used = Int(words[2][test.problem.keyBlocks])
    return [words[1], words[2]] + rows + [Array(words[3].prefix(used))]
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of rows that list everything or nothing`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(76)
    var test = try ListCase(
      queries: 130, keys: 333, queryBlock: 1, keyBlock: 4, width: 84, &random)
    for i in test.indices.indices { test.indices[i] = Int32(83 - i % 84) }
    if let fault = try test.fault(0..<1, on: context) { Issue.record("all: \(fault)") }
    for i in test.indices.indices { test.indices[i] = -1 }
    if let fault = try test.fault(0..<1, on: context) { Issue.record("none: \(fault)") }
  }
}
