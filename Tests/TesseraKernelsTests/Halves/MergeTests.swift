import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraReference
import TesseraRuntime
import Testing

@Suite struct `Merging parts of an attention` {
  /// Types of the parts and the result. Few, since each is a kernel to compile.
  private static let kinds: [(DType, DType)] = [
    (.f32, .f32), (.f16, .f16), (.bf16, .f32), (.f32, .bf16),
  ]

  /// Parts with LSE that differ, are −inf for some, and hold NaN in O where they are.
  private func parts(
    _ problem: MergeProblem, _ random: inout SeededRandom
  ) throws -> (o: HostTensor, lse: HostTensor) {
    let rows = problem.parts * problem.rows
    var lse = random.normals(rows, deviation: 4)
    for i in lse.indices where random.integer(in: 0...3) == 0 || i % max(problem.rows, 1) == 1 {
      lse[i] = -.infinity
    }
    var o = random.normals(rows * problem.valueDim)
    for row in 0..<rows where lse[row] == -.infinity {
      for c in 0..<problem.valueDim { o[row * problem.valueDim + c] = .nan }
    }
    return (
      try HostTensor(
        rounding: o, to: problem.dtype,
        shape: try Shape([problem.parts, problem.rows, problem.valueDim])),
      try HostTensor(
        rounding: lse, to: .f32, shape: try Shape([problem.parts, problem.rows]))
    )
  }

  private func run(
    _ problem: MergeProblem, _ o: HostTensor, _ lse: HostTensor, on context: DeviceContext
  ) throws -> GuardedRun {
    try GuardedRun(
      try MergePlanner.plan(problem, context.capabilities),
      [
        .input(o), .input(lse), .output(problem.outputDType, [problem.rows, problem.valueDim]),
        .output(.f32, [problem.rows]),
      ], on: context)
  }

  /// What is wrong with a result, or nil.
  private func fault(
    _ problem: MergeProblem, _ o: HostTensor, _ lse: HostTensor, _ run: GuardedRun
  ) -> String? {
    if !run.guardsIntact { return "\(problem): guard bytes changed" }
    let (values, normalizers) = (o.doubles(), lse.doubles())
    let (row, n) = (problem.valueDim, problem.rows)
    let split = (0..<problem.parts).map { s in
      (
        o: Array(values[(s * n * row)..<((s + 1) * n * row)]),
        lse: Array(normalizers[(s * n)..<((s + 1) * n)])
      )
    }
    let gold = Reference.merge(split)
    let magnitude = Reference.merge(split.map { ($0.o.map { abs($0) }, $0.lse) }).o
    let u = DType.f32.unitRoundoff
    let output = problem.outputDType
    let mine = run.outputs.map { $0.doubles() }
    for (i, x) in gold.lse.enumerated() {
      let allowed = u * (8 + 4 * abs(x) + Double(problem.parts))
      guard mine[1][i] == x || abs(mine[1][i] - x) <= allowed else {
        return "\(problem): lse[\(i)] is \(mine[1][i]), expected \(x)"
      }
    }
    for (i, x) in gold.o.enumerated() {
      // Exponentials of differences of LSEs of up to 30 or so, rounded in f32.
      let allowed =
        u * (64 + Double(problem.parts)) * magnitude[i] + abs(x) * output.unitRoundoff + 1e-7
      guard abs(mine[0][i] - x) <= allowed else {
        return "\(problem): o[\(i)] is \(mine[0][i]), expected \(x)"
      }
    }
    return nil
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is right for random parts, and repeats`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(41)
    for index in 0..<72 {
      let (dtype, output) = Self.kinds[index % 4]
      // Types decide whether rows are read as vectors, so that there is one kernel for each.
      let dv = dtype == .f16 ? random.pick([1, 3, 7, 30, 301]) : random.pick([4, 8, 64, 260])
      let problem = MergeProblem(
        parts: random.pick([1, 2, 3, 8, 40]), rows: random.pick([1, 5, 63, 64, 65, 200]),
        valueDim: dv, dtype: dtype, outputDType: output)
      let (o, lse) = try parts(problem, &random)
      let first = try run(problem, o, lse, on: context)
      if let fault = fault(problem, o, lse, first) { Issue.record("\(fault)") }
      let again = try run(problem, o, lse, on: context)
      #expect(again.outputs.map(\.bits) == first.outputs.map(\.bits), "not repeatable: \(problem)")
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `of rows without elements still gives LSE`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(42)
    for problem in [
      MergeProblem(parts: 3, rows: 9, valueDim: 0, dtype: .f32),
      MergeProblem(parts: 3, rows: 0, valueDim: 4, dtype: .f32),
    ] {
      let (o, lse) = try parts(problem, &random)
      let result = try run(problem, o, lse, on: context)
      if let fault = fault(problem, o, lse, result) { Issue.record("\(fault)") }
    }
  }

  @Test func `names what does not fit before anything is run`() throws {
    var capabilities = Capabilities(backend: .vulkan, kind: .gpu, name: "test")
    capabilities.maxBindingRange = 1 << 20
    func code(_ problem: MergeProblem) -> TesseraError.Code? {
      do throws(TesseraError) {
        _ = try MergePlanner.plan(problem, capabilities)
        return nil
      } catch { return error.code }
    }
    #expect(code(MergeProblem(parts: 0, rows: 1, valueDim: 1, dtype: .f32)) == .invalidArgument)
    #expect(code(MergeProblem(parts: 1, rows: 1, valueDim: 1, dtype: .i32)) == .invalidArgument)
    #expect(code(MergeProblem(parts: 2, rows: 1 << 16, valueDim: 4, dtype: .f32)) == .overLimit)
    capabilities.maxLoopIterations = 65535
    #expect(code(MergeProblem(parts: 40_000, rows: 1, valueDim: 1, dtype: .f32)) == .overLimit)
    #expect(code(MergeProblem(parts: 2, rows: 9, valueDim: 4, dtype: .f32)) == nil)
  }
}
