import Tessera
import TesseraCPU
import TesseraCore
import TesseraHAL
import TesseraRuntime
import Testing

/// One device and many threads that do different things to it. Part of `Scripts/soak threads`, too, where the
/// thread sanitizer watches.
@Suite("Shared devices") struct SharedDeviceTests {
  @Test(arguments: BoundsMode.allCases)
  func `many threads share a device, whatever each of them does`(bounds: BoundsMode) async throws {
    let device = try Device(
      adopting: RecordingDevice(try Backends.cpu.open(0, bounds: bounds)), cache: nil)
    let shared = try Tensor([Float](repeating: 1, count: 144), shape: [12, 12], on: device)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for thread in 1...6 {
        group.addTask {
          // Plans and kernels of its own, and those of all.
          let size = 8 + thread
          let own = try Tensor(
            [Float](repeating: Float(thread), count: size * size), shape: try Shape([size, size]),
            on: device)
          for turn in 0..<12 {
            var results: [Tensor] = []
            let event = try device.run("thread \(thread)") { _ in
              results.append(try device.gemm(own, own))
              results.append(try device.gemm(shared, shared))
              results.append(try own.permuted([1, 0]).contiguous())
            }
            #expect(try results[0].floats().allSatisfy { $0 == Float(thread * thread * size) })
            #expect(try results[1].floats().allSatisfy { $0 == 12 })
            #expect(try results[2].floats().allSatisfy { $0 == Float(thread) })
            if turn % 3 == 0 { _ = try event.deviceSeconds() }
          }
        }
      }
      group.addTask {
        for _ in 0..<12 {
          device.trim()
          _ = (device.memoryStatistics, device.kernelStatistics)
          try device.flush()
          device.startTrace()
          _ = try device.stopTrace()
          try device.synchronize()
          await Task.yield()
        }
      }
      try await group.waitForAll()
    }
    #expect(try shared.floats().allSatisfy { $0 == 1 })
  }
}
