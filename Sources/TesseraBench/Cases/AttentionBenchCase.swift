import Tessera
package import TesseraCore

/// Dense attention, or its gradients.
package struct AttentionBenchCase: BenchCase {
  package var batch: Int
  package var queries: Int
  package var keys: Int
  package var heads: Int
  package var kvHeads: Int
  package var headDim: Int
  package var valueDim: Int
  package var causal: Bool
  package var topLeft: Bool
  /// Keys before and after a query's position; nil does not limit.
  package var window: (left: Int?, right: Int?)
  package var softCap: Float?
  package var backward: Bool
  package var dtype: DType

  /// As many keys, KV heads and value elements as queries, heads and elements, unless given.
  package init(
    batch: Int, queries: Int, keys: Int? = nil, heads: Int, kvHeads: Int? = nil, headDim: Int,
    valueDim: Int? = nil, causal: Bool = false, topLeft: Bool = false,
    window: (left: Int?, right: Int?) = (nil, nil), softCap: Float? = nil, backward: Bool = false,
    dtype: DType
  ) {
    self.batch = batch
    self.queries = queries
    self.keys = keys ?? queries
    self.heads = heads
    self.kvHeads = kvHeads ?? heads
    self.headDim = headDim
    self.valueDim = valueDim ?? headDim
    self.causal = causal
    self.topLeft = topLeft
    self.window = window
    self.softCap = softCap
    self.backward = backward
    self.dtype = dtype
  }

  package var operation: String { backward ? "attention-backward" : "attention" }

  package var parameters: [String: BenchRow.Value] {
    var result: [String: BenchRow.Value] = [
      "batch": .int(batch), "queries": .int(queries), "keys": .int(keys), "heads": .int(heads),
      "kvHeads": .int(kvHeads), "headDim": .int(headDim), "valueDim": .int(valueDim),
      "causal": .bool(causal), "topLeft": .bool(topLeft),
    ]
    if window.left != nil || window.right != nil { result["window"] = .text(limits) }
    if let softCap { result["softCap"] = .text("\(softCap)") }
    return result
  }

  package var title: String {
    "\(queries)" + (keys == queries ? "" : "×\(keys)") + (causal ? " causal" : "")
      + (topLeft ? " top-left" : "")
      + (window.left == nil && window.right == nil ? "" : " w\(limits)")
      + (softCap.map { " cap \($0)" } ?? "") + " H\(heads)"
      + (kvHeads == heads ? "" : "/\(kvHeads)") + " D\(headDim)"
      + (valueDim == headDim ? "" : "/\(valueDim)") + " B\(batch)"
  }

  private var limits: String {
    [window.left, window.right].map { $0.map(String.init) ?? "none" }.joined(separator: ",")
  }

  package func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
    try AttentionBench(attention: .dense(try problem()), backward: backward, peer: nil)
      .setup(runner)
  }

  package func tuning() throws(TesseraError) -> TuningProblem? {
    let problem = try problem()
    return AttentionBench(attention: .dense(problem), backward: backward, peer: nil)
      .tuning(.attention(problem))
  }

  private func problem() throws(TesseraError) -> AttentionProblem {
    try AttentionProblem(
      q: (try Shape([batch, queries, heads, headDim]), dtype),
      k: (try Shape([batch, keys, kvHeads, headDim]), dtype),
      v: (try Shape([batch, keys, kvHeads, valueDim]), dtype), causal: causal,
      alignment: topLeft ? .topLeft : .bottomRight, windowLeft: window.left,
      windowRight: window.right, softCap: softCap)
  }
}
