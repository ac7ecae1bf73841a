import Foundation
import Tessera
import TesseraConformance
import Testing

/// Random problems against the f64 oracle, in guarded memory, twice for equal bits. The same run as
/// `tessera selftest`. `TESSERA_CONFORMANCE_COUNT` sets how many per operator and back-end.
@Suite("Conformance") struct ConformanceTests {
  static let count = UInt64(ProcessInfo.processInfo.environment["TESSERA_CONFORMANCE_COUNT"] ?? "") ?? 300

  @Test(arguments: Devices.backends, ConformanceOperator.allCases)
  func `random problems agree with the oracle`(
    backend: BackendKind, operation: ConformanceOperator
  ) throws {
    let device = try Devices.first(backend)
    // Twelve: every element type with every transpose. Software drivers take seconds per kernel.
    let report = ConformanceRunner.run(
      operation, seeds: 1..<(1 + Self.count), on: device, variants: 12)
    #expect(report.problems == Int(Self.count))
    for failure in report.failures.prefix(5) {
      Issue.record("seed \(failure.seed): \(failure.reason)\n\(failure.problem)")
    }
    #expect(report.failures.isEmpty)
    print(
      "\(device.info.id) \(operation.rawValue): \(report.problems) problems, largest error "
        + "\(report.worstRatio) of its bound (seed \(report.worstRatioSeed))")
  }

  @Test func `a wrong result, a skipped element and an overrun would be seen`() throws {
    let device = try Devices.first(.cpu)
    let testCase = try #require(try ConformanceOperator.gemm.makeCase(seed: 7) as? GEMMCase)
    let (good, complaint) = try ConformanceRunner.check(testCase, on: device)
    #expect(good.passed && complaint == nil)
    let (problem, a, b) = (testCase.problem, testCase.a, testCase.b)
    let (c, bias) = (testCase.c, testCase.bias)
    let reference = try Device("cpu").gemmForTest(problem, a, b, c, bias)
    for index in [0, reference.count / 2, reference.count - 1] {
      var wrong = reference
      wrong[index] = wrong[index] * 1.01 + 0.01
      let verification = Verifier.gemm(
        problem, a: a, b: b, c: c, bias: bias,
        d: try HostTensor(rounding: wrong, to: problem.d.dtype, shape: try Shape(problem.outputDimensions)))
      #expect(!verification.passed, "element \(index)")
      wrong[index] = .nan
      let unwritten = Verifier.gemm(
        problem, a: a, b: b, c: c, bias: bias,
        d: try HostTensor(rounding: wrong, to: problem.d.dtype, shape: try Shape(problem.outputDimensions)))
      #expect(!unwritten.passed, "element \(index)")
    }
    // One byte past the end of guarded memory.
    let memory = try GuardedMemory(byteCount: 64, on: device.context)
    #expect(try memory.guardsIntact())
    var past = memory.range
    past.offset += 64
    past.byteCount = 1
    try [UInt8(0)].withUnsafeBufferPointer { bytes throws(TesseraError) in
      try device.context.write(UnsafeRawBufferPointer(bytes), to: past)
    }
    #expect(try !memory.guardsIntact())
  }
}

extension Device {
  /// The product as floats, by the public operator.
  fileprivate func gemmForTest(
    _ problem: GEMMProblem, _ a: HostTensor, _ b: HostTensor, _ c: HostTensor?, _ bias: HostTensor?
  ) throws -> [Float] {
    try gemm(
      Tensor(a, on: self), Tensor(b, on: self), transposeA: problem.transposeA,
      transposeB: problem.transposeB,
      epilogue: GEMMEpilogue(
        alpha: problem.alpha, beta: problem.beta, c: c.map { try Tensor($0, on: self) },
        bias: bias.map { try Tensor($0, on: self) }, activation: problem.activation),
      output: problem.d.dtype
    ).floats()
  }
}
