import TesseraCore
import TesseraKernels
import TesseraReference
import Testing

@Suite struct `Lists by rule` {
  private func pattern(_ random: inout SeededRandom) -> BlockPattern {
    let rules: [BlockPattern.Rule] = [
      .none, .full, .band(left: random.pick([0, 5, 64, 1000]), right: random.pick([0, 17])),
      .diagonals(period: random.pick([1, 37, 64, 100, 4000]), width: random.pick([0, 1, 9])),
      .stripes(
        period: random.pick([1, 30, 128]), width: random.pick([1, 7, 40]), offset: random.pick([0, 13, 300])),
      .sinkLocal(sink: random.pick([0, 4, 70]), left: random.pick([0, 31]), right: random.pick([0, 8])),
      .strided(stride: random.pick([1, 33, 96]), left: random.pick([0, 20])),
    ]
    return BlockPattern(
      random.pick(rules), causal: random.integer(in: 0...1) == 1, prefix: random.pick([0, 0, 1, 19, 70]))
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `are what the token mask says, with a rule for each head`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(81)
    for index in 0..<60 {
      let queries = random.pick([1, 63, 113, 256, 300])
      let keys = index % 3 == 0 ? random.pick([1, 90, 203, 300]) : queries
      let test = PatternCase(
        problem: try PatternProblem(
          batch: random.pick([1, 2]), queries: queries, keys: keys, topLeft: index % 5 == 0,
          queryBlock: random.pick([1, 16, 20, 64]), keyBlock: random.pick([1, 4, 16, 48, 64]),
          patterns: (0..<random.pick([1, 4])).map { _ in pattern(&random) }))
      if let fault = try test.fault(on: context) {
        Issue.record("case \(index), \(test.problem): \(fault)")
        return
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `follow the windows of neighborhood attention`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(82)
    for index in 0..<60 {
      let shape = random.pick([
        [97], [256], [12, 11], [16, 16], [7, 30], [5, 6, 7], [3, 8, 8], [1, 9, 10], [9, 1, 4],
      ])
      let dilation = shape.map { extent in random.pick([1, 1, 2, 3].filter { $0 <= extent }) }
      let window = zip(shape, dilation).map { random.integer(in: 1...min($0 / $1, 7)) }
      let stride = window.map { random.integer(in: 1...$0) }
      let causal = shape.map { _ in random.integer(in: 0...2) == 0 }
      let prefix = random.pick([0, 0, 5, 33])
      let tokens = shape.reduce(1, *) + prefix
      let rule = BlockPattern.Rule.neighborhood(
        shape: shape, window: window, stride: stride, dilation: dilation, causal: causal)
      let test = PatternCase(
        problem: try PatternProblem(
          queries: tokens, keys: tokens, queryBlock: random.pick([1, 8, 16, 50]),
          keyBlock: random.pick([1, 8, 16, 30]),
          patterns: [
            BlockPattern(rule, causal: index % 7 == 0, prefix: prefix),
            BlockPattern(.band(left: 3, right: 3)),
          ]))
      if let fault = try test.fault(on: context) {
        Issue.record("case \(index), \(test.problem): \(fault)")
        return
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of windows with a small picture of the whole`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(83)
    for (height, width, window, factor, prefix) in [
      (16, 16, [4], 2, 0), (16, 32, [4, 8], 4, 10), (8, 12, [2, 3], 2, 7), (6, 6, [3], 1, 0),
    ] as [(Int, Int, [Int], Int, Int)] {
      let tokens = height * width + height * width / factor / factor + prefix
      for dense in [false, true] {
        let rule = BlockPattern.Rule.hierarchy(
          height: height, width: width, window: window, factor: factor, globalDense: dense)
        let test = PatternCase(
          problem: try PatternProblem(
            queries: tokens, keys: tokens, queryBlock: random.pick([1, 16, 20]),
            keyBlock: random.pick([1, 6, 16]), patterns: [BlockPattern(rule, prefix: prefix)]))
        if let fault = try test.fault(on: context) { Issue.record("\(test.problem): \(fault)") }
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of lines that tensors give`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(84)
    for index in 0..<20 {
      let (queries, keys) = random.pick([(300, 300), (128, 300), (300, 122)])
      let (columns, slashes) = random.pick([(0, 3), (5, 0), (9, 6)])
      let heads = random.pick([1, 3])
      var test = PatternCase(
        problem: try PatternProblem(
          queries: queries, keys: keys, topLeft: index % 4 == 0, queryBlock: random.pick([1, 16, 64]),
          keyBlock: random.pick([1, 16, 64]),
          patterns: (0..<heads).map { head in
            head == 1
              ? BlockPattern(.band(left: 9, right: 0))
              : BlockPattern(
                .lines, causal: random.integer(in: 0...1) == 1, prefix: random.pick([0, 0, 20]))
          }, columns: columns, slashes: slashes))
      func line() -> Int32 { Int32(random.pick([-1, random.integer(in: 0...(keys + 20)), 0])) }
      test.columns = (0..<(heads * columns)).map { _ in line() }
      test.slashes = (0..<(heads * slashes)).map { _ in line() }
      if let fault = try test.fault(on: context) {
        Issue.record("case \(index), \(test.problem): \(fault)")
        return
      }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of more blocks than a bitmap holds, and of none`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let cases: [(Int, Int, BlockPattern.Rule)] = [
      (3, 70_000, .sinkLocal(sink: 5, left: 40)), (2, 140_000, .strided(stride: 5000, left: 3)),
      (0, 10, .full), (10, 0, .full), (5, 5, .none),
    ]
    for (queries, keys, rule) in cases {
      let test = PatternCase(
        problem: try PatternProblem(
          queries: queries, keys: keys, queryBlock: 2, keyBlock: 1, patterns: [BlockPattern(rule)]))
      if let fault = try test.fault(on: context) { Issue.record("\(test.problem): \(fault)") }
    }
  }

  @Test func `that make no sense are refused by name`() {
    func message(_ pattern: BlockPattern, _ tokens: Int = 64) -> String {
      do throws(TesseraError) {
        _ = try PatternProblem(
          queries: tokens, keys: tokens, queryBlock: 16, keyBlock: 16, patterns: [pattern])
        return "none"
      } catch { return "\(error)" }
    }
    #expect(message(BlockPattern(.band(left: -1, right: 0))).contains("left"))
    #expect(message(BlockPattern(.diagonals(period: 0, width: 0))).contains("period"))
    #expect(message(BlockPattern(.stripes(period: 4, width: 0))).contains("width"))
    #expect(message(BlockPattern(.full, prefix: -2)).contains("prefix"))
    #expect(message(BlockPattern(.neighborhood(shape: [8, 8], window: [9]))).contains("window"))
    #expect(message(BlockPattern(.neighborhood(shape: [8, 9], window: [3]))).contains("72"))
    #expect(message(BlockPattern(.neighborhood(shape: [8, 8], window: [3], stride: [4]))).contains("stride"))
    #expect(
      message(BlockPattern(.hierarchy(height: 6, width: 8, window: [4], factor: 2))).contains("height"))
    #expect(message(BlockPattern(.neighborhood(shape: [8, 8], window: [3]))) == "none")
  }
}
