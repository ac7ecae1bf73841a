import Tessera
import Testing

/// The Swift blocks of the articles in `Tessera.docc`, word for word: a test of the command line compares
/// them, so that what the articles show compiles and runs.
@Suite("Blocks of the articles") struct ArticleTests {
  @Test func `getting started`() throws {
    let device = try Device.best()
    let a = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2], on: device)
    let b = try Tensor([5, 6, 7, 8] as [Float], shape: [2, 2], on: device)
    let c = try device.gemm(a, b)
    let values = try c.floats()
    #expect(values == [19, 22, 43, 50])
  }

  @Test func `choosing a device`() throws {
    for description in Device.list() {
      print(description.id, description.name, description.kind, description.computeUnits)
    }
    let device = try Device("cpu")
    #expect(device.info.id == "cpu")
  }

  @Test func `matrix products`() throws {
    let device = try Devices.first(.cpu)
    let weights = try Tensor(zeros: [4, 3], dtype: .f16, on: device)
    let x = try Tensor(zeros: [8, 4], dtype: .f16, on: device)
    let bias = try Tensor(zeros: [3], dtype: .f16, on: device)
    let y = try device.gemm(
      x, weights, epilogue: GEMMEpilogue(bias: bias, activation: .gelu), output: .f32)
    #expect(y.shape == [8, 3] && y.dtype == .f32)
  }

  @Test func `dense attention`() throws {
    let device = try Devices.first(.cpu)
    let q = try Tensor(zeros: [1, 256, 8, 64], dtype: .f16, on: device)
    let kv = try Tensor(zeros: [1, 256, 2, 64], dtype: .f16, on: device)
    let o = try device.attention(
      q, kv, kv, options: AttentionOptions(causal: true, window: (127, nil)))
    #expect(try o.floats().allSatisfy { $0 == 0 } && o.shape == q.shape)
  }

  @Test func `neighborhood attention`() throws {
    let device = try Devices.first(.cpu)
    let grid = try Tensor(zeros: [1, 16, 16, 2, 32], dtype: .f16, on: device)
    let o = try device.neighborhoodAttention(grid, grid, grid, window: [7, 7], dilation: [2, 2])
    #expect(try o.floats().allSatisfy { $0 == 0 } && o.shape == grid.shape)
  }

  @Test func `sparse attention`() throws {
    let device = try Devices.first(.cpu)
    let q = try Tensor(zeros: [1, 256, 4, 32], dtype: .f32, on: device)
    let kv = try Tensor(zeros: [1, 256, 2, 32], dtype: .f32, on: device)
    let entries: [Int32] = [0, -1, 0, 1, 0, 2, 0, 3, 0, -1, 0, 1, 1, 2, 2, 3]
    let lists = BlockList(
      indices: try Tensor(entries, shape: [1, 2, 4, 2], on: device), queryBlock: 64, keyBlock: 64)
    let o = try device.blockListAttention(
      q, kv, kv, lists: lists, options: BlockListOptions(causal: true))
    #expect(try o.floats().allSatisfy { $0 == 0 } && o.shape == q.shape)
  }

  @Test func `decoding`() throws {
    let device = try Devices.first(.cpu)
    let q = try Tensor(zeros: [2, 1, 4, 32], dtype: .f16, on: device)
    let pages = try Tensor(zeros: [8, 16, 2, 32], dtype: .f16, on: device)
    let table = try Tensor((0..<8).map(Int32.init), shape: [2, 4], on: device)
    let lengths = try Tensor([64, 40] as [Int32], shape: [2], on: device)
    let cache = PagedCache(keys: pages, values: pages, blockTable: table, lengths: lengths)
    let o = try device.pagedAttention(q, cache)
    let quarter = try device.quantize(pages, .perToken(.int4))
    let small = PagedCache(.codes(quarter), .codes(quarter), blockTable: table, lengths: lengths)
    let near = try device.pagedAttention(q, small)
    #expect(try o.floats().allSatisfy { $0 == 0 } && o.shape == q.shape)
    #expect(try near.floats().allSatisfy { $0 == 0 })
  }

  @Test func `writing your own kernel`() throws {
    let device = try Devices.first(.openCL)
    let x = try Tensor((0..<1024).map(Float.init), shape: [1024], on: device)
    let y = try Tensor(uninitialized: [1024], dtype: .f32, on: device)
    let interface = KernelInterface(
      buffers: [.init("x", .f32, .read), .init("y", .f32, .write)],
      constants: [.init("factor", .float)], workgroup: [64])
    let source = """
      kernel void scale(global const float *x, global float *y, float factor) {
        y[get_global_id(0)] = factor * x[get_global_id(0)];
      }
      """
    let scale = try device.kernel(openCL: source, entry: "scale", interface: interface)
    let event = try device.run("scale") { commands in
      try commands.dispatch(scale, groups: [16], buffers: [x, y], constants: [.float(2)])
    }
    #expect(try y.floats() == (0..<1024).map { 2 * Float($0) })
    _ = try event.deviceSeconds()
  }
}
