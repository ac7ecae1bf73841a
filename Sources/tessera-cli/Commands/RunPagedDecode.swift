import ArgumentParser
import Tessera
import TesseraConformance
import TesseraCore
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

      q and the pages each have a type of their own. Pages of codes, as tessera run quantize writes them,       come with k_parameters or v_parameters.
      """)

  @Option(help: "Positions that one entry of indices names. Default: the page size.") var kvBlock: Int?
  @Option(help: "Workgroups that share a sequence's keys: auto or a number.") var splits = "auto"
  @Option(help: "With k_parameters: the code of an element of k_pages, int8 or int4.")
  var kCode = QuantizationFormat.Code.int8
  @Option(help: "With v_parameters: the code of an element of v_pages.")
  var vCode = QuantizationFormat.Code.int8
  @Option(help: "Caps the scores: c·tanh(score/c).") var softCap: Float?
  @Option(help: "Multiplies the scores. Default: D^-0.5.") var scale: Float?
  @Option(
    help: "About what the largest scores are: weights need no running maximum then, for the same result.")
  var unifiedMaximum: Float?
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
    func pages(
      _ main: HostTensor, _ parameters: HostTensor?, _ storage: VectorStorage
    ) throws(TesseraError) -> PagedCache.Pages {
      let main = try Tensor(main, on: device)
      guard let format = storage.format, let parameters = try tensor(parameters) else {
        return .elements(main)
      }
      return .codes(QuantizedTensor(format: format, codes: main, parameters: parameters))
    }
    let cache = PagedCache(
      try pages(inputs.k, inputs.keyParameters, inputs.problem.keys),
      try pages(inputs.v, inputs.valueParameters, inputs.problem.values),
      blockTable: try Tensor(inputs.blockTable, on: device),
      lengths: try Tensor(inputs.lengths, on: device))
    let paged = PagedOptions(
      indices: try tensor(inputs.indices), counts: try tensor(inputs.counts), keyBlock: kvBlock,
      sinks: try tensor(inputs.sinks), softCap: softCap, scale: scale, splits: Int(splits),
      unifiedMaximum: unifiedMaximum.map { UnifiedMaximum($0) })
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
    let (keys, values) = (
      try codes(k, tensors["k_parameters"], kCode, "k"),
      try codes(v, tensors["v_parameters"], vCode, "v")
    )
    let problem = try PagedProblem(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), v: (v.shape, v.dtype),
      blockTable: (table.shape, table.dtype), lengths: (lengths.shape, lengths.dtype),
      indices: indices.map { ($0.shape, $0.dtype) }, counts: counts.map { ($0.shape, $0.dtype) },
      keyBlock: kvBlock, sinks: sinks.map { ($0.shape, $0.dtype) }, softCap: softCap, scale: scale,
      splits: Int(splits), unifiedMaximum: unifiedMaximum.map { UnifiedMaximum($0) }, keyCodes: keys, valueCodes: values)
    return PagedTensors(
      problem, q: q, k: k, v: v, blockTable: table, lengths: lengths, indices: indices,
      counts: counts, sinks: sinks, keyParameters: tensors["k_parameters"],
      valueParameters: tensors["v_parameters"])
  }

  private func codes(
    _ pages: HostTensor, _ parameters: HostTensor?, _ code: QuantizationFormat.Code, _ name: String
  ) throws(TesseraError) -> PagedProblem.CodeDescription? {
    guard let parameters else { return nil }
    let format = try QuantizationFormat(code, codes: pages, parameters: parameters, name)
    return (format, (parameters.shape, parameters.dtype))
  }
}
