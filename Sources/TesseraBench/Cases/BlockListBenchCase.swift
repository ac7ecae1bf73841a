package import TesseraCore
import TesseraKernels

/// Attention over block lists, or its gradients, beside our own dense attention.
package struct BlockListBenchCase: BenchCase {
  /// What is measured: one schedule, or the planner's choice beside both.
  package enum Schedules: String, Sendable, CaseIterable {
    case auto, query, kv, both
  }

  package var batch: Int
  package var tokens: Int
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  package var queryBlock: Int
  package var keyBlock: Int
  /// Blocks of a row.
  package var top: Int
  package var causal: Bool
  package var schedules: Schedules
  package var backward: Bool
  package var dtype: DType

  package init(
    batch: Int, tokens: Int, heads: Int, kvHeads: Int, headDim: Int, queryBlock: Int, keyBlock: Int,
    top: Int, causal: Bool, schedules: Schedules, backward: Bool, dtype: DType
  ) {
    self.batch = batch
    self.tokens = tokens
    self.heads = heads
    self.kvHeads = kvHeads
    self.headDim = headDim
    self.queryBlock = queryBlock
    self.keyBlock = keyBlock
    self.top = top
    self.causal = causal
    self.schedules = schedules
    self.backward = backward
    self.dtype = dtype
  }

  package var operation: String { backward ? "sparse-attention-backward" : "sparse-attention" }

  package var parameters: [String: BenchRow.Value] {
    [
      "batch": .int(batch), "tokens": .int(tokens), "heads": .int(heads), "kvHeads": .int(kvHeads),
      "headDim": .int(headDim), "qBlock": .int(queryBlock), "kvBlock": .int(keyBlock),
      "top": .int(top), "causal": .bool(causal), "schedule": .text(schedules.rawValue),
    ]
  }

  package var title: String {
    "\(tokens)\(causal ? " causal" : "") q\(queryBlock) k\(keyBlock)×\(top) H\(heads)"
      + (kvHeads == heads ? "" : "/\(kvHeads)") + " D\(headDim) B\(batch)"
  }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    for (name, value) in [("top", top), ("q_block", queryBlock), ("kv_block", keyBlock)]
    where value < 1 {
      throw .invalidArgument(name, got: value, allowed: "1 or more")
    }
    let problem = try AttentionProblem(
      q: (try Shape([batch, tokens, heads, headDim]), dtype),
      k: (try Shape([batch, tokens, kvHeads, headDim]), dtype),
      v: (try Shape([batch, tokens, kvHeads, headDim]), dtype), causal: causal)
    let own = try BenchLists(
      problem, queryBlock: queryBlock, keyBlock: keyBlock, top: top,
      schedule: BlockListSchedule(rawValue: schedules.rawValue) ?? .auto, seed: runner.seed)
    var bench = AttentionBench(attention: .lists(own), backward: backward, peer: .dense(problem))
    if schedules == .both {
      bench.ways = [BlockListSchedule.query, .kv].map {
        ($0.rawValue, .lists(BenchLists(own, schedule: $0)))
      }
    }
    return try bench.setup(runner)
  }
}
