import Foundation
import Tessera
import TesseraConformance
import TesseraCore
import TesseraHAL
import TesseraKernels
import TesseraRuntime
import Testing

/// Kernels that write beside their buffers: found under `validate`, harmless under `enforce`.
@Suite("Bounds modes") struct BoundsTests {
  /// A device of its own; with `hidden`, one whose memory the host cannot address.
  static func open(
    _ backend: BackendKind, _ bounds: BoundsMode, hidden: Bool = false
  ) throws -> Device {
    guard let driver = Backends.driver(backend), !driver.devices().isEmpty else {
      // The report does not tell of cases that are cancelled.
      print("not run: no \(backend.rawValue) device")
      try Test.cancel("not run: no \(backend.rawValue) device")
    }
    let base = try driver.open(0, bounds: bounds)
    return try Device(adopting: hidden ? RecordingDevice(base, hidesMemory: true) : base)
  }

  /// Copies 128 floats to where 64 fit: a kernel of the library, given a wrong count.
  private static func spill(_ x: Tensor, to range: BufferRange, on device: Device) throws {
    let context = device.context
    let plan = try StridedCopy.plan(
      shape: [128], strides: [1], dtype: .f32, elementOffset: 0, sourceBytes: 512,
      context.capabilities)
    let prepared = try PlanExecutor.prepare(plan, on: context)
    let dispatch = plan.dispatches[0]
    try [BufferRange(x.allocation), range].withUnsafeBufferPointer { ranges in
      try dispatch.constants.withUnsafeBytes { constants in
        try context.dispatch(
          prepared.kernels[0], groups: dispatch.grid, constants: constants, ranges: ranges)
      }
    }
  }

  private static let ones = [Float](repeating: 1, count: 128)

  @Test(arguments: Devices.backends, [false, true])
  func `an overrun is an error that names kernel and buffer`(
    backend: BackendKind, hidden: Bool
  ) throws {
    let device = try Self.open(backend, .validate, hidden: hidden)
    let x = try Tensor(Self.ones, shape: [128], on: device)
    let other = try Tensor(Self.ones, shape: [128], on: device)
    for _ in 0..<2 {
      let y = try Tensor(zeros: [64], dtype: .f32, on: device)
      let error = try #require(throws: TesseraError.self) {
        try Self.spill(x, to: BufferRange(y.allocation), on: device)
      }
      #expect(error.code == .outOfBounds)
      #expect(
        error.message == "kernel strided_copy wrote beside destination: at byte 256 of 256")
      #expect(#expect(throws: TesseraError.self) { try y.floats() }?.code == .poisoned)
    }
    // The device goes on, and so does what the kernel was not given.
    #expect(try other.floats() == Self.ones)
    #expect(try other.permuted([0]).contiguous().floats() == Self.ones)
  }

  @Test(arguments: Devices.backends)
  func `an overrun comes to nothing where bounds are enforced`(backend: BackendKind) throws {
    let device = try Self.open(backend, .enforce)
    let x = try Tensor(Self.ones, shape: [128], on: device)
    let y = try Tensor([Float](repeating: 7, count: 512), shape: [512], on: device)
    let small = try Tensor(zeros: [64], dtype: .f32, on: device)
    let after = try Tensor([Float](repeating: 7, count: 64), shape: [64], on: device)
    try Self.spill(x, to: BufferRange(small.allocation), on: device)
    #expect(try small.floats() == [Float](repeating: 1, count: 64))
    #expect(try after.floats() == [Float](repeating: 7, count: 64))
    // The CPU's own kernels are kept to buffers, not to ranges inside them.
    guard backend != .cpu else { return }
    try Self.spill(
      x, to: BufferRange(y.allocation, offset: 1024, byteCount: 256), on: device)
    #expect(
      try y.floats() == (0..<512).map { (256..<320).contains($0) ? 1 : 7 })
  }

  @Test(arguments: Devices.backends)
  func `results are the same bits in all modes`(backend: BackendKind) throws {
    let long = ProcessInfo.processInfo.environment["TESSERA_SOAK"] != nil
    // Drivers for CPUs take seconds to build a kernel, and there are two of each here.
    let operators: [ConformanceOperator] =
      backend == .cpu || long ? ConformanceOperator.allCases : [.gemm, .pattern]
    let devices = try BoundsMode.allCases.map { try Self.open(backend, $0) }
    for operation in operators {
      for seed in UInt64(1)..<(backend == .cpu ? 5 : 3) {
        let testCase = try operation.makeCase(seed: seed, variants: backend == .cpu ? 6 : 1)
        let results = try devices.map { try Self.outputs(testCase, on: $0) }
        for (mode, result) in zip(BoundsMode.allCases, results) {
          let same = results[0] == result
          #expect(same, "\(mode) \(operation) seed \(seed): \(testCase.summary)")
        }
      }
    }
  }

  /// The bytes that a case computes on a device.
  private static func outputs(
    _ testCase: any ConformanceCase, on device: Device
  ) throws -> [[UInt8]] {
    let prepared = try testCase.prepare(on: device)
    func memory(_ byteCount: Int, _ data: HostTensor? = nil) throws -> BufferRange {
      let range = BufferRange(
        try device.context.allocate(byteCount: byteCount), byteCount: byteCount)
      let bytes = [UInt8](repeating: 0xFF, count: byteCount)
      if let data {
        try data.withUnsafeBytes { bytes throws(TesseraError) in
          try device.context.write(bytes, to: range)
        }
      } else {
        try bytes.withUnsafeBytes { try device.context.write($0, to: range) }
      }
      return range
    }
    let inputs = try testCase.inputs.map { try $0.map { try memory($0.byteCount, $0) } }
    let outputs = try testCase.outputs().map { output in
      try output.map { try memory($0.shape.byteCount(of: $0.dtype)) }
    }
    try PlanExecutor.execute(
      prepared, operands: inputs + outputs, on: device.context)
    return try outputs.compactMap { $0 }.map { range in
      var bytes = [UInt8](repeating: 0, count: range.byteCount)
      try bytes.withUnsafeMutableBytes { try device.context.read(range, into: $0) }
      return bytes
    }
  }
}
