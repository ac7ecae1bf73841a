import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// Data of one decode step over a paged cache, and its verification.
struct PagedBench {
  private let benchCase: PagedBenchCase
  private let problem: PagedProblem
  private let q: HostTensor
  /// Keys and values by position, `[B, context, Hkv, D]`.
  private let k: HostTensor
  private let v: HostTensor
  /// The page of every page of a sequence.
  private let table: [Int32]
  /// `[B, Hkv, top]`, distinct.
  private let lists: [Int32]?

  init(_ benchCase: PagedBenchCase, seed: UInt64) throws(TesseraError) {
    self.benchCase = benchCase
    let (b, n, c) = (benchCase.batch, benchCase.context, benchCase)
    guard c.page > 0, b > 0, n > 0, n % c.page == 0 else {
      throw .invalidArgument(
        "context", got: "\(n) in pages of \(c.page)", allowed: "1 or more whole pages")
    }
    let pages = n / c.page
    var random = SeededRandom(seed)
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
      }, unifiedMaximum: c.unifiedMaximum.map { UnifiedMaximum($0) })
  }

  static func setup(
    _ benchCase: PagedBenchCase, _ runner: BenchRunner
  ) throws(TesseraError) -> CaseSetup {
    let (c, device) = (benchCase, runner.device)
    let context = device.context
    let problem = try PagedBench(c, seed: runner.seed).problem
    let prepared = try device.preparedPlan(problem)
    let pages = c.context / c.page
    let subject = Subject(
      operands: [
        try .input("q", c.dtype, problem.queryDimensions),
        try .input("k", c.dtype, problem.keyDimensions),
        try .input("v", c.dtype, problem.valueDimensions),
        try .input("block table", .i32, [c.batch, pages]),
        try .input("lengths", .i32, [c.batch], varies: false),
        c.top == nil
          ? nil
          : try .input(
            "indices", .i32, problem.indexDimensions, varies: c.top.map { $0 < pages } ?? false),
        nil, nil, nil, nil, try .output("o", c.dtype, problem.outputDimensions),
        try .output("lse", .f32, problem.lseDimensions),
      ], dispatches: prepared.plan.dispatches.count,
      inputs: { seed throws(TesseraError) in try PagedBench(c, seed: seed).inputs() },
      run: { ranges throws(TesseraError) in
        try PlanExecutor.execute(prepared, operands: ranges, on: context)
      },
      judge: { inputs, outputs, _ throws(TesseraError) in
        guard let o = outputs[10], let lse = outputs[11] else { return Verification([]) }
        return try PagedBench(c, seed: runner.seed, inputs).verify(o, lse)
      })
    // Every key and value that is attended, once.
    var plan = prepared.plan
    let attended = Double(min((c.top ?? pages) * c.page, c.context))
    let vectors = Double(c.batch) * attended * Double(c.headDim)
    plan.bytes = vectors * Double(2 * c.kvHeads * c.dtype.byteCount)
    plan.flopsNeeded = 4 * vectors * Double(c.heads)
    var setup = CaseSetup(subject: subject, plan: plan)
    guard runner.dense || c.unifiedMaximum != nil else { return setup }
    setup.makePeers = { report throws(TesseraError) in
      var set = PeerSet()
      if c.unifiedMaximum != nil {
        var problem = problem
        problem.unifiedMaximum = nil
        let plan = try device.preparedPlan(problem)
        let contender = Contender(name: "online", on: device) { () throws(TesseraError) in
          try PlanExecutor.execute(plan, operands: report.ranges, on: context)
        }
        set.add("online", .success((plan.plan, contender)))
      }
      guard runner.dense else { return set }
      // The same keys in a row.
      let own = try PagedBench(c, seed: runner.seed, report.inputs)
      let dense = try AttentionProblem(
        q: (own.q.shape, c.dtype), k: (own.k.shape, c.dtype), v: (own.v.shape, c.dtype))
      let plan = try device.preparedPlan(dense)
      let inputs = (try Tensor(own.k, on: device), try Tensor(own.v, on: device))
      let ranges: [BufferRange?] = [
        report.ranges[0], try inputs.0.contiguousRange("k"), try inputs.1.contiguousRange("v"), nil,
        nil, nil, report.ranges[10], report.ranges[11],
      ]
      let contender = Contender(name: "dense", on: device) { () throws(TesseraError) in
        try PlanExecutor.execute(plan, operands: ranges, on: context)
      }
      set.add("dense", .success((plan.plan, contender)))
      return set
    }
    return setup
  }

  /// The plan's inputs in its operands' order.
  private func inputs() throws(TesseraError) -> [HostTensor?] {
    let (b, pages) = (benchCase.batch, benchCase.context / benchCase.page)
    return [
      q, try paged(k), try paged(v), try HostTensor(table, shape: try Shape([b, pages])),
      try HostTensor(
        [Int32](repeating: Int32(benchCase.context), count: b), shape: try Shape([b])),
      try lists.map { lists throws(TesseraError) in
        try HostTensor(lists, shape: try Shape(problem.indexDimensions))
      }, nil, nil, nil, nil, nil, nil,
    ]
  }

  /// The bench that these inputs came from, or another whose cache holds the same by position.
  private init(
    _ benchCase: PagedBenchCase, seed: UInt64, _ inputs: [HostTensor?]
  ) throws(TesseraError) {
    let (c, pages) = (benchCase, benchCase.context / benchCase.page)
    guard let q = inputs[0], let k = inputs[1], let v = inputs[2],
      let table = inputs[3]?.values(as: Int32.self)
    else { throw .invalidArgument("inputs", got: "fewer", allowed: "q, k, v and a block table") }
    self.benchCase = benchCase
    (self.q, self.table) = (q, table)
    lists = inputs[5]?.values(as: Int32.self)
    let shape = try Shape([c.batch, c.context, c.kvHeads, c.headDim])
    (self.k, self.v) = (Self.unpaged(k, table, c, shape), Self.unpaged(v, table, c, shape))
    let cache = try Shape([c.batch * pages, c.page, c.kvHeads, c.headDim])
    problem = try PagedProblem(
      q: (q.shape, c.dtype), k: (cache, c.dtype), v: (cache, c.dtype),
      blockTable: (try Shape([c.batch, pages]), .i32), lengths: (try Shape([c.batch]), .i32),
      indices: inputs[5].map { ($0.shape, .i32) })
  }

  /// A cache's vectors by position.
  private static func unpaged(
    _ cache: HostTensor, _ table: [Int32], _ c: PagedBenchCase, _ shape: Shape
  ) -> HostTensor {
    let pageBytes = c.page * c.kvHeads * c.headDim * c.dtype.byteCount
    return HostTensor(dtype: c.dtype, shape: shape) { target in
      cache.withUnsafeBytes { source in
        for (index, page) in table.enumerated() {
          let own = UnsafeRawBufferPointer(
            rebasing: source[(Int(page) * pageBytes)...].prefix(pageBytes))
          UnsafeMutableRawBufferPointer(rebasing: target[(index * pageBytes)...].prefix(pageBytes))
            .copyMemory(from: own)
        }
      }
    }
  }

  /// The positions' vectors where the table has them.
  private func paged(_ tensor: HostTensor) throws(TesseraError) -> HostTensor {
    let pageBytes = benchCase.page * benchCase.kvHeads * benchCase.headDim * tensor.dtype.byteCount
    let shape = try Shape(problem.keyDimensions)
    return HostTensor(dtype: tensor.dtype, shape: shape) { target in
      tensor.withUnsafeBytes { source in
        for (index, page) in table.enumerated() {
          let own = UnsafeRawBufferPointer(
            rebasing: source[(index * pageBytes)...].prefix(pageBytes))
          UnsafeMutableRawBufferPointer(
            rebasing: target[(Int(page) * pageBytes)...].prefix(pageBytes)
          )
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
