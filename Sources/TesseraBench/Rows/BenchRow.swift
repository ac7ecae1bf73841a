package import TesseraKernels

/// One measured row, as `tessera bench --json` writes it. `Documentation/BenchRows.md` lists the keys.
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
  /// Version of the operator's definition: rows of different versions are not compared.
  package var semantics: Int?
  package var fingerprint: Fingerprint?
  /// Device milliseconds, warm; absent from a row that failed verification.
  package var ms: Statistics?
  /// The samples behind `ms`, by round.
  package var samples: [[Double]]?
  /// Milliseconds on operands that were not used for longer than the caches remember; absent where
  /// the operands do not fit the caches anyway.
  package var cold: Statistics?
  package var wall: Wall?
  /// Milliseconds from request to result with requests at random, half as many as could be served.
  package var server: Statistics?
  /// `device` or `host`: whose clock `ms` is by.
  package var timer: String
  package var tflops: Double?
  package var gbps: Double?
  /// Measured copy bandwidth of the device in this run, GB/s, bytes read and written.
  package var copyGbps: Double?
  /// The device's ceilings, measured in this run.
  package var ceilings: CeilingSummary?
  /// Share of the lower bound on time that the ceilings set: `bound_ms / ms`.
  package var roofline: Double?
  /// Milliseconds that the bytes take at the best bandwidth, or the operations at the f32 peak,
  /// whichever is more.
  package var boundMs: Double?
  /// Which of the two sets the bound: `bandwidth` or `arithmetic`.
  package var limit: String?
  /// Operations per byte that must move.
  package var intensity: Double?
  package var work: Work?
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
  /// The device that counted the dispatches of the timed runs, and how many.
  package var executed: Executed?
  /// What a sceptic should know.
  package var flags: [Finding]?
  package var error: ErrorSummary?
  package var peers: [String: Peer]
  /// Peers asked for and not run, with the reason.
  package var notRun: [String: String]
  package var kernels: KernelCounts?
  package var commit: String
  package var command: String
  package var seed: UInt64
  package var note: String?

  /// What tells one device from another.
  package struct Fingerprint: Sendable, Codable, Hashable {
    package var id: String
    package var kind: String
    package var computeUnits: Int
    package var memoryBytes: Int
  }
  /// The host's clock.
  package struct Wall: Sendable, Codable {
    /// Milliseconds of one run with its wait.
    package var launch: Statistics
    /// Milliseconds per run of a batch of `runs` with one wait at its end.
    package var batch: Double
    package var runs: Int
    /// Milliseconds per run of that batch before the wait.
    package var record: Double
  }
  package struct Executed: Sendable, Codable {
    package var device: String
    package var dispatches: Int
    package var runs: Int
  }
  package struct CeilingSummary: Sendable, Codable {
    package var copyGbps: Double
    package var readGbps: Double
    package var writeGbps: Double
    package var fmaTflops: Double
    package var launchMs: Double
  }
  /// What the plan counts.
  package struct Work: Sendable, Codable {
    package var flopsNeeded: Double
    package var flopsDone: Double
    package var bytes: Double
    package var dispatches: Int
    package var tiles: Plan.TileCounts?
  }

  package struct KernelCounts: Sendable, Codable {
    package var compiled: Int
    package var cacheHits: Int
  }

  /// A row that has not been timed.
  package init(
    op: String, title: String?, case parameters: [String: Value], dtype: String, backend: String,
    device: String, driver: String, plan: PlanSummary?, timer: String, verified: Bool,
    commit: String,
    command: String, seed: UInt64
  ) {
    self.op = op
    self.title = title
    self.case = parameters
    self.dtype = dtype
    self.backend = backend
    self.device = device
    self.driver = driver
    self.plan = plan
    self.timer = timer
    self.verified = verified
    self.commit = commit
    self.command = command
    self.seed = seed
    peers = [:]
    notRun = [:]
  }

  enum CodingKeys: String, CodingKey {
    case schema, semantics, op, title, `case`, dtype, backend, device, driver, fingerprint, plan,
      ms, samples
    case cold, wall, server, timer, tflops, gbps, ceilings, roofline, limit, intensity, work,
      executed, flags
    case scratchBytes, operandBytes, peakBytes, speedup, bound, share, verified, error, peers,
      kernels, commit, command, seed, note
    case copyGbps = "copy_gbps"
    case boundMs = "bound_ms"
    case notRun = "not_run"
  }
}
