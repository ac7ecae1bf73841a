package import Tessera

/// How long to warm up and to measure one case.
package struct TimingBudget: Sendable {
  /// Seconds of work before the first sample: a GPU's clock needs half a second to rise, and the first
  /// runs build and page in.
  package var warmup: Double
  /// Seconds for the samples of one contender over all rounds.
  package var total: Double
  /// Rounds, between which the other cases run: what drifts between them widens the interval.
  package var rounds: Int
  package var minimumSamples: Int
  package var maximumSamples: Int

  package init(
    warmup: Double, total: Double, rounds: Int = 3, minimumSamples: Int = 2,
    maximumSamples: Int = 60
  ) {
    self.warmup = warmup
    self.total = total
    self.rounds = rounds
    self.minimumSamples = minimumSamples
    self.maximumSamples = maximumSamples
  }

  /// What suits the device's kind: 2 s per row on GPUs, 3 s elsewhere.
  package static func standard(
    for device: Device, seconds: Double? = nil, rounds: Int = 3
  ) -> TimingBudget {
    let gpu = device.info.kind == "gpu"
    let total = seconds ?? (gpu ? 2 : 3)
    // A short budget goes to samples first.
    return TimingBudget(warmup: min(gpu ? 0.6 : 0.2, total / 3), total: total, rounds: rounds)
  }
}
