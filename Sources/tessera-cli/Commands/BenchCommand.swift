import ArgumentParser
import Tessera
import TesseraBench

/// `tessera bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Verifies and times operators, beside other libraries in the same run.",
    discussion: """
      Suites: gemm, gemm-layouts (squares in all four layouts), gemm-shapes (sixty products), attention, attention-backward, na, na-backward, sparse-attention, \
      sparse-attention-backward, paged-decode, select-blocks, nsa; and launch, the host's cost of one \
      dispatch. Every row is compared with the f64 oracle before it is timed, large ones in part; the \
      peers run in turns with it on the same data: for gemm the naive kernel, PyTorch (NVIDIA; \
      TESSERA_PYTHON names the interpreter), CLBlast (OpenCL) and OpenBLAS (CPU), where installed; for na and attention over lists our own dense attention over the same tokens, for \
      lists what is done for them alone (lists) and both schedules (query, kv), too. Device times, medians. Without --shape a suite runs its own list.
      """)

  @Argument(help: "Suites: \(Suite.allCases.map(\.rawValue).joined(separator: ", ")).") var suites: [Suite]
  @Option(name: .customLong("device"), parsing: .singleValue, help: "Device to measure; repeatable. Default: every device.")
  var devices: [String] = []
  @Option(help: "gemm: M,N,K or batch,M,N,K; attention: B,N,H,D; na: B,X..,H,D; sparse-attention: B,N,H,D; paged-decode: B,context,H,D. Repeatable.") var shape: [IntList] = []
  @Option(help: "Element types: f32, f16, bf16. Repeatable.") var dtype: [DType] = [.f32]
  @Flag(help: "gemm: use A transposed.") var transposeA = false
  @Flag(help: "gemm: use B transposed.") var transposeB = false
  @OptionGroup var attention: BenchAttentionOptions
  @OptionGroup var sparse: BenchSparseOptions
  @Option(help: "Seconds of samples per row. Default: 2 on GPUs, 3 elsewhere.") var budget: Double?
  @Option(help: "Seed of the random data.") var seed: UInt64 = 1
  @Flag(inversion: .prefixedNo, help: "Run the naive kernel, other libraries and dense attention beside ours.") var peers = true
  @Option(help: "Run only this peer (naive, torch, clblast, openblas). Repeatable.") var peer: [String] = []
  @Flag(help: "gemm: time the other plans of the tensor-core tiers beside the chosen one.") var candidates = false
  @Flag(inversion: .prefixedNo, help: "na: run dense attention beside ours.") var dense = true
  @Option(help: "Write one JSON line per row to this file.") var json: String?

  enum Suite: String, ExpressibleByArgument, CaseIterable {
    case gemm
    case gemmLayouts = "gemm-layouts"
    case gemmShapes = "gemm-shapes"
    case attention
    case attentionBackward = "attention-backward"
    case na
    case naBackward = "na-backward"
    case sparseAttention = "sparse-attention"
    case sparseAttentionBackward = "sparse-attention-backward"
    case pagedDecode = "paged-decode"
    case selectBlocks = "select-blocks"
    case nsa
    case launch
  }

  func validate() throws {
    guard !suites.isEmpty else { throw ValidationError(
        "bench: got no suite, allowed \(Suite.allCases.map(\.rawValue).joined(separator: ", "))") }
    if let budget, !(budget > 0 && budget <= 3600) {
      throw ValidationError("--budget: got \(budget), allowed 0...3600 seconds")
    }
    for device in devices { try DeviceOptions.check(device) }
  }

  func run() throws {
    let found = devices.isEmpty ? Device.list() : try devices.map { try Device.find($0) }
    var rows: [BenchRow] = []
    for description in found {
      let device = try Device(description)
      let runner = try BenchRunner(
        device: device, seconds: budget, peers: peers, onlyPeers: peer.isEmpty ? nil : Set(peer),
        candidates: candidates, dense: dense, seed: seed)
      for suite in suites {
        guard let operation = BenchSuite(rawValue: suite.rawValue) else {
          rows.append(try LaunchBench.run(on: device))
          continue
        }
        let cases =
          shape.isEmpty
          ? operation.cases(kind: device.info.kind, dtypes: dtype) : try cases(operation)
        let progress = ProgressLine("\(description.id) \(suite.rawValue)", total: cases.count)
        for (index, benchCase) in cases.enumerated() {
          rows.append(try runner.run(benchCase))
          progress.update(index + 1)
        }
        progress.finish()
      }
    }
    print(BenchTable.text(rows))
    if let json { try BenchFile.write(rows, to: json) }
    if rows.contains(where: { !$0.verified }) {
      Console.error("error: rows failed verification")
      throw ExitCode(ExitStatus.badData.rawValue)
    }
  }

  /// The cases that the options describe.
  private func cases(_ operation: BenchSuite) throws -> [any BenchCase] {
    try dtype.flatMap { dtype in
      try shape.map { shape -> any BenchCase in
        switch operation {
        case .gemm, .gemmLayouts, .gemmShapes: try product(shape.values, dtype)
        case .attention, .attentionBackward:
          try attention.dense(shape.values, backward: operation == .attentionBackward, dtype)
        case .na, .naBackward:
          try attention.neighborhood(shape.values, backward: operation == .naBackward, dtype)
        case .sparseAttention, .sparseAttentionBackward:
          try sparse.lists(
            shape.values, kvHeads: attention.kvHeads, causal: attention.causal.values == [1],
            backward: operation == .sparseAttentionBackward, dtype)
        case .selectBlocks, .nsa:
          try sparse.selection(
            shape.values, kvHeads: attention.kvHeads, selects: operation == .selectBlocks, dtype)
        case .pagedDecode: try sparse.decode(shape.values, kvHeads: attention.kvHeads, dtype)
        }
      }
    }
  }

  private func product(_ values: [Int], _ dtype: DType) throws -> GEMMBenchCase {
    guard values.count == 3 || values.count == 4 else {
      throw ValidationError("--shape: got \(values), allowed M,N,K or batch,M,N,K")
    }
    let matrix = Array(values.suffix(3))
    return GEMMBenchCase(
      m: matrix[0], n: matrix[1], k: matrix[2], batch: values.count == 4 ? values[0] : 1,
      transposeA: transposeA, transposeB: transposeB, dtype: dtype)
  }
}
