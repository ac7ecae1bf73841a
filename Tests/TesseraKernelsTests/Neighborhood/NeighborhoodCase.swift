import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime

/// One neighborhood attention with its inputs.
struct NeighborhoodCase {
  var problem: NeighborhoodProblem
  var q: HostTensor
  var k: HostTensor
  var v: HostTensor
  var extraK: HostTensor?
  var extraV: HostTensor?

  /// Everything but the inputs.
  struct Form {
    var batch = 1
    var axes: [NeighborhoodProblem.Axis]
    var heads = 1
    var kvHeads = 1
    var d = 8
    var dv = 8
    var extra = 0
    var dtype = DType.f32
    var output: DType?
    var scale: Float?
  }

  /// Normal inputs; scores get a standard deviation of about `peak`.
  init(_ form: Form, seed: UInt64, peak: Double = 3) throws {
    var random = SeededRandom(seed)
    try self.init(form) { name, count in
      random.normals(count, deviation: name == "q" ? peak : 1)
    }
  }

  /// Inputs by name: q, k, v, extra_k, extra_v.
  init(_ form: Form, values: (_ name: String, _ count: Int) throws -> [Float]) throws {
    func tensor(_ name: String, _ dimensions: [Int]) throws -> HostTensor {
      let shape = try Shape(dimensions)
      return try HostTensor(
        rounding: try values(name, shape.elementCount), to: form.dtype, shape: shape)
    }
    let lengths = [form.batch] + form.axes.map(\.length)
    q = try tensor("q", lengths + [form.heads, form.d])
    k = try tensor("k", lengths + [form.kvHeads, form.d])
    v = try tensor("v", lengths + [form.kvHeads, form.dv])
    if form.extra > 0 {
      extraK = try tensor("extra_k", [form.batch, form.extra, form.kvHeads, form.d])
      extraV = try tensor("extra_v", [form.batch, form.extra, form.kvHeads, form.dv])
    }
    problem = try NeighborhoodProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      extraK: extraK.map { ($0.shape, $0.dtype) }, extraV: extraV.map { ($0.shape, $0.dtype) },
      window: form.axes.map(\.window), stride: form.axes.map(\.stride),
      dilation: form.axes.map(\.dilation), causal: form.axes.map(\.causal), scale: form.scale,
      output: form.output)
  }

  /// What running it gave.
  struct Output {
    var o: HostTensor
    var lse: HostTensor
    var guardsIntact: Bool
  }

  /// Runs `plan`, or the planner's choice, with outputs filled with NaN between guard bytes.
  func run(on context: DeviceContext, plan: Plan? = nil) throws -> Output {
    let plan = try plan ?? NeighborhoodPlanner.plan(problem, context.capabilities)
    let prepared = try PlanExecutor.prepare(plan, on: context)
    let o = try Shape(problem.outputDimensions), lse = try Shape(problem.lseDimensions)
    let inputs = try [q, k, v, extraK, extraV, nil, nil].map { tensor in
      try tensor.map { try Guarded($0.byteCount, $0, on: context) }
    }
    let outputs = [
      try Guarded(o.byteCount(of: problem.outputDType), on: context),
      try Guarded(lse.byteCount(of: .f32), on: context),
    ]
    try PlanExecutor.execute(
      prepared, operands: inputs.map { $0?.range } + outputs.map { $0.range }, on: context)
    return Output(
      o: try outputs[0].read(problem.outputDType, o), lse: try outputs[1].read(.f32, lse),
      guardsIntact: try outputs.allSatisfy { try $0.isIntact() })
  }

  /// Judges `output` by the oracle: nil if right, else what is wrong.
  func fault(_ output: Output) -> String? {
    let inputs = [q, k, v].map { $0.doubles() }
    let (extraK, extraV) = (extraK?.doubles() ?? [], extraV?.doubles() ?? [])
    let gold = Reference.neighborhoodAttention(
      problem, q: inputs[0], k: inputs[1], v: inputs[2], extraK: extraK, extraV: extraV)
    let plain = Reference.plainNeighborhoodAttention(
      problem, q: inputs[0], k: inputs[1], v: inputs[2], extraK: extraK, extraV: extraV)
    let verdicts = [
      Judge.attention(problem, output.o.doubles(), gold: gold, plain: plain),
      Judge.logSumExp(problem, output.lse.doubles(), gold: gold),
    ]
    if !output.guardsIntact { return "guard bytes changed: \(problem)" }
    guard !verdicts.allSatisfy(\.passed) else { return nil }
    return "\(problem): o \(verdicts[0]); lse \(verdicts[1])"
  }
}

/// Device memory between guards, all bytes 0xFF beforehand: NaN in every floating-point type.
struct Guarded {
  static let guardBytes = 4096
  let range: BufferRange
  let context: DeviceContext

  init(_ byteCount: Int, _ data: HostTensor? = nil, on context: DeviceContext) throws {
    let body = (byteCount + 3) & ~3
    let whole = try context.allocate(byteCount: 2 * Self.guardBytes + body)
    try context.fill(BufferRange(whole), pattern: 0xFFFF_FFFF)
    range = BufferRange(whole, offset: Self.guardBytes, byteCount: byteCount)
    self.context = context
    let target = range
    guard let data, byteCount > 0 else { return }
    try data.withUnsafeBytes { bytes throws(TesseraError) in try context.write(bytes, to: target) }
  }

  func read(_ dtype: DType, _ shape: Shape) throws -> HostTensor {
    try HostTensor(dtype: dtype, shape: shape) { bytes throws(TesseraError) in
      try context.read(range, into: bytes)
    }
  }

  func isIntact() throws -> Bool {
    let end = Self.guardBytes + (range.byteCount + 3) & ~3
    for start in [0, end] {
      let side = BufferRange(range.allocation, offset: start, byteCount: Self.guardBytes)
      let bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Self.guardBytes, alignment: 16)
      defer { bytes.deallocate() }
      try context.read(side, into: bytes)
      guard bytes.allSatisfy({ $0 == 0xFF }) else { return false }
    }
    return true
  }
}
