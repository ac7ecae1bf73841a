/// Scratch that attention over lists may use, in bytes: together with partial results of splits and the
/// state that a driver's loop limit makes it carry it stays below 128 MiB, whatever the problem's size.
package struct ListMemory: Sendable, Hashable {
  /// Prepared lists at a time.
  package var lists: Int
  /// Results to be joined at a time, where rows are many rows' that list one block.
  package var joined: Int

  package init(lists: Int = 40 << 20, joined: Int = 64 << 20) {
    self.lists = lists
    self.joined = joined
  }
}
