import TesseraCore

/// The measurement of one problem's candidates on one device.
package struct TuningEntry: Sendable, Hashable, Codable {
  /// What became of one candidate.
  package struct Candidate: Sendable, Hashable, Codable {
    /// Names the kernel and its parameters, as `Plan.form`.
    package var form: String
    /// Seconds of each sample, in the order they were taken; empty if it was not timed.
    package var samples: [Double]
    /// Why it was not timed, or not timed to the end.
    package var dropped: String?

    package init(form: String, samples: [Double] = [], dropped: String? = nil) {
      self.form = form
      self.samples = samples
      self.dropped = dropped
    }

    /// Half of the samples were faster; infinite without samples.
    package var median: Double {
      guard !samples.isEmpty else { return .infinity }
      let sorted = samples.sorted()
      let middle = sorted.count / 2
      return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
  }

  package var device: TuningDevice
  package var key: TuningKey
  /// The fastest candidate's form.
  package var form: String
  /// Which candidates there were: `TuningEntry.checksum` of their forms.
  package var checksum: String
  package var candidates: [Candidate]

  package init(
    device: TuningDevice, key: TuningKey, form: String, checksum: String, candidates: [Candidate]
  ) {
    self.device = device
    self.key = key
    self.form = form
    self.checksum = checksum
    self.candidates = candidates
  }

  /// Samples of all candidates together.
  package var sampleCount: Int { candidates.reduce(0) { $0 + $1.samples.count } }

  /// Tells one set of candidates from another: a planner that knows more forms, or kernels with other
  /// parameters, make a measurement outdated.
  package static func checksum(of forms: [String]) -> String {
    String(SHA256.hex(forms.sorted().joined(separator: "\n")).prefix(16))
  }
}
