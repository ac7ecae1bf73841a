import Synchronization
import Tessera
@testable import TesseraBench
import TesseraConformance
import TesseraCore
import TesseraKernels
import TesseraRuntime
import Testing

/// Kernels that cheat must be caught by the code that examines every bench row.
@Suite("Planted frauds") struct FraudTests {
  private static let n = 1000

  /// `z = a·x + y`, done honestly: what the frauds start from.
  private struct Honest {
    let device: Device
    let subject: Subject
    let prepared: PreparedPlan

    init(on device: Device, scaleOfY: Float = 1) throws {
      let benchCase = HPCBenchCase(.axpy, n: FraudTests.n)
      let data = try HPCData(benchCase)
      let plan = try HPCPlanner.plan(data.problem, device.context.capabilities)
      let prepared = try PlanExecutor.prepare(plan, on: device.context)
      let operands = try data.operands(invocations: 0)
      self.device = device
      self.prepared = prepared
      subject = Subject(
        operands: operands, dispatches: plan.dispatches.count,
        inputs: { seed throws(TesseraError) in
          var inputs = try data.inputs(seed, operands)
          let y = (inputs[1]?.floats() ?? []).map { $0 * scaleOfY }
          inputs[1] = try HostTensor(y, shape: try Shape([FraudTests.n]))
          return inputs
        },
        run: { ranges throws(TesseraError) in
          try PlanExecutor.execute(prepared, operands: ranges, on: device.context)
        },
        judge: { inputs, outputs, _ throws(TesseraError) in try data.verify(inputs, outputs[2]) })
    }

    /// Memory of its own for one operand.
    func memory() throws(TesseraError) -> BufferRange {
      try Tensor(zeros: try Shape([FraudTests.n]), dtype: .f32, on: device).contiguousRange("own")
    }
  }

  private func kinds(
    _ honest: Honest, _ run: @escaping ([BufferRange?]) throws(TesseraError) -> Void
  ) throws -> Set<Finding.Kind> {
    var fraud = honest.subject
    fraud.run = run
    let report = try Examination(fraud, on: honest.device, seed: 11).report()
    #expect(report.findings.isEmpty || !report.passed)
    return Set(report.findings.map(\.kind))
  }

  @Test(arguments: Devices.backends) func `honest work passes`(backend: BackendKind) throws {
    let honest = try Honest(on: try Devices.own(backend))
    let report = try Examination(honest.subject, on: honest.device, seed: 11).report()
    #expect(report.passed && report.findings.isEmpty, "\(report.findings)")
    #expect(report.dispatches == honest.subject.dispatches)
  }

  @Test func `a kernel that writes nothing is caught`() throws {
    let honest = try Honest(on: try Devices.own(.cpu))
    let elsewhere = try honest.memory()
    let found = try kinds(honest) { ranges throws(TesseraError) in
      // The right number of dispatches, into memory that nobody looks at.
      try PlanExecutor.execute(
        honest.prepared, operands: [ranges[0], ranges[1], elsewhere], on: honest.device.context)
    }
    #expect(found == [.unwritten])
  }

  @Test func `a kernel that caches by pointer is caught`() throws {
    let honest = try Honest(on: try Devices.own(.cpu))
    let (cache, elsewhere) = (try honest.memory(), try honest.memory())
    let known = Mutex<Int?>(nil)
    let context = honest.device.context
    let found = try kinds(honest) { ranges throws(TesseraError) in
      guard let x = ranges[0], let z = ranges[2] else { return }
      let place = ObjectIdentifier(x.allocation).hashValue ^ x.offset
      if known.withLock({ $0 == place }) {
        try PlanExecutor.execute(
          honest.prepared, operands: [ranges[0], ranges[1], elsewhere], on: context)
        try context.copy(from: cache, to: z)
      } else {
        try PlanExecutor.execute(honest.prepared, operands: ranges, on: context)
        try context.copy(from: z, to: cache)
        known.withLock { $0 = place }
      }
    }
    #expect(found == [.stale])
  }

  @Test func `a kernel that ignores an input is caught though its error bound forgives it`() throws
  {
    // y is so small beside x that leaving it out stays inside the bound.
    let honest = try Honest(on: try Devices.own(.cpu), scaleOfY: 1e-12)
    let zero = try honest.memory()
    let found = try kinds(honest) { ranges throws(TesseraError) in
      try PlanExecutor.execute(
        honest.prepared, operands: [ranges[0], zero, ranges[2]], on: honest.device.context)
    }
    #expect(found == [.ignoredInput])
  }

