import COpenCL
import Foundation
import Synchronization
import TesseraCore
import TesseraHAL
import Testing

@testable import TesseraOpenCL

/// What the back-end itself costs, with the driver's part of a dispatch replaced by nothing.
@Suite(.serialized) struct CostTests {
  private static let source = "kernel void nothing(global uchar *a, ulong aOffset, uint value) {}"
  private static let signature = KernelSignature(
    name: "nothing", slots: [.init("a", .readWrite)], constantBytes: 4)

  /// Records and submits `count` dispatches of two kernels in turn, with changing constants.
  private func submit(
    _ count: Int, _ kernel: any HALKernel, _ buffer: any HALBuffer, on bench: Bench
  ) throws {
    let binding = [Binding(buffer, offset: 0, byteCount: 64)]
    try bench.run { encoder in
      try binding.withUnsafeBufferPointer { bindings in
        for index in 0..<count {
          var value = UInt32(index)
          try withUnsafeBytes(of: &value) { constants in
            try encoder.dispatch(
              kernel, groups: GridSize(1), constants: constants, bindings: bindings)
          }
        }
      }
    }
  }

  /// The best of several rounds, in microseconds for one dispatch.
  private func cost(_ bench: Bench) throws -> Double {
    let kernel = try bench.kernel(Self.signature, Self.source)
    let buffer = try bench.device.allocate(byteCount: 64, kind: .staging)
    try submit(10, kernel, buffer, on: bench)
    var best = Double.infinity
    for _ in 0..<7 {
      let start = ContinuousClock.now
      try submit(1000, kernel, buffer, on: bench)
      best = min(best, start.duration(to: .now) / .microseconds(1000))
    }
    return best
  }

  @Test func `our part of a dispatch takes microseconds`() throws {
    guard var table = OpenCLDriver().functions else { try Test.cancel("not run: no OpenCL loader") }
    let whole = try cost(Bench())
    // Every dispatch becomes a marker where an event is asked for, and nothing elsewhere.
    SilentDispatch.marker.withLock { $0 = table.clEnqueueMarkerWithWaitList }
    table.clEnqueueNDRangeKernel = SilentDispatch.call
    table.clSetKernelArg = { _, _, _, _ in 0 }
    let own = try cost(Bench(OpenCLDriver(functions: table)))
    print("OpenCL host cost of a dispatch: \(whole) µs with the driver's, \(own) µs our own")
    // Ten times the cost of an optimised build: a debug build on a busy machine passes, an
    // allocation storm or a quadratic list does not.
    #expect(own < 50)
  }

  @Test func `steady work holds no more handles and no more memory than at its start`() throws {
    guard var table = OpenCLDriver().functions else { try Test.cancel("not run: no OpenCL loader") }
    CountedEvents.install(&table)
    let bench = try Bench(OpenCLDriver(functions: table))
    let device = try #require(bench.device as? OpenCLDevice)
    let kernel = try bench.kernel(Self.signature, Self.source)
    let buffer = try bench.device.allocate(byteCount: 64, kind: .staging)
    func capacities() -> [Int] {
      device.storages.withLock { storages in
        storages.flatMap {
          [
            $0.commands.capacity, $0.kernels.capacity, $0.ranges.capacity, $0.bytes.capacity,
            $0.ranges.count,
          ]
        }
      }
    }
    try submit(100, kernel, buffer, on: bench)
    let start = capacities()
    #expect(start.count == 5)
    for _ in 0..<200 { try submit(100, kernel, buffer, on: bench) }
    #expect(capacities() == start)
    #expect(bench.device.memory().allocated == 64)
    #expect(CountedEvents.made.load(ordering: .relaxed) >= 201)
    #expect(CountedEvents.live.load(ordering: .relaxed) == 0)
    device.trim()
    #expect(capacities().isEmpty)
  }

  @Test func `released buffers are no longer counted`() throws {
    let bench = try Bench()
    do {
      let first = try bench.device.allocate(byteCount: 1000, kind: .device)
      let second = try bench.device.allocate(byteCount: 24, kind: .staging)
      #expect(bench.device.memory().allocated == 1024)
      #expect(first.byteCount == 1000 && second.kind == .staging)
    }
    #expect(bench.device.memory().allocated == 0)
  }
}

/// A `clEnqueueNDRangeKernel` that runs nothing.
enum SilentDispatch {
  typealias Marker =
    @convention(c) (
      cl_command_queue?, cl_uint, UnsafePointer<cl_event?>?, UnsafeMutablePointer<cl_event?>?
    ) -> cl_int
  typealias Function =
    @convention(c) (
      cl_command_queue?, cl_kernel?, cl_uint, UnsafePointer<Int>?, UnsafePointer<Int>?,
      UnsafePointer<Int>?, cl_uint, UnsafePointer<cl_event?>?, UnsafeMutablePointer<cl_event?>?
    ) -> cl_int
  static let marker = Mutex<Marker?>(nil)
  static let call: Function = { queue, _, _, _, _, _, _, _, event in
    guard let event else { return 0 }
    return marker.withLock { $0 }?(queue, 0, nil, event) ?? -59
  }
}

/// Counts the references to events that dispatches make.
enum CountedEvents {
  typealias Release = @convention(c) (cl_event?) -> cl_int
  static let dispatch = Mutex<SilentDispatch.Function?>(nil)
  static let retain = Mutex<Release?>(nil)
  static let release = Mutex<Release?>(nil)
  static let made = Atomic<Int>(0)
  static let live = Atomic<Int>(0)

  static func install(_ table: inout OpenCLFunctions) {
    dispatch.withLock { $0 = table.clEnqueueNDRangeKernel }
    retain.withLock { $0 = table.clRetainEvent }
    release.withLock { $0 = table.clReleaseEvent }
    table.clEnqueueNDRangeKernel = { queue, kernel, rank, base, global, local, count, list, event in
      if event != nil {
        CountedEvents.made.wrappingAdd(1, ordering: .relaxed)
        CountedEvents.live.wrappingAdd(1, ordering: .relaxed)
      }
      return CountedEvents.dispatch.withLock { $0 }?(
        queue, kernel, rank, base, global, local, count, list, event) ?? -59
    }
    table.clRetainEvent = { event in
      CountedEvents.live.wrappingAdd(1, ordering: .relaxed)
      return CountedEvents.retain.withLock { $0 }?(event) ?? -59
    }
    table.clReleaseEvent = { event in
      CountedEvents.live.wrappingSubtract(1, ordering: .relaxed)
      return CountedEvents.release.withLock { $0 }?(event) ?? -59
    }
  }
}
