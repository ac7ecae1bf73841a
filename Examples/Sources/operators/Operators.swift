import Tessera
import TesseraIO

/// Matrix products and neighborhood attention from Swift, with tensors from arrays and files.
@main struct Operators {
  static func main() async throws {
    let device = try Device.best()
    print("running on \(device)")

    // Tensors from arrays. Work is recorded and runs while the program goes on.
    let a = try Tensor((0..<6).map(Float.init), shape: [2, 3], on: device)
    let b = try Tensor((0..<12).map { Float($0) - 6 }, shape: [3, 4], on: device)
    let bias = try Tensor([1, 2, 3, 4] as [Float], shape: [4], on: device)
    let c = try device.gemm(a, b, epilogue: .init(bias: bias, activation: .relu))
    print("relu(a·b + bias) =", try await c.read())

    // A file in, a file out.
    let path = CommandLine.arguments.dropFirst().first ?? "example.safetensors"
    try Safetensors.write([("a", try a.host()), ("c", try c.host())], to: path)
    let file = try SafetensorsFile(path: path)
    let again = try Tensor(try file.tensor(named: "a"), on: device)
    print("read back \(again.dtype)\(again.shape) from \(path)")

    // Neighborhood attention over a 16 × 16 grid of tokens, 2 heads of 8, in half precision.
    let shape: Shape = [1, 16, 16, 2, 8]
    let values = (0..<shape.elementCount).map { Float($0 % 17) / 17 - 0.5 }
    let q = try Tensor(values, shape: shape, dtype: .f16, on: device)
    let event = try device.run("attention") { _ in
      _ = try device.neighborhoodAttention(q, q, q, window: [7, 7])
    }
    let o = try device.neighborhoodAttention(q, q, q, window: [7, 7], dilation: [2, 2])
    print("attention gives \(o.dtype)\(o.shape), first value \(try o.floats()[0])")
    if let seconds = try event.deviceSeconds() { print("device time \(seconds * 1e6) µs") }
  }
}