  @Test func `a kernel that ignores an input is caught by its result`() throws {
    let honest = try Honest(on: try Devices.own(.cpu))
    let zero = try honest.memory()
    let found = try kinds(honest) { ranges throws(TesseraError) in
      try PlanExecutor.execute(
        honest.prepared, operands: [ranges[0], zero, ranges[2]], on: honest.device.context)
    }
    #expect(found == [.wrong])
  }

  @Test func `a kernel that overruns by one element is caught`() throws {
    let honest = try Honest(on: try Devices.own(.cpu))
    let context = honest.device.context
    let longer = try PlanExecutor.prepare(
      try HPCPlanner.plan(
        try HPCProblem(.axpy, n: Self.n + 1), context.capabilities), on: context)
    let found = try kinds(honest) { ranges throws(TesseraError) in
      let wider = ranges.map { range in
        range.map { BufferRange($0.allocation, offset: $0.offset, byteCount: $0.byteCount + 4) }
      }
      try PlanExecutor.execute(longer, operands: wider, on: context)
    }
    #expect(found == [.overrun])
  }

  @Test(arguments: Devices.backends)
  func `work that another device did is caught`(backend: BackendKind) throws {
    let honest = try Honest(on: try Devices.own(backend))
    let other = try Honest(on: try Device("cpu"))
    let shape = try Shape([Self.n])
    let found = try kinds(honest) { ranges throws(TesseraError) in
      guard let x = ranges[0], let y = ranges[1], let z = ranges[2] else { return }
      var moved: [BufferRange?] = []
      for range in [x, y] {
        let host = try HostTensor(dtype: .f32, shape: shape) { bytes throws(TesseraError) in
          try range.allocation.context.read(range, into: bytes)
        }
        moved.append(try Tensor(host, on: other.device).contiguousRange("moved"))
      }
      let result = try other.memory()
      try PlanExecutor.execute(
        other.prepared, operands: moved + [result], on: other.device.context)
      let host = try HostTensor(dtype: .f32, shape: shape) { bytes throws(TesseraError) in
        try other.device.context.read(result, into: bytes)
      }
      try host.withUnsafeBytes { bytes throws(TesseraError) in
        try honest.device.context.write(bytes, to: z)
      }
    }
    #expect(found == [.elsewhere])
  }

  /// A case with a peer that stops its clock before the work is done, and one that does not.
  private struct UnsynchronizedCase: BenchCase {
    let operation = "axpy"
    let dtype = DType.f32
    let parameters: [String: BenchRow.Value] = ["n": .int(FraudTests.n)]
    let title = "with a false peer"

    func setup(_ runner: BenchRunner) throws(TesseraError) -> CaseSetup {
      let device = runner.device
      let context = device.context
      var setup = try HPCBenchCase(.axpy, n: FraudTests.n).setup(runner)
      let heavy = try HPCProblem(.fma, n: 64 * 64, steps: 8192)
      let work = try PlanExecutor.prepare(
        try HPCPlanner.plan(heavy, context.capabilities), on: context)
      let out = try Tensor(zeros: [4096], dtype: .f32, on: device).contiguousRange("out")
      setup.makePeers = { _ throws(TesseraError) in
        var set = PeerSet()
        set.contenders = [
          Contender(name: "true") { () throws(TesseraError) in
            let started = HostClock.now()
            try PlanExecutor.execute(work, operands: [out], on: context)
            try device.synchronize()
            return HostClock.seconds(since: started)
          },
          Contender(name: "false") { () throws(TesseraError) in
            let started = HostClock.now()
            try PlanExecutor.execute(work, operands: [out], on: context)
            return HostClock.seconds(since: started)
          },
        ]
        return set
      }
      return setup
    }
  }

  @Test func `a peer that is timed without waiting for it is no peer`() throws {
    let runner = try BenchRunner(device: try Devices.own(.cpu), seconds: 0.1, rounds: 1)
    let row = try runner.run(UnsynchronizedCase())
    #expect(row.peers["false"] == nil)
    #expect(row.notRun["false"]?.contains("timers") == true, "\(row.notRun)")
    #expect(row.peers["true"] != nil, "\(row.notRun)")
  }

  @Test func `timers that disagree by more than a fifth are found`() {
    #expect(TimerCheck.finding(reported: 1e-3, wall: 1.1e-3, recording: 1e-5) == nil)
    #expect(TimerCheck.finding(reported: 1e-3, wall: 1.3e-3, recording: 1e-5)?.kind == .timers)
    #expect(TimerCheck.finding(reported: 1.3e-3, wall: 1e-3, recording: 1e-5)?.kind == .timers)
    let host = TimerCheck.finding(reported: 1e-6, wall: 1e-5, recording: 9e-6)
    #expect(host?.detail.contains("the host") == true)
  }
}
