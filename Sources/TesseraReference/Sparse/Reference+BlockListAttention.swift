package import TesseraCore

extension Reference {
  /// Attention over block lists in f64, as `BlockListProblem` defines it, over contiguous tensors.
  package static func blockListAttention(
    _ problem: BlockListProblem, _ inputs: BlockListInputs
  ) -> AttentionOracle {
    AttentionRows<Double>(problem, inputs).forward()
  }

  /// The gradients of `Σ dO·O`; `dO` is in the layout of O.
  package static func blockListAttentionBackward(
    _ problem: BlockListProblem, _ inputs: BlockListInputs, dO: [Double]
  ) -> AttentionGradients {
    AttentionRows<Double>(problem, inputs).backward(dO: dO)
  }

  /// O evaluated plainly in f32, P and O rounded to storage types: the yardstick of the error judge.
  package static func plainBlockListAttention(
    _ problem: BlockListProblem, _ inputs: BlockListInputs
  ) -> [Double] {
    AttentionRows<Float>(problem, inputs).forward(weights: problem.attention.dtype).o
      .map(problem.attention.outputDType.nearest)
  }

  /// The gradients evaluated plainly in f32 and rounded to their storage type.
  package static func plainBlockListAttentionBackward(
    _ problem: BlockListProblem, _ inputs: BlockListInputs, dO: [Double]
  ) -> AttentionGradients {
    AttentionRows<Float>(problem, inputs).backward(dO: dO).stored(as: problem.attention.dtype)
  }

  /// The keys that every query attends by the definition, row by row of O: row
  /// `(query token · H + head)` attends the key tokens listed, ascending; tokens count over all of K.
  package static func attendedKeys(
    _ problem: BlockListProblem, _ inputs: BlockListInputs
  ) -> [[Int]] {
    let (attention, lists) = (problem.attention, problem.listHeads)
    var result = [[Int]](repeating: [], count: attention.queryTokens * attention.heads)
    var firstRow = 0
    for sequence in 0..<attention.batch {
      let (queries, keys) = attention.tokens(of: sequence, inputs)
      let blocks = (keys.count + problem.keyBlock - 1) / problem.keyBlock
      for list in 0..<lists {
        let base = ((attention.packed ? 0 : sequence) * lists + list) * problem.listRows
        var listed: Set<Int> = []
        // All keys that the row's queries may attend: without an added window those of its blocks.
        var candidates: [Int] = []
        for i in 0..<queries.count {
          if i % problem.queryBlock == 0 {
            let row = firstRow + i / problem.queryBlock
            listed = row < problem.listRows ? problem.entries(of: base + row, inputs, blocks) : []
            candidates =
              problem.addedLeft == nil
              ? listed.sorted().flatMap { block -> Range<Int> in
                let begin = block * problem.keyBlock
                return begin..<min(begin + problem.keyBlock, keys.count)
              } : Array(0..<keys.count)
          }
          let position = attention.position(of: i, queries: queries.count, keys: keys.count)
          let attended = candidates.filter { j in
            if attention.causal, j > position { return false }
            return listed.contains(j / problem.keyBlock) || problem.adds(j, at: position)
          }
          for head in 0..<attention.heads where head * lists / attention.heads == list {
            result[(queries.lowerBound + i) * attention.heads + head] = attended.map {
              keys.lowerBound + $0
            }
          }
        }
      }
      if attention.packed {
        firstRow += (queries.count + problem.queryBlock - 1) / problem.queryBlock
      }
    }
    return result
  }
}

extension AttentionProblem {
  /// The query and key tokens of one sequence.
  fileprivate func tokens(
    of sequence: Int, _ inputs: BlockListInputs
  ) -> (queries: Range<Int>, keys: Range<Int>) {
    packed
      ? (
        inputs.cuQ[sequence]..<inputs.cuQ[sequence + 1],
        inputs.cuK[sequence]..<inputs.cuK[sequence + 1]
      )
      : (
        (sequence * queryLength)..<((sequence + 1) * queryLength),
        (sequence * keyLength)..<((sequence + 1) * keyLength)
      )
  }
}

extension BlockListProblem {
  /// What one row of the tensor names.
  fileprivate func entries(of row: Int, _ inputs: BlockListInputs, _ blocks: Int) -> Set<Int> {
    let count = counts ? min(max(inputs.counts[row], 0), listWidth) : listWidth
    return Set(
      inputs.indices[(row * listWidth)..<(row * listWidth + count)]
        .filter { (0..<blocks).contains($0) })
  }

  /// Whether the added window of a query at `position` has key `j`.
  fileprivate func adds(_ j: Int, at position: Int) -> Bool {
    guard let addedLeft, let addedRight else { return false }
    return position - j <= addedLeft && j - position <= addedRight
  }
}

extension AttentionRows {
  /// The rows of an attention over block lists: one per token and head of Q.
  fileprivate init(_ problem: BlockListProblem, _ inputs: BlockListInputs) {
    let attention = problem.attention
    let keys = Reference.attendedKeys(problem, inputs)
    self.init(
      headDim: attention.headDim, valueDim: attention.valueDim, scale: attention.scale,
      softCap: attention.softCap, q: inputs.q, k: inputs.k, v: inputs.v,
      rows: keys.indices.map { row in
        let head = row % attention.heads / attention.group
        return keys[row].map { AttendedKey(vector: $0 * attention.kvHeads + head) }
      }, sinks: inputs.sinks)
  }
}
