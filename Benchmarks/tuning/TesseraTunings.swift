/// The measurements of this folder, embedded at build time: one tuning database per device.
package enum TesseraTunings {
  package static let names = ["pocl", "lavapipe"]

  /// The text of database `name`, or nil if there is none.
  package static func text(_ name: String) -> String? {
    embeddedText(name + ".json").map { literal in
      literal.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    }
  }
}
