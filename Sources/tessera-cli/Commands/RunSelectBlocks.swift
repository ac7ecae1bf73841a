import ArgumentParser
import Tessera
import TesseraConformance
import TesseraKernels

/// `tessera run select-blocks`
struct RunSelectBlocks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select-blocks",
    abstract: "Lists of the best blocks of keys, from scores or from queries and keys",
    discussion: """
      Inputs: scores [B, Hl, R, M], M for each row of queries; or q [B, Nq, H, D] and k [B, Nk, Hkv, D], or \
      k [B, M, Hkv, D] with --keys, one key per block. A block's key is the mean of its keys. \
      Outputs: indices [B, Hl, R, W] (i32, ascending, -1 behind), counts [B, Hl, R].

      Equal scores: the lower index. NaN and -inf are never chosen but where --init and --local say so.
      """)

  @OptionGroup var selection: SelectionOptions
  @Option(help: "Queries of a sequence, with scores. Default: R · q-block.") var queries: Int?
  @Option(help: "Keys of a sequence. Default: M · kv-block of scores; with q and k, those of k.")
  var keys: Int?
  @OptionGroup var options: RunOptions

  func run() throws {
    let tensors = try options.files.read()
    if let scores = tensors["scores"] {
      try run(scores)
    } else {
      try run(q: try tensors.required("q"), k: try tensors.required("k"))
    }
  }

  private func run(_ scores: HostTensor) throws {
    let problem = try SelectionProblem(
      scores: (scores.shape, scores.dtype), rule: selection.rule, width: selection.width,
      initialBlocks: selection.initial, localBlocks: selection.local, queries: queries, keys: keys,
      queryBlock: selection.qBlock, keyBlock: selection.kvBlock, causal: selection.causal,
      alignment: selection.alignment)
    let device = try options.device.open()
    let tensor = try Tensor(scores, on: device)
    try RunReport.run(
      "select-blocks", options: options, on: device, plan: try device.preparedPlan(problem).plan
    ) { () throws(TesseraError) in
      Self.named(
        try device.selectBlocks(
          scores: tensor, selection.selection, queries: queries, keys: keys,
          queryBlock: selection.qBlock, keyBlock: selection.kvBlock, causal: selection.causal,
          alignment: selection.topLeft ? .topLeft : .bottomRight))
    } verify: { results throws(TesseraError) in
      Verifier.selection(
        problem, scores: scores, indices: try results.required("indices"),
        counts: try results.required("counts"))
    }
  }

  private func run(q: HostTensor, k: HostTensor) throws {
    let scoring = try selection.scores(
      q: (q.shape, q.dtype), k: (k.shape, k.dtype), keys: keys)
    let problem = scoring.selection(
      selection.rule, width: selection.width, initialBlocks: selection.initial,
      localBlocks: selection.local)
    let device = try options.device.open()
    let (queries, vectors) = (try Tensor(q, on: device), try Tensor(k, on: device))
    let plan = try device.preparedPlan(scoring, selecting: problem).plan
    try RunReport.run("select-blocks", options: options, on: device, plan: plan) {
      () throws(TesseraError) in
      Self.named(
        try device.selectBlocks(
          queries, vectors, scoring: selection.scoring(keys: keys), selection.selection))
    } verify: { results throws(TesseraError) in
      Verifier.selection(
        scoring, problem, q: q, k: k, indices: try results.required("indices"),
        counts: try results.required("counts"))
    }
  }

  private static func named(_ list: BlockList) -> [(name: String, tensor: Tensor)] {
    [("indices", list.indices)] + (list.counts.map { [("counts", $0)] } ?? [])
  }
}
