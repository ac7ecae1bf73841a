import CTesseraSIMD
import TesseraCore

extension VectorStorage {
  /// The number kernels know a tensor of vectors by: 0 f32, 1 f16, 2 bf16, 3 codes of 8 bits, 4 of 4.
  var kernelCode: Int {
    switch format?.code {
    case .int4: 4
    case .int8, .fp8: 3
    case nil: dtype.kernelCode
    }
  }

  /// The same for the loops of the CPU.
  var codes: tessera_codes {
    tessera_codes(
      type: Int32(kernelCode), channels: Int32(channels), tokens: Int32(tokens),
      parameters_type: Int32(parameterDType.kernelCode))
  }
}
