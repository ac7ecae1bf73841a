import Tessera
import Testing

@Suite("Tensor") struct TensorTests {
  @Test(arguments: Devices.backends)
  func `elements survive the way to the device and back`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let values = (0..<1001).map { Float($0) * 0.25 - 100 }
    #expect(try Tensor(values, shape: [7, 11, 13], on: device).floats() == values)
    let halves = try Tensor(values, shape: [1001], dtype: .f16, on: device)
    #expect(try halves.values(as: Float16.self) == values.map { Float16($0) })
    let bytes = (0..<255).map { UInt8($0) }
    #expect(try Tensor(bytes, shape: [255], on: device).values(as: UInt8.self) == bytes)
    #expect(try Tensor(zeros: [5], dtype: .bf16, on: device).floats() == [0, 0, 0, 0, 0])
    #expect(try Tensor([] as [Float], shape: [3, 0], on: device).floats().isEmpty)
  }

  @Test(arguments: Devices.backends)
  func `reads without blocking`(backend: BackendKind) async throws {
    let device = try Devices.first(backend)
    let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2], on: device)
    #expect(try await device.gemm(a, a).read() == [7, 10, 15, 22])
  }

  @Test(arguments: Devices.backends, [DType.u8, .f16, .f32, .i64])
  func `views of any strides become contiguous`(backend: BackendKind, dtype: DType) throws {
    let device = try Devices.first(backend)
    let host = try HostTensor(
      rounding: (0..<120).map { Float($0) }, to: dtype, shape: [2, 3, 4, 5])
    let tensor = try Tensor(host, on: device)
    let view = try tensor.permuted([3, 1, 0, 2]).sliced(axis: 1, 1..<3)
    var expected: [Float] = []
    for d in 0..<5 {
      for b in 1..<3 { for a in 0..<2 { for c in 0..<4 { expected.append(Float(((a * 3 + b) * 4 + c) * 5 + d)) } } }
    }
    #expect(!view.isContiguous)
    #expect(try view.contiguous().floats() == expected)
    #expect(try view.floats() == expected)
    #expect(try tensor.sliced(axis: 0, 1..<2).floats() == (60..<120).map { Float($0) })
    #expect(try tensor.reshaped(to: [6, 20]).shape == [6, 20])
    #expect(throws: TesseraError.self) { try view.reshaped(to: [80]) }
  }

  @Test func `arguments are checked before anything is allocated`() throws {
    // One of its own: other tests use the shared one meanwhile.
    let device = try Device("cpu")
    let before = device.memoryStatistics.driverAllocations + device.memoryStatistics.reuses
    let huge = try Shape([1 << 40, 1 << 20])
    for body in [
      { _ = try Tensor([1, 2] as [Float], shape: [3], on: device) },
      { _ = try Tensor(zeros: huge, dtype: .f64, on: device) },
      { _ = try Tensor(uninitialized: huge, dtype: .u8, on: device) },
    ] as [() throws -> Void] {
      #expect(throws: TesseraError.self) { try body() }
    }
    #expect(device.memoryStatistics.driverAllocations + device.memoryStatistics.reuses == before)
  }
}
