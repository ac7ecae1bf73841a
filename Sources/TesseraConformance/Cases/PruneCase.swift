package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Vectors packed with their largest elements, or packed ones made whole.
package struct PruneCase: ConformanceCase {
  package let problem: PruningProblem
  /// x, or bitmaps, offsets and values.
  private let tensors: [HostTensor]

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    let shape = try Shape([
      random.pick([1, 1, 2, 0]), 64 * random.integer(in: 0...2), random.integer(in: 1...3),
      [64, 128, 64, 192][variant.index % 4],
    ])
    let format = PruningFormat(
      variant.index / 2 % 2 == 0 ? .keys : .values, sparsity: Self.sparsity(&random))
    let unpacking = variant.index % 2 == 1
    problem = try PruningProblem(x: (shape, variant.dtype), format, unpacking: unpacking)
    let x = try Self.vectors(shape, variant.dtype, &random)
    tensors = unpacking ? try PrunedTensors.packed(problem, x) : [x]
  }

  static func sparsity(_ random: inout SeededRandom) -> Double {
    random.pick([0.7, 0.7, 0.5, 0, 0.001, 0.9, 1])
  }

  /// Normal values, of which some vectors have many equal magnitudes, zeros, or a large channel.
  /// - Parameter outlier: that channel's value.
  static func vectors(
    _ shape: Shape, _ dtype: DType, _ random: inout SeededRandom, outlier: Float = -300
  ) throws(TesseraError) -> HostTensor {
    var values = random.normals(shape.elementCount)
    for start in stride(from: 0, to: values.count, by: shape[-1]) {
      let range = start..<(start + shape[-1])
      switch random.integer(in: 0...9) {
      case 0: for i in range { values[i] = Float(random.pick([-1, 1, 1, 2])) }
      case 1: for i in range { values[i] = 0 }
      case 2: for i in range { values[i] *= 0x1p-16 }
      case 3: values[start + 5] = outlier
      default: break
      }
    }
    return try HostTensor(rounding: values, to: dtype, shape: shape)
  }

  package var inputs: [HostTensor?] { tensors }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    guard !problem.unpacking else {
      return [try ConformanceOutput(problem.dtype, problem.dimensions)]
    }
    return [
      try ConformanceOutput(.u64, problem.bitmapDimensions),
      try ConformanceOutput(.i32, problem.offsetDimensions),
      try ConformanceOutput(problem.dtype, problem.valueDimensions),
    ]
  }

  package var summary: String { "\(problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    problem.unpacking
      ? Verifier.unpruning(
        problem, bitmaps: tensors[0], offsets: tensors[1], values: tensors[2], x: results[0])
      : Verifier.pruning(
        problem, x: tensors[0], bitmaps: results[0], offsets: results[1], values: results[2])
  }
}
