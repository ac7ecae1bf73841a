import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// One attention over block lists with its inputs.
struct SparseCase {
  /// Everything but the inputs.
  struct Form {
    var batch = 1
    var queries = 32
    var keys = 48
    var heads = 2
    var kvHeads = 1
    /// 1, `kvHeads` or `heads`.
    var lists = 1
    var d = 16
    var dv: Int?
    var queryBlock = 8
    var keyBlock = 8
    /// Entries per row.
    var width = 3
    var dtype = DType.f32
    var output: DType?
    var causal = false
    var topLeft = false
    var window: (left: Int, right: Int)?
    var counts = false
    var sinks = false
    var softCap: Float?
    var scale: Float?
    /// Of a packed batch: queries and keys of each sequence, whose sums are at most `queries` and `keys`.
    var sequences: [(queries: Int, keys: Int)]?
  }

  var problem: BlockListProblem
  var q: HostTensor
  var k: HostTensor
  var v: HostTensor
  var dO: HostTensor
  var indices: HostTensor
  var counts: HostTensor?
  var sinks: HostTensor?
  var cuQ: HostTensor?
  var cuK: HostTensor?

  /// Normal inputs; scores get a standard deviation of about `peak`. Lists are random, with duplicates,
  /// entries that are no blocks, and empty rows.
  init(_ form: Form, seed: UInt64, peak: Double = 3, rows: [[Int32]]? = nil) throws {
    var random = SeededRandom(seed)
    let packed = form.sequences != nil
    func tensor(_ dimensions: [Int], _ deviation: Double = 1) throws -> HostTensor {
      let shape = try Shape(dimensions)
      return try HostTensor(
        rounding: random.normals(shape.elementCount, deviation: deviation), to: form.dtype,
        shape: shape)
    }
    let batch = packed ? [] : [form.batch]
    q = try tensor(batch + [form.queries, form.heads, form.d], peak)
    k = try tensor(batch + [form.keys, form.kvHeads, form.d])
    v = try tensor(batch + [form.keys, form.kvHeads, form.dv ?? form.d])
    let output = form.output ?? form.dtype
    let gradient = try tensor(batch + [form.queries, form.heads, form.dv ?? form.d])
    dO = try HostTensor(rounding: gradient.floats(), to: output, shape: gradient.shape)
    var count = (form.queries + form.queryBlock - 1) / form.queryBlock
    if let sequences = form.sequences {
      func lengths(_ length: (Int, Int) -> Int) throws -> HostTensor {
        var sums: [Int32] = [0]
        for s in sequences { sums.append(sums[sums.count - 1] + Int32(length(s.queries, s.keys))) }
        return try HostTensor(sums, shape: try Shape([sums.count]))
      }
      cuQ = try lengths { queries, _ in queries }
      cuK = try lengths { _, keys in keys }
      // Two rows more than needed: they say nothing.
      count = max(
        count,
        sequences.reduce(2) { $0 + ($1.queries + form.queryBlock - 1) / form.queryBlock })
    }
    let blocks = (form.keys + form.keyBlock - 1) / form.keyBlock
    let listRows = (packed ? 1 : form.batch) * form.lists * count
    var entries: [Int32] = []
    for row in 0..<listRows {
      if let rows {
        entries += rows[row % rows.count]
        continue
      }
      let style = random.integer(in: 0...9)
      for _ in 0..<form.width {
        let bad = style == 0 || random.integer(in: 0...7) == 0
        entries.append(
          bad
            ? random.pick([-1, -7, Int32(blocks), 1 << 30, .min])
            : Int32(random.integer(in: 0...max(blocks - 1, 0))))
      }
    }
    let shape = batch + [form.lists, count, form.width]
    indices = try HostTensor(entries, shape: try Shape(shape))
    if form.counts {
      counts = try HostTensor(
        (0..<listRows).map { _ in Int32(random.integer(in: 0...form.width + 1)) },
        shape: try Shape(shape.dropLast()))
    }
    if form.sinks {
      sinks = try HostTensor(
        random.normals(form.heads, deviation: 4), shape: try Shape([form.heads]))
    }
    func kind(_ tensor: HostTensor) -> (shape: Shape, dtype: DType) { (tensor.shape, tensor.dtype) }
    let attention = try AttentionProblem(
      q: kind(q), k: kind(k), v: kind(v), cuQ: cuQ.map(kind), cuK: cuK.map(kind),
      causal: form.causal, alignment: form.topLeft ? .topLeft : .bottomRight,
      softCap: form.softCap, scale: form.scale, output: output)
    problem = try BlockListProblem(
      attention: attention, indices: kind(indices), counts: counts.map(kind),
      sinks: sinks.map(kind), queryBlock: form.queryBlock, keyBlock: form.keyBlock,
      window: form.window)
  }

