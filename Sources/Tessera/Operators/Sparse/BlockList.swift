import TesseraCore

/// Which blocks of keys every block of queries attends.
///
/// Row `r` speaks for queries `[r·queryBlock, (r + 1)·queryBlock)`, entry `b` of it names keys
/// `[b·keyBlock, (b + 1)·keyBlock)`. Entries are a set: their order does not matter, duplicates count
/// once, and −1 and whatever lies outside the key axis is ignored. With `queryBlock` 1 every query has a
/// list of its own, with `keyBlock` 1 entries are single keys.
///
/// The entries stay on the device; nothing about them is looked at on the host.
public struct BlockList: Sendable {
  /// i32 `[B, Hl, R, W]`, `R = ⌈Nq / queryBlock⌉`; of packed sequences `[Hl, R, W]`, whose rows are
  /// those of the first sequence, then those of the second, and so on. `Hl` is 1, Hkv or H: one list
  /// for all heads, one per KV head, or one per query head.
  public let indices: Tensor
  /// How many entries of each row count, i32 of the shape of `indices` without its last axis; what lies
  /// past them is never read as an index. nil counts all.
  public let counts: Tensor?
  /// Queries per row, at least 1.
  public let queryBlock: Int
  /// Keys per entry, at least 1.
  public let keyBlock: Int

  /// A list whose entries are on the device. Operators check shapes and types against what they are
  /// used with.
  public init(indices: Tensor, counts: Tensor? = nil, queryBlock: Int, keyBlock: Int) {
    self.indices = indices
    self.counts = counts
    self.queryBlock = queryBlock
    self.keyBlock = keyBlock
  }
}
