/// A measured choice for a problem, and how near the measurement was.
package struct TuningMatch: Sendable, Hashable {
  /// Whose measurement it is, the nearest first.
  package enum Scope: String, Sendable, Hashable, CaseIterable, Comparable {
    /// This device with this driver.
    case device
    /// This device with another driver.
    case driver
    /// Another device of its architecture.
    case architecture
    /// Another device of its vendor.
    case vendor

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? Self.allCases.count }
    package static func < (a: Scope, b: Scope) -> Bool { a.rank < b.rank }
  }

  package var form: String
  package var scope: Scope
  /// Whether the very problem was measured, or one of its bucket.
  package var exact: Bool

  package init(form: String, scope: Scope, exact: Bool) {
    self.form = form
    self.scope = scope
    self.exact = exact
  }

  /// For notes of plans: `measured on this device`.
  package var origin: String {
    let whom =
      switch scope {
      case .device: "this device"
      case .driver: "this device with another driver"
      case .architecture: "a device of the same architecture"
      case .vendor: "a device of the same vendor"
      }
    return "measured on \(whom)" + (exact ? "" : ", for a problem near it")
  }
}