  /// O, LSE; of both passes also dQ, dK, dV and the sinks' gradient, if there are sinks.
  struct Output {
    var tensors: [HostTensor]
    var guardsIntact: Bool
    var bits: [[UInt8]] { tensors.map(\.bits) }
  }

  /// Runs it with outputs filled with NaN between guard bytes.
  func run(
    on context: DeviceContext, schedule: BlockListSchedule = .auto, gradients: Bool = true
  ) throws -> Output {
    let capabilities = context.capabilities
    return try run(
      on: context,
      plans: (
        BlockListPlanner.plan(problem, schedule: schedule, capabilities),
        gradients ? BlockListPlanner.planBackward(problem, schedule: schedule, capabilities) : nil
      ))
  }

  /// Runs plans for it, of the forward pass and maybe of the gradients.
  func run(on context: DeviceContext, plans: (Plan, Plan?)) throws -> Output {
    let attention = problem.attention
    let tensors: [HostTensor?] = [q, k, v, indices, counts, sinks, cuQ, cuK]
    let inputs: [GuardedRun.Operand] = tensors.map { tensor in
      tensor.map { .input($0) } ?? .none
    }
    let forward = try GuardedRun(
      plans.0,
      inputs + [
        .output(attention.outputDType, attention.outputDimensions),
        .output(.f32, attention.lseDimensions),
      ], on: context)
    guard let gradients = plans.1 else {
      return Output(tensors: forward.outputs, guardsIntact: forward.guardsIntact)
    }
    let backward = try GuardedRun(
      gradients,
      inputs + [
        .input(forward.outputs[0]), .input(forward.outputs[1]), .input(dO),
        .output(attention.dtype, attention.queryDimensions),
        .output(attention.dtype, attention.keyDimensions),
        .output(attention.dtype, attention.valueDimensions),
        problem.sinks ? .output(.f32, [attention.heads]) : .none,
      ], on: context)
    return Output(
      tensors: forward.outputs + backward.outputs,
      guardsIntact: forward.guardsIntact && backward.guardsIntact)
  }

  /// The oracle's view of the inputs.
  var inputs: BlockListInputs {
    func integers(_ tensor: HostTensor?) -> [Int] { tensor?.doubles().map { Int($0) } ?? [] }
    return BlockListInputs(
      q: q.doubles(), k: k.doubles(), v: v.doubles(), indices: integers(indices),
      counts: integers(counts), sinks: sinks?.doubles() ?? [], cuQ: integers(cuQ),
      cuK: integers(cuK))
  }

  /// Judges `output` by the oracle: nil if right, else what is wrong.
  func fault(_ output: Output) -> String? {
    if !output.guardsIntact { return "guard bytes changed: \(problem)" }
    let attention = problem.attention
    let inputs = inputs
    let gold = Reference.blockListAttention(problem, inputs)
    let values = output.tensors.map { $0.doubles() }
    var verdicts = [
      (
        "o",
        Judge.attention(
          attention, values[0], gold: gold,
          plain: Reference.plainBlockListAttention(problem, inputs))
      ),
      ("lse", Judge.logSumExp(attention, values[1], gold: gold)),
    ]
    if output.tensors.count > 2 {
      let dO = dO.doubles()
      let exact = Reference.blockListAttentionBackward(problem, inputs, dO: dO)
      let plain = Reference.plainBlockListAttentionBackward(problem, inputs, dO: dO)
      let coarsest = attention.outputDType == .f32 ? attention.dtype : attention.outputDType
      let all: [(String, Gradient, Gradient, Int)] = [
        ("dQ", exact.dq, plain.dq, attention.headDim),
        ("dK", exact.dk, plain.dk, attention.headDim),
        ("dV", exact.dv, plain.dv, attention.valueDim),
      ]
      for (index, (name, gold, plain, length)) in all.enumerated() {
        verdicts.append(
          (
            name,
            Judge.gradient(
              values[2 + index], gold: gold, plain: plain.values, rowLength: max(length, 1),
              dtype: coarsest)
          ))
      }
      if problem.sinks {
        verdicts.append(
          (
            "dSinks",
            Judge.gradient(
              values[5], gold: exact.dSinks, plain: plain.dSinks.values, rowLength: 1,
              dtype: coarsest)
          ))
      }
    }
    let failed = verdicts.filter { !$0.1.passed }
    guard !failed.isEmpty else { return nil }
    return "\(problem): " + failed.map { "\($0.0) \($0.1)" }.joined(separator: "; ")
  }
}
