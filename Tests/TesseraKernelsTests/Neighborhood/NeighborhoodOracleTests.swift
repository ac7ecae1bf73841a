import TesseraCore
import TesseraReference
import Testing

@Suite struct `Neighborhood attention against the oracle` {
  typealias Axis = NeighborhoodProblem.Axis

  static func randomForm(_ random: inout SeededRandom) -> NeighborhoodCase.Form {
    let rank = random.integer(in: 1...3)
    let axes = (0..<rank).map { _ in
      `Neighborhood attention key sets`.randomAxis(&random, upTo: [200, 20, 8][rank - 1])
    }
    let kvHeads = random.integer(in: 1...2)
    let (d, dv, dtype, output) = random.pick(kinds)
    return .init(
      batch: random.integer(in: 1...2), axes: axes,
      heads: kvHeads * random.integer(in: 1...3), kvHeads: kvHeads,
      d: d, dv: dv, extra: random.pick([0, 0, 1, 5, 40]), dtype: dtype, output: output)
  }

  /// Head dimensions and types. Few, since every one is a kernel to compile.
  static let kinds: [(d: Int, dv: Int, dtype: DType, output: DType)] = [
    (16, 16, .f32, .f32), (31, 9, .f16, .f16), (80, 24, .bf16, .f32),
  ]

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is right for random problems`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    var random = SeededRandom(5)
    for index in 0..<(device.isThorough ? 100 : 12) {
      let form = Self.randomForm(&random)
      let test = try NeighborhoodCase(form, seed: UInt64(index))
      let output = try test.run(on: context)
      if let fault = test.fault(output) { Issue.record("\(fault)") }
      let again = try test.run(on: context)
      #expect(
        again.o.bits == output.o.bits && again.lse.bits == output.lse.bits,
        "not repeatable: \(test.problem)")
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is right for head dimensions up to 512`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let dimensions = [(512, 512), (7, 300), (128, 128), (256, 100), (1, 1)]
    // A large head dimension takes seconds to compile where kernels are compiled for a CPU.
    for (d, dv) in device == .cpu ? dimensions : Array(dimensions.prefix(2)) {
      let form = NeighborhoodCase.Form(
        axes: [Axis(length: 11, window: 5), Axis(length: 9, window: 4, dilation: 2)], heads: 2,
        kvHeads: 1, d: d, dv: dv)
      let test = try NeighborhoodCase(form, seed: 6)
      if let fault = test.fault(try test.run(on: context)) { Issue.record("\(fault)") }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is right for peaked scores`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let form = NeighborhoodCase.Form(
      axes: [Axis(length: 300, window: 130)], heads: 2, kvHeads: 2, d: 4, dv: 16, extra: 3,
      scale: 1)
    // Scores of ±80 for every other query, by one large component each.
    let test = try NeighborhoodCase(form) { name, count in
      var random = SeededRandom(7)
      let noise = random.normals(count)
      guard name != "v", name != "extra_v" else { return noise }
      let size: Float = name == "q" ? 80 : 1
      return noise.indices.map { $0 % 4 == 0 ? ($0 % 3 == 0 ? size : -size) : noise[$0] * 0.01 }
    }
    if let fault = test.fault(try test.run(on: context)) { Issue.record("\(fault)") }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `is right for windows of many tiles`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let forms: [NeighborhoodCase.Form] = [
      .init(axes: [Axis(length: 1500, window: 1400)], d: 16, dv: 16),
      .init(axes: [Axis(length: 700, window: 500, stride: 64, causal: true)], d: 32, dv: 32),
      .init(axes: [Axis(length: 40, window: 25), Axis(length: 36, window: 25)], d: 16, dv: 16),
      .init(
        axes: [
          Axis(length: 6, window: 5), Axis(length: 12, window: 9), Axis(length: 10, window: 10),
        ], d: 8, dv: 8),
    ]
    for form in forms {
      let test = try NeighborhoodCase(form, seed: 8)
      if let fault = test.fault(try test.run(on: context)) { Issue.record("\(fault)") }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `handles axes of zero elements`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let some = [Axis(length: 6, window: 3)]
    let forms: [NeighborhoodCase.Form] = [
      .init(batch: 0, axes: some), .init(axes: [Axis(length: 0, window: 3)]),
      .init(axes: some, heads: 0, kvHeads: 0), .init(axes: some, d: 0), .init(axes: some, dv: 0),
      .init(axes: some, d: 0, dv: 0, extra: 2),
    ]
    for form in forms {
      let test = try NeighborhoodCase(form, seed: 9)
      if let fault = test.fault(try test.run(on: context)) { Issue.record("\(fault)") }
    }
  }

  @Test(arguments: NeighborhoodDevice.allCases)
  func `with scale 0 gives the mean`(_ device: NeighborhoodDevice) throws {
    let context = try device.context()
    let form = NeighborhoodCase.Form(axes: [Axis(length: 9, window: 4)], scale: 0)
    let test = try NeighborhoodCase(form, seed: 10)
    if let fault = test.fault(try test.run(on: context)) { Issue.record("\(fault)") }
  }
}

extension HostTensor {
  /// All bytes, for exact comparison.
  var bits: [UInt8] { withUnsafeBytes { Array($0) } }
}
