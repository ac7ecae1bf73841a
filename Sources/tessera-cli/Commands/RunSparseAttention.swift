import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run sparse-attention`
struct RunSparseAttention: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sparse-attention",
    abstract: "Attention over lists of key blocks, and with --backward its gradients",
    discussion: """
      Inputs: q [B, Nq, H, D], k [B, Nk, Hkv, D], v [B, Nk, Hkv, Dv], indices [B, Hl, R, W] with Hl 1, Hkv \
      or H and R = ⌈Nq / q-block⌉; optional counts [B, Hl, R] and sinks [H] (f32). Entries are a set; -1 and \
      entries outside the keys are ignored. Packed batches: q [Tq, H, D], k [Tk, Hkv, D], v [Tk, Hkv, Dv], \
      indices [Hl, R, W], counts [Hl, R] with cu_q and cu_k [B + 1]. Outputs: o, lse.

      With --backward: do, of the shape of o, and optional o and lse of an earlier forward pass, which \
      is run first without them. Outputs besides: dq, dk, dv and, with sinks, dsinks. Times are those of \
      the gradients alone.
      """)

  @OptionGroup var lists: BlockListCommandOptions
  @Flag(help: "Compute the gradients of Σ do·o.") var backward = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let tensors = try options.files.read(single: ["sinks", "lse"])
    let given = backward ? try GivenForward(tensors) : nil
    let inputs = try lists.inputs(tensors, output: given?.o?.dtype)
    let dO = backward ? try tensors.required("do") : nil
    let device = try options.device.open()
    let (q, k, v) = (
      try Tensor(inputs.q, on: device), try Tensor(inputs.k, on: device),
      try Tensor(inputs.v, on: device)
    )
    let list = BlockList(
      indices: try Tensor(inputs.indices, on: device),
      counts: try inputs.counts.map { counts throws(TesseraError) in try Tensor(counts, on: device) },
      queryBlock: lists.qBlock, keyBlock: lists.kvBlock)
    let attention = try lists.options(inputs, on: device)
    guard let given, let dO else {
      let plan = try device.preparedPlan(inputs.problem, lists.planned).plan
      try RunReport.run("sparse-attention", options: options, on: device, plan: plan) {
        () throws(TesseraError) in
        let result = try device.blockListAttentionWithLSE(q, k, v, lists: list, options: attention)
        return [("o", result.output), ("lse", result.logSumExp)]
      } verify: { results throws(TesseraError) in
        Verifier.blockListAttention(
          inputs, o: try results.required("o"), lse: try results.required("lse"))
      }
      return
    }
    let gradient = try Tensor(dO, on: device)
    let forward = try given.tensors(on: device) { () throws(TesseraError) in
      try device.blockListAttentionWithLSE(q, k, v, lists: list, options: attention)
    }
    let plan = try device.preparedBackwardPlan(inputs.problem, lists.planned).plan
    try RunReport.run(
      "sparse-attention-backward", options: options, on: device, plan: plan,
      forward: forward.ran ? try device.preparedPlan(inputs.problem, lists.planned).plan : nil,
      before: [("o", forward.o), ("lse", forward.lse)]
    ) { () throws(TesseraError) in
      let result = try device.blockListAttentionBackward(
        q, k, v, lists: list, output: forward.o, logSumExp: forward.lse, outputGradient: gradient,
        options: attention)
      let sinks = result.sinks.map { [("dsinks", $0)] } ?? []
      return [("dq", result.queries), ("dk", result.keys), ("dv", result.values)] + sinks
    } verify: { results throws(TesseraError) in
      Verifier.blockListAttention(
        inputs, o: try results.required("o"), lse: try results.required("lse")
      ).and(
        Verifier.blockListAttentionBackward(
          inputs, dO: dO, dQ: try results.required("dq"), dK: try results.required("dk"),
          dV: try results.required("dv"), dSinks: results["dsinks"]))
    }
  }
}
