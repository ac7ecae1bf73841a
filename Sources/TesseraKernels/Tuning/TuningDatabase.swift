package import TesseraCore

/// Measurements of many problems and devices: a value, written as JSON.
///
/// A hit never makes a plan illegal: it only names a form, which the planner must offer for the problem
/// at hand, or else the hit is ignored.
package struct TuningDatabase: Sendable, Hashable, Codable {
  /// Version of the format.
  package var schema: Int
  package private(set) var entries: [TuningEntry]

  package static let currentSchema = 1
  /// Files beyond these are no databases.
  package static let sizeLimit = 64 << 20
  package static let entryLimit = 100_000

  package init(entries: [TuningEntry] = []) {
    schema = Self.currentSchema
    self.entries = []
    for entry in entries { add(entry) }
  }

  /// Adds a measurement; it replaces one of the same problem on the same device with the same driver.
  package mutating func add(_ entry: TuningEntry) {
    if let index = entries.firstIndex(where: { $0.device == entry.device && $0.key == entry.key }) {
      entries[index] = entry
    } else {
      entries.append(entry)
    }
  }

  /// Adds what `other` has. Where both measured the same, the set of candidates that `other` names counts
  /// as newer if it differs; otherwise the measurement of more samples is kept.
  package mutating func merge(_ other: TuningDatabase) {
    for entry in other.entries {
      let own = entries.first { $0.device == entry.device && $0.key == entry.key }
      if let own, own.checksum == entry.checksum, own.sampleCount >= entry.sampleCount { continue }
      add(entry)
    }
  }

  /// The measurement of exactly this problem on exactly this device, of these candidates; a measurement
  /// of other candidates is outdated.
  package func measurement(
    of key: TuningKey, on device: TuningDevice, forms: [String]
  ) -> TuningEntry? {
    let checksum = TuningEntry.checksum(of: forms)
    return entries.first { $0.device == device && $0.key == key && $0.checksum == checksum }
  }

  /// The nearest measurement that chose one of `forms`: by device, then by problem. For a problem of
  /// the bucket that was not measured itself, the form that is there may be another kind of split: only
  /// names count.
  package func match(
    _ key: TuningKey, on device: TuningDevice, forms: [String]
  ) -> TuningMatch? {
    let legal = Set(forms)
    var best: TuningMatch?
    for entry in entries {
      let exact = entry.key == key
      guard exact || entry.key.isNear(key), let scope = device.nearness(to: entry.device),
        // The fastest form that was timed and is legal here: the best one itself, as a rule.
        let form = entry.form(among: legal)
      else { continue }
      let match = TuningMatch(form: form, scope: scope, exact: exact)
      guard let other = best else {
        best = match
        continue
      }
      if (match.scope, match.exact ? 0 : 1) < (other.scope, other.exact ? 0 : 1) { best = match }
    }
    return best
  }

  /// Checks what a file cannot be trusted with.
  /// - Throws: `malformedData` naming the entry.
  package func validated(_ name: String) throws(TesseraError) -> TuningDatabase {
    guard schema == Self.currentSchema else {
      throw .malformed(name, reason: "schema \(schema), known is \(Self.currentSchema)")
    }
    guard entries.count <= Self.entryLimit else {
      throw .malformed(name, reason: "\(entries.count) entries, more than \(Self.entryLimit)")
    }
    for (index, entry) in entries.enumerated() {
      func bad(_ what: String) -> TesseraError {
        .malformed(name, reason: "entry \(index): \(what)")
      }
      if entry.key.extents.isEmpty || entry.key.extents.contains(where: { $0 < 0 }) {
        throw bad("extents \(entry.key.extents), allowed are numbers from 0 on")
      }
      if !entry.candidates.contains(where: { $0.form == entry.form }) {
        throw bad("the chosen form is none of the candidates")
      }
      for candidate in entry.candidates
      where candidate.samples.contains(where: { !($0 > 0 && $0.isFinite) }) {
        throw bad("a sample of \(candidate.form) is not a positive number of seconds")
      }
    }
    return self
  }
}

extension TuningEntry {
  /// The fastest of the timed candidates that is one of `legal`; the chosen one if it is among them.
  func form(among legal: Set<String>) -> String? {
    if legal.contains(form) { return form }
    return candidates.filter { legal.contains($0.form) && $0.dropped == nil && !$0.samples.isEmpty }
      .min { $0.median < $1.median }?.form
  }
}
