/// Something about a row that a sceptic should know. Some make the row fail, others mark it.
package struct Finding: Sendable, Codable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// An output was left as it was.
    case unwritten
    /// A result is outside its error bound.
    case wrong
    /// New data behind the same pointers gave the old result.
    case stale
    /// An input could be changed without changing the result.
    case ignoredInput = "ignored-input"
    /// Bytes beside an operand were overwritten.
    case overrun
    /// An input was written.
    case inputWritten = "input-written"
    /// The device that the row names did not run the commands that the plan has.
    case elsewhere
    /// Two timers disagree by more than 20 %.
    case timers
    /// Faster than the device's own ceilings allow.
    case impossible
  }

  package var kind: Kind
  package var detail: String

  package init(_ kind: Kind, _ detail: String) {
    self.kind = kind
    self.detail = detail
  }

  /// Whether a row with this finding has no time worth printing.
  package var fails: Bool { kind != .timers && kind != .impossible }

  package var description: String { "\(kind.rawValue): \(detail)" }
}
