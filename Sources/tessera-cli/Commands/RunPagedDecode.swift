import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run paged-decode`
struct RunPagedDecode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paged-decode",
    abstract: "Attention of new tokens over a paged cache",
    discussion: """
      Inputs: q [B, H, D] or [B, Nq, H, D], k_pages [P, page, Hkv, D], v_pages [P, page, Hkv, Dv], \
      block_table [B, maxPages], lengths [B] (the new tokens included); optional indices [B, Hl, W] with Hl \
      1, Hkv or H, counts [B, Hl] and sinks [H] (f32). Outputs: o, lse.
      """)

  @Option(help: "Positions that one entry of indices names. Default: the page size.") var kvBlock: Int?
  @Option(help: "Workgroups that share a sequence's keys: auto or a number.") var splits = "auto"
  @Option(help: "Caps the scores: c·tanh(score/c).") var softCap: Float?
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?
  @OptionGroup var options: RunOptions

  func validate() throws {
    guard splits == "auto" || Int(splits) != nil else {
      throw ValidationError("--splits: got \"\(splits)\", allowed auto or a number")
    }
  }

  func run() throws {
    let inputs = try self.inputs(try options.files.read(single: ["sinks"]))
    let device = try options.device.open()
    func tensor(_ host: HostTensor?) throws(TesseraError) -> Tensor? {
      guard let host else { return nil }
      return try Tensor(host, on: device)
    }
    let q = try Tensor(inputs.q, on: device)
    let cache = PagedCache(
      keys: try Tensor(inputs.k, on: device), values: try Tensor(inputs.v, on: device),
      blockTable: try Tensor(inputs.blockTable, on: device),
      lengths: try Tensor(inputs.lengths, on: device))
    let paged = PagedOptions(
      indices: try tensor(inputs.indices), counts: try tensor(inputs.counts), keyBlock: kvBlock,
      sinks: try tensor(inputs.sinks), softCap: softCap, scale: scale, splits: Int(splits))
    let plan = try device.preparedPlan(inputs.problem).plan
    try RunReport.run("paged-decode", options: options, on: device, plan: plan) {
      () throws(TesseraError) in
      let result = try device.pagedAttentionWithLSE(q, cache, options: paged)
      return [("o", result.output), ("lse", result.logSumExp)]
    } verify: { results throws(TesseraError) in
      Verifier.pagedAttention(
        inputs, o: try results.required("o"), lse: try results.required("lse"))
    }
  }

  private func inputs(_ tensors: [String: HostTensor]) throws(TesseraError) -> PagedTensors {
    let (q, k, v) = (
      try tensors.required("q"), try tensors.required("k_pages"), try tensors.required("v_pages")
    )
    _ = (try tensors.required("block_table"), try tensors.required("lengths"))
    guard let table = try tensors.integers("block_table"),
      let lengths = try tensors.integers("lengths")
    else { throw .invalidArgument("inputs", got: "none", allowed: "block_table and lengths") }
    let (indices, counts) = (try tensors.integers("indices"), try tensors.integers("counts"))
    let sinks = tensors["sinks"]
    let problem = try PagedProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      blockTable: (table.shape, table.dtype), lengths: (lengths.shape, lengths.dtype),
      indices: indices.map { ($0.shape, $0.dtype) }, counts: counts.map { ($0.shape, $0.dtype) },
      keyBlock: kvBlock, sinks: sinks.map { ($0.shape, $0.dtype) }, softCap: softCap, scale: scale,
      splits: Int(splits))
    return PagedTensors(
      problem, q: q, k: k, v: v, blockTable: table, lengths: lengths, indices: indices,
      counts: counts, sinks: sinks)
  }
}
