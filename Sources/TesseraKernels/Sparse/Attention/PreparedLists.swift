/// Lists in the form that `list_front.h` describes, where a plan has them.
package struct PreparedLists: Sendable {
  /// `[lists, listRows, width]`.
  package var entries: Plan.Source
  /// `[lists, listRows, 2]`.
  package var lengths: Plan.Source
  /// The transposed lists, `[lists, blocks + 1]`, if they were asked for.
  package var offsets: Plan.Source?
  /// `[lists, listRows·width]`.
  package var rows: Plan.Source?
  /// The first list that they hold, and how many there are.
  package var first: Int
  package var count: Int

  package init(
    entries: Plan.Source, lengths: Plan.Source, offsets: Plan.Source? = nil,
    rows: Plan.Source? = nil, first: Int = 0, count: Int
  ) {
    self.entries = entries
    self.lengths = lengths
    self.offsets = offsets
    self.rows = rows
    self.first = first
    self.count = count
  }

  func entryBytes(_ problem: ListProblem) -> Int {
    4 * count * problem.listRows * problem.listWidth
  }
  func lengthBytes(_ problem: ListProblem) -> Int { 8 * count * problem.listRows }
  func offsetBytes(_ problem: ListProblem) -> Int { 4 * count * (problem.blocks + 1) }
}
