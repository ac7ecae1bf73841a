package import Tessera
package import TesseraCore
package import TesseraKernels
import TesseraReference

/// Codes of vectors, or vectors of codes.
package struct QuantizeCase: ConformanceCase {
  package let problem: QuantizationProblem
  /// Elements, or codes and parameters.
  private let tensors: [HostTensor]

  init(_ variant: ConformanceVariant, _ random: inout SeededRandom) throws(TesseraError) {
    var variant = variant
    let dtype = variant.dtype
    let parameters = variant.pick([nil, nil, DType.f16, .bf16, .f32])
    // Kernels for parameters per channel and for others, by turns.
    let perChannel = variant.index % 3 == 1
    let dim = variant.pick([64, 128, 8, 16, 40, 72, 256])
    let tokens = perChannel ? random.pick([16, 64, 1, 5, 130]) : random.pick([1, 1, 1, 4])
    let channels: Int? =
      perChannel ? 1 : random.pick([nil, nil, dim % 16 == 0 ? dim / 2 : 8, 8])
    let format = QuantizationFormat(
      random.pick([.int8, .int4]), tokens: tokens, channels: channels, parameters: parameters)
    let lead = random.pick([[], [random.integer(in: 0...3)], [2, 1]])
    let shape =
      lead + [tokens * random.integer(in: 0...7), random.integer(in: 1...5), dim]
    let decoding = variant.index % 2 == 1
    let all = try Shape(shape)
    problem = try QuantizationProblem(x: (all, dtype), format, decoding: decoding)
    if decoding {
      tensors = try Self.codes(problem.storage, shape, &random)
    } else {
      tensors = [
        try HostTensor(rounding: Self.elements(all, &random), to: dtype, shape: all)
      ]
    }
  }

  /// Normal vectors; some constant, far from zero, tiny, huge, or with one element far from the others.
  private static func elements(_ shape: Shape, _ random: inout SeededRandom) -> [Float] {
    var values = random.normals(shape.elementCount)
    let dim = shape[-1]
    for start in stride(from: 0, to: values.count, by: dim) {
      let range = start..<(start + dim)
      switch random.integer(in: 0...9) {
      case 0: for i in range { values[i] = values[start] }
      case 1: for i in range { values[i] = 100 + values[i] / 64 }
      case 2: for i in range { values[i] *= 0x1p-20 }
      case 3: for i in range { values[i] *= 4096 }
      case 4: values[random.integer(in: start...(start + dim - 1))] = -60000
      case 5: for i in range { values[i] = 0 }
      default: break
      }
    }
    return values
  }

  /// Codes of vectors `dimensions` that spread about as normal values, and parameters; some groups constant.
  static func codes(
    _ storage: VectorStorage, _ dimensions: [Int], _ random: inout SeededRandom
  ) throws(TesseraError) -> [HostTensor] {
    let dim = dimensions[dimensions.count - 1]
    let shape = try Shape(Array(dimensions.dropLast()) + [storage.codes(of: dim)])
    let bytes = (0..<shape.elementCount).map { _ in UInt8(random.integer(in: 0...255)) }
    let groups = try Shape(storage.parameterDimensions(dimensions))
    let levels: Float = storage.format?.bits == 4 ? 15 : 255
    let pairs = (0..<(groups.elementCount / 2)).flatMap { _ -> [Float] in
      let width: Float = random.once(in: 12) ? 0 : 3.4 * Float(random.integer(in: 2...6)) / 4
      return [width / levels, -width / 2 + Float(random.integer(in: -2...2)) / 8]
    }
    return [
      try HostTensor(bytes, shape: shape),
      try HostTensor(rounding: pairs, to: storage.parameterDType, shape: groups),
    ]
  }

  package var inputs: [HostTensor?] { tensors }

  package func outputs() throws(TesseraError) -> [ConformanceOutput?] {
    guard !problem.decoding else {
      return [try ConformanceOutput(problem.dtype, problem.dimensions)]
    }
    return [
      try ConformanceOutput(.u8, problem.codeDimensions),
      try ConformanceOutput(problem.storage.parameterDType, problem.parameterDimensions),
    ]
  }

  package var summary: String { "\(problem)" }

  package func prepare(on device: Device) throws(TesseraError) -> PreparedPlan {
    try device.preparedPlan(problem)
  }

  package func verify(_ results: [HostTensor]) throws(TesseraError) -> Verification {
    problem.decoding
      ? Verifier.dequantization(problem, codes: tensors[0], parameters: tensors[1], x: results[0])
      : Verifier.quantization(
        problem, x: tensors[0], codes: results[0], parameters: results[1])
  }
}
