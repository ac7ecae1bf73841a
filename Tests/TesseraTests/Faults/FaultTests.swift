import Tessera
import TesseraCPU
import TesseraHAL
import TesseraRuntime
import Testing

/// Every driver call of an operation is failed once.
@Suite("Faults") struct FaultTests {
  private static func recordingDevice() throws -> (Device, CallLog) {
    let log = CallLog()
    let base = try Backends.cpu.open(0)
    return (try Device(adopting: RecordingDevice(base, log: log), cache: nil), log)
  }

  private static func operation(_ device: Device) throws -> [Float] {
    let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2], on: device)
    let q = try Tensor((0..<64).map { Float($0) / 64 }, shape: [1, 8, 1, 8], on: device)
    let o = try device.neighborhoodAttention(q, q, q, window: [3])
    return try device.gemm(a, a, epilogue: .init(c: a)).floats() + o.floats()
  }

  @Test func `the n-th call fails, for every n, and the device stays usable`() throws {
    let (device, log) = try Self.recordingDevice()
    let expected = try Self.operation(device)
    var n = 1
    while true {
      // A fresh device per fault, so that kernels are built and memory is allocated each time.
      let (device, log) = try Self.recordingDevice()
      log.fail(at: n)
      do {
        let result = try Self.operation(device)
        #expect(result == expected)
        if !log.hasFailed { break }
      } catch let error as TesseraError {
        #expect(error.code == .driver || error.code == .poisoned, "call \(n): \(error)")
      }
      log.fail(at: nil)
      let calls = log.calls
      // Failures of the timeline stand for a broken device; everything else must leave it usable.
      if let later = try? Self.operation(device) { #expect(later == expected, "call \(n) \(calls)") }
      n += 1
      try #require(n < 1000)
    }
    #expect(n > 20)
    withExtendedLifetime(log) {}
  }

  @Test func `out of memory trims, retries once and then says the sizes`() throws {
    let (device, log) = try Self.recordingDevice()
    let oom = TesseraError(.outOfMemory, "driver out of memory")
    log.fail(at: 1, with: oom, only: [.allocate])
    // One failure: the retry succeeds.
    _ = try Tensor(zeros: [1000], dtype: .f32, on: device)
    #expect(log.hasFailed)
    let error = try #require(throws: TesseraError.self) {
      _ = try Tensor(uninitialized: try Shape([1 << 50]), dtype: .u8, on: device)
    }
    #expect(error.code == .outOfMemory || error.code == .overLimit)
    #expect(error.message.contains("\(1 << 50)"), "\(error)")
  }

  @Test func `a lost device poisons what depends on it and nothing else`() throws {
    let (device, log) = try Self.recordingDevice()
    let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2], on: device)
    let d = try device.gemm(a, a)
    log.fail(
      at: 1, with: TesseraError(.deviceLost, "device lost: injected"), only: [.submit])
    #expect(throws: TesseraError.self) { try d.floats() }
    let later = try #require(throws: TesseraError.self) { try device.gemm(a, a).floats() }
    #expect(later.code == .deviceLost)
    let (other, _) = try Self.recordingDevice()
    #expect(try Self.operation(other).prefix(4) == [7, 10, 15, 22])
  }
}
