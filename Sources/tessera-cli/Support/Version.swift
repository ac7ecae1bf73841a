/// The version that `--version` and results carry.
enum Version {
  static let current = "0.1.0"
}
