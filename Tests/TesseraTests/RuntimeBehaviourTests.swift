import Foundation
import Tessera
import Testing

@Suite("Runtime behaviour") struct RuntimeBehaviourTests {
  @Test(arguments: Devices.backends)
  func `memory does not grow in steady state`(backend: BackendKind) throws {
    let device = try Devices.own(backend)
    let a = try Tensor([Float](repeating: 0.5, count: 4096), shape: [64, 64], on: device)
    var x = a
    func step() throws { for _ in 0..<40 { x = try device.gemm(x, a, epilogue: .init(alpha: 0.03)) } }
    try step()
    try device.synchronize()
    let before = device.memoryStatistics
    for _ in 0..<5 { try step() }
    try device.synchronize()
    let after = device.memoryStatistics
    #expect(after.driverAllocations == before.driverAllocations)
    #expect(after.active == before.active)
    #expect(after.reuses > before.reuses)
  }

  @Test(arguments: Devices.backends)
  func `a trace holds every command and is JSON`(backend: BackendKind) throws {
    let device = try Devices.own(backend)
    let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2], on: device)
    device.startTrace()
    try device.run("outer") { commands in
      try commands.label("inner \"quoted\"") { _ = try device.gemm(a, a) }
    }
    let json = try device.stopTrace()
    let events = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
    let device_events = events.filter { $0["ph"] as? String == "X" }
    #expect(!device_events.isEmpty)
    #expect(device_events.allSatisfy { ($0["name"] as? String)?.hasPrefix("outer/inner \"quoted\"/gemm") == true })
    #expect(device_events.allSatisfy { $0["dur"] is Double || $0["dur"] is Int })
  }

  @Test(arguments: Devices.backends)
  func `many threads share a device`(backend: BackendKind) async throws {
    let device = try Devices.first(backend)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for thread in 1...8 {
        group.addTask {
          let size = 8 + thread
          let a = try Tensor(
            [Float](repeating: Float(thread), count: size * size), shape: try Shape([size, size]),
            on: device)
          for _ in 0..<20 {
            let d = try device.gemm(a, a).floats()
            #expect(d.allSatisfy { $0 == Float(thread * thread * size) })
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func `choice of device is a pure function of what there is`() throws {
    let error = try #require(throws: TesseraError.self) { try Device("gpu") }
    #expect(error.code == .invalidArgument)
    #expect(throws: TesseraError.self) { try Device("cpu:7") }
    #expect(throws: TesseraError.self) { try Device("opencl:-1") }
    #expect(try Device("cpu").info.backend == .cpu)
  }
}
