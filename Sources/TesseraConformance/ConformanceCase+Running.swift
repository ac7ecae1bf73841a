import Tessera
import TesseraCore
import TesseraKernels
import TesseraReference

extension ConformanceCase {
  /// The inputs in the plan's operand order; nil where there is none.
  var inputs: [HostTensor?] {
    switch self {
    case .gemm(let problem, let a, let b, let c, let bias): [a, b, problem.c == nil ? nil : c, bias]
    case .neighborhood(_, let q, let k, let v, let extraK, let extraV): [q, k, v, extraK, extraV, nil, nil]
    }
  }

  /// Types and shapes of the outputs, in the plan's operand order after the inputs.
  var outputs: [(dtype: DType, shape: Shape)] {
    switch self {
    case .gemm(let problem, _, _, _, _):
      [(problem.d.dtype, shape(problem.outputDimensions))]
    case .neighborhood(let problem, _, _, _, _, _):
      [
        (problem.outputDType, shape(problem.outputDimensions)), (.f32, shape(problem.lseDimensions)),
      ]
    }
  }

  /// The problem in one line, for failures.
  package var summary: String {
    switch self {
    case .gemm(let problem, _, _, _, _): "\(problem)"
    case .neighborhood(let problem, _, _, _, _, _): "\(problem)"
    }
  }

  func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    switch self {
    case .gemm(let problem, _, _, _, _): try device.preparedPlan(problem)
    case .neighborhood(let problem, _, _, _, _, _): try device.preparedPlan(problem)
    }
  }

  func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    switch self {
    case .gemm(let problem, let a, let b, let c, let bias):
      Verifier.gemm(problem, a: a, b: b, c: problem.c == nil ? nil : c, bias: bias, d: results[0])
    case .neighborhood(let problem, let q, let k, let v, let extraK, let extraV):
      try Verifier.neighborhoodAttention(
        problem, q: q, k: k, v: v, extraK: extraK, extraV: extraV, o: results[0], lse: results[1])
    }
  }

  /// A verification that stands for a failure found before the values were judged.
  var failed: Verification {
    var result = Verification([])
    result.passed = false
    return result
  }

  private func shape(_ dimensions: [Int]) -> Shape {
    // The problem has checked these extents when it was made.
    (try? Shape(dimensions)) ?? []
  }
}

extension HostTensor {
  /// Whether type, shape and every bit are equal.
  func bytesEqual(_ other: HostTensor) -> Bool {
    dtype == other.dtype && shape == other.shape
      && withUnsafeBytes { left in other.withUnsafeBytes { left.elementsEqual($0) } }
  }
}
