package import TesseraCore

extension BlockListProblem {
  /// Lists of all sequences: `B·Hl`, or `Hl` of a packed batch.
  package var lists: Int { (attention.packed ? 1 : attention.batch) * listHeads }

  /// Entries that a prepared row has room for: those of its list and the blocks that only the added
  /// window touches.
  package var rowCapacity: Int {
    var entries = listWidth
    if let addedLeft, let addedRight {
      let reach = attention.queryLength + attention.keyLength
      let before = min(addedLeft, reach), after = attention.causal ? 0 : min(addedRight, reach)
      let span = min(queryBlock, attention.queryLength) + before + after
      entries += (span + keyBlock - 2) / keyBlock + 1
    }
    return min(entries, keyBlocks)
  }
}
