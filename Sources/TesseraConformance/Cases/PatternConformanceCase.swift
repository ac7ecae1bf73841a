package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Lists of key blocks by rule: a few heads, each with a rule of its own.
package struct PatternConformanceCase: ConformanceCase {
  let problem: PatternProblem
  let columns: HostTensor?
  let slashes: HostTensor?

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    let heads = random.pick([1, 2, 5])
    let (columnCount, slashCount) = (random.pick([0, 1, 9]), random.pick([0, 1, 6]))
    let prefix = random.pick([0, 0, 1, 40])
    // Rules of pictures need as many queries as keys, of which the first head's picture is all.
    let picture: BlockPattern.Rule? =
      random.once(in: 2) ? nil : variant.index % 2 == 0 ? Self.neighborhood(&random) : Self.hierarchy(&random)
    var (queries, keys) = (random.integer(in: 0...400), random.integer(in: 0...400))
    if let tokens = picture.flatMap(Self.tokens) {
      (queries, keys) = (tokens + prefix, tokens + prefix)
    }
    var patterns: [BlockPattern] = []
    for head in 0..<heads {
      if head == 0, let picture {
        patterns.append(BlockPattern(picture, prefix: prefix))
      } else {
        patterns.append(
          BlockPattern(
            Self.rule(&random), causal: random.once(in: 2), prefix: random.pick([0, 0, 7, 64])))
      }
    }
    problem = try PatternProblem(
      batch: random.pick([1, 1, 2]), queries: queries, keys: keys, topLeft: random.once(in: 4),
      queryBlock: random.pick([1, 7, 16, 64]), keyBlock: random.pick([1, 5, 16, 64]),
      patterns: patterns, columns: columnCount, slashes: slashCount)
    func lines(_ count: Int) throws(TesseraError) -> HostTensor? {
      guard count > 0 else { return nil }
      return try HostTensor(
        (0..<(heads * count)).map { _ in Int32(random.integer(in: -2...(keys + 9))) },
        shape: try Shape([heads, count]))
    }
    (columns, slashes) = (try lines(columnCount), try lines(slashCount))
  }

  private static func rule(_ random: inout SeededRandom) -> BlockPattern.Rule {
    switch random.integer(in: 0...8) {
    case 0: .none
    case 1: .full
    case 2: .band(left: random.pick([0, 3, 64, 1000]), right: random.pick([0, 17]))
    case 3: .diagonals(period: random.pick([1, 37, 64, 100]), width: random.pick([0, 2, 9]))
    case 4:
      .stripes(
        period: random.pick([1, 30, 128]), width: random.pick([1, 7, 40]), offset: random.pick([0, 13]))
    case 5: .sinkLocal(sink: random.pick([0, 4, 70]), left: random.pick([0, 31]), right: random.pick([0, 8]))
    case 6: .strided(stride: random.pick([1, 33, 96]), left: random.pick([0, 20]))
    default: .lines
    }
  }

  private static func neighborhood(_ random: inout SeededRandom) -> BlockPattern.Rule {
    let axes = random.integer(in: 1...3)
    let shape = (0..<axes).map { _ in random.integer(in: 1...[300, 18, 7][axes - 1]) }
    let dilation = shape.map { random.integer(in: 1...min($0, 3)) }
    let window = zip(shape, dilation).map { random.integer(in: 1...min($0 / $1, 9)) }
    return .neighborhood(
      shape: shape, window: window, stride: window.map { random.integer(in: 1...$0) },
      dilation: dilation, causal: shape.map { _ in random.once(in: 4) })
  }

  private static func hierarchy(_ random: inout SeededRandom) -> BlockPattern.Rule {
    let window = [random.integer(in: 1...4), random.integer(in: 1...5)], factor = random.pick([1, 2])
    return .hierarchy(
      height: window[0] * factor * random.integer(in: 1...2),
      width: window[1] * factor * random.integer(in: 1...3), window: window, factor: factor,
      globalDense: random.once(in: 2))
  }

  /// Tokens of a rule of pictures.
  private static func tokens(_ rule: BlockPattern.Rule) -> Int? {
    switch rule {
    case .neighborhood(let shape, _, _, _, _): shape.reduce(1, *)
    case .hierarchy(let height, let width, _, let factor, _):
      height * width + height * width / factor / factor
    default: nil
    }
  }

  package var inputs: [HostTensor?] {
    let table = problem.patterns.flatMap(\.table)
    return [try? HostTensor(table, shape: Shape([table.count])), columns, slashes]
  }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    let rows = [problem.batch, problem.patterns.count, problem.rows]
    return [
      try ConformanceOutput(.i32, rows + [problem.width]), try ConformanceOutput(.i32, rows),
    ]
  }

  package var summary: String { "\(problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.pattern(
      problem, width: problem.width, columns: columns, slashes: slashes, indices: results[0],
      counts: results[1])
  }
}
