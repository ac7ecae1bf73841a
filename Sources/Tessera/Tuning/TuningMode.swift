/// Whether plans follow measurements.
///
/// Measurements name one of the planner's own candidates, which must be legal for the problem at hand;
/// results never depend on them beyond the order of sums. They are looked up for the device and its
/// driver, then for the device with another driver, its architecture and its vendor, each for the very
/// problem and then for one near it. Without any the planner's estimate decides.
public enum TuningMode: String, Sendable, CaseIterable {
  /// Estimates alone.
  case off
  /// Measurements that are there: the user's own and those that the library brings. The default.
  case cached
  /// As `cached`; a problem that was not measured on this device is measured when it first comes, if the
  /// program has a tuner (`tessera` has).
  case onDemand = "on-demand"
  /// As `onDemand`, but nothing that was measured earlier counts.
  case full

  /// What `TESSERA_TUNE` says; `cached` without it.
  /// - Throws: `invalidArgument` for another word.
  public static func environment() throws(TesseraError) -> TuningMode {
    guard let word = Environment.value("TESSERA_TUNE") else { return .cached }
    guard let mode = TuningMode(rawValue: word) else {
      throw .invalidArgument(
        "TESSERA_TUNE", got: "\"\(word)\"",
        allowed: allCases.map(\.rawValue).joined(separator: ", "))
    }
    return mode
  }
}
