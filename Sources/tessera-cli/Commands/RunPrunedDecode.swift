import ArgumentParser
import Tessera
import TesseraConformance
import TesseraCore
import TesseraKernels

/// `tessera run pruned-decode`
struct RunPrunedDecode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pruned-decode",
    abstract: "Attention of one new token over keys and values with their largest elements alone",
    discussion: """
      Inputs: q [B, H, D]; k_bitmaps, k_offsets, k_values and v_bitmaps, v_offsets, v_values as tessera run \
      prune writes them; optional recent_k [B, R, Hkv, D] and recent_v [B, R, Hkv, Dv], whole tokens behind \
      the packed ones. Outputs: o [B, H, Dv], lse [B, H].
      """)

  @Option(help: "Share of the elements of a key that went, as it was packed.") var kSparsity = 0.7
  @Option(help: "The same of values.") var vSparsity = 0.7
  @Option(help: "Workgroups that share a sequence's blocks: auto or a number.") var splits = "auto"
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard splits == "auto" || Int(splits) != nil else {
      throw ValidationError("--splits: got \"\(splits)\", allowed auto or a number")
    }
  }

  func run() throws {
    let tensors = try options.files.read()
    let device = try options.device.open()
    let q = try tensors.required("q")
    let keys = try PrunedInput(
      PruningFormat(.keys, sparsity: kSparsity), tensors, "k_", on: device)
    let values = try PrunedInput(
      PruningFormat(.values, sparsity: vSparsity), tensors, "v_", on: device)
    let (recentK, recentV) = (tensors["recent_k"], tensors["recent_v"])
    let problem = try PrunedAttentionProblem(
      q: (q.shape, q.dtype), keys: keys.problem, values: values.problem,
      recentKeys: recentK.map { ($0.shape, $0.dtype) },
      recentValues: recentV.map { ($0.shape, $0.dtype) }, scale: scale, splits: Int(splits))
    let inputs = try PrunedTensors(
      problem, q: q, keys: keys.host, values: values.host, recentKeys: recentK,
      recentValues: recentV)
    let query = try Tensor(q, on: device)
    var recent: (keys: Tensor, values: Tensor)?
    if let recentK, let recentV {
      recent = (try Tensor(recentK, on: device), try Tensor(recentV, on: device))
    }
    try RunReport.run(
      "pruned-decode", options: options, on: device, plan: try device.preparedPlan(problem).plan
    ) { () throws(TesseraError) in
      let result = try device.prunedAttention(
        query, keys: keys.tensor, values: values.tensor, recent: recent, scale: scale,
        splits: Int(splits))
      return [("o", result.output), ("lse", result.logSumExp)]
    } verify: { results throws(TesseraError) in
      Verifier.prunedAttention(
        inputs, o: try results.required("o"), lse: try results.required("lse"))
    }
  }
}
