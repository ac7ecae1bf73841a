import ArgumentParser
import Tessera
import TesseraKernels

/// Options that say how blocks are scored and chosen.
struct SelectionOptions: ParsableArguments {
  @Option(help: "Choose so many blocks. Default without another rule: 16.") var topK: Int?
  @Option(help: "Choose until the scores sum to this share of all, 0...1.") var topP: Float?
  @Option(help: "Choose scores that are not below this.") var threshold: Float?
  @Option(help: "Choose scores that are not below this multiple of the row's largest, 0...1.")
  var relative: Float?
  @Option(help: "Entries of a list. Default: --top-k, or as many as there are blocks.") var width: Int?
  @Option(name: .customLong("init"), help: "Blocks from the first that are always chosen; they count.")
  var initial = 0
  @Option(help: "Blocks up to the row's own that are always chosen; they count.") var local = 0
  @Option(help: "Keys per block.") var kvBlock = 64
  @Option(help: "Queries per row; scored by their mean.") var qBlock = 1
  @Option(help: "Over the heads of a KV group: sum, mean, max or vote (softmax per head, then sum).")
  var reduce: BlockScoreProblem.Reduction = .sum
  @Flag(help: "A row has no block that begins after its last query.") var causal = false
  @Flag(help: "Query 0 stands at key 0, not the last query at the last key.") var topLeft = false
  @Option(help: "Multiplies q·k. Default: D^-0.5.") var scale: Float?

  func validate() throws {
    let rules = [topK != nil, topP != nil, threshold != nil, relative != nil].count { $0 }
    guard rules <= 1 else {
      throw ValidationError(
        "--top-k, --top-p, --threshold, --relative: got \(rules) rules, allowed one of them")
    }
  }

  var alignment: AttentionProblem.Alignment { topLeft ? .topLeft : .bottomRight }

  var rule: SelectionProblem.Rule {
    if let topP { return .topP(topP) }
    if let threshold { return .threshold(threshold) }
    if let relative { return .relative(relative) }
    return .topK(topK ?? 16)
  }

  /// As the library takes it.
  var selection: BlockSelection {
    let rule: BlockSelection.Rule =
      switch self.rule {
      case .topK(let k): .top(k)
      case .topP(let share): .share(share)
      case .threshold(let limit): .threshold(limit)
      case .relative(let ratio): .relative(ratio)
      }
    return BlockSelection(rule, width: width, initial: initial, local: local)
  }

  /// How queries and keys are scored, as the library takes it.
  /// - Parameter keys: keys that pooled ones stand for.
  func scoring(keys: Int?) -> BlockScoreOptions {
    BlockScoreOptions(
      keyBlock: kvBlock, queryBlock: qBlock,
      reduction: BlockScoreOptions.Reduction(rawValue: reduce.rawValue) ?? .sum, causal: causal,
      alignment: topLeft ? .topLeft : .bottomRight, keys: keys, scale: scale)
  }

  func scores(
    q: (shape: Shape, dtype: DType), k: (shape: Shape, dtype: DType), keys: Int?
  ) throws(TesseraError) -> BlockScoreProblem {
    try BlockScoreProblem(
      q: q, k: k, queryBlock: qBlock, keyBlock: kvBlock, keys: keys, reduction: reduce,
      causal: causal, alignment: alignment, scale: scale)
  }
}

extension BlockScoreProblem.Reduction: ExpressibleByArgument {}
