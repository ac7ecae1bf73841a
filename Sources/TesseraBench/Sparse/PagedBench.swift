import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// Verifies and times one decode step over a paged cache.
struct PagedBench {
  private let benchCase: PagedBenchCase
  private let runner: BenchRunner
  private let problem: PagedProblem
  private let q: HostTensor
  /// Keys and values by position, `[B, context, Hkv, D]`.
  private let k: HostTensor
  private let v: HostTensor
  /// The page of every page of a sequence.
  private let table: [Int32]
  /// `[B, Hkv, top]`, distinct.
  private let lists: [Int32]?

  init(_ benchCase: PagedBenchCase, _ runner: BenchRunner) throws(TesseraError) {
    (self.benchCase, self.runner) = (benchCase, runner)
    let (b, n, c) = (benchCase.batch, benchCase.context, benchCase)
    guard c.page > 0, b > 0, n > 0, n % c.page == 0 else {
      throw .invalidArgument(
        "context", got: "\(n) in pages of \(c.page)", allowed: "1 or more whole pages")
    }
    let pages = n / c.page
    var random = SeededRandom(runner.seed)
    let noise = random.normals(1 << 20)
    q = try AttentionData.tensor(
      noise, shift: 0, try Shape([b, 1, c.heads, c.headDim]), c.dtype)
    let shape = try Shape([b, n, c.kvHeads, c.headDim])
    k = try AttentionData.tensor(noise, shift: 104_729, shape, c.dtype)
    v = try AttentionData.tensor(noise, shift: 209_458, shape, c.dtype)
    // Pages anywhere in the pool.
    table = (0..<(b * pages)).shuffled(using: &random).map { Int32($0) }
    lists = c.top.map { top in
      (0..<(b * c.kvHeads)).flatMap { _ -> [Int32] in
        var chosen: Set<Int32> = [0, Int32(pages - 1)]
        while chosen.count < min(top, pages) {
          chosen.insert(Int32(random.integer(in: 0...(pages - 1))))
        }
        let own = chosen.sorted().prefix(top)
        return own + [Int32](repeating: -1, count: top - own.count)
      }
    }
    let cache = try Shape([b * pages, c.page, c.kvHeads, c.headDim])
    problem = try PagedProblem(
      q: (q.shape, c.dtype), k: (cache, c.dtype), v: (cache, c.dtype),
      blockTable: (try Shape([b, pages]), .i32), lengths: (try Shape([b]), .i32),
      indices: c.top.map { top throws(TesseraError) in
        (try Shape([b, c.kvHeads, top]), .i32)
      })
  }

