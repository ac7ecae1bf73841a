import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run gemm`
struct RunGEMM: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm",
    abstract: "D = act(alpha · op(A)·op(B) + beta · C + bias)",
    discussion: """
      Inputs: a [batch.., M, K], b [batch.., K, N], optional c [batch.., M, N] and bias [N] or [M, 1]. \
      Batch axes broadcast. Output: d.
      """)

  @OptionGroup var gemm: GEMMOptions
  @OptionGroup var options: RunOptions

  func run() throws {
    let inputs = try options.files.read()
    let (a, b) = (try inputs.required("a"), try inputs.required("b"))
    let (c, bias) = (inputs["c"], inputs["bias"])
    let problem = try gemm.problem(a: a, b: b, c: c, bias: bias)
    let device = try options.device.open()
    let prepared = try device.preparedPlan(problem)
    let (aTensor, bTensor) = (try Tensor(a, on: device), try Tensor(b, on: device))
    let cTensor = try c.map { try Tensor($0, on: device) }
    let biasTensor = try bias.map { try Tensor($0, on: device) }
    try RunReport.run("gemm", options: options, on: device, plan: prepared.plan) {
      () throws(TesseraError) in
      let d = try device.gemm(
        aTensor, bTensor, transposeA: gemm.transposeA, transposeB: gemm.transposeB,
        epilogue: GEMMEpilogue(
          alpha: problem.alpha, beta: problem.beta, c: cTensor, bias: biasTensor,
          activation: problem.activation),
        output: problem.d.dtype)
      return [("d", d)]
    } verify: { results throws(TesseraError) in
      Verifier.gemm(problem, a: a, b: b, c: c, bias: bias, d: try results.required("d"))
    }
  }
}
