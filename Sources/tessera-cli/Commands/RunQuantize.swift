import ArgumentParser
import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels

/// `tessera run quantize`
struct RunQuantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize",
    abstract: "Keys or values as codes of 8 or 4 bits with a scale and a zero per group",
    discussion: """
      Input: x [.., N, H, D], D a multiple of 8; pages [P, page, Hkv, D] of a cache, for example. Outputs: \
      codes [.., N, H, D] (u8), of int4 [.., N, H, D/2] with the even channel in a byte's low half, and \
      parameters [.., N/tokens, H, D/channels, 2], scale before zero: x = code · scale + zero, within half \
      a scale.
      """)

  @OptionGroup var quantization: QuantizationOptions
  @OptionGroup var options: RunOptions

  func run() throws {
    let x = try options.files.read().required("x")
    let problem = try QuantizationProblem(
      x: (x.shape, x.dtype), quantization.format, decoding: false)
    let device = try options.device.open()
    let tensor = try Tensor(x, on: device)
    try RunReport.run(
      "quantize", options: options, on: device, plan: try device.preparedPlan(problem).plan
    ) { () throws(TesseraError) in
      let result = try device.quantize(tensor, quantization.format)
      return [("codes", result.codes), ("parameters", result.parameters)]
    } verify: { results throws(TesseraError) in
      Verifier.quantization(
        problem, x: x, codes: try results.required("codes"),
        parameters: try results.required("parameters"))
    }
  }
}

/// `tessera run dequantize`
struct RunDequantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dequantize",
    abstract: "The elements that codes stand for",
    discussion: """
      Inputs: codes and parameters as tessera run quantize writes them; groups follow from the shapes. \
      Output: x [.., N, H, D].
      """)

  @Option(help: "Code of an element: int8 or int4.") var code = QuantizationFormat.Code.int8
  @Option(help: "Type of the result. Default: that of the parameters.") var output: DType?
  @OptionGroup var options: RunOptions

  func run() throws {
    let tensors = try options.files.read()
    let (codes, parameters) = (
      try tensors.required("codes"), try tensors.required("parameters")
    )
    let format = try QuantizationFormat(code, codes: codes, parameters: parameters, "input")
    let problem = try QuantizationProblem(
      codes: (codes.shape, codes.dtype), parameters: (parameters.shape, parameters.dtype), format,
      as: output ?? parameters.dtype)
    let device = try options.device.open()
    let quantized = QuantizedTensor(
      format: format, codes: try Tensor(codes, on: device),
      parameters: try Tensor(parameters, on: device))
    try RunReport.run(
      "dequantize", options: options, on: device, plan: try device.preparedPlan(problem).plan
    ) { () throws(TesseraError) in
      [("x", try device.dequantize(quantized, as: problem.dtype))]
    } verify: { results throws(TesseraError) in
      Verifier.dequantization(
        problem, codes: codes, parameters: parameters, x: try results.required("x"))
    }
  }
}
