package import Tessera
package import TesseraCore
import TesseraHAL
package import TesseraKernels
import TesseraReference

/// A matrix product with every part of its epilogue.
package struct GEMMCase: ConformanceCase {
  package let problem: GEMMProblem
  package let a: HostTensor
  package let b: HostTensor
  package let c: HostTensor?
  package let bias: HostTensor?
  private let variantIndex: Int

  init(_ given: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    var variant = given
    variantIndex = given.index
    let extents = ConformanceVariant.extents
    var (m, n, k) = (random.pick(extents), random.pick(extents), random.pick(extents))
    // Now and then one long axis: many key tiles, or a long sum.
    switch random.integer(in: 0...19) {
    case 0: k = random.integer(in: 200...3000)
    case 1: m = random.integer(in: 200...600)
    case 2: n = random.integer(in: 200...600)
    default: break
    }
    if m * n * k > 4_000_000 { (m, n) = (min(m, 33), min(n, 33)) }
    // Rows of whole 16 bytes, which tensor cores ask for, in three of four; of B and D alone in some.
    if variant.index % 4 != 3 { (n, k) = ((n + 7) & ~7, (k + 7) & ~7) }
    if variant.index % 8 < 3 { m = (m + 7) & ~7 }
    let (transposeA, transposeB) = (variant.index & 1 == 1, variant.index & 2 == 2)
    let batch = random.pick([[], [], [], [1], [3], [2, 2], [2, 1, 3]] as [[Int]])
    func operandBatch(_ random: inout SeededRandom) -> [Int] {
      switch random.integer(in: 0...3) {
      case 0: []
      case 1: batch.map { _ in 1 }
      default: batch
      }
    }
    // Mostly one type for A and B, as in practice; sometimes every operand its own.
    let mixed = variant.index % 4 == 3
    func type() -> DType { mixed ? variant.pick(GEMMProblem.dtypes) : variant.dtype }
    // Sums of small integers are exact: any difference at all is a structural mistake.
    let exact = variant.index % 6 == 0
    func tensor(_ dimensions: [Int], _ random: inout SeededRandom) throws(TesseraError) -> HostTensor {
      let shape = try Shape(dimensions)
      let values =
        exact
        ? random.integers(shape.elementCount, in: -2...2, nonZero: true)
        : random.normals(shape.elementCount)
      return try HostTensor(rounding: values, to: type(), shape: shape)
    }
    a = try tensor(operandBatch(&random) + (transposeA ? [k, m] : [m, k]), &random)
    b = try tensor(operandBatch(&random) + (transposeB ? [n, k] : [k, n]), &random)
    let hasC = variant.index % 5 < 2
    // C must broadcast to the batch of A and B, which may be smaller than `batch`.
    c = hasC ? try tensor([m, n], &random) : nil
    bias =
      switch variant.index % 7 {
      case 0, 1: try tensor([n], &random)
      case 2, 3: try tensor([m, 1], &random)
      default: nil
      }
    problem = try GEMMProblem(
      a: (a.shape, a.dtype), b: (b.shape, b.dtype), c: c.map { ($0.shape, $0.dtype) },
      bias: bias.map { ($0.shape, $0.dtype) }, transposeA: transposeA, transposeB: transposeB,
      alpha: exact ? 1 : random.pick([1, 1, -0.5, 1.7]),
      beta: hasC ? random.pick([0, 1, exact ? 2 : -0.75]) : 0,
      activation: exact ? .none : variant.pick(Activation.allCases + [.none, .none]),
      output: variant.pick([nil, .f32, type()]))
  }

  package var inputs: [HostTensor?] { [a, b, problem.c == nil ? nil : c, bias] }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    [try ConformanceOutput(problem.d.dtype, problem.outputDimensions)]
  }

  package var summary: String { "\(problem)" }

  /// Takes the planner's choice in one variant of five, else a form of one of the tiers of tensor-core
  /// kernels, each in turn, where the device has them and the problem is for them.
  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    let tier = TensorTier.allCases[variantIndex / 2 % TensorTier.allCases.count]
    let forms = GEMMPlanner.forms(
      of: tier, problem, device.context.capabilities, splits: 1 + variantIndex % 3)
    guard variantIndex % 5 != 4, !forms.isEmpty else { return try device.preparedPlan(problem) }
    return try PlanExecutor.prepare(forms[variantIndex % forms.count], on: device.context)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    Verifier.gemm(problem, a: a, b: b, c: problem.c == nil ? nil : c, bias: bias, d: results[0])
  }
}
