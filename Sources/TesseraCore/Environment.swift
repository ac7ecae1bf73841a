#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The environment variables that Tessera reads.
package enum Environment {
  /// The value of `name`; nil if unset or empty.
  package static func value(_ name: String) -> String? {
    guard let pointer = getenv(name) else { return nil }
    let text = String(cString: pointer)
    return text.isEmpty ? nil : text
  }
}
