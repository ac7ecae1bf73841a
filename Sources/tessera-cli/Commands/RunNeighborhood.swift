import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run na`
struct RunNeighborhood: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "na",
    abstract: "Neighborhood attention over one to three token axes",
    discussion: """
      Inputs: q [B, X.., H, D], k [B, X.., Hkv, D], v [B, X.., Hkv, Dv], optional extra_k [B, E, Hkv, D] \
      and extra_v [B, E, Hkv, Dv]. One value of --window, --stride, --dilation or --causal serves all \
      axes. Outputs: o, lse.
      """)

  @OptionGroup var na: NeighborhoodOptions
  @OptionGroup var options: RunOptions

  func run() throws {
    let inputs = try options.files.read()
    let (q, k, v) = (
      try inputs.required("q"), try inputs.required("k"), try inputs.required("v")
    )
    let (extraK, extraV) = (inputs["extra_k"], inputs["extra_v"])
    let problem = try na.problem(q: q, k: k, v: v, extraK: extraK, extraV: extraV)
    let device = try options.device.open()
    let prepared = try device.preparedPlan(problem)
    let tensors = try [q, k, v].map { try Tensor($0, on: device) }
    let extra = try [extraK, extraV].map { try $0.map { try Tensor($0, on: device) } }
    try RunReport.run("na", options: options, on: device, plan: prepared.plan) {
      () throws(TesseraError) in
      let result = try device.neighborhoodAttentionWithLSE(
        tensors[0], tensors[1], tensors[2], window: na.window.values, stride: na.stride.values,
        dilation: na.dilation.values, causal: na.causalFlags, scale: na.scale, extraKeys: extra[0],
        extraValues: extra[1])
      return [("o", result.output), ("lse", result.logSumExp)]
    } verify: { results throws(TesseraError) in
      try Verifier.neighborhoodAttention(
        problem, q: q, k: k, v: v, extraK: extraK, extraV: extraV, o: try results.required("o"),
        lse: try results.required("lse"))
    }
  }
}
