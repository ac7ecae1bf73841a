import ArgumentParser
import Tessera

/// The options of a matrix product.
struct GEMMOptions: ParsableArguments {
  @Flag(help: "Use A transposed: a is [batch.., K, M].") var transposeA = false
  @Flag(help: "Use B transposed: b is [batch.., N, K].") var transposeB = false
  @Option(help: "Multiplies A·B.") var alpha: Float = 1
  @Option(help: "Multiplies C. Default: 1 if there is a c, else 0.") var beta: Float?
  @Option(help: "Applied last: none, relu, gelu, gelu-tanh or silu.") var activation: Activation = .none
  @Option(help: "Element type of the result. Default: that of a.") var outDtype: DType?

  /// Describes the product of these tensors.
  func problem(
    a: HostTensor, b: HostTensor, c: HostTensor?, bias: HostTensor?
  ) throws(TesseraError) -> GEMMProblem {
    try GEMMProblem(
      a: (a.shape, a.dtype), b: (b.shape, b.dtype), c: c.map { ($0.shape, $0.dtype) },
      bias: bias.map { ($0.shape, $0.dtype) }, transposeA: transposeA, transposeB: transposeB,
      alpha: alpha, beta: beta ?? (c == nil ? 0 : 1), activation: activation, output: outDtype)
  }
}
