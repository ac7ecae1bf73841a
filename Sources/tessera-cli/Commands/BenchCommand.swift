import ArgumentParser
import Tessera
import TesseraBench

/// `tessera bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Verifies and times operators, beside other libraries in the same run.",
    discussion: """
      Suites: gemm, na; and launch, the host's cost of one dispatch. Every row is compared with the f64 \
      oracle before it is timed; the peers run in turns with it on the same data: the naive kernel, \
      CLBlast (OpenCL) and OpenBLAS (CPU), where installed. Device times, medians. Without shape options \
      a suite runs its own list.
      """)

  @Argument(help: "gemm, na or launch.") var suites: [Suite]
  @Option(name: .customLong("device"), parsing: .singleValue, help: "Device to measure; repeatable. Default: every device.")
  var devices: [String] = []
  @Option(help: "gemm: M,N,K or batch,M,N,K; na: B,X..,H,D. Repeatable.") var shape: [IntList] = []
  @Option(help: "Element types: f32, f16, bf16. Repeatable.") var dtype: [DType] = [.f32]
  @Flag(help: "gemm: use A transposed.") var transposeA = false
  @Flag(help: "gemm: use B transposed.") var transposeB = false
  @Option(help: "na: keys per query along each axis.") var window = IntList([7])
  @Option(help: "na: queries that share a window.") var stride = IntList([1])
  @Option(help: "na: distance of neighbouring keys.") var dilation = IntList([1])
  @Option(help: "na: 1 for causal axes.") var causal = IntList([0])
  @Option(help: "Seconds of samples per row. Default: 2 on GPUs, 3 elsewhere.") var budget: Double?
  @Option(help: "Seed of the random data.") var seed: UInt64 = 1
  @Flag(inversion: .prefixedNo, help: "Run the naive kernel and other libraries beside ours.") var peers = true
  @Option(help: "Write one JSON line per row to this file.") var json: String?

  enum Suite: String, ExpressibleByArgument, CaseIterable { case gemm, na, launch }

  func validate() throws {
    guard !suites.isEmpty else { throw ValidationError("bench: got no suite, allowed gemm, na, launch") }
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
      let runner = try BenchRunner(device: device, seconds: budget, peers: peers, seed: seed)
      for suite in suites {
        if suite == .launch {
          rows.append(try LaunchBench.run(on: device))
          continue
        }
        let cases = try cases(suite, device)
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

  private func cases(_ suite: Suite, _ device: Device) throws -> [BenchCase] {
    guard !shape.isEmpty else {
      return BenchCase.suite(suite.rawValue, kind: device.info.kind, dtypes: dtype)
    }
    return try dtype.flatMap { dtype in
      try shape.map { shape in
        let values = shape.values
        guard suite == .na else {
          guard values.count == 3 || values.count == 4 else {
            throw ValidationError("--shape: got \(values), allowed M,N,K or batch,M,N,K")
          }
          let matrix = Array(values.suffix(3))
          return .gemm(
            m: matrix[0], n: matrix[1], k: matrix[2], batch: values.count == 4 ? values[0] : 1,
            transposeA: transposeA, transposeB: transposeB, dtype: dtype)
        }
        guard (4...6).contains(values.count) else {
          throw ValidationError("--shape: got \(values), allowed B,X..,H,D with one to three X")
        }
        let lengths = Array(values[1..<(values.count - 2)])
        func perAxis(_ list: IntList) -> [Int] {
          list.values.count == 1 ? lengths.map { _ in list.values[0] } : list.values
        }
        return .neighborhood(
          batch: values[0], lengths: lengths, heads: values[values.count - 2],
          headDim: values[values.count - 1], window: perAxis(window), stride: perAxis(stride),
          dilation: perAxis(dilation), causal: perAxis(causal).map { $0 == 1 }, dtype: dtype)
      }
    }
  }
}
