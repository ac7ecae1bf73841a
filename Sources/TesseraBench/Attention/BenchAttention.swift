import Tessera
import TesseraCore
import TesseraKernels
import TesseraReference

/// A dense or neighborhood attention without bias, mask or additional keys, or one over block lists, as
/// it is timed.
enum BenchAttention {
  case dense(AttentionProblem)
  case neighborhood(NeighborhoodProblem)
  case lists(BenchLists)

  var batch: Int { either(\.batch, \.batch) }
  /// Queries per batch entry.
  var queryTokens: Int { either(\.queryLength, \.queryTokens) }
  /// Keys per batch entry.
  var keyTokens: Int { either(\.keyLength, \.tokens) }
  var heads: Int { either(\.heads, \.heads) }
  var kvHeads: Int { either(\.kvHeads, \.kvHeads) }
  /// Shapes of Q, K, V, O and LSE.
  var queryDimensions: [Int] { either(\.queryDimensions, \.queryDimensions) }
  var keyDimensions: [Int] { either(\.keyDimensions, \.keyDimensions) }
  var valueDimensions: [Int] { either(\.valueDimensions, \.valueDimensions) }
  var outputDimensions: [Int] { either(\.outputDimensions, \.outputDimensions) }
  var lseDimensions: [Int] { either(\.lseDimensions, \.lseDimensions) }
  var dtype: DType { either(\.dtype, \.dtype) }
  var outputDType: DType { either(\.outputDType, \.outputDType) }

  /// What the rows of one head have in common.
  var head: AttentionHead {
    var softCap: Float?
    switch self {
    case .dense(let problem): softCap = problem.softCap
    case .lists(let lists): softCap = lists.problem.attention.softCap
    case .neighborhood: break
    }
    return AttentionHead(
      headDim: either(\.headDim, \.headDim), valueDim: either(\.valueDim, \.valueDim),
      scale: either(\.scale, \.scale), softCap: softCap, dtype: dtype, outputDType: outputDType)
  }

  /// Pairs of a query and a key over all heads and batch entries.
  var pairs: Double {
    let perHead: Double
    switch self {
    case .dense(let problem):
      perHead = Double(
        problem.visiblePairs(queries: problem.queryLength, keys: problem.keyLength))
    case .neighborhood(let problem):
      perHead = problem.axes.reduce(1) { $0 * Double($1.length) * Double($1.window) }
    case .lists(let lists): return lists.pairs
    }
    return perHead * Double(heads) * Double(batch)
  }

  /// The keys of a query of a head, as tokens of its batch entry.
  func keys(of query: Int, entry: Int, head: Int) -> [Int] {
    switch self {
    case .dense(let problem):
      return Array(
        problem.visibleKeys(of: query, queries: problem.queryLength, keys: problem.keyLength))
    case .neighborhood(let problem):
      return Self.product(problem.axes, query) { axis, place in
        Reference.neighborhoodKeys(axis, query: place)
      }
    case .lists(let lists):
      return lists.keys(of: query, entry: entry, head: head)
    }
  }

  /// The queries of a key, of the KV head that `head` reads, as tokens of its batch entry.
  func queries(of key: Int, entry: Int, head: Int) -> [Int] {
    switch self {
    case .dense(let problem):
      return Array(
        problem.visibleQueries(of: key, queries: problem.queryLength, keys: problem.keyLength))
    case .neighborhood(let problem):
      return Self.product(problem.axes, key) { axis, place in
        // A window holds its leader, which is less than a stride away from the query.
        let reach = (axis.window + axis.stride) * axis.dilation
        let near = max(0, place - reach)..<min(axis.length, place + reach + 1)
        return near.filter { Reference.neighborhoodKeys(axis, query: $0).contains(place) }
      }
    case .lists(let lists):
      return lists.queries(of: key, entry: entry, head: head)
    }
  }

  /// The plan with its kernels built.
  func prepare(backward: Bool, on device: Device) throws(TesseraError) -> PreparedPlan {
    switch self {
    case .dense(let problem):
      backward ? try device.preparedBackwardPlan(problem) : try device.preparedPlan(problem)
    case .neighborhood(let problem):
      backward ? try device.preparedBackwardPlan(problem) : try device.preparedPlan(problem)
    case .lists(let lists):
      backward
        ? try device.preparedBackwardPlan(lists.problem, lists.schedule)
        : try device.preparedPlan(lists.problem, lists.schedule)
    }
  }

  /// The tensor that follows V among the operands, if there is one.
  var indices: HostTensor? {
    if case .lists(let lists) = self { lists.indices } else { nil }
  }

  /// Operands before O, and after dV, that these attentions do not have.
  var absent: (inputs: Int, gradients: Int) {
    switch self {
    case .dense: (3, 0)
    case .neighborhood: (4, 3)
    case .lists: (4, 1)
    }
  }

  private func either<R>(
    _ dense: KeyPath<AttentionProblem, R>, _ neighborhood: KeyPath<NeighborhoodProblem, R>
  ) -> R {
    switch self {
    case .dense(let problem): problem[keyPath: dense]
    case .neighborhood(let problem): problem[keyPath: neighborhood]
    case .lists(let lists): lists.problem.attention[keyPath: dense]
    }
  }

  /// The product of what `places` gives for each axis of a token, flattened.
  private static func product(
    _ axes: [NeighborhoodProblem.Axis], _ token: Int,
    _ places: (NeighborhoodProblem.Axis, Int) -> [Int]
  ) -> [Int] {
    var (rest, size) = (token, 1)
    var result = [0]
    for axis in axes.reversed() {
      let own = places(axis, rest % axis.length)
      result = own.flatMap { place in result.map { place * size + $0 } }
      rest /= axis.length
      size *= axis.length
    }
    return result
  }
}
