import TesseraCore
import TesseraHAL

/// How a problem is cut into dispatches, each within the ranges, counts and indices of the device.
///
/// Rows, columns and products are cut where one matrix alone is too large to bind, or the grid too
/// large to launch; products also where a driver limits loops. Batch axes are cut last: a dispatch
/// takes as many matrices as fit.
struct GEMMPartition {
  /// Rows, columns and products of a dispatch; fewer in the last of each.
  private(set) var rows: Int
  private(set) var columns: Int
  private(set) var products: Int
  /// Extents that one dispatch takes of each batch axis.
  private(set) var batches: [Int]
  let axes: [GEMMBatchAxis]

  /// Whether sums are carried from dispatch to dispatch.
  var isSplit: Bool { products < problem.k }

  private let problem: GEMMProblem
  private let capabilities: Capabilities
  /// Bytes a binding may cover, after moving its start down to the device's alignment.
  private let rangeLimit: Int

  /// - Throws: `overLimit` naming the operand of which not even one tile's rows can be bound.
  init(
    _ problem: GEMMProblem, _ form: GEMMForm, _ capabilities: Capabilities
  ) throws(TesseraError) {
    self.problem = problem
    self.capabilities = capabilities
    axes = GEMMBatchAxis.collapsed(problem)
    rangeLimit = capabilities.maxBindingRange - max(16, capabilities.bindingAlignment)
    rows = problem.m
    columns = problem.n
    products = problem.k
    batches = axes.map { _ in 1 }

    limit(\.rows, to: capabilities.maxGroupCount[1].multipliedSaturating(form.tileM), form.tileM)
    limit(\.columns, to: capabilities.maxGroupCount[0].multipliedSaturating(form.tileN), form.tileN)
    if let limit = form.productLimit(on: capabilities) {
      self.limit(\.products, to: limit, max(form.tileK, 4))
    }
    if problem.k > 0 {
      try fit("a", problem.a, problem.transposeA ? \.products : \.rows, form,
        inner: problem.transposeA ? problem.m : problem.k)
      try fit("b", problem.b, problem.transposeB ? \.columns : \.products, form,
        inner: problem.transposeB ? problem.k : problem.n)
    }
    if let c = problem.c { try fit("c", c, \.rows, form, inner: problem.n) }
    try fit("d", problem.d, \.rows, form, inner: problem.n)
    if isSplit {
      let sums = GEMMProblem.Operand(dtype: .f32, rowStride: columns, batchStrides: [])
      try fit("sums", sums, \.rows, form, inner: columns)
    }
    fitBatches()
  }

  /// Number of dispatches, or `Int.max` if that overflows.
  var dispatchCount: Int {
    func parts(_ whole: Int, _ part: Int) -> Int { part == 0 ? 1 : (whole + part - 1) / part }
    var count = parts(problem.k, products)
    count = count.multipliedSaturating(parts(problem.m, rows))
    count = count.multipliedSaturating(parts(problem.n, columns))
    for (axis, extent) in zip(axes, batches) {
      count = count.multipliedSaturating(parts(axis.extent, extent))
    }
    return count
  }

  /// Elements from an operand's first to one past its last, for the given matrix and batch extents.
  func span(
    _ operand: GEMMProblem.Operand, position: Int, outer: Int, inner: Int, batches: [Int]
  ) -> Int {
    guard outer > 0, inner > 0 else { return 0 }
    var span = operand.rowStride.multipliedSaturating(outer - 1).addedSaturating(inner)
    for (axis, extent) in zip(axes, batches) {
      span = span.addedSaturating(axis.strides[position].multipliedSaturating(extent - 1))
    }
    return span
  }

  private mutating func limit(
    _ extent: WritableKeyPath<GEMMPartition, Int>, to most: Int, _ granule: Int
  ) {
    guard self[keyPath: extent] > most else { return }
    self[keyPath: extent] = most >= granule ? most / granule * granule : most
  }

  /// Cuts the axis that an operand's rows run along so that one matrix can be bound.
  private mutating func fit(
    _ name: String, _ operand: GEMMProblem.Operand,
    _ extent: WritableKeyPath<GEMMPartition, Int>, _ form: GEMMForm, inner: Int
  ) throws(TesseraError) {
    let elements = elementLimit(operand.dtype)
    guard elements >= inner else {
      throw .overLimit(
        "elements in a row of \(name)", requested: inner, limit: max(0, elements),
        device: capabilities.name)
    }
    let most = (elements - inner) / max(1, operand.rowStride) + 1
    let granule =
      switch extent {
      case \.rows: form.tileM
      case \.columns: form.tileN
      default: max(form.tileK, 4)
      }
    limit(extent, to: most, granule)
  }

  private func elementLimit(_ dtype: DType) -> Int {
    // Kernels index with 32 signed bits and round up to whole tiles before they compare.
    min(rangeLimit / dtype.byteCount, Int(Int32.max) - (1 << 20))
  }

  private mutating func fitBatches() {
    var chunk = batches
    for axis in axes.indices.reversed() {
      // Kernels have three batch axes; the rest are separate dispatches.
      guard axes.count - axis <= 3 else { break }
      // The largest extent that fits, by bisection: the ranges grow with it.
      var (low, high) = (1, axes[axis].extent)
      while low < high {
        let middle = low + (high - low + 1) / 2
        chunk[axis] = middle
        if fits(chunk) { low = middle } else { high = middle - 1 }
      }
      chunk[axis] = low
      if low < axes[axis].extent { break }
    }
    batches = chunk
  }

  private func fits(_ chunk: [Int]) -> Bool {
    let count = chunk.reduce(1) { $0.multipliedSaturating($1) }
    guard count <= capabilities.maxGroupCount[2] else { return false }
    if isSplit {
      let sums = rows.multipliedSaturating(columns).multipliedSaturating(count)
      guard sums <= min(elementLimit(.f32), Self.sumsLimit) else { return false }
    }
    let (m, n, k) = (rows, columns, products)
    var operands: [(GEMMProblem.Operand, Int, Int)] = [
      (problem.a, problem.transposeA ? k : m, problem.transposeA ? m : k),
      (problem.b, problem.transposeB ? n : k, problem.transposeB ? k : n),
    ]
    operands.append((problem.c ?? problem.d, m, n))
    operands.append((problem.d, m, n))
    return operands.enumerated().allSatisfy { position, entry in
      span(entry.0, position: position, outer: entry.1, inner: entry.2, batches: chunk)
        <= elementLimit(entry.0.dtype)
    }
  }

  /// Sums carried between dispatches: 256 MiB, beyond which more dispatches cost nothing.
  private static let sumsLimit = 64 << 20
}

extension Int {
  /// The product of two numbers ≥ 0, or `Int.max`.
  func multipliedSaturating(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
  /// The sum of two numbers ≥ 0, or `Int.max`.
  func addedSaturating(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
