import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run nsa`
struct RunNSA: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nsa",
    abstract: "Native sparse attention, and with --backward its gradients",
    discussion: """
      Inputs: q [B, Nq, H, D], k [B, Nk, Hkv, D], v [B, Nk, Hkv, Dv], gates [B, Nq, H, 3] after their sigmoid; \
      optional k_win and v_win of the window branch, compress_weights [Hkv, compress] (f32), or compressed \
      keys and values k_cmp [B, J, Hkv, D] and v_cmp. Outputs: o, o_cmp, o_slc, o_win, indices [B, Hkv, Nq, \
      top].

      With --backward: do, of the shape of o; the forward pass is run first. Outputs besides: dq, dk, dv, \
      dgates, and the gradients of k_win, v_win, k_cmp, v_cmp where they are given. Times are those of the \
      gradients alone.
      """)

  @OptionGroup var sizes: NSACommandOptions
  @Flag(help: "Compute the gradients of Σ do·o.") var backward = false
  @OptionGroup var options: RunOptions

  func run() throws {
    let inputs = try options.files.read(single: ["compress_weights"])
    let tensors = try sizes.tensors(inputs)
    let problem = tensors.problem
    let dO = backward ? try inputs.required("do") : nil
    let device = try options.device.open()
    let (q, k, v, gates) = (
      try Tensor(tensors.q, on: device), try Tensor(tensors.k, on: device),
      try Tensor(tensors.v, on: device), try Tensor(tensors.gates, on: device)
    )
    let nsa = try sizes.options(tensors, on: device)
    guard let dO else {
      try RunReport.run(
        "nsa", options: options, on: device, plan: try device.preparedPlan(problem).plan
      ) { () throws(TesseraError) in
        Self.named(try device.nativeSparseAttention(q, k, v, gates: gates, options: nsa))
      } verify: { results throws(TesseraError) in
        try Self.verify(tensors, results)
      }
      return
    }
    let gradient = try Tensor(dO, on: device)
    let forward = try device.nativeSparseAttention(q, k, v, gates: gates, options: nsa)
    try RunReport.run(
      "nsa-backward", options: options, on: device,
      plan: try device.preparedBackwardPlan(problem).plan,
      forward: try device.preparedPlan(problem).plan, before: Self.named(forward)
    ) { () throws(TesseraError) in
      let result = try device.nativeSparseAttentionBackward(
        q, k, v, gates: gates, result: forward, outputGradient: gradient, options: nsa)
      var named = [
        ("dq", result.queries), ("dk", result.keys), ("dv", result.values), ("dgates", result.gates),
      ]
      if let own = result.window { named += [("dk_win", own.keys), ("dv_win", own.values)] }
      if let own = result.compressed { named += [("dk_cmp", own.keys), ("dv_cmp", own.values)] }
      return named
    } verify: { results throws(TesseraError) in
      let lists = try results.required("indices").values(as: Int32.self) ?? []
      return try Self.verify(tensors, results).and(
        Verifier.nsaBackward(
          tensors, lists: lists.map(Int.init), dO: dO, dQ: try results.required("dq"),
          dK: try results.required("dk"), dV: try results.required("dv"),
          dGates: try results.required("dgates"),
          more: ["dk_win", "dv_win", "dk_cmp", "dv_cmp"].compactMap { results[$0] }))
    }
  }

  private static func named(_ result: NSAResult) -> [(name: String, tensor: Tensor)] {
    [("o", result.output), ("o_cmp", result.compressed), ("o_slc", result.selected)]
      + (result.window.map { [("o_win", $0)] } ?? []) + [("indices", result.lists.indices)]
  }

  private static func verify(
    _ tensors: NSATensors, _ results: [String: HostTensor]
  ) throws(TesseraError) -> Verification {
    Verifier.nsa(
      tensors,
      .init(
        o: try results.required("o"), compressed: try results.required("o_cmp"),
        selected: try results.required("o_slc"), window: results["o_win"],
        indices: try results.required("indices")))
  }
}
