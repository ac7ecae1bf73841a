import Foundation
import Tessera
import TesseraConformance
import TesseraCore
import Testing

/// Published problems of neighborhood attention on every back-end, forward and backward, against the f64
/// oracle: small ones here, all of them with `TESSERA_SOAK` (Scripts/soak natten).
@Suite("Published cases", .serialized) struct PublishedCaseTests {
  private static let types: [DType] = [.f32, .f16, .bf16]

  /// What is run of the list.
  private struct Extent {
    /// Products up to which a problem is run with every combination of causal axes; up to ten times as
    /// many it is run with all axes causal alone, and beyond that not at all.
    var products: Double
    /// Products up to which every element type is run; beyond them, one of the three in turn.
    var allTypes: Double
    /// Whether only f32 and one head dimension are run: everything else is a kernel to build.
    var oneKernel: Bool
    /// Seconds after which no further problem is begun.
    var seconds: Double

    static func of(_ backend: BackendKind) -> Extent {
      let host = backend == .cpu
      let environment = ProcessInfo.processInfo.environment
      guard environment["TESSERA_SOAK"] != nil else {
        return Extent(
          products: host ? 1e5 : 6e4, allTypes: 0, oneKernel: !host, seconds: 600)
      }
      let minutes = environment["NATTEN_MINUTES"].flatMap { Double($0) } ?? 120
      return Extent(
        products: host ? 1e10 : 3e8, allTypes: host ? 1e9 : 0, oneKernel: false,
        seconds: minutes * 60)
    }
  }

  /// One problem with its causal axes and element type.
  private struct Turn {
    var index: Int
    var published: PublishedCase
    var causal: [Bool]
    var dtype: DType
    /// Of the turns of a problem, the first.
    var isFirst: Bool
  }

  /// What came of a run.
  private struct Tally {
    var problems: Set<Int> = []
    var comparisons = 0
    var late = 0
    var worst = 0.0
  }

  /// What is to be run, and how many problems are too large: first every problem once, small ones
  /// first, then what is left of causal axes and types, so that the dearest is what time is short for.
  private static func turns(_ extent: Extent) throws -> (turns: [Turn], tooLarge: Int) {
    var (turns, tooLarge): ([Turn], Int) = ([], 0)
    for (index, published) in try PublishedCase.all().enumerated() {
      if extent.oneKernel, published.headDim != 32 || published.valueDim != 32 { continue }
      guard published.products <= 10 * extent.products else {
        tooLarge += 1
        continue
      }
      let whole = published.products <= extent.products
      let choices = whole ? published.causalChoices : Array(published.causalChoices.suffix(1))
      var types = [extent.oneKernel ? .f32 : Self.types[index % Self.types.count]]
      if published.products <= extent.allTypes { types = Self.types }
      let all = types.flatMap { dtype in choices.map { (dtype, $0) } }
      for (turn, choice) in all.enumerated() {
        turns.append(
          Turn(
            index: index, published: published, causal: choice.1, dtype: choice.0,
            isFirst: turn == index % all.count))
      }
    }
    turns.sort {
      $0.isFirst == $1.isFirst ? $0.published.products < $1.published.products : $0.isFirst
    }
    return (turns, tooLarge)
  }

  @Test(arguments: Devices.backends)
  func `published problems agree with the oracle`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let extent = Extent.of(backend)
    let (begin, clock) = (ContinuousClock.now, ContinuousClock())
    var tally = Tally()
    let (turns, tooLarge) = try Self.turns(extent)
    for turn in turns {
      guard clock.now - begin < .seconds(extent.seconds) else {
        tally.late += 1
        continue
      }
      tally.problems.insert(turn.index)
      try Self.run(
        try turn.published.problem(causal: turn.causal, dtype: turn.dtype),
        seed: UInt64(turn.index) + 1, on: device, &tally)
    }
    #expect(tally.comparisons > 0)
    print(
      "\(device.info.id) published neighborhood problems: \(tally.problems.count) run with "
        + "\(turns.count - tally.late) choices of causal axes and type, \(tally.comparisons) "
        + "comparisons forward and backward; \(tooLarge) problems too large for this run, "
        + "\(tally.late) choices not reached in \(clock.now - begin); largest error "
        + "\(tally.worst) of its bound")
  }

  private static func run(
    _ problem: NeighborhoodProblem, seed: UInt64, on device: Device, _ tally: inout Tally
  ) throws {
    let forward = try PublishedRun(problem, seed: seed)
    for run in [forward, forward.backward(try forward.results(on: device))] {
      let (verification, complaint) = try ConformanceRunner.check(run, on: device)
      tally.comparisons += 1
      tally.worst = max(tally.worst, verification.maxRatio)
      if let reason = complaint ?? (verification.passed ? nil : verification.summary) {
        Issue.record("\(reason)\n\(run.summary)")
      }
    }
  }

  @Test func `the list is whole and every problem in it is one`() throws {
    let cases = try PublishedCase.all()
    #expect(cases.count == 314)
    #expect(cases.reduce(0) { $0 + $1.causalChoices.count } == 1398)
    for published in cases {
      for causal in published.causalChoices {
        let problem = try published.problem(causal: causal, dtype: .f16)
        #expect(problem.axes.count == published.lengths.count)
      }
    }
    let axes = cases.flatMap { zip($0.window, zip($0.stride, $0.dilation)) }
    #expect(axes.contains { $0.0 % 2 == 0 } && axes.contains { $0.1.0 > 1 && $0.1.1 > 1 })
    #expect(
      cases.contains { $0.heads > $0.kvHeads } && cases.contains { $0.headDim != $0.valueDim })
  }

  @Test func `results of another stride, dilation or causal axis are not taken for right`() throws {
    let device = try Devices.first(.cpu)
    let published = try #require(
      try PublishedCase.all().first {
        $0.stride.contains { $0 > 1 } && $0.dilation.contains { $0 > 1 }
      })
    let problem = try published.problem(
      causal: published.lengths.map { _ in false }, dtype: .f32)
    let run = try PublishedRun(problem, seed: 9)
    #expect(try run.verify(run.results(on: device)).passed)
    var others = [problem, problem, problem, problem]
    for axis in problem.axes.indices {
      others[0].axes[axis].stride = 1
      others[1].axes[axis].dilation = 1
      others[2].axes[axis].causal = true
      others[3].axes[axis].window -= 1
    }
    for other in others {
      let wrong = try PublishedRun(other, seed: 9)
      #expect(try !run.verify(wrong.results(on: device)).passed, "\(other)")
    }
  }
}