  func row() throws(TesseraError) -> BenchRow {
    let (device, context) = (runner.device, runner.device.context)
    let prepared = try device.preparedPlan(problem)
    let rows = try Shape(problem.outputDimensions)
    let (b, pages) = (benchCase.batch, benchCase.context / benchCase.page)
    let query = try Tensor(q, on: device)
    let indices = try lists.map { lists throws(TesseraError) in
      try Tensor(lists, shape: try Shape(problem.indexDimensions), on: device)
    }
    let (keys, values) = (try Tensor(paged(k), on: device), try Tensor(paged(v), on: device))
    let blockTable = try Tensor(table, shape: try Shape([b, pages]), on: device)
    let lengths = try Tensor(
      [Int32](repeating: Int32(benchCase.context), count: b), shape: try Shape([b]), on: device)
    let o = try AttentionData.unwritten(rows.dimensions, benchCase.dtype, on: device)
    let lse = try AttentionData.unwritten(problem.lseDimensions, .f32, on: device)
    let operands: [BufferRange?] = [
      try query.contiguousRange("q"), try keys.contiguousRange("k"),
      try values.contiguousRange("v"), try blockTable.contiguousRange("block table"),
      try lengths.contiguousRange("lengths"), try indices?.contiguousRange("indices"), nil, nil,
      try o.contiguousRange("o"), try lse.contiguousRange("lse"),
    ]
    try PlanExecutor.execute(prepared, operands: operands, on: context)
    let verification = try verify(try o.host(), try lse.host())
    var row = runner.base(benchCase, plan: prepared.plan, verification)
    row.scratchBytes = prepared.plan.scratchBytes
    guard verification.passed else { return row }
    var contenders = [
      Contender(name: "tessera", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(prepared, operands: operands, on: context)
      }
    ]
    if runner.dense {
      // The same keys in a row.
      let dense = try AttentionProblem(
        q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype))
      let plan = try device.preparedPlan(dense)
      let inputs = (try Tensor(k, on: device), try Tensor(v, on: device))
      let ranges: [BufferRange?] = [
        operands[0], try inputs.0.contiguousRange("k"), try inputs.1.contiguousRange("v"), nil, nil,
        nil, operands[8], operands[9],
      ]
      contenders.append(
        Contender(name: "dense", on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(plan, operands: ranges, on: context)
        })
    }
    // Every key and value that is attended, once.
    var plan = prepared.plan
    let attended = Double(min((benchCase.top ?? pages) * benchCase.page, benchCase.context))
    let vectors = Double(b) * attended * Double(benchCase.headDim)
    plan.bytes = vectors * Double(2 * benchCase.kvHeads * benchCase.dtype.byteCount)
    plan.flopsNeeded = 4 * vectors * Double(benchCase.heads)
    try runner.time(&row, contenders, plan)
    return row
  }

  /// The positions' vectors where the table has them.
  private func paged(_ tensor: HostTensor) throws(TesseraError) -> HostTensor {
    let pageBytes = benchCase.page * benchCase.kvHeads * benchCase.headDim * tensor.dtype.byteCount
    let shape = try Shape(problem.keyDimensions)
    return HostTensor(dtype: tensor.dtype, shape: shape) { target in
      tensor.withUnsafeBytes { source in
        for (index, page) in table.enumerated() {
          let own = UnsafeRawBufferPointer(rebasing: source[(index * pageBytes)...].prefix(pageBytes))
          UnsafeMutableRawBufferPointer(rebasing: target[(Int(page) * pageBytes)...].prefix(pageBytes))
            .copyMemory(from: own)
        }
      }
    }
  }

  /// Some query heads against the oracle: the first and the last, and others between.
  private func verify(
    _ o: HostTensor, _ lse: HostTensor
  ) throws(TesseraError) -> Verification {
    let c = benchCase
    let (rows, d) = (c.batch * c.heads, c.headDim)
    let head = AttentionHead(
      headDim: d, valueDim: d, scale: problem.scale, dtype: c.dtype, outputDType: c.dtype)
    var gold: AttentionOracle?
    var (values, lseValues, plain): ([Double], [Double], [Double]) = ([], [], [])
    for row in Set([0, rows - 1, rows / 2]).sorted() {
      let (entry, kvHead) = (row / c.heads, row % c.heads / (c.heads / c.kvHeads))
      let positions = attended(entry, kvHead)
      func vectors(_ tensor: HostTensor) -> [Double] {
        positions.flatMap {
          tensor.doubles(at: ((entry * c.context + $0) * c.kvHeads + kvHead) * d, count: d)
        }
      }
      let (ownQ, ownK, ownV) = (q.doubles(at: row * d, count: d), vectors(k), vectors(v))
      let all = [Array(positions.indices)]
      let own = Reference.attention(ofRows: all, head, q: ownQ, k: ownK, v: ownV)
      gold = gold?.followed(by: own) ?? own
      plain += Reference.plainAttention(ofRows: all, head, q: ownQ, k: ownK, v: ownV)
      values += o.doubles(at: row * d, count: d)
      lseValues += lse.doubles(at: row, count: 1)
    }
    guard let gold else { return Verification([]) }
    return Verification([
      ("o", Judge.attention(problem, values, gold: gold, plain: plain)),
      ("lse", Judge.logSumExp(problem, lseValues, gold: gold)),
    ])
  }

  private func attended(_ entry: Int, _ kvHead: Int) -> [Int] {
    guard let lists, let top = benchCase.top else { return Array(0..<benchCase.context) }
    let start = (entry * benchCase.kvHeads + kvHead) * top
    return lists[start..<(start + top)].filter { $0 >= 0 }.flatMap { page in
      (Int(page) * benchCase.page)..<((Int(page) + 1) * benchCase.page)
    }
  }
}
