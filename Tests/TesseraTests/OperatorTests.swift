import Tessera
import Testing

@Suite("Operators") struct OperatorTests {
  @Test(arguments: Devices.backends)
  func `gemm with every part of its epilogue`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let a = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3], on: device)
    let b = try Tensor([1, -1, 0, 2, -3, 1] as [Float], shape: [3, 2], on: device)
    let c = try Tensor([10, 20, 30, 40] as [Float], shape: [2, 2], on: device)
    let bias = try Tensor([1, 1000] as [Float], shape: [2, 1], on: device)
    let d = try device.gemm(
      a, b, epilogue: .init(alpha: 2, beta: 0.5, c: c, bias: bias, activation: .relu))
    // a·b = [-8, 6; -14, 12]
    #expect(try d.floats() == [0, 23, 987, 1044])
    let half = try device.gemm(a, b, output: .f16)
    #expect(half.dtype == .f16)
    #expect(try half.floats() == [-8, 6, -14, 12])
  }

  @Test(arguments: Devices.backends)
  func `gemm reads transposed views in place and copies other views`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let a = try Tensor([1, 4, 2, 5, 3, 6] as [Float], shape: [3, 2], on: device)
    let b = try Tensor((0..<12).map(Float.init), shape: [3, 4], on: device)
    let plain = try device.gemm(a, b, transposeA: true).floats()
    #expect(plain == [32, 38, 44, 50, 68, 83, 98, 113])
    #expect(try device.gemm(a.transposed(), b).floats() == plain)
    // Columns 1 and 2 of b: neither contiguous nor a transpose.
    let columns = try device.gemm(a.transposed(), b.sliced(axis: 1, 1..<3)).floats()
    #expect(columns == [38, 44, 83, 98])
  }

  @Test(arguments: Devices.backends)
  func `a zero beta never reads c`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let a = try Tensor([1, 1, 1, 1] as [Float], shape: [2, 2], on: device)
    let poison = try Tensor([Float](repeating: .nan, count: 4), shape: [2, 2], on: device)
    #expect(try device.gemm(a, a, epilogue: .init(beta: 0, c: poison)).floats() == [2, 2, 2, 2])
  }

  @Test(arguments: Devices.backends)
  func `attention with a window of one key returns the values`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let shape: Shape = [1, 5, 4, 2, 8]
    let values = (0..<shape.elementCount).map { Float($0 * 37 % 101) / 101 }
    let q = try Tensor(values, shape: shape, on: device)
    let result = try device.neighborhoodAttentionWithLSE(q, q, q, window: [1], scale: 0)
    #expect(try result.output.floats() == values)
    #expect(try result.logSumExp.floats().allSatisfy { $0 == 0 })
  }

  @Test(arguments: Devices.backends)
  func `tensors of another device are refused by name`(backend: BackendKind) throws {
    let device = try Devices.first(backend)
    let other = try Device(device.info.id)
    let a = try Tensor([1] as [Float], shape: [1, 1], on: device)
    let error = try #require(throws: TesseraError.self) { try other.gemm(a, a) }
    #expect(error.code == .invalidArgument && error.message.hasPrefix("a:"))
  }
}
