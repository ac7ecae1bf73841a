/// One measured row, as `tessera bench --json` writes it.
package struct BenchRow: Sendable, Codable {
  /// A value of the operator's own parameters.
  package enum Value: Sendable, Codable, Hashable {
    case int(Int)
    case bool(Bool)
    case text(String)
    case list([Int])

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Int.self) {
        self = .int(value)
      } else if let value = try? container.decode([Int].self) {
        self = .list(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .int(let value): try container.encode(value)
      case .bool(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .list(let value): try container.encode(value)
      }
    }

    package var text: String {
      switch self {
      case .int(let value): "\(value)"
      case .bool(let value): value ? "yes" : "no"
      case .text(let value): value
      case .list(let value): value.map(String.init).joined(separator: "×")
      }
    }
  }
  package struct PlanSummary: Sendable, Codable {
    package var kernel: String
    package var tier: String
    package var schedule: String
    package var tile: [Int]
  }
  package struct ErrorSummary: Sendable, Codable {
    package var rms: Double
    package var maxRatio: Double
    enum CodingKeys: String, CodingKey {
      case rms
      case maxRatio = "max_ratio"
    }
  }
  package struct Peer: Sendable, Codable {
    package var ms: Double
    /// The peer's time divided by ours: above 1 we are faster.
    package var ratio: Double
    package var n: Int
  }

  package var schema = 1
  package var op: String
  /// The case in short, for tables.
  package var title: String?
  package var `case`: [String: Value]
  package var dtype: String
  package var backend: String
  package var device: String
  package var driver: String
  package var plan: PlanSummary?
  /// Device milliseconds; absent from a row that failed verification.
  package var ms: Statistics?
  /// `device` or `host`: whose clock `ms` is by.
  package var timer: String
  package var tflops: Double?
  package var gbps: Double?
  /// Measured copy bandwidth of the device in this run, GB/s, bytes read and written.
  package var copyGbps: Double?
  /// Share of the lower bound on time that the copy bandwidth sets.
  package var roofline: Double?
  /// Milliseconds the bytes alone would take at the copy bandwidth.
  package var boundMs: Double?
  /// Bytes of scratch memory of the plan.
  package var scratchBytes: Int?
  /// Bytes of all inputs and outputs.
  package var operandBytes: Int?
  /// The most bytes in use while the operator ran, inputs and outputs included.
  package var peakBytes: Int?
  /// The time of dense attention over the same tokens divided by ours, and the same of the operations
  /// that both do: what the tiles let it be at most.
  package var speedup: Double?
  package var bound: Double?
  /// `speedup / bound`.
  package var share: Double?
  package var verified: Bool
  package var error: ErrorSummary?
  package var peers: [String: Peer]
  /// Peers asked for and not run, with the reason.
  package var notRun: [String: String]
  package var kernels: KernelCounts?
  package var commit: String
  package var command: String
  package var seed: UInt64
  package var note: String?

  package struct KernelCounts: Sendable, Codable {
    package var compiled: Int
    package var cacheHits: Int
  }

  enum CodingKeys: String, CodingKey {
    case schema, op, title, `case`, dtype, backend, device, driver, plan, ms, timer, tflops, gbps, roofline
    case scratchBytes, operandBytes, peakBytes, speedup, bound, share, verified, error, peers, kernels, commit, command, seed, note
    case copyGbps = "copy_gbps"
    case boundMs = "bound_ms"
    case notRun = "not_run"
  }
}
