/// The bench suites of this folder, embedded at build time.
package enum TesseraSuites {
  /// Names, in the order in which they are listed.
  package static let names = [
    "quick", "gemm", "gemm-layouts", "gemm-shapes", "attention", "attention-backward", "na", "na-backward", "sparse",
    "sparse-attention", "sparse-attention-backward", "select-blocks", "nsa", "decode",
    "paged-decode",
    "micro", "hpc6",
  ]

  /// The text of suite `name`, or nil if there is none.
  package static func text(_ name: String) -> String? {
    embeddedText(name + ".json").map { literal in
      literal.withUTF8Buffer { String(decoding: $0, as: UTF8.self) }
    }
  }
}
