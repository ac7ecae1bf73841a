import TesseraCore
import TesseraKernels

/// The parameters of one row of a suite, read under the names that results carry.
struct CaseParameters {
  /// Operators that have no element type of their own.
  static let typeless = Set(HPCProblem.Operation.allCases.map(\.rawValue) + ["launch", "transfer"])

  private let op: String
  private let place: String
  private var values: [String: BenchRow.Value]

  init(_ op: String, _ values: [String: BenchRow.Value], place: String) {
    self.op = op
    self.values = values
    self.place = place
  }

  /// The case that the parameters describe.
  /// - Throws: `malformedData` for an unknown operator, a missing or superfluous parameter.
  mutating func benchCase(_ dtype: DType) throws(TesseraError) -> any BenchCase {
    let result = try read(dtype)
    guard let left = values.keys.sorted().first else { return result }
    throw .malformed(place, reason: "\(op) has no parameter \"\(left)\"")
  }

  private mutating func read(_ dtype: DType) throws(TesseraError) -> any BenchCase {
    if let operation = HPCProblem.Operation(rawValue: op) {
      return HPCBenchCase(
        operation, n: try int("n"), width: try int("width", or: 1),
        perRow: try int("perRow", or: 0),
        steps: try int("steps", or: 1))
    }
    switch op {
    case "gemm":
      return GEMMBenchCase(
        m: try int("m"), n: try int("n"), k: try int("k"), batch: try int("batch", or: 1),
        transposeA: try flag("transposeA"), transposeB: try flag("transposeB"), dtype: dtype)
    case "attention", "attention-backward":
      let queries = try int("queries")
      return AttentionBenchCase(
        batch: try int("batch", or: 1), queries: queries, keys: try int("keys", or: queries),
        heads: try int("heads"), kvHeads: try optionalInt("kvHeads"), headDim: try int("headDim"),
        valueDim: try optionalInt("valueDim"), causal: try flag("causal"),
        topLeft: try flag("topLeft"), window: try limits("window"), softCap: try number("softCap"),
        backward: op == "attention-backward", dtype: dtype)
    case "na", "na-backward":
      return NeighborhoodBenchCase(
        batch: try int("batch", or: 1), lengths: try list("lengths"), heads: try int("heads"),
        headDim: try int("headDim"), window: try list("window"),
        stride: try list("stride", or: [1]), dilation: try list("dilation", or: [1]),
        causal: try list("causal", or: [0]).map { $0 == 1 }, backward: op == "na-backward",
        dtype: dtype)
    case "sparse-attention", "sparse-attention-backward":
      let heads = try int("heads")
      let schedule = try text("schedule") ?? "auto"
      guard let schedules = BlockListBenchCase.Schedules(rawValue: schedule) else {
        throw .malformed(place, reason: "no schedule \"\(schedule)\"")
      }
      return BlockListBenchCase(
        batch: try int("batch", or: 1), tokens: try int("tokens"), heads: heads,
        kvHeads: try int("kvHeads", or: heads), headDim: try int("headDim"),
        queryBlock: try int("qBlock"), keyBlock: try int("kvBlock"), top: try int("top"),
        causal: try flag("causal"), schedules: schedules,
        backward: op == "sparse-attention-backward", dtype: dtype)
    case "select-blocks", "nsa":
      return NSABenchCase(
        batch: try int("batch", or: 1), tokens: try int("tokens"), heads: try int("heads"),
        kvHeads: try int("kvHeads"), headDim: try int("headDim"), block: try int("block"),
        top: try int("top"), selects: op == "select-blocks", dtype: dtype)
    case "paged-decode":
      return PagedBenchCase(
        batch: try int("batch", or: 1), context: try int("context"), heads: try int("heads"),
        kvHeads: try int("kvHeads"), headDim: try int("headDim"), page: try int("page"),
        top: try optionalInt("top"), unifiedMaximum: try number("unifiedMaximum"), dtype: dtype)
    case "launch": return LaunchBenchCase(count: try int("count", or: 4096))
    case "transfer": return TransferBenchCase(bytes: try int("bytes"))
    default: throw .malformed(place, reason: "no operator \"\(op)\"")
    }
  }

  private mutating func take(_ name: String) -> BenchRow.Value? { values.removeValue(forKey: name) }

  private func wrong(_ name: String, _ kind: String) -> TesseraError {
    .malformed(place, reason: "\(op) needs \(name), \(kind)")
  }

  private mutating func optionalInt(_ name: String) throws(TesseraError) -> Int? {
    switch take(name) {
    case nil: return nil
    case .int(let value):
      guard (0...(1 << 40)).contains(value) else { throw wrong(name, "a count") }
      return value
    default: throw wrong(name, "an integer")
    }
  }

  private mutating func int(_ name: String, or fallback: Int? = nil) throws(TesseraError) -> Int {
    if let value = try optionalInt(name) ?? fallback { return value }
    throw wrong(name, "an integer")
  }

  private mutating func flag(_ name: String) throws(TesseraError) -> Bool {
    switch take(name) {
    case nil: return false
    case .bool(let value): return value
    default: throw wrong(name, "true or false")
    }
  }

  private mutating func text(_ name: String) throws(TesseraError) -> String? {
    switch take(name) {
    case nil: return nil
    case .text(let value): return value
    default: throw wrong(name, "a text")
    }
  }

  private mutating func number(_ name: String) throws(TesseraError) -> Float? {
    switch take(name) {
    case nil: return nil
    case .int(let value): return Float(value)
    case .text(let value):
      guard let number = Float(value), number.isFinite else { throw wrong(name, "a number") }
      return number
    default: throw wrong(name, "a number")
    }
  }

  private mutating func list(
    _ name: String, or fallback: [Int]? = nil
  ) throws(TesseraError) -> [Int] {
    switch take(name) {
    case nil:
      guard let fallback else { throw wrong(name, "integers") }
      return fallback
    case .list(let values)
    where (1...3).contains(values.count)
      && values.allSatisfy({ (0...(1 << 30)).contains($0) }):
      return values
    default: throw wrong(name, "one to three counts")
    }
  }

  /// `left,right`; `none` does not limit a side.
  private mutating func limits(_ name: String) throws(TesseraError) -> (left: Int?, right: Int?) {
    guard let text = try text(name) else { return (nil, nil) }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part -> Int?? in
      part == "none" ? .some(nil) : Int(part).flatMap { $0 >= 0 ? $0 : nil }
    }
    guard parts.count == 2, let left = parts[0], let right = parts[1] else {
      throw wrong(name, "left,right")
    }
    return (left, right)
  }
}
