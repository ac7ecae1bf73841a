import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run attention`
struct RunAttention: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attention",
    abstract: "Dense attention, and with --backward its gradients",
    discussion: """
      Inputs: q [B, Nq, H, D], k [B, Nk, Hkv, D], v [B, Nk, Hkv, Dv], optional alibi [H] (slopes, f32). \
      Packed batches: q [Tq, H, D], k [Tk, Hkv, D], v [Tk, Hkv, Dv] with cu_q and cu_k [B + 1], the \
      cumulative lengths. Outputs: o, lse.

      With --backward: do, of the shape of o, and optional o and lse of an earlier forward pass, which \
      is run first without them. Outputs besides: dq, dk, dv. Times are those of the gradients alone.
      """)

  @OptionGroup var dense: DenseAttentionOptions
  @Flag(help: "Compute the gradients of Σ do·o.") var backward = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let tensors = try options.files.read(single: ["alibi", "lse"])
    let given = backward ? try GivenForward(tensors) : nil
    let inputs = try dense.inputs(tensors, output: given?.o?.dtype)
    let dO = backward ? try tensors.required("do") : nil
    let device = try options.device.open()
    let (q, k, v) = (
      try Tensor(inputs.q, on: device), try Tensor(inputs.k, on: device),
      try Tensor(inputs.v, on: device)
    )
    let attention = try dense.options(inputs, on: device)
    guard let given, let dO else {
      let plan = try device.preparedPlan(inputs.problem).plan
      try RunReport.run("attention", options: options, on: device, plan: plan) {
        () throws(TesseraError) in
        let result = try device.attentionWithLSE(q, k, v, options: attention)
        return [("o", result.output), ("lse", result.logSumExp)]
      } verify: { results throws(TesseraError) in
        Verifier.attention(inputs, o: try results.required("o"), lse: try results.required("lse"))
      }
      return
    }
    let gradient = try Tensor(dO, on: device)
    let forward = try given.tensors(on: device) { () throws(TesseraError) in
      try device.attentionWithLSE(q, k, v, options: attention)
    }
    let plan = try device.preparedBackwardPlan(inputs.problem).plan
    try RunReport.run(
      "attention-backward", options: options, on: device, plan: plan,
      forward: forward.ran ? try device.preparedPlan(inputs.problem).plan : nil,
      before: [("o", forward.o), ("lse", forward.lse)]
    ) { () throws(TesseraError) in
      let result = try device.attentionBackward(
        q, k, v, output: forward.o, logSumExp: forward.lse, outputGradient: gradient,
        options: attention)
      return [("dq", result.queries), ("dk", result.keys), ("dv", result.values)]
    } verify: { results throws(TesseraError) in
      Verifier.attention(inputs, o: try results.required("o"), lse: try results.required("lse"))
        .and(
          Verifier.attentionBackward(
            inputs, dO: dO, dQ: try results.required("dq"), dK: try results.required("dk"),
            dV: try results.required("dv")))
    }
  }
}
