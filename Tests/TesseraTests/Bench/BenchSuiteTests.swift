#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif
import Tessera
@testable import TesseraBench
import TesseraCore
import TesseraKernels
import Testing

/// The suites' case lists: what is measured is what is verified here.
@Suite("Bench suites") struct BenchSuiteTests {
  @Test(arguments: BenchSuite.names)
  func `every committed suite makes cases for every kind of device`(name: String) throws {
    let suite = try BenchSuite.named(name)
    #expect(suite.suite == name && !suite.about.isEmpty)
    for kind in ["gpu", "cpu"] {
      let cases = try suite.cases(kind: kind, dtypes: [.f32])
      #expect(!cases.isEmpty)
      let keys = cases.map { "\($0.operation) \($0.parameters) \($0.dtype)" }
      #expect(Set(keys).count == keys.count, "\(name) has a case twice for \(kind)")
    }
  }

  @Test func `what results carry as case is what a suite may say`() throws {
    for name in BenchSuite.names {
      for made in try BenchSuite.named(name).cases(kind: "cpu", dtypes: [.f16]) {
        var parameters = CaseParameters(made.operation, made.parameters, place: "row")
        let again = try parameters.benchCase(made.dtype)
        #expect(again.title == made.title && again.parameters == made.parameters)
      }
    }
  }

  @Test(arguments: [
    ("", "data"), ("[]", ""), ("{}", "suite"),
    (#"{"suite":"a","about":"b","rows":[{}]}"#, "neither"),
    (#"{"suite":"a","about":"b","rows":[{"op":"gem","case":{}}]}"#, "gem"),
    (#"{"suite":"a","about":"b","rows":[{"op":"gemm","case":{"m":1,"n":1}}]}"#, "k, an integer"),
    (
      #"{"suite":"a","about":"b","rows":[{"op":"gemm","case":{"m":1,"n":1,"k":1,"z":1}}]}"#, "\"z\""
    ),
    (#"{"suite":"a","about":"b","rows":[{"op":"gemm","case":{"m":-1,"n":1,"k":1}}]}"#, "count"),
    (#"{"suite":"a","about":"b","rows":[{"op":"gemm","dtype":["f7"],"case":{}}]}"#, "f7"),
    (#"{"suite":"sparse","about":"b","rows":[{"include":"sparse"}]}"#, "itself"),
    (#"{"suite":"a","about":"b","seconds":-1,"rows":[]}"#, "seconds"),
  ])
  func `a damaged suite is refused by name`(text: String, word: String) throws {
    do {
      let suite = try BenchSuite(json: Array(text.utf8), name: "damaged")
      _ = try suite.cases(kind: "cpu", dtypes: [.f32])
      Issue.record("\(text) was taken")
    } catch {
      #expect(error.code == .malformedData)
      #expect(error.message.contains(word), "\(error.message)")
    }
  }

  @Test(arguments: Devices.backends)
  func `the cases of suites quick and hpc6 are right on every back-end`(backend: BackendKind) throws
  {
    // A device of its own: dispatches are counted, and other tests run beside this one.
    let device = try Devices.own(backend)
    let runner = try BenchRunner(device: device, seconds: 0.05, rounds: 1, peers: false)
    // The rest of hpc6 is too long for a CPU that plays a GPU; its kernels are met below.
    // Drivers that compile for a CPU take minutes for the kernels of quick; the long run has them, too.
    let long = getenv("TESSERA_SOAK") != nil
    var cases: [any BenchCase] = []
    if backend == .cpu || long {
      cases = try BenchSuite.named("quick").cases(kind: "cpu", dtypes: [.f32])
    }
    cases += [
      HPCBenchCase(.axpy, n: 1027), HPCBenchCase(.gemv, n: 70, width: 260),
      HPCBenchCase(.gemv, n: 33, width: 131), HPCBenchCase(.spmv, n: 1001, perRow: 9),
      HPCBenchCase(.jacobi, n: 37 * 53, width: 53, steps: 3),
      HPCBenchCase(.jacobi, n: 64, width: 1, steps: 2),
      HPCBenchCase(.cg, n: 31 * 29, width: 29, steps: 24),
      HPCBenchCase(.read, n: 4 * 1003), HPCBenchCase(.write, n: 4 * 1003),
      HPCBenchCase(.fma, n: 128, steps: 50),
    ]
    for benchCase in cases {
      let report = try runner.verify(benchCase)
      #expect(report.passed, "\(benchCase.operation) \(benchCase.title): \(report.findings)")
    }
  }

  @Test func `a row says what it was measured with`() throws {
    let runner = try BenchRunner(
      device: try Devices.own(.cpu), seconds: 0.1, rounds: 3, arrivals: .server)
    let row = try runner.run(HPCBenchCase(.axpy, n: 65_536))
    #expect(row.verified && row.samples?.count == 3)
    let ms = try #require(row.ms)
    let ci = try #require(ms.ci)
    #expect(ci.count == 2 && ci[0] <= ms.median && ms.median <= ci[1] && ms.min <= ms.median)
    let executed = try #require(row.executed)
    #expect(executed.device == "cpu" && executed.dispatches == executed.runs)
    #expect(row.cold != nil && row.wall != nil && row.server != nil)
    #expect(row.intensity == 2.0 / 12 && row.limit == "bandwidth")
  }
}
