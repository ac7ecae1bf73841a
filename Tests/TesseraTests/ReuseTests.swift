import Tessera
import Testing

@Suite("Memory reuse") struct ReuseTests {
  /// Memory of a dropped tensor may be handed out while kernels still write it. What the host then
  /// writes must come after them.
  @Test(arguments: Devices.backends)
  func `uploads into reused memory wait for the work that still uses it`(backend: BackendKind) throws {
    let device = try Devices.own(backend)
    let size = 192
    let a = try Tensor(
      [Float](repeating: 1, count: size * size), shape: try Shape([size, size]), on: device)
    for round in 0..<20 {
      // Dropped at once: the product is still being computed when its memory is free again.
      for _ in 0..<4 { _ = try device.gemm(a, a) }
      try device.flush()
      let values = (0..<(size * size)).map { Float($0 % 1000 + round) }
      let uploaded = try Tensor(values, shape: a.shape, on: device)
      try device.synchronize()
      #expect(try uploaded.floats() == values, "round \(round)")
    }
  }
}
