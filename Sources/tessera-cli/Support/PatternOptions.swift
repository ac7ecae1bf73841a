import ArgumentParser
import Tessera

/// Rules as they are called on the command line.
enum PatternKind: String, ExpressibleByArgument, CaseIterable {
  case none, full, band, diagonals, vertical
  case verticalSlash = "vertical-slash"
  case sinkLocal = "sink-local"
  case strided, neighborhood, hierarchy
}

/// The options of patterns.
struct PatternOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Rule: \(PatternKind.allCases.map(\.rawValue).joined(separator: ", ")).",
      discussion: """
        band: --window l,r. diagonals: --period, --width. vertical: --period, --width, --offset, or \
        --columns. vertical-slash: --columns, --slashes. sink-local: --sink, --window l,r. strided: \
        --stride, --window l,r. neighborhood: --window, --stride, --dilation, --axis-causal, a value per \
        axis of --shape or one for all. hierarchy: --shape height,width, --window, --factor, \
        --global-dense.
        """))
  var kind: PatternKind
  @Option(help: "Tokens: a number, or 2 or 3 extents, row-major.") var shape: IntList
  @Option(help: "Keys, if not as many as the tokens of --shape and --prefix.") var keys: Int?
  @Option(help: "Queries per row.") var qBlock = 64
  @Option(help: "Keys per block.") var kvBlock = 64
  @Option(help: "Sequences, whose lists are the same.") var batch = 1
  @Option(help: "Lists per sequence.") var heads = 1
  @Flag(help: "A query sees no key after its own position.") var causal = false
  @Flag(help: "Query i stands at key i. Default: the last query stands at the last key.")
  var topLeft = false
  @Option(help: "Tokens before those of --shape that attend and are attended by all.") var prefix = 0
  @Option(help: "Keys before and after, or window per axis.") var window: IntList?
  @Option(help: "Distance of diagonals or of stripes.") var period: Int?
  @Option(help: "Reach of diagonals, or keys of a stripe.") var width: Int?
  @Option(help: "First key of the first stripe.") var offset = 0
  @Option(help: "First keys that all queries attend.") var sink = 4
  @Option(help: "Distance of keys of strided; queries that share a window, per axis, of neighborhood.")
  var stride: IntList?
  @Option(help: "Distance of neighbouring keys, per axis.") var dilation = IntList([1])
  @Option(help: "1 for axes on which a query sees only keys at or before it.")
  var axisCausal = IntList([0])
  @Option(help: "How many times smaller the picture of the whole is.") var factor = 4
  @Flag(help: "Tokens of the picture of the whole attend all of it.") var globalDense = false
  @Option(help: "Keys that all queries attend.") var columns: IntList?
  @Option(help: "Distances at which queries attend keys before them.") var slashes: IntList?

  func validate() throws {
    guard heads >= 1 else { throw ValidationError("--heads: got \(heads), allowed 1 or more") }
    guard axisCausal.values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw ValidationError("--axis-causal: got \(axisCausal.values), allowed 0 or 1 per axis")
    }
  }

  /// The problem these options pose.
  func problem() throws(TesseraError) -> PatternProblem {
    let pattern = BlockPattern(try rule(), causal: causal, prefix: prefix)
    var tokens = try Shape(shape.values).elementCount
    if kind == .hierarchy, factor > 0 { tokens += tokens / factor / factor }
    let (queries, overflow) = tokens.addingReportingOverflow(max(prefix, 0))
    guard !overflow else {
      throw .invalidArgument("--shape", got: "\(shape.values)", allowed: "fewer tokens")
    }
    return try PatternProblem(
      batch: batch, queries: queries, keys: keys ?? queries, topLeft: topLeft, queryBlock: qBlock,
      keyBlock: kvBlock, patterns: Array(repeating: pattern, count: heads),
      columns: columns?.values.count ?? 0, slashes: slashes?.values.count ?? 0)
  }

  /// A list of numbers as a tensor with the same row for every head.
  func lines(_ list: IntList?, _ name: String) throws(TesseraError) -> HostTensor? {
    guard let values = list?.values else { return nil }
    let words = values.map { Int32(exactly: $0) }
    guard !words.contains(nil) else {
      throw .invalidArgument(name, got: "a number beyond 32 bits", allowed: "0...\(Int32.max)")
    }
    let row = words.compactMap(\.self)
    return try HostTensor(
      (0..<heads).flatMap { _ in row }, shape: try Shape([heads, row.count]))
  }

  private func rule() throws(TesseraError) -> BlockPattern.Rule {
    switch kind {
    case .none: return .none
    case .full: return .full
    case .band:
      let (left, right) = try reach()
      return .band(left: left, right: right)
    case .diagonals:
      return .diagonals(period: try required(period, "--period"), width: width ?? 0)
    case .vertical where columns == nil:
      return .stripes(
        period: try required(period, "--period"), width: width ?? 1, offset: offset)
    case .vertical: return .lines
    case .verticalSlash:
      guard columns != nil || slashes != nil else {
        throw .invalidArgument(
          "--columns", got: "nothing", allowed: "numbers, or --slashes with kind vertical-slash")
      }
      return .lines
    case .sinkLocal:
      let (left, right) = try reach()
      return .sinkLocal(sink: sink, left: left, right: right)
    case .strided:
      let (left, right) = window == nil ? (0, 0) : try reach()
      guard let stride, stride.values.count == 1 else {
        throw .invalidArgument(
          "--stride", got: stride.map { "\($0.values)" } ?? "nothing", allowed: "one number")
      }
      return .strided(stride: stride.values[0], left: left, right: right)
    case .neighborhood:
      return .neighborhood(
        shape: shape.values, window: try required(window, "--window").values,
        stride: stride?.values ?? [1], dilation: dilation.values,
        causal: axisCausal.values.map { $0 == 1 })
    case .hierarchy:
      guard shape.values.count == 2 else {
        throw .invalidArgument("--shape", got: "\(shape.values)", allowed: "height,width")
      }
      return .hierarchy(
        height: shape.values[0], width: shape.values[1],
        window: try required(window, "--window").values, factor: factor, globalDense: globalDense)
    }
  }

  private func reach() throws(TesseraError) -> (Int, Int) {
    let values = try required(window, "--window").values
    guard values.count <= 2 else {
      throw .invalidArgument("--window", got: "\(values)", allowed: "l,r with kind \(kind.rawValue)")
    }
    return (values[0], values.count == 2 ? values[1] : 0)
  }

  private func required<T>(_ value: T?, _ name: String) throws(TesseraError) -> T {
    guard let value else {
      throw .invalidArgument(name, got: "nothing", allowed: "a value with kind \(kind.rawValue)")
    }
    return value
  }
}
